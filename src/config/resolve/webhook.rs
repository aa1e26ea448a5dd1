//! `type = "webhook"`: where a message is posted, and what signs it.

use config::{Map, Value};
use secrecy::{ExposeSecret as _, SecretString};
use standardwebhooks::Webhook as Signer;
use url::Url;

use super::super::address;
use super::super::model::{Origin, Secret, Webhook};
use super::super::problem::Findings;
use super::super::reader::{Place, Table};
use super::super::secrets::{self, Form};
use super::{LATER, Setting, bounds};

/// How a signing secret begins (Standard Webhooks).
const PREFIX: &str = "whsec_";

/// The contract's formats, and whether this version has them.
const FORMATS: [(&str, bool); 6] = [
    ("standard", true),
    ("alertmanager", false),
    ("cloudevents", false),
    ("pagerduty", false),
    ("slack", false),
    ("discord", false),
];

/// Reads what is left of the receiver's table.
pub(super) fn read(mut table: Table<'_>, setting: &Setting<'_>) -> Option<Webhook> {
    let typed = table.has("allow_http");
    let allow_http = bounds::or(typed, table.flag("allow_http").map(|field| field.value), false);
    let url = url(&mut table, allow_http.unwrap_or(true), setting);
    let wants_headers = table.has("headers");
    let headers = table.table("headers").and_then(|table| headers(table, setting));
    if let Some(format) = table.text("format") {
        format.read(|typed| match bounds::word(&typed, &FORMATS) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("`{typed}` {LATER}")),
            Err(reason) => Err(reason),
        });
    }
    let signed = table.has("secret") || secrets::is_given(&mut table, "secret");
    let secret = setting.secrets().optional(&mut table, "secret", Form::Lines);
    let signing = secret.as_ref().and_then(|secret| signing(secret, &table));
    let timeout = bounds::timeout(&mut table);
    table.finish();
    Some(Webhook {
        url: url?,
        signing: bounds::or(signed, signing, Vec::new())?,
        signing_origin: secret.map(|secret| secret.origin),
        timeout: timeout?,
        allow_http: allow_http?,
        headers: bounds::or(wants_headers, headers, Vec::new())?,
    })
}

/// The address, by exactly one of `url`, `url_file` and `url_env`.
fn url(table: &mut Table<'_>, allow_http: bool, setting: &Setting<'_>) -> Option<Secret> {
    let (inline, elsewhere) = (table.has("url"), secrets::is_given(table, "url"));
    let typed = table.text("url");
    let secret = setting.secrets().elsewhere(table, "url", Form::Url);
    match (inline, elsewhere) {
        (false, false) => {
            table.problem("url", "is missing: give url, url_file or url_env");
            None
        }
        (true, true) => {
            table.problem("url", "is given twice: give one of url, url_file and url_env");
            None
        }
        (true, false) => {
            let typed = typed?;
            let place = typed.place.clone();
            let (secret, url) = typed.read(|typed| public(&typed, allow_http))?;
            warn_if_clear(&url, &place);
            Some(secret)
        }
        (false, true) => {
            let secret = secret?;
            match address::parse_receiver(secret.value.expose_secret(), allow_http) {
                Ok(url) => {
                    warn_if_clear(&url, &table.place.member("url"));
                    Some(secret)
                }
                Err(reason) => {
                    table.problem("url", format!("what stands in {} {reason}", secret.origin));
                    None
                }
            }
        }
    }
}

/// Names the host and not the address, which may be a secret.
fn warn_if_clear(url: &Url, place: &Place<'_>) {
    if address::is_clear(url) {
        let host = url.host_str().unwrap_or_default();
        place.warning(format!(
            "messages and headers to {host} travel unencrypted: use https if it has it, else keep to a network of your own"
        ));
    }
}

/// An address in the file itself, where no password may stand.
fn public(typed: &str, allow_http: bool) -> Result<(Secret, Url), String> {
    let url: Url = address::parse_receiver(typed, allow_http).map_err(|error| error.to_string())?;
    if url.password().is_some() || !url.username().is_empty() {
        return Err(
            "holds a user name or password, which never stands in the file: give url_file or url_env".into(),
        );
    }
    Ok((Secret { value: SecretString::from(typed), origin: Origin::Inline }, url))
}

