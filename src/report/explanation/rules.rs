//! Each alert rule with its inputs in words. Whether it fires is read from the evaluated alerts.

use super::context::Context;
use super::credits::{self, CreditFacts};
use super::jobs::{self, JobsInputs};
use crate::domain::account_state::Fault;
use crate::domain::alerts::{Alert, AlertId, AlertKind, EXPLAINING_KINDS, Severity, Subject};
use crate::domain::observation::Outcome;
use crate::domain::text::one_line;
use crate::domain::time::{Timestamp, dated, in_words, minute, relative, seconds};
use crate::report::plan::PlanReport;
use crate::store::Ack;
use schemars::JsonSchema;
use serde::Serialize;
use strum::IntoEnumIterator;

/// One alert rule and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleReport {
    /// The kind of alert that it raises.
    pub kind: AlertKind,
    /// Whether its alert fires.
    pub fires: bool,
    /// Its inputs, in a sentence.
    pub why: String,
    /// The alert that fires.
    pub alert: Option<RuleAlert>,
}

/// The alert that a rule raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleAlert {
    /// Its id; `null` when the next evaluation opens it.
    pub id: Option<AlertId>,
    /// Whether it is about the whole subscription.
    pub shared: bool,
    /// How many accounts it affects.
    pub affected: u32,
    /// The stage that is reached; `expiry` only.
    pub stage: Option<String>,
    /// Its severity.
    pub severity: Severity,
    /// Since when it fires.
    #[serde(serialize_with = "seconds::serialize")]
    pub opened_at: Timestamp,
    /// Its acknowledgement, if there is one.
    pub acknowledged: Option<Ack>,
}

/// What a 403 means; the only inconclusive outcome that comes with advice.
const BLOCKED: &str = "; the protection in front of useapi.net refuses this machine's IP address or user agent, not the account";

/// The rules about accounts and subscriptions, in the contract's order.
pub(super) fn rules(context: &Context<'_>) -> Vec<RuleReport> {
    let kinds = AlertKind::iter().filter(|kind| *kind != AlertKind::DeliveryFailing);
    kinds.map(|kind| rule(context, kind)).collect()
}

fn rule(context: &Context<'_>, kind: AlertKind) -> RuleReport {
    let alert = context.firing(kind);
    RuleReport {
        kind,
        fires: alert.is_some(),
        why: why(context, kind, alert),
        alert: alert.map(|alert| RuleAlert {
            id: context.stored.get(&alert.id).cloned(),
            shared: matches!(alert.condition.subject, Subject::Subscription(_)),
            affected: alert.condition.affected,
            stage: alert.condition.stage.map(|stage| stage.to_string()),
            severity: alert.condition.severity,
            opened_at: alert.opened_at,
            acknowledged: context.acks.get(&alert.id).cloned(),
        }),
    }
}

fn why(context: &Context<'_>, kind: AlertKind, alert: Option<&Alert>) -> String {
    match kind {
        AlertKind::Expiry => expiry(context),
        AlertKind::ExpiryUnknown if context.state.expiry_missing => {
            "the last successful check held no usable expiry, and none is known from before".to_owned()
        }
        AlertKind::ExpiryUnknown => match context.state.last_ok_at {
            Some(at) => {
                format!("an expiry is known; the last successful check was {}", relative(at, context.now))
            }
            None => "no check was successful yet".to_owned(),
        },
        AlertKind::Unreachable => unreachable(context, alert),
        AlertKind::Unauthorized => fault(context, Fault::Unauthorized, alert),
        AlertKind::SubscriptionLapsed => lapse(context, alert),
        AlertKind::NotFound => fault(context, Fault::NotFound, alert),
        AlertKind::AccountError => {
            let by_checks = fault(context, Fault::AccountError, None);
            with_credits(context, by_checks, credits::session)
        }
        AlertKind::Malformed => fault(context, Fault::Malformed, alert),
        AlertKind::DeliveryFailing => "about receivers: see `minimax-watch alerts`".to_owned(),
        AlertKind::JobsFailing => jobs::failing(&jobs_inputs(context)),
        AlertKind::OutOfCredits => {
            with_credits(context, jobs::out_of_credits(&jobs_inputs(context)), credits::out)
        }
        AlertKind::CreditsLow => {
            let is_out = context.firing(AlertKind::OutOfCredits).is_some();
            credits::low(context.credits.as_ref(), is_out, context.now)
        }
        AlertKind::ServicesInError => match &context.plan {
            Some(plan) if plan.active.is_some() => {
                let in_error = plan.services_in_error.iter();
                let names: Vec<String> = in_error.map(|service| service.name.clone()).collect();
                let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                format!("other services with accounts in error: {names}{}", read_at(plan, context.now))
            }
            plan => plan_unknown(context, plan.as_ref()),
        },
    }
}

/// What the first source says, and what the credits add while they are watched.
fn with_credits(context: &Context<'_>, first: String, add: fn(&CreditFacts, Timestamp) -> String) -> String {
    match &context.credits {
        Some(facts) => format!("{first}; {}", add(facts, context.now)),
        None => first,
    }
}

