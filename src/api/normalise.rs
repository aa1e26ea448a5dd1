//! From the vendor's JSON to the configuration that is kept.
//!
//! Promises: pure; what cannot be a sane value is absent, never an error and never a guess; nothing that looks like a
//! secret gets through a member that is kept. Leaves everything that compares configurations to `domain`.

use chrono::DateTime;

use crate::domain::configuration::Configuration;
use crate::domain::text::MAX_QUOTED;
use crate::domain::time::Timestamp;

use super::date_time;
use super::redact::{Redactor, is_printable};
use super::wire::{Record, Scalar, Value};

/// 2001-09-09T01:46:40Z: an earlier end is a unit mixed up or a default, not a token.
const EARLIEST: i64 = 1_000_000_000;
/// 2100-01-01T00:00:00Z: no token lives that long.
const TOO_LATE: i64 = 4_102_444_800;
/// A number of seconds above this is a number of milliseconds.
const MOST_SECONDS: i64 = 100_000_000_000;
/// The longest text that is read as a moment.
const LONGEST_MOMENT: usize = 100;
/// More concurrent jobs than any plan has.
const MOST_JOBS: i64 = 1_000_000;
/// The most capabilities kept of one account: the first in alphabetical order.
const MOST_CAPABILITIES: usize = 64;
/// The longest host name (RFC 1035).
const LONGEST_HOST: usize = 255;
/// The longest user id.
const LONGEST_USER_ID: usize = 128;

/// The allow-listed part of `record`.
pub(super) fn configuration(record: Record, redactor: &Redactor) -> Configuration {
    let mut capabilities = record.capabilities;
    capabilities.retain(|name, _| !redactor.finds_secret(name));
    while capabilities.len() > MOST_CAPABILITIES {
        capabilities.pop_last();
    }
    let (exp_expire, exp_expire_unreadable) = expiry(&record.jwt.exp_expire, redactor);
    let (exp, exp_unreadable) = expiry(&record.jwt.exp, redactor);
    Configuration {
        host: name(&record.jwt.host, LONGEST_HOST, redactor),
        user_id: match &record.jwt.user.id {
            Value::Integer(id) => Some(id.to_string()),
            other => name(other, LONGEST_USER_ID, redactor),
        },
        max_jobs: count(&record.max_jobs),
        capabilities,
        exp_expire,
        exp,
        exp_expire_unreadable,
        exp_unreadable,
    }
}

/// A moment, to the second below: seconds or milliseconds since 1970 as a number or in digits, or a date-time in a notation that
/// `date_time` reads. Absent when it is anything else, or not between 2001 and 2100.
pub(super) fn moment(value: &Scalar) -> Option<Timestamp> {
    match value {
        Value::Integer(number) => from_epoch(i64::try_from(*number).ok()?),
        Value::Float(number) => from_fractional_epoch(*number),
        Value::Text(text) if text.len() <= LONGEST_MOMENT => {
            let text = text.trim();
            match text.parse::<f64>() {
                Ok(number) => from_fractional_epoch(number),
                Err(_) => plausible(date_time::parse(text)?.timestamp()),
            }
        }
        Value::Text(_) | Value::Null | Value::Flag(_) | Value::Array { .. } | Value::Object(_) => None,
    }
}

fn from_fractional_epoch(number: f64) -> Option<Timestamp> {
    // Every millisecond until 2100 is far below 2^53, where whole numbers stop being exact; NaN fails the comparison.
    #[expect(clippy::cast_precision_loss, reason = "the bound is a whole number below 2^53")]
    let sane = (0.0..TOO_LATE as f64 * 1_000.0).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 2^53; the fraction is meant to go")]
    sane.then(|| number.floor() as i64).and_then(from_epoch)
}

fn from_epoch(number: i64) -> Option<Timestamp> {
    plausible(if number > MOST_SECONDS { number / 1_000 } else { number })
}

/// The moment, when it lies between 2001 and 2100.
pub(super) fn plausible(seconds: i64) -> Option<Timestamp> {
    (EARLIEST..TOO_LATE).contains(&seconds).then(|| DateTime::from_timestamp(seconds, 0)).flatten()
}

/// What `value` says of an expiry: when it is, or a quotation of what cannot be read. Neither where there is nothing to read.
fn expiry(value: &Scalar, redactor: &Redactor) -> (Option<Timestamp>, Option<String>) {
    if let Some(at) = moment(value) {
        return (Some(at), None);
    }
    let quoted = match value {
        Value::Null => return (None, None),
        Value::Text(text) if text.trim().is_empty() => return (None, None),
        Value::Text(text) => redactor.quote(text, MAX_QUOTED),
        Value::Integer(number) => redactor.quote(&number.to_string(), MAX_QUOTED),
        Value::Float(number) => redactor.quote(&number.to_string(), MAX_QUOTED),
        Value::Flag(flag) => flag.to_string(),
        Value::Array { .. } | Value::Object(_) => value.kind().to_owned(),
    };
    (None, Some(quoted))
}

