//! `type = "alertmanager"`: the servers at which alerts are kept alive, their login, and the labels of every series.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::Url;

use super::super::address;
use super::super::context::Context;
use super::super::model::{Alertmanager, HttpLogin, Login, Secret};
use super::super::page::Page;
use super::super::place::Field;
use super::super::schema::{self, TableSchema, keys_of, none_of_keys};
use super::super::secret_shape::is_certainly_secret;
use super::super::secrets::{self, Form};
use super::super::table::Table;
use super::super::values::{self, REQUEST_TIMEOUT, TIMEOUTS};
use crate::domain::series;

/// Servers of one cluster; more of them are a mistake.
const MAX_SERVERS: usize = 8;

/// Labels beside those of the program.
const MAX_LABELS: usize = 32;

/// Characters of a label's name, and of its value.
const MAX_LABEL_TEXT: usize = 256;

/// Reads the keys of this type.
pub(super) fn read(mut table: Table<'_>, context: &Context<'_>) -> Option<Alertmanager> {
    let allow_http = table.flag("allow_http", false);
    if !table.has("urls") {
        table.place.problem("urls is missing: give at least one, as in urls = [\"http://127.0.0.1:9093\"]");
    }
    let urls = table.texts("urls").map(|typed| urls(&typed, allow_http));
    let labels = table.table("labels").map(labels).unwrap_or_default();
    let login = login(&mut table, context);
    let timeout = table.duration("timeout", REQUEST_TIMEOUT, TIMEOUTS).to_std().unwrap_or_default();
    table.finish();
    Some(Alertmanager { urls: urls?, labels, login, timeout, allow_http })
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    let label = schema::text().with("minLength", 1).with("maxLength", MAX_LABEL_TEXT);
    let labels = schema::map("^([A-Za-z]|_$|_[A-Za-z0-9])[A-Za-z0-9_]*$", label, MAX_LABELS);
    TableSchema::new("Alertmanagers at which alerts are kept alive while they fire.")
        .required(
            "urls",
            "The base address of each Alertmanager, without /api/v2.",
            schema::list(schema::url()).with("maxItems", MAX_SERVERS).example(vec!["http://127.0.0.1:9093"]),
        )
        .key(
            "labels",
            "Labels of every series. Two watchers of the same accounts must have the same.",
            labels,
        )
        .key("username", "The user of a login, if the servers want one.", schema::name())
        .file("password_file", "the password")
        .variable("password_env", "the password")
        .file("token_file", "the token that is sent as Bearer, instead of a user and a password")
        .variable("token_env", "the token that is sent as Bearer, instead of a user and a password")
        .key("timeout", "Time limit for one whole request.", schema::duration(REQUEST_TIMEOUT, &TIMEOUTS))
        .key("allow_http", "Permits http:// outside of loopback and private networks.", schema::flag(false))
        .rule("anyOf", logins())
}

/// No login, one by user name and password, or one by token.
fn logins() -> Value {
    let (user, token) = (["username", "password_file", "password_env"], ["token_file", "token_env"]);
    let password = keys_of(&["password_file", "password_env"]);
    let by_token = json!({ "oneOf": keys_of(&token), "not": { "anyOf": keys_of(&user) } });
    let by_user = json!({ "required": ["username"], "oneOf": password, "not": { "anyOf": keys_of(&token) } });
    json!([none_of_keys(&[&user[..], &token].concat()), by_user, by_token])
}

/// Shows the keys of this type.
pub(super) fn show(alertmanager: &Alertmanager, page: &mut Page) {
    page.list("urls", alertmanager.urls.iter().map(|url| url.as_str().trim_end_matches('/')));
    for (name, value) in &alertmanager.labels {
        page.text(&format!("labels.{name}"), value);
    }
    match &alertmanager.login {
        Some(HttpLogin::Basic(login)) => {
            page.text("username", &login.username);
            page.origin("password", '_', &login.password.origin);
        }
        Some(HttpLogin::Bearer(token)) => page.origin("token", '_', &token.origin),
        None => {}
    }
    page.timeout("timeout", alertmanager.timeout);
    page.allow_http(alertmanager.allow_http);
}

fn urls(typed: &Field<'_, Vec<Field<'_, String>>>, allow_http: bool) -> Vec<Url> {
    if typed.value.is_empty() {
        typed.place.problem("is empty: give at least one address, such as \"http://127.0.0.1:9093\"");
    }
    if typed.value.len() > MAX_SERVERS {
        typed.place.problem(format!(
            "holds {} addresses; at most {MAX_SERVERS} servers are pushed to",
            typed.value.len()
        ));
    }
    let mut urls: Vec<Url> = Vec::new();
    for field in &typed.value {
        let Some(url) = field.parse(|typed| url(typed, allow_http)) else { continue };
        if urls.contains(&url) {
            field.place.problem("is given twice: each server is pushed to once");
            continue;
        }
        if address::is_unencrypted(&url) {
            let host = url.host_str().unwrap_or_default();
            field.place.warning(format!(
                "alerts and the login to {host} travel unencrypted: use https if the server offers it, else only in a network of \
                 your own"
            ));
        }
        urls.push(url);
    }
    urls
}

