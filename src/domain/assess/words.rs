//! The one sentence of each alert.

use crate::domain::alert::{Condition, Severity, Subject};
use crate::domain::configuration::Configuration;
use crate::domain::observation::Outcome;
use crate::domain::standing::{Fault, Known, Standing};
use crate::domain::time::{Timestamp, minute};

/// An alert about a subscription names at most this many of its accounts.
const NAMED: usize = 10;

pub(super) fn end_detail(member: &Known, end: Timestamp, now: Timestamp) -> String {
    let verb = if end <= now { "ended" } else { "ends" };
    let other = member.configuration.as_ref().and_then(Configuration::contradicting_ends);
    match other {
        Some((expire, exp)) => format!(
            "The MiniMax token {verb} {}; the vendor gives two ends, exp_Expire {} and exp {}.",
            minute(end),
            minute(expire),
            minute(exp)
        ),
        None => format!("The MiniMax token {verb} {}.", minute(end)),
    }
}

/// ` Accounts: studio-a, studio-b.`, for those who must know whose jobs fail.
pub(super) fn names(bearers: &[&Known]) -> String {
    let accounts = || bearers.iter().filter(|member| !member.account.is_listing());
    let shown: Vec<&str> = accounts().map(|member| member.name.as_str()).take(NAMED).collect();
    match accounts().count().saturating_sub(shown.len()) {
        _ if shown.is_empty() => String::new(),
        0 => format!(" Accounts: {}.", shown.join(", ")),
        more => format!(" Accounts: {} and {more} more.", shown.join(", ")),
    }
}

pub(super) fn fault_condition(
    subject: Subject,
    fault: Fault,
    affected: u32,
    standing: &Standing,
) -> Condition {
    let sentence = match fault {
        Fault::Unauthorized => "useapi.net refuses the API token",
        Fault::SubscriptionLapsed => "useapi.net says that the subscription lapsed",
        Fault::NotFound => "useapi.net has no configuration for this account",
        Fault::AccountError => "useapi.net reports that the linked MiniMax account is in error",
        Fault::Malformed => "useapi.net answers something that cannot be read",
    };
    let severity = match fault {
        Fault::Malformed => Severity::Warning,
        Fault::Unauthorized | Fault::SubscriptionLapsed | Fault::NotFound | Fault::AccountError => {
            Severity::Critical
        }
    };
    let shown = standing.outcome.and_then(Fault::of) == Some(fault);
    let detail = match standing.error.as_deref().filter(|_| shown) {
        // Exactly as long as it is: ten thousand may come at once.
        Some(said) => [sentence, ": ", said.trim_end_matches('.'), "."].concat(),
        None => [sentence, "."].concat(),
    };
    Condition { subject, kind: fault.kind(), stage: None, severity, expires_at: None, detail, affected }
}

pub(super) fn silence_detail(standing: &Standing) -> String {
    let since =
        standing.no_verdict_since.map(|since| format!(" since {}", minute(since))).unwrap_or_default();
    match &standing.error {
        Some(error) => format!("No answer that says anything{since}: {}.", error.trim_end_matches('.')),
        None => format!("No answer that says anything{since}."),
    }
}

pub(super) fn healthy_again(standing: &Standing) -> String {
    match standing.last_ok_at {
        Some(at) => format!("It answers well again since {}.", minute(at)),
        None => "It answers well again.".to_owned(),
    }
}

pub(super) fn answered_again(standing: &Standing) -> String {
    match (standing.outcome, standing.last_verdict_at) {
        (Some(Outcome::Ok), _) | (_, None) => healthy_again(standing),
        (_, Some(at)) => format!("It answers again since {}.", minute(at)),
    }
}
