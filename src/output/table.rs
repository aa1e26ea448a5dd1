//! The state of all accounts, for people: within 80 columns, and with the next step where there is nothing to show.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use chrono::TimeDelta;
use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::lines::{pluralize, wrap};
use crate::domain::account::SubscriptionName;
use crate::domain::alerts::{AlertKind, Severity};
use crate::domain::clock_skew::skew_text;
use crate::domain::message::AlertEntry;
use crate::domain::observation::Outcome;
use crate::domain::overdue::Overdue;
use crate::domain::summary::subject;
use crate::domain::text::{self, one_line};
use crate::domain::time::{dated, in_words, minute, relative};
use crate::domain::verdict::Verdict;
use crate::report::{AccountReport, FailedReadingReport, PlanReport, ReadingKind, Report};

const WIDTH: u16 = 80;

/// The outcome of the last check has no column: anything but `ok` is explained below the table.
const COLUMNS: [&str; 6] = ["ACCOUNT", "VERDICT", "EXPIRES (UTC)", "LEFT", "JOBS", "CAN"];

/// A longer name wraps when the table is too wide, as capabilities do; nothing is truncated.
const MAX_NAME_WIDTH: u16 = 24;

/// Spaces between two columns.
const GAP: u16 = 2;

/// How many accounts are laid out at once.
const CHUNK: usize = 500;

/// Below this, the time left is shown in hours and minutes, else in days.
const PRECISE_WITHIN: TimeDelta = TimeDelta::days(3);

/// Characters of the capabilities of one account: the vendor can add any number of flags.
const MAX_CAPABILITIES: usize = 400;

/// How many names are listed; the rest is counted.
const MAX_NAMES: usize = 5;

pub(super) fn render(report: &Report, color: bool, out: &mut dyn Write) -> io::Result<()> {
    if report.accounts.is_empty() {
        out.write_all(wrap(empty_hint(report), 0).as_bytes())?;
    } else {
        accounts(report, color, out)?;
    }
    alerts(report, out)?;
    out.write_all(outcomes_without_alert(report).as_bytes())?;
    out.write_all(plans(report).as_bytes())?;
    out.write_all(failed_readings(report).as_bytes())?;
    if let Some(words) = overdue(report) {
        write!(out, "\n{}", wrap(&words, 0))?;
    }
    if let Some(skew) = report.clock_skew {
        let words = format!(
            "WARNING: the clock of this machine was {} at the last answer. Expiries are judged by it: set it, for example by NTP.",
            skew_text(skew)
        );
        write!(out, "\n{}", wrap(&words, 0))?;
    }
    write!(out, "\n{}", wrap(&footer(report), 0))
}

/// Why the last run is overdue, and what to do.
fn overdue(report: &Report) -> Option<String> {
    let since = match report.overdue? {
        // Then `empty_hint` has said what to do.
        Overdue::NoRun if report.accounts.is_empty() => return None,
        Overdue::NoRun => "no run has finished yet".to_owned(),
        Overdue::Since(last) => {
            format!("the last run was {}", dated(last, report.generated_at))
        }
        Overdue::ClockSetBack(last) => {
            format!(
                "the last run is dated {}, in the future: the clock was set back, and nothing ran since",
                minute(last)
            )
        }
    };
    Some(format!(
        "UNKNOWN: runs are overdue: {since}. Start the service with `minimax-watch run` (`systemctl start minimax-watch`), or run \
         `minimax-watch check`. [schedule].cron decides when a run is overdue."
    ))
}

/// What to do when there are no accounts.
fn empty_hint(report: &Report) -> &'static str {
    if report.last_run.is_none() {
        "Nothing was checked yet: run `minimax-watch check`, or start the service with `minimax-watch run`."
    } else if report.alerts.is_empty() && report.lists.is_empty() {
        "No accounts: the API lists none. Set one up at https://useapi.net/docs/start-here/setup-minimax \
         or name one under [[subscriptions.accounts]]."
    } else {
        "No accounts are known yet."
    }
}

