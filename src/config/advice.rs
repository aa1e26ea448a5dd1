//! Warnings about what works and is probably a mistake. Only `config check` prints them.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;

use super::diagnostics::Problem;
use super::model::{Config, Receiver, Secret};
use crate::domain::text;

/// How a useapi.net token begins.
const TOKEN_PREFIX: &str = "user:";

/// Every warning with its next step, for the file that `origin` names.
pub fn advice(config: &Config, origin: &str) -> Vec<Problem> {
    let mut advice = Vec::new();
    let mut add = |key: &str, reason: String| advice.push(Problem::new(origin, key, reason));
    let is_token = |token: &Secret| token.value.expose_secret().starts_with(TOKEN_PREFIX);
    for subscription in config.subscriptions.iter().filter(|subscription| !is_token(&subscription.token)) {
        let (name, origin) = (text::name(subscription.name.as_str()), &subscription.token.origin);
        let reason = format!("the token of {name} ({origin}) does not begin with `{TOKEN_PREFIX}`");
        add("subscriptions", format!("{reason}: copy all of it from useapi.net, with this prefix"));
    }
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for account in config.subscriptions.iter().flat_map(|subscription| &subscription.accounts) {
        *names.entry(&account.name).or_default() += 1;
    }
    for (name, count) in names.into_iter().filter(|(_, count)| *count > 1) {
        let reason =
            format!("{count} accounts are called {}: give each a `name` of its own", text::name(name));
        add("subscriptions.accounts", format!("{reason}, so that messages show which one is meant"));
    }
    // Which accounts the API lists is not known here.
    let discovers = config.subscriptions.iter().any(|subscription| subscription.discover);
    let unmatched =
        config.receivers.iter().filter(|receiver| !discovers && matches_no_account(receiver, config));
    for receiver in unmatched {
        let name = text::name(receiver.name.as_str());
        let globs = text::names(receiver.accounts.iter().map(String::as_str));
        let reason = format!("`accounts` of {name} ({globs}) matches no watched account");
        add("receivers", format!("{reason}: compare it with their names and ids"));
    }
    if config.receivers.is_empty() {
        let next = "add [[receivers]], or read `status` and the exit status of `check`";
        add("receivers", format!("none, so nobody is notified: {next}"));
    }
    advice
}

fn matches_no_account(receiver: &Receiver, config: &Config) -> bool {
    let globs = &receiver.route.accounts;
    let mut accounts = config.subscriptions.iter().flat_map(|subscription| &subscription.accounts);
    !accounts.any(|account| globs.is_match(&account.name) || globs.is_match(account.id.as_str()))
}
