//! `type = "email"`: the sender, the recipients, and the server that takes the mail.

use std::collections::HashSet;
use std::net::Ipv6Addr;

use chrono::TimeDelta;
use lettre::Address;
use lettre::message::Mailbox;
use serde_json::json;
use strum::VariantArray as _;

use super::super::address;
use super::super::context::Context;
use super::super::model::{Email, Login, Smtp, Tls};
use super::super::page::Page;
use super::super::place::Field;
use super::super::schema::{self, TableSchema, keys_of, none_of_keys};
use super::super::secret_shape::is_certainly_secret;
use super::super::secrets::{self, Form};
use super::super::suggest::unknown;
use super::super::table::Table;
use super::super::values::{self, TIMEOUTS};

/// For each stage of a session. RFC 5321 (4.5.3.2) has five minutes; healthy servers answer within seconds.
pub(super) const TIMEOUT: TimeDelta = TimeDelta::minutes(1);

/// Reads the keys of this type.
pub(super) fn read(mut table: Table<'_>, context: &Context<'_>) -> Option<Email> {
    let from = table.required("from").and_then(|field| field.parse(mailbox));
    if !table.has("to") {
        table.place.problem("to is missing: give at least one address, as in to = [\"ops@example.com\"]");
    }
    let to = table.texts("to").map(|typed| recipients(&typed));
    if !table.has("smtp") {
        table.place.problem("smtp is missing: give at least smtp = { host = \"…\" }");
    }
    let allow_http = table.flag("allow_http", false);
    let smtp = table.table("smtp").and_then(|table| smtp(table, allow_http, context));
    table.finish();
    Some(Email { from: from?, to: to?, smtp: smtp?, allow_http })
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    let address = || schema::matching("@");
    TableSchema::new("Mail.")
        .required("from", "The sender.", address().example("minimax-watch <watch@example.com>"))
        .required("to", "The recipients. Each gets each mail once.", schema::list(address()))
        .required_table("smtp", smtp_schema())
        .key(
            "allow_http",
            "Permits tls = \"none\" to a server outside of private networks. Mails then travel unencrypted.",
            schema::flag(false),
        )
}

fn smtp_schema() -> TableSchema {
    let login = json!({ "required": ["username"], "oneOf": keys_of(&["password_file", "password_env"]) });
    TableSchema::new("The server that takes the mail.")
        .required("host", "Its name or address.", schema::matching("^[^@/\\s]+$").example("smtp.example.com"))
        .key(
            "port",
            "Default: 587 for starttls, 465 for implicit, 25 for none.",
            schema::number(1..=u16::MAX.into()),
        )
        .key(
            "tls",
            "starttls (required, never opportunistic), implicit, or none.",
            schema::choice(Tls::VARIANTS.iter().map(<&str>::from)).default(<&str>::from(Tls::StartTls)),
        )
        .key("username", "The user of a login, if the server wants one.", schema::name())
        .file("password_file", "the password")
        .variable("password_env", "the password")
        .key(
            "hello",
            "The name in EHLO. Default: this host's full name, else its address in brackets.",
            schema::name(),
        )
        .key("timeout", "Time limit for each stage of the session.", schema::duration(TIMEOUT, &TIMEOUTS))
        .rule("anyOf", json!([login, none_of_keys(&["username", "password_file", "password_env"])]))
}

/// Shows the keys of this type.
pub(super) fn show(email: &Email, page: &mut Page) {
    page.text("from", &email.from.to_string());
    page.list("to", email.to.iter().map(ToString::to_string));
    page.text("smtp.host", &email.smtp.host);
    page.line(&format!("smtp.port = {}", email.smtp.port));
    page.text("smtp.tls", email.smtp.tls.into());
    if let Some(login) = &email.smtp.login {
        page.text("smtp.username", &login.username);
        page.origin("smtp.password", '_', &login.password.origin);
    }
    if let Some(hello) = &email.smtp.hello {
        page.text("smtp.hello", hello);
    }
    page.timeout("smtp.timeout", email.smtp.timeout);
    page.allow_http(email.allow_http);
}

pub(super) fn mailbox(typed: &str) -> Result<Mailbox, String> {
    let refused = || {
        // A text with a colon may hold a password: `user:password@host`.
        let shown = if typed.contains(':') { String::new() } else { format!("\"{typed}\" ") };
        format!("{shown}is not an address such as \"Ops <ops@example.com>\"")
    };
    let Mailbox { name, email } = typed.parse().map_err(|_| refused())?;
    let domain = address::ascii_domain(email.domain()).ok_or_else(refused)?;
    let email = Address::new(email.user(), domain).map_err(|_| refused())?;
    Ok(Mailbox { name, email })
}

/// The recipients, each once: a mailbox that is given twice would get each mail twice.
fn recipients(typed: &Field<'_, Vec<Field<'_, String>>>) -> Vec<Mailbox> {
    if typed.value.is_empty() {
        typed.place.problem("is empty: give at least one address");
    }
    let mut seen = HashSet::new();
    let mut recipients = Vec::new();
    for field in &typed.value {
        let Some(recipient) = field.parse(mailbox) else { continue };
        let email = &recipient.email;
        // Domains are the same in any case; whether the part before them is, depends on the server.
        if !seen.insert((email.user().to_owned(), email.domain().to_ascii_lowercase())) {
            field.place.warning(format!("\"{email}\" is given twice: it gets each mail once"));
            continue;
        }
        if !email.user().is_ascii() {
            field.place.warning(format!(
                "\"{email}\" has letters beyond ASCII before the `@`: only a mail server that offers SMTPUTF8 accepts it"
            ));
        }
        recipients.push(recipient);
    }
    recipients
}

