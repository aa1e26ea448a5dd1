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
    let url = url(&mut table, setting);
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
    })
}

/// The address, by exactly one of `url`, `url_file` and `url_env`.
fn url(table: &mut Table<'_>, setting: &Setting<'_>) -> Option<Secret> {
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
        (true, false) => typed?.read(|typed| public(&typed)),
        (false, true) => {
            let secret = secret?;
            match address::parse(secret.value.expose_secret()) {
                Ok(_) => Some(secret),
                Err(reason) => {
                    table.problem("url", format!("what stands in {} {reason}", secret.origin));
                    None
                }
            }
        }
    }
}

/// An address in the file itself, where no password may stand.
fn public(typed: &str) -> Result<Secret, String> {
    let url: Url = address::parse(typed).map_err(|error| error.to_string())?;
    if url.password().is_some() || !url.username().is_empty() {
        return Err(
            "holds a user name or password, which never stands in the file: give url_file or url_env".into(),
        );
    }
    Ok(Secret { value: SecretString::from(typed), origin: Origin::Inline })
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
