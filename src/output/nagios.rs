//! How things stand, as a monitoring plugin says it: one line with performance data, then details.
//!
//! Format: Monitoring Plugins Development Guidelines, "Plugin Output for Nagios" and "Threshold and Ranges".

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::lines::counted;
use crate::domain::message::AlertEntry;
use crate::domain::observation::Outcome;
use crate::domain::summary::alert_line;
use crate::domain::text::{self, one_line};
use crate::domain::time::relative;
use crate::domain::verdict::Verdict;
use crate::report::{AccountReport, Report};

/// Names in the first line before the rest is counted.
const NAMED: usize = 5;

/// Bytes of the first line, its performance data included: monitors and their agents cut it at 4 KB.
const FIRST_LINE: usize = 4_000;

/// Bytes of the first line's text, so that there is room for performance data.
const HEADLINE: usize = 1_000;

/// Bytes of the details: with the first line they stay within the 8 KB that Nagios reads.
const DETAILS: usize = 4_000;

/// Bytes of one line of details.
const DETAIL: usize = 600;

/// Bytes of the performance data that does not fit into the first line and follows the details, for monitors that read on.
const MORE_DATA: usize = 64 * 1024;

pub(super) fn render(report: &Report) -> String {
    let data = performance(report);
    let mut text = first_line(report.verdict, &headline(report));
    // What is said of data that is left out takes room, too.
    let room =
        FIRST_LINE.saturating_sub(text.len() + " (performance data of 100000 more accounts below) | ".len());
    let fitting = fitting(&data, room);
    let left = data.len() - fitting;
    if left > 0 {
        let _ = write!(text, " (performance data of {} below)", counted_more(left));
    }
    if fitting > 0 {
        let _ = write!(text, " | {}", data[..fitting].join(" "));
    }
    text.push('\n');
    details(report, &mut text);
    let rest = data.get(fitting..).unwrap_or_default();
    let rest = &rest[..self::fitting(rest, MORE_DATA)];
    if !rest.is_empty() {
        // The guidelines let performance data go on behind the last line of details.
        text.truncate(text.trim_end().len());
        let _ = writeln!(text, " | {}", rest.join("\n"));
    }
    text
}

/// How many of `data`, parted by a byte each, fit into `room` bytes.
fn fitting(data: &[String], room: usize) -> usize {
    let mut used = 0;
    data.iter()
        .take_while(|datum| {
            used += datum.len() + 1;
            used <= room
        })
        .count()
}

/// One line for each cause and each account; where not all of them fit, the worst.
fn details(report: &Report, text: &mut String) {
    let mut lines = Vec::new();
    for alert in shared(report) {
        lines.push(format!("{}: {}", alert.severity.as_str().to_uppercase(), plain(&alert.detail)));
    }
    for alert in report.alerts.iter().filter(|alert| alert.receiver.is_some()) {
        lines.push(format!("note: {}", plain(&alert_line(alert, report.generated_at))));
    }
    for list in &report.lists {
        let subscription = text::name(list.subscription.as_str());
        lines.push(format!("UNKNOWN: {}: list of accounts: {}", plain(&subscription), plain(&list.error)));
    }
    let line = |account: &AccountReport| {
        let verdict = account.verdict.as_str().to_uppercase();
        format!("{verdict}: {}", plain(&describe(account, report)))
    };
    let mut accounts: Vec<&AccountReport> = report.accounts.iter().collect();
    let bytes: usize = accounts.iter().map(|account| line(account).len() + 1).sum();
    if bytes > DETAILS {
        accounts.sort_by_key(|account| Reverse(account.verdict));
    }
    lines.extend(accounts.into_iter().map(line));
    let lines: Vec<String> = lines.into_iter().map(|line| within(&line, DETAIL)).collect();
    let shown = fitting(&lines, DETAILS);
    for line in &lines[..shown] {
        text.push_str(line);
        text.push('\n');
    }
    if shown < lines.len() {
        let _ = writeln!(text, "... and {} more: minimax-watch status", lines.len() - shown);
    }
}

/// The beginning of `text` within `room` bytes.
fn within(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let end = (0..=room.saturating_sub('…'.len_utf8())).rev().find(|end| text.is_char_boundary(*end));
    format!("{}…", text.get(..end.unwrap_or_default()).unwrap_or_default().trim_end())
}

fn counted_more(count: usize) -> String {
    if count == 1 { "1 more account".to_owned() } else { format!("{count} more accounts") }
}

