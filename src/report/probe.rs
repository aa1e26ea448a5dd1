//! What answered when it was asked: the API for each subscription, and each receiver.
//!
//! Promises: no address shows more than host and port, and everything that failed comes with a next step. Besides the
//! schedule this is the one answer that is not from the store.

mod receiver;

use schemars::JsonSchema;
use serde::Serialize;

use crate::api::Listing;
use crate::config::{Account, Api, Subscription};
use crate::domain::account::{AccountId, ReceiverName, SubscriptionName};
use crate::domain::observation::Outcome;
use crate::domain::text;
use crate::domain::time::{Timestamp, seconds};

/// So many accounts are listed in a sentence.
const MAX_LISTED: usize = 10;

/// The ways in and out, tried once.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Probe {
    /// When it began.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// Whether everything works.
    pub good: bool,
    /// One for each subscription, in the configuration's order.
    pub subscriptions: Vec<SubscriptionProbe>,
    /// One for each receiver, in the configuration's order.
    pub receivers: Vec<ReceiverProbe>,
}

/// One request for a subscription's list of accounts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SubscriptionProbe {
    /// The operator's name for it.
    pub name: SubscriptionName,
    /// Whether the list came, is not empty, and holds every configured account.
    pub good: bool,
    /// Host and port that were asked.
    pub address: String,
    /// What was tried, in words.
    pub tried: String,
    /// What the answer was; `ok` when the list came.
    pub outcome: Outcome,
    /// What was seen, in words.
    pub seen: String,
    /// How many accounts the list holds; null when it did not come.
    pub listed: Option<usize>,
    /// Configured accounts that the list lacks; empty when it did not come.
    pub missing: Vec<MissingAccount>,
    /// Listed accounts that the configuration does not name; watched all the same with `discover`.
    pub not_configured: Vec<AccountId>,
    /// What to do about it, when it is not good.
    pub next: Option<String>,
}

/// A configured account that the list lacks.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MissingAccount {
    /// The vendor's id, as configured.
    pub id: AccountId,
    /// The operator's name for it.
    pub name: String,
}

/// One greeting of a receiver; nothing was sent to it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReceiverProbe {
    /// The operator's name for it.
    pub name: ReceiverName,
    /// Whether it let us in.
    pub good: bool,
    /// Host and port that were greeted.
    pub address: String,
    /// What was tried, in words.
    pub tried: String,
    /// What was seen, in words.
    pub seen: String,
    /// What to do about it, when it is not good.
    pub next: Option<String>,
}

impl Probe {
    /// All of it together.
    pub fn of(subscriptions: Vec<SubscriptionProbe>, receivers: Vec<ReceiverProbe>, now: Timestamp) -> Self {
        let good = subscriptions.iter().all(|probe| probe.good) && receivers.iter().all(|probe| probe.good);
        Self { generated_at: now, good, subscriptions, receivers }
    }
}

impl SubscriptionProbe {
    /// What `listing` says of `subscription`.
    pub fn of(api: &Api, subscription: &Subscription, listing: &Listing<()>) -> Self {
        let host = api.base_url.host_str().unwrap_or_default();
        let port = api.base_url.port_or_known_default().unwrap_or_default();
        let address = format!("{host}:{port}");
        let came = listing.outcome == Outcome::Ok;
        let lacks = |account: &&Account| came && !listing.accounts.contains_key(&account.id);
        let missing: Vec<&Account> = subscription.accounts.iter().filter(lacks).collect();
        let is_named = |id: &AccountId| subscription.accounts.iter().any(|account| account.id == *id);
        let not_configured: Vec<AccountId> =
            listing.accounts.keys().filter(|id| !is_named(id)).cloned().collect();
        let good = came && missing.is_empty() && !listing.accounts.is_empty();
        Self {
            name: subscription.name.clone(),
            good,
            tried: format!(
                "GET the list of accounts from {address}, token from {}",
                subscription.token.origin
            ),
            outcome: listing.outcome,
            seen: seen(subscription, listing, &missing, &not_configured),
            listed: came.then_some(listing.accounts.len()),
            next: (!good).then(|| next(subscription, listing, &missing, &address)),
            missing: missing
                .into_iter()
                .map(|account| MissingAccount { id: account.id.clone(), name: account.name.clone() })
                .collect(),
            not_configured,
            address,
        }
    }
}

