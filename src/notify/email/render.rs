//! One mail: headers, and a text and an HTML part with the same content.
//!
//! Guarantees: a complete RFC 5322 message in seven-bit lines; names from the configuration or the vendor add neither a
//! header nor markup; the same arguments give the same bytes. Leaves the texts to the templates.

use chrono::DateTime;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Mailboxes, MultiPart, SinglePart, header};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};

use crate::config::Email;
use crate::domain::message::{Message, MessageId};
use crate::domain::supervisor::Supervisor;
use crate::notify::message::{ADVICE, MailContext, RenderError, keep_together, pad, wrap};

/// Earlier mails that `References` names: more of them join no more threads.
const MAX_REFERENCES: usize = 10;

/// The whole mail about `message`.
///
/// `thread` holds the ids of the first mails to the same receiver about the same alerts, oldest first.
pub(in crate::notify) fn render(
    message: &Message,
    id: &MessageId,
    email: &Email,
    thread: &[MessageId],
) -> Result<Vec<u8>, RenderError> {
    let context = MailContext::new(message);
    let (text, html) = parts(&context, email.supervisor)?;
    let to: Mailboxes = email.to.iter().cloned().collect();
    let mut builder = lettre::Message::builder()
        .from(email.from.clone())
        .mailbox(header::To::from(to))
        .subject(context.subject.as_str())
        // A date before 1970 makes lettre panic.
        .date(message.timestamp.max(DateTime::UNIX_EPOCH).into())
        .message_id(Some(message_id(id, &email.from)))
        // RFC 3834, section 5, and the header with the same meaning for Exchange: no out-of-office answers, no loops.
        // `Precedence: bulk` is left out, since filters file such mail away.
        .raw_header(raw_header("Auto-Submitted", "auto-generated"))
        .raw_header(raw_header("X-Auto-Response-Suppress", "All"));
    if context.is_urgent {
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

/// The text and the HTML; minijinja escapes by the extension of the template.
fn parts(context: &MailContext, supervisor: Supervisor) -> Result<(String, String), RenderError> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    templates.set_syntax(syntax.build()?);
    templates.add_filter("wrap", |text: &str, indent: Option<usize>| wrap(text, indent.unwrap_or(0)));
    templates.add_filter("keep_together", keep_together);
    templates.add_filter("pad", pad);
    templates.add_global("restart", supervisor.restart());
    templates.add_global("and_reload", supervisor.and_reload());
    templates.add_global("and_restart", supervisor.and_restart());
    templates.add_global("log", supervisor.log());
    templates.add_template("advice.jinja", ADVICE)?;
    templates.add_template("mail.txt", include_str!("templates/mail.txt"))?;
    templates.add_template("mail.html", include_str!("templates/mail.html"))?;
    let context = Value::from(Serde(context));
    let text = templates.get_template("mail.txt")?.render(context.clone())?;
    let html = templates.get_template("mail.html")?.render(context)?;
    Ok((text, html))
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
