//! One check: a request about one account, or about many by the list of their subscription.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc::Sender;

use super::Engine;
use super::tokens::explain_refusal;
use crate::api::{Answer, LastAnswers, Listing};
use crate::config::{FetchMode, Subscription};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::checksum::{Checksum, LastAnswer};
use crate::domain::configuration::Configuration;
use crate::domain::observation::{Observation, Outcome};
use crate::store::StoreError;

/// An account and what its check showed.
pub(super) type CheckResult = (AccountKey, CheckOutcome);

/// What a check showed. Small, since a list is held whole until it was read to its end.
#[derive(Debug)]
pub(super) enum CheckOutcome {
    /// The last healthy answer once more.
    Unchanged(LastAnswer),
    /// The checksum of a healthy answer, and its configuration as JSON, as the store keeps it.
    Healthy(Checksum, Box<[u8]>),
    /// Anything else.
    Other(Box<Observation>),
}

impl CheckOutcome {
    fn new(answer: Answer) -> Self {
        let (observation, checksum) = match answer {
            Answer::Unchanged(last) => return Self::Unchanged(last),
            Answer::Read(observation, checksum) => (observation, checksum),
        };
        match checksum.zip(observation.configuration.as_ref().and_then(to_json)) {
            Some((checksum, json)) => Self::Healthy(checksum, json),
            None => Self::Other(observation),
        }
    }

    pub(super) const fn outcome(&self) -> Outcome {
        match self {
            Self::Unchanged(_) | Self::Healthy(..) => Outcome::Ok,
            Self::Other(observation) => observation.outcome,
        }
    }

    pub(super) fn error(&self) -> Option<&str> {
        match self {
            Self::Unchanged(_) | Self::Healthy(..) => None,
            Self::Other(observation) => observation.error.as_deref(),
        }
    }

    /// The checksum of a healthy answer that was read. One that was not proves nothing about the configuration that is stored by now.
    pub(super) const fn checksum(&self) -> Option<Checksum> {
        match self {
            Self::Healthy(checksum, _) => Some(*checksum),
            Self::Unchanged(_) | Self::Other(_) => None,
        }
    }

    /// What it shows; `last` is the configuration in the last healthy answer.
    pub(super) fn observation(&self, last: Option<&Configuration>) -> Observation {
        match self {
            Self::Unchanged(_) => match last {
                Some(configuration) => Observation::ok(configuration.clone()),
                None => Observation::failed(Outcome::Unavailable, "its last answer is no longer stored"),
            },
            Self::Healthy(_, json) => match serde_json::from_slice::<Configuration>(json) {
                Ok(configuration) => Observation::ok(configuration),
                Err(error) => Observation::failed(Outcome::Malformed, error.to_string()),
            },
            Self::Other(observation) => Observation::clone(observation),
        }
    }
}

/// `configuration` as JSON. Most fit a buffer on the stack, so that only their exact length is allocated.
fn to_json(configuration: &Configuration) -> Option<Box<[u8]>> {
    let mut buffer = [0; 1_024];
    let mut rest = &mut buffer[..];
    let written = serde_json::to_writer(&mut rest, configuration);
    let left = rest.len();
    match written {
        Ok(()) => Some(buffer[..buffer.len() - left].into()),
        Err(_) => serde_json::to_vec(configuration).ok().map(Vec::into_boxed_slice),
    }
}

/// Requests one account, whose `last` healthy answer is not read again.
pub(super) async fn check_account(
    engine: &Engine,
    account: AccountKey,
    last: Option<LastAnswer>,
) -> CheckResult {
    let Some(subscription) = engine.subscription(&account.subscription) else {
        return (account, CheckOutcome::new(subscription_removed().into()));
    };
    let token = engine.tokens.current(subscription);
    let answer = engine.client.account(&token, &account.id, last, &engine.clock).await;
    let mut outcome = CheckOutcome::new(answer);
    if outcome.outcome() == Outcome::Unauthorized
        && let Some(token) = engine.tokens.after_refusal(subscription, &token).await
    {
        outcome = CheckOutcome::new(engine.client.account(&token, &account.id, last, &engine.clock).await);
    }
    if let CheckOutcome::Other(seen) = &mut outcome {
        explain_refusal(subscription, seen.outcome, &mut seen.error);
    }
    (account, outcome)
}

/// The request for the list of one subscription.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListRequest {
    pub(super) subscription: SubscriptionName,
    /// Whether the list itself is watched, since new accounts in it are watched too.
    discovers: bool,
    /// The accounts to check by it.
    pub(super) wanted: BTreeSet<AccountId>,
}

impl ListRequest {
    /// Everything that its answer says something about: the accounts, and the list itself where it is watched.
    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountKey> {
        let listing = self.discovers.then(|| AccountKey::listing(&self.subscription));
        self.wanted.iter().map(|id| AccountKey::new(&self.subscription, id)).chain(listing)
    }
}

