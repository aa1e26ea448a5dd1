//! One mail: subject, headers, and the two parts that say the same.
//!
//! Promises: a complete RFC 5322 message in seven-bit lines; names from the configuration or the vendor can add
//! neither a header nor markup; nothing but the arguments decides a byte. Leaves the words to `templates/`.

use chrono::DateTime;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Mailboxes, MultiPart, SinglePart, header};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::letter::{self, Letter};
use super::{RenderError, wrap};
use crate::config;
use crate::domain::message::{Message, MessageId};
use crate::domain::supervisor::Supervisor;

/// At most this many earlier mails are named in `References`; further ones join no more threads together.
const REFERENCES: usize = 10;

/// The mail about `message`, whole: headers, text and HTML.
///
/// `thread` holds the ids of the first mails to the same receiver about the same alerts, oldest first.
pub fn mail(
    message: &Message,
    id: &MessageId,
    email: &config::Email,
    thread: &[MessageId],
) -> Result<Vec<u8>, RenderError> {
    let subject = letter::subject(message);
    let letter = Letter::of(message, &subject);
    let (text, html) = parts(&letter, email.supervisor)?;
    let to: Mailboxes = email.to.iter().cloned().collect();
    let mut builder = lettre::Message::builder()
        .from(email.from.clone())
        .mailbox(header::To::from(to))
        .subject(subject)
        // A date before 1970 makes lettre panic.
        .date(message.timestamp.max(DateTime::UNIX_EPOCH).into())
        .message_id(Some(message_id(id, &email.from)))
        .raw_header(fixed("Auto-Submitted", "auto-generated"))
        .raw_header(fixed("X-Auto-Response-Suppress", "All"));
    if letter.urgent {
        builder = builder.raw_header(fixed("Importance", "high"));
    }
    let earlier: Vec<_> = thread
        .iter()
        .filter(|earlier| *earlier != id)
        .take(REFERENCES)
        .map(|earlier| message_id(earlier, &email.from))
        .collect();
    if let Some(first) = earlier.first() {
        builder = builder.in_reply_to(first.clone()).references(earlier.join(" "));
    }
    let boundary = format!("=_minimax-watch_{id}");
    let alternative = MultiPart::alternative()
        .boundary(boundary)
        .singlepart(part(ContentType::TEXT_PLAIN, text))
        .singlepart(part(ContentType::TEXT_HTML, html));
    Ok(builder.multipart(alternative)?.formatted())
}

/// The text and the HTML of `letter`.
pub(super) fn parts(letter: &Letter, supervisor: Supervisor) -> Result<(String, String), RenderError> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    templates.set_syntax(syntax.build()?);
    templates.set_auto_escape_callback(
        |name| {
            if name == "mail.html" { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    templates.add_filter("wrap", |text: &str, indent: Option<usize>| wrap::fill(text, indent.unwrap_or(0)));
    templates.add_filter("unbroken", wrap::unbroken);
    templates.add_filter("column", wrap::column);
    for (name, words) in [
        ("restart", supervisor.restart()),
        ("and_reload", supervisor.and_reload()),
        ("and_restart", supervisor.and_restart()),
        ("log", supervisor.log()),
    ] {
        templates.add_global(name, words);
    }
    templates.add_template("advice.jinja", include_str!("templates/advice.jinja"))?;
    templates.add_template("mail.txt", include_str!("templates/mail.txt"))?;
    templates.add_template("mail.html", include_str!("templates/mail.html"))?;
    let letter = Value::from(Serde(letter));
    let text = templates.get_template("mail.txt")?.render(letter.clone())?;
    let html = templates.get_template("mail.html")?.render(letter)?;
    Ok((text, html))
}

/// Quoted-printable always: seven-bit lines below 77 columns for any content, and still legible in the raw mail.
fn part(kind: ContentType, content: String) -> SinglePart {
    let encoding = ContentTransferEncoding::QuotedPrintable;
    SinglePart::builder().header(kind).header(encoding).body(encoded(content, encoding))
}

fn encoded(content: String, encoding: ContentTransferEncoding) -> Body {
    // Refused for seven-bit and eight-bit only; then the raw bytes come back and lettre picks an encoding itself.
    Body::new_with_encoding(content, encoding).unwrap_or_else(Body::new)
}

/// `<id@domain of the sender>`, an international domain in its ASCII form (RFC 5322 section 3.6.4 knows no other).
fn message_id(id: &MessageId, from: &Mailbox) -> String {
    let domain = from.email.domain();
    let domain = url::Host::parse(domain).map_or_else(|_| domain.to_owned(), |host| host.to_string());
    format!("<{id}@{domain}>")
}

/// RFC 3834 section 5, and the header with the same meaning for Exchange: no out-of-office answers, no loops.
/// `Precedence: bulk` is left out, since filters file such mail away.
fn fixed(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
