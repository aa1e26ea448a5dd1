//! Marks of emphasis in rendered text: what is bold, and what is a command. Each type of receiver writes them in its own way.
//!
//! Guarantees: only templates set marks. They are control characters, which texts from outside never contain (`domain::text`).

use crate::domain::text::is_invisible;

/// Begins and ends bold text.
const BOLD: char = '\u{2}';

/// Begins and ends a command.
const CODE: char = '\u{3}';

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::notify) enum Style {
    Plain,
    Bold,
    Code,
}

/// A piece of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::notify) struct Span {
    pub(in crate::notify) style: Style,
    pub(in crate::notify) text: String,
}

/// Marks `text` as bold.
pub(in crate::notify) fn bold(text: &str) -> String {
    format!("{BOLD}{text}{BOLD}")
}

/// Marks `text` as a command.
pub(in crate::notify) fn code(text: &str) -> String {
    format!("{CODE}{text}{CODE}")
}

/// Marks what stands between two backticks as a command. For texts of ours only: names from outside may contain backticks.
pub(in crate::notify) fn commands(text: &str) -> String {
    text.replace('`', &CODE.to_string())
}

/// `text` without marks, for mails, which show no emphasis of their own.
pub(in crate::notify) fn without_marks(text: &str) -> String {
    text.replace([BOLD, CODE], "")
}

/// `text` of a template of the operator's, which may print values from outside unaltered: invisible characters are shown, except for line
/// breaks and marks.
pub(in crate::notify) fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.replace('\r', "").chars() {
        if is_invisible(c) && !matches!(c, '\n' | BOLD | CODE) {
            visible.extend(c.escape_unicode());
        } else {
            visible.push(c);
        }
    }
    visible
}

/// The pieces of one marked line, none of them empty.
pub(in crate::notify) fn spans(line: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let (mut style, mut text) = (Style::Plain, String::new());
    let mut end = |style: Style, text: &mut String| {
        if !text.is_empty() {
            spans.push(Span { style, text: std::mem::take(text) });
        }
    };
    for c in line.chars() {
        let next = match (c, style) {
            (BOLD, Style::Bold) | (CODE, Style::Code) => Style::Plain,
            (BOLD, _) => Style::Bold,
            (CODE, _) => Style::Code,
            _ => {
                text.push(c);
                continue;
            }
        };
        end(style, &mut text);
        style = next;
    }
    end(style, &mut text);
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_styles_and_disappear() {
        let line = format!("a {} {}b{}", bold("B"), commands("run `x y`, "), code("z"));
        let pieces: Vec<_> = spans(&line).into_iter().map(|span| (span.style, span.text)).collect();
        let piece = |style, text: &str| (style, text.to_owned());
        assert_eq!(
            pieces,
            [
                piece(Style::Plain, "a "),
                piece(Style::Bold, "B"),
                piece(Style::Plain, " run "),
                piece(Style::Code, "x y"),
                piece(Style::Plain, ", b"),
                piece(Style::Code, "z"),
            ]
        );
    }
}
