//! The state of all accounts as a monitoring plugin prints it: one line with performance data, then details.
//!
//! Format: Monitoring Plugins Development Guidelines, "Plugin Output for Nagios" and "Threshold and Ranges".

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::lines::pluralize;
use crate::domain::clock_skew::skew_text;
use crate::domain::message::AlertEntry;
use crate::domain::observation::Outcome;
use crate::domain::severity::Severity;
use crate::domain::summary::alert_line;
use crate::domain::text::{self, one_line};
use crate::domain::time::relative;
use crate::domain::verdict::Verdict;
use crate::report::{AccountReport, Report};

/// How many names the first line lists; the rest is counted.
const MAX_NAMES: usize = 5;

/// Bytes of the first line with its performance data: monitors and their agents truncate it at 4 KB.
const MAX_FIRST_LINE: usize = 4_000;

/// Bytes of the first line's text, which leaves room for performance data.
const MAX_HEADLINE: usize = 1_000;

/// Bytes of the details: with the first line they stay within the 8 KB that Nagios reads.
const MAX_DETAILS: usize = 4_000;

/// Bytes of one line of details.
const MAX_DETAIL: usize = 600;

/// Bytes of the performance data behind the details, for monitors that read on; it did not fit into the first line.
const MAX_MORE_DATA: usize = 64 * 1024;

pub(super) fn render(report: &Report) -> String {
    let data = performance(report);
    let mut text = first_line(report.verdict, &headline(report));
    // The note about the rest needs room too.
    let room = MAX_FIRST_LINE
        .saturating_sub(text.len() + " (performance data of 100000 more accounts below) | ".len());
    let fitting = fitting(&data, room);
    let left = data.len() - fitting;
    if left > 0 {
        let _ = write!(text, " (performance data of {} below)", pluralize(left, "more account"));
    }
    if fitting > 0 {
        let _ = write!(text, " | {}", data[..fitting].join(" "));
    }
    text.push('\n');
    details(report, &mut text);
    let rest = &data[fitting..];
    let rest = &rest[..self::fitting(rest, MAX_MORE_DATA)];
    if !rest.is_empty() {
        // The guidelines let performance data go on behind the last line of details.
        text.truncate(text.trim_end().len());
        let _ = writeln!(text, " | {}", rest.join("\n"));
    }
    text
}

/// How many of `data`, separated by one byte, fit into `room` bytes.
fn fitting(data: &[String], room: usize) -> usize {
    let mut used = 0;
    data.iter()
        .take_while(|datum| {
            used += datum.len() + 1;
            used <= room
        })
        .count()
}

/// One line for each shared cause and each account; when not all fit, the worst.
fn details(report: &Report, text: &mut String) {
    let mut lines = Vec::new();
    for alert in shared(report) {
        lines.push(format!("{}: {}", alert.severity.as_str().to_uppercase(), plain(&alert.detail)));
    }
    for alert in report.alerts.iter().filter(|alert| alert.receiver.is_some()) {
        lines.push(format!("note: {}", plain(&alert_line(alert, report.generated_at))));
    }
    if let Some(skew) = report.clock_skew {
        lines.push(format!("note: the clock of this machine was {} at the last answer", skew_text(skew)));
    }
    for list in &report.lists {
        let subscription = text::name(list.subscription.as_str());
        lines.push(format!("UNKNOWN: {}: account list: {}", plain(&subscription), plain(&list.error)));
    }
    let line = |account: &AccountReport| {
        let verdict = account.verdict.as_str().to_uppercase();
        format!("{verdict}: {}", plain(&describe(account, report)))
    };
    let mut accounts: Vec<&AccountReport> = report.accounts.iter().collect();
    let bytes: usize = accounts.iter().map(|account| line(account).len() + 1).sum();
    if bytes > MAX_DETAILS {
        accounts.sort_by_key(|account| Reverse(account.verdict));
    }
    lines.extend(accounts.into_iter().map(line));
    let lines: Vec<String> = lines.into_iter().map(|line| within(&line, MAX_DETAIL)).collect();
    let shown = fitting(&lines, MAX_DETAILS);
    text.extend(lines[..shown].iter().map(|line| format!("{line}\n")));
    if shown < lines.len() {
        let _ = writeln!(text, "... and {} more: minimax-watch status", lines.len() - shown);
    }
}

/// `text`, truncated to `room` bytes.
fn within(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(room.saturating_sub('…'.len_utf8()));
    format!("{}…", text[..end].trim_end())
}

