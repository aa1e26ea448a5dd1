//! How long the vendor asks us to wait: by the header, else by the body's word.

use chrono::TimeDelta;

use crate::domain::retry_after;
use crate::domain::time::Timestamp;

use super::normalise::moment;
use super::wire::Scalar;

/// Longer than this we do not wait: a wrong clock or a slip on their side must not blind us for a day.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// How long to wait from `now`: as `header` says, else as the body's `retryAfter` says.
pub(super) fn wait(header: Option<&str>, body: &Scalar, now: Timestamp) -> Option<TimeDelta> {
    header
        .and_then(|header| retry_after::wait(header, now))
        .or_else(|| moment(body).and_then(|moment| retry_after::until(moment, now)))
        .map(|wish| wish.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::api::wire::Value;

    #[test]
    fn the_body_is_asked_where_the_header_says_nothing_readable() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let body = Value::Text("2026-11-23T07:15:20.000Z".to_owned());
        assert_eq!(wait(None, &body, now), Some(TimeDelta::seconds(20)));
        assert_eq!(wait(Some("soon"), &body, now), Some(TimeDelta::seconds(20)));
        assert_eq!(wait(Some("5"), &body, now), Some(TimeDelta::seconds(5)));
        assert_eq!(wait(Some("86400"), &body, now), Some(LONGEST_WAIT));
        assert_eq!(wait(None, &Value::Text("2026-11-23T07:14:59Z".to_owned()), now), None);
        assert_eq!(wait(None, &Value::Integer(20), now), None);
        assert_eq!(wait(None, &Value::Flag(true), now), None);
    }
    proptest! {
        #[test]
        fn any_wish_is_no_wish_or_one_within_the_limit(
            header in prop_oneof![
                ".{0,40}",
                "[0-9]{0,400}",
                "(Mon|Sunday), [0-9]{1,6}[- ](Jan|Feb)[- ][-+0-9]{1,8} [0-9]{2}:[0-9]{2}:[0-9]{2} (GMT|[-+][0-9]{4})",
            ],
            body in any::<Option<f64>>(),
            now in -400_000_000_000_i64..400_000_000_000,
        ) {
            let now = chrono::DateTime::from_timestamp(now, 0).unwrap();
            let body = body.map_or(Value::Text(header.clone()), Value::Float);
            for header in [Some(header.as_str()), None] {
                if let Some(wish) = wait(header, &body, now) {
                    prop_assert!(wish > TimeDelta::zero() && wish <= LONGEST_WAIT, "{wish}");
                }
            }
        }
    }
}
