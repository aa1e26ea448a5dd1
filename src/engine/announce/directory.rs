//! Who is who: the names of accounts, the accounts of subscriptions, and which receiver wants to hear of what.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::Receiver;
use crate::domain::account::{AccountKey, AccountRef, ReceiverName, SubscriptionName};
use crate::domain::alert::{Alert, Subject};
use crate::domain::standing::Known;
use crate::store::{StoreError, StoredChange, Writer};

/// The names of accounts, and which belong to a subscription.
pub(super) struct Directory {
    names: BTreeMap<AccountKey, String>,
    subscriptions: BTreeMap<SubscriptionName, Vec<AccountRef>>,
    /// Who is told when a receiver fails.
    fallbacks: BTreeMap<ReceiverName, ReceiverName>,
}

impl Directory {
    pub(super) async fn of(
        writer: &mut Writer,
        members: &[Known],
        alerts: &[Alert],
        changes: &[StoredChange],
        receivers: &[Receiver],
    ) -> Result<Self, StoreError> {
        let fallback = |receiver: &Receiver| Some((receiver.name.clone(), receiver.fallback.clone()?));
        let fallbacks = receivers.iter().filter_map(fallback).collect();
        let mut directory = Self { names: BTreeMap::new(), subscriptions: BTreeMap::new(), fallbacks };
        for member in members.iter().filter(|member| !member.account.is_listing()) {
            let account = AccountRef { id: member.account.id.clone(), name: member.name.clone() };
            directory.subscriptions.entry(member.account.subscription.clone()).or_default().push(account);
            directory.names.insert(member.account.clone(), member.name.clone());
        }
        let alerting = alerts.iter().filter_map(|alert| match &alert.condition.subject {
            Subject::Account(account) => Some(account),
            Subject::Subscription(_) | Subject::Receiver(_) => None,
        });
        // Who left the configuration is still known by name.
        for account in alerting.chain(changes.iter().map(|stored| &stored.change.account)) {
            if !directory.names.contains_key(account)
                && let Some(known) = writer.known(account).await?
            {
                directory.names.insert(account.clone(), known.name);
            }
        }
        Ok(directory)
    }

    pub(super) fn name(&self, account: &AccountKey) -> String {
        self.names.get(account).cloned().unwrap_or_else(|| account.id.to_string())
    }

    pub(super) fn account(&self, account: &AccountKey) -> AccountRef {
        AccountRef { id: account.id.clone(), name: self.name(account) }
    }

    /// Whether `receiver` wants to hear of `alert`.
    pub(super) fn routes(&self, receiver: &Receiver, alert: &Alert) -> bool {
        let condition = &alert.condition;
        match &condition.subject {
            Subject::Account(_) | Subject::Subscription(_) => {
                let accounts = self.concerned(alert);
                let accounts: Vec<&AccountRef> = accounts.iter().collect();
                receiver.route.takes_alert(condition.kind, condition.severity, &accounts)
            }
            // The fallback is told whatever else it wants to hear, and nobody but it.
            Subject::Receiver(name) => self.fallbacks.get(name) == Some(&receiver.name),
        }
    }

    /// The accounts that `alert` concerns.
    pub(super) fn concerned(&self, alert: &Alert) -> Cow<'_, [AccountRef]> {
        match &alert.condition.subject {
            Subject::Account(account) => Cow::Owned(vec![self.account(account)]),
            Subject::Subscription(name) => {
                Cow::Borrowed(self.subscriptions.get(name).map_or(&[], Vec::as_slice))
            }
            Subject::Receiver(_) => Cow::Borrowed(&[]),
        }
    }
}
