//! A secret, and where it was read.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;

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
