//! Who is watched: the accounts of the configuration, those found in lists, and the lists themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use super::digest::digest;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::configuration::EndSource;
use crate::store::{StoreError, Watched};

impl Engine {
    /// Brings the watched accounts in line with the configuration, so that what left it is ended and what came is begun.
    pub async fn watch(&self) -> Result<(), StoreError> {
        let mut wanted = Vec::new();
        for subscription in &self.config.subscriptions {
            let named = subscription.accounts.iter().map(|account| Watched {
                account: AccountKey::new(&subscription.name, &account.id),
                name: account.name.clone(),
                discovered: false,
            });
            wanted.extend(named);
            if subscription.discover {
                let found = self.store.discovered(&subscription.name).await?;
                let configured: BTreeSet<&AccountId> =
                    subscription.accounts.iter().map(|account| &account.id).collect();
                let found = found.iter().filter(|id| !configured.contains(id));
                wanted.extend(found.map(|id| discovered(AccountKey::new(&subscription.name, id))));
                wanted.push(discovered(AccountKey::listing(&subscription.name)));
            }
        }
        let rosters = rosters(&wanted, self.config.expiry.source);
        let mut writer = self.store.write().await?;
        let before = writer.rosters().await?;
        if before.len() == rosters.len()
            && rosters.iter().all(|(name, roster)| before.get(name) == Some(&Some(roster.clone())))
        {
            return Ok(());
        }
        writer.watch(&wanted).await?;
        for (name, roster) in &rosters {
            let rules = |roster: &str| roster.split('/').next().map(str::to_owned);
            if before.get(name).is_none_or(|before| before.as_deref().and_then(rules) != rules(roster)) {
                writer.stir_all(name).await?;
            }
        }
        writer.enrol(&rosters).await?;
        writer.commit().await
    }

    /// Adds those accounts of a list that are not watched yet, and gives them.
    pub(super) async fn watch_found(
        &self,
        subscription: &SubscriptionName,
        found: &[&AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        let mut writer = self.store.write().await?;
        let new = writer.unwatched(subscription, found).await?;
        if new.is_empty() {
            return Ok(new);
        }
        let wanted: Vec<Watched> =
            new.iter().map(|id| discovered(AccountKey::new(subscription, id))).collect();
        writer.begin_to_watch(&wanted).await?;
        writer.joined(subscription, new.len()).await?;
        writer.commit().await?;
        Ok(new)
    }
}

/// What says who is watched of each subscription, and, before a slash, by which rules what is kept of them was read.
fn rosters(wanted: &[Watched], source: EndSource) -> BTreeMap<SubscriptionName, String> {
    let mut rosters: BTreeMap<SubscriptionName, Vec<[&str; 3]>> = BTreeMap::new();
    for Watched { account, name, discovered } in wanted {
        let how = if *discovered { "found" } else { "named" };
        rosters.entry(account.subscription.clone()).or_default().push([account.id.as_str(), name, how]);
    }
    let roster = |members: Vec<[&str; 3]>| {
        format!("{source:?}/{}", digest(members.into_iter().flatten().flat_map(|word| [word, "\0"])))
    };
    rosters.into_iter().map(|(name, members)| (name, roster(members))).collect()
}

/// An account that nobody named goes by its id.
fn discovered(account: AccountKey) -> Watched {
    let name = if account.is_listing() { "list of accounts".to_owned() } else { account.id.to_string() };
    Watched { account, name, discovered: true }
}