/// The output of a command that failed: a monitor shows only stdout.
pub(super) fn failure(reason: &str) -> String {
    let (first, details) = reason.split_once('\n').unwrap_or((reason, ""));
    let mut text = first_line(Verdict::Unknown, first) + "\n";
    for line in details.lines() {
        let _ = writeln!(text, "{}", within(&plain(line), MAX_DETAIL));
        if text.len() > MAX_FIRST_LINE + MAX_DETAILS {
            text.push_str("...\n");
            break;
        }
    }
    text
}

fn first_line(verdict: Verdict, headline: &str) -> String {
    within(&format!("MINIMAX {} - {}", verdict.as_str().to_uppercase(), plain(headline)), MAX_HEADLINE)
}

/// The most severe shared cause, else the only bad account, else the names of the bad accounts, the worst first.
fn headline(report: &Report) -> String {
    let mut bad: Vec<&AccountReport> =
        report.accounts.iter().filter(|account| account.verdict != Verdict::Ok).collect();
    bad.sort_by_key(|account| Reverse(account.verdict));
    let causes = shared(report).filter(|alert| alert.severity > Severity::Info);
    let cause = causes.max_by_key(|alert| alert.severity);
    let list = report.lists.first().filter(|_| report.accounts.is_empty());
    match (bad.as_slice(), cause, list) {
        (_, Some(alert), _) => alert_line(alert, report.generated_at),
        (_, None, Some(list)) => {
            format!("{}: no account list: {}", text::name(list.subscription.as_str()), list.error)
        }
        ([], None, None) if report.last_run.is_none() => "nothing was checked yet".to_owned(),
        ([], None, None) if report.accounts.is_empty() => "no accounts".to_owned(),
        ([], None, None) => format!("{} ok", pluralize(report.accounts.len(), "account")),
        ([only], None, None) => describe(only, report),
        (bad, None, None) => {
            let of = pluralize(report.accounts.len(), "account");
            let names = text::first_few(bad.iter().map(|account| text::name(&account.name)), MAX_NAMES);
            format!("{} of {of} need attention: {names}", bad.len())
        }
    }
}

/// Open alerts about whole subscriptions.
fn shared(report: &Report) -> impl Iterator<Item = &AlertEntry> {
    report.alerts.iter().filter(|alert| alert.account.is_none() && alert.subscription.is_some())
}

fn describe(account: &AccountReport, report: &Report) -> String {
    let now = report.generated_at;
    let end = match account.expires_at {
        Some(end) if end <= now => format!("token expired {}", relative(end, now)),
        Some(end) => format!("token expires {}", relative(end, now)),
        None => "no expiry known".to_owned(),
    };
    let name = text::name(&account.name);
    let error = account.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    match account.outcome {
        Some(Outcome::Ok) => format!("{name}: {end}"),
        Some(outcome) => format!("{name}: {end}, {outcome}{error}"),
        None => format!("{name}: not checked yet"),
    }
}

/// Seconds left and jobs, with thresholds from the account's lead times. An unknown value is `U`, so that its series stays.
fn performance(report: &Report) -> Vec<String> {
    let fit = |name: &str| plain(&text::name(name)).replace(['\'', '='], "_");
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for account in &report.accounts {
        *uses.entry(fit(&account.name)).or_default() += 1;
    }
    let mut data = Vec::new();
    for account in &report.accounts {
        let mut name = fit(&account.name);
        // A label names one series, so accounts with the same name need a longer one.
        if uses.get(&name).is_some_and(|uses| *uses > 1) {
            let _ = write!(name, " {} {}", fit(account.subscription.as_str()), fit(account.id.as_str()));
        }
        let [warning, critical] = [account.warning_within, account.critical_within].map(|d| d.num_seconds());
        let left = account
            .expires_at
            .map(|end| format!("{}s;{warning}:;{critical}:", (end - report.generated_at).num_seconds()));
        let jobs = account.max_jobs.map(|jobs| format!("{jobs};;;0"));
        let [left, jobs] = [left, jobs].map(|value| value.unwrap_or_else(|| "U".to_owned()));
        data.push(format!("'{name} token_left'={left} '{name} max_jobs'={jobs}"));
    }
    data
}

/// `text` without `|` and line breaks, which begin performance data and details.
fn plain(text: &str) -> String {
    one_line(text).replace('|', "/")
}
