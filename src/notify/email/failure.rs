//! Where and why a conversation with a mail server ended early, and whether the same can help later.
//!
//! Guarantees: pure; what a server said is quoted on one line of at most [`MAX_QUOTE`] characters, without the password.

use std::io;

use super::login::repeats_password;
use super::reply::Reply;
use super::stream::{StreamError, TlsSetupError};
use crate::config::{Login, Smtp, Tls};
use crate::domain::text::{one_line, shortened};
use crate::notify::greet::{Hurdle, Obstacle};

/// Characters quoted from a server.
const MAX_QUOTE: usize = 200;

/// Replies that ask for a log-in, also when they come where the mail begins (RFC 4954, section 6).
const LOGIN_CODES: [u16; 4] = [530, 534, 535, 538];

/// The stages of a conversation, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The host's addresses.
    Lookup,
    /// The connection, TLS from the first byte, and the server's greeting.
    Connect,
    /// EHLO, or HELO.
    Hello,
    /// STARTTLS and the handshake.
    StartTls,
    /// AUTH.
    Login,
    /// MAIL.
    Sender,
    /// RCPT.
    Recipient,
    /// DATA.
    Data,
    /// The mail and its final dot.
    Content,
}

impl Stage {
    /// For errors.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Lookup => "looking up its address",
            Self::Connect => "connecting",
            Self::Hello => "saying hello (EHLO)",
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
            Self::Lookup | Self::Connect | Self::Hello | Self::StartTls | Self::Login => false,
            Self::Sender | Self::Recipient | Self::Data | Self::Content => true,
        }
    }
}

/// What kind of trouble it was, for the next step that a probe recommends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// This machine's part of TLS.
    Setup,
    /// The handshake or the certificate.
    Tls,
    /// The server does not speak TLS there.
    NotTls,
    /// Anything else at the stage.
    Other,
}

/// Where and why a conversation ended early.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Where.
    pub(super) stage: Stage,
    /// Whether the mail was refused, rather than put off.
    pub(super) is_refusal: bool,
    /// What happened, for people.
    pub(super) words: String,
    trouble: Trouble,
}

impl Failure {
    /// Something that may be otherwise at the next attempt.
    pub(super) const fn passing(stage: Stage, words: String) -> Self {
        Self { stage, is_refusal: false, words, trouble: Trouble::Other }
    }

    /// The connection failed.
    pub(super) fn from_stream(stage: Stage, error: &StreamError, smtp: &Smtp) -> Self {
        let (trouble, words) = match error {
            StreamError::Io(error) => match tls_error(error) {
                Some(rustls::Error::InvalidMessage(_)) if stage <= Stage::StartTls => {
                    (Trouble::NotTls, not_tls(stage))
                }
                Some(error) => (Trouble::Tls, error.to_string()),
                None => (Trouble::Other, error.to_string()),
            },
            StreamError::TimedOut if stage == Stage::Connect && is_tls_expected(smtp) => {
                let words = format!("{error}; a port that speaks TLS at once (465) needs tls = \"implicit\"");
                (Trouble::Other, words)
            }
            // Whoever speaks TLS at once lets the client speak first.
            StreamError::PlainTextBeforeTls if stage == Stage::Connect => (Trouble::NotTls, not_tls(stage)),
            StreamError::ServerName => (Trouble::Tls, error.to_string()),
            StreamError::Reply(_) | StreamError::Unasked(_) => {
                (Trouble::Other, quoted(&error.to_string(), smtp.login.as_ref()))
            }
            StreamError::TimedOut | StreamError::Closed | StreamError::PlainTextBeforeTls => {
                (Trouble::Other, error.to_string())
            }
        };
        Self { trouble, ..Self::passing(stage, shortened(&one_line(&words), MAX_QUOTE)) }
    }

    /// TLS cannot be used on this machine.
    pub(super) fn from_setup(stage: Stage, error: &TlsSetupError) -> Self {
        Self { trouble: Trouble::Setup, ..Self::passing(stage, one_line(&error.to_string())) }
    }

    /// The server answered something other than what lets the conversation go on.
    ///
    /// By the code alone: 5xx about the mail refuses it, unless its enhanced status says that it may pass, or it asks for a
    /// log-in. Everything else is put off: 4xx, 5xx before the mail, and codes that have no place here.
    pub(super) fn from_reply(stage: Stage, reply: &Reply, login: Option<&Login>) -> Self {
        let wants_login = LOGIN_CODES.contains(&reply.code);
        let is_refusal =
            stage.is_about_the_mail() && reply.is_permanent() && !reply.may_pass() && !wants_login;
        let mut words = quoted(&reply.to_string(), login);
        if matches!(reply.code, 200..400) {
            words = format!("{words}, which does not belong here");
        }
        if wants_login && login.is_none() {
            words = format!("{words}; this server wants a log-in: set smtp.username and smtp.password_file");
        }
        if reply.is_permanent() && is_about_hello(reply) {
            words = format!("{words}; smtp.hello sets the name that this host gives");
        }
        Self { is_refusal, ..Self::passing(stage, words) }
    }

    /// What a probe calls it.
    pub(super) fn obstacle(self) -> Obstacle {
        let at = match (self.trouble, self.stage) {
            (Trouble::Setup, _) => Hurdle::Setup,
            (Trouble::Tls, _) => Hurdle::Tls,
            (Trouble::NotTls, _) => Hurdle::NotTls,
            (Trouble::Other, Stage::Lookup) => Hurdle::Name,
            (Trouble::Other, Stage::StartTls) => Hurdle::StartTls,
            (Trouble::Other, Stage::Login) => Hurdle::Login,
            (
                Trouble::Other,
                Stage::Connect
                | Stage::Hello
                | Stage::Sender
                | Stage::Recipient
                | Stage::Data
                | Stage::Content,
            ) => Hurdle::Connection,
        };
        let words = match self.stage {
            Stage::Lookup => self.words,
            stage => format!("{}: {}", stage.words(), self.words),
        };
        Obstacle { at, words }
    }
}

/// Whether `reply` to MAIL says that nothing goes without a log-in.
pub(super) fn wants_login(reply: &Reply) -> bool {
    LOGIN_CODES.contains(&reply.code)
        || (reply.is_permanent() && reply.lines.iter().any(|line| line.starts_with("5.7.")))
}

/// Whether a refusal names the command by which this host introduced itself; servers may judge that as late as at RCPT.
fn is_about_hello(reply: &Reply) -> bool {
    let text = reply.to_string().to_ascii_lowercase();
    text.contains("helo ") || text.contains("ehlo ")
}

const fn is_tls_expected(smtp: &Smtp) -> bool {
    matches!(smtp.tls, Tls::StartTls) && smtp.port == 465
}

fn not_tls(stage: Stage) -> String {
    match stage {
        Stage::StartTls => "the server agreed to TLS and then did not speak it".to_owned(),
        _ => "this port does not speak TLS at once: use tls = \"starttls\" (587), or port 465".to_owned(),
    }
}

/// The fault of TLS that an `io::Error` wraps.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// What a server said, for people. Some servers repeat the command that they refuse: what holds the password in any form is
/// not shown at all, only its code.
fn quoted(text: &str, login: Option<&Login>) -> String {
    if login.is_some_and(|login| repeats_password(text, login)) {
        let code: String = text.chars().take_while(char::is_ascii_digit).collect();
        return format!("{code} (its text repeats the password and is not shown)").trim_start().to_owned();
    }
    shortened(&one_line(text), MAX_QUOTE)
}
