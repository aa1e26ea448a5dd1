//! Handing one mail to a mail server that may do anything: slow, flooding, lying, or right.
//!
//! Guarantees: a connection of its own each time (pooled ones go stale unseen); each stage bounded in bytes and time; the
//! stored bytes as they are; no password before TLS where TLS was asked for; delivered is only what was answered by 250 to
//! the final dot.
//!
//! What each answer means, by its code alone:
//! - 4xx, faults of the network, replies that are none or have no place: deferred.
//! - 5xx before MAIL (greeting, EHLO, STARTTLS, AUTH), a server without STARTTLS, a certificate that does not hold: deferred.
//!   An operator will correct the configuration or the server, and nothing may be lost until then.
//! - 5xx from MAIL on: refused; but deferred with an enhanced status of 5.2.2, 5.3.x, 5.4.x or 5.7.x, and with 530, 534, 535
//!   and 538, which ask for a log-in.
//! - Recipients are judged one by one: those that the server takes get the mail now, and later attempts name only the others.
//!   Deferred if one of them was, else refused.
//! - A connection that dies after the final dot: deferred. The server may have taken the mail; then it comes twice, with the
//!   same Message-ID (the limit of at least once).

mod capabilities;
mod connect;
mod content;
mod failure;
mod hello;
mod login;
#[cfg(any(test, fuzzing))]
pub(super) mod properties;
mod reply;
mod session;
mod stream;

use lettre::Address;

use self::failure::{Failure, Stage};
use self::session::Session;
use super::greet::Greeting;
use super::{Attempt, SendOutcome};
use crate::config::{Email, Smtp, Tls};

/// Tries once to hand `mail` over to the recipients that are not in `accepted`: those have it.
pub(super) async fn send(email: &Email, mail: &[u8], accepted: &[String]) -> SendOutcome {
    let has_it = |address: &Address| accepted.iter().any(|earlier| *earlier == address.to_string());
    let recipients: Vec<&Address> =
        email.to.iter().map(|mailbox| &mailbox.email).filter(|address| !has_it(address)).collect();
    if recipients.is_empty() {
        return Attempt::Delivered.into();
    }
    let server = server_address(&email.smtp);
    match converse(email, mail, &recipients).await {
        Ok(result) if result.failed.is_empty() => Attempt::Delivered.into(),
        Ok(result) => {
            let have_it = email.to.len() - recipients.len() + result.accepted.len();
            let (words, is_refusal) = (result.failed_words(), result.is_refusal());
            let error =
                format!("{server}: {have_it} of {} recipients have the mail; {words}", email.to.len());
            SendOutcome { attempt: attempt(error, is_refusal), accepted: result.accepted }
        }
        Err(Failure { stage, is_refusal, words, .. }) => {
            attempt(format!("{server}, {}: {words}", stage.words()), is_refusal).into()
        }
    }
}

fn attempt(error: String, is_refusal: bool) -> Attempt {
    if is_refusal { Attempt::Refused { error, retry_after: None } } else { Attempt::deferred(error) }
}

/// What became of each recipient, where the server took the mail for one at least.
#[derive(Debug, Default)]
struct RecipientResults {
    accepted: Vec<String>,
    failed: Vec<(String, Failure)>,
}

impl RecipientResults {
    fn failed_words(&self) -> String {
        let words = self.failed.iter().map(|(address, failure)| format!("{address}: {}", failure.words));
        words.collect::<Vec<_>>().join("; ")
    }

    /// One that may be taken later keeps the message waiting for all that failed.
    fn is_refusal(&self) -> bool {
        self.failed.iter().all(|(_, failure)| failure.is_refusal)
    }
}

async fn converse(email: &Email, mail: &[u8], recipients: &[&Address]) -> Result<RecipientResults, Failure> {
    let mut session = Session::open(&email.smtp).await?;
    let result = hand_over(&mut session, email, mail, recipients).await;
    session.part().await;
    result
}

async fn hand_over(
    session: &mut Session<'_>,
    email: &Email,
    mail: &[u8],
    recipients: &[&Address],
) -> Result<RecipientResults, Failure> {
    session.log_in().await?;
    // Headers name them all, whoever is left to be told.
    let mut named = email.to.iter().chain([&email.from]).map(|mailbox| &mailbox.email);
    let international = named.find(|address| !AsRef::<str>::as_ref(*address).is_ascii());
    session.name_sender(&email.from.email, international, !mail.is_ascii()).await?;
    let mut results = RecipientResults::default();
    for recipient in recipients {
        match session.name_recipient(recipient).await.map_err(|failure| about(recipient, failure))? {
            Ok(()) => results.accepted.push(recipient.to_string()),
            Err(failure) => results.failed.push((recipient.to_string(), failure)),
        }
    }
    if results.accepted.is_empty() {
        let mut failure = Failure::passing(Stage::Recipient, results.failed_words());
        failure.is_refusal = results.is_refusal();
        return Err(failure);
    }
    session.hand_over(mail).await?;
    Ok(results)
}

fn about(recipient: &Address, mut failure: Failure) -> Failure {
    failure.words = format!("{recipient}: {}", failure.words);
    failure
}

/// Talks as for a mail up to the log-in, and takes leave. Where the server offers a log-in and none is configured, it is asked
/// whether it takes the sender without one; no recipient is named.
pub(super) async fn greet(email: &Email) -> Greeting {
    let smtp = &email.smtp;
    let result = match Session::open(smtp).await {
        Ok(mut session) => {
            let result = match session.log_in().await {
                Ok(()) => session.takes_sender_without_login(&email.from.email).await,
                Err(failure) => Err(failure),
            };
            session.part().await;
            result.map(|()| granted(smtp))
        }
        Err(failure) => Err(failure),
    };
    Greeting { address: server_address(smtp), result: result.map_err(Failure::obstacle) }
}

fn granted(smtp: &Smtp) -> String {
    let tls = match smtp.tls {
        Tls::StartTls => "STARTTLS, certificate trusted",
        Tls::Implicit => "TLS, certificate trusted",
        Tls::None => "no TLS",
    };
    match &smtp.login {
        Some(login) => format!("SMTP greeting, {tls}, logged in as `{}`", login.username),
        None => format!("SMTP greeting, {tls}, no log-in configured"),
    }
}

fn server_address(smtp: &Smtp) -> String {
    format!("{}:{}", smtp.host, smtp.port)
}
