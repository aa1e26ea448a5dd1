//! `schedule`: the next runs.

use crate::cli::{GlobalOptions, ScheduleArgs};
use crate::clock;
use crate::report::ScheduleReport;
use crate::{output, setup};

pub(super) fn run(global: &GlobalOptions, options: &ScheduleArgs) -> anyhow::Result<()> {
    let schedule = setup::load(global, &[])?.schedule;
    let report = ScheduleReport::new(&schedule, usize::from(options.next), clock::now());
    output::answer(&report, global.json, output::schedule)
}
