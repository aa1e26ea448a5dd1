//! `config check --probe`: tries the API once per subscription, and each receiver, all at the same time. Opens no store.

use futures_util::future::{join, join_all};

use crate::api::{Client, LastAnswers, Listing};
use crate::cli::GlobalOptions;
use crate::clock;
use crate::config::{Config, Subscription};
use crate::domain::observation::{Observation, Outcome};
use crate::notify;
use crate::output::Paint;
use crate::report::{Probe, ReceiverProbe, SubscriptionProbe};

use super::exit_status::FAILED;
use crate::output;

pub(super) async fn run(global: &GlobalOptions, config: &Config) -> anyhow::Result<u8> {
    let progress = output::Progress::new();
    progress.say("asking the API and connecting to the receivers");
    let listings = config.subscriptions.iter().map(|subscription| list_accounts(config, subscription));
    let connections = config.receivers.iter().map(|receiver| async move {
        let result = notify::probe(receiver).await;
        ReceiverProbe::new(receiver.name.clone(), result)
    });
    let (subscriptions, receivers) = join(join_all(listings), join_all(connections)).await;
    progress.finish();
    let probe = Probe::new(subscriptions, receivers, clock::now());
    output::answer(&probe, global.json, |probe| output::probe(probe, Paint::on_stdout(global.color)))?;
    Ok(if probe.ok { 0 } else { FAILED })
}

async fn list_accounts(config: &Config, subscription: &Subscription) -> SubscriptionProbe {
    let listing = match Client::new(&config.api) {
        Ok(client) => {
            let token = subscription.token.value.clone().into();
            client.accounts(&token, &LastAnswers::new(), &clock::system(), |_| ()).await
        }
        // No CA certificates on this machine: the receivers are still tried.
        Err(error) => Listing::from(Observation::failed(Outcome::Unavailable, error.to_string())),
    };
    SubscriptionProbe::new(&config.api, subscription, &listing)
}
