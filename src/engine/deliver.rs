//! Delivery: the pending messages of one receiver, in order, until one is not accepted.
//!
//! Guarantees: an attempt is counted, then sent, then recorded, so a message can repeat but not vanish, and nothing is sent while
//! nothing can be recorded. Every attempt sends the same bytes under the same id. Messages keep their order. When the
//! configuration gives a receiver another type or format, its pending messages are rendered again under the same id.
//! Leaves the moment of the next call to the shell.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Instant;

use super::{Engine, EvaluationSummary};
use crate::config::Receiver;
use crate::domain::account::ReceiverName;
use crate::domain::backoff::{self, Failure, FailureKind};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::notify::{self, Attempt, BodyFormat, SendOutcome};
use crate::store::{PendingMessage, StoreError, Writer};

/// What a delivery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Attempts made.
    pub attempts: u32,
    /// Messages accepted.
    pub delivered: u32,
    /// Messages that failed permanently.
    pub failed: u32,
    /// When the next attempt is due; none when no message is pending.
    pub next: Option<Timestamp>,
}

impl Engine {
    /// Sends the messages that are due for `receiver`, or pushes its series.
    pub async fn deliver(&self, receiver: &Receiver) -> Result<Delivery, StoreError> {
        self.deliver_in_time(receiver, true).await
    }

    /// After [`Engine::deliver_until`] at most one more message is started, or one part of a push, and only if `is_first`.
    async fn deliver_in_time(&self, receiver: &Receiver, is_first: bool) -> Result<Delivery, StoreError> {
        if let Some(alertmanager) = receiver.channel.alertmanager() {
            return self.push_series(receiver, alertmanager, is_first).await;
        }
        let mut delivery = Delivery::default();
        let present = notify::body_format(&receiver.channel);
        self.change_format(receiver, present).await?;
        while let Some(message) = self.store.next_message(&receiver.name).await? {
            if !is_written_for(&message, present) {
                // A reload changed the receiver meanwhile: the next call renders the message again.
                delivery.next = Some(self.clock.now());
                break;
            }
            if !message.is_due(self.clock.now()) {
                delivery.next = Some(message.next_attempt_at);
                break;
            }
            let is_exempt = is_first && delivery.attempts == 0;
            if !is_exempt && self.is_delivery_time_over() {
                delivery.next = Some(self.clock.now());
                break;
            }
            let body = self.begin_attempt(receiver, &message).await?;
            delivery.attempts += 1;
            let outcome = match body {
                Ok(body) => {
                    self.sender
                        .send(receiver, &message.sent_id, &body, &message.accepted_by, &self.clock)
                        .await
                }
                Err(error) => Attempt::Final { error }.into(),
            };
            // A pause counts from the answer, which may have taken long.
            let answered_at = self.clock.now();
            match self.record_attempt(receiver, &message, outcome, answered_at).await? {
                DeliveryResult::Delivered => delivery.delivered += 1,
                DeliveryResult::Failed => delivery.failed += 1,
                DeliveryResult::Retry(next) => {
                    delivery.next = Some(next);
                    break;
                }
            }
        }
        Ok(delivery)
    }

    pub(super) fn is_delivery_time_over(&self) -> bool {
        self.deliver_until.is_some_and(|end| Instant::now() >= end)
    }

    /// Evaluates alerts and delivers messages, again while deliveries that failed or succeeded cause new messages. That ends
    /// because a chain of fallbacks does.
    pub async fn notify_and_deliver(&self) -> Result<(EvaluationSummary, Delivery), StoreError> {
        let mut attempted = BTreeSet::new();
        let mut evaluated = self.evaluate_alerts(self.clock.now()).await?;
        let mut delivery = self.deliver_each(&mut attempted).await?;
        let mut attempts = delivery.attempts;
        for _ in &self.config.receivers {
            if attempts == 0 {
                break;
            }
            let again = self.evaluate_alerts(self.clock.now()).await?;
            evaluated = EvaluationSummary { messages: evaluated.messages + again.messages, ..again };
            // A series is pushed without a message.
            if again.messages == 0 && !self.keeps_series() {
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
        Ok((evaluated, delivery))
    }

    /// Sends the messages that are due for every receiver, all at the same time.
    pub async fn deliver_all(&self) -> Result<Delivery, StoreError> {
        self.deliver_each(&mut BTreeSet::new()).await
    }

    /// `attempted` holds the receivers with an attempt so far.
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

    /// Makes pending messages of `receiver` that were rendered for another type or format due at once in the present one.
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

    /// Counts an attempt and returns the bytes to send: the stored ones, or else those rendered now, which are stored with the
    /// count; or the reason why the message cannot be rendered.
    async fn begin_attempt<'a>(
        &self,
        receiver: &Receiver,
        message: &'a PendingMessage,
    ) -> Result<Result<Cow<'a, [u8]>, String>, StoreError> {
        let body = match &message.body {
            Some(body) => Ok(Cow::Borrowed(body.as_slice())),
            None => self.render(receiver, message).await?.map(Cow::Owned),
        };
        let mut writer = self.store.write().await?;
        if let Ok(Cow::Owned(body)) = &body {
            writer.save_body(&message.id, body).await?;
        }
        writer.begin_attempt(&message.id).await?;
        writer.commit().await?;
        Ok(body)
    }

