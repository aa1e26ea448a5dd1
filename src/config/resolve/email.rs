//! `type = "email"`: who writes, who reads, and which server takes the mail.

use std::collections::HashSet;

use chrono::TimeDelta;
use lettre::Address;
use lettre::message::Mailbox;

use super::super::address;
use super::super::model::{Email, Login, Smtp, Tls};
use super::super::reader::{Field, Table};
use super::super::secret_shape::is_certainly_secret;
use super::super::secrets::{self, Form};
use super::super::supervisor;
use super::{Setting, bounds};

/// The words of `smtp.tls`.
const TLS: [(&str, Tls); 3] = [("starttls", Tls::StartTls), ("implicit", Tls::Implicit), ("none", Tls::None)];

/// For each stage of a conversation. RFC 5321 (4.5.3.2) has five minutes; servers that are well answer within seconds.
const TIMEOUT: TimeDelta = TimeDelta::minutes(1);

/// Reads what is left of the receiver's table.
pub(super) fn read(mut table: Table<'_>, setting: &Setting<'_>) -> Option<Email> {
    let from = table.required_text("from").and_then(|field| field.read(|typed| mailbox(&typed)));
    if !table.has("to") {
        table.problem("to", "is missing");
    }
    let to = table.texts("to").and_then(readers);
    if !table.has("smtp") {
        table.problem("smtp", "is missing: give at least { host = \"…\" }");
    }
    let typed = table.has("allow_http");
    let allow_http = bounds::or(typed, table.flag("allow_http").map(|field| field.value), false);
    let smtp = table.table("smtp").and_then(|table| smtp(table, allow_http.unwrap_or(true), setting));
    table.finish();
    Some(Email {
        from: from?,
        to: to?,
        smtp: smtp?,
        allow_http: allow_http?,
        supervisor: supervisor::detect(setting.environment),
    })
}

fn mailbox(typed: &str) -> Result<Mailbox, String> {
    let refused = || {
        // Perhaps a password: `user:password@host`.
        let shown = if typed.contains(':') { String::new() } else { format!("`{typed}` ") };
        format!("{shown}is not an address such as `Ops <ops@example.com>`")
    };
    let Mailbox { name, email } = typed.parse().map_err(|_| refused())?;
    let domain = address::ascii_domain(email.domain()).ok_or_else(refused)?;
    let email = Address::new(email.user(), domain).map_err(|_| refused())?;
    Ok(Mailbox { name, email })
}

/// Each address once: a mailbox that is named twice would get each mail twice.
fn readers(typed: Field<'_, Vec<Field<'_, String>>>) -> Option<Vec<Mailbox>> {
    if typed.value.is_empty() {
        typed.place.problem("is empty: give at least one address");
        return None;
    }
    let mut seen = HashSet::new();
    let mut readers = Some(Vec::new());
    for field in typed.value {
        let place = field.place.clone();
        match (field.read(|typed| mailbox(&typed)), &mut readers) {
            (Some(Mailbox { email, .. }), _) if !seen.insert(mailbox_key(&email)) => {
                place.warning(format!("`{email}` is named twice: it gets each mail once"));
            }
            (Some(reader), Some(readers)) => {
                if !reader.email.user().is_ascii() {
                    place.warning(format!(
                        "`{}` has letters beyond ASCII before the `@`: only a mail server that offers SMTPUTF8 takes it",
                        reader.email
                    ));
                }
                readers.push(reader);
            }
            (Some(_), None) => {}
            (None, _) => readers = None,
        }
    }
    readers
}

/// What makes two addresses one: domains are the same in any case, what stands before them is the server's matter.
fn mailbox_key(address: &Address) -> (String, String) {
    (address.user().to_owned(), address.domain().to_ascii_lowercase())
}

