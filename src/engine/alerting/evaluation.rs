//! One evaluation of the alerts: which transitions the stored state calls for, and when time alone calls for more.

use std::collections::BTreeMap;

use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::{
    self, AccountJobs, Alert, OpenAlerts, Subject, SubscriptionInput, SubscriptionTotals, Transition,
};
use crate::domain::credits::CreditsState;
use crate::domain::plan::PlanState;
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Writer};

/// What an evaluation is based on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// Everything that is stored, while no run is unfinished.
    Everything,
    /// Everything except what the checks of an unfinished run showed: alerts about expiries open and escalate, those of what left
    /// the configuration resolve, and those about receivers do both.
    WithoutResults,
}

/// What the alerts are evaluated from.
pub(super) struct Evaluation<'a> {
    pub(super) basis: Basis,
    /// The accounts that need evaluation, sorted by key.
    pub(super) records: &'a [AccountRecord],
    /// All accounts of each subscription, as numbers.
    pub(super) subscriptions: &'a BTreeMap<SubscriptionName, SubscriptionTotals>,
    /// The plan of each subscription; none while plans are not watched.
    pub(super) plans: &'a BTreeMap<SubscriptionName, PlanState>,
    /// What the jobs of accounts say; none while jobs are not watched.
    pub(super) jobs: &'a BTreeMap<AccountKey, AccountJobs>,
    /// What is known of the credits of accounts; none while they are not watched.
    pub(super) credits: &'a BTreeMap<AccountKey, CreditsState>,
    pub(super) open: &'a OpenAlerts<'a>,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
}

impl<'a> Evaluation<'a> {
    /// The transitions of the `stored` alerts about accounts and subscriptions, found one subscription at a time.
    pub(super) fn transitions(&self, stored: &'a [Alert]) -> impl Iterator<Item = Transition> {
        let unwatched = stored.iter().filter(|alert| alert.is_firing() && !self.is_watched(alert));
        self.subscriptions()
            .flat_map(|input| match self.basis {
                Basis::Everything => alerts::evaluate_subscription(&input, self.open, self.policy, self.now),
                Basis::WithoutResults => self.expiry_transitions(input.records),
            })
            .chain(unwatched.map(|alert| alerts::resolve_unwatched(alert, self.now)))
    }

    fn expiry_transitions(&self, records: &[AccountRecord]) -> Vec<Transition> {
        let accounts = records.iter().filter(|record| !record.account.is_listing());
        let transitions =
            accounts.map(|record| alerts::evaluate_expiry(record, self.open, self.policy, self.now));
        // Time alone resolves nothing: a renewal was seen by the present run, and is notified at its end, or the clock was set back.
        let resolves = |transition: &Transition| matches!(transition, Transition::Resolve(_));
        transitions.filter(|transitions| !transitions.iter().any(resolves)).flatten().collect()
    }

    /// Clears refusals that no longer count.
    pub(super) async fn clear_outdated_faults(&self, writer: &mut Writer) -> Result<(), StoreError> {
        for input in self.subscriptions() {
            for (account, fault) in alerts::outdated_faults(&input, self.open, self.policy) {
                writer.clear_fault(&account, fault).await?;
            }
        }
        Ok(())
    }

    /// Each subscription with those of its accounts that need evaluation.
    fn subscriptions(&self) -> impl Iterator<Item = SubscriptionInput<'a>> {
        let Self { records, plans, jobs, credits, .. } = *self;
        self.subscriptions.iter().map(move |(name, totals)| {
            let begin = records.partition_point(|record| record.account.subscription < *name);
            let end = records.partition_point(|record| record.account.subscription <= *name);
            let records = records.get(begin..end).unwrap_or_default();
            SubscriptionInput { name, records, totals: *totals, plan: plans.get(name), jobs, credits }
        })
    }

    fn is_watched(&self, alert: &Alert) -> bool {
        match &alert.condition.subject {
            Subject::Account(account) => {
                self.records.binary_search_by(|record| record.account.cmp(account)).is_ok()
            }
            // An unreleased version opened alerts about jobs of no known account.
            Subject::Subscription(name) => {
                self.subscriptions.contains_key(name) && alert.condition.kind.concerns_subscriptions()
            }
            Subject::Receiver(_) => true,
        }
    }
}

/// The next moment at which time alone changes the stage or severity of an account. `later` is the earliest expiry beyond every
/// lead time.
pub(in crate::engine) fn next_stage_at(
    records: &[AccountRecord],
    later: Option<Timestamp>,
    policy: &Policy,
    now: Timestamp,
) -> Option<Timestamp> {
    let accounts = records.iter().filter(|record| !record.account.is_listing());
    let changes = accounts.filter_map(|record| {
        let expires_at = record.state_for(policy).expires_at?;
        policy.lead_times(&record.account).next_change_at(expires_at, now)
    });
    changes.chain(later.map(|expires_at| expires_at - policy.max_lead_time())).min()
}
