//! Refusals of unknown names and keys, with the nearest known one.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Letters in which a typed name may differ from the intended one.
const MAX_DISTANCE: usize = 2;

/// Names that a refusal lists.
const MAX_LISTED: usize = 20;

/// The value of the option named `typed`; `key` is what it was typed for.
pub(super) fn choose<T: Copy>(key: &str, typed: &str, options: &[(&str, T)]) -> Result<T, String> {
    let found = options.iter().find(|(name, _)| *name == typed).map(|(_, value)| *value);
    found.ok_or_else(|| unknown(key, typed, options.iter().map(|(name, _)| *name)))
}

/// `unknown type "emial" (did you mean "email"?); possible: email, webhook`.
pub(super) fn unknown<'k>(
    what: &str,
    typed: &str,
    possible: impl Iterator<Item = &'k str> + Clone,
) -> String {
    let list: Vec<&str> = possible.clone().take(MAX_LISTED).collect();
    let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    format!("unknown {what} \"{typed}\"{}; possible: {list}", did_you_mean(typed, possible))
}

/// `unknown key (did you mean "timeout"?)`, or with every known key when none is similar.
pub(super) fn unknown_key(typed: &str, known: &[Cow<'_, str>]) -> String {
    let known: BTreeSet<&str> = known.iter().map(Cow::as_ref).collect();
    let near = did_you_mean(typed, known.iter().copied());
    if near.is_empty() && !known.is_empty() {
        let known: Vec<&str> = known.into_iter().collect();
        return format!("unknown key; possible: {}", known.join(", "));
    }
    format!("unknown key{near}")
}

fn did_you_mean<'k>(typed: &str, known: impl Iterator<Item = &'k str>) -> String {
    nearest(typed, known).map(|name| format!(" (did you mean \"{name}\"?)")).unwrap_or_default()
}

/// The one of `known` that is most similar to `typed`, if any is.
pub(super) fn nearest<'k>(typed: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let typed = typed.to_lowercase();
    // Names of other lengths differ in more letters, and comparing takes the product of both lengths.
    let is_near = |name: &&str| name.chars().count().abs_diff(typed.chars().count()) <= MAX_DISTANCE;
    let distance = |name: &str| strsim::levenshtein(&typed, &name.to_lowercase());
    let (distance, name) = known.filter(is_near).map(|name| (distance(name), name)).min()?;
    (distance <= MAX_DISTANCE && distance < name.chars().count()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_similar_name_is_suggested() {
        let suggested = |typed, known: &[&'static str]| did_you_mean(typed, known.iter().copied());
        assert_eq!(suggested("Time_out", &["timeout", "cron"]), " (did you mean \"timeout\"?)");
        assert_eq!(suggested("colour", &["timeout", "cron"]), "");
        assert_eq!(suggested("x", &["to", "id"]), "", "every short name is similar to another one");
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_possible_ones() {
        let options = [("email", 1), ("webhook", 2)];
        assert_eq!(choose("type", "email", &options), Ok(1));
        let refused = |typed| choose("type", typed, &options).unwrap_err();
        assert_eq!(refused("slack"), "unknown type \"slack\"; possible: email, webhook");
        assert_eq!(
            refused("emial"),
            "unknown type \"emial\" (did you mean \"email\"?); possible: email, webhook"
        );
    }
}
