//! Names and parts of ids that operators type: what they mean, and errors that list what is known.

use std::collections::BTreeSet;

use anyhow::Context;

use crate::domain::account::AccountKey;
use crate::domain::account_state::AccountRecord;
use crate::domain::text;
use crate::store::Store;

/// Names that a list shows before it counts the rest.
const MAX_LISTED: usize = 10;

/// Shorter parts of an id are refused: a typing error could match an id by chance.
pub(super) const MIN_ID_PART: usize = 4;

/// Those of `items` whose id begins or ends with `part`, in any case; none for a part that is too short.
pub(super) fn by_id_part<'a, T>(part: &str, items: &[&'a T], id: impl Fn(&T) -> &str) -> Vec<&'a T> {
    if part.len() < MIN_ID_PART {
        return Vec::new();
    }
    items.iter().copied().filter(|item| has_in_id(id(item), part)).collect()
}

/// The error for `part` if it begins or ends an id, but is too short for one.
pub(super) fn too_short<'a>(part: &str, mut ids: impl Iterator<Item = &'a str>) -> Option<String> {
    let is_short = !part.is_empty() && part.len() < MIN_ID_PART;
    (is_short && ids.any(|id| has_in_id(id, part))).then(|| {
        format!("{} is too short for an id: give at least {MIN_ID_PART} characters", text::quoted(part))
    })
}

/// Whether `id` begins or ends with `part`, in any case. The prefix of a message's id may be left out.
fn has_in_id(id: &str, part: &str) -> bool {
    let (id, part) = (id.to_uppercase(), part.to_uppercase());
    let without_prefix = id.rsplit_once('_').map_or(id.as_str(), |(_, rest)| rest);
    id.starts_with(&part) || id.ends_with(&part) || without_prefix.starts_with(&part)
}

/// `a, b and 3 more`; `none` if there are no names.
pub(super) fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names = text::first_few(names.into_iter().map(|name| text::name(name.as_ref())), MAX_LISTED);
    if names.is_empty() { "none".to_owned() } else { names }
}

/// `unknown receiver "pagre"; configured: pager`.
pub(super) fn unknown(
    noun: &str,
    typed: &str,
    known_as: &str,
    known: impl IntoIterator<Item = impl AsRef<str>>,
) -> anyhow::Error {
    anyhow::anyhow!("unknown {noun} {}; {known_as}: {}", text::quoted(typed), list(known))
}

/// The watched accounts with these names or ids.
///
/// # Errors
/// When no watched account has one of the names.
pub(super) fn find_watched(
    names: &[String],
    watched: &[AccountRecord],
) -> anyhow::Result<BTreeSet<AccountKey>> {
    let accounts = || watched.iter().filter(|record| !record.account.is_listing());
    let mut found = BTreeSet::new();
    for name in names {
        let is_match = |record: &&AccountRecord| record.name == *name || record.account.id.as_str() == name;
        let matching: Vec<_> = accounts().filter(is_match).map(|record| record.account.clone()).collect();
        if matching.is_empty() {
            return Err(unknown("account", name, "watched", accounts().map(|record| record.name.as_str())));
        }
        found.extend(matching);
    }
    Ok(found)
}

/// The account with this name, id or `SUBSCRIPTION/ID`. An account that is no longer watched is found when no watched one
/// matches.
///
/// # Errors
/// When no account matches, or several do.
pub(super) async fn find_account(name: &str, store: &Store) -> anyhow::Result<AccountRecord> {
    let (watched, unwatched): (Vec<_>, Vec<_>) =
        store.names_called(name).await?.into_iter().partition(|(.., watched)| *watched);
    let matching = if watched.is_empty() { unwatched } else { watched };
    match matching.as_slice() {
        [(key, ..)] => {
            let records = store.accounts_by_key(std::slice::from_ref(key)).await?;
            records.into_values().next().context("the account was removed meanwhile")
        }
        [] => {
            let accounts = store.names().await?;
            let watched = accounts.iter().filter(|(.., watched)| *watched);
            Err(unknown("account", name, "watched", watched.map(|(_, called, _)| called.as_str())))
        }
        several => {
            let keys = list(several.iter().map(|(key, ..)| format!("{}/{}", key.subscription, key.id)));
            anyhow::bail!("{} matches several accounts: {keys}; give one of these", text::quoted(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_the_first_and_counts_the_rest() {
        let names: Vec<String> = (1..=13).map(|number| format!("a{number}")).collect();
        let first = |count: usize| list(names.iter().take(count));
        assert_eq!((first(0), first(2)), ("none".to_owned(), "a1, a2".to_owned()));
        assert!(first(10).ends_with("a9, a10"));
        assert!(first(13).ends_with("a10 and 3 more"));
    }

    #[test]
    fn an_id_is_found_by_four_or_more_of_its_first_or_last_characters_in_any_case() {
        let ids = ["msg_01KAQ9Z0", "msg_01KBXXZ0"];
        let ids: Vec<&&str> = ids.iter().collect();
        let found = |part: &str| by_id_part(part, &ids, |id| id).len();
        for (part, count) in [
            ("msg_01KAQ9Z0", 1),
            ("MSG_01ka", 1),
            ("01kaq", 1),
            ("xxz0", 1),
            ("msg_", 2),
            ("01K", 0),
            ("", 0),
            ("KAQ9", 0),
            ("msg_01KAQ9Z00", 0),
        ] {
            assert_eq!(found(part), count, "{part}");
        }
        let too_short = |part: &str| too_short(part, ids.iter().map(|id| **id)).is_some();
        assert_eq!(["01K", "Z0", "xyz", "", "01KA"].map(too_short), [true, true, false, false, false]);
    }

    #[test]
    fn an_unknown_name_is_quoted_and_the_known_ones_are_listed() {
        let error = unknown("account", "st\"udio\n", "watched", ["a", "b"]);
        assert_eq!(error.to_string(), "unknown account \"st\\\"udio\\u{a}\"; watched: a, b");
    }
}
