//! The configuration in force: validated, plain data.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;

use crate::domain::account::{AccountId, AccountKey, ReceiverName, SubscriptionName};
use crate::domain::configuration::ExpirySource;
use crate::domain::lead_times::LeadTimes;
use crate::domain::policy::Policy;
use crate::domain::quiet_hours::QuietHours;
use crate::domain::route::Route;
use crate::domain::schedule::Schedule;
use crate::domain::supervisor::Supervisor;
use crate::domain::time_zone::TimeZone;

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
    /// Where notifications are sent.
    pub receivers: Vec<Receiver>,
    /// Where everything is stored.
    pub store: Store,
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
        }
    }

    /// The receiver that is notified when another one fails, by the failing one.
    pub fn fallbacks(&self) -> BTreeMap<ReceiverName, ReceiverName> {
        let fallback = |receiver: &Receiver| Some((receiver.name.clone(), receiver.fallback.clone()?));
        self.receivers.iter().filter_map(fallback).collect()
    }
}

/// A secret and where it came from; prints as its origin.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The secret itself.
    pub value: SecretString,
    /// Where it was read.
    pub origin: Origin,
}

/// Where a secret was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In this file.
    File(PathBuf),
    /// In this file, which systemd passed when the service started and which does not change until a restart.
    Credential(PathBuf),
    /// In the environment variable of this name.
    Environment(String),
    /// In the configuration itself, as only the `url` of a webhook may be.
    Inline,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Credential(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Inline => f.write_str("configuration"),
        }
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

/// A destination of notifications.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// The operator's name for it.
    pub name: ReceiverName,
    /// Which notifications it gets.
    pub route: Route,
    /// The globs of [`Route::accounts`] as typed: a compiled set no longer shows them.
    pub accounts: Vec<String>,
    /// The receiver that is notified when this one fails.
    pub fallback: Option<ReceiverName>,
    /// When it is sent a digest, if ever, in its zone.
    pub digest: Option<Schedule>,
    /// The zone of its people: messages show local times beside UTC, and digests are sent by it.
    pub timezone: TimeZone,
    /// When it is sent only what is critical, if ever.
    pub quiet_hours: Option<QuietHours>,
    /// What started this program: messages advise the commands that fit.
    pub supervisor: Supervisor,
    /// Texts of the operator's own.
    pub templates: OwnTemplates,
    /// How it is reached, by its type.
    pub channel: Channel,
}

/// Texts of the operator's own, in place of the built-in ones.
#[derive(Clone, Debug, Default)]
pub struct OwnTemplates {
    /// Of the subject of a mail.
    pub subject: Option<OwnTemplate>,
    /// Of the text of a mail, a chat, or a webhook of the format `text`.
    pub text: Option<OwnTemplate>,
    /// Of the HTML of a mail.
    pub html: Option<OwnTemplate>,
}

/// A template and where it was read.
#[derive(Clone, Debug)]
pub struct OwnTemplate {
    /// The key that names its file.
    pub key: &'static str,
    /// Its file.
    pub file: PathBuf,
    /// The template.
    pub source: String,
}

/// How a receiver is reached, by its type.
#[derive(Clone, Debug, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Channel {
    /// By mail.
    Email(Email),
    /// By an HTTP POST.
    Webhook(Webhook),
    /// By a Telegram bot.
    Telegram(Telegram),
    /// By publishing to a topic of ntfy.
    Ntfy(Ntfy),
    /// By a webhook of a Discord channel.
    Discord(ChatWebhook),
    /// By an incoming webhook of Slack.
    Slack(ChatWebhook),
    /// By events of PagerDuty.
    PagerDuty(PagerDuty),
    /// By a program of the operator's.
    Exec(Exec),
    /// By series that are kept alive at Alertmanager.
    Alertmanager(Alertmanager),
}

impl Channel {
    /// Its name in the configuration.
    pub fn type_name(&self) -> &'static str {
        self.into()
    }

    /// The time limit of a request, of a run of a program, or of a stage of a mail session. The answer to the final dot has a limit of
    /// its own: a mail that is cut off there would be sent twice.
    pub const fn timeout_mut(&mut self) -> &mut Duration {
        match self {
            Self::Email(email) => &mut email.smtp.timeout,
            Self::Webhook(webhook) => &mut webhook.endpoint.timeout,
            Self::Telegram(telegram) => &mut telegram.api.timeout,
            Self::Ntfy(ntfy) => &mut ntfy.endpoint.timeout,
            Self::Discord(webhook) | Self::Slack(webhook) => &mut webhook.endpoint.timeout,
            Self::PagerDuty(pagerduty) => &mut pagerduty.api.timeout,
            Self::Exec(exec) => &mut exec.timeout,
            Self::Alertmanager(alertmanager) => &mut alertmanager.timeout,
        }
    }

    /// The secrets that sign its messages; none where they are unsigned.
    pub fn signing(&self) -> &[SecretString] {
        match self {
            Self::Webhook(webhook) => &webhook.signing,
            Self::Email(_)
            | Self::Telegram(_)
            | Self::Ntfy(_)
            | Self::Discord(_)
            | Self::Slack(_)
            | Self::PagerDuty(_)
            | Self::Exec(_)
            | Self::Alertmanager(_) => &[],
        }
    }

    /// The servers at which alerts are kept alive; none for a type that is sent messages.
    pub const fn alertmanager(&self) -> Option<&Alertmanager> {
        match self {
            Self::Alertmanager(alertmanager) => Some(alertmanager),
            Self::Email(_)
            | Self::Webhook(_)
            | Self::Telegram(_)
            | Self::Ntfy(_)
            | Self::Discord(_)
            | Self::Slack(_)
            | Self::PagerDuty(_)
            | Self::Exec(_) => None,
        }
    }
}

