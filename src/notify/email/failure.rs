//! Where and why a session with a mail server ended early, and whether a retry can help.
//!
//! Guarantees: pure; a server's text is quoted on one line of at most [`MAX_QUOTE`] characters, without the password.

use super::login::repeats_password;
use super::reply::Reply;
use super::smtp_stream::StreamError;
use crate::config::{Login, Smtp, Tls};
use crate::domain::text::{one_line, shortened};
use crate::notify::stream::find_cause;

/// Characters quoted from a server.
pub(super) const MAX_QUOTE: usize = 200;

/// Replies that ask for a login, even where the mail begins (RFC 4954, section 6).
const LOGIN_CODES: [u16; 4] = [530, 534, 535, 538];

/// The stages of a session, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
#[strum(serialize_all = "UPPERCASE")]
pub(super) enum Stage {
    #[strum(serialize = "DNS")]
    Resolve,
    #[strum(serialize = "connecting")]
    /// The connection, TLS if it is implicit, and the server's greeting.
    Connect,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS and the handshake.
    StartTls,
    #[strum(serialize = "logging in")]
    Auth,
    #[strum(serialize = "MAIL FROM")]
    Mail,
    #[strum(serialize = "RCPT TO")]
    Rcpt,
    Data,
    #[strum(serialize = "sending the mail")]
    /// The mail and its final dot.
    Content,
}

/// What a probe's hint depends on besides the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// TLS cannot be set up on this machine.
    TlsSetup,
    /// The handshake failed, or the certificate is not accepted.
    Tls,
    /// The server does not speak TLS on this port.
    NotTls,
    Other,
}

/// Where and why a session ended early.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) stage: Stage,
    pub(super) cause: Cause,
    /// Whether the server refused the mail; else the failure is temporary.
    pub(super) is_refusal: bool,
    /// What happened, for people.
    pub(super) message: String,
}

impl Failure {
    /// A failure that the next attempt may not meet.
    pub(super) fn temporary(stage: Stage, message: impl Into<String>) -> Self {
        Self { stage, cause: Cause::Other, is_refusal: false, message: message.into() }
    }

    pub(super) fn from_stream(stage: Stage, error: &StreamError, smtp: &Smtp) -> Self {
        let tls_error = find_cause::<rustls::Error>(error);
        let is_not_tls = match (error, tls_error) {
            // Where TLS is implicit, the client speaks first: a greeting is plain text.
            (StreamError::PlainTextBeforeTls, _) => stage == Stage::Connect,
            (_, Some(rustls::Error::InvalidMessage(_))) => stage <= Stage::StartTls,
            _ => false,
        };
        let not_tls = match stage {
            Stage::StartTls => "the server agreed to TLS and then did not speak it",
            _ => "this port does not speak TLS at once: use tls = \"starttls\" (587), or port 465",
        };
        let (cause, message) = match (error, tls_error) {
            _ if is_not_tls => (Cause::NotTls, not_tls.to_owned()),
            (StreamError::TlsSetup(_), _) => (Cause::TlsSetup, error.to_string()),
            (_, Some(_)) | (StreamError::ServerName, _) => (Cause::Tls, error.to_string()),
            (StreamError::TimedOut, _)
                if stage == Stage::Connect && smtp.tls == Tls::StartTls && smtp.port == 465 =>
            {
                let hint = "port 465 usually speaks TLS at once: use tls = \"implicit\"";
                (Cause::Other, format!("{error}; {hint}"))
            }
            _ => (Cause::Other, quoted(&error.to_string(), smtp.login.as_ref())),
        };
        Self { cause, ..Self::temporary(stage, shortened(&one_line(&message), MAX_QUOTE)) }
    }

    /// A reply that does not let the session continue, classified by its code alone.
    ///
    /// A 5xx about the mail refuses it, unless its enhanced status is a temporary one or it asks for a login. Everything else
    /// is temporary: 4xx, 5xx before the mail, and codes that do not belong here.
    pub(super) fn from_reply(stage: Stage, reply: &Reply, login: Option<&Login>) -> Self {
        let wants_login = LOGIN_CODES.contains(&reply.code);
        // From MAIL on a refusal is about this mail, not about the access to the server.
        let is_refusal =
            stage >= Stage::Mail && reply.is_permanent() && !reply.has_temporary_status() && !wants_login;
        let mut message = quoted(&reply.to_string(), login);
        if matches!(reply.code, 200..400) {
            message.push_str(", which is not a valid reply here");
        }
        if wants_login && login.is_none() {
            message.push_str("; this server wants a login: set smtp.username and smtp.password_file");
        }
        if reply.is_permanent() && is_about_hello(reply) {
            message.push_str("; smtp.hello sets the name that this host gives");
        }
        Self { is_refusal, ..Self::temporary(stage, message) }
    }

    /// The message with the stage in front.
    pub(super) fn with_stage(&self) -> String {
        format!("{}: {}", self.stage, self.message)
    }
}

/// Whether `reply` to MAIL means that the server accepts no mail without a login.
pub(super) fn wants_login(reply: &Reply) -> bool {
    LOGIN_CODES.contains(&reply.code)
        || (reply.is_permanent() && reply.lines.iter().any(|line| line.starts_with("5.7.")))
}

/// Whether a refusal names EHLO or HELO; servers may check the name given there as late as at RCPT.
fn is_about_hello(reply: &Reply) -> bool {
    let text = reply.to_string().to_ascii_lowercase();
    text.contains("helo ") || text.contains("ehlo ")
}

/// A server's text, for people. Some servers repeat the command that they refuse: of a text that contains the password in
/// any form, only the code is shown.
fn quoted(text: &str, login: Option<&Login>) -> String {
    if login.is_some_and(|login| repeats_password(text, login)) {
        let code: String = text.chars().take_while(char::is_ascii_digit).collect();
        return format!("{code} (its text repeats the password and is not shown)").trim_start().to_owned();
    }
    shortened(&one_line(text), MAX_QUOTE)
}
