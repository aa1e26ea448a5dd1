//! The next runs, as `schedule --json` prints them.

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::ScheduleConfig;
use crate::domain::time::{Timestamp, seconds};

/// The next runs, the nearest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScheduleReport {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// `[schedule].cron`, as typed.
    pub cron: String,
    /// The time zone in which the schedule is evaluated.
    pub timezone: String,
    /// Each run starts up to this many seconds later.
    pub jitter_seconds: i64,
    /// The runs.
    pub runs: Vec<RunTime>,
}

/// When a run starts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunTime {
    /// In UTC.
    #[serde(serialize_with = "seconds::serialize")]
    pub at: Timestamp,
    /// The same moment in the schedule's time zone.
    pub local: DateTime<FixedOffset>,
    /// The abbreviation of that zone then, such as `CET`.
    pub zone: String,
}

impl ScheduleReport {
    /// The next `count` runs.
    pub fn new(config: &ScheduleConfig, count: usize, now: Timestamp) -> Self {
        let (schedule, zone) = (&config.schedule, config.schedule.zone());
        let moments = std::iter::successors(schedule.next_after(now), |at| schedule.next_after(*at));
        let run = |at: Timestamp| {
            let (local, abbreviation) = zone.local(at)?;
            Some(RunTime { at, local, zone: abbreviation })
        };
        Self {
            generated_at: now,
            cron: schedule.expression().to_owned(),
            timezone: zone.to_string(),
            jitter_seconds: config.jitter.num_seconds(),
            runs: moments.take(count).map_while(run).collect(),
        }
    }
}