/// All accounts as one table, laid out in chunks: a cell costs many times the memory of its text.
fn accounts(report: &Report, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut widths = COLUMNS.map(|title| u16::try_from(title.len()).unwrap_or(WIDTH));
    for chunk in report.accounts.chunks(CHUNK) {
        for (width, widest) in widths.iter_mut().zip(table(chunk, report, color).column_max_content_widths())
        {
            *width = widest.max(*width);
        }
    }
    let widths = column_widths(widths);
    for (index, chunk) in report.accounts.chunks(CHUNK).enumerate() {
        let mut table = table(chunk, report, color);
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
    let mut table = new_table(color);
    table.add_rows(accounts.iter().map(|account| row(account, report, color)));
    table
}

/// An empty table without lines, at most as wide as a terminal.
pub(super) fn new_table(color: bool) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    if color {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table
}

/// The width of each column, its gap included, from its widest content. Names beyond [`MAX_NAME_WIDTH`] and capabilities wrap.
fn column_widths(widest: [u16; COLUMNS.len()]) -> [u16; COLUMNS.len()] {
    let mut widths = widest.map(|width| width.saturating_add(GAP));
    let [name, .., can] = widths;
    let room = WIDTH.saturating_sub(widths[1..COLUMNS.len() - 1].iter().sum());
    let min_name = name.min(MAX_NAME_WIDTH + GAP);
    widths[COLUMNS.len() - 1] = can.min(room.saturating_sub(min_name)).max(1 + GAP);
    widths[0] = name.min(room.saturating_sub(widths[COLUMNS.len() - 1])).max(min_name);
    widths
}

fn row(account: &AccountReport, report: &Report, color: bool) -> Vec<Cell> {
    let unknown = || "-".to_owned();
    let left = account.expires_at.map(|end| match end - report.generated_at {
        left if left <= TimeDelta::zero() => "expired".to_owned(),
        left if left < PRECISE_WITHIN => in_words(left),
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
            text::shortened(&one_line(&capabilities.join(" ")), MAX_CAPABILITIES)
        }),
    ]
}

/// The open alerts, the most severe first.
fn alerts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut alerts: Vec<&AlertEntry> = report.alerts.iter().collect();
    alerts.sort_by_key(|alert| Reverse(alert.severity));
    for alert in alerts {
        let (severity, name) = (alert.severity.as_str().to_uppercase(), subject(alert));
        let since = dated(alert.opened_at, report.generated_at);
        let head = wrap(&format!("{severity} {name}: {} since {since}", alert.kind), 0);
        write!(out, "\n{head}{}", wrap(&one_line(&alert.detail), 2))?;
        if let Some(step) = report.next_steps.get(&alert.id) {
            out.write_all(wrap(step, 2).as_bytes())?;
        }
    }
    Ok(())
}

