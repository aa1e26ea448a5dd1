//! One evaluation of the alerts: which transitions the stored state calls for, and when time alone calls for more.

use std::collections::BTreeMap;

use crate::domain::account::SubscriptionName;
use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::{self, Alert, OpenAlerts, StableAccounts, Subject, Transition};
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Writer};

/// Why alerts are evaluated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    /// A run finished: everything that is stored counts.
    RunFinished,
    /// Time passed: only expiries count.
    TimeOnly,
}

/// What the alerts are evaluated from.
pub(super) struct Evaluation<'a> {
    pub(super) trigger: Trigger,
    /// The accounts that need evaluation, sorted by key.
    pub(super) members: &'a [AccountRecord],
    /// All accounts of each subscription, as numbers.
    pub(super) subscriptions: &'a BTreeMap<SubscriptionName, StableAccounts>,
    pub(super) open: &'a OpenAlerts<'a>,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
}

impl<'a> Evaluation<'a> {
    /// The transitions of the `stored` alerts about accounts and subscriptions, found one subscription at a time.
    pub(super) fn transitions(&self, stored: &'a [Alert]) -> impl Iterator<Item = Transition> {
        let unwatched = stored.iter().filter(|alert| alert.is_firing() && !self.is_watched(alert));
        self.subscriptions()
            .flat_map(|(name, members, stable)| match self.trigger {
                Trigger::RunFinished => {
                    alerts::evaluate_subscription(name, members, stable, self.open, self.policy, self.now)
                }
                Trigger::TimeOnly => self.expiry_transitions(members),
            })
            .chain(unwatched.map(|alert| alerts::resolve_unwatched(alert, self.now)))
    }

    fn expiry_transitions(&self, members: &[AccountRecord]) -> Vec<Transition> {
        let accounts = members.iter().filter(|record| !record.account.is_listing());
        let transitions =
            accounts.map(|record| alerts::evaluate_expiry(record, self.open, self.policy, self.now));
        // Time alone resolves nothing: a renewal was seen by the present run, and is notified at its end, or the clock was set back.
        let resolves = |transition: &Transition| matches!(transition, Transition::Resolve(_));
        transitions.filter(|transitions| !transitions.iter().any(resolves)).flatten().collect()
    }

    /// Clears refusals that no longer count.
    pub(super) async fn clear_outdated_faults(&self, writer: &mut Writer) -> Result<(), StoreError> {
        for (name, members, stable) in self.subscriptions() {
            let outdated = alerts::outdated_faults(name, members, stable, self.open, self.policy);
            for (account, fault) in outdated {
                writer.clear_fault(&account, fault).await?;
            }
        }
        Ok(())
    }

    /// Each subscription with those of its accounts that need evaluation.
    fn subscriptions(
        &self,
    ) -> impl Iterator<Item = (&'a SubscriptionName, &'a [AccountRecord], StableAccounts)> {
        let members = self.members;
        self.subscriptions.iter().map(move |(name, stable)| {
            let begin = members.partition_point(|record| record.account.subscription < *name);
            let end = members.partition_point(|record| record.account.subscription <= *name);
            (name, members.get(begin..end).unwrap_or_default(), *stable)
        })
    }

    fn is_watched(&self, alert: &Alert) -> bool {
        match &alert.condition.subject {
            Subject::Account(account) => {
                self.members.binary_search_by(|record| record.account.cmp(account)).is_ok()
            }
            Subject::Subscription(name) => self.subscriptions.contains_key(name),
            Subject::Receiver(_) => true,
        }
    }
}

/// The next moment at which time alone changes the stage or severity of an account. `later` is the earliest expiry beyond every
/// lead time.
pub(in crate::engine) fn next_stage_at(
    members: &[AccountRecord],
    later: Option<Timestamp>,
    policy: &Policy,
    now: Timestamp,
) -> Option<Timestamp> {
    let accounts = members.iter().filter(|record| !record.account.is_listing());
    let changes = accounts.filter_map(|record| {
        let expires_at = record.state_for(policy).expires_at?;
        policy.lead_times(&record.account).next_change_at(expires_at, now)
    });
    changes.chain(later.map(|expires_at| expires_at - policy.max_lead_time())).min()
}
