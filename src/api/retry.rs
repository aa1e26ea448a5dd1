//! How long the vendor asks us to wait: by the `Retry-After` header, else by the body's `retryAfter`.

use chrono::TimeDelta;

use crate::domain::retry_after;
use crate::domain::time::Timestamp;

use super::normalise::timestamp;
use super::wire::Value;

/// A wrong clock or a mistake of the vendor must not stop the checks for a day.
const MAX_RETRY_AFTER: TimeDelta = TimeDelta::hours(1);

/// How long to wait from `now`; `None` if neither names a time in the future.
pub(super) fn wait(header: Option<&str>, body: &Value, now: Timestamp) -> Option<TimeDelta> {
    header
        .and_then(|header| retry_after::wait(header, now))
        .or_else(|| retry_after::until(timestamp(body)?, now))
        .map(|wait| wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::api::wire::parse;

    fn value(json: &serde_json::Value) -> Value {
        parse(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn body_is_used_when_the_header_is_absent_or_unreadable() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let body = value(&json!("2026-11-23T07:15:20.000Z"));
        assert_eq!(wait(None, &body, now), Some(TimeDelta::seconds(20)));
        assert_eq!(wait(Some("soon"), &body, now), Some(TimeDelta::seconds(20)));
        assert_eq!(wait(Some("5"), &body, now), Some(TimeDelta::seconds(5)));
        assert_eq!(wait(Some("86400"), &body, now), Some(MAX_RETRY_AFTER));
        assert_eq!(wait(None, &value(&json!("2026-11-23T07:14:59Z")), now), None);
        assert_eq!(wait(None, &value(&json!(20)), now), None);
        assert_eq!(wait(None, &value(&json!(true)), now), None);
    }

    proptest! {
        #[test]
        fn any_wait_is_positive_and_within_the_limit(
            header in prop_oneof![
                ".{0,40}",
                "[0-9]{0,400}",
                "(Mon|Sunday), [0-9]{1,6}[- ](Jan|Feb)[- ][-+0-9]{1,8} [0-9]{2}:[0-9]{2}:[0-9]{2} (GMT|[-+][0-9]{4})",
            ],
            body in any::<Option<f64>>(),
            now in -400_000_000_000_i64..400_000_000_000,
        ) {
            let now = chrono::DateTime::from_timestamp(now, 0).unwrap();
            let body = value(&body.map_or_else(|| json!(header), |body| json!(body)));
            for header in [Some(header.as_str()), None] {
                if let Some(wait) = wait(header, &body, now) {
                    prop_assert!(wait > TimeDelta::zero() && wait <= MAX_RETRY_AFTER, "{wait}");
                }
            }
        }
    }
}