/// The command itself failed: a monitor shows what stands on stdout.
pub(super) fn failure(reason: &str) -> String {
    let (first, details) = reason.split_once('\n').unwrap_or((reason, ""));
    let mut text = first_line(Verdict::Unknown, first) + "\n";
    for line in details.lines() {
        let _ = writeln!(text, "{}", within(&plain(line), DETAIL));
        if text.len() > FIRST_LINE + DETAILS {
            text.push_str("...\n");
            break;
        }
    }
    text
}

fn first_line(verdict: Verdict, headline: &str) -> String {
    within(&format!("MINIMAX {} - {}", verdict.as_str().to_uppercase(), plain(headline)), HEADLINE)
}

/// The cause that several accounts share, else the only bad account, else the names of the bad ones, worst first.
fn headline(report: &Report) -> String {
    let mut bad: Vec<&AccountReport> =
        report.accounts.iter().filter(|account| account.verdict != Verdict::Ok).collect();
    bad.sort_by_key(|account| Reverse(account.verdict));
    let cause = shared(report).max_by_key(|alert| alert.severity);
    let list = report.lists.first().filter(|_| report.accounts.is_empty());
    match (bad.as_slice(), cause, list) {
        (_, Some(alert), _) => alert_line(alert, report.generated_at),
        (_, None, Some(list)) => {
            format!("{}: no list of accounts: {}", text::name(list.subscription.as_str()), list.error)
        }
        ([], None, None) if report.last_run.is_none() => "nothing was checked yet".to_owned(),
        ([], None, None) if report.accounts.is_empty() => "there are no accounts".to_owned(),
        ([], None, None) => format!("{} well", counted(report.accounts.len(), "account")),
        ([only], None, None) => describe(only, report),
        (bad, None, None) => {
            let of = counted(report.accounts.len(), "account");
            let names = text::names(bad.iter().take(NAMED).map(|account| account.name.as_str()));
            let more = bad.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{} of {of} need a look: {names}{more}", bad.len())
        }
    }
}

/// Open alerts that are about no single account.
fn shared(report: &Report) -> impl Iterator<Item = &AlertEntry> {
    report.alerts.iter().filter(|alert| alert.account.is_none() && alert.subscription.is_some())
}

fn describe(account: &AccountReport, report: &Report) -> String {
    let now = report.generated_at;
    let end = match account.expires_at {
        Some(end) if end <= now => format!("token ended {}", relative(end, now)),
        Some(end) => format!("token ends {}", relative(end, now)),
        None => "no end of the token known".to_owned(),
    };
    let name = text::name(&account.name);
    let error = account.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    match account.outcome {
        Some(Outcome::Ok) => format!("{name}: {end}"),
        Some(outcome) => format!("{name}: {end}, {outcome}{error}"),
        None => format!("{name}: not checked yet"),
    }
}

/// Seconds left and jobs; the thresholds are those of the account's own lead times. What is not known is `U`, so that a
/// series does not vanish with its value.
fn performance(report: &Report) -> Vec<String> {
    let fit = |name: &str| plain(&text::name(name)).replace(['\'', '='], "_");
    let mut bearers: BTreeMap<String, usize> = BTreeMap::new();
    for account in &report.accounts {
        *bearers.entry(fit(&account.name)).or_default() += 1;
    }
    let mut data = Vec::new();
    for account in &report.accounts {
        let mut name = fit(&account.name);
        // One label is one series: where accounts share a name, it needs more.
        if bearers.get(&name).is_some_and(|bearers| *bearers > 1) {
            let _ = write!(name, " {} {}", fit(account.subscription.as_str()), fit(account.id.as_str()));
        }
        let [warning, critical] = [account.warning_within, account.critical_within].map(|d| d.num_seconds());
        let left = account.expires_at.map_or_else(unknown, |end| {
            format!("{}s;{warning}:;{critical}:", (end - report.generated_at).num_seconds())
        });
        let jobs = account.max_jobs.map_or_else(unknown, |jobs| format!("{jobs};;;0"));
        data.push(format!("'{name} token_left'={left} '{name} max_jobs'={jobs}"));
    }
    data
}

fn unknown() -> String {
    "U".to_owned()
}

/// A bar begins performance data, a line break the details: neither may come from a name or an error.
fn plain(text: &str) -> String {
    one_line(text).replace('|', "/")
}
