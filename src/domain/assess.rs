//! What should fire now, given what is known: the transitions that alerts have to make.
//!
//! Promises: level, not edge: computed from what is stored, so a crash between two steps loses nothing; one cause is
//! one alert. An alert's text moves only together with its stage, severity or end, so nothing is written for nothing.
//! Leaves who hears of it to `announce`.

use std::collections::{BTreeMap, BTreeSet};

use super::account::SubscriptionName;
use super::alert::{Alert, AlertId, AlertKind, Condition, Severity, Subject};
use super::configuration::Configuration;
use super::expiry;
use super::observation::Outcome;
use super::policy::Policy;
use super::standing::{Fault, Known, RunId, Standing};
use super::time::{Timestamp, minute};

/// An alert about a subscription names at most this many of its accounts.
const NAMED: usize = 10;

/// One step in an alert's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Begins to fire; an `expiry` that was resolved with this very end fires on.
    Open(Condition),
    /// Fires on with another stage, severity or end.
    Update(AlertId, Condition),
    /// Ends.
    Resolve {
        /// Which alert.
        id: AlertId,
        /// Why, in one sentence.
        detail: String,
        /// The end that replaced the one that was near; `expiry` only.
        renewed_until: Option<Timestamp>,
    },
}

/// The firing alerts among which a subscription is assessed.
#[derive(Debug, Default)]
pub struct Open<'a>(BTreeMap<(&'a Subject, AlertKind), &'a Alert>);

impl<'a> Open<'a> {
    /// Keeps those that fire.
    pub fn new(alerts: impl IntoIterator<Item = &'a Alert>) -> Self {
        let firing = alerts.into_iter().filter(|alert| alert.is_firing());
        Self(firing.map(|alert| ((&alert.condition.subject, alert.condition.kind), alert)).collect())
    }

    fn find(&self, subject: &Subject, kind: AlertKind) -> Option<&'a Alert> {
        self.0.get(&(subject, kind)).copied()
    }
}

/// Everything that should happen to the alerts of one subscription and its accounts.
pub fn subscription(
    name: &SubscriptionName,
    members: &[Known],
    open: &Open<'_>,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Transition> {
    let accounts: Vec<&Known> = members.iter().filter(|member| !member.account.is_listing()).collect();
    let mut transitions: Vec<Transition> =
        accounts.iter().flat_map(|member| account(member, open, policy, now)).collect();
    let group = Group {
        name,
        witnesses: members,
        members: if accounts.is_empty() { members.iter().collect() } else { accounts },
        open,
    };
    transitions.extend(group.refusals(Fault::Unauthorized));
    transitions.extend(group.refusals(Fault::SubscriptionLapsed));
    transitions.extend(group.silence(policy));
    transitions.extend(group.riddles());
    transitions
}

/// The end of alerts whose subject is watched no more.
pub fn unwatched(alert: &Alert) -> Transition {
    Transition::Resolve {
        id: alert.id.clone(),
        detail: "No longer watched: it left the configuration.".to_owned(),
        renewed_until: None,
    }
}

/// The kinds that are about one account alone.
fn account(member: &Known, open: &Open<'_>, policy: &Policy, now: Timestamp) -> Vec<Transition> {
    let subject = Subject::Account(member.account.clone());
    let standing = member.standing_under(policy);
    let mut transitions = Vec::new();
    let find = |kind| open.find(&subject, kind);
    transitions.extend(ending(member, &standing, find(AlertKind::Expiry), policy, now));
    let without_end = standing.end_missing.then(|| Condition {
        subject: subject.clone(),
        kind: AlertKind::ExpiryUnknown,
        stage: None,
        severity: Severity::Warning,
        expires_at: None,
        detail: "The account answers well, but its configuration holds no usable end of the token."
            .to_owned(),
        affected: 1,
    });
    transitions.extend(settle(find(AlertKind::ExpiryUnknown), without_end, || {
        "The configuration holds the token's end again.".to_owned()
    }));
    for fault in [Fault::NotFound, Fault::AccountError] {
        let condition =
            standing.faults.contains(&fault).then(|| fault_condition(subject.clone(), fault, 1, &standing));
        transitions.extend(settle(find(fault.kind()), condition, || healthy_again(&standing)));
    }
    transitions
}