/// A base address, without a slash at its end.
fn url(typed: &str, allow_http: bool) -> Result<Url, String> {
    let mut url = address::parse_receiver(typed, allow_http).map_err(|error| error.to_string())?;
    if url.password().is_some() || !url.username().is_empty() {
        return Err("holds a user name or password, which must not be in the file: give username, and password_file or \
                    password_env"
            .to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(
            "holds a `?` or `#`: give the base address alone, such as https://am.example.com".to_owned()
        );
    }
    let path = url.path().trim_end_matches('/').to_owned();
    if path.contains("/api/v") {
        return Err("holds the path of the API: give the base address, without /api/v2 and what follows it"
            .to_owned());
    }
    url.set_path(&path);
    Ok(url)
}

/// `labels = { team = "video" }`. Every watcher of the same accounts must have the same.
fn labels(mut table: Table<'_>) -> BTreeMap<String, String> {
    let names = table.keys();
    if names.len() > MAX_LABELS {
        table.place.problem(format!("holds {} labels; at most {MAX_LABELS} are sent", names.len()));
    }
    let mut labels = BTreeMap::new();
    for name in names {
        if series::OUR_LABELS.contains(&name.as_str()) {
            table.refuse(&name, "is set by this program: choose another name");
        } else if !is_label_name(&name) {
            table.refuse(
                &name,
                "is not the name of a label: letters, digits and _, not beginning with a digit or with __",
            );
        } else if let Some(field) = table.text(name.clone())
            && let Some(value) = field.parse(label_value)
        {
            labels.insert(name, value);
        }
    }
    table.finish();
    labels
}

/// A name by the data model of Prometheus; `__` begins its internal ones.
fn is_label_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=MAX_LABEL_TEXT).contains(&name.len())
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("__")
        && name.chars().all(is_word)
}

fn label_value(typed: &str) -> Result<String, String> {
    if typed.is_empty() {
        // Alertmanager drops it, and the series would no longer be the one that was sent.
        return Err("is empty: give a value, or leave the label out".to_owned());
    }
    if typed.chars().count() > MAX_LABEL_TEXT {
        return Err(format!("is longer than {MAX_LABEL_TEXT} characters"));
    }
    if typed.chars().any(char::is_control) {
        return Err("holds a control character".to_owned());
    }
    if is_certainly_secret(typed) {
        return Err("looks like a secret, and would be sent with every alert".to_owned());
    }
    Ok(typed.to_owned())
}

/// The login, when one is given: a user name with its password, or a token.
fn login(table: &mut Table<'_>, context: &Context<'_>) -> Option<HttpLogin> {
    let has_username = table.has("username");
    let has_password = table.has("password") || secrets::is_given(table, "password");
    let has_token = table.has("token") || secrets::is_given(table, "token");
    let username = table.text("username");
    let password = context.secret(table, "password", Form::Line);
    let token = context.secret(table, "token", Form::Line);
    if has_token && (has_username || has_password) {
        table.place.problem("has two logins: keep either the token, or username with its password");
        return None;
    }
    if has_token {
        return token.filter(|token| is_header_text(table, "token", token)).map(HttpLogin::Bearer);
    }
    if has_username && !has_password {
        table.place.problem("password is missing beside username: give password_file or password_env");
    } else if has_password && !has_username {
        table.place.problem("username is missing beside the password");
    }
    Some(HttpLogin::Basic(Login { username: username?.parse(user_name)?, password: password? }))
}

fn is_header_text(table: &Table<'_>, key: &str, secret: &Secret) -> bool {
    let is_valid = secret.value.expose_secret().chars().all(|c| c.is_ascii_graphic());
    if !is_valid {
        table.problem(
            key,
            format!("the value in {} holds a character that a header cannot hold", secret.origin),
        );
    }
    is_valid
}

fn user_name(typed: &str) -> Result<String, &'static str> {
    if is_certainly_secret(typed) {
        return Err("looks like a secret, and would be printed: give the user's name alone; \
                    the password has keys of its own, password_file or password_env");
    }
    // RFC 7617: a colon ends the name.
    if typed.contains(':') {
        return Err("holds a `:`, which ends the user name: give the name alone");
    }
    values::name(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_has_no_slash_at_its_end_and_no_path_of_the_api() {
        for (typed, expected) in [
            ("http://127.0.0.1:9093", Ok("http://127.0.0.1:9093/")),
            ("http://127.0.0.1:9093/", Ok("http://127.0.0.1:9093/")),
            ("https://mon.example.com/am/", Ok("https://mon.example.com/am")),
            ("https://mon.example.com/api/v2/alerts", Err("the path of the API")),
            ("https://u:p@mon.example.com", Err("user name or password")),
            ("https://mon.example.com/?a=b", Err("holds a `?`")),
            ("http://mon.example.com", Err("allow_http")),
        ] {
            match (url(typed, false), expected) {
                (Ok(url), Ok(expected)) => assert_eq!(url.as_str(), expected, "{typed}"),
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{typed}: {reason}"),
                (found, _) => panic!("{typed}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_label_has_a_name_of_the_data_model_and_a_bounded_value() {
        for (name, is_valid) in
            [("team", true), ("_x1", true), ("1x", false), ("a-b", false), ("__name__", false), ("", false)]
        {
            assert_eq!(is_label_name(name), is_valid, "{name}");
        }
        for (value, is_valid) in
            [("video", true), ("", false), ("a\nb", false), ("user:1234-abcdefgh", false)]
        {
            assert_eq!(label_value(value).is_ok(), is_valid, "{value}");
        }
        assert!(label_value(&"ä".repeat(256)).is_ok() && label_value(&"a".repeat(257)).is_err());
    }
}
