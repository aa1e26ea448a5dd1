//! The API tokens in use: those of the configuration, until the API refuses one and its file holds another.
//!
//! Guarantees: a token file is read at most once in each step of a run, however many requests are refused, and never on the
//! runtime's own thread. Leaves the form of a token to `config`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::api::ApiToken;
use crate::config::{self, Origin, Subscription};
use crate::domain::account::SubscriptionName;
use crate::domain::observation::Outcome;

/// The tokens in use.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Those of the configuration from their first use, until they are replaced.
    current: Mutex<BTreeMap<SubscriptionName, ApiToken>>,
    /// The subscriptions whose file was read in this step; locked while one is read, so that every refused check waits for it.
    read: tokio::sync::Mutex<BTreeSet<SubscriptionName>>,
}

impl Tokens {
    /// The current token.
    pub(super) fn current(&self, subscription: &Subscription) -> ApiToken {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let configured = || ApiToken::from(subscription.token.value.clone());
        current.entry(subscription.name.clone()).or_insert_with(configured).clone()
    }

    /// Allows each token file to be read once more.
    pub(super) async fn allow_reading(&self) {
        self.read.lock().await.clear();
    }

    /// The token for a second request after `used` was refused, if there is another one by now.
    pub(super) async fn after_refusal(
        &self,
        subscription: &Subscription,
        used: &ApiToken,
    ) -> Option<ApiToken> {
        let mut read = self.read.lock().await;
        let differs = |token: &ApiToken| token != used;
        // A check that was refused earlier may have replaced it.
        let current = Some(self.current(subscription)).filter(differs);
        if current.is_some() || !read.insert(subscription.name.clone()) {
            return current;
        }
        let origin = subscription.token.origin.clone();
        let reading = tokio::task::spawn_blocking(move || config::read_token_again(&origin));
        let found = reading.await.ok().flatten().map(ApiToken::from).filter(differs)?;
        tracing::info!(
            subscription = %subscription.name,
            "the API refused the token of subscription {}; its {} holds a different one, which is used from now on",
            subscription.name, subscription.token.origin
        );
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.insert(subscription.name.clone(), found.clone());
        Some(found)
    }
}

/// Adds the next step to a refusal of a token that cannot be read again while the service runs.
pub(super) fn explain_refusal(subscription: &Subscription, outcome: Outcome, error: &mut Option<String>) {
    if outcome == Outcome::Unauthorized && matches!(subscription.token.origin, Origin::Credential(_)) {
        error.get_or_insert_default().push_str(
            "; systemd passed this token when the service started: after a change of its file, restart the service",
        );
    }
}
