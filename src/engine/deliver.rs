//! Delivering: one receiver's waiting messages, in order, until one is not taken.
//!
//! Promises: counted first, then sent, then recorded, so a message can repeat but not vanish, and nothing is sent while
//! nothing can be recorded; the same bytes and id on every
//! attempt; nothing overtakes. When a receiver changes its type or format, what waits is rendered again under the same id, and
//! stored before it is sent. Leaves calling it again at the right moment to the shell.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Instant;

use super::{Announced, Engine};
use crate::config::Receiver;
use crate::domain::account::ReceiverName;
use crate::domain::backoff::{self, Failure, FailureKind};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::notify::render::{self, BodyFormat};
use crate::notify::{Attempt, SendOutcome};
use crate::store::{PendingMessage, StoreError, Writer};

/// What became of a receiver's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Attempts made.
    pub attempts: u32,
    /// Taken.
    pub delivered: u32,
    /// Refused for good, or given up.
    pub failed: u32,
    /// When the next attempt is due; none when nothing waits.
    pub next: Option<Timestamp>,
}

impl Engine {
    /// Sends what is due for `receiver`.
    pub async fn deliver(&self, receiver: &Receiver) -> Result<Delivery, StoreError> {
        self.deliver_in_time(receiver, true).await
    }

    /// The same; behind [`Engine::deliver_until`] at most one message is begun, and none unless it `is_first`.
    async fn deliver_in_time(&self, receiver: &Receiver, is_first: bool) -> Result<Delivery, StoreError> {
        let mut delivery = Delivery::default();
        let present = render::body_format(&receiver.channel);
        self.change_format(receiver, present).await?;
        while let Some(message) = self.store.next_message(&receiver.name).await? {
            if !is_written_for(&message, present) {
                // A reload changed the receiver under this call, so the message is for a later one.
                delivery.next = Some(self.clock.now());
                break;
            }
            if !message.is_due(self.clock.now()) {
                delivery.next = Some(message.next_attempt_at);
                break;
            }
            let is_exempt = is_first && delivery.attempts == 0;
            if !is_exempt && self.deliver_until.is_some_and(|end| Instant::now() >= end) {
                delivery.next = Some(self.clock.now());
                break;
            }
            let body = self.begin_attempt(receiver, &message).await?;
            delivery.attempts += 1;
            let outcome = match body {
                Ok(body) => {
                    self.sender.send(receiver, &message.id, &body, &message.accepted_by, &self.clock).await
                }
                Err(error) => Attempt::Final { error }.into(),
            };
            // Pauses count from the answer, which may have taken long.
            let answered_at = self.clock.now();
            match self.record_attempt(receiver, &message, outcome, answered_at).await? {
                Fate::Delivered => delivery.delivered += 1,
                Fate::Failed => delivery.failed += 1,
                Fate::Waits(next) => {
                    delivery.next = Some(next);
                    break;
                }
            }
        }
        Ok(delivery)
    }

    /// Announces and delivers; and again while deliveries that failed or succeed give something new to say, which ends
    /// because chains of fallbacks do.
    pub async fn tell(&self) -> Result<(Announced, Delivery), StoreError> {
        let mut attempted = BTreeSet::new();
        let mut announced = self.announce(self.clock.now()).await?;
        let mut delivery = self.deliver_each(&mut attempted).await?;
        let mut attempts = delivery.attempts;
        for _ in &self.config.receivers {
            if attempts == 0 {
                break;
            }
            let again = self.announce(self.clock.now()).await?;
            announced = Announced { messages: announced.messages + again.messages, ..again };
            if again.messages == 0 {
                break;
            }
            let more = self.deliver_each(&mut attempted).await?;
            attempts = more.attempts;
            delivery = Delivery {
                attempts: delivery.attempts + more.attempts,
                delivered: delivery.delivered + more.delivered,
                failed: delivery.failed + more.failed,
                next: more.next,
            };
        }
        Ok((announced, delivery))
    }

    /// Sends what is due for every receiver, all at once: none waits for another.
    pub async fn deliver_all(&self) -> Result<Delivery, StoreError> {
        self.deliver_each(&mut BTreeSet::new()).await
    }

    /// The same, after attempts for these receivers; takes note of further ones.
    async fn deliver_each(&self, attempted: &mut BTreeSet<ReceiverName>) -> Result<Delivery, StoreError> {
        let receivers = &self.config.receivers;
        let deliveries = receivers
            .iter()
            .map(|receiver| self.deliver_in_time(receiver, !attempted.contains(&receiver.name)))
            .collect::<Vec<_>>();
        let mut total = Delivery::default();
        for (receiver, delivery) in receivers.iter().zip(futures_util::future::join_all(deliveries).await) {
            let delivery = delivery?;
            if delivery.attempts > 0 {
                attempted.insert(receiver.name.clone());
            }
            total.attempts += delivery.attempts;
            total.delivered += delivery.delivered;
            total.failed += delivery.failed;
            total.next = [total.next, delivery.next].into_iter().flatten().min();
        }
        Ok(total)
    }

