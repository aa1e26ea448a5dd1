//! Notifying receivers: how a message is rendered for each type of receiver, how it is sent, and how a receiver is probed.
//!
//! Guarantees: rendering is pure, so a message has the same bytes on every attempt; each call makes one attempt, bounded
//! in time, whose outcome is a value and never an error; no outcome contains a secret or the path of an address.
//! Each type of receiver is a folder, and of this module only this file matches on the types.
//! Leaves to the engine which message is due, when it is retried and what is stored.

mod alertmanager;
mod attempt;
mod discord;
mod email;
mod exec;
mod heartbeat;
mod http;
mod message;
mod ntfy;
mod pagerduty;
mod probe;
mod slack;
mod stream;
mod telegram;
#[cfg(test)]
mod tests;
mod webhook;

pub use alertmanager::{alert_series, change_series};
pub use attempt::{Attempt, SendOutcome};
pub use message::{RenderError, advice_for, check_templates, templates};
pub use probe::{ProbeError, ProbeResult};
pub use webhook::{ReceivedDelivery, VerifyError, verify};

/// Properties of any answer that a receiver can send, for the property tests and the fuzz targets (`fuzz/`).
#[cfg(any(test, fuzzing))]
pub mod properties {
    pub use super::alertmanager::properties::check_active_series;
    pub use super::email::properties::check_reply;
    pub use super::webhook::properties::check_webhook_response;
}

use std::collections::BTreeSet;

use url::Url;

use crate::config::{Alertmanager, Channel, Heartbeat, Receiver, WebhookFormat};
use crate::domain::clock::Clock;
use crate::domain::message::{Message, MessageId};
use crate::domain::series::{Labels, Push};

/// What a body was rendered for. A receiver of another type or format needs a new body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyFormat {
    /// The type of receiver.
    pub channel: &'static str,
    /// The format within that type. Stored with each message: under another name, waiting messages are rendered again.
    pub format: &'static str,
}

/// What bodies for a receiver on `channel` are rendered for.
pub fn body_format(channel: &Channel) -> BodyFormat {
    let format = match channel {
        Channel::Email(_) => "mail",
        Channel::Webhook(webhook) => webhook.format.into(),
        Channel::Exec(_) => WebhookFormat::Standard.into(),
        Channel::Telegram(_) | Channel::Ntfy(_) | Channel::Discord(_) | Channel::Slack(_) => "chat",
        Channel::PagerDuty(_) => "events",
        Channel::Alertmanager(_) => "v2",
    };
    BodyFormat { channel: channel.type_name(), format }
}

/// Renders the body that `receiver` is sent, ready for the outbox.
///
/// `thread` holds the ids of the first mails to this receiver about the same alerts, oldest first; only mails use it.
pub fn render(
    message: &Message,
    id: &MessageId,
    receiver: &Receiver,
    thread: &[MessageId],
) -> Result<Vec<u8>, RenderError> {
    match &receiver.channel {
        Channel::Email(email) => email::render(message, id, receiver, email, thread),
        Channel::Webhook(webhook) => webhook::render(message, id, receiver, webhook.format),
        Channel::Exec(_) => webhook::render(message, id, receiver, WebhookFormat::Standard),
        Channel::Telegram(_) => telegram::render(message, receiver),
        Channel::Ntfy(_) => ntfy::render(message, receiver),
        Channel::Discord(_) => discord::render(message, receiver),
        Channel::Slack(_) => slack::render(message, receiver),
        Channel::PagerDuty(_) => pagerduty::render(message, id),
        Channel::Alertmanager(alertmanager) => alertmanager::render(message, &alertmanager.labels),
    }
}

