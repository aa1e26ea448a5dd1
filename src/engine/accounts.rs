//! The accounts that are watched: those of the configuration, those found in lists, and the lists themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::checksum::Checksum;
use crate::domain::configuration::ExpirySource;
use crate::store::{StoreError, Watched};

/// Another version may read another configuration in an answer that has the same bytes.
const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Engine {
    /// Brings the watched accounts in line with the configuration, and returns them. Writes nothing when they are.
    pub async fn watch(&self) -> Result<Vec<AccountKey>, StoreError> {
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
        self.forget_unwatched_plans().await?;
        self.forget_unwatched_credits().await?;
        let hashes = membership_hashes(&wanted, self.config.expiry.source);
        let mut writer = self.store.write().await?;
        let before = writer.membership_hashes().await?;
        let stored = |name| before.get(name).and_then(Option::as_deref);
        let is_same = |(name, hash): (_, &String)| stored(name) == Some(hash.as_str());
        if before.len() == hashes.len() && hashes.iter().all(is_same) {
            return Ok(keys(wanted));
        }
        writer.watch(&wanted).await?;
        for (name, hash) in &hashes {
            if stored(name).map(rules) != Some(rules(hash)) {
                writer.mark_all_unstable(name).await?;
            }
        }
        writer.save_membership(&hashes).await?;
        writer.remove_unwatched_plans().await?;
        writer.remove_unwatched_credits().await?;
        writer.commit().await?;
        Ok(keys(wanted))
    }

    /// Watches those accounts of a list that are not watched yet, and returns them.
    pub(super) async fn watch_discovered(
        &self,
        subscription: &SubscriptionName,
        found: &[&AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        let mut writer = self.store.write().await?;
        let new = writer.not_yet_watched(subscription, found).await?;
        if new.is_empty() {
            return Ok(new);
        }
        let wanted: Vec<Watched> =
            new.iter().map(|id| discovered(AccountKey::new(subscription, id))).collect();
        writer.upsert_watched(&wanted).await?;
        writer.add_discovered(subscription, new.len()).await?;
        writer.commit().await?;
        Ok(new)
    }
}

fn keys(watched: Vec<Watched>) -> Vec<AccountKey> {
    watched.into_iter().map(|watched| watched.account).collect()
}

/// For each subscription a text that differs when its watched accounts differ: the rules by which their states were computed (the
/// expiry source, and this version of the program), a slash, and a checksum of the accounts.
fn membership_hashes(wanted: &[Watched], source: ExpirySource) -> BTreeMap<SubscriptionName, String> {
    let mut texts: BTreeMap<SubscriptionName, Vec<&str>> = BTreeMap::new();
    for Watched { account, name, discovered } in wanted {
        let origin = if *discovered { "found" } else { "named" };
        let account_texts = [account.id.as_str(), "\0", name, "\0", origin, "\0"];
        texts.entry(account.subscription.clone()).or_default().extend(account_texts);
    }
    texts
        .into_iter()
        .map(|(name, texts)| (name, format!("{source:?} {VERSION}/{}", Checksum::of(texts))))
        .collect()
}

/// The part of a membership hash before the slash.
fn rules(hash: &str) -> &str {
    hash.split_once('/').map_or(hash, |(rules, _)| rules)
}

/// A discovered account has its id as its name.
fn discovered(account: AccountKey) -> Watched {
    let name = if account.is_listing() { "list of accounts".to_owned() } else { account.id.to_string() };
    Watched { account, name, discovered: true }
}
