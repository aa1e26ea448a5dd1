//! Alerts, and the rule of each kind in a file of its own: when it fires, when it resolves, and its sentences.
//!
//! Rules compare what is stored with the open alerts (levels, not edges), so a crash between two steps loses nothing. One cause
//! raises one alert. A text is updated only together with a stage, severity or expiry, so unchanged alerts cost no write. Each resolved
//! alert says why: ended, renewed, or no longer watched. What left the configuration did not recover, so its sentence repeats what was
//! last known. Who is notified of an alert is left to `notification`.

mod account_error;
mod account_jobs;
mod alert;
mod by_subject;
mod cause;
mod credits_low;
mod delivery_failing;
mod expiry;
mod expiry_unknown;
mod fault;
mod jobs_failing;
mod malformed;
mod not_found;
mod out_of_credits;
mod rule;
mod services_in_error;
mod subscription_lapsed;
mod transition;
mod unauthorized;
mod unreachable;

use strum::IntoEnumIterator;

use super::account::AccountKey;
use super::account_state::{AccountRecord, Fault};
use super::policy::Policy;
use super::time::{Timestamp, minute};
use account_jobs::{Explanations, JobsInput};
use cause::SubscriptionAccounts;
use rule::{AccountInput, Rule};

pub use super::severity::Severity;
pub use account_jobs::{AccountJobs, EXPLAINING_KINDS};
pub use alert::{Alert, AlertId, AlertKind, Condition, Resolution, Subject};
pub use by_subject::FiringAlerts;
pub use cause::{SubscriptionInput, SubscriptionTotals};
pub use delivery_failing::{ReceiverHealth, evaluate as evaluate_receiver};
pub use transition::{OpenAlerts, Resolved, Transition};

impl AlertKind {
    const fn rule(self) -> Rule {
        match self {
            Self::Expiry => Rule::Account(expiry::evaluate),
            Self::ExpiryUnknown => Rule::Account(expiry_unknown::evaluate),
            Self::Unauthorized => Rule::Subscription(unauthorized::evaluate),
            Self::SubscriptionLapsed => Rule::Subscription(subscription_lapsed::evaluate),
            Self::NotFound => Rule::Account(|account| account.evaluate_fault(&not_found::ALERT)),
            Self::AccountError => Rule::Account(account_error::evaluate),
            Self::Unreachable => Rule::Subscription(unreachable::evaluate),
            Self::Malformed => Rule::Subscription(malformed::evaluate),
            Self::DeliveryFailing => Rule::Receiver,
            Self::JobsFailing => Rule::Jobs(jobs_failing::evaluate),
            Self::OutOfCredits => Rule::Jobs(out_of_credits::evaluate),
            Self::CreditsLow => Rule::Jobs(credits_low::evaluate),
            Self::ServicesInError => Rule::Subscription(services_in_error::evaluate),
        }
    }

    /// Every severity that an alert of this kind can have.
    pub const fn severities(self) -> &'static [Severity] {
        match self {
            Self::Expiry | Self::JobsFailing => &[Severity::Warning, Severity::Critical],
            Self::Unauthorized
            | Self::SubscriptionLapsed
            | Self::NotFound
            | Self::AccountError
            | Self::OutOfCredits => &[Severity::Critical],
            Self::ExpiryUnknown
            | Self::Unreachable
            | Self::Malformed
            | Self::DeliveryFailing
            | Self::CreditsLow => &[Severity::Warning],
            Self::ServicesInError => &[Severity::Info],
        }
    }

    /// Whether an alert of this kind is repeated while it fires.
    pub const fn has_reminders(self) -> bool {
        !matches!(self, Self::ServicesInError)
    }

    /// Whether an alert of this kind can be about a whole subscription.
    pub const fn concerns_subscriptions(self) -> bool {
        matches!(self.rule(), Rule::Subscription(_))
    }
}

/// The transitions of a subscription's alerts and those of its accounts.
pub fn evaluate_subscription(
    input: &SubscriptionInput<'_>,
    open: &OpenAlerts<'_>,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Transition> {
    let mut transitions = Vec::new();
    for record in input.records.iter().filter(|record| !record.account.is_listing()) {
        let credits = input.credits.get(&record.account);
        let account = AccountInput { credits, ..AccountInput::new(record, open, policy, now) };
        for kind in AlertKind::iter() {
            if let Rule::Account(evaluate) = kind.rule() {
                transitions.extend(evaluate(&account));
            }
        }
    }
    let subscription = SubscriptionAccounts::new(input, open, policy);
    for kind in AlertKind::iter() {
        if let Rule::Subscription(evaluate) = kind.rule() {
            transitions.extend(evaluate(&subscription));
        }
    }
    transitions.extend(evaluate_jobs(input, open, policy, (&transitions, now)));
    transitions
}

