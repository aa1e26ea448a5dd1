//! One SMTP conversation per mail.
//!
//! Promises: a connection of its own each time (pooled ones go stale unseen), the whole of it bounded in time; the
//! stored bytes as they are; no password before TLS where TLS was asked for.
//!
//! What each answer means:
//! - 4xx, and every fault of the network: later.
//! - 5xx to the mail, its sender or all recipients: never.
//! - 5xx while greeting or logging in (530, 534, 535 …), a server without STARTTLS, a certificate that does not hold: later,
//!   since a person will mend the configuration or the server, and nothing may be lost until then.
//! - Some recipients refused with 5xx and others taken: the others get the mail, and the attempt says Refused, naming
//!   the bad address: nobody is told twice, and nobody believes that all were told.
//! - Some put off with 4xx: nobody gets it now, since a second attempt would tell the others twice.
//! - A connection that dies after the final dot: later. The server may have taken the mail; then it comes twice,
//!   with the same Message-ID (the limit of at least once).

use std::error::Error as _;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Auth, Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::Attempt;
use super::greet::{Greeting, Hurdle, Obstacle, is_caused_by};
use crate::config::{Email, Login, Smtp, Tls};
use crate::domain::text::{one_line, shortened};

/// For one whole conversation, from the name's look-up to the answer to the final dot.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// For the farewell, which decides nothing.
const FAREWELL: Duration = Duration::from_secs(2);

/// Characters quoted from a server.
const QUOTED: usize = 200;

/// Where in the conversation something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connect,
    StartTls,
    Login,
    Sender,
    Recipient,
    Data,
    Content,
}

impl Stage {
    const fn words(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::StartTls => "starting TLS",
            Self::Login => "logging in",
            Self::Sender => "naming the sender",
            Self::Recipient => "naming a recipient",
            Self::Data => "announcing the mail",
            Self::Content => "handing the mail over",
        }
    }

    /// Whether a refusal here is about this mail rather than about the way to the server.
    const fn is_about_the_mail(self) -> bool {
        match self {
            Self::Connect | Self::StartTls | Self::Login => false,
            Self::Sender | Self::Recipient | Self::Data | Self::Content => true,
        }
    }
}

/// Where and why a conversation ended early.
struct Failure {
    stage: Stage,
    is_final: bool,
    /// Whether it was the TLS handshake, at whatever stage.
    is_tls: bool,
    words: String,
}

impl Failure {
    fn new(stage: Stage, error: &Error, login: Option<&Login>) -> Self {
        // Some servers ask for a login only when the mail begins.
        let wants_login = error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535));
        let is_final = error.is_permanent() && stage.is_about_the_mail() && !wants_login;
        let words = match login {
            Some(login) => without_password(words(error), login),
            None => words(error),
        };
        // The library counts some of it among the connections.
        let is_tls = error.is_tls() || is_caused_by::<rustls::Error>(error);
        Self { stage, is_final, is_tls, words: shortened(&one_line(&words), QUOTED) }
    }

    /// Something that no library's error tells.
    const fn passing(stage: Stage, words: String) -> Self {
        Self { stage, is_final: false, is_tls: false, words }
    }

    /// What a greeting calls it.
    fn obstacle(self) -> Obstacle {
        let at = match self.stage {
            _ if self.is_tls => Hurdle::Tls,
            Stage::StartTls => Hurdle::StartTls,
            Stage::Login => Hurdle::Login,
            Stage::Connect | Stage::Sender | Stage::Recipient | Stage::Data | Stage::Content => {
                Hurdle::Connection
            }
        };
        Obstacle { at, words: format!("{}: {}", self.stage.words(), self.words) }
    }
}

/// One connection and until when it may last.
struct Conversation {
    connection: AsyncSmtpConnection,
    deadline: Instant,
}

