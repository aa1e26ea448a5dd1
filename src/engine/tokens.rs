//! The API tokens in use: those of the configuration, until the API refuses one and its file holds another.
//!
//! Promises: a file is read at most once in each pass over accounts, however many of them are refused, and never on the thread that
//! everything else runs on. Leaves what a token must look like to `config`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use super::Engine;
use crate::config::{self, Origin, Subscription};
use crate::domain::account::SubscriptionName;
use crate::domain::observation::Outcome;

/// What is known of tokens beyond the configuration.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Those that took the place of configured ones.
    replaced: Mutex<BTreeMap<SubscriptionName, SecretString>>,
    /// The subscriptions whose file was read in this pass; held while one is read, so that all who were refused wait for it.
    read: tokio::sync::Mutex<BTreeSet<SubscriptionName>>,
}

impl Engine {
    /// The token to ask with.
    pub(super) fn token(&self, subscription: &Subscription) -> SecretString {
        let replaced = self.tokens.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.get(&subscription.name).unwrap_or(&subscription.token.value).clone()
    }

    /// Allows each token's file to be read once more.
    pub(super) async fn allow_reading_tokens(&self) {
        self.tokens.read.lock().await.clear();
    }

    /// The token to ask with again after `used` was refused, if there is another one by now.
    pub(super) async fn token_after_refusal(
        &self,
        subscription: &Subscription,
        used: &SecretString,
    ) -> Option<SecretString> {
        let mut read = self.tokens.read.lock().await;
        let differs = |token: &SecretString| token.expose_secret() != used.expose_secret();
        // Another account's refusal may have replaced it meanwhile.
        let current = Some(self.token(subscription)).filter(differs);
        if current.is_some() || !read.insert(subscription.name.clone()) {
            return current;
        }
        let origin = subscription.token.origin.clone();
        let reading = tokio::task::spawn_blocking(move || config::read_token_again(&origin));
        let found = reading.await.ok().flatten().filter(differs)?;
        tracing::info!(
            subscription = %subscription.name,
            "the API refused the token of subscription {}; its {} holds another one, which is used from now on",
            subscription.name, subscription.token.origin
        );
        let mut replaced = self.tokens.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.insert(subscription.name.clone(), found.clone());
        Some(found)
    }
}

/// Adds what an operator must know of a refused token that no reading of its file can replace.
pub(super) fn explain_refusal(subscription: &Subscription, outcome: Outcome, error: &mut Option<String>) {
    if outcome == Outcome::Unauthorized && matches!(subscription.token.origin, Origin::Credential(_)) {
        error.get_or_insert_default().push_str(
            "; systemd passed this token when the service started: after a change of its file, restart the service",
        );
    }
}
