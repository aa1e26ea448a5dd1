//! A probe of a mail server: a session up to the login, without a mail.
//!
//! If the server offers a login and none is configured, MAIL shows whether it accepts the sender without one; RSET follows,
//! and no recipient is named.

use super::connect::server_address;
use super::failure::{Cause, Failure, Stage};
use super::session::Session;
use crate::config::{Email, Smtp, Tls};
use crate::notify::probe::{NO_CA_CERTIFICATES, ProbeError, ProbeResult, certificate_hint, dns_hint};

pub(in crate::notify) async fn probe(email: &Email) -> ProbeResult {
    let smtp = &email.smtp;
    let (tls, trust) = match smtp.tls {
        Tls::StartTls => ("STARTTLS", ", certificate trusted"),
        Tls::Implicit => ("implicit TLS", ", certificate trusted"),
        Tls::None => ("no TLS", ""),
    };
    let (login, logged_in) = match &smtp.login {
        Some(login) => {
            (format!("login as `{}`", login.username), format!("logged in as `{}`", login.username))
        }
        None => ("no login".to_owned(), "no login configured".to_owned()),
    };
    let address = server_address(smtp);
    let result = match run_session(email).await {
        Ok(()) => Ok(format!("SMTP greeting, {tls}{trust}, {logged_in}")),
        Err(failure) => Err(ProbeError { hint: hint(smtp, &failure), message: failure.with_stage() }),
    };
    ProbeResult {
        action: format!("SMTP session with {address}: {tls}, {login}, QUIT; no mail"),
        address,
        result,
    }
}

async fn run_session(email: &Email) -> Result<(), Failure> {
    let mut session = Session::open(&email.smtp).await?;
    let result = match session.log_in().await {
        Ok(()) => session.check_sender_without_login(&email.from.email).await,
        failed => failed,
    };
    session.quit().await;
    result
}

fn hint(smtp: &Smtp, failure: &Failure) -> String {
    let hint = match (failure.cause, failure.stage) {
        (Cause::TlsSetup, _) => NO_CA_CERTIFICATES,
        (Cause::Tls, _) => return certificate_hint("smtp.host"),
        (Cause::NotTls, _) => {
            "Set smtp.tls to \"starttls\" if this is the port for that (usually 587), or smtp.port to the one with implicit TLS (usually 465)."
        }
        (Cause::Other, Stage::Resolve) => return dns_hint("smtp.host", &smtp.host),
        (Cause::Other, Stage::StartTls) => {
            "Check that smtp.port is the port for mail clients (usually 587), where servers offer STARTTLS. For a port with implicit TLS (usually 465), set smtp.tls to \"implicit\"."
        }
        (Cause::Other, Stage::Auth) => match &smtp.login {
            Some(login) => {
                let origin = &login.password.origin;
                return format!("Check smtp.username, and put its current password into {origin}.");
            }
            None => "Set smtp.username and smtp.password_file (or password_env).",
        },
        (Cause::Other, _) => {
            let address = server_address(smtp);
            return format!(
                "Check that the server runs, that smtp.port fits smtp.tls (usually 587 with starttls, 465 with implicit), and that no firewall blocks this machine from {address}."
            );
        }
    };
    hint.to_owned()
}