/// Tries once to hand `mail` over, within `limit`.
pub(super) async fn send(email: &Email, mail: &[u8], limit: Duration) -> Attempt {
    let (smtp, recipients) = (&email.smtp, email.to.len());
    let server = address(smtp);
    match converse(email, mail, Instant::now() + limit).await {
        Ok(refused) if refused.is_empty() => Attempt::Delivered,
        Ok(refused) => {
            let told = recipients - refused.len();
            let error = format!("{server}: {told} of {recipients} recipients told; {}", refused.join("; "));
            // Those who took it must not get it again.
            Attempt::Final { error }
        }
        Err(Failure { stage, is_final, words, .. }) => {
            let error = format!("{server}, {}: {words}", stage.words());
            if is_final { Attempt::Refused { error, retry_after: None } } else { Attempt::deferred(error) }
        }
    }
}

/// The recipients that were refused for good while others took the mail.
async fn converse(email: &Email, mail: &[u8], deadline: Instant) -> Result<Vec<String>, Failure> {
    let mut conversation = Conversation::open(&email.smtp, deadline).await?;
    let outcome = match conversation.log_in(email.smtp.login.as_ref()).await {
        Ok(()) => conversation.hand_over(email, mail).await,
        Err(failure) => Err(failure),
    };
    conversation.part().await;
    outcome
}

/// Talks as for a mail up to the log-in, within `limit`, and takes leave.
pub(super) async fn greet(smtp: &Smtp, limit: Duration) -> Greeting {
    let address = address(smtp);
    let deadline = Instant::now() + limit;
    if let Err(words) = look_up(smtp, deadline).await {
        return Greeting { address, result: Err(Obstacle { at: Hurdle::Name, words }) };
    }
    let result = match Conversation::open(smtp, deadline).await {
        Ok(mut conversation) => {
            let login = conversation.log_in(smtp.login.as_ref()).await;
            conversation.part().await;
            login.map(|()| granted(smtp))
        }
        Err(failure) => Err(failure),
    };
    Greeting { address, result: result.map_err(Failure::obstacle) }
}

/// Asks for the name by itself: what the library says of a connection does not tell the two apart.
async fn look_up(smtp: &Smtp, deadline: Instant) -> Result<(), String> {
    let looking = tokio::net::lookup_host((smtp.host.as_str(), smtp.port));
    match tokio::time::timeout_at(deadline, looking).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("DNS: {}", one_line(&error.to_string()))),
        Err(_) => Err("DNS: no answer in time".to_owned()),
    }
}

fn granted(smtp: &Smtp) -> String {
    let tls = match smtp.tls {
        Tls::StartTls => "STARTTLS, certificate trusted",
        Tls::Implicit => "TLS, certificate trusted",
        Tls::None => "no TLS",
    };
    match &smtp.login {
        Some(login) => format!("SMTP greeting, {tls}, logged in as `{}`", login.username),
        None => format!("SMTP greeting, {tls}, no log-in configured"),
    }
}

fn address(smtp: &Smtp) -> String {
    format!("{}:{}", smtp.host, smtp.port)
}

