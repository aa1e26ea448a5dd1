//! The next runs, for people.

use std::fmt::Write;

use chrono::TimeDelta;

use crate::domain::duration;
use crate::domain::time::{relative, rfc3339};
use crate::report::ScheduleReport;

pub(crate) fn render(schedule: &ScheduleReport) -> String {
    let ScheduleReport { generated_at, cron, timezone, jitter_seconds, runs } = schedule;
    let mut text = format!("{cron} in {timezone}\n");
    for run in runs {
        let local = format!("{} {}", run.local.format("%a %Y-%m-%d %H:%M:%S"), run.zone);
        let _ = writeln!(text, "{local:<30} {}  {}", rfc3339(run.at), relative(run.at, *generated_at));
    }
    if runs.is_empty() {
        text.push_str("no further runs: see [schedule].cron\n");
    }
    if *jitter_seconds > 0 {
        let _ = writeln!(
            text,
            "each starts up to {} later ([schedule].jitter)",
            duration::text(TimeDelta::seconds(*jitter_seconds))
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;
    use crate::config::ScheduleConfig;
    use crate::domain::schedule::Schedule;
    use crate::domain::time_zone::TimeZone;

    #[test]
    fn each_run_has_local_time_and_utc_also_when_clocks_go_back() {
        let now = Utc.with_ymd_and_hms(2026, 10, 24, 23, 30, 0).unwrap();
        let schedule = Schedule::parse("0 * * * *", TimeZone::named("Europe/Berlin").unwrap(), now).unwrap();
        let config = ScheduleConfig { schedule, jitter: TimeDelta::minutes(5) };
        insta::assert_snapshot!(render(&ScheduleReport::new(&config, 4, now)));
    }
}
