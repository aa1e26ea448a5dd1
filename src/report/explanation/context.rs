//! What an explanation is made from: the alerts of the account as the service's own evaluation leaves them, and what was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::credits::CreditFacts;
use super::jobs::JobFacts;
use crate::config::{Config, Receiver};
use crate::domain::account::ReceiverName;
use crate::domain::account_names::AccountNames;
use crate::domain::account_state::{AccountRecord, AccountState};
use crate::domain::alerts::{Alert, AlertId, AlertKind, Subject};
use crate::domain::notification::{NotificationDecision, NotificationInput, NotifiedState};
use crate::domain::policy::Policy;
use crate::domain::silence::Silence;
use crate::domain::time::Timestamp;
use crate::engine::Engine;
use crate::report::alerts::names_for;
use crate::report::plan::PlanReport;
use crate::store::{Ack, NotificationRecord, Store, StoreError};

pub(super) struct Context<'a> {
    pub(super) record: &'a AccountRecord,
    pub(super) state: AccountState,
    pub(super) config: &'a Config,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
    /// Alerts about the account, resolved ones included, then those about its subscription.
    pub(super) alerts: Vec<Alert>,
    /// Those of `alerts` that an evaluation has stored already.
    pub(super) stored: BTreeSet<AlertId>,
    pub(super) acks: BTreeMap<AlertId, Ack>,
    pub(super) silences: Vec<Silence>,
    pub(super) names: AccountNames,
    /// Every notification about `alerts`, oldest first for each alert and receiver.
    pub(super) notifications: Vec<NotificationRecord>,
    /// The plan of its subscription, while plans are watched and something is known of it.
    pub(super) plan: Option<PlanReport>,
    /// What the jobs say, while they are watched.
    pub(super) jobs: Option<JobFacts>,
    /// What is known of its credits, while they are watched.
    pub(super) credits: Option<CreditFacts>,
    notified: BTreeMap<(AlertId, ReceiverName), NotifiedState>,
}

impl<'a> Context<'a> {
    /// Evaluates the alerts of `copy`, which holds what concerns the account, and reads what was sent about them from `store`.
    pub(super) async fn load(
        copy: &Engine,
        store: &Store,
        record: &'a AccountRecord,
        config: &'a Config,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let stored = copy.store.all_alerts().await?.into_iter().map(|alert| alert.id).collect();
        // Without receivers, an evaluation opens, updates and resolves alerts and sends nothing.
        let mut silent = copy.clone();
        silent.config = Arc::new(Config { receivers: Vec::new(), ..config.clone() });
        silent.evaluate_alerts(now).await?;
        let mut alerts = copy.store.all_alerts().await?;
        alerts.retain(|alert| match &alert.condition.subject {
            Subject::Account(account) => *account == record.account,
            Subject::Subscription(name) => *name == record.account.subscription,
            Subject::Receiver(_) => false,
        });
        alerts.sort_by_key(|alert| (alert.condition.subject.account().is_none(), alert.opened_at));
        let policy = config.policy();
        let name = &record.account.subscription;
        let plan = copy.store.plan_states().await?.remove(name).filter(|_| config.plan.watch);
        Ok(Self {
            jobs: match config.jobs.in_force() {
                Some(policy) => Some(JobFacts::load(&copy.store, record, policy, now).await?),
                None => None,
            },
            credits: match config.credits.in_force() {
                Some(policy) => {
                    let state = copy.store.credits_states().await?.remove(&record.account);
                    Some(CreditFacts { policy, state: state.unwrap_or_default() })
                }
                None => None,
            },
            plan: plan.map(|state| PlanReport::new(name, &state)),
            state: record.state_for(&policy),
            record,
            config,
            policy,
            now,
            stored,
            acks: copy.store.acks().await?,
            silences: copy.store.silences_in_force(now).await?,
            names: names_for(&copy.store, config, &alerts, Some(&record.account)).await?,
            notifications: store.notifications(alerts.iter().map(|alert| &alert.id)).await?,
            notified: copy.store.write().await?.notified(now).await?,
            alerts,
        })
    }

    /// The firing alert of this kind about the account, or about its subscription.
    pub(super) fn firing(&self, kind: AlertKind) -> Option<&Alert> {
        self.alerts.iter().find(|alert| alert.is_firing() && alert.condition.kind == kind)
    }

    /// What `receiver` would be sent about `alert` now.
    pub(super) fn decide(&self, alert: &Alert, receiver: &Receiver) -> NotificationDecision {
        let input = NotificationInput {
            alert,
            route_mismatch: self.names.route_mismatch(&receiver.name, &receiver.route, alert),
            notified: self.notified.get(&(alert.id.clone(), receiver.name.clone())).copied(),
            silenced_until: self.names.silenced_until(&self.silences, alert, self.now),
            quiet_until: receiver.quiet_hours.as_ref().and_then(|quiet_hours| quiet_hours.until(self.now)),
            acked: self.acks.contains_key(&alert.id),
            repeat_every: self.policy.repeat_every,
        };
        input.decide(self.now)
    }
}
