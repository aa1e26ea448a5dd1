//! The text of a Telegram message and its entities.

use serde_json::{Value, json};

use crate::config::Receiver;
use crate::domain::message::Message;
use crate::notify::message::{ChatText, Line, RenderError, SETUP_PAGE, Span, Style, Tone};

/// UTF-16 units of a text, entities not counted (Bot API, `sendMessage`).
const MAX_TEXT: usize = 4096;

/// Joins two characters without a sign.
const WORD_JOINER: char = '\u{2060}';

/// The JSON of `sendMessage`, without the chat.
pub(in crate::notify) fn render(message: &Message, receiver: &Receiver) -> Result<Vec<u8>, RenderError> {
    let chat = ChatText::new(message, receiver)?;
    let title: Line = vec![undetected(Span { style: Style::Bold, text: chat.title.clone() })];
    let lines = chat.lines.into_iter().map(|line| line.into_iter().map(undetected).collect()).collect();
    let chat = ChatText { lines, ..chat };
    let room = MAX_TEXT.saturating_sub(units(&title) + 1);
    let lines = [title, Line::new()].into_iter().chain(chat.lines_within(room, units));
    let (mut text, mut entities, mut offset) = (String::new(), Vec::new(), 0);
    for line in lines {
        if !text.is_empty() {
            text.push('\n');
            offset += 1;
        }
        for Span { style, text: piece } in line {
            let length = piece.encode_utf16().count();
            let kind = match style {
                Style::Plain => None,
                Style::Bold => Some("bold"),
                Style::Code => Some("code"),
            };
            entities.extend(kind.map(|kind| json!({"type": kind, "offset": offset, "length": length})));
            offset += length;
            text.push_str(&piece);
        }
    }
    let body: Value = json!({
        "text": text,
        "entities": entities,
        "link_preview_options": {"is_disabled": true},
        "disable_notification": matches!(chat.tone, Tone::Info | Tone::Digest),
    });
    Ok(serde_json::to_vec(&body)?)
}

/// The span with a word joiner, which nobody sees, where Telegram would find a mention, a hashtag, a command or an address: it looks for
/// them in every text, and a name from outside may hold them. Commands of ours are code, in which it looks for nothing.
fn undetected(span: Span) -> Span {
    if span.style == Style::Code {
        return span;
    }
    let mut text = String::with_capacity(span.text.len());
    for (index, piece) in span.text.split(SETUP_PAGE).enumerate() {
        if index > 0 {
            text.push_str(SETUP_PAGE);
        }
        let mut before = ' ';
        for c in piece.chars() {
            text.push(c);
            if matches!(c, '@' | '#') || c == '/' && (before == ' ' || before == ':') {
                text.push(WORD_JOINER);
            }
            before = c;
        }
    }
    Span { text, ..span }
}

/// The units of `line` and of the line break before it.
fn units(line: &Line) -> usize {
    line.iter().map(|span| span.text.encode_utf16().count()).sum::<usize>() + 1
}
