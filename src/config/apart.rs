//! Accounts apart: what a long file says of each account, without the tree of all of them.
//!
//! Promises: a file that is parted well means what it means as a whole. Whatever is unusual about it is not parted: a tree of
//! it takes more memory, and is the only one that mistakes are told from. Leaves what an account is to `resolve`.

/// The header of a subscription.
const SUBSCRIPTION: &str = "[[subscriptions]]";

/// The header of an account.
const ACCOUNT: &str = "[[subscriptions.accounts]]";

/// What stands under each account's header, by subscription.
pub(super) type Accounts<'t> = Vec<Vec<&'t str>>;

/// Parts `text` into what stands under accounts' headers, and the rest; nothing when it is not plain where they stand.
pub(super) fn part(text: &str) -> Option<(String, Accounts<'_>)> {
    // What looks like a header may be text in these.
    if text.contains("\"\"\"") || text.contains("'''") {
        return None;
    }
    let (mut rest, mut accounts) = (String::new(), Accounts::new());
    let mut body: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let header = line.trim();
        if header.starts_with('[') {
            if let Some(begin) = body.take() {
                accounts.last_mut()?.push(text.get(begin..start)?);
            }
            match header {
                SUBSCRIPTION => accounts.push(Vec::new()),
                ACCOUNT if accounts.is_empty() => return None,
                ACCOUNT => body = Some(start + line.len()),
                // The same tables in other words, perhaps.
                other if other.contains("subscriptions") || other.contains('\\') => return None,
                _ => {}
            }
        }
        if header != ACCOUNT && body.is_none() {
            rest.push_str(line);
        }
        start += line.len();
    }
    if let Some(begin) = body {
        accounts.last_mut()?.push(text.get(begin..)?);
    }
    Some((rest, accounts))
}

/// What stands under an account's header, where that is an id and perhaps a name in the plainest of words.
pub(super) fn plain(content: &str) -> Option<(&str, Option<&str>)> {
    const BLANK: [char; 2] = [' ', '\t'];
    let (mut id, mut name) = (None, None);
    for line in content.lines().map(|line| line.trim_matches(BLANK)).filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once('=')?;
        let value = value.trim_matches(BLANK);
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let text = value.strip_prefix(quote)?.strip_suffix(quote)?;
        let odd = |c: char| matches!(c, '\\' | '"' | '\'') || c.is_control();
        if text.contains(odd) || text.trim().is_empty() {
            return None;
        }
        let slot = match key.trim_matches(BLANK) {
            "id" => &mut id,
            "name" => &mut name,
            _ => return None,
        };
        if slot.replace(text).is_some() {
            return None;
        }
    }
    Some((id?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_is_read_and_anything_else_is_left_to_who_knows_the_format() {
        for (content, read) in [
            ("id = \"1\"\n\n", Some(("1", None))),
            ("name='studio #a'\r\n\tid  =  '007' \r\n", Some(("007", Some("studio #a")))),
            ("", None),
            ("name = 'a'\n", None),
            ("id = ''\n", None),
            ("id = 7\n", None),
            ("id = \"1\" # one\n", None),
            ("# one\nid = \"1\"\n", None),
            ("id = \"\\u0031\"\n", None),
            ("id = \"\"\"1\"\"\"\n", None),
            ("id = \"1'\n", None),
            ("id = \"\n", None),
            ("id = \"1\"\nid = \"2\"\n", None),
            ("\"id\" = \"1\"\n", None),
            ("id = \"1\"\nlead_times = ['1d']\n", None),
            ("id = \"1\"\nnmae = 'a'\n", None),
            ("id = \"1\rname = 'a'\n", None),
            ("id = \"1\"\u{a0}\n", None),
        ] {
            assert_eq!(plain(content), read, "{content:?}");
        }
    }

    #[test]
    fn accounts_are_parted_from_the_rest_by_their_headers() {
        let text = "[[subscriptions]]\nname = 'a'\n[[subscriptions.accounts]]\nid = '1'\n\n  [[subscriptions.accounts]]\r\nid = '2'\n\
                    [api]\ntimeout = '1s'\n[[subscriptions]]\nname = 'b'\n[[subscriptions.accounts]]\nid = '3'";
        let (rest, accounts) = part(text).unwrap();
        assert_eq!(
            rest,
            "[[subscriptions]]\nname = 'a'\n[api]\ntimeout = '1s'\n[[subscriptions]]\nname = 'b'\n"
        );
        assert_eq!(accounts, [vec!["id = '1'\n\n", "id = '2'\n"], vec!["id = '3'"]]);
        assert_eq!(part("a = 1\n"), Some(("a = 1\n".to_owned(), vec![])));
    }

    #[test]
    fn what_may_mean_something_else_is_not_parted() {
        for text in [
            "[[subscriptions.accounts]]\nid = '1'\n",
            "[[subscriptions]]\nname = '''\n[[subscriptions.accounts]]\n'''\n",
            "[[subscriptions]]\nname = \"\"\"\n[[subscriptions.accounts]]\n\"\"\"\n",
            "[[subscriptions]]\n[[subscriptions . accounts]]\nid = '1'\n",
            "[[subscriptions]]\n[[subscriptions.accounts]] # of the studio\nid = '1'\n",
            "[[subscriptions]]\n[subscriptions.accounts]\nid = '1'\n",
            "[[\"sub\\u0073criptions\"]]\n[[subscriptions]]\n[[subscriptions.accounts]]\nid = '1'\n",
        ] {
            assert_eq!(part(text), None, "{text}");
        }
    }
}
