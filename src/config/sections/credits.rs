//! `[credits]`: whether the credits of each account are read, how often, and when they are low.

use chrono::TimeDelta;

use super::super::model::CreditsWatch;
use super::super::table::Table;
use super::super::values::{SECOND, YEAR};
use crate::domain::credits::CreditsPolicy;

const EVERY: TimeDelta = TimeDelta::hours(1);
/// A pace is made of the readings of 7 days.
const LONGEST_EVERY: TimeDelta = TimeDelta::days(7);
/// MiniMax itself is asked, with the account's session.
const OFTEN: TimeDelta = TimeDelta::minutes(10);
const LOW: u64 = 100;
const MOST_LOW: u64 = 1_000_000_000;
const LEAD_TIME: TimeDelta = TimeDelta::days(2);

/// Reads `[credits]`.
pub(super) fn read(mut table: Table<'_>) -> CreditsWatch {
    let watch = table.flag("watch", false);
    let every = table.duration("every", EVERY, SECOND..=LONGEST_EVERY);
    if every < OFTEN {
        table.warning("every", "is shorter than 10m: each reading asks MiniMax itself with the account's session; give at least \"10m\"");
    }
    let policy = CreditsPolicy {
        low: table.number("low", LOW, low),
        lead_time: table.duration("lead_time", LEAD_TIME, TimeDelta::zero()..=YEAR),
    };
    table.finish();
    CreditsWatch { watch, every, policy }
}

fn low(typed: i64) -> Result<u64, String> {
    let credits = u64::try_from(typed).ok().filter(|credits| *credits <= MOST_LOW);
    credits.ok_or_else(|| format!("{typed} is not between 0 and {MOST_LOW}"))
}
