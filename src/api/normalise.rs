//! From the vendor's JSON to the configuration that is stored.
//!
//! Guarantees: pure. A value that is not plausible is absent, never an error and never a guess. No stored member contains anything
//! that looks like a secret. Leaves comparing configurations to `domain`.

use chrono::DateTime;

use crate::domain::configuration::Configuration;
use crate::domain::text::{MAX_QUOTED, is_invisible};
use crate::domain::time::Timestamp;

use super::date_time;
use super::redact::Redactor;
use super::wire::{Members, Value};

/// 2001-09-09T01:46:40Z in seconds since 1970: an earlier expiry is a wrong unit or a default.
const MIN_SECONDS: i64 = 1_000_000_000;
/// 2100-01-01T00:00:00Z: no token lives until then.
const END_SECONDS: i64 = 4_102_444_800;
/// A larger number of seconds is a number of milliseconds.
const MILLISECONDS_ABOVE: i64 = 100_000_000_000;
const MAX_TIMESTAMP_LENGTH: usize = 100;
/// More concurrent jobs than any plan allows.
const MAX_JOBS: i64 = 1_000_000;
/// Capabilities that are kept of one account: the first in alphabetical order.
const MAX_CAPABILITIES: usize = 64;
/// The longest host name (RFC 1035).
const MAX_HOST_LENGTH: usize = 255;
const MAX_USER_ID_LENGTH: usize = 128;

/// The allow-listed part of `record`.
pub(super) fn configuration(mut record: Members, redactor: &Redactor<'_>) -> Configuration {
    let mut capabilities = record.take_capabilities();
    capabilities.retain(|name, _| !redactor.contains_secret(name));
    if let Some(beyond) = capabilities.keys().nth(MAX_CAPABILITIES).cloned() {
        capabilities.split_off(&beyond);
    }
    let (jwt, user_id) = (&record["jwt"], &record["jwt"]["user"]["id"]);
    let (exp_expire, exp_expire_unreadable) = expiry(&jwt["exp_Expire"], redactor);
    let (exp, exp_unreadable) = expiry(&jwt["exp"], redactor);
    Configuration {
        host: name(&jwt["host"], MAX_HOST_LENGTH, redactor),
        user_id: match user_id {
            Value::Number(id) if !id.is_f64() => Some(id.to_string()),
            other => name(other, MAX_USER_ID_LENGTH, redactor),
        },
        max_jobs: max_jobs(&record["maxJobs"]),
        exp_expire,
        exp,
        exp_expire_unreadable,
        exp_unreadable,
        capabilities,
    }
}

/// The point in time that `value` means, without its fraction of a second: seconds or milliseconds since 1970, as a number or as
/// digits, or a notation that `date_time` reads. `None` unless it lies between 2001 and 2100.
pub(super) fn timestamp(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => {
            number.as_i64().map_or_else(|| from_fractional_epoch(number.as_f64()?), from_epoch)
        }
        Value::String(text) if text.len() <= MAX_TIMESTAMP_LENGTH => {
            let text = text.trim();
            match text.parse::<f64>() {
                Ok(number) => from_fractional_epoch(number),
                Err(_) => plausible(date_time::parse(text)?.timestamp()),
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array { .. } | Value::Object(_) => None,
    }
}

fn from_fractional_epoch(number: f64) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates and makes NaN zero; the fraction is dropped"
    )]
    let whole = number.floor() as i64;
    from_epoch(whole)
}

fn from_epoch(number: i64) -> Option<Timestamp> {
    plausible(if number > MILLISECONDS_ABOVE { number / 1_000 } else { number })
}

/// That many seconds since 1970, if this lies between 2001 and 2100.
pub(super) fn plausible(seconds: i64) -> Option<Timestamp> {
    (MIN_SECONDS..END_SECONDS).contains(&seconds).then(|| DateTime::from_timestamp(seconds, 0)).flatten()
}

/// An expiry, or a quotation of one that cannot be read; neither if there is none.
fn expiry(value: &Value, redactor: &Redactor<'_>) -> (Option<Timestamp>, Option<String>) {
    if let Some(at) = timestamp(value) {
        return (Some(at), None);
    }
    let quoted = match value {
        Value::Null => return (None, None),
        Value::String(text) if text.trim().is_empty() => return (None, None),
        Value::String(text) => redactor.quote(text, MAX_QUOTED),
        Value::Number(number) => redactor.quote(&number.to_string(), MAX_QUOTED),
        Value::Bool(flag) => flag.to_string(),
        Value::Array { .. } | Value::Object(_) => value.kind().to_owned(),
    };
    (None, Some(quoted))
}

fn max_jobs(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "an integer, and `as` saturates")]
    let integer = |number: f64| (number.fract() == 0.0).then_some(number as i64);
    let Value::Number(number) = value else { return None };
    let number = number.as_i64().or_else(|| integer(number.as_f64()?))?;
    (0..=MAX_JOBS).contains(&number).then_some(number)
}

