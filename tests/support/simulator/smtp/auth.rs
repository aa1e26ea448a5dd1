//! Login: the responses that a client must send for a name and a password (RFC 4954, RFC 4616, and LOGIN as commonly implemented).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;

use super::setup::Login;

/// A login in progress.
pub(crate) enum Exchange {
    /// PLAIN: one response contains everything.
    Plain,
    /// LOGIN: the name comes next.
    Name,
    /// LOGIN: the password comes next.
    Password { username: Vec<u8> },
}

/// The server's reaction to a response.
pub(crate) enum AuthStep {
    /// Another challenge.
    Challenge(Exchange, &'static str),
    Accepted,
    Refused,
    /// The response is not base64, or not of the mechanism's form.
    Invalid,
}

impl Exchange {
    /// Starts the mechanism of that name; returns its first challenge, too.
    pub(crate) fn start(mechanism: &str) -> Option<(Self, &'static str)> {
        match mechanism {
            "PLAIN" => Some((Self::Plain, "")),
            "LOGIN" => Some((Self::Name, "VXNlcm5hbWU6")),
            _ => None,
        }
    }

    pub(crate) fn respond(self, response: &str, login: &Login) -> AuthStep {
        let Some(response) = decode(response) else { return AuthStep::Invalid };
        match self {
            Self::Plain => match response.split(|byte| *byte == 0).collect::<Vec<_>>()[..] {
                [_, username, password] => login.check(username, password),
                _ => AuthStep::Invalid,
            },
            Self::Name => AuthStep::Challenge(Self::Password { username: response }, "UGFzc3dvcmQ6"),
            Self::Password { username } => login.check(&username, &response),
        }
    }
}

impl Login {
    fn check(&self, username: &[u8], password: &[u8]) -> AuthStep {
        let is_right =
            self.username.as_bytes() == username && self.password.expose_secret().as_bytes() == password;
        if is_right { AuthStep::Accepted } else { AuthStep::Refused }
    }
}

/// A response as bytes; `=` alone is an empty one (RFC 4954, 4).
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if text == "=" { Some(Vec::new()) } else { STANDARD.decode(text).ok() }
}
