//! Writes transitions of alerts to the store, in batches, and logs each.
//!
//! Resolved alerts are written before opened ones, because at most one alert of a subject and kind may fire.

use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::{Alert, AlertId, AlertKind, Condition, Resolved, Subject, Transition};
use crate::domain::time::Timestamp;
use crate::engine::id::new_id;
use crate::store::{StoreError, Writer};

/// How many opened or resolved alerts are written at once.
const BATCH: usize = 256;

/// Transitions on their way to the store.
pub(super) struct AlertWriter<'a> {
    /// The accounts, whose names are logged.
    records: &'a [AccountRecord],
    /// The stored alerts, in the order of their ids.
    stored: &'a [Alert],
    now: Timestamp,
    resolved: Vec<Resolved>,
    opened: Vec<(AlertId, Condition)>,
}

impl<'a> AlertWriter<'a> {
    pub(super) const fn new(records: &'a [AccountRecord], stored: &'a [Alert], now: Timestamp) -> Self {
        Self { records, stored, now, resolved: Vec::new(), opened: Vec::new() }
    }

    /// Writes one transition, at the latest with [`Self::flush`].
    pub(super) async fn write(
        &mut self,
        writer: &mut Writer,
        transition: Transition,
    ) -> Result<(), StoreError> {
        match transition {
            Transition::Open(condition) => {
                let mut reopened = None;
                if condition.kind == AlertKind::Expiry {
                    self.write_resolved(writer).await?;
                    reopened = writer.reopen_alert(&condition).await?;
                }
                if let Some(alert) = reopened {
                    self.log("fires", &alert.id, &condition, &condition.detail);
                    self.update(writer, &alert, &condition).await?;
                } else {
                    let id = AlertId::new(new_id(self.now));
                    self.log("fires", &id, &condition, &condition.detail);
                    self.opened.push((id, condition));
                }
            }
            Transition::Update(id, condition) => {
                self.log("updated", &id, &condition, &condition.detail);
                if let Some(alert) = self.find(&id) {
                    self.update(writer, alert, &condition).await?;
                }
            }
            Transition::Resolve(resolved) => {
                if let Some(alert) = self.find(&resolved.id) {
                    self.log("resolved", &resolved.id, &alert.condition, &resolved.detail);
                }
                self.resolved.push(resolved);
            }
        }
        if self.opened.len().max(self.resolved.len()) >= BATCH { self.flush(writer).await } else { Ok(()) }
    }

    /// Writes everything that is not written yet.
    pub(super) async fn flush(&mut self, writer: &mut Writer) -> Result<(), StoreError> {
        self.write_resolved(writer).await?;
        writer.open_alerts(&self.opened, self.now).await?;
        self.opened.clear();
        Ok(())
    }

    async fn write_resolved(&mut self, writer: &mut Writer) -> Result<(), StoreError> {
        writer.resolve_alerts(&self.resolved, self.now).await?;
        self.resolved.clear();
        Ok(())
    }

    async fn update(
        &self,
        writer: &mut Writer,
        alert: &Alert,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        writer.update_alert(&alert.id, condition, alert.reached_at_with(condition, self.now)).await
    }

    fn find(&self, id: &AlertId) -> Option<&'a Alert> {
        let index = self.stored.binary_search_by(|alert| alert.id.cmp(id)).ok()?;
        self.stored.get(index)
    }

    /// Logs a transition. It may still be rolled back with its transaction; then it is logged again.
    fn log(&self, event: &str, id: &AlertId, condition: &Condition, detail: &str) {
        let Condition { subject, kind, severity, stage, .. } = condition;
        let (account, name) = match subject {
            Subject::Account(key) => {
                let index = self.records.binary_search_by(|record| record.account.cmp(key)).ok();
                let record = index.and_then(|index| self.records.get(index));
                (Some(key.id.as_str()), record.map_or(key.id.as_str(), |record| record.name.as_str()))
            }
            Subject::Subscription(name) => (None, name.as_str()),
            Subject::Receiver(name) => (None, name.as_str()),
        };
        let subscription = subject.subscription().map(tracing::field::display);
        tracing::info!(
            alert.id = %id, alert.kind = %kind, account, subscription, %severity,
            stage = stage.map(tracing::field::display), "alert {event}: {name}: {kind} ({severity}): {detail}"
        );
    }
}
