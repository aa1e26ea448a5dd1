//! What else an operator should know: the clock, lists that cannot be read, messages that wait, silences in force, the plan.

use std::fmt::Display;

use serde::Serialize;

use crate::domain::clock_skew::skew_text;
use crate::domain::text;
use crate::report::Report;

/// A sentence with the class of its colour.
#[derive(Serialize)]
pub(super) struct Notice {
    tone: &'static str,
    text: String,
}

impl Notice {
    /// Whether it asks for nothing.
    pub(super) fn is_remark(&self) -> bool {
        self.tone == "info"
    }
}

/// The sentences that apply, worst first.
pub(super) fn notices(report: &Report) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut add = |tone, text| notices.push(Notice { tone, text });
    if let Some(skew) = report.clock_skew {
        let words = skew_text(skew);
        add(
            "warning",
            format!(
                "The clock of this machine was {words} at the last answer. Expiries are judged by it: set it."
            ),
        );
    }
    for list in &report.lists {
        let (name, error) = (text::name(list.subscription.as_str()), text::one_line(&list.error));
        add("warning", format!("The list of accounts of {name} cannot be read ({}): {error}", list.outcome));
    }
    if report.outbox.failed > 0 {
        let count = report.outbox.failed;
        add("warning", format!("{count} of the messages of the last 7 days could not be delivered."));
    }
    if report.outbox.pending > 0 {
        let count = report.outbox.pending;
        add("warning", format!("{} to be delivered.", counted(count, "message waits", "messages wait")));
    }
    if report.silences > 0 {
        let count = report.silences;
        add(
            "info",
            format!(
                "{} in force: `minimax-watch silence list`.",
                counted(count, "silence is", "silences are")
            ),
        );
    }
    for plan in &report.plans {
        let tone = if plan.active == Some(false) { "critical" } else { "info" };
        add(tone, format!("Plan of {}: {}.", text::name(plan.subscription.as_str()), plan.sentence()));
    }
    for unassigned in &report.unassigned_jobs {
        add("info", format!("{}: {}.", text::name(unassigned.subscription.as_str()), unassigned.sentence()));
    }
    notices
}

fn counted<N: Display + PartialEq + From<u8> + Copy>(count: N, one: &str, many: &str) -> String {
    if count == N::from(1) { format!("{count} {one}") } else { format!("{count} {many}") }
}
