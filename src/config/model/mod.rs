//! The configuration in force: validated, plain data.

mod channel;
mod http;
mod receiver;
mod secret;

pub use channel::{
    Alertmanager, Channel, ChatWebhook, Email, Endpoint, Exec, HttpLogin, Login, Ntfy, PagerDuty, Smtp,
    Telegram, Tls, Webhook, WebhookFormat,
};
pub use http::{Heartbeat, Http};
pub use receiver::{OwnTemplate, OwnTemplates, Receiver};
pub use secret::{Origin, Secret};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use url::Url;

use crate::domain::account::{AccountId, AccountKey, ReceiverName, SubscriptionName};
use crate::domain::configuration::ExpirySource;
use crate::domain::credits::CreditsPolicy;
use crate::domain::jobs::JobsPolicy;
use crate::domain::lead_times::LeadTimes;
use crate::domain::policy::Policy;
use crate::domain::schedule::Schedule;
use crate::domain::supervisor::Supervisor;

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// What is watched, and with which tokens.
    pub subscriptions: Vec<Subscription>,
    /// How useapi.net is asked.
    pub api: Api,
    /// When checks run.
    pub schedule: ScheduleConfig,
    /// When warnings of an expiry are sent.
    pub expiry: Expiry,
    /// When alerts fire, and how often they repeat.
    pub alerts: Alerts,
    /// Whether the plan of each subscription is watched.
    pub plan: PlanWatch,
    /// Whether it is watched what becomes of jobs.
    pub jobs: JobsWatch,
    /// Whether the credits of each account are read.
    pub credits: CreditsWatch,
    /// Where notifications are sent.
    pub receivers: Vec<Receiver>,
    /// Where everything is stored.
    pub store: Store,
    /// The HTTP listener, if there is one.
    pub http: Option<Http>,
    /// Where each run is reported, if anywhere.
    pub heartbeat: Option<Heartbeat>,
    /// What started this program.
    pub supervisor: Supervisor,
}

impl Config {
    /// The part of the configuration that the rules in `domain` need.
    pub fn policy(&self) -> Policy {
        let accounts = self.subscriptions.iter().flat_map(|subscription| {
            subscription.accounts.iter().map(move |account| (subscription, account))
        });
        let lead_times_by_account = accounts.filter_map(|(subscription, account)| {
            Some((AccountKey::new(&subscription.name, &account.id), account.lead_times.clone()?))
        });
        Policy {
            source: self.expiry.source,
            lead_times: self.expiry.lead_times.clone(),
            lead_times_by_account: lead_times_by_account.collect(),
            confirm_after: self.alerts.confirm_after,
            unreachable_after: self.alerts.unreachable_after,
            repeat_every: self.alerts.repeat_every,
            jobs: self.jobs.in_force(),
            credits: self.credits.in_force(),
        }
    }

    /// The receiver that is notified when another one fails, by the failing one.
    pub fn fallbacks(&self) -> BTreeMap<ReceiverName, ReceiverName> {
        let fallback = |receiver: &Receiver| Some((receiver.name.clone(), receiver.fallback.clone()?));
        self.receivers.iter().filter_map(fallback).collect()
    }
}

/// One API token and the accounts that are watched with it.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The operator's name for it.
    pub name: SubscriptionName,
    /// The bearer token.
    pub token: Secret,
    /// Whether every account that the API lists is watched too.
    pub discover: bool,
    /// The accounts named in the configuration.
    pub accounts: Vec<Account>,
}

/// One configured account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name; the id when none was given.
    pub name: String,
    /// Lead times of its own, if any.
    pub lead_times: Option<LeadTimes>,
}

/// How useapi.net is asked.
#[derive(Clone, Debug)]
pub struct Api {
    /// https, or http on loopback only; no trailing slash, no query.
    pub base_url: Url,
    /// The time limit for one whole request.
    pub timeout: Duration,
    /// How many requests run at once, at least 1.
    pub concurrency: usize,
    /// The largest body per account, in bytes.
    pub max_body: usize,
    /// How accounts are fetched.
    pub fetch: FetchMode,
}

/// How accounts are fetched (`[api].fetch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum FetchMode {
    /// One request for each.
    Each,
    /// One request for all of a subscription. An account that is missing there is fetched by itself.
    List,
}

/// When runs start (`[schedule]`).
#[derive(Clone, Debug)]
pub struct ScheduleConfig {
    /// The cron schedule.
    pub schedule: Schedule,
    /// Each run starts up to this much later, at random.
    pub jitter: TimeDelta,
}

/// When warnings of an expiry are sent (`[expiry]`).
#[derive(Clone, Debug)]
pub struct Expiry {
    /// The lead times for accounts without their own.
    pub lead_times: LeadTimes,
    /// Which of the vendor's two expiries counts.
    pub source: ExpirySource,
}

/// When alerts fire, and how often they repeat (`[alerts]`).
#[derive(Clone, Debug)]
pub struct Alerts {
    /// A first bad outcome is checked again after this; zero accepts it at once.
    pub confirm_after: TimeDelta,
    /// No conclusive check for this long is an alert.
    pub unreachable_after: TimeDelta,
    /// The interval of reminders; none when `0s` is configured.
    pub repeat_every: Option<TimeDelta>,
}

/// Whether the plan of each subscription is read, once in each run (`[plan]`).
#[derive(Clone, Copy, Debug)]
pub struct PlanWatch {
    /// Whether it is.
    pub watch: bool,
}

/// Whether the vendor's statistics of jobs are read, once in each run, and how they are judged (`[jobs]`).
#[derive(Clone, Copy, Debug)]
pub struct JobsWatch {
    /// Whether they are.
    pub watch: bool,
    /// When the jobs of an account count as failing.
    pub policy: JobsPolicy,
}

impl JobsWatch {
    /// How jobs are judged, if they are watched.
    pub fn in_force(&self) -> Option<JobsPolicy> {
        self.watch.then_some(self.policy)
    }
}

/// Whether the credits of each account are read, how often, and when they are low (`[credits]`).
#[derive(Clone, Copy, Debug)]
pub struct CreditsWatch {
    /// Whether they are.
    pub watch: bool,
    /// The time between two readings of one account.
    pub every: TimeDelta,
    /// When they are low.
    pub policy: CreditsPolicy,
}

impl CreditsWatch {
    /// When credits are low, if they are read.
    pub fn in_force(&self) -> Option<CreditsPolicy> {
        self.watch.then_some(self.policy)
    }
}

/// Where everything is stored (`[store]`).
#[derive(Clone, Debug)]
pub struct Store {
    /// The SQLite file.
    pub path: PathBuf,
    /// How long history, resolved alerts and delivered messages are kept.
    pub keep: TimeDelta,
}
