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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use crate::config::{self, Channel, Environment as Variables, Source};
    use crate::domain::account::AccountId;

    use super::*;

    const TOKEN: &str = "user:1234-s3cretT0ken";

    fn variables(more: &[(&str, &str)]) -> Variables {
        let always = [("HOME", "/home/ops"), ("USEAPI_TOKEN", TOKEN)];
        always.into_iter().chain(more.iter().copied()).collect()
    }

    fn draft(more: &[(&str, &str)], choice: &Choice) -> (Config, Draft) {
        let config =
            config::from_environment(&[], &variables(more), chrono::DateTime::UNIX_EPOCH).unwrap().config;
        let draft = Draft::new(&config, choice, &PathBuf::from("/nowhere")).unwrap();
        (config, draft)
    }

    fn accounts(accounts: &[(&str, &str)]) -> Choice {
        let account =
            |(id, name): &(&str, &str)| AccountRef { id: AccountId::new(*id), name: (*name).to_owned() };
        Choice { accounts: accounts.iter().map(account).collect(), discover: false }
    }

    /// What `text` says beside the secret files of `draft` and others with these names.
    fn load(text: &str, draft: &Draft, more: &[(&str, &str)]) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let secrets = draft.secrets.new.iter();
        let secrets = secrets.map(|secret| (secret.name.as_str(), secret.value.expose_secret()));
        for (name, value) in more.iter().copied().chain(secrets) {
            fs::write(folder.path().join(name), value).unwrap();
        }
        let file = folder.path().join("minimax-watch.toml");
        fs::write(&file, text).unwrap();
        let environment: Variables = [("HOME", "/home/ops")].into_iter().collect();
        let loaded = config::load(&Source::File(file), &environment, chrono::DateTime::UNIX_EPOCH);
        loaded.map_err(|invalid| format!("{invalid}\n{text}")).unwrap().config
    }

    const ALL: [(&str, &str); 12] = [
        ("MINIMAX_WATCH_TELEGRAM_TOKEN", "123456789:AAE-9xKabc_defghijk-lmnopqrs_tuvw"),
        ("MINIMAX_WATCH_TELEGRAM_CHAT_ID", "-1001234567890"),
        ("MINIMAX_WATCH_NTFY_URL", "https://ntfy.sh/t0pic-s3cret"),
        ("MINIMAX_WATCH_NTFY_TOKEN", "tk_s3cret"),
        ("MINIMAX_WATCH_DISCORD_URL", "https://discord.com/api/webhooks/12/s3cret"),
        ("MINIMAX_WATCH_SLACK_URL", "https://hooks.slack.com/services/T0/B0/s3cret"),
        ("MINIMAX_WATCH_WEBHOOK_URL", "https://hooks.example.com/s3cret"),
        (
            "MINIMAX_WATCH_WEBHOOK_SECRET",
            "whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Q=\nwhsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3R0dA==",
        ),
        ("MINIMAX_WATCH_SMTP_URL", "smtps://watch%40example.com:p%22%5C%25s3cret@smtp.example.com:2465"),
        ("MINIMAX_WATCH_MAIL_FROM", "\"Ops \\\"night\\\"\" <watch@example.com>"),
        ("MINIMAX_WATCH_MAIL_TO", "a@example.com, Bü <b@example.com>"),
        ("MINIMAX_WATCH_HEARTBEAT_URL", "https://hc.example.com/s3cret"),
    ];

    #[test]
    fn every_receiver_of_the_environment_is_the_same_in_the_file_without_its_secrets() {
        let (given, draft) = draft(&ALL, &accounts(&[("1", "1")]));
        assert!(!draft.text.contains("s3cret") && !draft.text.contains("whsec"), "{}", draft.text);
        let loaded = load(&draft.text, &draft, &[]);
        assert_eq!(loaded.receivers.len(), 6);
        for (given, loaded) in given.receivers.iter().zip(&loaded.receivers) {
            assert_eq!(given.name, loaded.name);
            match (&given.channel, &loaded.channel) {
                (Channel::Email(given), Channel::Email(loaded)) => {
                    assert_eq!((&given.from, &given.to), (&loaded.from, &loaded.to));
                    let parts = |email: &config::Email| {
                        let login = email.smtp.login.clone().unwrap();
                        let password = login.password.value.expose_secret().to_owned();
                        (email.smtp.host.clone(), email.smtp.port, email.smtp.tls, login.username, password)
                    };
                    assert_eq!(parts(given), parts(loaded));
                    assert_eq!(parts(loaded).4, "p\"\\%s3cret");
                }
                (given, loaded) => {
                    assert_eq!(given.type_name(), loaded.type_name());
                    assert_eq!(given.signing().len(), loaded.signing().len());
                }
            }
        }
        let heartbeat = loaded.heartbeat.unwrap().url.value;
        assert_eq!(heartbeat.expose_secret(), "https://hc.example.com/s3cret");
    }

    #[test]
    fn every_commented_key_is_valid_without_its_mark() {
        let mark =
            |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).map(str::to_owned);
        for (more, choice) in [
            (&ALL[..], accounts(&[("1", "1"), ("2", "b")])),
            (&[], Choice { accounts: Vec::new(), discover: true }),
        ] {
            let (_, draft) = draft(more, &choice);
            let lines = draft.text.lines().map(|line| mark(line).unwrap_or_else(|| line.to_owned()));
            let text = lines.collect::<Vec<_>>().join("\n");
            let heartbeat = ("heartbeat-url", "https://hc.example.com/x");
            let telegram = ("telegram-token", ALL[0].1);
            let config = load(&text, &draft, &[heartbeat, telegram]);
            assert!(config.jobs.watch && config.http.is_some() && config.heartbeat.is_some());
            assert!(!config.receivers.is_empty());
        }
    }

    #[test]
    fn base_url_is_written_unless_it_is_the_default() {
        let (_, default) = draft(&[], &Choice::default());
        assert!(!default.text.contains("[api]"));
        let (_, other) =
            draft(&[("MINIMAX_WATCH__API__BASE_URL", "http://127.0.0.1:8/")], &accounts(&[("1", "1")]));
        assert_eq!(load(&other.text, &other, &[]).api.base_url.as_str(), "http://127.0.0.1:8/");
    }

    proptest! {
        #[test]
        fn any_id_and_name_is_read_as_it_was_given(id in "\\PC{1,40}|[\"'\\\\\u{7f}\u{202e}#\n\t]{1,9}", name in any::<String>()) {
            let (_, draft) = draft(&[], &accounts(&[(&id, &name), ("2", "{{ 7 }}")]));
            let read: toml::Table = toml::from_str(&draft.text).unwrap();
            let first = &read["subscriptions"][0]["accounts"][0];
            prop_assert_eq!(first["id"].as_str(), Some(id.as_str()));
            let expected = (name != id).then_some(name.as_str());
            prop_assert_eq!(first.get("name").and_then(toml::Value::as_str), expected);
            prop_assert_eq!(read["subscriptions"][0]["accounts"][1]["name"].as_str(), Some("{{ 7 }}"));
        }
    }
}
