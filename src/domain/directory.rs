//! Who is who: the names of accounts, the accounts of subscriptions, and why a receiver does not want to hear of something.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::account::{AccountKey, AccountRef, ReceiverName, SubscriptionName};
use super::alert::{Alert, Subject};
use super::route::{Route, Unwanted};
use super::silence::{self, Silence};
use super::time::Timestamp;

/// The names of accounts, and which belong to a subscription.
#[derive(Clone, Debug)]
pub struct Directory {
    names: BTreeMap<AccountKey, String>,
    subscriptions: BTreeMap<SubscriptionName, Vec<AccountRef>>,
    /// Who is told when a receiver fails.
    fallbacks: BTreeMap<ReceiverName, ReceiverName>,
}

impl Directory {
    /// Of the watched accounts, and of each receiver that has a fallback.
    pub fn new<'a>(
        members: impl IntoIterator<Item = (&'a AccountKey, &'a str)>,
        fallbacks: BTreeMap<ReceiverName, ReceiverName>,
    ) -> Self {
        let mut directory = Self { names: BTreeMap::new(), subscriptions: BTreeMap::new(), fallbacks };
        for (account, name) in members.into_iter().filter(|(account, _)| !account.is_listing()) {
            let member = AccountRef { id: account.id.clone(), name: name.to_owned() };
            directory.subscriptions.entry(account.subscription.clone()).or_default().push(member);
            directory.names.insert(account.clone(), name.to_owned());
        }
        directory
    }

    /// Those of `accounts` whose names are not known: they left the configuration.
    pub fn strangers<'a>(&self, accounts: impl IntoIterator<Item = &'a AccountKey>) -> Vec<AccountKey> {
        let strange = |account: &&AccountKey| !account.is_listing() && !self.names.contains_key(*account);
        let mut strangers: Vec<AccountKey> = accounts.into_iter().filter(strange).cloned().collect();
        strangers.sort();
        strangers.dedup();
        strangers
    }

    /// Learns who all belong to a subscription.
    pub fn add_roster(&mut self, subscription: SubscriptionName, accounts: Vec<AccountRef>) {
        self.subscriptions.insert(subscription, accounts);
    }

    /// Learns the name of an account.
    pub fn add_name(&mut self, account: AccountKey, name: String) {
        self.names.insert(account, name);
    }

    /// The name of an account; its id when it has none.
    pub fn name(&self, account: &AccountKey) -> String {
        self.names.get(account).cloned().unwrap_or_else(|| account.id.to_string())
    }

    /// An account as people know it.
    pub fn account(&self, account: &AccountKey) -> AccountRef {
        AccountRef { id: account.id.clone(), name: self.name(account) }
    }

    /// Why `receiver`, with this route, does not want to hear of `alert`; none when it does.
    pub fn unwanted(&self, receiver: &ReceiverName, route: &Route, alert: &Alert) -> Option<Unwanted> {
        let condition = &alert.condition;
        match &condition.subject {
            Subject::Account(_) | Subject::Subscription(_) => {
                let accounts = self.concerned(alert);
                let accounts: Vec<&AccountRef> = accounts.iter().collect();
                route.unwanted(condition.kind, condition.severity, &accounts)
            }
            Subject::Receiver(name) if name == receiver => Some(Unwanted::NoFallback),
            // The fallback is notified whatever else its route takes, and no other receiver; without one, every other
            // receiver whose route takes it.
            Subject::Receiver(name) => match self.fallbacks.get(name) {
                Some(fallback) => (fallback != receiver).then_some(Unwanted::NoFallback),
                None => route.unwanted(condition.kind, condition.severity, &[]),
            },
        }
    }

    /// Until when `silences` withhold `alert`, if they do.
    pub fn withheld(&self, silences: &[Silence], alert: &Alert, now: Timestamp) -> Option<Timestamp> {
        let concerned = self.concerned(alert);
        let accounts: Vec<&AccountRef> = concerned.iter().collect();
        silence::alert_withheld(silences, alert, &accounts, now)
    }

    /// The accounts that `alert` concerns.
    pub fn concerned(&self, alert: &Alert) -> Cow<'_, [AccountRef]> {
        match &alert.condition.subject {
            Subject::Account(account) => Cow::Owned(vec![self.account(account)]),
            Subject::Subscription(name) => {
                Cow::Borrowed(self.subscriptions.get(name).map_or(&[], Vec::as_slice))
            }
            Subject::Receiver(_) => Cow::Borrowed(&[]),
        }
    }
}
