//! Causes that the accounts of a subscription share: one cause, one alert.

use std::collections::BTreeSet;

use super::words::{answered_again, fault_condition, names, silence_detail};
use super::{Open, Transition, settle};
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::alert::{AlertKind, Condition, Severity, Subject};
use crate::domain::observation::Outcome;
use crate::domain::policy::Policy;
use crate::domain::standing::{Fault, Known, RunId, Standing};
use crate::domain::time::Timestamp;

/// The watched accounts of a subscription all together, of which only those need to be looked at one by one about which there may be
/// something to say. By default there are no more than those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// How many accounts are watched.
    pub accounts: usize,
    /// The last run that saw any of them healthy, or the list.
    pub ok_run: Option<RunId>,
}

/// A whole subscription, for the causes that its accounts share.
pub(super) struct Group<'a> {
    pub(super) name: &'a SubscriptionName,
    /// Its accounts; the look at its list of accounts stands in when there is none.
    pub(super) members: Vec<&'a Known>,
    /// All whose `ok` proves the token: the accounts and the list.
    pub(super) witnesses: &'a [Known],
    /// How many accounts more there are: all of them well.
    pub(super) well: usize,
    /// The last run that proved the token, as far as it is known beside the witnesses.
    pub(super) proved: Option<RunId>,
    pub(super) open: &'a Open<'a>,
}

impl<'a> Group<'a> {
    pub(super) fn of(
        name: &'a SubscriptionName,
        members: &'a [Known],
        others: Others,
        open: &'a Open<'a>,
    ) -> Self {
        let accounts: Vec<&Known> = members.iter().filter(|member| !member.account.is_listing()).collect();
        let well = others.accounts.saturating_sub(accounts.len());
        let witnesses = members;
        let members = if accounts.is_empty() && well == 0 { members.iter().collect() } else { accounts };
        Self { name, members, witnesses, well, proved: others.ok_run, open }
    }

    /// 401 and 402 are about the token or the plan, so about the subscription; a 401 is about an account only when a
    /// sibling's `ok` in the same run proves the token. A later `ok` proves the token and leaves older refusals without weight.
    pub(super) fn refusals(&self, fault: Fault) -> Vec<Transition> {
        let refused = self.bearing(|standing| standing.faults.contains(&fault));
        let (whole, bearers) = self.weigh(fault, &refused);
        self.shared(fault.kind(), &refused, &bearers, whole, |subject, affected, member| {
            fault_condition(subject, fault, affected, &member.standing)
        })
    }

    /// The accounts whose refusal a sibling's later `ok` left without weight, and that have no alert of their own about it.
    pub(super) fn outlived(&self, fault: Fault) -> Vec<AccountKey> {
        let refused = self.bearing(|standing| standing.faults.contains(&fault));
        let (_, bearers) = self.weigh(fault, &refused);
        let bearers: BTreeSet<&AccountKey> = bearers.into_iter().map(|bearer| &bearer.account).collect();
        let bears = |account: &AccountKey| bearers.contains(account);
        let own =
            |account: &AccountKey| self.open.find(&Subject::Account(account.clone()), fault.kind()).is_some();
        let refused = refused.into_iter().map(|member| member.account.clone());
        refused.filter(|account| !bears(account) && !own(account)).collect()
    }

    /// Whether the refusal of these accounts is the whole subscription's, and whose refusals count.
    fn weigh<'k>(&self, fault: Fault, refused: &[&'k Known]) -> (bool, Vec<&'k Known>) {
        let last_refusal = refused.iter().filter_map(|member| member.standing.verdict_run).max();
        let proof = self.last_ok_run().filter(|ok| Some(*ok) >= last_refusal);
        let whole = match (fault, proof) {
            (Fault::SubscriptionLapsed, proof) => proof <= last_refusal,
            (_, proof) => proof.is_none(),
        };
        let current = |member: &&&Known| whole || member.standing.verdict_run >= proof;
        (whole, refused.iter().filter(current).copied().collect())
    }

    /// The last run in which the token was seen to work.
    fn last_ok_run(&self) -> Option<RunId> {
        self.witnesses.iter().filter_map(|member| member.standing.ok_run).chain(self.proved).max()
    }

    fn bearing(&self, fault: impl Fn(&Standing) -> bool) -> Vec<&Known> {
        self.members.iter().copied().filter(|member| fault(&member.standing)).collect()
    }

    /// No verdict for too long: judged by looks that failed, never by looks that were not made. Whether everybody is
    /// silent is measured up to the newest look, so that looks a moment apart do not split one cause. An open alert
    /// goes on for as long as nobody answers: neither an account that joins nor an edited threshold ends it.
    pub(super) fn silence(&self, policy: &Policy) -> Vec<Transition> {
        let kind = AlertKind::Unreachable;
        let long = |standing: &Standing, until: Option<Timestamp>| {
            let streak = standing.no_verdict_since.zip(until);
            streak.is_some_and(|(since, until)| until - since >= policy.unreachable_after)
        };
        let silent = self.bearing(|standing| standing.no_verdict_since.is_some());
        let newest = silent.iter().filter_map(|member| member.standing.checked_at).max();
        let nobody_answers =
            self.well == 0 && silent.len() == self.bearing(|standing| standing.checked_at.is_some()).len();
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
    pub(super) fn riddles(&self) -> Vec<Transition> {
        let bearers = self.bearing(|standing| standing.faults.contains(&Fault::Malformed));
        let readable = self.bearing(|standing| {
            let suspected = standing.suspicion.map(|suspicion| suspicion.fault) == Some(Fault::Malformed);
            standing.last_verdict_at.is_some() && !suspected && !standing.faults.contains(&Fault::Malformed)
        });
        self.shared(
            AlertKind::Malformed,
            &bearers,
            &bearers,
            readable.is_empty() && self.well == 0,
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
        let of_these =
            self.members.iter().filter(|member| member.standing.outcome == Some(Outcome::Ok)).count();
        let well = self.well + of_these;
        let accounts = self.well + self.members.iter().filter(|member| !member.account.is_listing()).count();
        match kind {
            AlertKind::Unauthorized if well > 0 => {
                format!("The API token is accepted again; {well} of {accounts} accounts answer well.")
            }
            AlertKind::Unauthorized => "No watched account is refused any more.".to_owned(),
            _ => format!("{well} of {accounts} accounts answer well again."),
        }
    }
}
