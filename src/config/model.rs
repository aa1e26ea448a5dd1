//! The configuration in force: resolved, validated, plain data. Whoever holds a [`Config`] need not check it again.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;

use crate::domain::account::{AccountId, AccountKey, ReceiverName, SubscriptionName};
use crate::domain::configuration::EndSource;
use crate::domain::expiry::Ladder;
use crate::domain::policy::Policy;
use crate::domain::route::Route;
use crate::domain::schedule::Schedule;
use crate::domain::supervisor::Supervisor;

/// Everything that the operator decided.
#[derive(Clone, Debug)]
pub struct Config {
    /// What is watched.
    pub subscriptions: Vec<Subscription>,
    /// How the vendor is asked.
    pub api: Api,
    /// When.
    pub schedule: Timetable,
    /// How far ahead an end is told.
    pub expiry: Expiry,
    /// When something is believed, and how often it is said.
    pub alerts: Alerts,
    /// Who is told.
    pub receivers: Vec<Receiver>,
    /// Where it is kept.
    pub store: Store,
}

impl Config {
    /// The decisions as the rules need them.
    pub fn policy(&self) -> Policy {
        let accounts = self.subscriptions.iter().flat_map(|subscription| {
            subscription.accounts.iter().map(move |account| (subscription, account))
        });
        let ladders = accounts.filter_map(|(subscription, account)| {
            Some((AccountKey::new(&subscription.name, &account.id), account.ladder.clone()?))
        });
        Policy {
            source: self.expiry.source,
            ladder: self.expiry.ladder.clone(),
            ladders: ladders.collect(),
            confirm_after: self.alerts.confirm_after,
            unreachable_after: self.alerts.unreachable_after,
            repeat_every: self.alerts.repeat_every,
        }
    }

    /// Who is told when a receiver fails, by the failing one.
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
    /// In this file, which systemd passed when the service started and which stays as it was until a restart.
    Credential(PathBuf),
    /// In the environment variable of this name.
    Environment(String),
    /// In the configuration itself; only a webhook's `url` may stand there.
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

/// One API token and what is watched with it.
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
    pub ladder: Option<Ladder>,
}

/// How the vendor is asked.
#[derive(Clone, Debug)]
pub struct Api {
    /// https, or http on loopback only; no trailing slash, no query.
    pub base_url: Url,
    /// For one whole request.
    pub timeout: Duration,
    /// How many requests at once, at least 1.
    pub concurrency: usize,
    /// The largest body per account, in bytes.
    pub max_body: usize,
    /// How accounts are asked for.
    pub fetch: Fetch,
}

/// How accounts are asked for (`[api].fetch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// One request for each.
    Each,
    /// One request for all of a subscription; who is missing there is asked for alone.
    List,
}

/// When runs start.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// The cron schedule.
    pub schedule: Schedule,
    /// Each run starts up to this much later.
    pub jitter: TimeDelta,
}

/// How far ahead an end is told.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// The lead times for accounts without their own.
    pub ladder: Ladder,
    /// Which end counts.
    pub source: EndSource,
}

/// When something is believed, and how often it is said.
#[derive(Clone, Debug)]
pub struct Alerts {
    /// A first bad verdict is asked again after this; zero believes it at once.
    pub confirm_after: TimeDelta,
    /// No verdict for this long is an alert.
    pub unreachable_after: TimeDelta,
    /// Reminders of what still fires; none when `0s` was configured.
    pub repeat_every: Option<TimeDelta>,
}

/// One way out.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// The operator's name for it.
    pub name: ReceiverName,
    /// What it wants to hear.
    pub route: Route,
    /// The globs of [`Route::accounts`] as typed: a compiled set no longer shows them.
    pub accounts: Vec<String>,
    /// Who is told when this one fails.
    pub fallback: Option<ReceiverName>,
    /// How it is reached.
    pub channel: Channel,
}

/// How a receiver is reached.
#[derive(Clone, Debug)]
pub enum Channel {
    /// By mail.
    Email(Email),
    /// By an HTTP POST.
    Webhook(Webhook),
}

/// A mail receiver.
#[derive(Clone, Debug)]
pub struct Email {
    /// The sender. Domains are ASCII, here and in `to` (A-labels).
    pub from: Mailbox,
    /// At least one, each once.
    pub to: Vec<Mailbox>,
    /// The server that takes the mail.
    pub smtp: Smtp,
    /// Whether mails may be sent unencrypted to a public server.
    pub allow_http: bool,
    /// What starts this program: mails advise the commands that go with it.
    pub supervisor: Supervisor,
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
    /// User name and password, when it wants them.
    pub login: Option<Login>,
    /// The argument of EHLO; none: what the machine is called.
    pub hello: Option<String>,
    /// For each stage of a conversation but the answer to the final dot.
    pub timeout: Duration,
}

/// A user name and its password.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// STARTTLS, required, never opportunistic.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None; on loopback, in a private network, or where it is allowed.
    None,
}

/// A webhook receiver.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where to; often a secret itself. Checked to be https, or http where that may be.
    pub url: Secret,
    /// The signing secrets, each `whsec_<base64>`; several during a rotation, none when unsigned.
    pub signing: Vec<SecretString>,
    /// Where the signing secrets were read; none when unsigned.
    pub signing_origin: Option<Origin>,
    /// For one whole request.
    pub timeout: Duration,
    /// Whether it may be sent unencrypted to a public address.
    pub allow_http: bool,
    /// Headers that the receiver wants, such as a log-in; names in lower case.
    pub headers: Vec<(String, Secret)>,
}

/// Where everything is kept.
#[derive(Clone, Debug)]
pub struct Store {
    /// The SQLite file.
    pub path: PathBuf,
    /// How long what is over is kept.
    pub keep: TimeDelta,
}
