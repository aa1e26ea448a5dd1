//! Why an account did or did not alert, as `explain --json` prints it: its state, stages, rules, receivers, and what comes next.
//!
//! Guarantees: what comes next is what `simulate` finds, on a copy that holds only what concerns this account; whether an alert
//! fires, and what a receiver is sent, the service's own rules decide. Only the texts are made here.

mod context;
mod credits;
mod decisions;
mod expiry;
mod jobs;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use super::credits::CreditsReport;
use super::job_counts::UnassignedJobsReport;
use super::plan::PlanReport;
use super::silences::SilenceReport;
use super::{AccountIdentity, SimulatedAlert, Simulation};
use crate::config::Config;
use crate::domain::account::{AccountKey, ReceiverName};
use crate::domain::account_state::{AccountRecord, UnconfirmedFault};
use crate::domain::alerts::AlertKind;
use crate::domain::message::Reason;
use crate::domain::observation::Outcome;
use crate::domain::time::{Timestamp, seconds};
use crate::engine::Engine;
use crate::notify::Sender;
use crate::store::{Snapshot, StoreError};
use context::Context;

pub use decisions::{DecisionKind, ReceiverDecision};
pub use expiry::{ExpiryExplanation, NotNotified, StageNotified, StageReport};
pub use rules::{RuleAlert, RuleReport};

/// How far ahead the future is simulated at most: tokens live for about a month.
const MAX_HORIZON: TimeDelta = TimeDelta::days(30);

/// Quiet hours last less than a day, and longer by the time that the clocks are set back in them.
const LONGEST_QUIET_HOURS: TimeDelta = TimeDelta::hours(26);

/// A message that fails is tried again within this time, which can make another one due.
const MIN_HORIZON: TimeDelta = TimeDelta::days(1);

/// The entry of the next scheduled run where no service is running.
const NO_SERVICE: &str = "a run is due, but no service is running (no process holds the store): start `minimax-watch run`, \
                          or let cron call `minimax-watch check`";

/// Everything about one account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The account.
    #[serde(flatten)]
    pub account: AccountIdentity,
    /// Whether it is watched.
    pub watched: bool,
    /// Its state as of the last check.
    pub state: StateReport,
    /// The plan of its subscription, while plans are watched; `null` before the first reading.
    pub plan: Option<PlanReport>,
    /// Its credits, while they are watched; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<CreditsReport>,
    /// The jobs of its subscription that name no watched account, while jobs are watched; `null` when there are none.
    pub unassigned_jobs: Option<UnassignedJobsReport>,
    /// When its token expires, and which of the vendor's two members says so.
    pub expiry: ExpiryExplanation,
    /// The stages of its expiry, in the order in which they are reached.
    pub stages: Vec<StageReport>,
    /// Every alert rule.
    pub rules: Vec<RuleReport>,
    /// What each receiver is sent about each open alert.
    pub receivers: Vec<ReceiverDecision>,
    /// The silences in force that match it.
    pub silences: Vec<SilenceReport>,
    /// What comes next if nothing but time passes.
    pub next: Vec<NextReport>,
}

/// The state of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StateReport {
    /// What the last check saw; `null` before the first.
    pub outcome: Option<Outcome>,
    /// The error of the last check, if it was not ok.
    pub error: Option<String>,
    /// When the last check was.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub checked_at: Option<Timestamp>,
    /// When a check was last ok.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub last_ok_at: Option<Timestamp>,
    /// Since when its configuration is unchanged.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub unchanged_since: Option<Timestamp>,
    /// `maxJobs`.
    pub max_jobs: Option<i64>,
    /// `jwt.host`.
    pub host: Option<String>,
    /// The `support*` flags.
    pub capabilities: BTreeMap<String, bool>,
}

/// Something that happens if nothing but time passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NextReport {
    /// When.
    #[serde(serialize_with = "seconds::serialize")]
    pub at: Timestamp,
    /// What happens, in words; the same for each receiver of the same alert.
    pub what: String,
    /// The receiver, if it is a notification.
    pub receiver: Option<ReceiverName>,
    /// Why the notification is sent.
    pub reason: Option<Reason>,
    /// The kind of alert.
    pub kind: Option<AlertKind>,
    /// The stage; `expiry` only.
    pub stage: Option<String>,
}

impl Explanation {
    /// Entries of [`Self::next`] at most.
    pub const MAX_NEXT: usize = 12;

