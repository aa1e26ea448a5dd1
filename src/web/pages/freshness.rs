//! When the accounts were last checked, and from when on the open page must not be trusted any more.
//!
//! A page without scripts cannot ask again. It says itself that it is old: an animation of the style sheet, begun when the page is loaded,
//! shows the sentence when the next run would be overdue.

use chrono::TimeDelta;
use serde::Serialize;

use crate::config::Config;
use crate::domain::overdue::{Overdue, overdue};
use crate::domain::time::{Timestamp, dated, minute, rfc3339};
use crate::report::Report;
use crate::store::RunRecord;

/// The delays that the style sheet knows, in minutes; `late-after-30` for 30.
const DELAYS: [i64; 28] = [
    1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180, 240, 300, 360, 480, 720, 1_080, 1_440, 2_160,
    2_880, 4_320, 5_760, 11_520, 20_160, 30_240,
];

/// When the accounts were last checked.
#[derive(Serialize)]
pub(super) struct Freshness {
    /// `Last checked 2026-11-23 07:15 UTC (3 min ago).`
    text: String,
    /// The same for machines; none before the first run.
    at: Option<String>,
    /// Whether no run happened when one was due.
    is_overdue: bool,
    /// The class that shows the sentence about an old page, if it is not shown at once.
    late_class: Option<String>,
}

impl Freshness {
    pub(super) fn new(report: &Report, config: &Config) -> Self {
        let now = report.generated_at;
        let last = report.last_finished_at;
        let text = match (report.overdue, last) {
            (Some(Overdue::ClockSetBack(last)), _) => format!(
                "Last checked {}, which is in the future: the clock was set back, and nothing ran since.",
                minute(last)
            ),
            (_, None) => "Nothing was checked yet.".to_owned(),
            (None, Some(last)) => format!("Last checked {}{}.", dated(last, now), inconclusive(report)),
            (Some(_), Some(last)) => {
                format!("Last checked {}: a run is overdue, nothing is being watched.", dated(last, now))
            }
        };
        Self {
            text,
            at: last.map(rfc3339),
            is_overdue: report.overdue.is_some(),
            late_class: late_after(config, last, now).map(|minutes| format!("late-after-{minutes}")),
        }
    }
}

/// Of a run that learnt nothing about some accounts, how many.
fn inconclusive(report: &Report) -> String {
    match report.last_run {
        Some(run) if run.finished_at.is_none() => "; a later run is not finished".to_owned(),
        Some(RunRecord { counts, .. }) if counts.inconclusive > 0 => {
            format!("; {} of {} checks were inconclusive", counts.inconclusive, counts.checked)
        }
        _ => String::new(),
    }
}

/// The first of [`DELAYS`] after which the next run would be overdue; none when that is later than all of them.
fn late_after(config: &Config, last: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    let is_late = |minutes: &i64| {
        let then = now + TimeDelta::minutes(*minutes);
        overdue(&config.schedule.schedule, config.schedule.jitter, last, then).is_some()
    };
    DELAYS.into_iter().find(is_late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_has_a_rule_for_each_delay() {
        let style = include_str!("../style.css");
        for minutes in DELAYS {
            let rule = format!(".late-after-{minutes} {{ animation-delay: {}s; }}", minutes * 60);
            assert!(style.contains(&rule), "{rule}");
        }
    }
}
