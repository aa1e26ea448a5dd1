//! Takes the accounts out of the text of the file: a tree of a hundred thousand of them would take most of the memory of a check.
//!
//! Guarantees: the text that is left and the tables that were taken out mean together what the whole text means. A text in which
//! that is in doubt is not split. Leaves reading both to `file`, and what an account is to `sections`.

use std::ops::Range;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

const SUBSCRIPTION: &str = "[[subscriptions]]";
const ACCOUNT: &str = "[[subscriptions.accounts]]";

/// The text of a file in two parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// Everything but accounts, which are blank in it: positions are those of the whole text.
    pub(super) rest: String,
    /// Where the keys and values of each account are in the whole text, by subscription.
    pub(super) accounts: Vec<Vec<Range<usize>>>,
}

/// Splits `content`; nothing when a header names subscriptions or accounts in an unusual form.
pub(super) fn split(content: &str) -> Option<Split> {
    let mut split = Split { rest: String::with_capacity(content.len()), accounts: Vec::new() };
    // Where the account begins, and its keys and values.
    let mut account = None;
    for position in headers(content) {
        split.close(content, account.take(), position);
        // A key with `#` in it follows the one that matters.
        let header = content.get(position..)?.lines().next()?.split('#').next()?;
        match header.trim_end() {
            SUBSCRIPTION => split.accounts.push(Vec::new()),
            ACCOUNT if !split.accounts.is_empty() => account = Some((position, position + ACCOUNT.len())),
            _ if header.contains("subscriptions") || header.contains('\\') => return None,
            _ => {}
        }
    }
    split.close(content, account, content.len());
    let left = content.get(split.rest.len()..)?;
    split.rest.push_str(left);
    Some(split)
}

impl Split {
    /// Takes out the account that begins at `account` and ends at `end`.
    fn close(&mut self, content: &str, account: Option<(usize, usize)>, end: usize) {
        let Some((start, body)) = account else { return };
        let Some(accounts) = self.accounts.last_mut() else { return };
        accounts.push(body..end);
        self.rest.push_str(content.get(self.rest.len()..start).unwrap_or_default());
        self.rest.extend(std::iter::repeat_n(' ', end - start));
    }
}

/// Where the headers of tables begin: brackets at the beginning of a line that are not in a text or a list.
fn headers(content: &str) -> impl Iterator<Item = usize> {
    let (mut depth, mut at_line_start) = (0_usize, true);
    Source::new(content).lex().filter_map(move |token| {
        let kind = token.kind();
        let is_header = kind == TokenKind::LeftSquareBracket && at_line_start && depth == 0;
        match kind {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => depth = depth.saturating_sub(1),
            _ => {}
        }
        at_line_start = kind == TokenKind::Newline || (kind == TokenKind::Whitespace && at_line_start);
        is_header.then(|| token.span().start())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::{Table, Value, from_str};

    use super::*;

    /// What is left, with runs of blanks shortened, and the accounts of each subscription.
    fn shown(content: &str) -> Option<(String, Vec<Vec<&str>>)> {
        let split = split(content)?;
        assert_eq!(split.rest.len(), content.len(), "positions stay");
        let accounts = split.accounts.iter().map(|of| of.iter().map(|body| &content[body.clone()]).collect());
        Some((split.rest.split_whitespace().collect::<Vec<_>>().join(" "), accounts.collect()))
    }

    #[test]
    fn accounts_are_taken_out_by_subscription() {
        let (rest, accounts) = shown(
            "[api]\n[[subscriptions]] # the first\nname = 'a'\n [[subscriptions.accounts]] # one\nid = '1'\n\n\
             [[subscriptions.accounts]]\r\nid = '2'\n[[subscriptions]]\nname = 'b'\n[[receivers]]\nname = 'r'\n",
        )
        .unwrap();
        assert_eq!(
            rest,
            "[api] [[subscriptions]] # the first name = 'a' [[subscriptions]] name = 'b' [[receivers]] name = 'r'"
        );
        assert_eq!(accounts, [vec![" # one\nid = '1'\n\n", "\r\nid = '2'\n"], vec![]]);
    }

    #[test]
    fn what_looks_like_a_header_in_a_text_or_a_list_is_none() {
        for value in
            ["'''\n[[subscriptions]]\n'''", "\"\"\"\n[store]\"\"\"", "[\n[['x']]\n]", "{ a = [\n[1]] }"]
        {
            let content =
                format!("[[subscriptions]]\n[[subscriptions.accounts]]\nid = {value}\nname = 'n'\n");
            let (rest, accounts) = shown(&content).unwrap();
            assert_eq!(rest, "[[subscriptions]]", "{value}");
            assert_eq!(accounts, [[format!("\nid = {value}\nname = 'n'\n")]]);
        }
    }

    #[test]
    fn a_text_in_which_the_accounts_are_in_doubt_is_not_split() {
        for header in [
            "[subscriptions]",
            "[[ subscriptions ]]",
            "[['subscriptions']]",
            "[[\"\\u0073ubscriptions\"]]",
            "[subscriptions.accounts.lead]",
            "[[subscriptions.accounts]] id = 1",
        ] {
            assert_eq!(
                split(&format!("[[subscriptions]]\n[[subscriptions.accounts]]\nid = '1'\n{header}\n")),
                None
            );
        }
        assert_eq!(
            split("[[subscriptions.accounts]]\nid = '1'\n[[subscriptions]]\n"),
            None,
            "of no subscription"
        );
    }

    /// Lines that are often valid together, and some that look like others.
    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => Just(SUBSCRIPTION.to_owned()),
            6 => Just(ACCOUNT.to_owned()),
            4 => "(id|name|a\\.b) = ('x'|7|\\[\\[1\\],|\\]|'''|\\{ a = 1 \\})",
            1 => "accounts = \\[\\]",
            1 => "\\[\\[?(subscriptions|api|accounts)(\\.(accounts|a))?\\]?\\]",
            2 => "[ \t#'\"\\[\\]{}a\\\\\u{feff}]{0,6}",
        ]
    }

    proptest! {
        #[test]
        fn the_parts_mean_what_the_whole_means(lines in prop::collection::vec(line(), 0..12), end in "\r?\n") {
            let content = lines.join(&end);
            let Some(Split { rest, accounts }) = split(&content) else { return Ok(()) };
            let (whole, rest) = (from_str::<Table>(&content), from_str::<Table>(&rest));
            let parse = |body: &Range<usize>| from_str::<Table>(&content[body.clone()]).map(Value::Table);
            let parts: Result<Vec<Vec<Value>>, _> =
                accounts.iter().map(|of| of.iter().map(parse).collect()).collect();
            let (Ok(mut rest), Ok(parts)) = (rest, parts) else {
                prop_assert!(whole.is_err(), "{content:?}");
                return Ok(());
            };
            let subscriptions = rest.get_mut("subscriptions").and_then(Value::as_array_mut);
            for (subscription, accounts) in subscriptions.into_iter().flatten().zip(parts) {
                let subscription = subscription.as_table_mut().unwrap();
                if !accounts.is_empty() && subscription.insert("accounts".to_owned(), accounts.into()).is_some() {
                    // Given in two ways, which `table` reports.
                    prop_assert!(whole.is_err(), "{content:?}");
                    return Ok(());
                }
            }
            prop_assert_eq!(whole, Ok(rest));
        }
    }
}