/// A mail receiver.
#[derive(Clone, Debug)]
pub struct Email {
    /// The sender. Domains are in ASCII (A-labels), here and in `to`.
    pub from: Mailbox,
    /// The recipients: at least one, each once.
    pub to: Vec<Mailbox>,
    /// The server that takes the mail.
    pub smtp: Smtp,
    /// Whether mails may be sent unencrypted to a public server.
    pub allow_http: bool,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Its name (in ASCII) or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// User name and password, when the server needs them.
    pub login: Option<Login>,
    /// The argument of EHLO; none: the name of this host.
    pub hello: Option<String>,
    /// The time limit for each stage of a session except the answer to the final dot.
    pub timeout: Duration,
}

/// A user name and its password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Tls {
    /// STARTTLS, required, never opportunistic.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// Unencrypted: on loopback, in a private network, or where `allow_http` permits it.
    None,
}

impl Tls {
    /// The port that goes with it.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }
}

/// Where a receiver takes HTTP requests.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address, often a secret itself: https, or http where that is allowed.
    pub url: Secret,
    /// The time limit for one whole request.
    pub timeout: Duration,
    /// Whether messages may be sent unencrypted to a public address.
    pub allow_http: bool,
}

/// A webhook receiver.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where messages are posted.
    pub endpoint: Endpoint,
    /// What is posted.
    pub format: WebhookFormat,
    /// The signing secrets, each `whsec_<base64>`; several during a rotation, none when unsigned.
    pub signing: Vec<SecretString>,
    /// Where the signing secrets were read; none when unsigned.
    pub signing_origin: Option<Origin>,
    /// Headers to send, such as a login; names in lower case.
    pub headers: Vec<(String, Secret)>,
}

/// What a webhook is sent (`format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum WebhookFormat {
    /// The JSON of Standard Webhooks.
    Standard,
    /// The same as `data` of a CloudEvent.
    CloudEvents,
    /// Plain text.
    Text,
}

/// A bot of Telegram and where it writes.
#[derive(Clone, Debug)]
pub struct Telegram {
    /// The bot's token.
    pub token: Secret,
    /// The number or `@name` of the chat.
    pub chat_id: String,
    /// The topic of a group that has topics.
    pub thread_id: Option<i64>,
    /// The Bot API, without a trailing slash.
    pub api: Endpoint,
}

/// A topic of an ntfy server.
#[derive(Clone, Debug)]
pub struct Ntfy {
    /// The address of the topic, which is the last segment of its path.
    pub endpoint: Endpoint,
    /// The access token of a protected topic.
    pub token: Option<Secret>,
}

/// A channel that a chat service made an address for.
#[derive(Clone, Debug)]
pub struct ChatWebhook {
    /// The secret address.
    pub endpoint: Endpoint,
}

/// A service of PagerDuty.
#[derive(Clone, Debug)]
pub struct PagerDuty {
    /// The key of its integration.
    pub routing_key: Secret,
    /// The Events API, without a trailing slash.
    pub api: Endpoint,
}

/// A program that gets each message.
#[derive(Clone, Debug)]
pub struct Exec {
    /// Its whole path.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The time limit for one run.
    pub timeout: Duration,
}

/// One Alertmanager, or several that form a cluster.
#[derive(Clone, Debug)]
pub struct Alertmanager {
    /// The base address of each server, without a login: https, or http where that is allowed.
    pub urls: Vec<Url>,
    /// Labels that every series gets.
    pub labels: BTreeMap<String, String>,
    /// How this program logs in, the same at each server.
    pub login: Option<HttpLogin>,
    /// The time limit for one whole request.
    pub timeout: Duration,
    /// Whether series may be sent unencrypted to a public address.
    pub allow_http: bool,
}

/// A login by the header `Authorization`.
#[derive(Clone, Debug)]
pub enum HttpLogin {
    /// User name and password (RFC 7617).
    Basic(Login),
    /// A token (RFC 6750).
    Bearer(Secret),
}

/// Where everything is stored (`[store]`).
#[derive(Clone, Debug)]
pub struct Store {
    /// The SQLite file.
    pub path: PathBuf,
    /// How long history, resolved alerts and delivered messages are kept.
    pub keep: TimeDelta,
}
