//! How things stand, for people: within 80 columns, and with what to do next where there is nothing to show.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use chrono::TimeDelta;
use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::lines::{counted, wrapped};
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::message::AlertEntry;
use crate::domain::observation::Outcome;
use crate::domain::overdue::Overdue;
use crate::domain::summary::subject;
use crate::domain::text::{self, one_line};
use crate::domain::time::{in_words, minute, relative};
use crate::domain::verdict::Verdict;
use crate::report::{AccountReport, Report};

const WIDTH: u16 = 80;

/// The outcome of the last look is no column: all is well, or it is told below.
const COLUMNS: [&str; 6] = ["ACCOUNT", "VERDICT", "TOKEN ENDS (UTC)", "LEFT", "JOBS", "CAN"];

/// A longer name wraps when the room is short, as capabilities do; nothing is cut.
const LONGEST_NAME: u16 = 24;

/// Between two columns.
const GAP: u16 = 2;

/// How many accounts are laid out at once.
const PIECE: usize = 500;

/// Nearer ends are shown to the hour or minute, farther ones to the day.
const PRECISELY_WITHIN: TimeDelta = TimeDelta::days(3);

/// Characters of what an account can do: the vendor may add as many flags as it likes.
const LONGEST_CAPABILITIES: usize = 400;

/// Names that are listed before the rest is counted.
const NAMED: usize = 5;

pub(super) fn render(report: &Report, color: bool, out: &mut dyn Write) -> io::Result<()> {
    if report.accounts.is_empty() {
        out.write_all(wrapped(nothing(report), 0).as_bytes())?;
    } else {
        accounts(report, color, out)?;
    }
    alerts(report, out)?;
    out.write_all(unalerted(report).as_bytes())?;
    if let Some(words) = nobody_watches(report) {
        write!(out, "\n{}", wrapped(&words, 0))?;
    }
    write!(out, "\n{}", wrapped(&closing(report), 0))
}

/// Since when nobody watches, and what to do.
fn nobody_watches(report: &Report) -> Option<String> {
    let since = match report.overdue? {
        // There is no account to show then, which is said already.
        Overdue::NoRun if report.accounts.is_empty() => return None,
        Overdue::NoRun => "no run was made yet".to_owned(),
        Overdue::Since(last) => {
            format!("the last run was {} ({})", minute(last), relative(last, report.generated_at))
        }
        Overdue::ClockSetBack(last) => {
            format!(
                "the last run is dated {}, in the future: the clock was set back, and no run was made since",
                minute(last)
            )
        }
    };
    Some(format!(
        "UNKNOWN: nobody watches: {since}. Start the service with `minimax-watch run` (`systemctl start minimax-watch`), or run \
         `minimax-watch check`; how old a run may be follows from [schedule].cron."
    ))
}

/// What to do when there are no accounts.
fn nothing(report: &Report) -> &'static str {
    if report.last_run.is_none() {
        "Nothing was checked yet: run `minimax-watch check`, or start the service with `minimax-watch run`."
    } else if report.alerts.is_empty() && report.lists.is_empty() {
        "No accounts: the API lists none. Set one up at https://useapi.net/docs/start-here/setup-minimax \
         or name one under [[subscriptions.accounts]]."
    } else {
        "No accounts are known yet."
    }
}

/// All accounts, as one table; made piece by piece, since each cell of a piece costs many times its text.
fn accounts(report: &Report, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut widths = COLUMNS.map(|title| u16::try_from(title.len()).unwrap_or(WIDTH));
    for piece in report.accounts.chunks(PIECE) {
        for (width, widest) in widths.iter_mut().zip(table(piece, report, color).column_max_content_widths())
        {
            *width = widest.max(*width);
        }
    }
    let widths = arranged(widths);
    for (index, piece) in report.accounts.chunks(PIECE).enumerate() {
        let mut table = table(piece, report, color);
        if index == 0 {
            table.set_header(COLUMNS);
        }
        for (column, width) in table.column_iter_mut().zip(widths) {
            column.set_padding((0, GAP)).set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
        writeln!(out, "{}", table.trim_fmt())?;
    }
    Ok(())
}

fn table(accounts: &[AccountReport], report: &Report, color: bool) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    for account in accounts {
        table.add_row(row(account, report, color));
    }
    table
}

