//! Makes text from outside safe to print: names that operators typed, ids from the API, answers of servers.
//!
//! The result is one line without hidden parts: control characters, direction marks and characters without a width are shown as
//! `\u{…}`. It cannot forge a mail header or a log line, control a terminal or reverse the reading direction. Escaping for HTML and
//! JSON is left to their writers; JSON carries the values unaltered.

use std::fmt::Write as _;

/// The most characters of an id or name that are printed; JSON has all of them.
pub const MAX_NAME: usize = 80;

/// The most characters of a text from outside that a sentence quotes: enough to recognise a date in any notation.
pub const MAX_QUOTED: usize = 64;

/// `text` on one line: white space of any kind becomes one space, invisible characters are escaped.
pub fn one_line(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" "), is_invisible)
}

/// An id or name on one line and of a bounded length. Line breaks and tabs are escaped like other invisible characters, so that
/// different names look different.
pub fn name(text: &str) -> String {
    shortened(&escaped(text, is_invisible), MAX_NAME)
}

/// Names as [`name`] prints each, for lists in messages.
pub fn names<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The first `most` of `names`, and how many more there are: `a, b and 3 more`.
pub fn first_few(names: impl IntoIterator<Item = String>, most: usize) -> String {
    let mut names = names.into_iter();
    let first = names.by_ref().take(most).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// `text` of several lines with invisible characters escaped: the last guard where text is printed.
pub fn printable(text: &str) -> String {
    escaped(text, |c| c != '\n' && is_invisible(c))
}

/// Whether [`printable`] would change nothing.
pub fn is_printable(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !is_invisible(c))
}

/// `text` cut to at most `room` characters, with an ellipsis in place of the rest.
pub fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `text` in quotation marks, shortened, with invisible characters escaped.
pub fn quoted(text: &str) -> String {
    let text = shortened(text, MAX_QUOTED).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped(&text, is_invisible))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    if !text.chars().any(&is_escaped) {
        return text.to_owned();
    }
    let mut printed = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) {
            let _ = write!(printed, "\\u{{{:x}}}", u32::from(c));
        } else {
            printed.push(c);
        }
    }
    printed
}

/// Control characters (C0, C1), line and paragraph separators, direction marks, characters without a width (joiners and soft
/// hyphens, too: an id that holds one looks like another id), tags, and fillers that look like a space.
pub fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_joined_to_one_line_and_invisible_characters_are_shown() {
        for (given, printed) in [
            ("studio-a", "studio-a"),
            ("  a\r\nBcc: x@example.com\t", "a Bcc: x@example.com"),
            ("bell\u{7}\u{1b}[31m", "bell\\u{7}\\u{1b}[31m"),
            ("exe\u{202e}gpj", "exe\\u{202e}gpj"),
            ("a\u{2028}b\u{85}c", "a b c"),
            ("C1 \u{9b}31m", "C1 \\u{9b}31m"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("名前 é 🚀", "名前 é 🚀"),
            ("\n", ""),
        ] {
            assert_eq!(one_line(given), printed, "{given:?}");
        }
    }

    #[test]
    fn names_that_differ_in_invisible_characters_look_different_and_long_ones_are_shortened() {
        for (given, printed) in [
            ("studio-a", "studio-a"),
            ("a\nb", "a\\u{a}b"),
            ("a\tb", "a\\u{9}b"),
            ("a\u{2029}b", "a\\u{2029}b"),
            ("a\u{ad}b\u{2060}c\u{200d}d\u{feff}", "a\\u{ad}b\\u{2060}c\\u{200d}d\\u{feff}"),
        ] {
            assert_eq!(name(given), printed, "{given:?}");
        }
        let long = name(&"é".repeat(10_000));
        assert_eq!(long.chars().count(), MAX_NAME);
        assert!(long.ends_with('…'), "{long}");
    }

    #[test]
    fn shortened_text_ends_with_an_ellipsis() {
        for (room, cut) in [(12, "token expired"), (13, "token expired"), (6, "token expired")] {
            let short = shortened(cut, room);
            assert!(short.chars().count() <= room, "{short}");
            assert_eq!(short.ends_with('…'), room < 13, "{short}");
        }
        assert_eq!(shortened("token expired", 7), "token…", "no space before the ellipsis");
    }

    proptest! {
        #[test]
        fn printed_text_has_no_line_break_and_no_invisible_character(text in any::<String>()) {
            for line in [one_line(&text), name(&text)] {
                prop_assert!(!line.chars().any(is_invisible));
                prop_assert_eq!(one_line(&line), line.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            prop_assert!(is_printable(&printable(&text)));
        }
    }
}
