//! Texts of the operator's own: rendered when the configuration is read, with sample data of every kind, and for each message.
//!
//! Guarantees: a template that renders every sample is accepted, any other is a problem of the configuration. If one fails for a message all
//! the same, the built-in text is sent, and says so.

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::Serialize;

use super::context::MessageContext;
use super::error::RenderError;
use super::marks::visible;
use super::samples::samples;
use super::templates::templates;
use crate::config::{OwnTemplate, Problem, Problems, Receiver};
use crate::domain::message::Message;
use crate::domain::text;

/// Instructions of one template: far more than a text takes, and a second at most.
const MAX_FUEL: u64 = 1_000_000;

/// What a template of the operator's reads: what the built-in ones read, and the whole message.
#[derive(Serialize)]
struct OwnContext<'a> {
    #[serde(flatten)]
    context: &'a MessageContext,
    message: &'a Message,
}

/// Renders `own`, or with its reason the built-in text, which `built_in` renders with a note.
pub(in crate::notify) fn render_or(
    own: Option<&OwnTemplate>,
    message: &Message,
    context: &mut MessageContext,
    receiver: &Receiver,
    built_in: impl FnOnce(&MessageContext) -> Result<String, RenderError>,
) -> Result<String, RenderError> {
    let Some(own) = own else { return built_in(context) };
    match render(own, message, context, receiver) {
        Ok(text) => Ok(visible(&text)),
        Err(error) => {
            let (file, error) = (own.file.display().to_string(), reason(&error));
            context.note = format!(
                "The template {} cannot be rendered for this message ({error}). This is the built-in text.",
                text::one_line(&file)
            );
            let rendered = built_in(context);
            context.note.clear();
            rendered
        }
    }
}

fn render(
    own: &OwnTemplate,
    message: &Message,
    context: &MessageContext,
    receiver: &Receiver,
) -> Result<String, minijinja::Error> {
    let mut templates: Environment<'_> = templates(receiver.supervisor).map_err(|error| match error {
        RenderError::Template(error) => error,
        other => minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, other.to_string()),
    })?;
    // minijinja escapes by the ending of the name.
    let name = if own.key.starts_with("html") { "own.html" } else { "own.txt" };
    // A template that never ends is an error.
    templates.set_fuel(Some(MAX_FUEL));
    templates.add_template(name, &own.source)?;
    let value: Value = Value::from(Serde(OwnContext { context, message }));
    templates.get_template(name)?.render(value)
}

/// The reason on one line, without the name that the template has here.
fn reason(error: &minijinja::Error) -> String {
    let reason = error
        .detail()
        .map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    text::shortened(&text::one_line(&reason), 200)
}

/// Renders every template of `receivers` with sample data of every kind.
///
/// # Errors
/// With a problem for each template that cannot be rendered, or whose text is empty.
pub fn check_templates(receivers: &[Receiver]) -> Result<(), Problems> {
    let mut problems = Vec::new();
    for receiver in receivers {
        let own = &receiver.templates;
        for template in [&own.subject, &own.text, &own.html].into_iter().flatten() {
            problems.extend(check(template, receiver));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems::from(problems)) }
}

fn check(own: &OwnTemplate, receiver: &Receiver) -> Option<Problem> {
    let key = format!("{} of receiver {}", own.key, text::name(receiver.name.as_str()));
    let problem = |line, reason: String| {
        let problem = Problem::new(own.file.display().to_string(), key.clone(), reason);
        Some(Problem { line, ..problem })
    };
    for (name, message) in samples(&receiver.name) {
        let context = MessageContext::new(&message, &receiver.timezone);
        match render(own, &message, &context, receiver) {
            Ok(text) if text.trim().is_empty() => {
                return problem(None, format!("gives no text for the sample \"{name}\""));
            }
            Ok(_) => {}
            Err(error) => return problem(error.line(), format!("{} (sample \"{name}\")", reason(&error))),
        }
    }
    None
}
