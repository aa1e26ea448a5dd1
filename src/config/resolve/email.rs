//! `type = "email"`: who writes, who reads, and which server takes the mail.

use lettre::message::Mailbox;

use super::super::address;
use super::super::model::{Email, Login, Smtp, Tls};
use super::super::reader::{Field, Table};
use super::super::secrets::{self, Form};
use super::super::supervisor;
use super::{Setting, bounds};

/// The words of `smtp.tls`.
const TLS: [(&str, Tls); 3] = [("starttls", Tls::StartTls), ("implicit", Tls::Implicit), ("none", Tls::None)];

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
    typed.parse().map_err(|_| format!("`{typed}` is not an address such as `Ops <ops@example.com>`"))
}

fn readers(typed: Field<'_, Vec<Field<'_, String>>>) -> Option<Vec<Mailbox>> {
    if typed.value.is_empty() {
        typed.place.problem("is empty: give at least one address");
        return None;
    }
    let read = typed.value.into_iter().map(|field| field.read(|typed| mailbox(&typed)));
    read.collect::<Vec<_>>().into_iter().collect()
}

fn smtp(mut table: Table<'_>, allow_http: bool, setting: &Setting<'_>) -> Option<Smtp> {
    let host = table.required_text("host").and_then(|field| field.read(host));
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
    table.finish();
    Some(Smtp { host: host?, port: port?, tls: tls?, login: login.ok()? })
}

fn host(typed: String) -> Result<String, String> {
    // An address with colons stands without brackets here: the port has a key of its own.
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if typed.is_empty() || !typed.chars().all(is_host) {
        return Err(format!("`{typed}` is not a host name or an address"));
    }
    if typed.contains(':') && typed.parse::<std::net::Ipv6Addr>().is_err() {
        return Err(format!("`{typed}` is not a host name: the port has a key of its own"));
    }
    Ok(typed)
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

/// The login, when there is one; a user name and a password go together.
fn login(table: &mut Table<'_>, setting: &Setting<'_>) -> Result<Option<Login>, Refused> {
    let (named, secured) = (table.has("username"), secrets::is_given(table, "password"));
    let typed_inline = table.has("password");
    let username = table.text("username").and_then(|field| field.read(bounds::name));
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
