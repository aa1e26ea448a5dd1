//! `config check --probe`: the ways in and out, each tried once and all at the same time. Opens no store.

use futures_util::future::{join, join_all};

use crate::api::{Client, Listing};
use crate::cli::Global;
use crate::clock;
use crate::config::{Config, Subscription};
use crate::domain::observation::{Observation, Outcome};
use crate::notify;
use crate::report::{Probe, ReceiverProbe, SubscriptionProbe};

use super::FAILED;
use crate::output;

pub(super) async fn run(global: &Global, config: &Config, json: bool) -> anyhow::Result<u8> {
    let progress = output::Progress::new();
    progress.say("asking the API and greeting the receivers");
    let asking = config.subscriptions.iter().map(|subscription| ask(config, subscription));
    let greeting = config.receivers.iter().map(|receiver| async move {
        let greeting = notify::greet(receiver).await;
        ReceiverProbe::of(receiver, &greeting)
    });
    let (subscriptions, receivers) = join(join_all(asking), join_all(greeting)).await;
    progress.finish();
    let probe = Probe::of(subscriptions, receivers, clock::now());
    output::answer(&probe, json, |probe| output::probe(probe, global.color))?;
    Ok(if probe.good { 0 } else { FAILED })
}

async fn ask(config: &Config, subscription: &Subscription) -> SubscriptionProbe {
    let listing = match Client::new(&config.api) {
        Ok(client) => client.accounts(&subscription.token.value, &clock::system(), |_| ()).await,
        // A machine without CA certificates: the receivers are greeted all the same.
        Err(error) => Listing::from(Observation::failed(Outcome::Unavailable, error.to_string())),
    };
    SubscriptionProbe::of(&config.api, subscription, &listing)
}
