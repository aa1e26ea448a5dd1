//! What is to be written: the text of the configuration, and its secret files.
//!
//! Guarantees: every value is quoted as TOML requires, so that it is read as it was given; no secret is in the text. Leaves it to the
//! caller to load the text before it is put in place.

use std::path::Path;

use anyhow::Context;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::accounts::Choice;
use super::receiver_keys;
use super::secret_files::SecretFiles;
use crate::config::{Config, DEFAULT_BASE_URL, toml_string};
use crate::domain::account::AccountRef;

const TEMPLATE: &str = include_str!("minimax-watch.toml.jinja");

/// The content of every file.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) secrets: SecretFiles,
}

/// What the template shows.
#[derive(Serialize)]
struct View<'a> {
    token_file: String,
    discover: bool,
    accounts: &'a [AccountRef],
    base_url: Option<&'a str>,
    receivers: Vec<ReceiverView<'a>>,
    heartbeat_file: Option<String>,
}

#[derive(Serialize)]
struct ReceiverView<'a> {
    name: &'a str,
    kind: &'static str,
    lines: Vec<String>,
}

impl Draft {
    /// The files for the first subscription, the receivers and the heartbeat of `config`, beside each other in `folder`.
    pub(super) fn new(config: &Config, choice: &Choice, folder: &Path) -> anyhow::Result<Self> {
        let mut secrets = SecretFiles::new(folder);
        let subscription = config.subscriptions.first().context("there is no subscription")?;
        let token_file = secrets.name_for(&subscription.token, "useapi-token");
        let mut receivers = Vec::new();
        for receiver in &config.receivers {
            receivers.push(ReceiverView {
                name: receiver.name.as_str(),
                kind: receiver.channel.type_name(),
                lines: receiver_keys::lines(&receiver.channel, &mut secrets)?,
            });
        }
        let heartbeat = config.heartbeat.as_ref();
        let heartbeat_file = heartbeat.map(|heartbeat| secrets.name_for(&heartbeat.url, "heartbeat-url"));
        let base_url = config.api.base_url.as_str().trim_end_matches('/');
        let view = View {
            token_file,
            discover: choice.discover,
            accounts: &choice.accounts,
            base_url: (base_url != DEFAULT_BASE_URL).then_some(base_url),
            receivers,
            heartbeat_file,
        };
        let text = render(&view).context("cannot compose the configuration")?;
        Ok(Self { text, secrets })
    }
}

impl Draft {
    /// The names of the secret files to be written.
    pub(super) fn new_secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.new.iter().map(|secret| secret.name.as_str())
    }
}

fn render(view: &View<'_>) -> Result<String, minijinja::Error> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    templates.set_syntax(syntax.build()?);
    templates.add_filter("toml", |text: &str| toml_string(text));
    templates.add_template("minimax-watch.toml", TEMPLATE)?;
    templates.get_template("minimax-watch.toml")?.render(Serde(view))
}
