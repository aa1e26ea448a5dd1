//! The inputs of the rules about credits in words.

use crate::domain::alerts::AlertKind;
use crate::domain::credits::{CreditsPolicy, CreditsState};
use crate::domain::duration;
use crate::domain::text::one_line;
use crate::domain::time::{Timestamp, relative};

/// What the rules about credits are given, while credits are watched.
pub(super) struct CreditFacts {
    pub(super) policy: CreditsPolicy,
    /// What is known of the account's credits; the default if it was not asked about yet.
    pub(super) state: CreditsState,
}

/// The inputs of `credits_low`.
pub(super) fn low(facts: Option<&CreditFacts>, is_out: bool, now: Timestamp) -> String {
    let Some(CreditFacts { policy, state }) = facts else {
        return "credits are not watched ([credits].watch)".to_owned();
    };
    let Some(outlook) = state.outlook else { return unknown(state) };
    let explained = if is_out {
        format!("; does not fire while {} is open", AlertKind::OutOfCredits)
    } else {
        String::new()
    };
    format!(
        "{}, read {}{}; fires below {}, or when they run out within {}{explained}",
        outlook.detail(policy).trim_end_matches('.'),
        relative(outlook.newest.at, now),
        failure(state),
        policy.low,
        duration::text(policy.lead_time)
    )
}

/// What the readings add to the inputs of `out_of_credits`.
pub(super) fn out(facts: &CreditFacts, now: Timestamp) -> String {
    let state = &facts.state;
    let Some(outlook) = state.outlook else { return unknown(state) };
    let (credits, at) = (outlook.newest.credits, relative(outlook.newest.at, now));
    format!("MiniMax reported {credits} credits {at}{}", failure(state))
}

/// What the readings add to the inputs of `account_error`.
pub(super) fn session(facts: &CreditFacts, now: Timestamp) -> String {
    let state = &facts.state;
    let error = state.session_error.as_deref().map(text).unwrap_or_default();
    match (state.dead_since, state.read_at) {
        (Some(since), _) => {
            let since = relative(since, now);
            let confirmed = if state.is_dead { "" } else { "; fires when a second reading confirms it" };
            format!(
                "the reading of its credits shows a dead session ({error}), first seen {since}{confirmed}"
            )
        }
        (None, Some(at)) => {
            format!("MiniMax answered for the account {}{}", relative(at, now), failure(state))
        }
        (None, None) => unknown(state),
    }
}

fn unknown(state: &CreditsState) -> String {
    match &state.failure {
        Some(error) => format!("the credits could not be read: {}", text(error)),
        None if state.read_at.is_some() => "MiniMax reported no number of credits".to_owned(),
        None => "the credits were not read yet".to_owned(),
    }
}

fn failure(state: &CreditsState) -> String {
    let error = state.failure.as_deref();
    error.map(|error| format!(" (the last reading failed: {})", text(error))).unwrap_or_default()
}

fn text(error: &str) -> String {
    one_line(error).trim_end_matches('.').to_owned()
}
