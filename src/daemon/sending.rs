//! Sending: one task for each receiver that something is sent to, so that none waits for another.
//!
//! Promises: at most one task for a receiver, since the order of its messages counts.

use super::{AFTER_FAULT, Daemon};
use crate::config::Receiver;
use crate::domain::account::ReceiverName;
use crate::domain::time::Timestamp;
use crate::engine::Delivery;
use crate::store::StoreError;

impl Daemon {
    /// Every receiver may have something waiting.
    pub(super) fn queue_all(&mut self, now: Timestamp) {
        let names = self.engine.config.receivers.iter().map(|receiver| receiver.name.clone());
        self.attempts.extend(names.map(|name| (name, now)));
    }

    pub(super) fn send(&mut self, now: Timestamp) {
        let is_due = |receiver: &&Receiver| {
            !self.busy.contains(&receiver.name)
                && self.attempts.get(&receiver.name).is_some_and(|due| *due <= now)
        };
        let due: Vec<Receiver> = self.engine.config.receivers.iter().filter(is_due).cloned().collect();
        for receiver in due {
            let engine = self.engine.clone();
            self.attempts.remove(&receiver.name);
            self.busy.insert(receiver.name.clone());
            self.sending.spawn(async move { (receiver.name.clone(), engine.deliver(&receiver).await) });
        }
    }

    pub(super) fn sent(
        &mut self,
        (receiver, delivery): (ReceiverName, Result<Delivery, StoreError>),
        now: Timestamp,
    ) {
        self.busy.remove(&receiver);
        let next = match delivery {
            Ok(delivery) => {
                // That a message was taken, refused or put off may begin or end an alert about its receiver.
                // A run that goes on, or waits for its second look, will say it at its end.
                if self.looking.is_empty() && self.question.is_none() {
                    self.next_word = Some(now);
                }
                delivery.next
            }
            Err(error) => {
                self.failed(
                    error,
                    &format!("a delivery to {receiver} could not be recorded, will try again"),
                );
                Some(now + AFTER_FAULT)
            }
        };
        // A receiver that left the configuration meanwhile is not waited for.
        let configured = self.engine.config.receivers.iter().any(|known| known.name == receiver);
        if let Some(next) = next.filter(|_| configured) {
            // What was announced meanwhile has asked for an earlier attempt; order is kept by the step.
            self.attempts.entry(receiver).and_modify(|due| *due = next.min(*due)).or_insert(next);
        }
    }
}
