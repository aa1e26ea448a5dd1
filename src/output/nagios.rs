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
use crate::domain::text::one_line;
use crate::domain::time::relative;
use crate::domain::verdict::Verdict;
use crate::report::{AccountReport, Report};

/// Names in the first line before the rest is counted; the details hold them all.
const NAMED: usize = 5;

pub(super) fn render(report: &Report) -> String {
    let mut text = first_line(report.verdict, &headline(report));
    let data = performance(report);
    if !data.is_empty() {
        let _ = write!(text, " | {}", data.join(" "));
    }
    text.push('\n');
    for alert in shared(report) {
        let _ = writeln!(text, "{}: {}", alert.severity.as_str().to_uppercase(), plain(&alert.detail));
    }
    for alert in report.alerts.iter().filter(|alert| alert.receiver.is_some()) {
        let _ = writeln!(text, "note: {}", plain(&alert_line(alert, report.generated_at)));
    }
    for list in &report.lists {
        let _ = writeln!(text, "UNKNOWN: {}: list of accounts: {}", list.subscription, plain(&list.error));
    }
    for account in &report.accounts {
        let verdict = account.verdict.as_str().to_uppercase();
        let _ = writeln!(text, "{verdict}: {}", plain(&describe(account, report)));
    }
    text
}

/// The command itself failed: a monitor shows what stands on stdout.
pub(super) fn failure(reason: &str) -> String {
    let (first, details) = reason.split_once('\n').unwrap_or((reason, ""));
    let mut text = first_line(Verdict::Unknown, first) + "\n";
    for line in details.lines() {
        let _ = writeln!(text, "{}", plain(line));
    }
    text
}

fn first_line(verdict: Verdict, headline: &str) -> String {
    format!("MINIMAX {} - {}", verdict.as_str().to_uppercase(), plain(headline))
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
        (_, None, Some(list)) => format!("{}: no list of accounts: {}", list.subscription, list.error),
        ([], None, None) if report.last_run.is_none() => "nothing was checked yet".to_owned(),
        ([], None, None) if report.accounts.is_empty() => "there are no accounts".to_owned(),
        ([], None, None) => format!("{} well", counted(report.accounts.len(), "account")),
        ([only], None, None) => describe(only, report),
        (bad, None, None) => {
            let of = counted(report.accounts.len(), "account");
            let names: Vec<&str> = bad.iter().take(NAMED).map(|account| account.name.as_str()).collect();
            let more = if bad.len() > NAMED { ", …" } else { "" };
            format!("{} of {of} need a look: {}{more}", bad.len(), names.join(", "))
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
    let error = account.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    match account.outcome {
        Some(Outcome::Ok) => format!("{}: {end}", account.name),
        Some(outcome) => format!("{}: {end}, {outcome}{error}", account.name),
        None => format!("{}: not checked yet", account.name),
    }
}

/// Seconds left and jobs; the thresholds are those of the account's own lead times. What is not known is `U`, so that a
/// series does not vanish with its value.
fn performance(report: &Report) -> Vec<String> {
    let fit = |name: &str| plain(name).replace(['\'', '='], "_");
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
