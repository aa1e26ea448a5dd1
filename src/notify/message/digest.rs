//! The sections of a digest for people, in the order of their urgency.
//!
//! Guarantees: as those of `context`. A section without entries says so in a sentence: a digest shows what was looked at.

use serde::Serialize;

use super::times::Times;
use crate::domain::alerts::AlertKind;
use crate::domain::message::{Digest, DigestAccount, FailedMessage};
use crate::domain::observation::Outcome;
use crate::domain::summary;
use crate::domain::text::{self, one_line};
use crate::domain::verdict::Verdict;

/// Names of healthy accounts that a digest shows; the others are counted.
const MAX_WELL: usize = 40;

/// One section of a digest.
#[derive(Serialize)]
pub(super) struct DigestSection {
    title: String,
    /// Tags, which may be empty, and lines.
    lines: Vec<(String, String)>,
    /// How many entries it leaves out.
    unlisted: usize,
}

/// What needs attention, what expires next, what changed, what was not delivered, and what is well.
pub(super) fn digest_sections(digest: &Digest, times: Times<'_>) -> Vec<DigestSection> {
    let totals = &digest.totals;
    let since = times.minute(digest.since);
    let needs_attention = |account: &&DigestAccount| account.verdict != Verdict::Ok;
    let attention = digest.accounts.iter().filter(needs_attention);
    let attention = attention.map(|account| (verdict_tag(account.verdict), account_line(account, times)));
    let expiring = digest.expiring.iter().map(|expiry| {
        let name = text::name(&expiry.account.name);
        (String::new(), format!("{name}: token expires {}", times.dated(expiry.expires_at)))
    });
    let changes = digest.changes.iter().map(|change| {
        let tag = change.severity.as_str().to_ascii_uppercase();
        (tag, format!("{}, seen {}", summary::change_line(change), times.minute(change.at)))
    });
    let failed = digest.failed.iter().map(|failed| (String::new(), failed_line(failed, times)));
    let mut sections = vec![
        DigestSection::new("Needs attention", attention.collect(), totals.attention, "No account."),
        DigestSection::new(
            "Expires next",
            expiring.collect(),
            totals.expiring,
            "No token expires within 14 days.",
        ),
        DigestSection::new("Changed", changes.collect(), totals.changes, &format!("Nothing since {since}.")),
        DigestSection::new(
            "Not delivered",
            failed.collect(),
            totals.failed,
            &format!("No message failed since {since}."),
        ),
    ];
    sections.extend(well(digest));
    sections
}

impl DigestSection {
    fn new(title: &str, lines: Vec<(String, String)>, total: usize, none: &str) -> Self {
        if total == 0 {
            let lines = vec![(String::new(), none.to_owned())];
            return Self { title: title.to_owned(), lines, unlisted: 0 };
        }
        let unlisted = total.saturating_sub(lines.len());
        Self { title: format!("{title} ({total})"), lines, unlisted }
    }
}

/// The healthy accounts by name, all in one line; none when no account is healthy.
fn well(digest: &Digest) -> Option<DigestSection> {
    let total = digest.totals.accounts.saturating_sub(digest.totals.attention);
    let is_well = |account: &&DigestAccount| account.verdict == Verdict::Ok;
    let names: Vec<String> = digest
        .accounts
        .iter()
        .filter(is_well)
        .take(MAX_WELL)
        .map(|account| text::name(&account.name))
        .collect();
    let lines = if names.is_empty() { Vec::new() } else { vec![(String::new(), names.join(", "))] };
    let unlisted = total.saturating_sub(names.len());
    (total > 0).then(|| DigestSection { title: format!("Well ({total})"), lines, unlisted })
}

fn verdict_tag(verdict: Verdict) -> String {
    verdict.as_str().to_ascii_uppercase()
}

/// `studio-a: not found; token expires 2026-11-26 07:15 UTC (in 3 days)`.
fn account_line(account: &DigestAccount, times: Times<'_>) -> String {
    let expiry = account.expires_at.map(|expiry| {
        let verb = if expiry > times.now { "expires" } else { "expired" };
        format!("token {verb} {}", times.dated(expiry))
    });
    // The date says more than the name of the alert.
    let kinds = account.alerts.iter().filter(|kind| **kind != AlertKind::Expiry || expiry.is_none());
    let mut reasons: Vec<String> = kinds.map(|kind| kind.as_str().replace('_', " ")).collect();
    match account.outcome {
        None => reasons.push("not checked yet".to_owned()),
        Some(outcome) if reasons.is_empty() && outcome != Outcome::Ok => {
            reasons.push(format!("last check: {}", outcome.as_str().replace('_', " ")));
        }
        Some(_) => {}
    }
    let parts = [reasons.join(", "), expiry.unwrap_or_default()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}: {}", text::name(&account.name), parts.join("; "))
}

/// `pager: hooks.example.com answered 404; since 2026-11-23 07:15 UTC, failed permanently (msg_01J…)`.
fn failed_line(failed: &FailedMessage, times: Times<'_>) -> String {
    let result = match failed.next_attempt_at {
        Some(next) => format!("next attempt {}", times.minute(next)),
        None => "failed permanently".to_owned(),
    };
    let (receiver, id) = (text::name(failed.receiver.as_str()), text::name(failed.message.as_str()));
    format!("{receiver}: {}; since {}, {result} ({id})", one_line(&failed.error), times.minute(failed.since))
}

#[cfg(test)]
mod tests {
    use crate::notify::message::ChatText;
    use crate::notify::tests::samples;

    #[test]
    fn chats_show_every_section_of_a_digest() {
        for name in ["digest-well", "digest-everything"] {
            let (_, message) = samples::all().into_iter().find(|(found, _)| found == name).unwrap();
            let text = ChatText::new(&message, &samples::receiver(samples::webhook())).unwrap();
            let shown = format!("{}\n\n{}", text.title, ChatText::plain(&text.lines));
            insta::with_settings!({prepend_module_to_snapshot => false}, {
                insta::assert_snapshot!(name, shown);
            });
        }
    }
}
