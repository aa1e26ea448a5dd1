//! Deliveries of messages and pushes of series: one task for each receiver, so that none waits for another.
//!
//! Guarantees: at most one task for a receiver, since its messages keep their order.

use super::service::{Daemon, RETRY_DELAY};
use crate::config::Receiver;
use crate::domain::account::ReceiverName;
use crate::domain::time::Timestamp;
use crate::engine::Delivery;
use crate::store::StoreError;

impl Daemon {
    /// Looks for pending messages of every receiver.
    pub(super) fn enqueue_all_receivers(&mut self, now: Timestamp) {
        let names = self.engine.config.receivers.iter().map(|receiver| receiver.name.clone());
        self.attempts.extend(names.map(|name| (name, now)));
    }

    /// Looks for messages that another process put into the outbox (`resend`). A store that cannot be read is reported by the steps.
    pub(super) async fn find_resent_messages(&mut self, now: Timestamp) {
        let Ok(pending) = self.engine.store.receivers_with_pending().await else { return };
        let receivers = &self.engine.config.receivers;
        for name in pending.into_iter().filter(|name| receivers.iter().any(|known| known.name == *name)) {
            if !self.busy.contains(&name) {
                self.attempts.entry(name).or_insert(now);
            }
        }
    }

    /// Compares the series of every Alertmanager with what fires.
    pub(super) fn enqueue_series(&mut self, now: Timestamp) {
        let kept =
            self.engine.config.receivers.iter().filter(|receiver| receiver.channel.alertmanager().is_some());
        let names: Vec<ReceiverName> = kept.map(|receiver| receiver.name.clone()).collect();
        self.attempts.extend(names.into_iter().map(|name| (name, now)));
    }

    pub(super) fn start_due_deliveries(&mut self, now: Timestamp) {
        let is_due = |receiver: &&Receiver| {
            !self.busy.contains(&receiver.name)
                && self.attempts.get(&receiver.name).is_some_and(|due| *due <= now)
        };
        let due: Vec<Receiver> = self.engine.config.receivers.iter().filter(is_due).cloned().collect();
        for receiver in due {
            let engine = self.engine.clone();
            self.attempts.remove(&receiver.name);
            self.busy.insert(receiver.name.clone());
            self.deliveries.spawn(async move { (receiver.name.clone(), engine.deliver(&receiver).await) });
        }
    }

    pub(super) fn on_delivered(
        &mut self,
        (receiver, delivery): (ReceiverName, Result<Delivery, StoreError>),
        now: Timestamp,
    ) {
        self.busy.remove(&receiver);
        let next = match delivery {
            Ok(delivery) => {
                // The result may open or resolve an alert about the receiver. A run in progress evaluates alerts at its end.
                if delivery.attempts > 0 && !self.run.is_incomplete() {
                    self.next_evaluation = Some(now);
                }
                delivery.next
            }
            Err(error) => {
                self.failed(
                    error,
                    &format!("a delivery to {receiver} could not be recorded, will try again"),
                );
                Some(now + RETRY_DELAY)
            }
        };
        // The receiver may have left the configuration meanwhile.
        let configured = self.engine.config.receivers.iter().any(|known| known.name == receiver);
        if let Some(next) = next.filter(|_| configured) {
            // A message that was queued meanwhile may be due earlier.
            self.attempts.entry(receiver).and_modify(|due| *due = next.min(*due)).or_insert(next);
        }
    }
}
