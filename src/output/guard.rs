//! The last guard before a terminal: escapes what was not escaped where a line was composed.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::domain::text;

/// How our own colours begin (ECMA-48, "Select graphic rendition").
const COLOUR: &str = "\u{1b}[";

/// `text` with every control and invisible character escaped, except line ends and our own colours.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    if text::is_printable(text) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(COLOUR);
    let mut printed = text::printable(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        match part.split_at(end) {
            (codes, rest) if rest.starts_with('m') => {
                printed.push_str(COLOUR);
                printed.push_str(codes);
                printed.push_str(&text::printable(rest));
            }
            _ => {
                printed.push_str(&text::printable(COLOUR));
                printed.push_str(&text::printable(part));
            }
        }
    }
    Cow::Owned(printed)
}

/// A writer that guards each write; writes must end between characters.
pub(super) struct Guard<'a>(pub(super) &'a mut dyn Write);

impl Write for Guard<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write_all(guarded(&String::from_utf8_lossy(buf)).as_bytes())?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn line_ends_and_colours_pass_and_other_control_characters_are_escaped() {
        for (given, printed) in [
            ("a\nb", "a\nb"),
            ("\u{1b}[1mname\u{1b}[0m", "\u{1b}[1mname\u{1b}[0m"),
            ("\u{1b}[38;5;1mx", "\u{1b}[38;5;1mx"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{1b}[", "\\u{1b}["),
            ("a\rb\u{9b}1m\u{202e}", "a\\u{d}b\\u{9b}1m\\u{202e}"),
        ] {
            assert_eq!(guarded(given), printed, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn only_colour_sequences_pass(text in any::<String>()) {
            let printed = guarded(&text);
            let mut rest = printed.split('\u{1b}');
            prop_assert!(text::is_printable(rest.next().unwrap()));
            for part in rest {
                let codes = part.strip_prefix('[').unwrap().trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
                prop_assert!(codes.starts_with('m') && text::is_printable(part));
            }
        }
    }
}