/// The expiry clock. It resolves by a later end only; while an end goes back and forth the alert follows in place.
fn ending(
    member: &Known,
    standing: &Standing,
    open: Option<&Alert>,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Transition> {
    let Some(end) = standing.end else { return Vec::new() };
    let stage = policy.ladder(&member.account).stage(end, now);
    let condition = |stage| Condition {
        subject: Subject::Account(member.account.clone()),
        kind: AlertKind::Expiry,
        stage: Some(stage),
        severity: expiry::severity(end, now),
        expires_at: Some(end),
        detail: end_detail(member, end, now),
        affected: 1,
    };
    let Some(alert) = open else { return stage.map(condition).map(Transition::Open).into_iter().collect() };
    let told_end = alert.condition.expires_at.unwrap_or(end);
    if end > told_end && (standing.stepped_back_to.is_none() || stage.is_none()) {
        let renewal = Transition::Resolve {
            id: alert.id.clone(),
            detail: format!("A later end was seen: the token now ends {}.", minute(end)),
            renewed_until: Some(end),
        };
        return std::iter::once(renewal).chain(stage.map(condition).map(Transition::Open)).collect();
    }
    let Some(stage) = stage else { return Vec::new() };
    let condition = condition(stage);
    let graver = Some(stage) > alert.condition.stage || condition.severity > alert.condition.severity;
    if end != told_end || graver { vec![Transition::Update(alert.id.clone(), condition)] } else { Vec::new() }
}

fn end_detail(member: &Known, end: Timestamp, now: Timestamp) -> String {
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

/// A whole subscription, for the causes that its accounts share.
struct Group<'a> {
    name: &'a SubscriptionName,
    /// Its accounts; the look at its list of accounts stands in when there is none.
    members: Vec<&'a Known>,
    /// All whose `ok` proves the token: the accounts and the list.
    witnesses: &'a [Known],
    open: &'a Open<'a>,
}

impl Group<'_> {
    /// 401 and 402 are about the token or the plan, so about the subscription; a 401 is about an account only when a
    /// sibling's `ok` in the same run proves the token. A later `ok` proves the token and leaves older refusals without weight.
    fn refusals(&self, fault: Fault) -> Vec<Transition> {
        let refused = self.bearing(|standing| standing.faults.contains(&fault));
        let last_refusal = refused.iter().filter_map(|member| member.standing.verdict_run).max();
        let proof = self.last_ok_run().filter(|ok| Some(*ok) >= last_refusal);
        let whole = match (fault, proof) {
            (Fault::SubscriptionLapsed, proof) => proof <= last_refusal,
            (_, proof) => proof.is_none(),
        };
        let current = |member: &&Known| whole || member.standing.verdict_run >= proof;
        let bearers: Vec<&Known> = refused.iter().copied().filter(current).collect();
        self.shared(fault.kind(), &refused, &bearers, whole, |subject, affected, member| {
            fault_condition(subject, fault, affected, &member.standing)
        })
    }

    /// The last run in which the token was seen to work.
    fn last_ok_run(&self) -> Option<RunId> {
        self.witnesses.iter().filter_map(|member| member.standing.ok_run).max()
    }

    fn bearing(&self, fault: impl Fn(&Standing) -> bool) -> Vec<&Known> {
        self.members.iter().copied().filter(|member| fault(&member.standing)).collect()
    }

    /// No verdict for too long: judged by looks that failed, never by looks that were not made. Whether everybody is
    /// silent is measured up to the newest look, so that looks a moment apart do not split one cause. An open alert
    /// goes on for as long as nobody answers: neither an account that joins nor an edited threshold ends it.
    fn silence(&self, policy: &Policy) -> Vec<Transition> {
        let kind = AlertKind::Unreachable;
        let long = |standing: &Standing, until: Option<Timestamp>| {
            let streak = standing.no_verdict_since.zip(until);
            streak.is_some_and(|(since, until)| until - since >= policy.unreachable_after)
        };
        let silent = self.bearing(|standing| standing.no_verdict_since.is_some());
        let newest = silent.iter().filter_map(|member| member.standing.checked_at).max();
        let nobody_answers = silent.len() == self.bearing(|standing| standing.checked_at.is_some()).len();
        let fires = self.open.find(&Subject::Subscription(self.name.clone()), kind).is_some();
        let whole = nobody_answers && (fires || silent.iter().all(|member| long(&member.standing, newest)));
        let bearers =
            if whole { silent.clone() } else { self.bearing(|standing| long(standing, standing.checked_at)) };
        self.shared(kind, &silent, &bearers, whole, |subject, affected, member| Condition {
            subject,
            kind,
            stage: None,
            severity: Severity::Warning,
            expires_at: None,
            detail: silence_detail(&member.standing),
            affected,
        })
    }

    /// Answers that cannot be read: the subscription's when no account's answers say otherwise. An account that never
    /// gave a verdict, or whose riddle is still to be confirmed, does not.
    fn riddles(&self) -> Vec<Transition> {
        let bearers = self.bearing(|standing| standing.faults.contains(&Fault::Malformed));
        let readable = self.bearing(|standing| {
            let suspected = standing.suspicion.map(|suspicion| suspicion.fault) == Some(Fault::Malformed);
            standing.last_verdict_at.is_some() && !suspected && !standing.faults.contains(&Fault::Malformed)
        });
        self.shared(
            AlertKind::Malformed,
            &bearers,
            &bearers,
            readable.is_empty(),
            |subject, affected, member| {
                fault_condition(subject, Fault::Malformed, affected, &member.standing)
            },
        )
    }

    /// One alert for the subscription when the cause is shared, one for each account when it is not. An account that
    /// has its own alert keeps it for as long as it bears the fault, so that a partial run moves nothing to and fro.
    fn shared(
        &self,
        kind: AlertKind,
        faulty: &[&Known],
        bearers: &[&Known],
        whole: bool,
        condition: impl Fn(Subject, u32, &Known) -> Condition,
    ) -> Vec<Transition> {
        let own = |member: &Known| self.open.find(&Subject::Account(member.account.clone()), kind);
        let set = |of: &[&Known]| of.iter().map(|known| known.account.clone()).collect::<BTreeSet<_>>();
        let (is_faulty, bears) = (set(faulty), set(bearers));
        let mut transitions = Vec::new();
        for member in self.members.iter().filter(|member| !member.account.is_listing()) {
            let faulty = is_faulty.contains(&member.account);
            let opens = !whole && bears.contains(&member.account);
            let wanted = (opens || (faulty && own(member).is_some()))
                .then(|| condition(Subject::Account(member.account.clone()), 1, member));
            transitions.extend(settle(own(member), wanted, || answered_again(&member.standing)));
        }
        let unexplained = bearers.iter().find(|member| own(member).is_none());
        let affected = bearers.iter().filter(|member| !member.account.is_listing()).count();
        let subject = Subject::Subscription(self.name.clone());
        let wanted = unexplained.filter(|_| whole).map(|member| {
            let mut shared = condition(subject.clone(), u32::try_from(affected).unwrap_or(u32::MAX), member);
            shared.detail.push_str(&names(bearers));
            shared
        });
        let open = self.open.find(&subject, kind);
        transitions.extend(settle(open, wanted, || self.over(kind)));
        transitions
    }

    fn over(&self, kind: AlertKind) -> String {
        let well = self.members.iter().filter(|member| member.standing.outcome == Some(Outcome::Ok)).count();
        let accounts = self.members.iter().filter(|member| !member.account.is_listing()).count();
        match kind {
            AlertKind::Unauthorized => {
                format!("The API token is accepted again; {well} of {accounts} accounts answer well.")
            }
            _ => format!("{well} of {accounts} accounts answer well again."),
        }
    }
}

