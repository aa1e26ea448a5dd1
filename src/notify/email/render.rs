//! One mail: headers, and a text and an HTML part with the same content.
//!
//! Guarantees: a complete RFC 5322 message in seven-bit lines; names from the configuration or the vendor add neither a
//! header nor markup; the same arguments give the same bytes. Leaves the texts to the templates.

use chrono::DateTime;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Mailboxes, MultiPart, SinglePart, header};
use minijinja::Value;
use minijinja::value::Serde;

use crate::config::{Email, Receiver};
use crate::domain::message::{Message, MessageId};
use crate::domain::text::{one_line, shortened};
use crate::notify::message::{
    MAX_SUBJECT, MessageContext, RenderError, Tone, render_or, templates, without_marks,
};

/// Earlier mails that `References` names: more of them join no more threads.
const MAX_REFERENCES: usize = 10;

/// The whole mail about `message`.
///
/// `thread` holds the ids of the first mails to the same receiver about the same alerts, oldest first.
pub(in crate::notify) fn render(
    message: &Message,
    id: &MessageId,
    receiver: &Receiver,
    email: &Email,
    thread: &[MessageId],
) -> Result<Vec<u8>, RenderError> {
    let mut context = MessageContext::new(message, &receiver.timezone);
    let own = &receiver.templates;
    let built_in = |context: &MessageContext| Ok(context.subject.clone());
    let subject = render_or(own.subject.as_ref(), message, &mut context, receiver, built_in)?;
    let subject = shortened(&one_line(&subject), MAX_SUBJECT);
    let text = render_or(own.text.as_ref(), message, &mut context, receiver, |context| {
        part_text("mail.txt", include_str!("templates/mail.txt"), context, receiver)
    })?;
    let text = without_marks(&text);
    let html = render_or(own.html.as_ref(), message, &mut context, receiver, |context| {
        part_text("mail.html", include_str!("templates/mail.html"), context, receiver)
    })?;
    let html = without_marks(&html);
    let to: Mailboxes = email.to.iter().cloned().collect();
    let mut builder = lettre::Message::builder()
        .from(email.from.clone())
        .mailbox(header::To::from(to))
        .subject(subject)
        // A date before 1970 makes lettre panic.
        .date(message.timestamp.max(DateTime::UNIX_EPOCH).into())
        .message_id(Some(message_id(id, &email.from)))
        // RFC 3834, section 5, and the header with the same meaning for Exchange: no out-of-office answers, no loops.
        // `Precedence: bulk` is left out, since filters file such mail away.
        .raw_header(raw_header("Auto-Submitted", "auto-generated"))
        .raw_header(raw_header("X-Auto-Response-Suppress", "All"));
    if context.tone == Tone::Critical {
        builder = builder.raw_header(raw_header("Importance", "high"));
    }
    let earlier = thread.iter().filter(|earlier| *earlier != id).take(MAX_REFERENCES);
    let earlier: Vec<_> = earlier.map(|earlier| message_id(earlier, &email.from)).collect();
    if let Some(first) = earlier.first() {
        builder = builder.in_reply_to(first.clone()).references(earlier.join(" "));
    }
    let alternative = MultiPart::alternative()
        .boundary(format!("=_minimax-watch_{id}"))
        .singlepart(part(ContentType::TEXT_PLAIN, text))
        .singlepart(part(ContentType::TEXT_HTML, html));
    Ok(builder.multipart(alternative)?.formatted())
}

/// One part by a built-in template; minijinja escapes by the extension of its name.
fn part_text(
    name: &'static str,
    source: &'static str,
    context: &MessageContext,
    receiver: &Receiver,
) -> Result<String, RenderError> {
    let mut templates = templates(receiver.supervisor)?;
    templates.add_template(name, source)?;
    Ok(templates.get_template(name)?.render(Value::from(Serde(context)))?)
}

/// Quoted-printable in every case: seven-bit lines below 77 columns for any content, and readable in the raw mail.
fn part(kind: ContentType, content: String) -> SinglePart {
    let encoding = ContentTransferEncoding::QuotedPrintable;
    // Only seven-bit and eight-bit can be refused; lettre then gets the content and picks an encoding.
    let body = Body::new_with_encoding(content, encoding).unwrap_or_else(Body::new);
    SinglePart::builder().header(kind).header(encoding).body(body)
}

/// `<id@domain of the sender>`; an international domain in its ASCII form, as RFC 5322, section 3.6.4, requires.
fn message_id(id: &MessageId, from: &Mailbox) -> String {
    let domain = from.email.domain();
    let domain = url::Host::parse(domain).map_or_else(|_| domain.to_owned(), |host| host.to_string());
    format!("<{id}@{domain}>")
}

fn raw_header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
