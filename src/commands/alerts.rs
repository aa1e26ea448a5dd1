//! `alerts` and `deliveries`.

use std::collections::BTreeSet;

use anyhow::Context;

use crate::cli::{AlertsArgs, DeliveriesArgs, GlobalOptions};
use crate::domain::account::ReceiverName;
use crate::domain::time::Timestamp;
use crate::domain::time_arg;
use crate::output::Paint;
use crate::setup::Session;
use crate::{output, report};

use super::names::unknown;

pub(super) async fn alerts(global: &GlobalOptions, options: &AlertsArgs) -> anyhow::Result<()> {
    let Session { config, store, now } = Session::open(global).await?;
    let since = match &options.since {
        Some(since) => Some(time_arg::since(since, now).context("--since")?),
        None => options.all.then_some(Timestamp::UNIX_EPOCH),
    };
    let alerts = report::Alerts::load(&store, &config, since, now).await?;
    store.close().await;
    output::answer(&alerts, global.json, |alerts| {
        output::alerts(alerts, since.is_some(), Paint::on_stdout(global.color))
    })
}

pub(super) async fn deliveries(global: &GlobalOptions, options: &DeliveriesArgs) -> anyhow::Result<()> {
    let Session { config, store, now } = Session::open(global).await?;
    let since = time_arg::since(&options.since, now).context("--since")?;
    let receivers: Vec<ReceiverName> = options.receivers.iter().map(ReceiverName::new).collect();
    let deliveries = report::Deliveries::load(&store, &receivers, since, now).await?;
    store.close().await;
    // A receiver that left the configuration may still have messages.
    let configured = config.receivers.iter().map(|receiver| &receiver.name);
    let known: BTreeSet<&ReceiverName> =
        configured.chain(deliveries.deliveries.iter().map(|message| &message.receiver)).collect();
    if let Some(name) = receivers.iter().find(|name| !known.contains(name)) {
        let known = known.into_iter().map(ReceiverName::as_str);
        return Err(unknown("receiver", name.as_str(), "configured", known));
    }
    output::answer(&deliveries, global.json, output::deliveries)
}
