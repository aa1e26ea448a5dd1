//! Every rule with its inputs. Whether it fires is read from the alerts that the rules themselves left.

use super::gathered::Gathered;
use super::{RuleAlert, RuleReport};
use crate::domain::alert::{Alert, AlertKind, Subject};
use crate::domain::observation::Outcome;
use crate::domain::standing::{Fault, Standing};
use crate::domain::text::one_line;
use crate::domain::time::{Timestamp, in_words, minute, relative};
use crate::report::AckReport;

/// What a 403 means, the one outcome without a verdict that has advice of its own.
const BLOCKED: &str = "; the protection in front of useapi.net refuses this machine's IP address or user agent, not the account";

/// The rules about accounts and subscriptions, in the contract's order.
pub(super) fn rules(gathered: &Gathered<'_>) -> Vec<RuleReport> {
    let kinds = AlertKind::ALL.into_iter().filter(|kind| *kind != AlertKind::DeliveryFailing);
    kinds.map(|kind| rule(gathered, kind)).collect()
}

fn rule(gathered: &Gathered<'_>, kind: AlertKind) -> RuleReport {
    let account = &gathered.known.account;
    let about = |alert: &&Alert| {
        alert.is_firing()
            && alert.condition.kind == kind
            && match &alert.condition.subject {
                Subject::Account(of) => of == account,
                Subject::Subscription(name) => *name == account.subscription,
                Subject::Receiver(_) => false,
            }
    };
    let alert = gathered.scene.alerts.iter().find(about);
    let is_stored = |alert: &Alert| !alert.id.as_str().starts_with('(');
    RuleReport {
        kind,
        fires: alert.is_some(),
        why: why(gathered, kind, alert),
        alert: alert.map(|alert| RuleAlert {
            id: is_stored(alert).then(|| alert.id.clone()),
            shared: matches!(alert.condition.subject, Subject::Subscription(_)),
            affected: alert.condition.affected,
            stage: alert.condition.stage.map(|stage| stage.to_string()),
            severity: alert.condition.severity,
            opened_at: alert.opened_at,
            acknowledged: gathered.acks.get(&alert.id).map(AckReport::of),
        }),
    }
}

fn why(gathered: &Gathered<'_>, kind: AlertKind, alert: Option<&Alert>) -> String {
    let standing = gathered.known.standing_under(gathered.scene.policy);
    let now = gathered.now;
    match kind {
        AlertKind::Expiry => expiry(gathered, &standing),
        AlertKind::ExpiryUnknown if standing.end_missing => {
            "the last healthy look held no usable end, and none is known from before".to_owned()
        }
        AlertKind::ExpiryUnknown => match standing.last_ok_at {
            Some(at) => format!("an end is known; the last healthy look was {}", relative(at, now)),
            None => "no look was healthy yet".to_owned(),
        },
        AlertKind::Unreachable => silence(gathered, &standing, alert),
        AlertKind::Unauthorized => fault(gathered, &standing, Fault::Unauthorized, alert),
        AlertKind::SubscriptionLapsed => fault(gathered, &standing, Fault::SubscriptionLapsed, alert),
        AlertKind::NotFound => fault(gathered, &standing, Fault::NotFound, alert),
        AlertKind::AccountError => fault(gathered, &standing, Fault::AccountError, alert),
        AlertKind::Malformed => fault(gathered, &standing, Fault::Malformed, alert),
        AlertKind::DeliveryFailing => "it is about receivers: see `minimax-watch alerts`".to_owned(),
    }
}

fn expiry(gathered: &Gathered<'_>, standing: &Standing) -> String {
    let Some(end) = standing.end else { return "no end of the token is known".to_owned() };
    let ladder = gathered.scene.policy.ladder(&gathered.known.account);
    let verb = if end <= gathered.now { "ended" } else { "ends" };
    let ends = format!("the token {verb} {} ({})", minute(end), relative(end, gathered.now));
    match (ladder.stage(end, gathered.now), ladder.leads().first()) {
        (Some(stage), _) => format!("{ends}: stage {stage} is reached"),
        (None, Some(longest)) => {
            format!("{ends}, farther than the longest lead time, {}", in_words(*longest))
        }
        (None, None) => format!("{ends}; there are no lead times"),
    }
}

fn silence(gathered: &Gathered<'_>, standing: &Standing, alert: Option<&Alert>) -> String {
    let limit = in_words(gathered.scene.policy.unreachable_after);
    match (standing.no_verdict_since, standing.last_verdict_at) {
        (Some(since), _) => {
            let long = in_words(standing.checked_at.map_or_else(Default::default, |at| at - since));
            let advice = standing.outcome.and_then(Outcome::advice);
            let advice = advice.map(|advice| format!("{BLOCKED}: {advice}")).unwrap_or_default();
            format!(
                "looks without a verdict since {}, over {long}; it fires from {limit} on{advice}",
                minute(since)
            )
        }
        (None, Some(at)) if alert.is_some() => {
            format!(
                "this account gave a verdict {}, others of its subscription did not",
                relative(at, gathered.now)
            )
        }
        (None, Some(at)) => format!("the last look gave a verdict, {}", relative(at, gathered.now)),
        (None, None) => "it was not looked at yet".to_owned(),
    }
}

fn fault(gathered: &Gathered<'_>, standing: &Standing, fault: Fault, alert: Option<&Alert>) -> String {
    let now = gathered.now;
    let last_ok = standing.last_ok_at.map_or_else(|| "never".to_owned(), |at| relative(at, now));
    let suspicion = standing.suspicion.filter(|suspicion| suspicion.fault == fault);
    let seen_now = standing.outcome.and_then(Fault::of) == Some(fault);
    let words = |at: Option<Timestamp>| at.map_or_else(String::new, |at| format!(", {}", relative(at, now)));
    if standing.faults.contains(&fault) {
        let said = standing.error.as_ref().filter(|_| seen_now).map(|said| format!(": {}", one_line(said)));
        let seen = if seen_now { "the last look saw it" } else { "it was seen and confirmed" };
        return format!("{seen}{}; it stands until an `ok` (last: {last_ok})", said.unwrap_or_default());
    }
    if let Some(suspicion) = suspicion {
        let (since, again) = (relative(suspicion.since, now), relative(suspicion.ask_at, now));
        return format!("seen once, {since}; believed when it is seen again (asked again {again})");
    }
    match standing.outcome {
        _ if alert.is_some() => "seen of other accounts of the subscription".to_owned(),
        None => "it was not looked at yet".to_owned(),
        Some(outcome) => format!("not seen: the last look saw {outcome}{}", words(standing.checked_at)),
    }
}
