//! `type = "webhook"`: where a message is posted, with which headers, and what signs it.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use standardwebhooks::Webhook as Signer;
use strum::VariantArray as _;

use super::super::context::Context;
use super::super::diagnostics::Diagnostics;
use super::super::model::{Origin, Secret, Webhook, WebhookFormat};
use super::super::page::{Page, quoted};
use super::super::place::Place;
use super::super::schema::{self, TableSchema, keys_of, none_of_keys};
use super::super::secrets::{self, Form};
use super::super::table::Table;
use super::endpoint;
use super::known_services::check_webhook;

/// How a signing secret begins (Standard Webhooks).
const SIGNING_PREFIX: &str = "whsec_";

/// Headers that a receiver may need; a longer list is not a login.
const MAX_HEADERS: usize = 32;

/// Characters of a header's name.
const MAX_HEADER_NAME: usize = 64;

/// Headers of the connection (RFC 9110, section 7.6.1) or of the message itself.
const RESERVED_HEADERS: [&str; 14] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Reads the keys of this type.
pub(super) fn read(mut table: Table<'_>, context: &Context<'_>) -> Option<Webhook> {
    let endpoint = endpoint::read(&mut table, context, check_webhook);
    let headers = table.table("headers").map(|table| headers(table, context)).unwrap_or_default();
    let format = table.choice("format", WebhookFormat::Standard, WebhookFormat::VARIANTS, Into::into);
    let secret = context.secret(&mut table, "secret", Form::Lines);
    let signing = secret.as_ref().map(|secret| signing(secret, &table)).unwrap_or_default();
    if format == WebhookFormat::Text && headers.iter().any(|(name, _)| name == "title") {
        table.problem("headers", "title cannot be set with format = \"text\": it is the message's");
    }
    table.finish();
    let signing_origin = secret.map(|secret| secret.origin);
    Some(Webhook { endpoint: endpoint?, format, signing, signing_origin, headers })
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    let header = TableSchema::new("Where the value is.")
        .file("file", "the value")
        .variable("env", "the value")
        .rule("oneOf", keys_of(&["file", "env"]));
    endpoint::schema(TableSchema::new("Where messages are posted."))
        .key(
            "headers",
            "Headers to send with each message, such as a login.",
            schema::map("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", header.build(), MAX_HEADERS),
        )
        .key(
            "format",
            "What is posted: the JSON of Standard Webhooks, a CloudEvent, or plain text.",
            schema::choice(WebhookFormat::VARIANTS.iter().map(<&str>::from))
                .default(<&str>::from(WebhookFormat::Standard)),
        )
        .secret("secret", "what signs each message, whsec_<base64>, one a line")
        .rule("if", json!({ "properties": { "format": { "const": "text" } }, "required": ["format"] }))
        .rule("else", none_of_keys(&["text_template_file"]))
}

/// Shows the keys of this type.
pub(super) fn show(webhook: &Webhook, page: &mut Page) {
    endpoint::show(&webhook.endpoint, page);
    page.text("format", webhook.format.into());
    if let Some(origin) = &webhook.signing_origin {
        page.origin("secret", '_', origin);
    }
    for (name, value) in &webhook.headers {
        page.origin(&format!("headers.{}", quoted(name)), '.', &value.origin);
    }
}

/// `headers = { "Authorization" = { file = "…" } }`: each value is a secret.
fn headers(mut table: Table<'_>, context: &Context<'_>) -> Vec<(String, Secret)> {
    let names = table.keys();
    if names.len() > MAX_HEADERS {
        table.place.problem(format!("holds {} headers; at most {MAX_HEADERS} can be sent", names.len()));
    }
    let mut headers: Vec<(String, Secret)> = Vec::new();
    for name in names {
        let lower = name.to_ascii_lowercase();
        let value = header(&mut table, &name, &lower, context);
        if headers.iter().any(|(other, _)| *other == lower) {
            table.problem(&name, "is given twice: case makes no difference in a header's name");
        }
        headers.extend(value.map(|value| (lower, value)));
    }
    table.finish();
    headers
}

fn header(table: &mut Table<'_>, name: &str, lower: &str, context: &Context<'_>) -> Option<Secret> {
    // RFC 9110, section 5.6.2.
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let refusal = if name.is_empty() || name.len() > MAX_HEADER_NAME || !name.chars().all(is_token) {
        Some("is not the name of a header: letters, digits and -")
    } else if RESERVED_HEADERS.contains(&lower) || lower.starts_with("webhook-") {
        Some("cannot be set: it belongs to the message or its connection")
    } else if !table.is_table(name) {
        Some("a secret must not be in the file: give { file = \"…\" } or { env = \"NAME\" }")
    } else {
        None
    };
    if let Some(refusal) = refusal {
        table.refuse(name, refusal);
        return None;
    }
    let mut value = table.table(name.to_owned())?;
    let secret = context.secret_in_table(&mut value);
    let place = value.place.clone();
    value.finish();
    let secret = secret?;
    if !secret.value.expose_secret().chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        place.problem(format!("the value in {} holds a character that a header cannot hold", secret.origin));
        return None;
    }
    Some(secret)
}

/// The signing secrets that an option of the command line names.
pub(in super::super) fn signing_secrets(
    origin: &Origin,
    context: &Context<'_>,
    diagnostics: &Diagnostics,
) -> Option<Vec<SecretString>> {
    let mut table = secrets::table_with("secret", origin, Place::root("on the command line", diagnostics))?;
    let secret = context.secret(&mut table, "secret", Form::Lines)?;
    Some(signing(&secret, &table))
}

/// The signing secrets, one a line, with blank lines between them.
fn signing(secret: &Secret, table: &Table<'_>) -> Vec<SecretString> {
    let text = secret.value.expose_secret();
    let mut valid = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let key = line.strip_prefix(SIGNING_PREFIX).filter(|key| !key.is_empty());
        if key.is_some_and(|key| Signer::new(key).is_ok()) {
            valid.push(SecretString::from(line));
        } else {
            let line = index + 1;
            table.problem("secret", format!("line {line} of {} is not whsec_<base64>", secret.origin));
        }
    }
    valid
}