    /// Makes what waits for `receiver` and is written for another type or format due at once in the present one.
    async fn change_format(&self, receiver: &Receiver, present: BodyFormat) -> Result<(), StoreError> {
        let (name, BodyFormat { channel, format }) = (&receiver.name, present);
        if !self.store.is_any_in_other_format(name, channel, format).await? {
            return Ok(());
        }
        let mut writer = self.store.write().await?;
        let changed = writer.change_format(name, channel, format, self.clock.now()).await?;
        writer.commit().await?;
        tracing::info!(receiver = %name, messages = changed,
            "{name} changed its type or format: its waiting messages ({changed}) are sent as {channel} ({format})");
        Ok(())
    }

    /// Counts an attempt, and gives the bytes to send: those in the store, or else those rendered now, which are stored with the
    /// count; the reason when a message cannot be rendered.
    async fn begin_attempt<'a>(
        &self,
        receiver: &Receiver,
        message: &'a PendingMessage,
    ) -> Result<Result<Cow<'a, [u8]>, String>, StoreError> {
        let body = match &message.body {
            Some(body) => Ok(Cow::Borrowed(body.as_slice())),
            None => self.rendered(receiver, message).await?.map(Cow::Owned),
        };
        let mut writer = self.store.write().await?;
        if let Ok(Cow::Owned(body)) = &body {
            writer.keep_body(&message.id, body).await?;
        }
        writer.begin_attempt(&message.id).await?;
        writer.commit().await?;
        Ok(body)
    }

    /// The bytes of `message` from its content.
    async fn rendered(
        &self,
        receiver: &Receiver,
        message: &PendingMessage,
    ) -> Result<Result<Vec<u8>, String>, StoreError> {
        let Some(content) = self.store.content(&message.id).await? else {
            let error =
                format!("its stored content cannot be read, so it cannot be sent as {}", message.channel);
            return Ok(Err(error));
        };
        let body = render::body(&content.message, &message.id, receiver, &content.thread);
        Ok(body.map_err(|error| format!("it cannot be rendered as {}: {error}", message.channel)))
    }

    async fn record_attempt(
        &self,
        receiver: &Receiver,
        message: &PendingMessage,
        outcome: SendOutcome,
        now: Timestamp,
    ) -> Result<Fate, StoreError> {
        let mut writer = self.store.write().await?;
        if !outcome.accepted.is_empty() {
            let accepted_by = [message.accepted_by.as_slice(), &outcome.accepted].concat();
            writer.accepted_by(&message.id, &accepted_by).await?;
        }
        let again = async |writer: &mut Writer, kind, attempts, retry_after| {
            writer.has_waited(&receiver.name, now).await?;
            let (waited, jitter) =
                (message.patience.after(now).waited, jitter(&message.id, message.attempts));
            let failure = Failure { kind, attempts, waited, retry_after, jitter };
            Ok::<_, StoreError>(backoff::next_attempt(failure, now).map_or(Fate::Failed, Fate::Waits))
        };
        let (fate, error) = match outcome.attempt {
            Attempt::Delivered => (Fate::Delivered, String::new()),
            Attempt::Final { error } => (Fate::Failed, error),
            Attempt::Deferred { error, retry_after } => {
                // Each kind counts its own attempts; one that was cut off counts as temporary.
                let earlier = message.earlier_attempts.saturating_add(message.refusals);
                let attempts = message.attempts.saturating_add(1).saturating_sub(earlier);
                (again(&mut writer, FailureKind::Temporary, attempts, retry_after).await?, error)
            }
            Attempt::Refused { error, retry_after } => {
                writer.count_refusal(&message.id).await?;
                (
                    again(&mut writer, FailureKind::Refusal, message.refusals.saturating_add(1), retry_after)
                        .await?,
                    error,
                )
            }
        };
        let name = &receiver.name;
        // Not `message.id`: MESSAGE_ID has a meaning of its own in the journal (systemd.journal-fields(7)).
        match fate {
            Fate::Delivered => {
                writer.delivered(&message.id, now).await?;
                tracing::info!(receiver = %name, msg.id = %message.id, "message delivered to {name} ({})", message.id);
            }
            Fate::Failed => {
                writer.given_up(&message.id, &error, now).await?;
                tracing::error!(receiver = %name, msg.id = %message.id, error, "message to {name} given up ({}): {error}", message.id);
            }
            Fate::Waits(next) => {
                writer.deferred(&message.id, &error, next).await?;
                let again = next.format("%Y-%m-%d %H:%M:%S UTC");
                tracing::warn!(receiver = %name, msg.id = %message.id, error, next_attempt_at = %next,
                    "message not taken by {name}, will try again at {again} ({}): {error}", message.id);
            }
        }
        writer.commit().await?;
        Ok(fate)
    }
}

fn is_written_for(message: &PendingMessage, BodyFormat { channel, format }: BodyFormat) -> bool {
    message.channel == channel && message.format == format
}

/// What an attempt came to.
#[derive(Clone, Copy)]
enum Fate {
    Delivered,
    Failed,
    Waits(Timestamp),
}

/// A number in `0.0..1.0` that differs between messages and attempts: enough to spread retries, and the same when asked
/// again.
fn jitter(id: &MessageId, attempts: u32) -> f64 {
    let mut hash: u32 = 2_166_136_261;
    for byte in id.as_str().bytes().chain(attempts.to_le_bytes()) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    }
    f64::from(hash) / (f64::from(u32::MAX) + 1.0)
}
