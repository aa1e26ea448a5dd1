//! `[schedule]`, `[expiry]` and `[alerts]`: when accounts are checked, and when alerts fire and repeat.

use chrono::TimeDelta;

use super::super::model::{Alerts, Expiry, ScheduleConfig};
use super::super::table::Table;
use super::super::values::{self, SECOND, YEAR};
use crate::domain::configuration::ExpirySource;
use crate::domain::lead_times::{LeadTimes, TOO_LONG_LEAD};
use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;
use crate::domain::time_zone::TimeZone;

const CRON: &str = "*/15 * * * *";
const LEAD_TIMES: [TimeDelta; 4] =
    [TimeDelta::days(7), TimeDelta::days(3), TimeDelta::days(1), TimeDelta::hours(1)];
const SOURCES: [ExpirySource; 3] = [ExpirySource::ExpExpire, ExpirySource::Exp, ExpirySource::Earliest];

/// Reads `[schedule]`; an expression without a run after `now` is refused.
pub(super) fn schedule(mut table: Table<'_>, now: Timestamp) -> Option<ScheduleConfig> {
    // A refused zone does not hide a refused expression: that one is then read in UTC.
    let zone = table.parsed("timezone", TimeZone::UTC, values::timezone);
    let cron = table.text("cron");
    let schedule = match &cron {
        Some(cron) => cron.parse(|typed| Schedule::parse(typed, zone, now)),
        None => Schedule::parse(CRON, zone, now).ok(),
    };
    let jitter = table.duration("jitter", TimeDelta::zero(), TimeDelta::zero()..=TimeDelta::hours(24));
    table.finish();
    Some(ScheduleConfig { schedule: schedule?, jitter })
}

/// Reads `[expiry]`.
pub(super) fn expiry(mut table: Table<'_>) -> Expiry {
    let lead_times = lead_times(&mut table).unwrap_or_else(|| LeadTimes::new(LEAD_TIMES.to_vec()));
    let source = table.choice("source", ExpirySource::default(), &SOURCES, ExpirySource::as_str);
    table.finish();
    Expiry { lead_times, source }
}

/// The `lead_times` of `table`, when they are given and valid.
pub(super) fn lead_times(table: &mut Table<'_>) -> Option<LeadTimes> {
    let typed = table.durations("lead_times")?;
    if typed.value.is_empty() {
        typed.place.problem("is empty: give at least one, such as \"1d\"");
        return None;
    }
    let parsed = typed.value.iter().map(|lead| lead.parse(|typed| values::duration(typed, &(SECOND..=YEAR))));
    let leads: Vec<TimeDelta> = parsed.flatten().collect();
    if leads.iter().any(|lead| *lead >= TOO_LONG_LEAD) {
        typed.place.warning(
            "holds 27 days or more: tokens live about 30 days and a renewed expiry must lie a tenth beyond a lead time, so \
             such an alert may never resolve; give at most 26d",
        );
    }
    Some(LeadTimes::new(leads))
}

/// Reads `[alerts]`.
pub(super) fn alerts(mut table: Table<'_>) -> Alerts {
    let hour = TimeDelta::hours(1);
    let alerts = Alerts {
        confirm_after: table.duration("confirm_after", TimeDelta::seconds(10), TimeDelta::zero()..=hour),
        unreachable_after: table.duration("unreachable_after", hour, SECOND..=YEAR),
        repeat_every: table.parsed("repeat_every", Some(TimeDelta::hours(24)), repeat_every),
    };
    table.finish();
    alerts
}

fn repeat_every(typed: &str) -> Result<Option<TimeDelta>, String> {
    let length = values::duration(typed, &(TimeDelta::zero()..=YEAR))?;
    if length.is_zero() {
        return Ok(None);
    }
    let length = values::duration(typed, &(TimeDelta::minutes(1)..=YEAR));
    length.map(Some).map_err(|reason| format!("{reason} (\"0s\": never)"))
}
