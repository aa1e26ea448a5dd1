//! The result of `config check --probe`: whether the API answers for each subscription, and whether each receiver can be reached.
//!
//! Guarantees: an address shows no more than host and port, and every failure comes with a hint. Uses no store.

use schemars::JsonSchema;
use serde::Serialize;

use crate::api::Listing;
use crate::config::{Account, Api, Origin, Subscription};
use crate::domain::account::{AccountId, AccountRef, ReceiverName, SubscriptionName};
use crate::domain::observation::Outcome;
use crate::domain::text;
use crate::domain::time::{Timestamp, seconds};
use crate::notify::{ProbeError, ProbeResult};

/// How many accounts a sentence names; `--json` has all of them.
const MAX_LISTED: usize = 10;

/// One probe of every subscription and receiver.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Probe {
    /// When the probes started.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// Whether every probe succeeded.
    pub ok: bool,
    /// One for each subscription, in the order of the configuration.
    pub subscriptions: Vec<SubscriptionProbe>,
    /// One for each receiver, in the order of the configuration.
    pub receivers: Vec<ReceiverProbe>,
}

/// One request for a subscription's account list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SubscriptionProbe {
    /// The operator's name for it.
    pub name: SubscriptionName,
    /// Whether the list was received, is not empty, and holds every configured account.
    pub ok: bool,
    /// Host and port of the API.
    pub address: String,
    /// What was done, in words.
    pub action: String,
    /// The outcome of the request; `ok` when the list was received.
    pub outcome: Outcome,
    /// What came of it, in words.
    pub result: String,
    /// How many accounts the list holds; `null` when it was not received.
    pub listed: Option<usize>,
    /// Configured accounts that the list lacks; empty when it was not received.
    pub missing: Vec<AccountRef>,
    /// Listed accounts that the configuration does not name; `discover` watches them anyway.
    pub not_configured: Vec<AccountId>,
    /// What to do about a failure.
    pub hint: Option<String>,
}

/// One probe of a receiver, which sends no message.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReceiverProbe {
    /// The operator's name for it.
    pub name: ReceiverName,
    /// Whether the receiver can be reached and accepts the login.
    pub ok: bool,
    /// Where the receiver is: host and port.
    pub address: String,
    /// What was done, in words.
    pub action: String,
    /// What came of it, in words.
    pub result: String,
    /// What to do about a failure.
    pub hint: Option<String>,
}

impl Probe {
    /// The probes together.
    pub fn new(subscriptions: Vec<SubscriptionProbe>, receivers: Vec<ReceiverProbe>, now: Timestamp) -> Self {
        let ok = subscriptions.iter().all(|probe| probe.ok) && receivers.iter().all(|probe| probe.ok);
        Self { generated_at: now, ok, subscriptions, receivers }
    }
}

impl ReceiverProbe {
    /// The report of a probe of the receiver `name`.
    pub fn new(name: ReceiverName, probe: ProbeResult) -> Self {
        let ProbeResult { address, action, result } = probe;
        let ok = result.is_ok();
        let (result, hint) = match result {
            Ok(summary) => (summary, None),
            Err(ProbeError { message, hint }) => (message, Some(hint)),
        };
        Self { name, ok, address, action, result, hint }
    }
}

impl SubscriptionProbe {
    /// The probe of `subscription` that was answered with `listing`.
    pub fn new(api: &Api, subscription: &Subscription, listing: &Listing<()>) -> Self {
        let host = api.base_url.host_str().unwrap_or_default();
        let port = api.base_url.port_or_known_default().unwrap_or_default();
        let address = format!("{host}:{port}");
        let received = listing.outcome == Outcome::Ok;
        let lacks = |account: &&Account| received && !listing.accounts.contains_key(&account.id);
        let missing = subscription.accounts.iter().filter(lacks);
        let missing: Vec<AccountRef> = missing
            .map(|account| AccountRef { id: account.id.clone(), name: account.name.clone() })
            .collect();
        let is_named = |id: &AccountId| subscription.accounts.iter().any(|account| account.id == *id);
        let not_configured: Vec<AccountId> =
            listing.accounts.keys().filter(|id| !is_named(id)).cloned().collect();
        let ok = received && missing.is_empty() && !listing.accounts.is_empty();
        Self {
            name: subscription.name.clone(),
            ok,
            action: format!("GET the account list from {address}, token from {}", subscription.token.origin),
            outcome: listing.outcome,
            result: result_text(subscription, listing, &missing, &not_configured),
            listed: received.then_some(listing.accounts.len()),
            hint: (!ok).then(|| hint(subscription, listing, &missing, &address)),
            missing,
            not_configured,
            address,
        }
    }
}

