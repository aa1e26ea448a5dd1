//! What is in force, as a configuration file that could be loaded again.
//!
//! Promises: a secret is shown as where it came from; of a webhook address that stands in the file, the host only.

use std::fmt::Write as _;

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use url::Url;

use super::model::{Channel, Config, Email, Fetch, Origin, Receiver, Secret, Subscription, Tls, Webhook};
use super::secret_shape::is_certainly_secret;
use super::size;
use crate::domain::alert::AlertKind;
use crate::domain::change::ChangeKind;
use crate::domain::expiry::Ladder;
use crate::domain::route::Kinds;
use crate::domain::span;
use crate::domain::text::is_unseen;

/// Writes `config` as TOML, secrets as their origin.
pub fn show(config: &Config) -> String {
    let mut page = Page::default();
    config.subscriptions.iter().for_each(|subscription| page.subscription(subscription));
    page.sections(config);
    config.receivers.iter().for_each(|receiver| page.receiver(receiver));
    page.header("[store]");
    page.text("path", &config.store.path.to_string_lossy());
    page.span("keep", config.store.keep);
    page.0
}

#[derive(Debug, Default)]
struct Page(String);

impl Page {
    fn header(&mut self, header: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        self.line(&format!("{gap}{header}"));
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn text(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {}", quoted(value)));
    }

    fn span(&mut self, key: &str, length: TimeDelta) {
        self.text(key, &span::text(length));
    }

    fn timeout(&mut self, length: std::time::Duration) {
        self.text("timeout", &format!("{}s", length.as_secs()));
    }

    fn list<T: AsRef<str>>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let values: Vec<_> = values.into_iter().map(|value| quoted(value.as_ref())).collect();
        self.line(&format!("{key} = [{}]", values.join(", ")));
    }

    fn ladder(&mut self, ladder: &Ladder) {
        self.list("lead_times", ladder.leads().iter().map(|lead| span::text(*lead)));
    }

    fn origin(&mut self, name: &str, origin: &Origin) {
        match origin {
            Origin::File(path) | Origin::Credential(path) => {
                self.text(&format!("{name}_file"), &path.to_string_lossy());
            }
            Origin::Environment(variable) => self.text(&format!("{name}_env"), variable),
            Origin::Inline => self.line(&format!("# {name} stands in the file")),
        }
    }

    fn subscription(&mut self, subscription: &Subscription) {
        self.header("[[subscriptions]]");
        self.text("name", subscription.name.as_str());
        self.origin("token", &subscription.token.origin);
        self.line(&format!("discover = {}", subscription.discover));
        for account in &subscription.accounts {
            self.header("[[subscriptions.accounts]]");
            self.text("id", account.id.as_str());
            self.text("name", &account.name);
            if let Some(ladder) = &account.ladder {
                self.ladder(ladder);
            }
        }
    }

    fn sections(&mut self, config: &Config) {
        self.header("[api]");
        self.text("base_url", config.api.base_url.as_str().trim_end_matches('/'));
        self.text(
            "fetch",
            match config.api.fetch {
                Fetch::Each => "each",
                Fetch::List => "list",
            },
        );
        self.timeout(config.api.timeout);
        self.line(&format!("concurrency = {}", config.api.concurrency));
        self.text("max_body", &size::text(config.api.max_body));
        self.header("[schedule]");
        self.text("cron", config.schedule.schedule.expression());
        self.text("timezone", config.schedule.schedule.zone().name());
        self.span("jitter", config.schedule.jitter);
        self.header("[expiry]");
        self.ladder(&config.expiry.ladder);
        self.text("source", config.expiry.source.as_str());
        self.header("[alerts]");
        self.span("confirm_after", config.alerts.confirm_after);
        self.span("unreachable_after", config.alerts.unreachable_after);
        self.span("repeat_every", config.alerts.repeat_every.unwrap_or_default());
    }

    fn receiver(&mut self, receiver: &Receiver) {
        self.header("[[receivers]]");
        self.text("name", receiver.name.as_str());
        match &receiver.channel {
            Channel::Email(email) => self.email(email),
            Channel::Webhook(webhook) => self.webhook(webhook),
        }
        self.text("min_severity", receiver.route.min_severity.as_str());
        self.list("kinds", kinds(&receiver.route.kinds));
        self.list("accounts", &receiver.accounts);
        if let Some(fallback) = &receiver.fallback {
            self.text("fallback", fallback.as_str());
        }
    }

    fn email(&mut self, email: &Email) {
        self.text("type", "email");
        self.text("from", &email.from.to_string());
        self.list("to", email.to.iter().map(ToString::to_string));
        self.text("smtp.host", &email.smtp.host);
        self.line(&format!("smtp.port = {}", email.smtp.port));
        self.text("smtp.tls", tls(email.smtp.tls));
        if let Some(login) = &email.smtp.login {
            self.text("smtp.username", &login.username);
            self.origin("smtp.password", &login.password.origin);
        }
        if let Some(hello) = &email.smtp.hello {
            self.text("smtp.hello", hello);
        }
        self.text("smtp.timeout", &format!("{}s", email.smtp.timeout.as_secs()));
        self.allow_http(email.allow_http);
    }

    fn allow_http(&mut self, allowed: bool) {
        if allowed {
            self.line("allow_http = true");
        }
    }

    fn webhook(&mut self, webhook: &Webhook) {
        self.text("type", "webhook");
        match &webhook.url.origin {
            Origin::Inline => {
                self.line(&format!("url = {} # and the rest", quoted(&public_part(&webhook.url))));
            }
            origin => self.origin("url", origin),
        }
        self.text("format", "standard");
        if let Some(origin) = &webhook.signing_origin {
            self.origin("secret", origin);
        }
        for (name, value) in &webhook.headers {
            let key = format!("headers.{}", quoted(name));
            match &value.origin {
                Origin::File(path) | Origin::Credential(path) => {
                    self.text(&format!("{key}.file"), &path.to_string_lossy());
                }
                Origin::Environment(variable) => self.text(&format!("{key}.env"), variable),
                Origin::Inline => {}
            }
        }
        self.timeout(webhook.timeout);
        self.allow_http(webhook.allow_http);
    }
}

/// Scheme, host and port of an address; the path is often what makes it a secret.
fn public_part(url: &Secret) -> String {
    let url = Url::parse(url.value.expose_secret());
    url.map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

fn kinds(kinds: &Kinds) -> Vec<&'static str> {
    match kinds {
        Kinds::All => vec!["*"],
        Kinds::Only { alerts, changes } => {
            let alerts = alerts.iter().copied().map(AlertKind::as_str);
            alerts.chain(changes.iter().copied().map(ChangeKind::as_str)).collect()
        }
    }
}

const fn tls(tls: Tls) -> &'static str {
    match tls {
        Tls::StartTls => "starttls",
        Tls::Implicit => "implicit",
        Tls::None => "none",
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let text = if is_certainly_secret(text) { "(hidden, looks like a secret)" } else { text };
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_unseen(c) => {
                let _ = match u32::from(c) {
                    code @ 0..=0xFFFF => write!(quoted, "\\u{code:04X}"),
                    code => write!(quoted, "\\U{code:08X}"),
                };
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