/// The plan of each subscription as far as it is known; of many, the first few.
fn plans(report: &Report) -> String {
    let known: Vec<&PlanReport> = report.plans.iter().filter(|plan| plan.active.is_some()).collect();
    let (shown, more) = known.split_at(known.len().min(MAX_NAMES));
    let line = |plan: &&PlanReport| {
        let age = plan.read_at.map(|at| relative(at, report.generated_at)).unwrap_or_default();
        let failure = plan.error.as_ref().map(|error| {
            format!(", read {age}; the last reading failed: {}", one_line(error).trim_end_matches('.'))
        });
        let name = text::name(plan.subscription.as_str());
        wrap(&format!("Plan of {name}: {}{}", plan.sentence(), failure.unwrap_or_default()), 0)
    };
    let mut lines: String = shown.iter().map(line).collect();
    if !more.is_empty() {
        let more = pluralize(more.len(), "plan");
        let _ = writeln!(lines, "{more} more: see `minimax-watch status --json`");
    }
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// What cannot be read; of many, the first few. The line of a known plan says it itself.
fn failed_readings(report: &Report) -> String {
    let is_known = |name: &SubscriptionName| {
        report.plans.iter().any(|plan| plan.subscription == *name && plan.active.is_some())
    };
    let failed = report.failed_readings.iter();
    let failed: Vec<_> =
        failed.filter(|failed| failed.kind != ReadingKind::Plan || !is_known(&failed.subscription)).collect();
    let (shown, more) = failed.split_at(failed.len().min(MAX_NAMES));
    let line = |failed: &&FailedReadingReport| wrap(&format!("{}.", failed.sentence(report.generated_at)), 0);
    let mut lines: String = shown.iter().map(line).collect();
    if !more.is_empty() {
        let _ = writeln!(lines, "{} more cannot be read.", more.len());
    }
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// Outcomes of the last check that no alert explains: each once, with the accounts it affects.
fn outcomes_without_alert(report: &Report) -> String {
    let mut names_by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for list in &report.lists {
        let name = format!("{} (account list)", text::name(list.subscription.as_str()));
        names_by_text.entry(with_advice(list.outcome, &list.error)).or_default().push(name);
    }
    for account in &report.accounts {
        let words = match (account.outcome, &account.error) {
            (None, _) => "not checked yet".to_owned(),
            (Some(outcome), Some(error)) if !is_explained(account) => with_advice(outcome, error),
            (Some(outcome), None) if outcome != Outcome::Ok && !is_explained(account) => outcome.to_string(),
            (Some(_), _) => continue,
        };
        names_by_text.entry(words).or_default().push(text::name(&account.name));
    }
    let block = |(words, names): (String, Vec<String>)| {
        format!("\n{}", wrap(&format!("{}: {}", text::first_few(names, MAX_NAMES), one_line(&words)), 0))
    };
    names_by_text.into_iter().map(block).collect()
}

fn with_advice(outcome: Outcome, error: &str) -> String {
    let advice = outcome.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("{outcome}: {error}{advice}")
}

/// Whether an open alert explains an outcome other than ok.
fn is_explained(account: &AccountReport) -> bool {
    use AlertKind::{CreditsLow, Expiry, ExpiryUnknown, JobsFailing, OutOfCredits, ServicesInError};
    let is_explanation = |kind: &AlertKind| {
        !matches!(kind, CreditsLow | Expiry | ExpiryUnknown | JobsFailing | OutOfCredits | ServicesInError)
    };
    account.alerts.iter().any(is_explanation)
}

fn footer(report: &Report) -> String {
    let alerts = [Severity::Critical, Severity::Warning, Severity::Info].map(|severity| {
        let count = report.alerts.iter().filter(|alert| alert.severity == severity).count();
        (count > 0).then(|| format!("{count} {severity}"))
    });
    let alerts = alerts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let alerts =
        if alerts.is_empty() { "no open alerts".to_owned() } else { format!("open alerts: {alerts}") };
    let known = match report.accounts.len() {
        // Those of the configuration are not in the store yet.
        0 if report.last_run.is_none() => "no accounts are known yet".to_owned(),
        count => format!("{}, {alerts}", pluralize(count, "account")),
    };
    let mut text = format!("{}: {known}", report.verdict.as_str().to_uppercase());
    text.push_str(&usable(report));
    if let Some(at) = report.last_finished_at {
        let _ = write!(text, "; last run {}", dated(at, report.generated_at));
    }
    if let Some(run) = report.last_run.filter(|run| run.finished_at.is_none()) {
        let _ = write!(text, "; a run of {} is not finished", dated(run.started_at, report.generated_at));
    }
    if report.silences > 0 {
        let _ = write!(text, "; {} in force", pluralize(report.silences, "silence"));
    }
    if report.outbox.pending + report.outbox.failed > 0 {
        let _ =
            write!(text, "; messages: {} waiting, {} failed", report.outbox.pending, report.outbox.failed);
    }
    text
}

/// How many accounts can take jobs, when not all can; `minimax-watch usable` says which.
fn usable(report: &Report) -> String {
    let usable = report.accounts.iter().filter(|account| account.usable == Some(true)).count();
    match (usable, report.accounts.len()) {
        (usable, all) if usable == all => String::new(),
        (0, _) => "; none usable".to_owned(),
        (usable, _) => format!("; {usable} usable"),
    }
}

#[cfg(test)]
mod tests;
