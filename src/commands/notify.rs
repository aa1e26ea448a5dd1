//! `notify test`: a marked message through the real path, and what became of it.

use std::fmt::Write;

use crate::cli::{Global, Notify};
use crate::clock;
use crate::config::Receiver;
use crate::domain::alert::Severity;
use crate::domain::message::{Message, MessageData, MessageId, MessageType};
use crate::domain::summary;
use crate::domain::time::Timestamp;
use crate::notify::{Attempt, Sender, render};

use super::FAILED;
use crate::{output, setup};

pub(super) async fn run(global: &Global, command: &Notify) -> anyhow::Result<u8> {
    let Notify::Test { receivers: names } = command;
    let config = setup::load(global, &[])?;
    if let Some(name) =
        names.iter().find(|name| config.receivers.iter().all(|receiver| receiver.name.as_str() != *name))
    {
        let known: Vec<&str> = config.receivers.iter().map(|receiver| receiver.name.as_str()).collect();
        anyhow::bail!("`{name}` is no receiver (there are: {})", known.join(", "));
    }
    let chosen: Vec<&Receiver> = config
        .receivers
        .iter()
        .filter(|receiver| names.is_empty() || names.iter().any(|name| name == receiver.name.as_str()))
        .collect();
    anyhow::ensure!(
        !chosen.is_empty(),
        "the configuration has no receivers: add a [[receivers]] to be told of anything"
    );
    let sender = Sender::quoting_answers();
    let now = clock::now();
    let attempts = chosen.iter().map(|receiver| attempt(&sender, receiver, now));
    let results = futures_util::future::join_all(attempts).await;
    let mut status = 0;
    let mut text = String::new();
    for (receiver, result) in chosen.iter().zip(results) {
        let line = match result? {
            Attempt::Delivered => "delivered".to_owned(),
            Attempt::Deferred { error, .. } => {
                status = FAILED;
                format!("not taken, would be tried again: {error}")
            }
            Attempt::Refused { error, .. } | Attempt::Final { error } => {
                status = FAILED;
                format!("refused: {error}")
            }
        };
        writeln!(text, "{}: {line}", receiver.name)?;
    }
    output::print(&text)?;
    Ok(status)
}

async fn attempt(sender: &Sender, receiver: &Receiver, now: Timestamp) -> anyhow::Result<Attempt> {
    let message = Message {
        kind: MessageType::Test,
        timestamp: now,
        data: MessageData {
            receiver: receiver.name.clone(),
            severity: Severity::Info,
            summary: summary::TEST.to_owned(),
            alerts: Vec::new(),
            changes: Vec::new(),
            truncated: 0,
            withheld: 0,
        },
    };
    let id = MessageId::new(format!("msg_{}", ulid::Ulid::from_datetime(now.into())));
    let body = render::body(&message, &id, receiver, &[])?;
    Ok(sender.send(receiver, &id, &body, &[], &clock::system()).await.attempt)
}
