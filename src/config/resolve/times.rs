//! `[schedule]`, `[expiry]` and `[alerts]`: when something is asked, believed and told.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::super::model::{Alerts, Expiry, Timetable};
use super::super::reader::Table;
use super::bounds::{self, SECOND, YEAR};
use crate::domain::configuration::EndSource;
use crate::domain::expiry::{Ladder, TOO_LONG_LEAD};
use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;

const CRON: &str = "*/15 * * * *";
const LEAD_TIMES: [TimeDelta; 4] =
    [TimeDelta::days(7), TimeDelta::days(3), TimeDelta::days(1), TimeDelta::hours(1)];

/// The words of `[expiry].source`.
const SOURCES: [(&str, EndSource); 3] =
    [("exp_Expire", EndSource::ExpExpire), ("exp", EndSource::Exp), ("earliest", EndSource::Earliest)];

/// Reads `[schedule]`; an expression without a run after `now` is refused.
pub(super) fn schedule(mut table: Table<'_>, now: Timestamp) -> Option<Timetable> {
    let typed_zone = table.has("timezone");
    let zone = table.text("timezone").and_then(|field| field.read(|typed| zone(&typed)));
    let zone = bounds::or(typed_zone, zone, Tz::UTC);
    // A bad zone must not hide a bad expression.
    let in_zone = zone.unwrap_or(Tz::UTC);
    let schedule = if table.has("cron") {
        table.text("cron").and_then(|field| field.read(|typed| Schedule::parse(&typed, in_zone, now)))
    } else {
        Schedule::parse(CRON, in_zone, now).map_err(|error| table.problem("cron", error.to_string())).ok()
    };
    let within = (TimeDelta::zero(), TimeDelta::hours(24));
    let jitter = bounds::length_or(&mut table, "jitter", TimeDelta::zero(), within);
    table.finish();
    zone?;
    Some(Timetable { schedule: schedule?, jitter: jitter? })
}

fn zone(typed: &str) -> Result<Tz, String> {
    typed.parse().map_err(|_| format!("`{typed}` is not an IANA time zone such as `Europe/Berlin`"))
}

/// Reads `[expiry]`.
pub(super) fn expiry(mut table: Table<'_>) -> Option<Expiry> {
    let typed = table.has("lead_times");
    let ladder = bounds::or(typed, ladder(&mut table), Ladder::new(LEAD_TIMES.to_vec()));
    let source = bounds::word_or(&mut table, "source", EndSource::default(), &SOURCES);
    table.finish();
    Some(Expiry { ladder: ladder?, source: source? })
}

/// The `lead_times` of `table`, when they are there.
pub(super) fn ladder(table: &mut Table<'_>) -> Option<Ladder> {
    let leads = table.texts("lead_times")?;
    if leads.value.is_empty() {
        leads.place.problem("is empty: give at least one, such as `1d`");
        return None;
    }
    let list = leads.place;
    let leads = leads.value.into_iter().map(|lead| lead.read(|typed| bounds::length(&typed, (SECOND, YEAR))));
    let leads = leads.inspect(|lead| {
        if lead.is_some_and(|lead| lead >= TOO_LONG_LEAD) {
            list.warning(
                "holds 27 days or more: tokens live about 30 days and a renewed expiry must lie a tenth beyond a lead time, so \
                 such an alert may never resolve; give at most 26d",
            );
        }
    });
    leads.collect::<Vec<_>>().into_iter().collect::<Option<_>>().map(Ladder::new)
}

/// Reads `[alerts]`.
pub(super) fn alerts(mut table: Table<'_>) -> Option<Alerts> {
    let hour = TimeDelta::hours(1);
    let confirm =
        bounds::length_or(&mut table, "confirm_after", TimeDelta::seconds(10), (TimeDelta::zero(), hour));
    let unreachable = bounds::length_or(&mut table, "unreachable_after", hour, (SECOND, YEAR));
    let repeat = if table.has("repeat_every") {
        table.text("repeat_every").and_then(|field| field.read(|typed| repeat(&typed)))
    } else {
        Some(Some(TimeDelta::hours(24)))
    };
    table.finish();
    Some(Alerts { confirm_after: confirm?, unreachable_after: unreachable?, repeat_every: repeat? })
}

fn repeat(typed: &str) -> Result<Option<TimeDelta>, String> {
    let length = bounds::length(typed, (TimeDelta::zero(), YEAR))?;
    if length.is_zero() {
        return Ok(None);
    }
    bounds::length(typed, (TimeDelta::minutes(1), YEAR))
        .map(Some)
        .map_err(|reason| format!("{reason} (`0s`: never)"))
}
