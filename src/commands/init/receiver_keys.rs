//! The keys of a receiver in the file: those that are not at their default, with its secrets in files.

use anyhow::bail;
use secrecy::{ExposeSecret as _, SecretString};

use super::secret_files::SecretFiles;
use crate::config::{Channel, Email, Origin, Secret, Webhook, toml_string};

/// The lines of the keys behind `name` and `type`; the secrets are added to `files`.
///
/// # Errors
/// For a type that no variable gives.
pub(super) fn lines(channel: &Channel, files: &mut SecretFiles) -> anyhow::Result<Vec<String>> {
    let mut file = |key: &str, secret: &Secret, name: &str| {
        format!("{key} = {}", toml_string(&files.name_for(secret, name)))
    };
    Ok(match channel {
        Channel::Telegram(telegram) => vec![
            file("token_file", &telegram.token, "telegram-token"),
            format!("chat_id = {}", toml_string(&telegram.chat_id)),
        ],
        Channel::Ntfy(ntfy) => {
            let mut lines = vec![file("url_file", &ntfy.endpoint.url, "ntfy-url")];
            lines.extend(ntfy.token.as_ref().map(|token| file("token_file", token, "ntfy-token")));
            lines
        }
        Channel::Discord(webhook) => vec![file("url_file", &webhook.endpoint.url, "discord-url")],
        Channel::Slack(webhook) => vec![file("url_file", &webhook.endpoint.url, "slack-url")],
        Channel::Webhook(webhook) => {
            let mut lines = vec![file("url_file", &webhook.endpoint.url, "webhook-url")];
            lines.extend(signing(webhook).map(|secret| file("secret_file", &secret, "webhook-secret")));
            lines
        }
        Channel::Email(email) => mail(email, files),
        Channel::PagerDuty(_) | Channel::Exec(_) | Channel::Alertmanager(_) => {
            bail!("a receiver of type {} cannot be written", channel.type_name())
        }
    })
}

/// The signing secrets of a webhook as one secret.
fn signing(webhook: &Webhook) -> Option<Secret> {
    let lines: Vec<&str> = webhook.signing.iter().map(SecretString::expose_secret).collect();
    let origin = webhook.signing_origin.clone()?;
    Some(Secret { value: lines.join("\n").into(), origin })
}

fn mail(email: &Email, files: &mut SecretFiles) -> Vec<String> {
    let smtp = &email.smtp;
    let to: Vec<String> = email.to.iter().map(|to| toml_string(&to.to_string())).collect();
    let tls: &str = smtp.tls.into();
    let mut lines = vec![
        format!("from = {}", toml_string(&email.from.to_string())),
        format!("to = [{}]", to.join(", ")),
        format!("smtp.host = {}", toml_string(&smtp.host)),
        format!("smtp.port = {}", smtp.port),
        format!("smtp.tls = {}", toml_string(tls)),
    ];
    if let Some(login) = &smtp.login {
        // Its origin holds the whole address, not the password alone.
        let password = Secret { value: login.password.value.clone(), origin: Origin::Inline };
        let name = files.name_for(&password, "smtp-password");
        lines.push(format!("smtp.username = {}", toml_string(&login.username)));
        lines.push(format!("smtp.password_file = {}", toml_string(&name)));
    }
    lines
}
