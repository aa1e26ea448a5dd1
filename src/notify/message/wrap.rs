//! Wrapping of plain text to the width of a mail.
//!
//! Guarantees: no word is ever split, so an address can still be clicked; only white space changes.

use textwrap::{Options, WordSeparator, WordSplitter};

/// Columns of a line, unless a single word is longer.
const WIDTH: usize = 76;

/// Columns of a label in a list of facts.
const LABEL_WIDTH: usize = 13;

/// A space at which [`wrap`] does not break. Text from outside never contains it: `one_line` removes it.
const NO_BREAK_SPACE: &str = "\u{a0}";

/// Wraps `text` to [`WIDTH`]. Leading spaces are kept; every further line is indented by `indent`.
pub(in crate::notify) fn wrap(text: &str, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let options = Options::new(WIDTH)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options).replace(NO_BREAK_SPACE, " ")
}

/// Removes backticks, and keeps the text between two of them on one line.
pub(in crate::notify) fn keep_together(text: &str) -> String {
    let spans = text.split('`').enumerate();
    spans
        .map(|(i, span)| if i % 2 == 1 { span.replace(' ', NO_BREAK_SPACE) } else { span.to_owned() })
        .collect()
}

/// `text` padded to the width of a label, followed by a space.
pub(in crate::notify) fn pad(text: &str) -> String {
    format!("{text:<LABEL_WIDTH$} ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_word_gets_its_own_line() {
        let address = format!("https://example.com/{}", "x".repeat(80));
        assert_eq!(wrap(&format!("see {address} now"), 2), format!("see\n  {address}\n  now"));
        assert_eq!(wrap(&format!("  1. {address}"), 5), format!("  1.\n     {address}"));
    }

    #[test]
    fn command_in_backticks_stays_on_one_line() {
        let text = format!("{} `minimax-watch deliveries --since 7d` now", "x".repeat(60));
        let wrapped = wrap(&keep_together(&text), 0);
        assert_eq!(wrapped.lines().nth(1), Some("minimax-watch deliveries --since 7d now"));
    }

    proptest! {
        #[test]
        fn wrapping_only_changes_white_space(words in proptest::collection::vec("[a-zäß€]{1,90}", 0..40), indent in 0_usize..20) {
            let text = words.join(" ");
            let wrapped = wrap(&text, indent);
            prop_assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>(), words);
            for line in wrapped.lines() {
                let long = line.chars().count() > WIDTH;
                prop_assert!(!long || line.split_whitespace().count() == 1, "{:?}", line);
            }
        }
    }
}
