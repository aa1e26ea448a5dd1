//! Attributes a fault to one account or to its whole subscription: a cause that accounts share raises one alert.
//!
//! `auth_run` and `last_ok_run` say in which run a refusal and an `ok` were seen, so the cause of a 401 is decided for each run. What
//! makes each kind a shared cause is left to its rule.

use std::collections::{BTreeMap, BTreeSet};

use super::account_jobs::AccountJobs;
use super::alert::{AlertKind, Condition, Subject};
use super::fault::answering_again_text;
use super::transition::{OpenAlerts, Transition, diff_alert};
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::account_state::{AccountRecord, AccountState, Fault, RunId};
use crate::domain::credits::CreditsState;
use crate::domain::observation::Outcome;
use crate::domain::plan::PlanState;
use crate::domain::policy::Policy;

/// An alert about a subscription names at most this many of its accounts.
const MAX_NAMED_ACCOUNTS: usize = 10;

/// What the rules need to know of all watched accounts of a subscription together, so that stable ones need not be loaded one by
/// one. By default there are no more accounts than those that are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionTotals {
    /// How many accounts are watched.
    pub accounts: usize,
    /// The last run in which any of them, or the list of accounts, answered `ok`.
    pub last_ok_run: Option<RunId>,
}

/// What is stored about one subscription.
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionInput<'a> {
    /// Which one.
    pub name: &'a SubscriptionName,
    /// The loaded accounts. The other accounts in `totals` are healthy, expire late and have no alert.
    pub records: &'a [AccountRecord],
    /// All of its accounts.
    pub totals: SubscriptionTotals,
    /// Its plan, if plans are watched and something is known of it.
    pub plan: Option<&'a PlanState>,
    /// What the jobs of its accounts say, as far as that may change an alert; those of other subscriptions do not matter.
    pub jobs: &'a BTreeMap<AccountKey, AccountJobs>,
    /// What is known of the credits of accounts; none while they are not read. Those of other subscriptions do not matter.
    pub credits: &'a BTreeMap<AccountKey, CreditsState>,
}

/// The accounts of one subscription.
pub(super) struct SubscriptionAccounts<'a> {
    name: &'a SubscriptionName,
    /// The loaded accounts; the list of accounts in their place when the subscription has none.
    loaded: Vec<&'a AccountRecord>,
    /// How many more accounts there are. All of them are healthy.
    pub(super) stable_count: usize,
    /// The last run in which the token worked.
    token_proof: Option<RunId>,
    /// Its plan, if that is watched.
    pub(super) plan: Option<&'a PlanState>,
    pub(super) open: &'a OpenAlerts<'a>,
    pub(super) policy: &'a Policy,
}

/// Whose fault it is.
pub(super) struct Attribution<'a> {
    /// The accounts that have the fault.
    pub(super) faulty: Vec<&'a AccountRecord>,
    /// Those of them that an alert counts.
    pub(super) affected: Vec<&'a AccountRecord>,
    /// Whether the cause is the subscription's.
    pub(super) is_shared: bool,
    /// The condition of the subscription by another source than checks, if one has it.
    pub(super) other_source: Option<Condition>,
}

impl<'a> SubscriptionAccounts<'a> {
    pub(super) fn new(
        &SubscriptionInput { name, records, totals, plan, jobs: _, credits: _ }: &SubscriptionInput<'a>,
        open: &'a OpenAlerts<'a>,
        policy: &'a Policy,
    ) -> Self {
        // An `ok` of the list of accounts proves the token too.
        let ok_runs = records.iter().filter_map(|record| record.account_state.last_ok_run);
        let token_proof = ok_runs.chain(totals.last_ok_run).max();
        let mut loaded: Vec<_> = records.iter().filter(|record| !record.account.is_listing()).collect();
        let stable_count = totals.accounts.saturating_sub(loaded.len());
        if loaded.is_empty() && stable_count == 0 {
            loaded = records.iter().collect();
        }
        Self { name, loaded, stable_count, token_proof, plan, open, policy }
    }

    /// How many accounts it has, without the list.
    pub(super) fn account_count(&self) -> u32 {
        let loaded = self.loaded.iter().filter(|record| !record.account.is_listing()).count();
        u32::try_from(self.stable_count + loaded).unwrap_or(u32::MAX)
    }

    pub(super) fn subject(&self) -> Subject {
        Subject::Subscription(self.name.clone())
    }

