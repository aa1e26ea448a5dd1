//! `schedule`: the next runs.

use std::fmt::Write;

use crate::cli::{Global, Schedule};
use crate::clock;
use crate::domain::time::rfc3339;

use crate::{output, setup};

pub(super) fn run(global: &Global, options: &Schedule) -> anyhow::Result<u8> {
    let timetable = setup::load(global, &[])?.schedule;
    let zone = timetable.schedule.zone();
    let mut text = format!("{} in {zone}\n", timetable.schedule.expression());
    let mut moment = clock::now();
    for _ in 0..options.next {
        let Some(next) = timetable.schedule.next_after(moment) else { break };
        let local = next.with_timezone(&zone).format("%a %Y-%m-%d %H:%M:%S %Z");
        writeln!(text, "{local:<30} {}", rfc3339(next))?;
        moment = next;
    }
    if !timetable.jitter.is_zero() {
        writeln!(text, "each up to {} later", crate::domain::span::text(timetable.jitter))?;
    }
    output::print(&text)?;
    Ok(0)
}
