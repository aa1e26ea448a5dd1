//! Sends a mail in one SMTP session.

use lettre::Address;

use super::connect::server_address;
use super::failure::{Failure, Stage};
use super::session::Session;
use crate::config::Email;
use crate::notify::attempt::{Attempt, SendOutcome};

/// Tries once to send `mail` to the recipients that are not in `accepted`.
pub(crate) async fn send(email: &Email, mail: &[u8], accepted: &[String]) -> SendOutcome {
    let recipients = email.to.iter().map(|mailbox| &mailbox.email);
    let recipients: Vec<&Address> =
        recipients.filter(|address| !accepted.contains(&address.to_string())).collect();
    if recipients.is_empty() {
        return Attempt::Delivered.into();
    }
    let server = server_address(&email.smtp);
    match run_session(email, mail, &recipients).await {
        Ok(results) if results.failed.is_empty() => Attempt::Delivered.into(),
        Ok(results) => {
            let total = email.to.len();
            let have_it = total - results.failed.len();
            let errors = results.errors();
            let error = format!("{server}: {have_it} of {total} recipients have the mail; {errors}");
            SendOutcome { attempt: attempt(error, results.is_refusal()), accepted: results.accepted }
        }
        Err(failure) => attempt(format!("{server}, {}", failure.with_stage()), failure.is_refusal).into(),
    }
}

fn attempt(error: String, is_refusal: bool) -> Attempt {
    if is_refusal { Attempt::Refused { error, retry_after: None } } else { Attempt::deferred(error) }
}

/// Which recipients the server accepted.
#[derive(Debug, Default)]
struct RecipientResults {
    accepted: Vec<String>,
    failed: Vec<Failure>,
}

impl RecipientResults {
    fn errors(&self) -> String {
        self.failed.iter().map(|failure| failure.message.as_str()).collect::<Vec<_>>().join("; ")
    }

    /// One recipient that may be accepted later keeps the message waiting for all that failed.
    fn is_refusal(&self) -> bool {
        self.failed.iter().all(|failure| failure.is_refusal)
    }
}

async fn run_session(
    email: &Email,
    mail: &[u8],
    recipients: &[&Address],
) -> Result<RecipientResults, Failure> {
    let mut session = Session::open(&email.smtp).await?;
    let result = send_in_session(&mut session, email, mail, recipients).await;
    session.quit().await;
    result
}

async fn send_in_session(
    session: &mut Session<'_>,
    email: &Email,
    mail: &[u8],
    recipients: &[&Address],
) -> Result<RecipientResults, Failure> {
    session.log_in().await?;
    // The headers name every address, including those that already have the mail.
    let mut addresses = email.to.iter().chain([&email.from]).map(|mailbox| &mailbox.email);
    let international = addresses.find(|address| !AsRef::<str>::as_ref(*address).is_ascii());
    session.mail_from(&email.from.email, international, !mail.is_ascii()).await?;
    let mut results = RecipientResults::default();
    for recipient in recipients {
        match session.rcpt_to(recipient).await? {
            Ok(()) => results.accepted.push(recipient.to_string()),
            Err(failure) => results.failed.push(failure),
        }
    }
    if results.accepted.is_empty() {
        let is_refusal = results.is_refusal();
        return Err(Failure { is_refusal, ..Failure::temporary(Stage::Rcpt, results.errors()) });
    }
    session.data(mail).await?;
    Ok(results)
}
