//! The operator's decisions: read once, checked as a whole, then plain data.
//!
//! ```text
//! find ─► file ─► overrides (environment over file) ─► table ─► sections, receivers ─► Config
//! ```
//!
//! Guarantees: a [`Config`] is valid and needs no further check; otherwise every [`Problem`] is reported at once, with file, line and
//! key, and none shows a secret. Leaves to others: everything that needs a network, and whether the store can be opened.

mod address;
mod advice;
mod context;
mod diagnostics;
mod environment;
mod file;
mod find;
mod model;
mod overrides;
mod page;
mod place;
#[cfg(any(test, fuzzing))]
pub mod properties;
mod receivers;
pub mod regular_file;
mod schema;
mod secret_shape;
mod secrets;
mod sections;
mod show;
mod size;
mod split;
mod suggest;
mod table;
#[cfg(test)]
mod tests;
mod values;

pub use address::{is_hello_name, is_local_or_private, is_loopback};
pub use advice::advice;
pub use diagnostics::{Problem, Problems};
pub use environment::Environment;
pub use find::{FILE_VARIABLE, Source, USUAL_PLACES, find};
pub use model::*;
pub use page::toml_string;
pub use sections::DEFAULT_BASE_URL;
pub use show::show;

use std::path::PathBuf;

use secrecy::SecretString;
use toml::de::DeTable;

use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use context::Context;
use diagnostics::Diagnostics;
use file::Text;

/// A valid configuration, and what the operator should know about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration in force.
    pub config: Config,
    /// What works and may be a mistake, such as a secret that others can read.
    pub warnings: Vec<Problem>,
}

/// A configuration that is not valid.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{problems}")]
pub struct InvalidConfig {
    /// Every problem that makes it invalid.
    pub problems: Problems,
    /// What works and may be a mistake.
    pub warnings: Vec<Problem>,
    /// The receivers that are valid, for checks that are made elsewhere.
    pub receivers: Vec<Receiver>,
}

/// A file that cannot be read as a whole.
impl From<Problem> for InvalidConfig {
    fn from(problem: Problem) -> Self {
        Self { problems: problem.into(), warnings: Vec::new(), receivers: Vec::new() }
    }
}

/// Loads the configuration of `source` with the overrides in `environment`; without a file, as [`from_environment`] does.
///
/// # Errors
/// With every problem that makes the configuration invalid.
pub fn load(source: &Source, environment: &Environment, now: Timestamp) -> Result<Loaded, InvalidConfig> {
    match source {
        Source::File(path) => parse(&Text::read(path)?, environment, now),
        Source::None => from_environment(&[], environment, now),
    }
}

/// The configuration without a file: the subscription `default` with the token in `USEAPI_TOKEN`, the named accounts and every
/// other one that the API lists, and the receivers that the environment gives.
///
/// # Errors
/// With every problem, as [`load`].
pub fn from_environment(
    accounts: &[AccountId],
    environment: &Environment,
    now: Timestamp,
) -> Result<Loaded, InvalidConfig> {
    let diagnostics = Diagnostics::default();
    let mut values = DeTable::new();
    overrides::apply(&mut values, environment, &diagnostics);
    let context = Context { environment, folder: &working_directory(), now };
    let read = sections::from_environment(accounts, values, &context, &diagnostics);
    finish(read, diagnostics)
}

/// The API token that the file behind `origin` holds now, if it still holds a valid one. Reads the file.
pub fn read_token_again(origin: &Origin) -> Option<SecretString> {
    match origin {
        Origin::File(path) | Origin::Credential(path) => secrets::token_in_file(path),
        Origin::Environment(_) | Origin::Inline => None,
    }
}

/// The API token in the file or variable that `origin` names, with warnings; `named_by` is the option or variable that names it.
///
/// # Errors
/// When it does not exist or holds anything else.
pub fn api_token(
    origin: &Origin,
    named_by: &str,
    environment: &Environment,
    now: Timestamp,
) -> Result<(Secret, Vec<Problem>), Problems> {
    let diagnostics = Diagnostics::default();
    let context = Context { environment, folder: &working_directory(), now };
    let token = sections::api_token(origin, named_by, &context, &diagnostics);
    diagnostics.finish(token)
}

/// The signing secrets in the file or variable that `origin` names, one a line, with warnings.
///
/// # Errors
/// When it does not exist or holds anything else.
pub fn signing_secrets(
    origin: &Origin,
    environment: &Environment,
    now: Timestamp,
) -> Result<(Vec<SecretString>, Vec<Problem>), Problems> {
    let diagnostics = Diagnostics::default();
    let context = Context { environment, folder: &working_directory(), now };
    let secrets = receivers::signing_secrets(origin, &context, &diagnostics);
    diagnostics.finish(secrets)
}

/// The JSON Schema of the file (2020-12).
pub fn json_schema() -> serde_json::Value {
    sections::schema()
}

fn working_directory() -> PathBuf {
    std::path::absolute(".").unwrap_or_default()
}

/// The configuration that `text` and the overrides in `environment` hold.
fn parse(text: &Text, environment: &Environment, now: Timestamp) -> Result<Loaded, InvalidConfig> {
    let diagnostics = Diagnostics::default();
    let mut values = text.parse()?;
    overrides::apply(&mut values, environment, &diagnostics);
    let context = Context { environment, folder: &text.folder, now };
    let read = sections::from_file(text, values, &context, &diagnostics);
    finish(read, diagnostics)
}

/// The configuration, unless a problem was recorded; an error of `read` holds the receivers that are valid.
fn finish(read: Result<Config, Vec<Receiver>>, diagnostics: Diagnostics) -> Result<Loaded, InvalidConfig> {
    let (problems, warnings) = diagnostics.into_problems_and_warnings();
    match read {
        Ok(config) if problems.is_empty() => Ok(Loaded { config, warnings }),
        Ok(Config { receivers, .. }) | Err(receivers) => Err(InvalidConfig { problems, warnings, receivers }),
    }
}