/// Probes `receiver` once, within the time limits of a delivery: connects and logs in as for a delivery, but sends no
/// message.
pub async fn probe(receiver: &Receiver) -> ProbeResult {
    match &receiver.channel {
        Channel::Email(email) => email::probe(email).await,
        Channel::Webhook(webhook) => webhook::probe(webhook).await,
        Channel::Telegram(telegram) => telegram::probe(telegram).await,
        Channel::Ntfy(ntfy) => ntfy::probe(ntfy).await,
        Channel::Discord(webhook) => discord::probe(webhook).await,
        Channel::Slack(webhook) => slack::probe(webhook).await,
        Channel::PagerDuty(pagerduty) => pagerduty::probe(pagerduty).await,
        Channel::Exec(exec) => exec::probe(exec),
        Channel::Alertmanager(alertmanager) => alertmanager::probe(alertmanager).await,
    }
}

/// Sends rendered messages; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    /// None in a dry run.
    clients: Option<http::Clients>,
}

impl Sender {
    /// Sends over the network. Nothing is connected or read before the first message.
    pub fn over_network() -> Self {
        Self { clients: Some(http::Clients::default()) }
    }

    /// As [`Self::over_network`], but errors quote the beginning of a webhook's response. Only for a person at a terminal.
    pub fn quoting_responses() -> Self {
        Self { clients: Some(http::Clients::quoting_responses()) }
    }

    /// Sends nothing and reports every message as delivered.
    pub const fn dry_run() -> Self {
        Self { clients: None }
    }

    /// Tries once to send `body` to `receiver`; recipients of a mail, and events of PagerDuty, that are in `accepted` are left out.
    ///
    /// `clock` is read when the attempt begins, for a webhook's time stamp, and when the response has come: a date in
    /// `Retry-After` counts from there.
    pub async fn send(
        &self,
        receiver: &Receiver,
        id: &MessageId,
        body: &[u8],
        accepted: &[String],
        clock: &Clock,
    ) -> SendOutcome {
        let Some(clients) = &self.clients else { return Attempt::Delivered.into() };
        match &receiver.channel {
            Channel::Email(email) => email::send(email, body, accepted).await,
            Channel::Webhook(webhook) => webhook::send(clients, webhook, id, body, clock).await.into(),
            Channel::Telegram(telegram) => telegram::send(clients, telegram, body, clock).await.into(),
            Channel::Ntfy(ntfy) => ntfy::send(clients, ntfy, body, clock).await.into(),
            Channel::Discord(webhook) => discord::send(clients, webhook, body, clock).await.into(),
            Channel::Slack(webhook) => slack::send(clients, webhook, body, clock).await.into(),
            Channel::PagerDuty(pagerduty) => pagerduty::send(clients, pagerduty, body, accepted, clock).await,
            Channel::Exec(exec) => {
                exec::send(exec, receiver, id, body, clients.quotes_responses).await.into()
            }
            Channel::Alertmanager(alertmanager) => {
                alertmanager::send(clients, alertmanager, body).await.into()
            }
        }
    }

    /// Whether it sends nothing.
    pub const fn is_dry_run(&self) -> bool {
        self.clients.is_none()
    }

    /// Reports a run, once.
    ///
    /// # Errors
    /// Why the report was not accepted, for people.
    pub async fn send_heartbeat(&self, heartbeat: &Heartbeat, is_success: bool) -> Result<(), String> {
        let Some(clients) = &self.clients else { return Ok(()) };
        heartbeat::send(clients, heartbeat, is_success).await
    }

    /// Pushes series to one server of `alertmanager`.
    ///
    /// # Errors
    /// Why the server did not accept them, for people.
    pub async fn push(
        &self,
        alertmanager: &Alertmanager,
        server: &Url,
        pushes: &[Push],
    ) -> Result<(), String> {
        let Some(clients) = &self.clients else { return Ok(()) };
        alertmanager::push(clients, alertmanager, server, pushes).await
    }

    /// The labels of the series of this program that fire at one server of `alertmanager`.
    ///
    /// # Errors
    /// Why they could not be read, for people.
    pub async fn active_series(
        &self,
        alertmanager: &Alertmanager,
        server: &Url,
    ) -> Result<BTreeSet<Labels>, String> {
        let Some(clients) = &self.clients else { return Ok(BTreeSet::new()) };
        alertmanager::active(clients, alertmanager, server).await
    }
}
