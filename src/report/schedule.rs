//! The next runs, as `schedule --json` gives them.

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Timetable;
use crate::domain::time::{Timestamp, seconds};

/// The next runs, the first to come first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScheduleReport {
    /// When it was drawn.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// `[schedule].cron`, as typed.
    pub cron: String,
    /// The zone in which it is read.
    pub timezone: String,
    /// Each run begins up to so many seconds later.
    pub jitter_seconds: i64,
    /// The runs.
    pub runs: Vec<RunTime>,
}

/// When a run begins.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunTime {
    /// In UTC.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub at: Timestamp,
    /// The same moment by the clocks of the zone.
    pub local: DateTime<FixedOffset>,
    /// What those clocks call their time, as `CET`.
    pub zone: String,
}

impl ScheduleReport {
    /// The next `count` runs.
    pub fn of(timetable: &Timetable, count: usize, now: Timestamp) -> Self {
        let (schedule, zone) = (&timetable.schedule, timetable.schedule.zone());
        let moments = std::iter::successors(schedule.next_after(now), |at| schedule.next_after(*at));
        let run = |at: Timestamp| {
            let local = at.with_timezone(&zone);
            RunTime { at, local: local.fixed_offset(), zone: local.format("%Z").to_string() }
        };
        Self {
            generated_at: now,
            cron: schedule.expression().to_owned(),
            timezone: zone.to_string(),
            jitter_seconds: timetable.jitter.num_seconds(),
            runs: moments.take(count).map(run).collect(),
        }
    }
}