fn result_text(
    subscription: &Subscription,
    listing: &Listing<()>,
    missing: &[AccountRef],
    not_configured: &[AccountId],
) -> String {
    if listing.outcome != Outcome::Ok {
        return listing.error.clone().unwrap_or_else(|| listing.outcome.as_str().to_owned());
    }
    if listing.accounts.is_empty() {
        // A wrong address answers like this too (404), so it does not prove that the token is accepted.
        return "an answer that lists no accounts".to_owned();
    }
    let count = listing.accounts.len();
    let mut result = format!("token accepted, {count} account{} listed", if count == 1 { "" } else { "s" });
    if !missing.is_empty() {
        let names = text::first_few(missing.iter().map(named), MAX_LISTED);
        let verb = if missing.len() == 1 { "is" } else { "are" };
        result = format!("{result}; {names} {verb} configured but not listed");
    }
    if !not_configured.is_empty() {
        let ids = text::first_few(
            not_configured.iter().map(|id| format!("`{}`", text::name(id.as_str()))),
            MAX_LISTED,
        );
        let which = if subscription.discover {
            "watched by `discover`, not named in the configuration"
        } else {
            "listed but not configured, so not watched"
        };
        result = format!("{result}; {which}: {ids}");
    }
    result
}

/// The next step, for an operator who did not set this up.
fn hint(subscription: &Subscription, listing: &Listing<()>, missing: &[AccountRef], address: &str) -> String {
    match listing.outcome {
        Outcome::Ok if listing.accounts.is_empty() => {
            "Set up an account at useapi.net under this token. If it has accounts, check [api].base_url."
                .to_owned()
        }
        Outcome::Ok => {
            let ids = text::first_few(missing.iter().map(|account| format!("`{}`", text::name(account.id.as_str()))), MAX_LISTED);
            format!(
                "Compare the id {ids} in the configuration with the accounts at useapi.net. `minimax-watch check` requests each account by itself."
            )
        }
        Outcome::Unauthorized => replace_token(&subscription.token.origin),
        Outcome::SubscriptionLapsed => {
            "Renew the subscription at useapi.net; until then no account can be checked with this token.".to_owned()
        }
        Outcome::RateLimited => match listing.retry_after {
            Some(wait) => format!("Wait {} and try again.", crate::domain::time::in_words(wait)),
            None => "Wait a few minutes and try again.".to_owned(),
        },
        Outcome::Unavailable => format!(
            "Check [api].base_url, and that this machine can reach {address} (DNS, firewall, proxy, timeout); then try again."
        ),
        Outcome::Blocked => {
            "The protection in front of useapi.net refuses this machine, not the token. Probe from another network or without a proxy; if only this machine is refused, send its IP address and the error code to useapi.net's support."
                .to_owned()
        }
        Outcome::NotFound | Outcome::AccountError | Outcome::Malformed => {
            "Check [api].base_url: this answer is not an account list of useapi.net's API.".to_owned()
        }
    }
}

/// The next step after the API refused the token that was read from `origin`.
pub(super) fn replace_token(origin: &Origin) -> String {
    format!("Put the current API token of this useapi.net subscription into {origin}.")
}

fn named(account: &AccountRef) -> String {
    let (id, name) = (text::name(account.id.as_str()), text::name(&account.name));
    if account.name == account.id.as_str() { format!("`{id}`") } else { format!("`{name}` (id {id})") }
}
