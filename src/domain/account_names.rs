//! The names of accounts, the accounts of each subscription, and thereby which routes and silences an alert matches.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::account::{AccountKey, AccountRef, ReceiverName, SubscriptionName};
use super::alerts::{Alert, Subject};
use super::route::{Route, RouteMismatch};
use super::silence::{self, Silence};
use super::time::Timestamp;

/// The names of accounts, and which belong to a subscription.
#[derive(Clone, Debug)]
pub struct AccountNames {
    names: BTreeMap<AccountKey, String>,
    subscriptions: BTreeMap<SubscriptionName, Vec<AccountRef>>,
    /// The fallback of each receiver that has one.
    fallbacks: BTreeMap<ReceiverName, ReceiverName>,
}

impl AccountNames {
    /// The names of the watched accounts `accounts`, and the fallback of each receiver that has one.
    pub fn new<'a>(
        accounts: impl IntoIterator<Item = (&'a AccountKey, &'a str)>,
        fallbacks: BTreeMap<ReceiverName, ReceiverName>,
    ) -> Self {
        let mut account_names = Self { names: BTreeMap::new(), subscriptions: BTreeMap::new(), fallbacks };
        for (account, name) in accounts.into_iter().filter(|(account, _)| !account.is_listing()) {
            let named = AccountRef { id: account.id.clone(), name: name.to_owned() };
            account_names.subscriptions.entry(account.subscription.clone()).or_default().push(named);
            account_names.names.insert(account.clone(), name.to_owned());
        }
        account_names
    }

    /// Those of `accounts` without a known name: stable ones, and those that left the configuration.
    pub fn without_name<'a>(&self, accounts: impl IntoIterator<Item = &'a AccountKey>) -> Vec<AccountKey> {
        let is_unnamed = |account: &&AccountKey| !account.is_listing() && !self.names.contains_key(*account);
        let mut without_name: Vec<AccountKey> = accounts.into_iter().filter(is_unnamed).cloned().collect();
        without_name.sort();
        without_name.dedup();
        without_name
    }

    /// Sets the accounts of a subscription.
    pub fn set_accounts(&mut self, subscription: SubscriptionName, accounts: Vec<AccountRef>) {
        self.subscriptions.insert(subscription, accounts);
    }

    /// Adds the name of an account.
    pub fn add_name(&mut self, account: AccountKey, name: String) {
        self.names.insert(account, name);
    }

    /// The name of an account; its id when it has none.
    pub fn name(&self, account: &AccountKey) -> String {
        self.names.get(account).cloned().unwrap_or_else(|| account.id.to_string())
    }

    /// The account as it is shown to people.
    pub fn account(&self, account: &AccountKey) -> AccountRef {
        AccountRef { id: account.id.clone(), name: self.name(account) }
    }

    /// Why the route of `receiver` rejects `alert`; none when it accepts it.
    pub fn route_mismatch(
        &self,
        receiver: &ReceiverName,
        route: &Route,
        alert: &Alert,
    ) -> Option<RouteMismatch> {
        let condition = &alert.condition;
        match &condition.subject {
            Subject::Account(_) | Subject::Subscription(_) => {
                let accounts = self.affected_accounts(alert);
                let accounts: Vec<&AccountRef> = accounts.iter().collect();
                route.route_mismatch(condition.kind, condition.severity, &accounts)
            }
            Subject::Receiver(name) if name == receiver => Some(RouteMismatch::NotItsFallback),
            // Only the fallback is notified, whatever its route accepts; without a fallback, every other receiver whose route accepts
            // the alert.
            Subject::Receiver(name) => match self.fallbacks.get(name) {
                Some(fallback) => (fallback != receiver).then_some(RouteMismatch::NotItsFallback),
                None => route.route_mismatch(condition.kind, condition.severity, &[]),
            },
        }
    }

    /// Until when `silences` suppress `alert`, if they do.
    pub fn silenced_until(&self, silences: &[Silence], alert: &Alert, now: Timestamp) -> Option<Timestamp> {
        let affected_accounts = self.affected_accounts(alert);
        let accounts: Vec<&AccountRef> = affected_accounts.iter().collect();
        silence::alert_silenced_until(silences, alert, &accounts, now)
    }

    /// The accounts that `alert` is about.
    pub fn affected_accounts(&self, alert: &Alert) -> Cow<'_, [AccountRef]> {
        match &alert.condition.subject {
            Subject::Account(account) => Cow::Owned(vec![self.account(account)]),
            Subject::Subscription(name) => {
                Cow::Borrowed(self.subscriptions.get(name).map_or(&[], Vec::as_slice))
            }
            Subject::Receiver(_) => Cow::Borrowed(&[]),
        }
    }
}
