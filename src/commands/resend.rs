//! `resend`: puts stored messages into the outbox again. A running service sends them within a minute, else the next `check` does.
//!
//! All messages are resent, or none if one of them cannot be. Leaves what a resent message is to `engine`.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::anyhow;

use crate::cli::{GlobalOptions, ResendArgs};
use crate::clock;
use crate::config::{Config, Receiver};
use crate::domain::message::MessageId;
use crate::domain::text::{name, one_line, quoted};
use crate::domain::time::{Timestamp, dated};
use crate::engine::{ResendResult, resend};
use crate::output;
use crate::report::{Deliveries, ResendReport, ResentMessage};
use crate::setup::Session;
use crate::store::{DeliveryState, StoredMessage};

use super::names::{by_id_part, list, too_short};

pub(super) async fn run(global: &GlobalOptions, options: &ResendArgs) -> anyhow::Result<()> {
    let Session { config, store, .. } = Session::open(global).await?;
    // Read before the lock is taken, since there may be many. A message that changes its state meanwhile is left as it is.
    let stored = Deliveries::load(&store, &[], Timestamp::MIN_UTC, clock::now()).await?;
    let chosen = choose(&options.messages, &stored)?;
    let mut writer = store.write().await?;
    let now = clock::now();
    let mut resent = Vec::with_capacity(chosen.len());
    for message in chosen {
        let receiver = configured_receiver(&config, message)?;
        match resend(&mut writer, receiver, message, options.same_id, now).await? {
            ResendResult::Queued(id) => resent.push(ResentMessage {
                id,
                resend_of: message.id.clone(),
                receiver: message.receiver.clone(),
                summary: message.summary.clone(),
            }),
            ResendResult::StillPending => return Err(pending(message, &stored)),
            ResendResult::ContentUnreadable => anyhow::bail!(
                "the stored content of message {} cannot be read, so it cannot be sent again; `minimax-watch alerts --all` shows what \
                 happened; nothing was resent",
                message.id
            ),
        }
    }
    writer.commit().await?;
    store.close().await;
    output::answer(&ResendReport { generated_at: now, messages: resent }, global.json, render)
}

/// The messages that `typed` means, each once, in the order in which they were sent.
fn choose<'a>(typed: &[String], stored: &'a Deliveries) -> anyhow::Result<Vec<&'a StoredMessage>> {
    // Of several with one id, the last one counts: the others were delivered before.
    let by_id: BTreeMap<&MessageId, &StoredMessage> =
        stored.deliveries.iter().map(|message| (&message.id, message)).collect();
    let known: Vec<&StoredMessage> = by_id.into_values().collect();
    let mut chosen = BTreeMap::new();
    for typed in typed {
        let message = find(typed, &known)?;
        chosen.insert(message.seq, message);
    }
    Ok(chosen.into_values().collect())
}

/// The one message whose id is `typed`, or begins or ends with it.
fn find<'a>(typed: &str, known: &[&'a StoredMessage]) -> anyhow::Result<&'a StoredMessage> {
    if let Some(exact) = known.iter().find(|message| message.id.as_str() == typed) {
        return Ok(exact);
    }
    match by_id_part(typed, known, |message| message.id.as_str()).as_slice() {
        [message] => Ok(message),
        [] => {
            let error = too_short(typed, known.iter().map(|message| message.id.as_str()))
                .unwrap_or_else(|| format!("unknown message {}", quoted(typed)));
            Err(anyhow!(
                "{error}; `minimax-watch deliveries --since 30d` prints the ids of stored messages, older ones are purged after \
                 [store].keep; nothing was resent"
            ))
        }
        several => Err(anyhow!(
            "{} matches several messages: {}; give more characters; nothing was resent",
            quoted(typed),
            list(several.iter().map(|message| format!("{} to {}", message.id, message.receiver)))
        )),
    }
}

fn configured_receiver<'a>(config: &'a Config, message: &StoredMessage) -> anyhow::Result<&'a Receiver> {
    let found = config.receivers.iter().find(|receiver| receiver.name == message.receiver);
    if found.is_some_and(|receiver| receiver.channel.alertmanager().is_some()) {
        anyhow::bail!(
            "message {} is to receiver {}, which is an Alertmanager now: alerts are kept alive there, and no message is sent; nothing was \
             resent",
            message.id,
            quoted(message.receiver.as_str())
        );
    }
    found.ok_or_else(|| {
        anyhow!(
            "message {} is to receiver {}, which is not in the configuration: add the receiver first; configured: {}; nothing was resent",
            message.id,
            quoted(message.receiver.as_str()),
            list(config.receivers.iter().map(|receiver| receiver.name.as_str()))
        )
    })
}

/// Says when the pending `message` is tried.
fn pending(message: &StoredMessage, stored: &Deliveries) -> anyhow::Error {
    let is_first =
        |other: &&StoredMessage| other.state == DeliveryState::Pending && other.receiver == message.receiver;
    let first = stored.deliveries.iter().find(is_first).unwrap_or(message);
    let next = match first.next_attempt_at.filter(|next| *next > stored.generated_at) {
        Some(next) => format!("the next attempt is due {}", dated(next, stored.generated_at)),
        None => "the running service tries it now, else the next `check`".to_owned(),
    };
    let (id, receiver) = (&message.id, name(message.receiver.as_str()));
    if first.id == message.id {
        anyhow!("message {id} to {receiver} is still pending: {next}; nothing was resent")
    } else {
        anyhow!("message {id} to {receiver} is still pending behind {}: {next}; nothing was resent", first.id)
    }
}

fn render(report: &ResendReport) -> String {
    let mut text = String::new();
    for ResentMessage { id, resend_of, receiver, summary } in &report.messages {
        let how = if id == resend_of { "again under its id".to_owned() } else { format!("again as {id}") };
        let receiver = name(receiver.as_str());
        let _ = writeln!(text, "{receiver}: {resend_of} is sent {how}: {}", one_line(summary));
    }
    text.push_str("The running service sends this within a minute, else the next `check` does.\n");
    text
}
