//! What works and is probably not meant: for `config check`, which has time to say it; no other command repeats it.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;

use super::model::{Config, Receiver};
use super::problem::Problem;
use crate::domain::text;

/// How a useapi.net token begins.
const TOKEN_PREFIX: &str = "user:";

/// Each oddity with its next step, for the file that `origin` names.
pub fn advice(config: &Config, origin: &str) -> Vec<Problem> {
    let mut advice = Vec::new();
    let mut add = |key: &str, reason: String| advice.push(Problem::new(origin, key, reason));
    for subscription in &config.subscriptions {
        if !subscription.token.value.expose_secret().starts_with(TOKEN_PREFIX) {
            let (name, origin) = (text::name(subscription.name.as_str()), &subscription.token.origin);
            add(
                "subscriptions",
                format!(
                    "the token of {name} ({origin}) does not begin with `{TOKEN_PREFIX}`: copy all of it from useapi.net, \
                     the beginning belongs to it"
                ),
            );
        }
    }
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for account in config.subscriptions.iter().flat_map(|subscription| &subscription.accounts) {
        *names.entry(&account.name).or_default() += 1;
    }
    for (name, count) in names.into_iter().filter(|(_, count)| *count > 1) {
        let name = text::name(name);
        add(
            "subscriptions.accounts",
            format!(
                "{count} accounts are called {name}: give each a `name` of its own, or messages cannot tell them apart"
            ),
        );
    }
    // Whom the API lists is not known here.
    let discovers = config.subscriptions.iter().any(|subscription| subscription.discover);
    for receiver in config.receivers.iter().filter(|receiver| !discovers && matches_nobody(receiver, config))
    {
        let (name, globs) =
            (text::name(receiver.name.as_str()), text::names(receiver.accounts.iter().map(String::as_str)));
        add(
            "receivers",
            format!(
                "`accounts` of {name} ({globs}) matches no watched account: compare it with their names and ids"
            ),
        );
    }
    if config.receivers.is_empty() {
        add("receivers", "there is none, so nobody is notified: add [[receivers]], or read `status` and the exit status of `check`".to_owned());
    }
    advice
}

fn matches_nobody(receiver: &Receiver, config: &Config) -> bool {
    let globs = &receiver.route.accounts;
    let mut accounts = config.subscriptions.iter().flat_map(|subscription| &subscription.accounts);
    !accounts.any(|account| globs.is_match(&account.name) || globs.is_match(account.id.as_str()))
}