/// The transitions of the alerts about jobs and credits, once `others` are made.
fn evaluate_jobs(
    input: &SubscriptionInput<'_>,
    open: &OpenAlerts<'_>,
    policy: &Policy,
    (others, now): (&[Transition], Timestamp),
) -> Vec<Transition> {
    let rules = AlertKind::iter().filter_map(|kind| match kind.rule() {
        Rule::Jobs(evaluate) => Some((kind, evaluate)),
        Rule::Account(_) | Rule::Subscription(_) | Rule::Receiver => None,
    });
    let rules: Vec<_> = rules.collect();
    let has_alert = |account: &AccountKey| {
        let subject = Subject::Account(account.clone());
        rules.iter().any(|(kind, _)| open.find(&subject, *kind).is_some())
    };
    let explanations = Explanations::new(open, others);
    // Jobs without a known account are stored with the empty id, which is that of the list.
    let accounts = input.records.iter().map(|record| &record.account).filter(|one| !one.is_listing());
    let concerned = accounts.filter(|account| {
        input.jobs.contains_key(account) || input.credits.contains_key(account) || has_alert(account)
    });
    let explained = concerned.map(|account| (account, explanations.explaining(account)));
    let inputs = explained.map(|(account, (explained_by, explanation_ends))| JobsInput {
        account,
        jobs: input.jobs.get(account),
        credits: input.credits.get(account),
        policy,
        explained_by,
        explanation_ends,
        open,
        now,
    });
    inputs
        .flat_map(|input| rules.iter().filter_map(move |(_, evaluate)| evaluate(&input)).collect::<Vec<_>>())
        .collect()
}

/// The transitions of one account's alerts that time alone causes: those of `expiry`. Every other kind needs a check.
pub fn evaluate_expiry(
    record: &AccountRecord,
    open: &OpenAlerts<'_>,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Transition> {
    expiry::evaluate(&AccountInput::new(record, open, policy, now))
}

/// The refusals that a sibling's later `ok` disproved. They must be cleared: otherwise they count again when that sibling leaves
/// the subscription, or together with the next refusal.
pub fn outdated_faults(
    input: &SubscriptionInput<'_>,
    open: &OpenAlerts<'_>,
    policy: &Policy,
) -> Vec<(AccountKey, Fault)> {
    let subscription = SubscriptionAccounts::new(input, open, policy);
    let refusals = subscription.outdated(Fault::Unauthorized, &unauthorized::attribute(&subscription));
    let lapses =
        subscription.outdated(Fault::SubscriptionLapsed, &subscription_lapsed::attribute(&subscription));
    [refusals, lapses].concat()
}

/// Resolves an alert whose account, subscription or receiver left the configuration. Whether its condition is still true is
/// unknown, so the sentence repeats what was last known.
pub fn resolve_unwatched(alert: &Alert, now: Timestamp) -> Transition {
    let condition = &alert.condition;
    if matches!(condition.subject, Subject::Subscription(_)) && !condition.kind.concerns_subscriptions() {
        return resolve_unjudged(alert);
    }
    let subject = match condition.subject {
        Subject::Account(_) => "account",
        Subject::Subscription(_) => "subscription",
        Subject::Receiver(_) => "receiver",
    };
    let last_known = match condition.expires_at {
        Some(at) if at <= now => format!("Its last known expiry was {}.", minute(at)),
        Some(at) => format!("Its last known expiry is {}.", minute(at)),
        None => format!("Last known: {}", condition.detail),
    };
    Transition::Resolve(Resolved {
        id: alert.id.clone(),
        detail: format!("No longer watched: the {subject} left the configuration. {last_known}"),
        renewed_until: None,
        resolution: Resolution::NoLongerWatched,
    })
}

/// Resolves an alert that an unreleased version opened about jobs of no known account.
fn resolve_unjudged(alert: &Alert) -> Transition {
    let last_known = &alert.condition.detail;
    Transition::Resolve(Resolved {
        id: alert.id.clone(),
        detail: format!(
            "Jobs that name no watched account raise no alert any more. Last known: {last_known}"
        ),
        renewed_until: None,
        resolution: Resolution::Ended,
    })
}

#[cfg(test)]
pub(in crate::domain) mod tests;
