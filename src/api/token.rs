//! An API token as it is sent.

use std::sync::Arc;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// An API token and the header that carries it. Clones share both, since every request needs them.
#[derive(Clone, Debug)]
pub struct ApiToken(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    secret: SecretString,
    header: Option<HeaderValue>,
}

impl ApiToken {
    /// The token.
    pub(crate) fn expose_secret(&self) -> &str {
        self.0.secret.expose_secret()
    }

    /// The `Authorization` header, hidden from logs; `None` unless the token consists of visible ASCII.
    pub(super) fn header(&self) -> Option<&HeaderValue> {
        self.0.header.as_ref()
    }
}

impl From<SecretString> for ApiToken {
    fn from(secret: SecretString) -> Self {
        let token = secret.expose_secret();
        let is_sendable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok().filter(|_| is_sendable);
        if let Some(header) = &mut header {
            header.set_sensitive(true);
        }
        Self(Arc::new(Shared { secret, header }))
    }
}

impl PartialEq for ApiToken {
    fn eq(&self, other: &Self) -> bool {
        self.expose_secret() == other.expose_secret()
    }
}
