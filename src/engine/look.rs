//! One look: asks the vendor about one account, or for the list of all.

use super::Engine;
use crate::domain::account::{AccountId, AccountKey};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::time::Timestamp;

pub(super) async fn look(engine: Engine, target: AccountKey, now: Timestamp) -> (AccountKey, Seen) {
    let subscriptions = &engine.config.subscriptions;
    let Some(subscription) =
        subscriptions.iter().find(|subscription| subscription.name == target.subscription)
    else {
        let gone = Observation::failed(Outcome::Unavailable, "its subscription left the configuration");
        return (target, Seen::only(gone));
    };
    let token = &subscription.token.value;
    if !target.is_listing() {
        let observation = engine.client.account(token, &target.id, now).await;
        return (target, Seen::only(observation));
    }
    let listing = engine.client.accounts(token, now).await;
    let found = listing.accounts.into_keys().collect();
    let observation = Observation {
        outcome: listing.outcome,
        configuration: None,
        error: listing.error,
        retry_after: listing.retry_after,
    };
    (target, Seen { observation, found })
}

/// What one look saw, and which accounts a list held.
pub(super) struct Seen {
    pub(super) observation: Observation,
    pub(super) found: Vec<AccountId>,
}

impl Seen {
    const fn only(observation: Observation) -> Self {
        Self { observation, found: Vec::new() }
    }
}
