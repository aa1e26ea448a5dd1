//! `credits_low`: fewer credits than `[credits].low`, or gone within `[credits].lead_time` at the pace of the last 7 days. A warning;
//! resolves a tenth above both.
//!
//! When credits are low is decided by `domain::credits`. One cause is one alert: an account without any credits is the matter of
//! `out_of_credits`, which explains an open `credits_low` and ends it.

use super::account_jobs::{CREDITS_UNWATCHED, JobsInput, JobsVerdict};
use super::alert::AlertKind;
use super::out_of_credits;
use super::transition::Transition;
use crate::domain::credits::{CreditsDecision, CreditsOutlook, CreditsPolicy};
use crate::domain::severity::Severity;

pub(super) fn evaluate(input: &JobsInput<'_>) -> Option<Transition> {
    let outlook = input.credits.and_then(|state| state.outlook.as_ref());
    let verdict = match (input.policy.credits, outlook) {
        (None, _) => JobsVerdict::LosesSource(CREDITS_UNWATCHED),
        (Some(_), _) if is_out_of_credits(input) => JobsInput::explained(AlertKind::OutOfCredits),
        (Some(_), None) => JobsVerdict::SaysNothing,
        (Some(policy), Some(outlook)) => verdict(input, outlook, &policy),
    };
    input.transition(AlertKind::CreditsLow, verdict)
}

/// Whether `out_of_credits` fires once its transition is made.
fn is_out_of_credits(input: &JobsInput<'_>) -> bool {
    match out_of_credits::evaluate(input) {
        Some(transition) => !matches!(transition, Transition::Resolve(_)),
        None => input.open_alert(AlertKind::OutOfCredits).is_some(),
    }
}

fn verdict(input: &JobsInput<'_>, outlook: &CreditsOutlook, policy: &CreditsPolicy) -> JobsVerdict {
    match outlook.evaluate(policy, input.now) {
        // Newer evidence, or an alert that explains it, speaks against `out_of_credits`.
        CreditsDecision::Firing if outlook.newest.credits == 0 => JobsVerdict::SaysNothing,
        CreditsDecision::Firing => JobsVerdict::Fires(Severity::Warning, outlook.detail(policy)),
        CreditsDecision::Recovered => JobsVerdict::Ends(outlook.detail(policy)),
        CreditsDecision::SaysNothing => JobsVerdict::SaysNothing,
    }
}