    /// Renders `message` from its content.
    async fn render(
        &self,
        receiver: &Receiver,
        message: &PendingMessage,
    ) -> Result<Result<Vec<u8>, String>, StoreError> {
        let Some(content) = self.store.content(&message.id).await? else {
            let error =
                format!("its stored content cannot be read, so it cannot be sent as {}", message.channel);
            return Ok(Err(error));
        };
        let body = notify::render(&content.message, &message.sent_id, receiver, &content.thread);
        Ok(body.map_err(|error| format!("it cannot be rendered as {}: {error}", message.channel)))
    }

    async fn record_attempt(
        &self,
        receiver: &Receiver,
        message: &PendingMessage,
        outcome: SendOutcome,
        now: Timestamp,
    ) -> Result<DeliveryResult, StoreError> {
        let mut writer = self.store.write().await?;
        if !outcome.accepted.is_empty() {
            let accepted_by = [message.accepted_by.as_slice(), &outcome.accepted].concat();
            writer.save_accepted_by(&message.id, &accepted_by).await?;
        }
        let again = async |writer: &mut Writer, kind, attempts, retry_after| {
            writer.add_wait(&receiver.name, now).await?;
            let (waited, jitter) =
                (message.retry_window.add_wait(now).waited, jitter(&message.id, message.attempts));
            let failure = Failure { kind, attempts, waited, retry_after, jitter };
            Ok::<_, StoreError>(
                backoff::next_attempt(failure, now).map_or(DeliveryResult::Failed, DeliveryResult::Retry),
            )
        };
        let (result, error) = match outcome.attempt {
            Attempt::Delivered => (DeliveryResult::Delivered, String::new()),
            Attempt::Final { error } => (DeliveryResult::Failed, error),
            Attempt::Deferred { error, retry_after } => {
                // Each kind of failure counts its own attempts; an attempt that was cut off counts as temporary.
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
        record_result(&mut writer, &receiver.name, message, (result, &error), now).await?;
        writer.commit().await?;
        Ok(result)
    }
}

/// Stores and logs the result of an attempt.
async fn record_result(
    writer: &mut Writer,
    name: &ReceiverName,
    message: &PendingMessage,
    (result, error): (DeliveryResult, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    // Not `message.id`: MESSAGE_ID has a meaning of its own in the journal (systemd.journal-fields(7)).
    match result {
        DeliveryResult::Delivered => {
            writer.mark_delivered(&message.id, now).await?;
            tracing::info!(receiver = %name, msg.id = %message.sent_id, "message delivered to {name} ({})", message.sent_id);
        }
        DeliveryResult::Failed => {
            writer.mark_failed(&message.id, error, now).await?;
            tracing::error!(receiver = %name, msg.id = %message.sent_id, error, "message to {name} failed permanently ({}): {error}", message.sent_id);
        }
        DeliveryResult::Retry(next) => {
            writer.schedule_retry(&message.id, error, next).await?;
            let again = next.format("%Y-%m-%d %H:%M:%S UTC");
            tracing::warn!(receiver = %name, msg.id = %message.sent_id, error, next_attempt_at = %next,
                "message not accepted by {name}, next attempt at {again} ({}): {error}", message.sent_id);
        }
    }
    Ok(())
}

fn is_written_for(message: &PendingMessage, BodyFormat { channel, format }: BodyFormat) -> bool {
    message.channel == channel && message.format == format
}

/// The result of an attempt.
#[derive(Clone, Copy)]
enum DeliveryResult {
    Delivered,
    Failed,
    Retry(Timestamp),
}

/// A number from the whole range of `u32`, as [`Failure`] takes it: it differs between messages and attempts, which is enough to
/// spread retries, and stays the same for the same attempt.
fn jitter(id: &MessageId, attempts: u32) -> u32 {
    let mut hash: u32 = 2_166_136_261;
    for byte in id.as_str().bytes().chain(attempts.to_le_bytes()) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    }
    hash
}
