//! `[credits]`: whether the credits of each account are read, how often, and when they are low.

use chrono::TimeDelta;

use super::super::model::CreditsWatch;
use super::super::schema::{self, TableSchema};
use super::super::table::Table;
use super::super::values::{SECOND, YEAR};
use crate::domain::credits::CreditsPolicy;

const EVERY: TimeDelta = TimeDelta::hours(1);
/// A pace is made of the readings of 7 days.
const LONGEST_EVERY: TimeDelta = TimeDelta::days(7);
/// MiniMax itself is asked, with the account's session.
const OFTEN: TimeDelta = TimeDelta::minutes(10);
const LOW: u64 = 100;
const MOST_LOW: i64 = 1_000_000_000;
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

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    TableSchema::new("The credits of each account, and whether its session at MiniMax lives.")
        .key(
            "watch",
            "Ask for them (GET /v1/minimax/features). useapi.net then asks MiniMax itself, with the account's session.",
            schema::flag(false),
        )
        .key(
            "every",
            "How often each account is asked; config check warns below 10m.",
            schema::duration(EVERY, &(SECOND..=LONGEST_EVERY)),
        )
        .key("low", "credits_low fires below this number.", schema::number(0..=MOST_LOW).default(LOW))
        .key(
            "lead_time",
            "credits_low fires when the credits are gone within this time at the pace of the last 7 days.",
            schema::duration(LEAD_TIME, &(TimeDelta::zero()..=YEAR)),
        )
}

fn low(typed: i64) -> Result<u64, String> {
    let credits = u64::try_from(typed).ok().filter(|_| typed <= MOST_LOW);
    credits.ok_or_else(|| format!("{typed} is not between 0 and {MOST_LOW}"))
}
