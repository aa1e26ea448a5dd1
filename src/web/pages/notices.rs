//! What else an operator should know: the clock, lists and readings that fail, messages that wait, silences in force, the plan.

use std::fmt::Display;

use serde::Serialize;

use crate::domain::clock_skew::skew_text;
use crate::domain::text;
use crate::report::{FailedReadingReport, Report};

/// A sentence with the class of its colour.
#[derive(Serialize)]
pub(super) struct Notice {
    tone: &'static str,
    text: String,
    /// The command that says more.
    command: Option<&'static str>,
}

impl Notice {
    fn new(tone: &'static str, text: String, command: Option<&'static str>) -> Self {
        Self { tone, text, command }
    }

    /// Whether it needs no action.
    pub(super) fn is_remark(&self) -> bool {
        self.tone == "info"
    }
}

/// The sentences that apply.
pub(super) fn notices(report: &Report) -> Vec<Notice> {
    let readings = failed_readings(report);
    watching(report)
        .into_iter()
        .chain(readings)
        .chain(delivery(report))
        .chain(subscriptions(report))
        .collect()
}

/// About the clock, and lists of accounts.
fn watching(report: &Report) -> Vec<Notice> {
    let skew = report.clock_skew.map(|skew| {
        let words = skew_text(skew);
        let text = format!(
            "The clock of this machine was {words} at the last answer. Expiries are judged by it: set it."
        );
        Notice::new("warning", text, None)
    });
    let lists = report.lists.iter().map(|list| {
        let (name, error) = (text::name(list.subscription.as_str()), text::one_line(&list.error));
        let text = format!("The list of accounts of {name} cannot be read ({}): {error}", list.outcome);
        Notice::new("warning", text, Some("minimax-watch status"))
    });
    skew.into_iter().chain(lists).collect()
}

/// About what is read beside the checks: one that failed just now may succeed the next time.
pub(super) fn failed_readings(report: &Report) -> Vec<Notice> {
    let notice = |failed: &FailedReadingReport| {
        let tone = if failed.is_lasting { "warning" } else { "info" };
        Notice::new(tone, format!("{}.", failed.sentence(report.generated_at)), None)
    };
    report.failed_readings.iter().map(notice).collect()
}

/// About messages, and silences.
fn delivery(report: &Report) -> Vec<Notice> {
    let mut notices = Vec::new();
    if report.outbox.failed > 0 {
        let count = counted(report.outbox.failed, "message", "messages");
        let text = format!("{count} of the last 7 days could not be delivered.");
        notices.push(Notice::new("warning", text, Some("minimax-watch deliveries")));
    }
    if report.outbox.pending > 0 {
        let text =
            format!("{} to be delivered.", counted(report.outbox.pending, "message waits", "messages wait"));
        notices.push(Notice::new("warning", text, Some("minimax-watch deliveries")));
    }
    if report.silences > 0 {
        let text = format!("{} in force.", counted(report.silences, "silence is", "silences are"));
        notices.push(Notice::new("info", text, Some("minimax-watch silence list")));
    }
    notices
}

/// About the plan and the jobs of each subscription.
fn subscriptions(report: &Report) -> Vec<Notice> {
    let plans = report.plans.iter().map(|plan| {
        let tone = if plan.active == Some(false) { "critical" } else { "info" };
        let name = text::name(plan.subscription.as_str());
        Notice::new(tone, format!("Plan of {name}: {}.", plan.sentence()), None)
    });
    let unassigned = report.unassigned_jobs.iter().map(|unassigned| {
        let name = text::name(unassigned.subscription.as_str());
        Notice::new("info", format!("{name}: {}.", unassigned.sentence()), None)
    });
    plans.chain(unassigned).collect()
}

fn counted<N: Display + PartialEq + From<u8> + Copy>(count: N, one: &str, many: &str) -> String {
    if count == N::from(1) { format!("{count} {one}") } else { format!("{count} {many}") }
}
