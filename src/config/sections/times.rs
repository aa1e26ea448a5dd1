//! `[schedule]`, `[expiry]` and `[alerts]`: when accounts are checked, and when alerts fire and repeat.

use chrono::TimeDelta;

use super::super::model::{Alerts, Expiry, ScheduleConfig};
use super::super::schema::{self, Schema, TableSchema};
use super::super::table::Table;
use super::super::values::{self, SECOND, YEAR};
use crate::domain::configuration::ExpirySource;
use crate::domain::duration;
use crate::domain::lead_times::{LeadTimes, TOO_LONG_LEAD};
use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;
use crate::domain::time_zone::TimeZone;

const CRON: &str = "*/15 * * * *";
const LEAD_TIMES: [TimeDelta; 4] =
    [TimeDelta::days(7), TimeDelta::days(3), TimeDelta::days(1), TimeDelta::hours(1)];
const SOURCES: [ExpirySource; 3] = [ExpirySource::ExpExpire, ExpirySource::Exp, ExpirySource::Earliest];

const LONGEST_JITTER: TimeDelta = TimeDelta::hours(24);
const CONFIRM_AFTER: TimeDelta = TimeDelta::seconds(10);
const LONGEST_CONFIRMATION: TimeDelta = TimeDelta::hours(1);
const UNREACHABLE_AFTER: TimeDelta = TimeDelta::hours(1);
const REPEAT_EVERY: TimeDelta = TimeDelta::hours(24);

/// Reads `[schedule]`; an expression without a run after `now` is refused.
pub(super) fn schedule(mut table: Table<'_>, now: Timestamp) -> Option<ScheduleConfig> {
    // A refused zone does not hide a refused expression: that one is then read in UTC.
    let zone = table.parsed("timezone", TimeZone::UTC, values::timezone);
    let cron = table.text("cron");
    let schedule = match &cron {
        Some(cron) => cron.parse(|typed| Schedule::parse(typed, zone, now)),
        None => Schedule::parse(CRON, zone, now).ok(),
    };
    let jitter = table.duration("jitter", TimeDelta::zero(), TimeDelta::zero()..=LONGEST_JITTER);
    table.finish();
    Some(ScheduleConfig { schedule: schedule?, jitter })
}

/// The keys that [`schedule`] reads.
pub(super) fn schedule_schema() -> TableSchema {
    TableSchema::new("When useapi.net is asked.")
        .key(
            "cron",
            "crontab(5): minute, hour, day, month, weekday; with six fields the first is seconds; also @hourly, @daily, @weekly, \
             @monthly and @yearly.",
            schema::cron().default(CRON),
        )
        .key("timezone", "The IANA zone that cron is read in.", schema::time_zone())
        .key(
            "jitter",
            "Each run starts up to this much later, so that several watchers do not ask in the same second.",
            schema::duration(TimeDelta::zero(), &(TimeDelta::zero()..=LONGEST_JITTER)),
        )
}

/// Reads `[expiry]`.
pub(super) fn expiry(mut table: Table<'_>) -> Expiry {
    let lead_times = lead_times(&mut table).unwrap_or_else(|| LeadTimes::new(LEAD_TIMES.to_vec()));
    let source = table.choice("source", ExpirySource::default(), &SOURCES, ExpirySource::as_str);
    table.finish();
    Expiry { lead_times, source }
}

/// The keys that [`expiry`] reads.
pub(super) fn expiry_schema() -> TableSchema {
    TableSchema::new("How long before a token expires you are warned.")
        .key(
            "lead_times",
            "One message at each of these distances, and one at the expiry itself. Tokens live about 30 days: give at most 26d.",
            lead_times_schema().default(LEAD_TIMES.map(duration::text).to_vec()),
        )
        .key(
            "source",
            "The vendor gives the expiry twice. This says which one counts; earliest: the earlier of both.",
            schema::choice(SOURCES.map(ExpirySource::as_str)).default(ExpirySource::default().as_str()),
        )
}

/// Lead times of an account, or of all.
pub(super) fn lead_times_schema() -> Schema {
    schema::list(schema::any_duration(&(SECOND..=YEAR)))
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
    let alerts = Alerts {
        confirm_after: table.duration(
            "confirm_after",
            CONFIRM_AFTER,
            TimeDelta::zero()..=LONGEST_CONFIRMATION,
        ),
        unreachable_after: table.duration("unreachable_after", UNREACHABLE_AFTER, SECOND..=YEAR),
        repeat_every: table.parsed("repeat_every", Some(REPEAT_EVERY), repeat_every),
    };
    table.finish();
    alerts
}

/// The keys that [`alerts`] reads.
pub(super) fn alerts_schema() -> TableSchema {
    TableSchema::new("Confirmation and reminders.")
        .key(
            "confirm_after",
            "A first 401, 402, 404, 596 or unreadable answer is checked again after this; 0s: believed at once.",
            schema::duration(CONFIRM_AFTER, &(TimeDelta::zero()..=LONGEST_CONFIRMATION)),
        )
        .key(
            "unreachable_after",
            "An account without a conclusive check for this long is unreachable.",
            schema::duration(UNREACHABLE_AFTER, &(SECOND..=YEAR)),
        )
        .key(
            "repeat_every",
            "How often a reminder of an alert that still fires is sent; 0s: never, else at least 1m.",
            schema::duration(REPEAT_EVERY, &(TimeDelta::zero()..=YEAR)),
        )
}

fn repeat_every(typed: &str) -> Result<Option<TimeDelta>, String> {
    let length = values::duration(typed, &(TimeDelta::zero()..=YEAR))?;
    if length.is_zero() {
        return Ok(None);
    }
    let length = values::duration(typed, &(TimeDelta::minutes(1)..=YEAR));
    length.map(Some).map_err(|reason| format!("{reason} (\"0s\": never)"))
}
