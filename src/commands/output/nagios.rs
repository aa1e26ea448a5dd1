//! How things stand, as a monitoring plugin says it: one line with performance data, then details.
//!
//! Format: Monitoring Plugins Development Guidelines, "Plugin Output for Nagios".

use std::fmt::Write;

use crate::domain::expiry::CRITICAL_WITHIN;
use crate::domain::time::relative;
use crate::domain::verdict::Verdict;
use crate::report::{AccountReport, Report};

/// A token is a warning from here on in the performance data's thresholds: the longest default lead time.
const WARNING_SECONDS: i64 = 7 * 86_400;

pub(super) fn render(report: &Report) -> String {
    let bad: Vec<&AccountReport> =
        report.accounts.iter().filter(|account| account.verdict != Verdict::Ok).collect();
    let headline = match (bad.as_slice(), report.accounts.len()) {
        ([], 0) => report
            .alerts
            .first()
            .map_or_else(|| "no accounts are known yet".to_owned(), |alert| alert.detail.clone()),
        ([], accounts) => format!("{accounts} account(s) well"),
        ([only], _) => describe(only, report),
        (bad, accounts) => format!("{} of {accounts} accounts need a look: {}", bad.len(), names(bad)),
    };
    let mut text = format!("MINIMAX {} - {}", report.verdict.as_str().to_uppercase(), plain(&headline));
    let data: Vec<String> = report.accounts.iter().flat_map(|account| performance(account, report)).collect();
    if !data.is_empty() {
        let _ = write!(text, " | {}", data.join(" "));
    }
    text.push('\n');
    for account in &report.accounts {
        let _ = writeln!(
            text,
            "{}: {}",
            account.verdict.as_str().to_uppercase(),
            plain(&describe(account, report))
        );
    }
    text
}

fn names(accounts: &[&AccountReport]) -> String {
    let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
    names.join(", ")
}

fn describe(account: &AccountReport, report: &Report) -> String {
    let mut text = account.name.clone();
    match account.expires_at {
        Some(end) if end <= report.generated_at => {
            let _ = write!(text, ": token expired {}", relative(end, report.generated_at));
        }
        Some(end) => {
            let _ = write!(text, ": token ends {}", relative(end, report.generated_at));
        }
        None => text.push_str(": no end of the token known"),
    }
    for kind in &account.alerts {
        let _ = write!(text, ", {kind}");
    }
    if let Some(error) = &account.error {
        let _ = write!(text, " ({error})");
    }
    text
}

fn performance(account: &AccountReport, report: &Report) -> Vec<String> {
    let label = |what: &str| format!("'{} {what}'", account.name.replace(['\'', '=', '|'], "_"));
    let mut data = Vec::new();
    if let Some(end) = account.expires_at {
        let left = (end - report.generated_at).num_seconds();
        data.push(format!(
            "{}={left}s;{WARNING_SECONDS}:;{}:",
            label("token_left"),
            CRITICAL_WITHIN.num_seconds()
        ));
    }
    if let Some(jobs) = account.max_jobs {
        data.push(format!("{}={jobs};;;0", label("max_jobs")));
    }
    data
}

/// A bar begins performance data, a line break the details: neither may come from a name or an error.
fn plain(text: &str) -> String {
    text.replace('|', "/").replace(['\n', '\r'], " ")
}
