//! The one sentence of each alert.

use std::fmt::Write;

use chrono::TimeDelta;

use crate::domain::alert::{Condition, Severity, Subject};
use crate::domain::expiry_tracking::{
    EffectiveExpiry, ExpiryMember, ReadState, TrackedExpiries, TrackedExpiry,
};
use crate::domain::observation::Outcome;
use crate::domain::standing::{Fault, Known, Standing};
use crate::domain::text::quoted;
use crate::domain::time::{Timestamp, minute};

/// An alert about a subscription names at most this many of its accounts.
const NAMED: usize = 10;

/// When the token ends, and what the vendor says otherwise: the other end, and an end that is missing or cannot be read.
pub(super) fn end_detail(standing: &Standing, effective: &EffectiveExpiry, now: Timestamp) -> String {
    let verb = if effective.at <= now { "ended" } else { "ends" };
    let mut detail = format!("The MiniMax token {verb} {}", minute(effective.at));
    let expiries = &standing.expiries;
    let contradict = match [&expiries.exp_expire, &expiries.exp].map(|tracked| (tracked.state, tracked.last))
    {
        [(ReadState::Read, Some(expire)), (ReadState::Read, Some(exp))] => {
            ((expire - exp).abs() > TimeDelta::minutes(1)).then_some((expire, exp))
        }
        _ => None,
    };
    if let Some((expire, exp)) = contradict {
        let _ = write!(
            detail,
            "; the vendor gives two ends, exp_Expire {} and exp {}",
            minute(expire),
            minute(exp)
        );
    }
    detail.push('.');
    let known = expiries
        .by_name()
        .into_iter()
        .filter(|(_, tracked)| tracked.last.is_some() || tracked.state == ReadState::Unreadable);
    for (member, tracked) in known {
        detail.push_str(&unread_words(member, tracked));
    }
    detail
}

/// What is to be said of an end that the last healthy answer did not hold in a readable form.
fn unread_words(member: ExpiryMember, tracked: &TrackedExpiry) -> String {
    let name = member.as_str();
    let state = match (tracked.state, &tracked.text) {
        (ReadState::Read, _) => return String::new(),
        (ReadState::Unreadable, Some(text)) => format!(" {name} cannot be read: {}", quoted(text)),
        (ReadState::Unreadable, None) => format!(" {name} cannot be read"),
        (ReadState::Missing, _) => format!(" {name} is missing"),
    };
    match (tracked.last, tracked.seen_at) {
        (Some(last), Some(seen)) => {
            format!("{state}; it was {} when last seen {}.", minute(last), minute(seen))
        }
        _ => format!("{state}."),
    }
}

/// That a healthy answer held no end, and what it held instead.
pub(super) fn unusable_ends(expiries: &TrackedExpiries) -> String {
    let mut detail =
        "The account answers well, but its configuration holds no usable end of the token.".to_owned();
    let unreadable =
        expiries.by_name().into_iter().filter(|(_, tracked)| tracked.state == ReadState::Unreadable);
    for (member, tracked) in unreadable {
        detail.push_str(&unread_words(member, tracked));
    }
    detail
}

/// That nobody watches the subject any more, and what was known at that moment.
pub(super) fn no_longer_watched(condition: &Condition, now: Timestamp) -> String {
    let left = match condition.subject {
        Subject::Account(_) => "No longer watched: the account left the configuration.",
        Subject::Subscription(_) => "No longer watched: the subscription left the configuration.",
        Subject::Receiver(_) => "No longer watched: the receiver left the configuration.",
    };
    match condition.expires_at {
        Some(end) if end <= now => format!("{left} The last known end of its token was {}.", minute(end)),
        Some(end) => format!("{left} The last known end of its token is {}.", minute(end)),
        None => format!("{left} Last known: {}", condition.detail),
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