    pub(super) fn accounts_with(&self, is_meant: impl Fn(&AccountState) -> bool) -> Vec<&'a AccountRecord> {
        self.loaded.iter().copied().filter(|record| is_meant(&record.account_state)).collect()
    }

    /// Attributes a 401 or 402. An `ok` in the same run or a later one is a proof of the token; `is_shared` is given that run
    /// and the run of the last refusal. Refusals before the proof no longer count.
    pub(super) fn attribute_refusal(
        &self,
        fault: Fault,
        is_shared: fn(Option<RunId>, Option<RunId>) -> bool,
    ) -> Attribution<'a> {
        let faulty = self.accounts_with(|state| state.faults.contains(&fault));
        let last_refusal = faulty.iter().filter_map(|record| record.account_state.auth_run).max();
        let proof = self.token_proof.filter(|ok| Some(*ok) >= last_refusal);
        let is_shared = is_shared(proof, last_refusal);
        let counts = |record: &&&AccountRecord| is_shared || record.account_state.auth_run >= proof;
        let affected = faulty.iter().filter(counts).copied().collect();
        Attribution { affected, faulty, is_shared, other_source: None }
    }

    /// The accounts whose refusal, `fault`, no longer counts, and that have no alert of their own about it.
    pub(super) fn outdated(&self, fault: Fault, attribution: &Attribution<'_>) -> Vec<(AccountKey, Fault)> {
        let affected = keys(&attribution.affected);
        let has_own_alert =
            |account: &AccountKey| self.open.find(&Subject::Account(account.clone()), fault.kind()).is_some();
        let faulty = attribution.faulty.iter().map(|record| &record.account);
        let outdated = faulty.filter(|account| !affected.contains(account) && !has_own_alert(account));
        outdated.map(|account| (account.clone(), fault)).collect()
    }

    /// One alert about the subscription when the cause is shared, else one about each account. An account that has its own alert
    /// keeps it while it has the fault, so that a partial run does not move alerts back and forth. `resolved` makes the sentence
    /// of the subscription's resolved alert from the numbers of healthy and of all accounts.
    pub(super) fn transitions(
        &self,
        kind: AlertKind,
        attribution: &Attribution<'_>,
        condition: impl Fn(Subject, u32, &AccountState) -> Condition,
        resolved: impl Fn(usize, usize) -> String,
    ) -> Vec<Transition> {
        let Attribution { faulty, affected, is_shared, other_source } = attribution;
        let own_alert =
            |record: &AccountRecord| self.open.find(&Subject::Account(record.account.clone()), kind);
        let accounts = || self.loaded.iter().filter(|record| !record.account.is_listing());
        let (faulty_keys, affected_keys) = (keys(faulty), keys(affected));
        let mut transitions = Vec::new();
        for record in accounts() {
            let (account, open) = (&record.account, own_alert(record));
            let opens = !is_shared && affected_keys.contains(account);
            let goes_on = faulty_keys.contains(account) && open.is_some();
            let wanted = (opens || goes_on)
                .then(|| condition(Subject::Account(account.clone()), 1, &record.account_state));
            transitions.extend(diff_alert(open, wanted, || answering_again_text(&record.account_state)));
        }
        let unexplained = affected.iter().find(|record| own_alert(record).is_none());
        let shared = unexplained.filter(|_| *is_shared).map(|record| {
            let count = affected.iter().filter(|record| !record.account.is_listing()).count();
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            let mut shared = condition(self.subject(), count, &record.account_state);
            shared.detail.push_str(&names_text(affected));
            shared
        });
        let shared = match (shared, other_source.clone()) {
            (Some(shared), Some(other)) => {
                Some(Condition { affected: shared.affected.max(other.affected), ..shared })
            }
            (shared, other) => shared.or(other),
        };
        let open = self.open.find(&self.subject(), kind);
        transitions.extend(diff_alert(open, shared, || {
            let healthy = self.accounts_with(|state| state.outcome == Some(Outcome::Ok)).len();
            resolved(self.stable_count + healthy, self.stable_count + accounts().count())
        }));
        transitions
    }
}

/// The usual sentence of a subscription's resolved alert.
pub(super) fn healthy_again_count(healthy: usize, accounts: usize) -> String {
    format!("{} again.", healthy_count(healthy, accounts))
}

/// `1 of 3 accounts is healthy`.
pub(super) fn healthy_count(healthy: usize, accounts: usize) -> String {
    let noun = if accounts == 1 { "account" } else { "accounts" };
    let verb = if healthy == 1 { "is" } else { "are" };
    format!("{healthy} of {accounts} {noun} {verb} healthy")
}

fn keys<'a>(records: &[&'a AccountRecord]) -> BTreeSet<&'a AccountKey> {
    records.iter().map(|record| &record.account).collect()
}

/// ` Accounts: studio-a, studio-b.`
fn names_text(affected: &[&AccountRecord]) -> String {
    let accounts: Vec<&str> = affected
        .iter()
        .filter(|record| !record.account.is_listing())
        .map(|record| record.name.as_str())
        .collect();
    let (shown, more) = accounts.split_at(accounts.len().min(MAX_NAMED_ACCOUNTS));
    match more.len() {
        _ if shown.is_empty() => String::new(),
        0 => format!(" Accounts: {}.", shown.join(", ")),
        more => format!(" Accounts: {} and {more} more.", shown.join(", ")),
    }
}
