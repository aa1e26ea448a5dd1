//! Foreign text made fit to print: names that operators typed, words that servers answered.
//!
//! Promises: what leaves here is one line without control characters, so it can forge neither a mail header nor a
//! log line, nor turn the reading direction around. Leaves escaping for HTML or JSON to whoever writes those.

/// The most characters of a foreign text that a sentence quotes: enough to recognise a date in any notation.
pub const MAX_QUOTED: usize = 64;

/// `text` on one line: white space of any kind becomes one space, control and direction characters vanish.
pub fn one_line(text: &str) -> String {
    let visible: String = text.chars().filter(|c| c.is_whitespace() || !is_unseen(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
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
    format!("{:?}", shortened(text, MAX_QUOTED))
}

/// Joiners (U+200C, U+200D) stay: names in several scripts, and emoji, need them.
fn is_unseen(c: char) -> bool {
    let direction_or_empty = matches!(
        c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    c.is_control() || direction_or_empty
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_joined_and_what_cannot_be_seen_vanishes() {
        for (given, printed) in [
            ("studio-a", "studio-a"),
            ("  a\r\nBcc: x@example.com\t", "a Bcc: x@example.com"),
            ("bell\u{7}\u{1b}[31m", "bell[31m"),
            ("exe\u{202e}gpj", "exegpj"),
            ("a\u{2028}b\u{85}c", "a b c"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            ("\n", ""),
        ] {
            assert_eq!(one_line(given), printed, "{given:?}");
        }
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
        fn nothing_printed_holds_a_line_end_or_a_control_character(text in any::<String>()) {
            let line = one_line(&text);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert_eq!(one_line(&line), line.clone());
        }
    }
}
