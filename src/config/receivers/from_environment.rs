//! Receivers by environment alone: variables that give a receiver of each usual type, so that a container needs no file.
//!
//! Guarantees: each variable `X` may be given as `X_FILE`, the path of a file that holds the value. A receiver is named after its type; one
//! of that name in the file wins. A variable that is misspelt, incomplete or without effect is reported, never its value.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::OsStr;

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::super::context::Context;
use super::super::diagnostics::Diagnostics;
use super::super::model::{Channel, Email, Login, Receiver, Secret, Smtp, Tls};
use super::super::place::{Place, Seen};
use super::super::secrets::Form;
use super::super::suggest::nearest;
use super::super::table::Table;
use super::super::{address, find};
use super::email;
use super::receiver::{receiver, unrouted};

/// What every variable begins with.
const PREFIX: &str = "MINIMAX_WATCH_";

/// Behind the name of a variable that names a file.
const FILE: &str = "_FILE";

/// The types, and for each the variables with the keys that they give; the first one makes a receiver, the others need it.
const TYPES: [(&str, &[(&str, Key)]); 5] = [
    ("telegram", &[("TELEGRAM_TOKEN", Key::Secret("token")), ("TELEGRAM_CHAT_ID", Key::Value("chat_id"))]),
    ("ntfy", &[("NTFY_URL", Key::Secret("url")), ("NTFY_TOKEN", Key::Secret("token"))]),
    ("discord", &[("DISCORD_URL", Key::Secret("url"))]),
    ("slack", &[("SLACK_URL", Key::Secret("url"))]),
    ("webhook", &[("WEBHOOK_URL", Key::Secret("url")), ("WEBHOOK_SECRET", Key::Secret("secret"))]),
];

/// The variables of the mail receiver: server, sender, recipients.
const MAIL: [&str; 3] = ["SMTP_URL", "MAIL_FROM", "MAIL_TO"];

/// The address of the heartbeat, which is read elsewhere.
const HEARTBEAT: &str = "HEARTBEAT_URL";