fn jobs_inputs<'a>(context: &'a Context<'_>) -> JobsInputs<'a> {
    let explained_by = EXPLAINING_KINDS.into_iter().find(|kind| context.firing(*kind).is_some());
    JobsInputs { facts: context.jobs.as_ref(), explained_by, now: context.now }
}

/// What checks and the plan say.
fn lapse(context: &Context<'_>, alert: Option<&Alert>) -> String {
    let plan = match &context.plan {
        Some(plan) if plan.active == Some(false) => {
            let by_checks = fault(context, Fault::SubscriptionLapsed, None);
            let confirmed = if alert.is_none() { "; fires when a second reading confirms it" } else { "" };
            return format!("the plan is not active{}{confirmed}; {by_checks}", read_at(plan, context.now));
        }
        Some(plan) if plan.active.is_some() => format!("the plan is active{}", read_at(plan, context.now)),
        plan => plan_unknown(context, plan.as_ref()),
    };
    let by_checks = fault(context, Fault::SubscriptionLapsed, alert);
    format!("{by_checks}; {plan}")
}

/// `, read 15 min ago`, and that the last reading failed, if it did.
fn read_at(plan: &PlanReport, now: Timestamp) -> String {
    let read = plan.read_at.map(|at| format!(", read {}", relative(at, now))).unwrap_or_default();
    match &plan.error {
        Some(error) => format!("{read} (the last reading failed: {})", one_line(error).trim_end_matches('.')),
        None => read,
    }
}

fn plan_unknown(context: &Context<'_>, plan: Option<&PlanReport>) -> String {
    match plan.and_then(|plan| plan.error.as_ref()) {
        _ if !context.config.plan.watch => "plans are not watched ([plan].watch)".to_owned(),
        Some(error) => format!("the plan could not be read: {}", one_line(error).trim_end_matches('.')),
        None => "the plan was not read yet".to_owned(),
    }
}

fn expiry(context: &Context<'_>) -> String {
    let Some(expires_at) = context.state.expires_at else { return "no expiry is known".to_owned() };
    let lead_times = context.policy.lead_times(&context.record.account);
    let verb = if expires_at <= context.now { "expired" } else { "expires" };
    let expires = format!("the token {verb} {}", dated(expires_at, context.now));
    match (lead_times.stage(expires_at, context.now), lead_times.as_slice().first()) {
        (Some(stage), _) => format!("{expires}: stage {stage} is reached"),
        (None, Some(longest)) => format!("{expires}, beyond the longest lead time, {}", in_words(*longest)),
        (None, None) => format!("{expires}; no lead times are configured"),
    }
}

fn unreachable(context: &Context<'_>, alert: Option<&Alert>) -> String {
    let state = &context.state;
    match (state.unreachable_since, state.last_conclusive_at) {
        (Some(since), _) => {
            let lasted = in_words(state.checked_at.map_or_else(Default::default, |at| at - since));
            let limit = in_words(context.policy.unreachable_after);
            let advice = state.outcome.and_then(Outcome::advice);
            let advice = advice.map(|advice| format!("{BLOCKED}: {advice}")).unwrap_or_default();
            format!("inconclusive checks since {}, for {lasted}; it fires at {limit}{advice}", minute(since))
        }
        (None, Some(at)) if alert.is_some() => format!(
            "this account had a conclusive check {}, others of its subscription did not",
            relative(at, context.now)
        ),
        (None, Some(at)) => format!("the last check was conclusive, {}", relative(at, context.now)),
        (None, None) => "not checked yet".to_owned(),
    }
}

fn fault(context: &Context<'_>, fault: Fault, alert: Option<&Alert>) -> String {
    let (state, now) = (&context.state, context.now);
    if state.faults.contains(&fault) {
        let last_ok = state.last_ok_at.map_or_else(|| "never".to_owned(), |at| relative(at, now));
        let seen = match &state.error {
            _ if state.outcome.and_then(Fault::from_outcome) != Some(fault) => {
                "seen and confirmed".to_owned()
            }
            Some(error) => format!("seen by the last check: {}", one_line(error)),
            None => "seen by the last check".to_owned(),
        };
        return format!("{seen}; stays open until a check is ok (last: {last_ok})");
    }
    if let Some(unconfirmed) = state.unconfirmed.filter(|unconfirmed| unconfirmed.fault == fault) {
        let (since, recheck) = (relative(unconfirmed.since, now), relative(unconfirmed.recheck_at, now));
        return format!("seen once, {since}; fires when a second check confirms it ({recheck})");
    }
    match state.outcome {
        _ if alert.is_some() => "seen by checks of other accounts of the subscription".to_owned(),
        None => "not checked yet".to_owned(),
        Some(outcome) => {
            let at = state.checked_at.map_or_else(String::new, |at| format!(", {}", relative(at, now)));
            format!("the last outcome was {outcome}{at}")
        }
    }
}
