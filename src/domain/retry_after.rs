//! `Retry-After`: how long somebody asks to be left alone (RFC 9110, 10.2.3), the vendor and receivers alike.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::time::Timestamp;

/// How long to wait from `now`, by a header's text in seconds or as a date. What lies in the past or cannot be read is
/// no wish. How much of a wish is granted, whoever waits decides.
pub fn wait(header: &str, now: Timestamp) -> Option<TimeDelta> {
    let header = header.trim();
    let digits = !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        // More digits than fit are a long time all the same.
        some(header.parse().ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX))
    } else {
        until(http_date(header)?, now)
    }
}

/// How long to wait from `now` until `moment`.
pub fn until(moment: Timestamp, now: Timestamp) -> Option<TimeDelta> {
    some(moment - now)
}

fn some(wish: TimeDelta) -> Option<TimeDelta> {
    (wish > TimeDelta::zero()).then_some(wish)
}

/// The three forms of a date that RFC 9110, 5.6.7 wants understood.
pub fn http_date(text: &str) -> Option<Timestamp> {
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

    #[test]
    fn a_wait_is_read_in_every_form() {
        let now = Utc.with_ymd_and_hms(1994, 11, 6, 8, 49, 7).unwrap();
        for (header, seconds) in [
            ("0", None),
            (" 120 ", Some(120)),
            ("86400", Some(86_400)),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30)),
            ("Sun Nov  6 08:49:37 1994", Some(30)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", None),
            ("Mon, 07 Nov 1994 08:49:07 GMT", Some(86_400)),
        ] {
            assert_eq!(wait(header, now), seconds.map(TimeDelta::seconds), "{header:?}");
        }
        assert_eq!(wait("99999999999999999999999", now), Some(TimeDelta::MAX));
    }
}