impl Conversation {
    async fn open(smtp: &Smtp, deadline: Instant) -> Result<Self, Failure> {
        let parameters = || {
            TlsParameters::new(smtp.host.clone()).map_err(|error| Failure::new(Stage::StartTls, &error, None))
        };
        let (implicit, upgrade) = match smtp.tls {
            Tls::Implicit => (Some(parameters()?), None),
            Tls::StartTls => (None, Some(parameters()?)),
            Tls::None => (None, None),
        };
        let name = ClientId::default();
        let address = (smtp.host.as_str(), smtp.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(address, None, &name, implicit, None);
        let connection = step(Stage::Connect, deadline, None, connecting).await?;
        let mut conversation = Self { connection, deadline };
        if let Some(parameters) = upgrade {
            let upgrading = conversation.connection.starttls(parameters, &name);
            step(Stage::StartTls, deadline, None, upgrading).await?;
        }
        Ok(conversation)
    }

    async fn log_in(&mut self, login: Option<&Login>) -> Result<(), Failure> {
        let Some(login) = login else { return Ok(()) };
        let password = login.password.value.expose_secret().to_owned();
        let credentials = Credentials::new(login.username.clone(), password);
        let logging_in = self.connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
        step(Stage::Login, self.deadline, Some(login), logging_in).await.map(drop)
    }

    /// Says farewell. All is decided by now: what it meets changes nothing.
    async fn part(mut self) {
        let _ = tokio::time::timeout(FAREWELL, self.connection.command(Quit)).await;
    }

    async fn hand_over(&mut self, email: &Email, mail: &[u8]) -> Result<Vec<String>, Failure> {
        let (deadline, login) = (self.deadline, email.smtp.login.as_ref());
        let sender = Mail::new(Some(email.from.email.clone()), self.parameters(email, mail)?);
        step(Stage::Sender, deadline, login, self.connection.command(sender)).await?;
        let refused = self.name_recipients(email).await?;
        step(Stage::Data, deadline, login, self.connection.command(Data)).await?;
        step(Stage::Content, deadline, login, self.connection.message(mail)).await?;
        Ok(refused)
    }

    /// What the server must know of before: international addresses, eight-bit headers.
    fn parameters(&self, email: &Email, mail: &[u8]) -> Result<Vec<MailParameter>, Failure> {
        let is_international = |address: &Address| !address.to_string().is_ascii();
        let mut parameters = Vec::new();
        if email.to.iter().chain([&email.from]).any(|mailbox| is_international(&mailbox.email)) {
            if !self.connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let words = "the server takes no international addresses (SMTPUTF8)".to_owned();
                return Err(Failure::passing(Stage::Sender, words));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    /// Names every recipient; those refused for good are returned, unless that is all of them.
    async fn name_recipients(&mut self, email: &Email) -> Result<Vec<String>, Failure> {
        let (deadline, login) = (self.deadline, email.smtp.login.as_ref());
        let mut refused = Vec::new();
        for recipient in &email.to {
            let address = &recipient.email;
            let command = Rcpt::new(address.clone(), Vec::new());
            match step(Stage::Recipient, deadline, login, self.connection.command(command)).await {
                Ok(_) => {}
                Err(failure) if failure.is_final => refused.push(format!("{address}: {}", failure.words)),
                Err(failure) => {
                    return Err(Failure { words: format!("{address}: {}", failure.words), ..failure });
                }
            }
        }
        if refused.len() == email.to.len() {
            let words = refused.join("; ");
            return Err(Failure { is_final: true, ..Failure::passing(Stage::Recipient, words) });
        }
        Ok(refused)
    }
}

/// One step of the conversation, cut off at the deadline of the whole.
async fn step<T>(
    stage: Stage,
    deadline: Instant,
    login: Option<&Login>,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout_at(deadline, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::new(stage, &error, login)),
        Err(_) => Err(Failure::passing(stage, "no answer in time".to_owned())),
    }
}

/// The server's own words behind its code, or the innermost cause.
fn words(error: &Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    let words = cause.map_or_else(|| error.to_string(), ToString::to_string);
    error.status().map_or_else(|| words.clone(), |code| format!("{code} {words}"))
}

/// Some servers repeat the command that they refuse: the password is taken out, as typed and as it travels.
fn without_password(words: String, login: &Login) -> String {
    let password = login.password.value.expose_secret();
    let credentials = Credentials::new(login.username.clone(), password.to_owned());
    let travelling = [
        Auth::new(Mechanism::Plain, credentials.clone(), None),
        Auth::new(Mechanism::Login, credentials, Some("Password:".to_owned())),
    ];
    let travelling = travelling.into_iter().flatten().map(|command| command.to_string());
    travelling
        .filter_map(|command| command.split_whitespace().last().map(str::to_owned))
        .chain([password.to_owned()])
        .filter(|secret| !secret.is_empty())
        .fold(words, |words, secret| words.replace(&secret, "…"))
}