/// A short printable text, trimmed; `None` if it is empty or could contain a secret.
pub(super) fn name(value: &Value, max_length: usize, redactor: &Redactor<'_>) -> Option<String> {
    let Value::String(text) = value else { return None };
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= max_length && !text.chars().any(is_invisible);
    (fits && !redactor.contains_secret(text)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::api::wire::parse;
    use crate::domain::time::rfc3339;

    const SEED: &str = include_str!("../../tests/fixtures/seed_account.json");

    fn object(json: &str) -> Members {
        let Value::Object(members) = parse(json.as_bytes()).unwrap() else { unreachable!("{json}") };
        members
    }

    fn normalised(json: &str) -> Configuration {
        configuration(object(json), &Redactor::new("user:1234-abcdefgh"))
    }

    fn expiries(exp: &str) -> [Option<String>; 2] {
        let read = normalised(&format!(r#"{{"jwt":{{"exp":{exp},"exp_Expire":{exp}}}}}"#));
        [read.exp.map(rfc3339), read.exp_expire.map(rfc3339)]
    }

    #[test]
    fn documented_example_is_read() {
        let read = normalised(SEED);
        assert_eq!(read.host, None);
        assert_eq!(read.user_id.as_deref(), Some("123456"));
        assert_eq!(read.max_jobs, Some(1));
        assert_eq!(read.exp.map(rfc3339).as_deref(), Some("2024-12-22T09:09:58Z"));
        assert_eq!(read.exp_expire.map(rfc3339).as_deref(), Some("2024-12-01T00:00:00Z"));
        let on = |name: &str| (name.to_owned(), true);
        assert_eq!(read.capabilities, ["supportAudio", "supportChat", "supportVideo"].map(on).into());
    }

    #[test]
    fn expiry_is_read_in_every_form_and_rounded_down_to_the_second() {
        for (given, read) in [
            ("1734858598.864", "2024-12-22T09:09:58Z"),
            ("1734858598", "2024-12-22T09:09:58Z"),
            ("1.734858598999e9", "2024-12-22T09:09:58Z"),
            ("1734858598864", "2024-12-22T09:09:58Z"),
            ("1734858598864.9", "2024-12-22T09:09:58Z"),
            (r#""1734858598.864""#, "2024-12-22T09:09:58Z"),
            (r#"" 1734858598864 ""#, "2024-12-22T09:09:58Z"),
            (r#""2024-12-01T00:00:00.999Z""#, "2024-12-01T00:00:00Z"),
            (r#""2024-12-01T00:00:00Z""#, "2024-12-01T00:00:00Z"),
            (r#""2024-12-01T02:00:00+02:00""#, "2024-12-01T00:00:00Z"),
            (r#""2024-12-01T02:00:00.5+0200""#, "2024-12-01T00:00:00Z"),
            (r#""2024-12-01T00:00:00""#, "2024-12-01T00:00:00Z"),
            (r#""2024-12-01T00:00:00.123456""#, "2024-12-01T00:00:00Z"),
            (r#""2024-12-01 00:00:00""#, "2024-12-01T00:00:00Z"),
            (r#""2024-12-01""#, "2024-12-01T00:00:00Z"),
            ("1000000000", "2001-09-09T01:46:40Z"),
            ("4102444799.999", "2099-12-31T23:59:59Z"),
        ] {
            assert_eq!(expiries(given), [Some(read.to_owned()), Some(read.to_owned())], "{given}");
        }
    }

    #[test]
    fn implausible_expiry_is_absent() {
        for given in [
            "null",
            "true",
            "[]",
            "{}",
            "0",
            "-1",
            "-1734858598.5",
            "999999999",
            "999999999.9",
            "4102444800",
            "4102444800000",
            "99999999999",
            "1e300",
            "-1e300",
            "18446744073709551616",
            "18446744073709551615",
            "-9223372036854775808",
            r#""""#,
            r#""NaN""#,
            r#""inf""#,
            r#""-inf""#,
            r#""infinity""#,
            r#""1e400""#,
            r#""soon""#,
            r#""2100-01-01T00:00:00Z""#,
            r#""2001-09-09T01:46:39Z""#,
            r#""0000-00-00T00:00:00Z""#,
            r#""+292278994-08-17T07:12:55Z""#,
            r#""2024-13-01T00:00:00Z""#,
            r#""2024-12-01T25:00:00Z""#,
        ] {
            assert_eq!(expiries(given), [None, None], "{given}");
        }
        let long = format!("\"{}1734858598\"", "0".repeat(100));
        assert_eq!(expiries(&long), [None, None]);
    }

    #[test]
    fn unreadable_expiry_is_quoted_without_secrets_and_a_missing_one_is_not() {
        for (given, quoted) in [
            ("null", None),
            (r#""""#, None),
            (r#""  ""#, None),
            (r#""Invalid Date""#, Some("Invalid Date")),
            (r#""11/12/2026""#, Some("11/12/2026")),
            (r#""a\u0007b""#, Some("a\u{fffd}b")),
            (r#""user:1234-abcdefgh""#, Some("[redacted]")),
            ("-1", Some("-1")),
            ("true", Some("true")),
            ("[]", Some("an array")),
            (r#"{"a":1}"#, Some("an object")),
        ] {
            let read = normalised(&format!(r#"{{"jwt":{{"exp":{given},"exp_Expire":{given}}}}}"#));
            assert_eq!(read.exp_unreadable.as_deref(), quoted, "{given}");
            assert_eq!(read.exp_expire_unreadable.as_deref(), quoted, "{given}");
        }
        let long = normalised(&format!(r#"{{"jwt":{{"exp":"{}"}}}}"#, "so ".repeat(1_000)));
        assert_eq!(long.exp_unreadable.map(|text| text.chars().count()), Some(MAX_QUOTED - 1));
    }

    #[test]
    fn max_jobs_is_a_plausible_integer_or_absent() {
        for (given, read) in [
            ("3", Some(3)),
            ("3.0", Some(3)),
            ("0", Some(0)),
            ("1000000", Some(1_000_000)),
            ("1000001", None),
            ("-1", None),
            ("2.5", None),
            ("1e300", None),
            ("18446744073709551615", None),
            (r#""3""#, None),
            ("true", None),
            ("null", None),
            ("[3]", None),
        ] {
            assert_eq!(normalised(&format!(r#"{{"maxJobs":{given}}}"#)).max_jobs, read, "{given}");
        }
    }

    #[test]
    fn host_or_user_id_that_is_not_a_plain_name_is_absent() {
        let long = format!(r#""{}""#, "h".repeat(256));
        for (given, read) in [
            (r#"" hailuoai.video ""#, Some("hailuoai.video")),
            (r#""""#, None),
            (r#""   ""#, None),
            (r#""a\u0000b""#, None),
            (r#""a\nb""#, None),
            (r#""a\u202eb""#, None),
            (r#""eyJhbGciOiJIUzI1NiJ9.e30.x""#, None),
            (r#""USER:1234-ABCDEFGH""#, None),
            (long.as_str(), None),
            ("null", None),
            ("[]", None),
            ("{}", None),
            ("true", None),
        ] {
            let configuration =
                normalised(&format!(r#"{{"jwt":{{"host":{given},"user":{{"id":{given}}}}}}}"#));
            assert_eq!(configuration.host.as_deref(), read, "{given}");
            assert_eq!(configuration.user_id.as_deref(), read, "{given}");
        }
        let user = |id: &str| normalised(&format!(r#"{{"jwt":{{"user":{{"id":{id}}}}}}}"#)).user_id;
        assert_eq!(user("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(user("1.5"), None);
        assert_eq!(user(&format!(r#""{}""#, "7".repeat(129))), None);
    }

    #[test]
    fn members_of_the_wrong_type_are_absent_and_affect_nothing_else() {
        let read = normalised(
            r#"{"account":7,"jwt":null,"maxJobs":"3","supportVideo":"yes","supportChat":null,"supportAudio":1,
                "supportMusic":false,"supportAgent":true,"supportUrl":"x","other":{"jwt":{"exp":1734858598}}}"#,
        );
        let capabilities = [("supportAgent".to_owned(), true), ("supportMusic".to_owned(), false)].into();
        assert_eq!(read, Configuration { capabilities, ..Configuration::default() });
        for jwt in ["[]", "true", "\"x\"", "1", "{}", r#"{"user":[]}"#] {
            let read = normalised(&format!(r#"{{"jwt":{jwt},"maxJobs":1}}"#));
            assert_eq!(read, Configuration { max_jobs: Some(1), ..Configuration::default() }, "{jwt}");
        }
    }

    #[test]
    fn first_capabilities_by_name_are_kept_in_whatever_order_they_arrive() {
        let flags: Vec<String> = (100..300).map(|n| format!(r#""supportN{n}":true"#)).collect();
        let forward = normalised(&format!("{{{}}}", flags.join(",")));
        let backward =
            normalised(&format!("{{{}}}", flags.iter().rev().cloned().collect::<Vec<_>>().join(",")));
        assert_eq!(forward.capabilities.len(), MAX_CAPABILITIES);
        assert!(forward.capabilities.contains_key("supportN100"));
        assert_eq!(forward, backward);
    }

    proptest! {
        #[test]
        fn any_text_or_number_is_a_plausible_timestamp_or_none(
            text in prop_oneof![
                ".{0,70}",
                "[-+]?[0-9]{1,9}-[0-9]{1,3}-[0-9]{1,3}[T ][0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,3}(\\.[0-9]{0,30})?)?(Z|[-+][0-9:]{0,8})?",
                "[-+]?[0-9]{0,64}(\\.[0-9]{0,20})?([eE][-+]?[0-9]{0,8})?",
            ],
            number in any::<f64>(),
            signed in any::<i64>(),
            unsigned in any::<u64>(),
        ) {
            for value in [json!(text), json!(number), json!(signed), json!(unsigned)] {
                if let Some(at) = timestamp(&parse(value.to_string().as_bytes()).unwrap()) {
                    prop_assert!((MIN_SECONDS..END_SECONDS).contains(&at.timestamp()), "{at}");
                }
            }
        }
    }
}
