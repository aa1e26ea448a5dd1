//! Filling of plain text to a mail's width.
//!
//! Promises: no word is ever cut, so an address stays whole and can be clicked; only white space moves.

/// Stands for a space at which [`fill`] may not begin a new line. Foreign text never holds it: `one_line` takes it out.
const UNBROKEN: char = '\u{a0}';

/// Columns of a line in a mail's text part, unless one word is longer.
pub(super) const WIDTH: usize = 76;

/// Fills `text` to [`WIDTH`]. Leading spaces stay; further lines are indented by `indent`.
pub(super) fn fill(text: &str, indent: usize) -> String {
    let body = text.trim_start_matches(' ');
    let mut filled = " ".repeat(text.len() - body.len());
    let (mut column, mut line_is_empty) = (filled.len(), true);
    for word in body.split_inclusive(' ') {
        let width = word.trim_end_matches(' ').chars().count();
        if !line_is_empty && column + width > WIDTH {
            filled.truncate(filled.trim_end_matches(' ').len());
            filled.push('\n');
            filled.push_str(&" ".repeat(indent));
            column = indent;
        }
        filled.push_str(word);
        column += word.chars().count();
        line_is_empty = false;
    }
    filled.truncate(filled.trim_end_matches(' ').len());
    filled.replace(UNBROKEN, " ")
}

/// Drops backticks, and keeps what stood between two of them on one line.
pub(super) fn unbroken(text: &str) -> String {
    let spans = text.split('`').enumerate();
    spans
        .map(|(number, span)| {
            if number % 2 == 1 {
                span.replace(' ', UNBROKEN.encode_utf8(&mut [0; 2]))
            } else {
                span.to_owned()
            }
        })
        .collect()
}

/// `text` padded to the width of a label, and a space at least.
pub(super) fn column(text: &str) -> String {
    format!("{text:<13} ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_words_stay_whole_on_a_line_of_their_own() {
        let address = format!("https://example.com/{}", "x".repeat(80));
        assert_eq!(fill(&format!("see {address} now"), 2), format!("see\n  {address}\n  now"));
        assert_eq!(fill(&format!("  1. {address}"), 5), format!("  1.\n     {address}"));
    }

    #[test]
    fn a_command_stays_on_one_line() {
        let text = format!("{} `minimax-watch deliveries --since 7d` now", "x".repeat(60));
        let filled = fill(&unbroken(&text), 0);
        assert_eq!(filled.lines().nth(1), Some("minimax-watch deliveries --since 7d now"));
    }

    proptest! {
        #[test]
        fn filling_moves_white_space_only(words in proptest::collection::vec("[a-zäß€]{1,90}", 0..40), indent in 0_usize..20) {
            let text = words.join(" ");
            let filled = fill(&text, indent);
            prop_assert_eq!(filled.split_whitespace().collect::<Vec<_>>(), words);
            for line in filled.lines() {
                let long = line.chars().count() > WIDTH;
                prop_assert!(!long || line.split_whitespace().count() == 1, "{:?}", line);
            }
        }
    }
}
