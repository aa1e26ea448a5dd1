//! `schedule`: the next runs.

use crate::cli::{Global, Schedule};
use crate::clock;
use crate::report::ScheduleReport;

use crate::{output, setup};

pub(super) fn run(global: &Global, options: &Schedule) -> anyhow::Result<u8> {
    let timetable = setup::load(global, &[])?.schedule;
    let schedule = ScheduleReport::of(&timetable, usize::from(options.next), clock::now());
    output::answer(&schedule, options.json, output::schedule)?;
    Ok(0)
}