fn seen(
    subscription: &Subscription,
    listing: &Listing<()>,
    missing: &[&Account],
    not_configured: &[AccountId],
) -> String {
    if listing.outcome != Outcome::Ok {
        return listing.error.clone().unwrap_or_else(|| listing.outcome.as_str().to_owned());
    }
    if listing.accounts.is_empty() {
        // Also what a wrong address answers (404), so it says nothing about the token.
        return "an answer that lists no accounts".to_owned();
    }
    let mut seen = format!("token accepted, {} listed", accounts(listing.accounts.len()));
    if !missing.is_empty() {
        let names = first_few(missing.iter().map(|account| named(account)));
        let verb = if missing.len() == 1 { "is" } else { "are" };
        seen = format!("{seen}; of the configured ones {names} {verb} missing");
    }
    if !not_configured.is_empty() {
        let ids = first_few(not_configured.iter().map(|id| format!("`{}`", text::name(id.as_str()))));
        let which = if subscription.discover {
            "watched by `discover`, not named in the configuration"
        } else {
            "listed but not configured, so not watched"
        };
        seen = format!("{seen}; {which}: {ids}");
    }
    seen
}

/// What somebody who did not set this up can do.
fn next(subscription: &Subscription, listing: &Listing<()>, missing: &[&Account], address: &str) -> String {
    let origin = &subscription.token.origin;
    match listing.outcome {
        Outcome::Ok if listing.accounts.is_empty() => {
            "Set up an account at useapi.net under this token; if there are some, see that [api].base_url is right."
                .to_owned()
        }
        Outcome::Ok => {
            let ids = first_few(missing.iter().map(|account| format!("`{}`", text::name(account.id.as_str()))));
            format!(
                "Compare id {ids} in the configuration with the accounts at useapi.net; `minimax-watch check` asks for each by itself."
            )
        }
        Outcome::Unauthorized => {
            format!("Put the current API token of this useapi.net subscription into {origin}.")
        }
        Outcome::SubscriptionLapsed => {
            "Renew the subscription at useapi.net; nothing can be watched with this token until then.".to_owned()
        }
        Outcome::RateLimited => match listing.retry_after {
            Some(wait) => format!("Wait {} and probe again.", crate::domain::time::in_words(wait)),
            None => "Wait a few minutes and probe again.".to_owned(),
        },
        Outcome::Unavailable => format!(
            "See that [api].base_url is right and that this machine reaches {address} (name, firewall, proxy, time-out); then probe again."
        ),
        Outcome::Blocked => {
            "The protection in front of useapi.net refuses this machine, not the token. Probe from another network or without a proxy; if only this machine is refused, give useapi.net's support its IP address and the error code."
                .to_owned()
        }
        Outcome::NotFound | Outcome::AccountError | Outcome::Malformed => {
            "See that [api].base_url is that of useapi.net's API: this answer is not one of its lists.".to_owned()
        }
    }
}

fn named(account: &Account) -> String {
    let (id, name) = (text::name(account.id.as_str()), text::name(&account.name));
    if account.name == account.id.as_str() { format!("`{id}`") } else { format!("`{name}` (id {id})") }
}

/// The first of `names`, and how many more there are; `--json` has all of them.
fn first_few(mut names: impl ExactSizeIterator<Item = String>) -> String {
    let shown: Vec<String> = names.by_ref().take(MAX_LISTED).collect();
    let more = match names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

fn accounts(count: usize) -> String {
    format!("{count} account{}", if count == 1 { "" } else { "s" })
}
