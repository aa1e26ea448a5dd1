//! The steps that alerts make, written by few statements however many they are.
//!
//! Promises: what ends is written before what begins, since of one subject and kind no more than one alert fires.

use super::new_id;
use crate::domain::alert::{Alert, AlertId, AlertKind, Condition, Subject};
use crate::domain::assess::Transition;
use crate::domain::standing::Known;
use crate::domain::time::Timestamp;
use crate::store::{Opened, Resolved, StoreError, Writer};

/// So many that begin, or end, are written at once.
const MANY: usize = 256;

/// Steps on their way into the store.
pub(super) struct Steps<'a> {
    /// Who is who, for the log.
    members: &'a [Known],
    /// The alerts before, in the order of their ids.
    before: &'a [Alert],
    now: Timestamp,
    resolved: Vec<Resolved>,
    opened: Vec<Opened>,
}

impl<'a> Steps<'a> {
    pub(super) const fn new(members: &'a [Known], before: &'a [Alert], now: Timestamp) -> Self {
        Self { members, before, now, resolved: Vec::new(), opened: Vec::new() }
    }

    /// Makes one step, at the latest with [`Self::end`].
    pub(super) async fn make(
        &mut self,
        writer: &mut Writer,
        transition: Transition,
    ) -> Result<(), StoreError> {
        let again = match &transition {
            Transition::Open(condition) if condition.kind == AlertKind::Expiry => {
                self.write_ends(writer).await?;
                writer.reopen_alert(condition).await?
            }
            Transition::Open(_) | Transition::Update(..) | Transition::Resolve { .. } => None,
        };
        let id = match (&transition, &again) {
            (Transition::Open(_), Some(alert)) => alert.id.clone(),
            (Transition::Open(_), None) => AlertId::new(new_id(self.now)),
            (Transition::Update(id, _) | Transition::Resolve { id, .. }, _) => id.clone(),
        };
        log(&id, &transition, self.members, self.before);
        match transition {
            Transition::Open(condition) => match again {
                Some(alert) => self.update(writer, &alert, &condition).await?,
                None => self.opened.push(Opened { id, condition }),
            },
            Transition::Update(_, condition) => {
                if let Some(alert) = before(self.before, &id) {
                    self.update(writer, alert, &condition).await?;
                }
            }
            Transition::Resolve { detail, renewed_until, resolution, .. } => {
                self.resolved.push(Resolved { id, detail, renewed_until, resolution });
            }
        }
        if self.opened.len().max(self.resolved.len()) >= MANY { self.end(writer).await } else { Ok(()) }
    }

    /// Writes what is on its way.
    pub(super) async fn end(&mut self, writer: &mut Writer) -> Result<(), StoreError> {
        self.write_ends(writer).await?;
        writer.open_alerts(&self.opened, self.now).await?;
        self.opened.clear();
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

    async fn write_ends(&mut self, writer: &mut Writer) -> Result<(), StoreError> {
        writer.resolve_alerts(&self.resolved, self.now).await?;
        self.resolved.clear();
        Ok(())
    }
}

/// The alert of that id among those before.
fn before<'a>(alerts: &'a [Alert], id: &AlertId) -> Option<&'a Alert> {
    alerts.binary_search_by(|alert| alert.id.cmp(id)).ok().and_then(|at| alerts.get(at))
}

/// One line for each step in the life of an alert, which may still be undone with its transaction, and then comes again.
fn log(id: &AlertId, transition: &Transition, members: &[Known], before: &[Alert]) {
    let (word, condition, detail) = match transition {
        Transition::Open(condition) => ("fires", condition, &condition.detail),
        Transition::Update(_, condition) => ("moved", condition, &condition.detail),
        Transition::Resolve { detail, .. } => {
            let Some(alert) = self::before(before, id) else { return };
            ("resolved", &alert.condition, detail)
        }
    };
    let (account, name) = match &condition.subject {
        Subject::Account(account) => {
            let at = members.binary_search_by(|member| member.account.cmp(account)).ok();
            let known = at.and_then(|at| members.get(at));
            (Some(account.id.as_str()), known.map_or(account.id.as_str(), |known| known.name.as_str()))
        }
        Subject::Subscription(name) => (None, name.as_str()),
        Subject::Receiver(name) => (None, name.as_str()),
    };
    let subscription = match &condition.subject {
        Subject::Account(account) => Some(account.subscription.as_str()),
        Subject::Subscription(name) => Some(name.as_str()),
        Subject::Receiver(_) => None,
    };
    tracing::info!(
        alert.id = %id, alert.kind = %condition.kind, account, subscription,
        severity = %condition.severity, stage = condition.stage.map(tracing::field::display),
        "alert {word}: {name}: {} ({}): {detail}", condition.kind, condition.severity
    );
}