    /// Explains the account of `record`, watched or not, from the store of `engine`, which is only read. With `is_running`, a service
    /// makes the scheduled runs.
    pub async fn new(
        engine: &Engine,
        record: &AccountRecord,
        is_running: bool,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let (store, account) = (&engine.store, &record.account);
        let copy = store.copy_account(account).await?;
        let mut simulated = engine.clone();
        (simulated.store, simulated.sender) = (copy.store.clone(), Sender::dry_run());
        simulated.config = Arc::new(without_digests(&engine.config));
        let context = Context::load(&simulated, store, record, &engine.config, now).await?;
        let simulation = Simulation::run(&simulated, now, horizon(&context), &|_| {}).await?;
        copy.store.close().await;
        let named = context.names.account(account);
        let silences = context.silences.iter();
        let silences =
            silences.filter(|silence| silence.matcher.covers_account(&account.subscription, &named));
        let watched = store.is_watched(account).await?;
        let mut explanation = Self {
            generated_at: now,
            account: AccountIdentity::new(record),
            watched,
            state: StateReport::new(&context, store.present_snapshot(account).await?),
            plan: context.plan.clone(),
            credits: context.credits.as_ref().map(|facts| CreditsReport::new(&facts.state)),
            unassigned_jobs: UnassignedJobsReport::load(store, &engine.config, &account.subscription, now)
                .await?,
            expiry: expiry::expiry(&context),
            stages: expiry::stages(&context),
            rules: rules::rules(&context),
            receivers: decisions::decisions(&context),
            silences: silences.map(|silence| SilenceReport::new(silence, now)).collect(),
            next: upcoming_notifications(&simulation, account),
        };
        if watched {
            explanation.next.extend(upcoming_checks(&context, is_running));
        }
        explanation.next.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
        explanation.next.truncate(Self::MAX_NEXT);
        Ok(explanation)
    }
}

/// `config` without digests: none is about one account, and each would be simulated.
fn without_digests(config: &Config) -> Config {
    let mut config = config.clone();
    config.receivers.iter_mut().for_each(|receiver| receiver.digest = None);
    config
}

impl StateReport {
    fn new(context: &Context<'_>, snapshot: Option<Snapshot>) -> Self {
        let (state, seen) = (&context.state, context.record.configuration.clone().unwrap_or_default());
        Self {
            outcome: state.outcome,
            error: state.error.clone(),
            checked_at: state.checked_at,
            last_ok_at: state.last_ok_at,
            unchanged_since: snapshot.map(|snapshot| snapshot.first_seen_at),
            max_jobs: seen.max_jobs,
            host: seen.host,
            capabilities: seen.capabilities,
        }
    }
}

/// The end of the simulation: after the token has expired and all silences and quiet hours have ended, only reminders follow, of which
/// the first is enough.
fn horizon(context: &Context<'_>) -> Timestamp {
    let silences = context.silences.iter().map(|silence| silence.until);
    let last = silences.chain(context.state.expires_at).chain([context.now]).max().unwrap_or(context.now);
    let reminder = context.policy.repeat_every.unwrap_or_default().max(MIN_HORIZON);
    let has_quiet_hours = context.config.receivers.iter().any(|receiver| receiver.quiet_hours.is_some());
    // They hold back what is due now, and then the reminder.
    let quiet = if has_quiet_hours { LONGEST_QUIET_HOURS * 2 } else { TimeDelta::zero() };
    (last.min(context.now + MAX_HORIZON) + reminder + quiet).min(context.now + MAX_HORIZON)
}

/// The next run and, while a fault waits for its confirmation, the next check.
fn upcoming_checks(context: &Context<'_>, is_running: bool) -> Vec<NextReport> {
    let run = context.config.schedule.schedule.next_after(context.now);
    let what = if is_running { "next scheduled run" } else { NO_SERVICE };
    let run = run.map(|at| (at, what.to_owned()));
    let confirmation = context.state.unconfirmed.map(|UnconfirmedFault { fault, recheck_at, .. }| {
        (recheck_at, format!("check again to confirm {fault}, which was seen once"))
    });
    let next = run.into_iter().chain(confirmation);
    next.map(|(at, what)| NextReport { at, what, receiver: None, reason: None, kind: None, stage: None })
        .collect()
}

/// The simulated notifications that concern `account`; of reminders the first for each receiver and kind.
fn upcoming_notifications(simulation: &Simulation, account: &AccountKey) -> Vec<NextReport> {
    let concerns = |alert: &SimulatedAlert| {
        alert.subscription.as_ref() == Some(&account.subscription)
            && alert.account.as_ref().is_none_or(|about| about.id == account.id)
    };
    let new = simulation.messages.iter().filter(|message| !message.already_queued);
    let pairs = new.flat_map(|message| message.alerts.iter().map(move |alert| (message, alert)));
    let mut reminded = BTreeSet::new();
    pairs
        .filter(|(_, alert)| concerns(alert))
        .filter(|(message, alert)| {
            alert.reason != Reason::Repeated || reminded.insert((&message.receiver, alert.kind))
        })
        .map(|(message, alert)| {
            let stage = alert.stage.as_ref().map(|stage| format!(" {stage}")).unwrap_or_default();
            NextReport {
                at: message.at,
                what: format!("{}{stage} ({})", alert.kind, alert.reason),
                receiver: Some(message.receiver.clone()),
                reason: Some(alert.reason),
                kind: Some(alert.kind),
                stage: alert.stage.clone(),
            }
        })
        .collect()
}
