//! Text for people: wrapped to 80 columns, with counts and sizes in words.

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter};

use crate::domain::text;
use crate::report::AccountIdentity;

/// No line is wider, except by a single long word.
const WIDTH: usize = 80;

/// Wraps `text` between words; each line is indented by `indent` spaces. White space is normalized, long words stay whole.
pub(super) fn wrap(text: &str, indent: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let indent = " ".repeat(if words.is_empty() { 0 } else { indent });
    let options = Options::new(WIDTH)
        .initial_indent(&indent)
        .subsequent_indent(&indent)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(&words, options) + "\n"
}

/// As [`wrap`], with `label` before the first line.
pub(super) fn labelled(label: &str, indent: usize, text: &str) -> String {
    // Colour codes take no room.
    let gap = indent.saturating_sub(display_width(label));
    format!("{label}{:gap$}{}", "", wrap(text, indent).trim_start_matches(' '))
}

/// `studio-a (123456) of main`; an account without a name of its own is `123456 of main`.
pub(super) fn account_title(account: &AccountIdentity) -> String {
    let (name, id) = (text::name(&account.name), text::name(account.id.as_str()));
    let named = if name == id { name } else { format!("{name} ({id})") };
    format!("{named} of {}", text::name(account.subscription.as_str()))
}

/// `1 account`, `2 accounts`.
pub(crate) fn pluralize(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `512 B`, `36 KiB`, `1.5 MiB`.
pub(crate) fn format_bytes(bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{} KiB", bytes / KIB),
        _ => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_break_between_words_and_a_long_word_stays_whole() {
        let long = "x".repeat(100);
        assert_eq!(wrap(&format!("ab {long} cd"), 2), format!("  ab\n  {long}\n  cd\n"));
        assert_eq!(wrap("", 2), "\n");
    }

    #[test]
    fn sizes_have_the_unit_that_people_use() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (36_864, "36 KiB"), (1 << 20, "1.0 MiB"), (3 << 19, "1.5 MiB")]
        {
            assert_eq!(format_bytes(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_line_is_too_wide(words in proptest::collection::vec("[a-zü→]{1,20}", 0..60), indent in 0_usize..8) {
            let lines = wrap(&words.join(" "), indent);
            prop_assert_eq!(lines.split_whitespace().collect::<Vec<_>>(), words);
            prop_assert!(lines.lines().all(|line| line.chars().count() <= WIDTH));
        }
    }
}
