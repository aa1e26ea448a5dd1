//! What the mail server requires of its clients.

use std::sync::Arc;

use rustls::ServerConfig;
use secrecy::SecretString;

/// The credentials that a client must use.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// The user's name.
    pub(crate) username: String,
    /// The password.
    pub(crate) password: SecretString,
}

/// How connections are protected.
#[derive(Clone, Default)]
pub(crate) enum SmtpSecurity {
    /// Not at all.
    #[default]
    None,
    /// After STARTTLS; before it, no mail is accepted and no login offered.
    StartTls(Arc<ServerConfig>),
    /// From the first byte on.
    Implicit(Arc<ServerConfig>),
}

/// What an `SmtpServer` requires of its clients; nothing by default.
#[derive(Clone, Default)]
pub(crate) struct SmtpSetup {
    /// The required login, if any.
    pub(crate) login: Option<Login>,
    /// The required encryption.
    pub(crate) security: SmtpSecurity,
    /// Whether SMTPUTF8 (RFC 6531) is offered; without it, addresses beyond ASCII are refused.
    pub(crate) smtputf8: bool,
}
