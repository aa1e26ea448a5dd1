//! `alerts` and `deliveries`: what fires, and what became of the messages about it.

use std::collections::BTreeSet;

use anyhow::Context;

use crate::cli::{Alerts, Deliveries, Global};
use crate::clock;
use crate::domain::account::ReceiverName;
use crate::domain::moment;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::report;

use crate::{output, setup};

pub(super) async fn alerts(global: &Global, options: &Alerts) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let now = clock::now();
    let since = match &options.since {
        Some(since) => Some(moment::since(since, now).context("--since")?),
        None => options.all.then_some(Timestamp::UNIX_EPOCH),
    };
    let store = setup::existing_store(&config).await?;
    let alerts = report::Alerts::of(&store, &config, since, now).await?;
    store.close().await;
    output::answer(&alerts, options.json, |alerts| output::alerts(alerts, since.is_some(), global.color))?;
    Ok(0)
}

pub(super) async fn deliveries(global: &Global, options: &Deliveries) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let now = clock::now();
    let since = moment::since(&options.since, now).context("--since")?;
    let receivers: Vec<ReceiverName> = options.receivers.iter().map(ReceiverName::new).collect();
    let mut known: BTreeSet<ReceiverName> =
        config.receivers.iter().map(|receiver| receiver.name.clone()).collect();
    let store = setup::existing_store(&config).await?;
    let deliveries = report::Deliveries::of(&store, &receivers, since, now).await?;
    store.close().await;
    // One that left the configuration may still have messages.
    known.extend(deliveries.deliveries.iter().map(|message| message.receiver.clone()));
    if let Some(slip) = receivers.iter().find(|name| !known.contains(*name)) {
        let known = text::names(known.iter().map(ReceiverName::as_str));
        let known = if known.is_empty() { "none".to_owned() } else { known };
        anyhow::bail!("`{}` is no receiver (there are: {known})", text::name(slip.as_str()));
    }
    output::answer(&deliveries, options.json, output::deliveries)?;
    Ok(0)
}
