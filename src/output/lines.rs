//! Lines of text for people: wrapped to the width of a terminal, and counted in words.

use std::fmt::Write;

/// What is written below or beside the table is no wider.
const WIDTH: usize = 80;

/// `text` between words broken into lines, each `indent` spaces in; a longer word stays whole.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length <= WIDTH {
            lines.push(' ');
            used += 1 + length;
        } else {
            let line_end = if used > 0 { "\n" } else { "" };
            let _ = write!(lines, "{line_end}{:indent$}", "");
            used = indent + length;
        }
        lines.push_str(word);
    }
    lines.push('\n');
    lines
}

/// `text`, wrapped and `indent` spaces in, with `label` before its first line. What is seen of the label is `width` wide.
pub(super) fn block(label: &str, width: usize, indent: usize, text: &str) -> String {
    let lines = wrapped(text, indent);
    let gap = indent.saturating_sub(width);
    format!("{label}{:gap$}{}", "", lines.trim_start_matches(' '))
}

/// `1 account`, `2 accounts`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `512 B`, `36 KiB`, `1.5 MiB`.
pub(crate) fn sized(bytes: u64) -> String {
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
    fn a_line_breaks_between_words_and_a_long_word_stays_whole() {
        let long = "x".repeat(100);
        assert_eq!(wrapped(&format!("ab {long} cd"), 2), format!("  ab\n  {long}\n  cd\n"));
        assert_eq!(wrapped("", 2), "\n");
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_people_use() {
        for (bytes, told) in
            [(0, "0 B"), (1023, "1023 B"), (36_864, "36 KiB"), (1 << 20, "1.0 MiB"), (3 << 19, "1.5 MiB")]
        {
            assert_eq!(sized(bytes), told);
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_line_is_too_wide(words in proptest::collection::vec("[a-zü→]{1,20}", 0..60), indent in 0_usize..8) {
            let lines = wrapped(&words.join(" "), indent);
            prop_assert_eq!(lines.split_whitespace().collect::<Vec<_>>(), words);
            prop_assert!(lines.lines().all(|line| line.chars().count() <= WIDTH));
        }
    }
}
