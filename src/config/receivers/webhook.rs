//! `type = "webhook"`: where a message is posted, with which headers, and what signs it.

use secrecy::{ExposeSecret as _, SecretString};
use standardwebhooks::Webhook as Signer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::super::address;
use super::super::context::Context;
use super::super::diagnostics::Diagnostics;
use super::super::model::{Origin, Secret, Webhook};
use super::super::page::{Page, quoted};
use super::super::place::Place;
use super::super::secrets::{self, Form};
use super::super::suggest::choose;
use super::super::table::Table;
use super::super::values::{REQUEST_TIMEOUT, TIMEOUTS};

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
    let allow_http = table.flag("allow_http");
    let url = url(&mut table, allow_http, context);
    let headers = table.table("headers").map(|table| headers(table, context)).unwrap_or_default();
    table.parsed("format", (), |typed| choose("format", typed, &[("standard", ())]));
    let secret = context.secret(&mut table, "secret", Form::Lines);
    let signing = secret.as_ref().map(|secret| signing(secret, &table)).unwrap_or_default();
    let timeout = table.duration("timeout", REQUEST_TIMEOUT, TIMEOUTS).to_std().unwrap_or_default();
    table.finish();
    let signing_origin = secret.map(|secret| secret.origin);
    Some(Webhook { url: url?, signing, signing_origin, timeout, allow_http, headers })
}

/// Shows the keys of this type.
pub(super) fn show(webhook: &Webhook, page: &mut Page) {
    match &webhook.url.origin {
        Origin::Inline => {
            // Its path often is a secret.
            let url = Url::parse(webhook.url.value.expose_secret());
            let host = url.map(|url| url.origin().ascii_serialization()).unwrap_or_default();
            page.line(&format!("url = {} # path hidden", quoted(&host)));
        }
        origin => page.origin("url", '_', origin),
    }
    page.text("format", "standard");
    if let Some(origin) = &webhook.signing_origin {
        page.origin("secret", '_', origin);
    }
    for (name, value) in &webhook.headers {
        page.origin(&format!("headers.{}", quoted(name)), '.', &value.origin);
    }
    page.timeout("timeout", webhook.timeout);
    page.allow_http(webhook.allow_http);
}

/// The address, by exactly one of `url`, `url_file` and `url_env`.
fn url(table: &mut Table<'_>, allow_http: bool, context: &Context<'_>) -> Option<Secret> {
    let (is_inline, is_elsewhere) = (table.has("url"), secrets::is_given(table, "url"));
    if !is_inline && !is_elsewhere {
        table.place.problem("url is missing: give url, url_file or url_env");
    }
    let typed = table.text("url");
    let secret = context.secret_elsewhere(table, "url", Form::Url);
    if is_inline && is_elsewhere {
        if let Some(field) = typed {
            field.place.problem("is given twice: keep one of url, url_file and url_env");
        }
        return None;
    }
    let (place, secret, url) = if let Some(field) = typed {
        let url = field.parse(|typed| inline_url(typed, allow_http))?;
        (field.place, Secret { value: SecretString::from(field.value), origin: Origin::Inline }, url)
    } else {
        let (place, secret) = (table.place.member("url"), secret?);
        let url = address::parse_receiver(secret.value.expose_secret(), allow_http);
        let refuse = |reason| place.problem(format!("the value in {} {reason}", secret.origin));
        let url = url.map_err(refuse).ok()?;
        (place, secret, url)
    };
    if address::is_unencrypted(&url) {
        // Names the host alone: the rest of the address may be a secret.
        let host = url.host_str().unwrap_or_default();
        place.warning(format!(
            "messages and headers to {host} travel unencrypted: use https if the receiver offers it, else only in a network of your own"
        ));
    }
    Some(secret)
}

/// An address in the file itself, which must not hold a password.
fn inline_url(typed: &str, allow_http: bool) -> Result<Url, String> {
    let url = address::parse_receiver(typed, allow_http).map_err(|error| error.to_string())?;
    if url.password().is_some() || !url.username().is_empty() {
        return Err(
            "holds a user name or password, which must not be in the file: give url_file or url_env".into()
        );
    }
    Ok(url)
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
    let place = Place::root("on the command line", diagnostics);
    let (key, typed) = match origin {
        Origin::File(path) | Origin::Credential(path) => ("secret_file", path.to_str()),
        Origin::Environment(name) => ("secret_env", Some(name.as_str())),
        Origin::Inline => ("secret", Some("")),
    };
    let Some(typed) = typed else {
        place.member(key).problem("is not UTF-8");
        return None;
    };
    let mut values = DeTable::new();
    values.insert(Spanned::new(0..0, key.into()), Spanned::new(0..0, DeValue::String(typed.into())));
    let mut table = Table::new(place, values);
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