/// How wide each column is, its gap included, whose widest content is this wide: what does not fit wraps within the names beyond
/// [`LONGEST_NAME`], and within what an account can.
fn arranged(widest: [u16; COLUMNS.len()]) -> [u16; COLUMNS.len()] {
    let mut widths = widest.map(|width| width.saturating_add(GAP));
    let [name, .., can] = widths;
    let room = WIDTH.saturating_sub(widths[1..COLUMNS.len() - 1].iter().sum());
    let shortest = name.min(LONGEST_NAME + GAP);
    widths[COLUMNS.len() - 1] = can.min(room.saturating_sub(shortest)).max(1 + GAP);
    widths[0] = name.min(room.saturating_sub(widths[COLUMNS.len() - 1])).max(shortest);
    widths
}

fn row(account: &AccountReport, report: &Report, color: bool) -> Vec<Cell> {
    let unknown = || "-".to_owned();
    let left = account.expires_at.map(|end| match end - report.generated_at {
        left if left <= TimeDelta::zero() => "ended".to_owned(),
        left if left < PRECISELY_WITHIN => in_words(left),
        left => format!("{} days", left.num_days()),
    });
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
    vec![
        Cell::new(text::name(&account.name)),
        verdict,
        Cell::new(account.expires_at.map_or_else(unknown, |end| end.format("%Y-%m-%d %H:%M").to_string())),
        Cell::new(left.unwrap_or_else(unknown)),
        Cell::new(account.max_jobs.map_or_else(unknown, |jobs| jobs.to_string()))
            .set_alignment(CellAlignment::Right),
        Cell::new(if capabilities.is_empty() {
            unknown()
        } else {
            text::shortened(&one_line(&capabilities.join(" ")), LONGEST_CAPABILITIES)
        }),
    ]
}

/// The open alerts, the gravest first.
fn alerts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut alerts: Vec<&AlertEntry> = report.alerts.iter().collect();
    alerts.sort_by_key(|alert| Reverse(alert.severity));
    for alert in alerts {
        let (severity, name) = (alert.severity.as_str().to_uppercase(), subject(alert));
        let (since, ago) = (minute(alert.opened_at), relative(alert.opened_at, report.generated_at));
        let head = wrapped(&format!("{severity} {name}: {} since {since} ({ago})", alert.kind), 0);
        write!(out, "\n{head}{}", wrapped(&one_line(&alert.detail), 2))?;
    }
    Ok(())
}

/// What the last look met that is no alert, or not yet: told once, however many accounts it concerns.
fn unalerted(report: &Report) -> String {
    let mut met: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for list in &report.lists {
        let words = with_advice(list.outcome, &list.error);
        met.entry(words)
            .or_default()
            .push(format!("{} (list of accounts)", text::name(list.subscription.as_str())));
    }
    for account in &report.accounts {
        let words = match (account.outcome, &account.error) {
            (None, _) => "not checked yet".to_owned(),
            (Some(outcome), Some(error)) if !is_told(account) => with_advice(outcome, error),
            (Some(outcome), None) if outcome != Outcome::Ok && !is_told(account) => outcome.to_string(),
            (Some(_), _) => continue,
        };
        met.entry(words).or_default().push(text::name(&account.name));
    }
    let mut text = String::new();
    for (words, names) in met {
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
        text.push('\n');
        text.push_str(&wrapped(&format!("{}{more}: {}", named.join(", "), one_line(&words)), 0));
    }
    text
}

fn with_advice(outcome: Outcome, error: &str) -> String {
    let advice = outcome.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("{outcome}: {error}{advice}")
}

/// Whether an open alert says why there is no good news.
fn is_told(account: &AccountReport) -> bool {
    account.alerts.iter().any(|kind| !matches!(kind, AlertKind::Expiry | AlertKind::ExpiryUnknown))
}

fn closing(report: &Report) -> String {
    let count = |severity| report.alerts.iter().filter(|alert| alert.severity == severity).count();
    let alerts =
        [(Severity::Critical, "critical"), (Severity::Warning, "warning")].map(|(severity, word)| {
            let count = count(severity);
            (count > 0).then(|| format!("{count} {word}"))
        });
    let alerts = alerts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "{}: {}, {}",
        report.verdict.as_str().to_uppercase(),
        counted(report.accounts.len(), "account"),
        if alerts.is_empty() { "no open alerts".to_owned() } else { format!("open alerts: {alerts}") },
    );
    if let Some(run) = &report.last_run {
        let at = run.finished_at.unwrap_or(run.started_at);
        let _ = write!(text, "; last run {} ({})", minute(at), relative(at, report.generated_at));
    }
    if report.silences > 0 {
        let _ = write!(text, "; {} in force", counted(report.silences, "silence"));
    }
    if report.outbox.pending + report.outbox.failed > 0 {
        let _ =
            write!(text, "; messages: {} waiting, {} failed", report.outbox.pending, report.outbox.failed);
    }
    text
}

#[cfg(test)]
mod tests;