fn smtp(mut table: Table<'_>, allow_http: bool, setting: &Setting<'_>) -> Option<Smtp> {
    let host = table.required_text("host").and_then(|field| field.read(|typed| host(&typed)));
    let tls_place = table.place.member("tls");
    let tls = bounds::word_or(&mut table, "tls", Tls::StartTls, &TLS);
    let port = match table.number("port") {
        Some(field) => field.read(port),
        None => tls.map(default_port),
    };
    let login = login(&mut table, setting);
    if let (Some(host), Some(Tls::None)) = (&host, tls)
        && !address::is_loopback_name(host)
    {
        if matches!(login, Ok(Some(_)) | Err(Refused)) {
            tls_place
                .problem(format!("`none` would send the password unencrypted, and `{host}` is not loopback"));
        } else if address::is_private_name(host) || allow_http {
            tls_place.warning(format!("mails to {host} travel unencrypted: use starttls if it has it"));
        } else {
            tls_place.problem(format!(
                "`none` is for loopback and private names and addresses, and `{host}` is neither; \
                 to send unencrypted all the same, set allow_http = true in this receiver"
            ));
        }
    }
    let typed_hello = table.has("hello");
    let hello = table.text("hello").and_then(|field| field.read(|typed| hello(&typed)).map(Some));
    let hello = bounds::or(typed_hello, hello, None);
    let timeout = bounds::timeout_or(&mut table, TIMEOUT);
    table.finish();
    Some(Smtp { host: host?, port: port?, tls: tls?, login: login.ok()?, hello: hello?, timeout: timeout? })
}

fn hello(typed: &str) -> Result<String, &'static str> {
    let refused = "is not a name for EHLO: give this host's full name, such as watch.example.com, or an address in brackets, such as [192.0.2.1] or [IPv6:2001:db8::1]";
    let name = address::ascii_domain(typed).ok_or(refused)?;
    if address::is_hello_name(&name) { Ok(name) } else { Err(refused) }
}

fn host(typed: &str) -> Result<String, String> {
    if typed.contains('@') {
        return Err(
            "holds an `@`, which no host name does; a user name and a password have keys of their own: \
                    username, and password_file or password_env"
                .to_owned(),
        );
    }
    // An address with colons stands without brackets here: the port has a key of its own.
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    let port = typed.split_once(':').map(|(_, port)| port);
    let is_address = typed.parse::<std::net::Ipv6Addr>().is_ok();
    // What stands behind a colon may be a password, unless it is a number.
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_shown = is_address || port.is_none_or(is_number);
    let shown = if is_shown { format!("`{typed}` is") } else { "is".to_owned() };
    if typed.contains("://") {
        return Err("is a URL: give the name alone, such as smtp.example.com; the port has a key of its own, and smtps:// is tls = \"implicit\""
            .to_owned());
    }
    if typed.is_empty() || typed.len() > address::MAX_HOST_NAME || !typed.chars().all(is_host) {
        return Err(format!("{shown} not a host name or an address"));
    }
    if port.is_some() && !is_address {
        return Err(format!("{shown} not a host name: the port has a key of its own"));
    }
    address::ascii_domain(typed).ok_or_else(|| format!("{shown} not a host name or an address"))
}

fn port(typed: i64) -> Result<u16, String> {
    let port = u16::try_from(typed).ok().filter(|port| *port > 0);
    port.ok_or_else(|| format!("{typed} is not a port (1-65535)"))
}

const fn default_port(tls: Tls) -> u16 {
    match tls {
        Tls::StartTls => 587,
        Tls::Implicit => 465,
        Tls::None => 25,
    }
}

/// What was typed makes no sense; why, is recorded.
struct Refused;

fn user_name(typed: String) -> Result<String, &'static str> {
    if is_certainly_secret(&typed) {
        return Err("looks like a secret, and would be printed: give the user's name alone; \
                    the password has keys of its own, password_file or password_env");
    }
    bounds::name(typed)
}

/// The login, when there is one; a user name and a password go together.
fn login(table: &mut Table<'_>, setting: &Setting<'_>) -> Result<Option<Login>, Refused> {
    let (named, secured) = (table.has("username"), secrets::is_given(table, "password"));
    let typed_inline = table.has("password");
    let username = table.text("username").and_then(|field| field.read(user_name));
    let password = setting.secrets().optional(table, "password", Form::Line);
    match (named, secured) {
        (false, false) => Ok(None),
        (true, false) => {
            if !typed_inline {
                table.problem("password", "is missing beside a username: give password_file or password_env");
            }
            Err(Refused)
        }
        (false, true) => {
            table.problem("username", "is missing beside a password");
            Err(Refused)
        }
        (true, true) => match (username, password) {
            (Some(username), Some(password)) => Ok(Some(Login { username, password })),
            _ => Err(Refused),
        },
    }
}
