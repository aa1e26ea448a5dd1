//! How a receiver is reached: the settings of each type.

use std::collections::BTreeMap;
use std::time::Duration;

use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;

use super::secret::{Origin, Secret};

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
