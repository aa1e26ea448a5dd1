//! Who is watched: the accounts of the configuration, those found in lists, and the lists themselves.

use std::collections::BTreeSet;

use super::Engine;
use crate::domain::account::{AccountId, AccountKey};
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
        let mut writer = self.store.write().await?;
        writer.watch(&wanted).await?;
        writer.commit().await
    }

    /// Adds accounts that a list holds.
    pub(super) async fn watch_found(&self, found: &[AccountKey]) -> Result<(), StoreError> {
        let mut writer = self.store.write().await?;
        for account in found {
            writer.watch_found(&discovered(account.clone())).await?;
        }
        writer.commit().await
    }
}

/// An account that nobody named goes by its id.
fn discovered(account: AccountKey) -> Watched {
    let name = if account.is_listing() { "list of accounts".to_owned() } else { account.id.to_string() };
    Watched { account, name, discovered: true }
}