/// Headers that a receiver may want; more are no log-in.
const MOST_HEADERS: usize = 32;

/// Characters of a header's name.
const LONGEST_HEADER: usize = 64;

/// Headers that belong to the connection (RFC 9110, section 7.6.1) or to the message itself.
const OURS: [&str; 14] = [
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

/// `headers = { "Authorization" = { file = "…" } }`: each value is a secret.
fn headers(mut table: Table<'_>, setting: &Setting<'_>) -> Option<Vec<(String, Secret)>> {
    let names = table.keys();
    let mut headers = Some(Vec::new());
    if names.len() > MOST_HEADERS {
        table.place.problem(format!("holds {} headers; at most {MOST_HEADERS} can be sent", names.len()));
        headers = None;
    }
    for name in names {
        let read = header(&mut table, &name, setting);
        let is_new =
            |headers: &Vec<(String, Secret)>, name: &String| headers.iter().all(|(other, _)| other != name);
        match (read, &mut headers) {
            (Some(value), Some(headers)) if is_new(headers, &name.to_ascii_lowercase()) => {
                headers.push((name.to_ascii_lowercase(), value));
            }
            (Some(_), Some(_)) => {
                table.problem(&name, "is given twice: case makes no difference in a header's name");
                headers = None;
            }
            (None, _) => headers = None,
            (Some(_), None) => {}
        }
    }
    table.finish();
    headers
}

fn header(table: &mut Table<'_>, name: &str, setting: &Setting<'_>) -> Option<Secret> {
    let lower = name.to_ascii_lowercase();
    // RFC 9110, section 5.6.2.
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let refusal = if name.is_empty() || name.len() > LONGEST_HEADER || !name.chars().all(is_token) {
        Some("is not the name of a header: letters, digits and -")
    } else if OURS.contains(&lower.as_str()) || lower.starts_with("webhook-") {
        Some("cannot be set: it belongs to the message or its connection")
    } else if !table.is_table(name) {
        Some("a secret never stands in the file: give { file = \"…\" } or { env = \"NAME\" }")
    } else {
        None
    };
    if let Some(refusal) = refusal {
        table.refuse(name, refusal);
        return None;
    }
    let mut value = table.table(name)?;
    let secret = setting.secrets().in_table(&mut value);
    let place = value.place.clone();
    value.finish();
    let secret = secret?;
    if !secret.value.expose_secret().chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        place.problem(format!(
            "what stands in {} holds a character that cannot stand in a header",
            secret.origin
        ));
        return None;
    }
    Some(secret)
}

/// The signing secrets that an operator named on the command line, as a receiver's table would name them.
pub(in super::super) fn named(
    origin: &Origin,
    setting: &Setting<'_>,
    findings: &Findings,
) -> Option<Vec<SecretString>> {
    let place = Place::root("on the command line", findings);
    let (key, typed) = match origin {
        Origin::File(path) | Origin::Credential(path) => ("secret_file", path.to_str()),
        Origin::Environment(name) => ("secret_env", Some(name.as_str())),
        Origin::Inline => ("secret", Some("")),
    };
    let Some(typed) = typed else {
        place.member(key).problem("is not UTF-8");
        return None;
    };
    let mut table = Table::new(place, Map::from([(key.to_owned(), Value::from(typed))]));
    let secret = setting.secrets().optional(&mut table, "secret", Form::Lines)?;
    signing(&secret, &table)
}

/// The signing secrets, one a line; blank lines part them.
fn signing(secret: &Secret, table: &Table<'_>) -> Option<Vec<SecretString>> {
    let text = secret.value.expose_secret();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    let mut sound = Some(Vec::new());
    for (index, line) in lines {
        let key = line.strip_prefix(PREFIX).filter(|key| !key.is_empty() && Signer::new(key).is_ok());
        if key.is_none() {
            let line = index + 1;
            table.problem("secret", format!("line {line} of {} is not whsec_<base64>", secret.origin));
            sound = None;
        } else if let Some(sound) = &mut sound {
            sound.push(SecretString::from(line));
        }
    }
    sound
}