/// ` Accounts: studio-a, studio-b.`, for those who must know whose jobs fail.
fn names(bearers: &[&Known]) -> String {
    let accounts = || bearers.iter().filter(|member| !member.account.is_listing());
    let shown: Vec<&str> = accounts().map(|member| member.name.as_str()).take(NAMED).collect();
    match accounts().count().saturating_sub(shown.len()) {
        _ if shown.is_empty() => String::new(),
        0 => format!(" Accounts: {}.", shown.join(", ")),
        more => format!(" Accounts: {} and {more} more.", shown.join(", ")),
    }
}

/// Opens, updates or resolves by comparing what fires with what should. The text alone moves nothing: vendors put time
/// stamps into their error texts.
fn settle(
    open: Option<&Alert>,
    wanted: Option<Condition>,
    resolved: impl FnOnce() -> String,
) -> Option<Transition> {
    match (open, wanted) {
        (None, None) => None,
        (None, Some(condition)) => Some(Transition::Open(condition)),
        (Some(alert), None) => {
            Some(Transition::Resolve { id: alert.id.clone(), detail: resolved(), renewed_until: None })
        }
        (Some(alert), Some(condition)) => {
            let same = alert.condition.severity == condition.severity
                && alert.condition.affected == condition.affected;
            (!same).then(|| Transition::Update(alert.id.clone(), condition))
        }
    }
}

fn fault_condition(subject: Subject, fault: Fault, affected: u32, standing: &Standing) -> Condition {
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
        Some(said) => format!("{sentence}: {}.", said.trim_end_matches('.')),
        None => format!("{sentence}."),
    };
    Condition { subject, kind: fault.kind(), stage: None, severity, expires_at: None, detail, affected }
}

fn silence_detail(standing: &Standing) -> String {
    let since =
        standing.no_verdict_since.map(|since| format!(" since {}", minute(since))).unwrap_or_default();
    match &standing.error {
        Some(error) => format!("No answer that says anything{since}: {}.", error.trim_end_matches('.')),
        None => format!("No answer that says anything{since}."),
    }
}

fn healthy_again(standing: &Standing) -> String {
    match standing.last_ok_at {
        Some(at) => format!("It answers well again since {}.", minute(at)),
        None => "It answers well again.".to_owned(),
    }
}

fn answered_again(standing: &Standing) -> String {
    match (standing.outcome, standing.last_verdict_at) {
        (Some(Outcome::Ok), _) | (_, None) => healthy_again(standing),
        (_, Some(at)) => format!("It answers again since {}.", minute(at)),
    }
}

#[cfg(test)]
#[path = "assess_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "assess_refusal_tests.rs"]
mod refusal_tests;

#[cfg(test)]
#[path = "assess_properties.rs"]
mod properties;
