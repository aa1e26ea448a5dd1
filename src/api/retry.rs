//! How long the vendor asks us to wait: the header in both its forms (RFC 9110, 10.2.3), else the body's word.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::domain::time::Timestamp;

use super::normalise::moment;
use super::wire::Scalar;

/// Longer than this we do not wait: a wrong clock or a slip on their side must not blind us for a day.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// How long to wait from `now`: as `header` says, else as the body's `retryAfter` says; capped at an hour. What lies
/// in the past or cannot be read counts as not said.
pub(super) fn wait(header: Option<&str>, body: &Scalar, now: Timestamp) -> Option<TimeDelta> {
    header
        .and_then(|text| seconds(text.trim()).or_else(|| Some(http_date(text.trim())? - now)))
        .or_else(|| Some(moment(body)? - now))
        .filter(|wait| *wait >= TimeDelta::zero())
        .map(|wait| wait.min(LONGEST_WAIT))
}

fn seconds(text: &str) -> Option<TimeDelta> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| TimeDelta::try_seconds(text.parse().ok()?)).flatten()
}

/// The three forms of a date that RFC 9110, 5.6.7 wants understood.
fn http_date(text: &str) -> Option<Timestamp> {
    let obsolete = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    DateTime::parse_from_rfc2822(text).map(|moment| moment.to_utc()).ok().or_else(|| {
        let moment = obsolete.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
        Some(DateTime::<Utc>::from_naive_utc_and_offset(moment, Utc))
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::api::wire::Value;

    #[test]
    fn a_wait_is_read_in_every_form_and_never_longer_than_an_hour() {
        let now = Utc.with_ymd_and_hms(1994, 11, 6, 8, 49, 7).unwrap();
        for (header, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("3601", Some(3_600)),
            ("99999999999", Some(3_600)),
            ("99999999999999999999999", None),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30)),
            ("Sun Nov  6 08:49:37 1994", Some(30)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", None),
            ("Sat, 06 Nov 2094 08:49:37 GMT", Some(3_600)),
        ] {
            assert_eq!(wait(Some(header), &Value::Null, now), seconds.map(TimeDelta::seconds), "{header:?}");
        }
    }

    #[test]
    fn the_body_is_asked_where_the_header_says_nothing_readable() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let body = Value::Text("2026-11-23T07:15:20.000Z".to_owned());
        assert_eq!(wait(None, &body, now), Some(TimeDelta::seconds(20)));
        assert_eq!(wait(Some("soon"), &body, now), Some(TimeDelta::seconds(20)));
        assert_eq!(wait(Some("5"), &body, now), Some(TimeDelta::seconds(5)));
        assert_eq!(wait(None, &Value::Text("2026-11-23T07:14:59Z".to_owned()), now), None);
        assert_eq!(wait(None, &Value::Integer(20), now), None);
        assert_eq!(wait(None, &Value::Flag(true), now), None);
    }
}
