//! Text from outside made fit to print: names that operators typed, ids from the API, words that servers answered.
//!
//! Promises: what leaves here is one line in which nothing can hide: control characters, direction marks and characters
//! without a width are shown as `\u{…}`. It can forge neither a mail header nor a log line, drives no terminal and turns no
//! reading direction around. Leaves escaping for HTML or JSON to whoever writes those; JSON carries the values themselves.

use std::fmt::Write as _;

/// Characters of an id or a name that are printed; JSON has all of them.
pub const LONGEST_NAME: usize = 80;

/// The most characters of a text from outside that a sentence quotes: enough to recognise a date in any notation.
pub const MAX_QUOTED: usize = 64;

/// `text` on one line: white space of any kind becomes one space, what cannot be seen is escaped.
pub fn one_line(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" "), is_unseen)
}

/// An id or a name on one line and of a bounded length. Line breaks and tabs are escaped like everything else that cannot be
/// seen, so that two names that differ look different.
pub fn name(text: &str) -> String {
    shortened(&escaped(text, is_unseen), LONGEST_NAME)
}

/// Names as [`name`] prints each, for lists in messages.
pub fn names<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

/// `text` of several lines with everything escaped that could drive a terminal or hide: the last guard where text is printed.
pub fn printable(text: &str) -> String {
    escaped(text, |c| c != '\n' && is_unseen(c))
}

/// Whether [`printable`] would change nothing.
pub fn is_printable(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !is_unseen(c))
}

/// The first `room` characters of `text` at most; an ellipsis stands for what was cut.
pub fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `text` in quotation marks, for a sentence: shortened, and with whatever does not print escaped.
pub fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        escaped(&shortened(text, MAX_QUOTED).replace('\\', "\\\\").replace('"', "\\\""), is_unseen)
    )
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
pub fn is_unseen(c: char) -> bool {
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
    fn text_is_joined_to_one_line_and_what_cannot_be_seen_is_shown() {
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
    fn names_that_differ_in_what_cannot_be_seen_look_different_and_long_ones_are_shortened() {
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
        assert_eq!(long.chars().count(), LONGEST_NAME);
        assert!(long.ends_with('…'), "{long}");
    }

    #[test]
    fn what_is_cut_says_so() {
        for (room, cut) in [(12, "token expired"), (13, "token expired"), (6, "token expired")] {
            let short = shortened(cut, room);
            assert!(short.chars().count() <= room, "{short}");
            assert_eq!(short.ends_with('…'), room < 13, "{short}");
        }
        assert_eq!(shortened("token expired", 7), "token…", "no space before the ellipsis");
    }

    proptest! {
        #[test]
        fn nothing_printed_holds_a_line_end_or_a_character_that_cannot_be_seen(text in any::<String>()) {
            for line in [one_line(&text), name(&text)] {
                prop_assert!(!line.chars().any(is_unseen));
                prop_assert_eq!(one_line(&line), line.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            prop_assert!(is_printable(&printable(&text)));
        }
    }
}
