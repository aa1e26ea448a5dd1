//! How things stand, for people.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table};

use crate::domain::alert::Severity;
use crate::domain::message::AlertEntry;
use crate::domain::time::{in_words, minute, relative};
use crate::domain::verdict::Verdict;
use crate::report::{AccountReport, Report};

/// Widths fit 80 columns; what is longer wraps, nothing is cut.
const WIDTH: u16 = 80;

pub(super) fn render(report: &Report, color: bool) -> String {
    let mut text = String::new();
    if report.accounts.is_empty() {
        text.push_str("No accounts are known yet. Name some under [[subscriptions.accounts]], or run `minimax-watch check`.\n");
    } else {
        let _ = writeln!(text, "{}", accounts(report, color));
    }
    for alert in &report.alerts {
        let _ =
            writeln!(text, "\n{} {} {}", alert.severity.as_str().to_uppercase(), subject(alert), alert.kind);
        let _ = writeln!(text, "  {}", alert.detail);
        let _ = writeln!(
            text,
            "  since {} ({})",
            minute(alert.opened_at),
            relative(alert.opened_at, report.generated_at)
        );
    }
    text.push('\n');
    text.push_str(&closing(report));
    text
}

fn accounts(report: &Report, color: bool) -> Table {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["account", "verdict", "token ends (UTC)", "left", "jobs", "can", "last look"]);
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    for account in &report.accounts {
        table.add_row(row(account, report, color));
    }
    table
}

fn row(account: &AccountReport, report: &Report, color: bool) -> Vec<Cell> {
    let now = report.generated_at;
    let left = account
        .expires_at
        .map(|end| if end > now { in_words(end - now) } else { format!("ended {}", relative(end, now)) });
    let unknown = || "-".to_owned();
    let capabilities: Vec<String> = account
        .capabilities
        .iter()
        .filter(|(_, has)| **has)
        .map(|(name, _)| name.trim_start_matches("support").to_lowercase())
        .collect();
    let mut verdict = Cell::new(account.verdict.as_str().to_uppercase());
    if color {
        verdict = verdict.fg(match account.verdict {
            Verdict::Ok => Color::Green,
            Verdict::Warning => Color::Yellow,
            Verdict::Unknown => Color::Magenta,
            Verdict::Critical => Color::Red,
        });
    }
    let outcome = account.outcome.map_or_else(|| "never".to_owned(), |outcome| outcome.to_string());
    vec![
        Cell::new(&account.name),
        verdict,
        Cell::new(account.expires_at.map_or_else(unknown, |end| end.format("%Y-%m-%d %H:%M").to_string())),
        Cell::new(left.unwrap_or_else(unknown)),
        Cell::new(account.max_jobs.map_or_else(unknown, |jobs| jobs.to_string()))
            .set_alignment(CellAlignment::Right),
        Cell::new(if capabilities.is_empty() { unknown() } else { capabilities.join(" ") }),
        Cell::new(outcome),
    ]
}

/// Who an alert is about, in one word.
pub(super) fn subject(alert: &AlertEntry) -> String {
    match (&alert.account, &alert.subscription) {
        (Some(account), _) => account.name.clone(),
        (None, Some(subscription)) => format!("{subscription} ({} accounts)", alert.affected),
        (None, None) => "minimax-watch".to_owned(),
    }
}

fn closing(report: &Report) -> String {
    let accounts = report.accounts.len();
    let count = |severity| report.alerts.iter().filter(|alert| alert.severity == severity).count();
    let mut text = format!(
        "{}: {accounts} account(s), {} critical, {} warning",
        report.verdict.as_str().to_uppercase(),
        count(Severity::Critical),
        count(Severity::Warning)
    );
    if let Some(run) = &report.last_run {
        let at = run.finished_at.unwrap_or(run.started_at);
        let _ = write!(text, "; last run {} ({})", minute(at), relative(at, report.generated_at));
    }
    if report.outbox.pending + report.outbox.failed > 0 {
        let _ =
            write!(text, "; messages: {} waiting, {} failed", report.outbox.pending, report.outbox.failed);
    }
    text.push('\n');
    text
}
