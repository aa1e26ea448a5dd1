//! Log-in: what a client must say for a name and a password (RFC 4954, RFC 4616, and LOGIN as everyone does it).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::Login;

/// A log-in under way.
pub(super) enum Exchange {
    /// PLAIN: everything in one response.
    Plain,
    /// LOGIN: the name comes next.
    Name,
    /// LOGIN: the password comes next.
    Password { username: Vec<u8> },
}

/// What a response leads to.
pub(super) enum Verdict {
    /// The server asks on, with this challenge.
    Ask(Exchange, &'static str),
    Accepted,
    Refused,
    /// The response is no base64, or not of the mechanism's form.
    Unreadable,
}

impl Exchange {
    /// Starts the mechanism of that name, and its first challenge.
    pub(super) fn start(mechanism: &str) -> Option<(Self, &'static str)> {
        match mechanism {
            "PLAIN" => Some((Self::Plain, "")),
            "LOGIN" => Some((Self::Name, "VXNlcm5hbWU6")),
            _ => None,
        }
    }

    /// Takes the client's response.
    pub(super) fn respond(self, response: &str, login: &Login) -> Verdict {
        let Some(response) = decode(response) else { return Verdict::Unreadable };
        match self {
            Self::Plain => {
                let mut parts = response.split(|byte| *byte == 0);
                match (parts.next(), parts.next(), parts.next(), parts.next()) {
                    (Some(_), Some(username), Some(password), None) => login.verdict(username, password),
                    _ => Verdict::Unreadable,
                }
            }
            Self::Name => Verdict::Ask(Self::Password { username: response }, "UGFzc3dvcmQ6"),
            Self::Password { username } => login.verdict(&username, &response),
        }
    }
}

impl Login {
    fn verdict(&self, username: &[u8], password: &[u8]) -> Verdict {
        let expected: &SecretString = &self.password;
        if self.username.as_bytes() == username && expected.expose_secret().as_bytes() == password {
            Verdict::Accepted
        } else {
            Verdict::Refused
        }
    }
}

/// A response as bytes; `=` alone is an empty one (RFC 4954, 4).
fn decode(text: &str) -> Option<Vec<u8>> {
    if text == "=" { Some(Vec::new()) } else { STANDARD.decode(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_read_as_bytes() {
        for (text, bytes) in
            [("", Some("")), ("=", Some("")), ("AHVzZXIAcGFzcw==", Some("\0user\0pass")), ("Zg", None)]
        {
            assert_eq!(decode(text), bytes.map(|bytes| bytes.as_bytes().to_vec()), "{text}");
        }
    }
}
