//! The form of a rule: what each kind's file provides, and what the rules of an account are given.

use super::account_jobs::JobsInput;
use super::alert::{Alert, AlertKind, Condition, Subject};
use super::cause::SubscriptionAccounts;
use super::fault::{FaultAlert, healthy_again_text};
use super::transition::{OpenAlerts, Transition, diff_alert};
use crate::domain::account_state::{AccountRecord, AccountState};
use crate::domain::credits::CreditsState;
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;

/// The rule of one alert kind, by what it evaluates.
pub(super) enum Rule {
    /// One account by itself.
    Account(fn(&AccountInput<'_>) -> Vec<Transition>),
    /// The accounts of a subscription together: a cause that they share raises one alert.
    Subscription(fn(&SubscriptionAccounts<'_>) -> Vec<Transition>),
    /// What became of an account's jobs, and its credits. Evaluated after the others, since those can explain it.
    Jobs(fn(&JobsInput<'_>) -> Option<Transition>),
    /// A receiver's deliveries.
    Receiver,
}

/// One account as the rules see it.
pub(super) struct AccountInput<'a> {
    pub(super) record: &'a AccountRecord,
    /// The account's state under `policy`.
    pub(super) state: AccountState,
    /// What is known of its credits; none if nothing is.
    pub(super) credits: Option<&'a CreditsState>,
    pub(super) open: &'a OpenAlerts<'a>,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
}

impl<'a> AccountInput<'a> {
    pub(super) fn new(
        record: &'a AccountRecord,
        open: &'a OpenAlerts<'a>,
        policy: &'a Policy,
        now: Timestamp,
    ) -> Self {
        Self { record, state: record.state_for(policy), credits: None, open, policy, now }
    }

    pub(super) fn subject(&self) -> Subject {
        Subject::Account(self.record.account.clone())
    }

    /// The account's firing alert of that kind.
    pub(super) fn open_alert(&self, kind: AlertKind) -> Option<&'a Alert> {
        self.open.find(&self.subject(), kind)
    }

    /// Evaluates a fault that concerns this account alone. It resolves with an `ok`.
    pub(super) fn evaluate_fault(&self, alert: &FaultAlert) -> Vec<Transition> {
        let is_faulty = self.state.faults.contains(&alert.fault);
        let condition: Option<Condition> = is_faulty.then(|| alert.condition(self.subject(), 1, &self.state));
        let open = self.open_alert(alert.fault.kind());
        diff_alert(open, condition, || healthy_again_text(&self.state)).into_iter().collect()
    }
}