/// Divides `targets` into lists and single accounts. A list is not requested for one account.
pub(super) fn plan_requests(
    engine: &Engine,
    targets: Vec<AccountKey>,
) -> (Vec<ListRequest>, Vec<AccountKey>) {
    let mut lists: BTreeMap<SubscriptionName, ListRequest> = BTreeMap::new();
    let mut single = Vec::new();
    for target in targets {
        if !target.is_listing() && engine.config.api.fetch == FetchMode::Each {
            single.push(target);
            continue;
        }
        let list = lists.entry(target.subscription.clone()).or_insert_with(|| ListRequest {
            subscription: target.subscription.clone(),
            discovers: false,
            wanted: BTreeSet::new(),
        });
        if target.is_listing() {
            list.discovers = true;
        } else {
            list.wanted.insert(target.id);
        }
    }
    let (one, many): (Vec<_>, Vec<_>) =
        lists.into_values().partition(|list| !list.discovers && list.wanted.len() == 1);
    single.extend(one.iter().flat_map(ListRequest::accounts));
    (many, single)
}

/// Requests a list. Accounts that nobody asked for are dropped as they are read.
pub(super) async fn fetch_list(
    engine: &Engine,
    list: ListRequest,
    known: &LastAnswers,
) -> (ListRequest, Listing<Option<CheckOutcome>>) {
    let Some(subscription) = engine.subscription(&list.subscription) else {
        return (list, subscription_removed().into());
    };
    let keeps = engine.config.api.fetch == FetchMode::List;
    let keep = |answer| keeps.then(|| CheckOutcome::new(answer));
    let token = engine.tokens.current(subscription);
    let mut listing = engine.client.accounts(&token, known, &engine.clock, keep).await;
    if listing.outcome == Outcome::Unauthorized
        && let Some(token) = engine.tokens.after_refusal(subscription, &token).await
    {
        listing = engine.client.accounts(&token, known, &engine.clock, keep).await;
    }
    explain_refusal(subscription, listing.outcome, &mut listing.error);
    (list, listing)
}

impl Engine {
    /// Passes on what a list says about each account. Returns those that must be requested one by one: the wanted ones that it
    /// does not contain, and new ones where accounts are requested one by one.
    pub(super) async fn apply_list(
        &self,
        (mut list, listing): (ListRequest, Listing<Option<CheckOutcome>>),
        results: &Sender<CheckResult>,
    ) -> Result<Vec<AccountKey>, StoreError> {
        let Listing { outcome, error, retry_after, accounts } = listing;
        let key = |id: &AccountId| AccountKey::new(&list.subscription, id);
        let whole = Observation { outcome, configuration: None, error, retry_after };
        // The channel is closed only when storing failed, which is reported there.
        let send = async |account, outcome| drop(results.send((account, outcome)).await);
        if outcome != Outcome::Ok {
            let each = outcome_for_each(&whole);
            for id in &list.wanted {
                send(key(id), CheckOutcome::Other(Box::new(each.clone()))).await;
            }
        }
        if list.discovers {
            let listed: Vec<&AccountId> = accounts.keys().collect();
            list.wanted.extend(self.watch_discovered(&list.subscription, &listed).await?);
            send(AccountKey::listing(&list.subscription), CheckOutcome::Other(Box::new(whole))).await;
        }
        if outcome != Outcome::Ok {
            return Ok(Vec::new());
        }
        for (id, seen) in accounts {
            if let Some(seen) = seen
                && list.wanted.remove(&id)
            {
                send(key(&id), seen).await;
            }
        }
        Ok(list.wanted.iter().map(key).collect())
    }

    /// The subscription of that name.
    pub(super) fn subscription(&self, name: &SubscriptionName) -> Option<&Subscription> {
        self.config.subscriptions.iter().find(|subscription| subscription.name == *name)
    }
}

/// What the failure of a list says about each account: a fault of the token, the plan, the rate limit or this machine holds for
/// all of them; anything else is inconclusive.
fn outcome_for_each(list: &Observation) -> Observation {
    let outcome = match list.outcome {
        Outcome::Unauthorized
        | Outcome::SubscriptionLapsed
        | Outcome::RateLimited
        | Outcome::Unavailable
        | Outcome::Blocked => return list.clone(),
        Outcome::Ok | Outcome::NotFound | Outcome::AccountError | Outcome::Malformed => Outcome::Unavailable,
    };
    let why = list.error.as_deref().unwrap_or_else(|| list.outcome.as_str());
    Observation::failed(outcome, format!("the list of accounts cannot be used: {why}"))
}

fn subscription_removed() -> Observation {
    Observation::failed(Outcome::Unavailable, "its subscription left the configuration")
}
