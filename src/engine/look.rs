//! One look: asks the vendor about one account, or about many by their subscription's list.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc::Sender;

use super::Engine;
use super::tokens::explain_refusal;
use crate::api::Listing;
use crate::config::{Fetch, Subscription};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::configuration::Configuration;
use crate::domain::observation::{Observation, Outcome};
use crate::store::StoreError;

/// What one look saw, and of whom. Small, since a list is held whole before any of it counts.
pub(super) type Sighting = (AccountKey, Sight);

#[derive(Debug)]
pub(super) enum Sight {
    /// A healthy configuration as JSON, as the store keeps it.
    Healthy(Box<[u8]>),
    /// Anything else.
    Other(Box<Observation>),
}

impl Sight {
    fn of(observation: Observation) -> Self {
        let mut json = Vec::with_capacity(512);
        match observation.configuration.as_ref().map(|value| serde_json::to_writer(&mut json, value)) {
            Some(Ok(())) => Self::Healthy(json.into_boxed_slice()),
            Some(Err(_)) | None => Self::Other(Box::new(observation)),
        }
    }

    pub(super) const fn outcome(&self) -> Outcome {
        match self {
            Self::Healthy(_) => Outcome::Ok,
            Self::Other(observation) => observation.outcome,
        }
    }

    pub(super) fn error(&self) -> Option<&str> {
        match self {
            Self::Healthy(_) => None,
            Self::Other(observation) => observation.error.as_deref(),
        }
    }

    /// All of what was seen.
    pub(super) fn observation(&self) -> Observation {
        match self {
            Self::Healthy(json) => match serde_json::from_slice::<Configuration>(json) {
                Ok(configuration) => Observation::ok(configuration),
                Err(error) => Observation::failed(Outcome::Malformed, error.to_string()),
            },
            Self::Other(observation) => Observation::clone(observation),
        }
    }
}

/// Asks about one account by itself.
pub(super) async fn look(engine: &Engine, target: AccountKey) -> Sighting {
    let observation = match engine.subscription(&target.subscription) {
        Some(subscription) => {
            let token = engine.token(subscription);
            let mut seen = engine.client.account(&token, &target.id, &engine.clock).await;
            if seen.outcome == Outcome::Unauthorized
                && let Some(token) = engine.token_after_refusal(subscription, &token).await
            {
                seen = engine.client.account(&token, &target.id, &engine.clock).await;
            }
            explain_refusal(subscription, seen.outcome, &mut seen.error);
            seen
        }
        None => gone(),
    };
    (target, Sight::of(observation))
}

/// One list to ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Roll {
    pub(super) subscription: SubscriptionName,
    /// Whether the list itself is watched, since it says whom to watch.
    discovers: bool,
    /// Who is to be looked at by it.
    pub(super) wanted: BTreeSet<AccountId>,
}

impl Roll {
    /// Whom it speaks for, itself among them where it is watched.
    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountKey> {
        let listing = self.discovers.then(|| AccountKey::listing(&self.subscription));
        self.wanted.iter().map(|id| AccountKey::new(&self.subscription, id)).chain(listing)
    }
}

/// What is to be asked: lists, and accounts by themselves. An account alone is not worth a list.
pub(super) fn plan(engine: &Engine, targets: Vec<AccountKey>) -> (Vec<Roll>, Vec<AccountKey>) {
    let mut rolls: BTreeMap<SubscriptionName, Roll> = BTreeMap::new();
    let mut own = Vec::new();
    for target in targets {
        if !target.is_listing() && engine.config.api.fetch == Fetch::Each {
            own.push(target);
            continue;
        }
        let roll = rolls.entry(target.subscription.clone()).or_insert_with(|| Roll {
            subscription: target.subscription.clone(),
            discovers: false,
            wanted: BTreeSet::new(),
        });
        if target.is_listing() {
            roll.discovers = true;
        } else {
            roll.wanted.insert(target.id);
        }
    }
    let mut rolls: Vec<Roll> = rolls.into_values().collect();
    rolls.retain_mut(|roll| {
        let alone = !roll.discovers && roll.wanted.len() == 1;
        if alone && let Some(id) = roll.wanted.pop_first() {
            own.push(AccountKey::new(&roll.subscription, &id));
        }
        !alone
    });
    (rolls, own)
}

