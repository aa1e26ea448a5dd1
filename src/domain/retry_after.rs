//! `Retry-After` (RFC 9110, 10.2.3): how long the vendor or a receiver asks to wait.
//!
//! How much of the requested pause is granted is left to the caller.

use chrono::{DateTime, TimeDelta};

use super::time::Timestamp;

/// How long to wait from `now`. A header in seconds or as a date is read; one that cannot be read, or lies in the past, asks for
/// no pause.
pub fn wait(header: &str, now: Timestamp) -> Option<TimeDelta> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long time all the same.
        let seconds = header.parse().ok().and_then(TimeDelta::try_seconds);
        Some(seconds.unwrap_or(TimeDelta::MAX)).filter(|wait| *wait > TimeDelta::zero())
    } else {
        until(http_date(header)?, now)
    }
}

/// How long to wait from `now` until `moment`; none if it has passed.
pub fn until(moment: Timestamp, now: Timestamp) -> Option<TimeDelta> {
    Some(moment - now).filter(|wait| *wait > TimeDelta::zero())
}

/// Reads a date in one of the three forms of RFC 9110, 5.6.7.
pub fn http_date(text: &str) -> Option<Timestamp> {
    httpdate::parse_http_date(text).ok().map(DateTime::from)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::tests::mutated_text;

    #[test]
    fn pause_is_read_in_every_form() {
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

    #[test]
    fn header_of_a_mebibyte_is_read_in_linear_time() {
        let now = Utc.with_ymd_and_hms(1994, 11, 6, 8, 49, 7).unwrap();
        for piece in ["9", " ", "Sun, ", "(", "-", ":", "06 ", "\u{202e}"] {
            let header = piece.repeat((1 << 20) / piece.len());
            assert_eq!(wait(&header, now).is_some(), piece == "9", "{piece}");
            assert!(
                wait(&format!("Sun, 06 Nov 1994 08:49:37 {header}"), now)
                    .is_none_or(|wait| wait > TimeDelta::zero())
            );
        }
    }

    proptest! {
        #[test]
        fn any_header_is_a_positive_pause_or_none_and_white_space_around_it_is_ignored(
            any in any::<String>(),
            date in prop::sample::select(vec![
                "Sun, 06 Nov 2094 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 2094", "120",
            ]).prop_flat_map(mutated_text),
            seconds in -8_000_000_000_000_i64..8_000_000_000_000,
        ) {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            for header in [any, date] {
                let read = wait(&header, now);
                prop_assert!(read.is_none_or(|wait| wait > TimeDelta::zero()), "{}", header);
                prop_assert_eq!(wait(&format!("\t{header} "), now), read, "{}", header);
            }
        }

        #[test]
        fn seconds_are_read_as_a_pause_and_a_date_as_the_time_until_it(seconds in 1_i64..4_000_000_000) {
            let now = Utc.with_ymd_and_hms(1994, 11, 6, 8, 49, 7).unwrap();
            let date = (now + TimeDelta::seconds(seconds)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            for header in [seconds.to_string(), format!("000{seconds}"), date] {
                prop_assert_eq!(wait(&header, now), Some(TimeDelta::seconds(seconds)), "{}", header);
            }
        }
    }
}
