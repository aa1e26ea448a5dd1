//! The operator's decisions: read once, checked whole, then plain data.
//!
//! ```text
//! locate ─► file ─► layers (environment over file) ─► reader ─► resolve ─► Config
//! ```
//!
//! Promises: whoever holds a [`Config`] need not check it again; whoever does not, holds every [`Problem`] at once, and
//! none of them shows a secret. Leaves to others: everything that needs a network, and whether the store can be opened.

mod address;
mod advice;
mod apart;
mod environment;
mod file;
mod layers;
mod locate;
mod model;
pub mod outside;
mod problem;
#[cfg(any(test, fuzzing))]
pub mod properties;
mod reader;
mod resolve;
mod secret_shape;
mod secrets;
mod show;
mod size;
mod suggest;
mod supervisor;
#[cfg(test)]
mod tests;

pub use address::{is_hello_name, is_loopback, is_near};
pub use advice::advice;
pub use environment::Environment;
pub use locate::{FILE_VARIABLE, Source, USUAL_PLACES, locate};
pub use model::*;
pub use problem::{Problem, Problems};
pub use show::show;

use secrecy::SecretString;

use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use apart::Accounts;
use file::Text;
use problem::Findings;
use resolve::{Document, Setting};

/// A configuration in force, and what the operator should know about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is in force.
    pub config: Config,
    /// What is odd and yet works, such as a secret that others can read.
    pub warnings: Vec<Problem>,
}

/// Loads the configuration of `source`, with what `environment` overrides; without a file, as [`bare`] does.
///
/// # Errors
/// With every problem that stands between the operator and a running watcher.
pub fn load(source: &Source, environment: &Environment, now: Timestamp) -> Result<Loaded, Problems> {
    match source {
        Source::File(path) => load_text(&Text::read(path)?, environment, now),
        Source::None => bare(&[], environment, now).map(|config| Loaded { config, warnings: Vec::new() }),
    }
}

/// The configuration without a file: the subscription `default` with the token in `USEAPI_TOKEN`, these accounts or
/// else every account that the API lists, no receivers.
///
/// # Errors
/// With every problem, as [`load`].
pub fn bare(accounts: &[AccountId], environment: &Environment, now: Timestamp) -> Result<Config, Problems> {
    let findings = Findings::default();
    let values = layers::merge(config::Map::new(), environment, &findings);
    let folder = std::path::absolute(".").unwrap_or_default();
    let setting = Setting { environment, folder: &folder, now };
    let config = resolve::bare(accounts, values, &setting, &findings);
    findings.verdict(config).map(|(config, _)| config)
}

/// The API token that the file behind `origin` holds now; none where there is no such file, or it holds no sound token. Reads a file.
pub fn read_token_again(origin: &Origin) -> Option<SecretString> {
    match origin {
        Origin::File(path) | Origin::Credential(path) => secrets::token_in_file(path),
        Origin::Environment(_) | Origin::Inline => None,
    }
}

/// The signing secrets in the file or variable that `origin` names, one a line, and what is odd about it.
///
/// # Errors
/// When there is none, or it is none such.
pub fn signing(
    origin: &Origin,
    environment: &Environment,
    now: Timestamp,
) -> Result<(Vec<SecretString>, Vec<Problem>), Problems> {
    let findings = Findings::default();
    let folder = std::path::absolute(".").unwrap_or_default();
    let setting = Setting { environment, folder: &folder, now };
    let secrets = resolve::signing(origin, &setting, &findings);
    findings.verdict(secrets)
}

fn load_text(text: &Text, environment: &Environment, now: Timestamp) -> Result<Loaded, Problems> {
    // A tree of a hundred thousand accounts takes a quarter of a gigabyte.
    if let Some((rest, accounts)) = apart::part(&text.content)
        && let Ok(loaded) = understand(text, &rest, &accounts, environment, now)
    {
        return Ok(loaded);
    }
    understand(text, &text.content, &Vec::new(), environment, now)
}

/// What `content` of `text` means, together with accounts that stand apart.
fn understand(
    text: &Text,
    content: &str,
    accounts: &Accounts<'_>,
    environment: &Environment,
    now: Timestamp,
) -> Result<Loaded, Problems> {
    let findings = Findings::default();
    let values = layers::merge(text.parse(content)?, environment, &findings);
    let setting = Setting { environment, folder: &text.folder, now };
    let config = resolve::from_file(Document { text, accounts }, values, &setting, &findings);
    findings.verdict(config).map(|(config, warnings)| Loaded { config, warnings })
}