fn smtp(mut table: Table<'_>, allow_http: bool, context: &Context<'_>) -> Option<Smtp> {
    let host = table.required("host").and_then(|field| field.parse(host));
    let tls_field = table.text("tls");
    let tls = tls_field.as_ref().map_or(Some(Tls::StartTls), |field| field.parse(tls));
    let port = table.number("port", tls.unwrap_or(Tls::StartTls).default_port(), port);
    let wants_login = table.has("username") || secrets::is_given(&table, "password");
    let login = login(&mut table, context);
    if let (Some(host), Some(Tls::None), Some(field)) = (&host, tls, &tls_field)
        && !address::is_loopback_name(host)
    {
        let place = &field.place;
        if wants_login {
            place.problem(format!(
                "\"none\" would send the password unencrypted, and \"{host}\" is not loopback: use \"starttls\" or \"implicit\""
            ));
        } else if address::is_private_name(host) || allow_http {
            place
                .warning(format!("mails to {host} travel unencrypted: use starttls if the server offers it"));
        } else {
            place.problem(format!(
                "\"none\" is for loopback and private names and addresses, and \"{host}\" is neither; \
                 to send unencrypted all the same, set allow_http = true in this receiver"
            ));
        }
    }
    let hello = table.parsed("hello", None, |typed| hello(typed).map(Some));
    let timeout = table.duration("timeout", TIMEOUT, TIMEOUTS).to_std().unwrap_or_default();
    table.finish();
    Some(Smtp { host: host?, port, tls: tls?, login, hello, timeout })
}

fn tls(typed: &str) -> Result<Tls, String> {
    let found = Tls::VARIANTS.iter().copied().find(|tls| <&str>::from(tls) == typed);
    let labels =
        Tls::VARIANTS.iter().map(|tls| format!("\"{}\" (port {})", <&str>::from(tls), tls.default_port()));
    let labels: Vec<String> = labels.collect();
    found.ok_or_else(|| unknown("tls", typed, labels.iter().map(String::as_str)))
}

fn hello(typed: &str) -> Result<String, &'static str> {
    let name = address::ascii_domain(typed).filter(|name| address::is_hello_name(name));
    name.ok_or(
        "is not a name for EHLO: give this host's full name, such as watch.example.com, or an address in brackets, such as \
         [192.0.2.1] or [IPv6:2001:db8::1]",
    )
}

fn host(typed: &str) -> Result<String, String> {
    if typed.contains('@') {
        return Err("has an `@`, which no host name has; a login has keys of its own: username, and password_file or \
                    password_env"
            .to_owned());
    }
    if typed.contains("://") {
        return Err("is a URL: give the name alone, such as smtp.example.com; the port has a key of its own, and smtps:// is \
                    tls = \"implicit\""
            .to_owned());
    }
    // An address with colons is given without brackets: the port has a key of its own.
    let is_address = typed.parse::<Ipv6Addr>().is_ok();
    let port = typed.split_once(':').map(|(_, port)| port).filter(|_| !is_address);
    // The part after a colon may be a password, unless it is a number.
    let is_shown = port.is_none_or(|port| !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()));
    let shown = if is_shown { format!("\"{typed}\" is") } else { "is".to_owned() };
    if let Some(port) = port {
        let next = if is_shown {
            format!("the port has a key of its own, smtp.port = {port}")
        } else {
            "it holds a `:`; give the name alone, such as smtp.example.com: port and login have keys of their own".to_owned()
        };
        return Err(format!("{shown} not a host name: {next}"));
    }
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    let is_valid = !typed.is_empty() && typed.len() <= address::MAX_HOST_NAME && typed.chars().all(is_host);
    let name = address::ascii_domain(typed).filter(|_| is_valid);
    name.ok_or_else(|| format!("{shown} not a host name or an address"))
}

fn port(typed: i64) -> Result<u16, String> {
    let port = u16::try_from(typed).ok().filter(|port| *port > 0);
    port.ok_or_else(|| format!("{typed} is not a port (1-65535)"))
}

fn user_name(typed: &str) -> Result<String, &'static str> {
    if is_certainly_secret(typed) {
        return Err("looks like a secret, and would be printed: give the user's name alone; \
                    the password has keys of its own, password_file or password_env");
    }
    values::name(typed)
}

/// The login, when one is given: a user name and a password go together.
fn login(table: &mut Table<'_>, context: &Context<'_>) -> Option<Login> {
    let has_username = table.has("username");
    let has_password = table.has("password") || secrets::is_given(table, "password");
    let username = table.text("username");
    let password = context.secret(table, "password", Form::Line);
    if has_username && !has_password {
        table.place.problem("password is missing beside username: give password_file or password_env");
    } else if has_password && !has_username {
        table.place.problem("username is missing beside the password");
    }
    Some(Login { username: username?.parse(user_name)?, password: password? })
}