fn count(value: &Scalar) -> Option<i64> {
    let number = match value {
        Value::Integer(number) => i64::try_from(*number).ok()?,
        #[expect(clippy::cast_possible_truncation, reason = "a whole number, and `as` saturates")]
        Value::Float(number) if number.fract() == 0.0 => *number as i64,
        Value::Float(_)
        | Value::Null
        | Value::Flag(_)
        | Value::Text(_)
        | Value::Array { .. }
        | Value::Object(_) => return None,
    };
    (0..=MOST_JOBS).contains(&number).then_some(number)
}

/// A short printable text, trimmed; absent when empty or when it could carry a secret.
fn name(value: &Scalar, longest: usize, redactor: &Redactor) -> Option<String> {
    let Value::Text(text) = value else { return None };
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= longest && text.chars().all(is_printable);
    (fits && !redactor.finds_secret(text)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::wire;
    use crate::domain::time::rfc3339;

    const SEED: &str = include_str!("../../tests/fixtures/seed_account.json");

    fn normalised(json: &str) -> Configuration {
        let Ok(Value::Object(record)) = wire::read::<Record>(json.as_bytes()) else {
            panic!("not an object: {json}")
        };
        configuration(record, &Redactor::new("user:1234-abcdefgh"))
    }

    fn ends(exp: &str) -> [Option<String>; 2] {
        let read = normalised(&format!(r#"{{"jwt":{{"exp":{exp},"exp_Expire":{exp}}}}}"#));
        [read.exp.map(rfc3339), read.exp_expire.map(rfc3339)]
    }

    #[test]
    fn the_vendors_example_is_read_as_its_page_says() {
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
    fn an_end_is_read_in_every_form_and_floored_to_the_second() {
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
            assert_eq!(ends(given), [Some(read.to_owned()), Some(read.to_owned())], "{given}");
        }
    }

    #[test]
    fn an_end_that_cannot_be_one_is_absent() {
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
            assert_eq!(ends(given), [None, None], "{given}");
        }
        let long = format!("\"{}1734858598\"", "0".repeat(100));
        assert_eq!(ends(&long), [None, None]);
    }

    #[test]
    fn an_unreadable_end_is_quoted_without_secrets_and_a_missing_one_is_not() {
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
    fn max_jobs_is_a_whole_number_in_reason_or_absent() {
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
    fn a_host_or_user_that_is_no_plain_name_is_absent() {
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
            let read_back = normalised(&format!(r#"{{"jwt":{{"host":{given},"user":{{"id":{given}}}}}}}"#));
            assert_eq!(read_back.host.as_deref(), read, "{given}");
            assert_eq!(read_back.user_id.as_deref(), read, "{given}");
        }
        let user = |id: &str| normalised(&format!(r#"{{"jwt":{{"user":{{"id":{id}}}}}}}"#)).user_id;
        assert_eq!(user("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(user("1.5"), None);
        assert_eq!(user(&format!(r#""{}""#, "7".repeat(129))), None);
    }

    #[test]
    fn members_of_the_wrong_type_are_absent_and_spoil_nothing_else() {
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
    fn of_very_many_capabilities_the_first_by_name_are_kept_in_whatever_order_they_came() {
        let flags: Vec<String> = (100..300).map(|n| format!(r#""supportN{n}":true"#)).collect();
        let forward = normalised(&format!("{{{}}}", flags.join(",")));
        let backward =
            normalised(&format!("{{{}}}", flags.iter().rev().cloned().collect::<Vec<_>>().join(",")));
        assert_eq!(forward.capabilities.len(), MOST_CAPABILITIES);
        assert!(forward.capabilities.contains_key("supportN100"));
        assert_eq!(forward, backward);
    }

    proptest! {
        #[test]
        fn any_text_or_number_is_a_plausible_moment_or_none(
            text in prop_oneof![
                ".{0,70}",
                "[-+]?[0-9]{1,9}-[0-9]{1,3}-[0-9]{1,3}[T ][0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,3}(\\.[0-9]{0,30})?)?(Z|[-+][0-9:]{0,8})?",
                "[-+]?[0-9]{0,64}(\\.[0-9]{0,20})?([eE][-+]?[0-9]{0,8})?",
            ],
            number in any::<f64>(),
            whole in any::<i128>(),
        ) {
            for value in [Value::Text(text), Value::Float(number), Value::Integer(whole)] {
                if let Some(moment) = moment(&value) {
                    prop_assert!((EARLIEST..TOO_LATE).contains(&moment.timestamp()), "{moment}");
                }
            }
        }
    }
}