/// What a variable gives.
#[derive(Clone, Copy)]
enum Key {
    /// A secret of this name.
    Secret(&'static str),
    /// A plain value.
    Value(&'static str),
}

/// The receivers that the environment gives; `taken` holds the names of those in the file. None after a problem.
pub(super) fn read(
    context: &Context<'_>,
    taken: &mut Seen,
    diagnostics: &Diagnostics,
) -> Option<Vec<Receiver>> {
    warn_of_misspelt(context, diagnostics);
    let mut receivers = Vec::new();
    let mut is_valid = !refuse_doubles(context, diagnostics);
    let mut add = |read: Result<Option<Receiver>, Invalid>| match read {
        Ok(receiver) => receivers.extend(receiver),
        Err(Invalid) => is_valid = false,
    };
    for (kind, variables) in TYPES {
        add(by_table(kind, variables, context, taken, diagnostics));
    }
    add(mail(context, taken, diagnostics));
    is_valid.then_some(receivers)
}

/// A problem was recorded.
struct Invalid;

/// Reports variables that are given both as `X` and as `X_FILE`; returns whether any is given twice.
fn refuse_doubles(context: &Context<'_>, diagnostics: &Diagnostics) -> bool {
    let is_set = |name: &str| context.environment.path(name).is_some();
    let mut any = false;
    for name in names() {
        if is_set(&name) && is_set(&format!("{name}{FILE}")) {
            any = true;
            let origin = format!("environment variable {name}");
            Place::root(&origin, diagnostics)
                .problem(format!("{name}{FILE} is given too: remove one of the two"));
        }
    }
    any
}

/// The names of all variables, without [`FILE`].
fn names() -> impl Iterator<Item = String> {
    let names = TYPES
        .iter()
        .flat_map(|(_, variables)| variables.iter().map(|(name, _)| *name))
        .chain(MAIL)
        .chain([HEARTBEAT]);
    names.map(|name| format!("{PREFIX}{name}"))
}

/// The name of the variable that is set: `X`, or `X_FILE`. An empty one counts as unset.
fn set(name: &str, context: &Context<'_>) -> Option<(String, bool)> {
    let (value, file) = (format!("{PREFIX}{name}"), format!("{PREFIX}{name}{FILE}"));
    let is_set = |name: &String| context.environment.path(name).is_some();
    if is_set(&value) {
        return Some((value, false));
    }
    is_set(&file).then_some((file, true))
}

/// A receiver whose variables are the keys of its type; none when no variable is set or the name is taken.
fn by_table(
    kind: &'static str,
    variables: &[(&'static str, Key)],
    context: &Context<'_>,
    taken: &mut Seen,
    diagnostics: &Diagnostics,
) -> Result<Option<Receiver>, Invalid> {
    let given: Vec<(Key, String, bool)> = variables
        .iter()
        .filter_map(|(name, key)| set(name, context).map(|(variable, is_file)| (*key, variable, is_file)))
        .collect();
    let Some((_, first, _)) = given.first() else { return Ok(None) };
    let origin = format!("environment variable {first}");
    let place = Place::root(&origin, diagnostics);
    let needed = variables.first().map(|(name, _)| *name).unwrap_or_default();
    if taken.contains_key(kind) {
        place.warning(format!("has no effect: the file has a receiver \"{kind}\", which wins"));
        return Ok(None);
    }
    let is_needed = |(name, key): &&(&str, Key)| *name == needed || matches!(key, Key::Value(_));
    let missing = variables.iter().filter(is_needed).find(|(name, _)| set(name, context).is_none());
    if let Some((name, _)) = missing {
        place.problem(format!("needs {PREFIX}{name} too"));
        return Err(Invalid);
    }
    let mut values = DeTable::new();
    let mut give = |key: String, value: &str| {
        values.insert(
            Spanned::new(0..0, key.into()),
            Spanned::new(0..0, DeValue::String(value.to_owned().into())),
        );
    };
    give("name".to_owned(), kind);
    give("type".to_owned(), kind);
    for (key, variable, is_file) in &given {
        match key {
            Key::Secret(key) if *is_file => {
                let path = context.environment.variable(variable).and_then(OsStr::to_str).unwrap_or_default();
                give(format!("{key}_file"), path);
            }
            Key::Secret(key) => give(format!("{key}_env"), variable),
            Key::Value(key) => {
                let value = value(variable, *is_file, context, diagnostics);
                let Some(value) = value else { return Err(Invalid) };
                give((*key).to_owned(), value.value.expose_secret().trim());
            }
        }
    }
    receiver(Table::new(place, values), context, taken, &mut Vec::new()).map(Some).ok_or(Invalid)
}

/// The one line in `variable`, or in the file that it names.
fn value(variable: &str, is_file: bool, context: &Context<'_>, diagnostics: &Diagnostics) -> Option<Secret> {
    let origin = format!("environment variable {variable}");
    let mut values = DeTable::new();
    let (key, value) = if is_file {
        ("value_file", context.environment.variable(variable)?.to_str()?)
    } else {
        ("value_env", variable)
    };
    values.insert(Spanned::new(0..0, key.into()), Spanned::new(0..0, DeValue::String(value.into())));
    let mut table = Table::new(Place::root(&origin, diagnostics), values);
    context.secret(&mut table, "value", Form::Line)
}

/// The mail receiver of `SMTP_URL`, `MAIL_FROM` and `MAIL_TO`; none when none is set or the name is taken.
fn mail(
    context: &Context<'_>,
    taken: &mut Seen,
    diagnostics: &Diagnostics,
) -> Result<Option<Receiver>, Invalid> {
    let variables = MAIL.map(|name| set(name, context));
    let Some((first, _)) = variables.iter().flatten().next() else { return Ok(None) };
    let origin = format!("environment variable {first}");
    let place = Place::root(&origin, diagnostics);
    if taken.contains_key("email") {
        place.warning("has no effect: the file has a receiver \"email\", which wins");
        return Ok(None);
    }
    let missing: Vec<String> = MAIL
        .iter()
        .zip(&variables)
        .filter(|(_, variable)| variable.is_none())
        .map(|(name, _)| format!("{PREFIX}{name}"))
        .collect();
    let [Some(url), Some(from), Some(to)] = variables else {
        place.problem(format!("needs {} too", missing.join(" and ")));
        return Err(Invalid);
    };
    let read = |(variable, is_file): &(String, bool)| value(variable, *is_file, context, diagnostics);
    let at = |(variable, _): &(String, bool)| format!("environment variable {variable}");
    let (url_at, from_at, to_at) = (at(&url), at(&from), at(&to));
    let smtp = read(&url).and_then(|secret| smtp(&secret, &Place::root(&url_at, diagnostics)));
    let from = read(&from).and_then(|secret| read_mailboxes(&secret, &Place::root(&from_at, diagnostics)));
    let to = read(&to).and_then(|secret| read_mailboxes(&secret, &Place::root(&to_at, diagnostics)));
    let from = from.and_then(|from| {
        let one = <[Mailbox; 1]>::try_from(from).ok();
        if one.is_none() {
            Place::root(&from_at, diagnostics).problem("gives several senders; a mail has one");
        }
        one.map(|[from]| from)
    });
    let (Some(smtp), Some(from), Some(to)) = (smtp, from, to) else { return Err(Invalid) };
    let channel = Channel::Email(Email { from, to, smtp, allow_http: false });
    taken.insert("email".to_owned(), None);
    unrouted("email", channel, context).map(Some).ok_or(Invalid)
}

/// Addresses with commas between; none when there is a problem, or no address.
fn read_mailboxes(secret: &Secret, place: &Place<'_>) -> Option<Vec<Mailbox>> {
    let typed = secret.value.expose_secret().split(',').map(str::trim).filter(|one| !one.is_empty());
    let parsed: Vec<_> =
        typed.map(|one| email::mailbox(one).map_err(|reason| place.problem(reason)).ok()).collect();
    let mut all = parsed.into_iter().collect::<Option<Vec<_>>>()?;
    // One that is given twice gets each mail once.
    let mut seen = HashSet::new();
    all.retain(|one| seen.insert((one.email.user().to_owned(), one.email.domain().to_ascii_lowercase())));
    (!all.is_empty()).then_some(all)
}

/// `smtps://user:password@host[:port]`, or `smtp://…` for STARTTLS.
fn smtp(secret: &Secret, place: &Place<'_>) -> Option<Smtp> {
    let Some(url) =
        Url::parse(secret.value.expose_secret()).ok().filter(|url| matches!(url.scheme(), "smtp" | "smtps"))
    else {
        place.problem(
            "must begin with smtps:// (TLS) or smtp:// (STARTTLS); then come the login, `@` and the server",
        );
        return None;
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let Some(host) =
        address::ascii_domain(&percent_decode_str(host).decode_utf8_lossy()).filter(|host| !host.is_empty())
    else {
        place.problem("names no mail server");
        return None;
    };
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        place.problem("has something behind the server: write reserved characters of the password as %40 (@), %2F (/), %3A (:), %23 (#)");
        return None;
    }
    let implicit = url.scheme() == "smtps";
    // A server on this machine that wants no login usually has no certificate for it, and nothing crosses a network.
    let tls = if implicit {
        Tls::Implicit
    } else if address::is_loopback_name(&host) && url.username().is_empty() {
        Tls::None
    } else {
        Tls::StartTls
    };
    let login = login_from_url(&url, secret).map_err(|problem| place.problem(problem)).ok()?;
    let port = url.port().unwrap_or(if tls == Tls::None { Tls::StartTls } else { tls }.default_port());
    Some(Smtp { host, port, tls, login, hello: None, timeout: email::TIMEOUT.to_std().unwrap_or_default() })
}

/// The login in `url`, if there is one.
fn login_from_url(url: &Url, secret: &Secret) -> Result<Option<Login>, &'static str> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).ok();
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => {
            let (Some(username), Some(password)) = (decoded(user), decoded(password)) else {
                return Err("holds a login that is not UTF-8");
            };
            let value = SecretString::from(password);
            Ok(Some(Login { username, password: Secret { value, origin: secret.origin.clone() } }))
        }
        _ => Err("holds a user name or a password alone: give both, with a colon between"),
    }
}

/// Warns of each variable whose name is nearly one of these. Others with this beginning are not ours: container platforms set some.
fn warn_of_misspelt(context: &Context<'_>, diagnostics: &Diagnostics) {
    let known: Vec<String> = names()
        .flat_map(|name| [format!("{name}{FILE}"), name])
        .chain([find::FILE_VARIABLE.to_owned()])
        .collect();
    for (name, _) in context.environment.iter() {
        if name.starts_with(PREFIX)
            && !known.iter().any(|known| known == name)
            && let Some(intended) = nearest(name, known.iter().map(String::as_str))
        {
            let origin = format!("environment variable {name}");
            Place::root(&origin, diagnostics).warning(format!("has no effect (did you mean {intended}?)"));
        }
    }
}
