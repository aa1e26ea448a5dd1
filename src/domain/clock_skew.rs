//! Clock skew: what counts as a sign that the clock of this machine ran ahead and was set back.
//!
//! A stored moment that was "now" when it was recorded cannot lie in the future of a correct clock. This file alone judges that.
//! What a caller does about it (forget a pause, notify again) is left to the caller.

use chrono::TimeDelta;
use serde::{Serialize as _, Serializer};

use super::lead_times::{CRITICAL_WITHIN, Stage};
use super::severity::Severity;
use super::time::{Timestamp, in_words};

/// A clock that is set back by no more than this needs no action: waiting heals it.
pub const CLOCK_SKEW_TOLERANCE: TimeDelta = TimeDelta::minutes(1);

/// Alerts and notifications are repeated only after a larger step: a small one costs an operator more attention than it saves.
const NOTIFICATION_TOLERANCE: TimeDelta = TimeDelta::hours(2);

/// Whether the clock was set back since `recorded` was now.
pub fn clock_moved_back(recorded: Timestamp, now: Timestamp) -> bool {
    recorded - now > CLOCK_SKEW_TOLERANCE
}

/// Whether a difference between this machine's clock and another one is worth a warning.
pub fn is_skewed(skew: TimeDelta) -> bool {
    skew.abs() > CLOCK_SKEW_TOLERANCE
}

/// `5 min ahead of useapi.net's`, for a sentence about this machine's clock.
pub fn skew_text(skew: TimeDelta) -> String {
    let direction = if skew > TimeDelta::zero() { "ahead of" } else { "behind" };
    format!("{} {direction} useapi.net's", in_words(skew.abs()))
}

/// Writes a skew in whole seconds, or `null`.
pub fn serialize_seconds<S: Serializer>(skew: &Option<TimeDelta>, to: S) -> Result<S::Ok, S::Error> {
    skew.as_ref().map(TimeDelta::num_seconds).serialize(to)
}

/// Whether `recorded`, a moment of an alert or notification, was recorded by a clock that ran ahead.
pub fn was_recorded_ahead(recorded: Timestamp, now: Timestamp) -> bool {
    recorded - now > NOTIFICATION_TOLERANCE
}

/// The latest moment of an alert or notification that [`was_recorded_ahead`] does not reject at `now`.
pub fn latest_credible(now: Timestamp) -> Timestamp {
    now + NOTIFICATION_TOLERANCE
}

/// Whether an alert for this expiry can have this stage and severity only by clock skew: they begin in the future.
pub fn is_implied_by(
    expires_at: Timestamp,
    stage: Option<Stage>,
    severity: Severity,
    now: Timestamp,
) -> bool {
    let critical = (severity == Severity::Critical).then_some(CRITICAL_WITHIN);
    let lead_times = stage.map(Stage::lead_time).into_iter().chain(critical);
    let mut begins = lead_times.filter_map(|lead_time| expires_at.checked_sub_signed(lead_time));
    begins.any(|begins_at| was_recorded_ahead(begins_at, now))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    #[test]
    fn stage_or_severity_that_begins_in_the_future_implies_clock_skew() {
        let expiry = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let lead = |days| Some(Stage::Lead(TimeDelta::days(days)));
        let (warning, critical) = (Severity::Warning, Severity::Critical);
        for (stage, severity, hours_left, is_implied) in [
            (Some(Stage::Expired), critical, 720, true),
            (Some(Stage::Expired), critical, 3, true),
            (Some(Stage::Expired), critical, 2, false),
            (Some(Stage::Expired), critical, -1, false),
            (lead(3), warning, 75, true),
            (lead(3), warning, 74, false),
            (lead(3), critical, 27, true),
            (lead(3), critical, 26, false),
            (lead(20), warning, 48, false),
        ] {
            let now = expiry - TimeDelta::hours(hours_left);
            assert_eq!(
                is_implied_by(expiry, stage, severity, now),
                is_implied,
                "{stage:?} {severity:?} {hours_left} h before"
            );
        }
    }
}
