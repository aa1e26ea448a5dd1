//! The text of a message for chats: a title and marked lines, the same for every type of chat.
//!
//! Guarantees: pure; the most important comes first, so that whatever does not fit is at the end. Leaves limits, markup and escaping to
//! each type.

use minijinja::Value;
use minijinja::value::Serde;

use super::context::{MessageContext, Tone};
use super::error::RenderError;
use super::marks::{Span, Style, spans};
use super::own::render_or;
use super::templates::templates;
use crate::config::Receiver;
use crate::domain::message::Message;

/// The longest beginning of `line`, by halves, that fits into `room` with an ellipsis.
fn beginning(line: &Line, room: usize, size: &impl Fn(&Line) -> usize) -> Option<Line> {
    let text: String = line.iter().map(|span| span.text.as_str()).collect();
    let mut length = text.chars().count();
    while length > 0 {
        length /= 2;
        let kept: String = text.chars().take(length).chain(['…']).collect();
        let cut = vec![Span { style: Style::Plain, text: kept }];
        if size(&cut) <= room {
            return (length > 0).then_some(cut);
        }
    }
    None
}

/// The last line of a text that was cut, before the command that shows the rest.
const CUT: &str = "… the rest does not fit: ";

/// A command that shows the present state.
const STATUS: &str = "minimax-watch status";

/// One line, as pieces.
pub(in crate::notify) type Line = Vec<Span>;

/// `text` cut to at most `room` UTF-16 units, with an ellipsis in place of the rest. Services that limit characters may count units,
/// which are never fewer.
pub(in crate::notify) fn shortened_units(text: &str, room: usize) -> String {
    if text.encode_utf16().count() <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(1);
    let fits = |c: &char| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

/// A message for a chat.
#[derive(Clone, Debug)]
pub(in crate::notify) struct ChatText {
    /// One line without marks: `[CRITICAL] studio-a: token expired`.
    pub(in crate::notify) title: String,
    pub(in crate::notify) tone: Tone,
    /// An empty line separates paragraphs.
    pub(in crate::notify) lines: Vec<Line>,
}

impl ChatText {
    pub(in crate::notify) fn new(message: &Message, receiver: &Receiver) -> Result<Self, RenderError> {
        let mut context = MessageContext::new(message, &receiver.timezone);
        let own = receiver.templates.text.as_ref();
        let text = render_or(own, message, &mut context, receiver, |context| {
            let mut templates = templates(receiver.supervisor)?;
            templates.add_template("chat.jinja", include_str!("chat.jinja"))?;
            Ok(templates.get_template("chat.jinja")?.render(Value::from(Serde(context)))?)
        })?;
        Ok(Self {
            title: context.subject,
            tone: context.tone,
            lines: text.trim().lines().map(spans).collect(),
        })
    }

    /// The lines that fit into `room`, as `size` measures each, its line break included. When some do not fit, the last line says so.
    pub(in crate::notify) fn lines_within(&self, room: usize, size: impl Fn(&Line) -> usize) -> Vec<Line> {
        let total: usize = self.lines.iter().map(&size).sum();
        if total <= room {
            return self.lines.clone();
        }
        let span = |style, text: &str| Span { style, text: text.to_owned() };
        let cut: Line = vec![span(Style::Plain, CUT), span(Style::Code, STATUS)];
        let mut left = room.saturating_sub(size(&cut));
        let fits = |line: &&Line| match left.checked_sub(size(line)) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        let mut kept: Vec<Line> = self.lines.iter().take_while(fits).cloned().collect();
        // The beginning of a line that alone is too long.
        if let Some(line) = self.lines.get(kept.len()).filter(|line| size(line) > room / 2) {
            kept.extend(beginning(line, left, &size));
        }
        kept.into_iter().chain([cut]).collect()
    }

    /// The lines as text without emphasis.
    pub(in crate::notify) fn plain(lines: &[Line]) -> String {
        let line = |line: &Line| line.iter().map(|span| span.text.as_str()).collect::<String>();
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
