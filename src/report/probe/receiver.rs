//! What the greeting of a receiver says, and what to do about it.

use crate::config::{Channel, Email, Origin, Receiver, Tls, Webhook};
use crate::notify::{Greeting, Hurdle};

use super::ReceiverProbe;

impl ReceiverProbe {
    /// What `greeting` says of `receiver`.
    pub fn of(receiver: &Receiver, greeting: &Greeting) -> Self {
        let (address, good) = (greeting.address.clone(), greeting.result.is_ok());
        let (seen, next) = match &greeting.result {
            Ok(granted) => (granted.clone(), None),
            Err(obstacle) => {
                let next = match &receiver.channel {
                    Channel::Email(email) => mend_mail(email, obstacle.at, &address),
                    Channel::Webhook(webhook) => mend_webhook(webhook, obstacle.at, &address),
                };
                (obstacle.words.clone(), Some(next))
            }
        };
        let tried = tried(&receiver.channel, &address);
        Self { name: receiver.name.clone(), good, address, tried, seen, next }
    }
}

fn tried(channel: &Channel, address: &str) -> String {
    match channel {
        Channel::Email(Email { smtp, .. }) => {
            let tls = match smtp.tls {
                Tls::StartTls => "STARTTLS",
                Tls::Implicit => "TLS from the first byte",
                Tls::None => "no TLS",
            };
            let login = smtp
                .login
                .as_ref()
                .map_or_else(|| "no log-in".to_owned(), |login| format!("log-in as `{}`", login.username));
            format!("SMTP at {address}: {tls}, {login}, QUIT; no mail")
        }
        Channel::Webhook(webhook) => {
            format!("connection to {address}; no request (URL from {})", webhook.url.origin)
        }
    }
}

/// What somebody who did not set this up can do about a mail server.
fn mend_mail(email: &Email, at: Hurdle, address: &str) -> String {
    let smtp = &email.smtp;
    match at {
        Hurdle::Setup => no_trust(),
        Hurdle::Name => unknown("smtp.host", &smtp.host),
        Hurdle::Connection => format!(
            "See that the server runs, that smtp.port and smtp.tls fit it (usually 587 with starttls, 465 with implicit), and that a firewall lets this machine reach {address}."
        ),
        Hurdle::StartTls => {
            "See that this port is the one for clients (usually 587): the server must offer STARTTLS there; where it speaks TLS from the first byte (usually 465), set smtp.tls to \"implicit\"."
                .to_owned()
        }
        Hurdle::NotTls => {
            "Set smtp.tls to \"starttls\" if this is the port for that (usually 587), or smtp.port to the one that speaks TLS from the first byte (usually 465)."
                .to_owned()
        }
        Hurdle::Tls => untrusted("smtp.host"),
        Hurdle::Login => match &smtp.login {
            Some(login) => format!(
                "See that smtp.username is right and put its current password into {}.",
                login.password.origin
            ),
            None => "Set smtp.username and smtp.password_file (or password_env).".to_owned(),
        },
    }
}

/// The same about a webhook.
fn mend_webhook(webhook: &Webhook, at: Hurdle, address: &str) -> String {
    let place = match &webhook.url.origin {
        Origin::Inline => "the receiver's url".to_owned(),
        origin @ (Origin::File(_) | Origin::Credential(_) | Origin::Environment(_)) => {
            format!("the URL in {origin}")
        }
    };
    match at {
        Hurdle::Setup => no_trust(),
        Hurdle::Name => unknown(&place, address.rsplit_once(':').map_or(address, |(host, _)| host)),
        Hurdle::Connection | Hurdle::StartTls | Hurdle::Login => format!(
            "See that {place} is right, that the receiver runs, and that a firewall or proxy lets this machine reach {address}."
        ),
        Hurdle::Tls | Hurdle::NotTls => untrusted(&place),
    }
}

fn no_trust() -> String {
    "Install the system's CA certificates (package ca-certificates), or name a file of them in SSL_CERT_FILE."
        .to_owned()
}

fn unknown(place: &str, host: &str) -> String {
    format!("See that {place} has no slip, and that this machine can look names up: `getent hosts {host}`.")
}

fn untrusted(place: &str) -> String {
    format!(
        "See that {place} names the host as its certificate does, and that the certificate is in date; for a CA of your own, set SSL_CERT_FILE for this and for the service."
    )
}