/// Asks for a list; what it says of whom nobody wants is let go at once.
pub(super) async fn read_out(engine: &Engine, roll: Roll) -> (Roll, Listing<Option<Sight>>) {
    let Some(subscription) = engine.subscription(&roll.subscription) else {
        return (roll, gone().into());
    };
    let keeps = engine.config.api.fetch == Fetch::List;
    let keep = |observation| keeps.then(|| Sight::of(observation));
    let token = engine.token(subscription);
    let mut listing = engine.client.accounts(&token, &engine.clock, keep).await;
    if listing.outcome == Outcome::Unauthorized
        && let Some(token) = engine.token_after_refusal(subscription, &token).await
    {
        listing = engine.client.accounts(&token, &engine.clock, keep).await;
    }
    explain_refusal(subscription, listing.outcome, &mut listing.error);
    (roll, listing)
}

impl Engine {
    /// Hands over what a list said; gives those who must be asked by themselves: who is wanted and missing, and who was found
    /// where accounts are asked for by themselves.
    pub(super) async fn hand_over(
        &self,
        (mut roll, listing): (Roll, Listing<Option<Sight>>),
        sightings: &Sender<Sighting>,
    ) -> Result<Vec<AccountKey>, StoreError> {
        let Listing { outcome, error, retry_after, accounts } = listing;
        let of = |id: &AccountId| AccountKey::new(&roll.subscription, id);
        let as_a_whole = Observation { outcome, configuration: None, error, retry_after };
        // A receiver that is closed met an error, which is told of where it was met.
        let hand = async |account, sight| drop(sightings.send((account, sight)).await);
        if outcome != Outcome::Ok {
            let of_each = for_each(&as_a_whole);
            for id in &roll.wanted {
                hand(of(id), Sight::Other(Box::new(of_each.clone()))).await;
            }
        }
        if roll.discovers {
            let listed: Vec<&AccountId> = accounts.keys().collect();
            roll.wanted.extend(self.watch_found(&roll.subscription, &listed).await?);
            hand(AccountKey::listing(&roll.subscription), Sight::Other(Box::new(as_a_whole))).await;
        }
        if outcome != Outcome::Ok {
            return Ok(Vec::new());
        }
        for (id, sight) in accounts {
            if let Some(sight) = sight
                && roll.wanted.remove(&id)
            {
                hand(of(&id), sight).await;
            }
        }
        Ok(roll.wanted.iter().map(of).collect())
    }

    fn subscription(&self, name: &SubscriptionName) -> Option<&Subscription> {
        self.config.subscriptions.iter().find(|subscription| subscription.name == *name)
    }
}

/// What a list that was not to be had says of each account: what is true of the token, the plan, the pace and this machine is true
/// of all; anything else is no verdict.
fn for_each(listing: &Observation) -> Observation {
    let outcome = match listing.outcome {
        Outcome::Unauthorized
        | Outcome::SubscriptionLapsed
        | Outcome::RateLimited
        | Outcome::Unavailable
        | Outcome::Blocked => return listing.clone(),
        Outcome::Ok | Outcome::NotFound | Outcome::AccountError | Outcome::Malformed => Outcome::Unavailable,
    };
    let why = listing.error.as_deref().unwrap_or_else(|| listing.outcome.as_str());
    Observation::failed(outcome, format!("the list of accounts cannot be used: {why}"))
}

fn gone() -> Observation {
    Observation::failed(Outcome::Unavailable, "its subscription left the configuration")
}
