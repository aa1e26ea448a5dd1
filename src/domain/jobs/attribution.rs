//! Whose job it is: the account that a row of the statistics is about.
//!
//! By `config` if that is the id of a watched account, else by the account in the job's id, else by neither. The vendor publishes no
//! row of MiniMax, so either may be missing or mean something else (docs/vendor-api.md); an id that is not watched is never guessed.

use std::collections::BTreeMap;

use crate::domain::account::AccountId;

/// What comes before the account in the id of a job: `user:1234-minimax:ACCOUNT-job:…`.
const BEFORE_ACCOUNT: &str = "minimax:";
/// An account's id may contain dashes itself; so many are tried, which bounds the time that a hostile id takes.
const MAX_DASHES: usize = 16;

/// The ids of the watched accounts of a subscription, for looking up whose job it is.
#[derive(Clone, Debug)]
pub struct WatchedIds<'a>(BTreeMap<&'a str, &'a AccountId>);

impl<'a> WatchedIds<'a> {
    /// Collects the ids.
    pub fn new(ids: impl IntoIterator<Item = &'a AccountId>) -> Self {
        Self(ids.into_iter().map(|id| (id.as_str(), id)).collect())
    }

    /// The account of a job with this `config` and this id.
    pub fn account_of(&self, config: Option<&str>, job_id: Option<&str>) -> Option<&'a AccountId> {
        config.and_then(|config| self.id(config.trim())).or_else(|| self.account_in(job_id?))
    }

    fn id(&self, text: &str) -> Option<&'a AccountId> {
        self.0.get(text).copied()
    }

    /// The watched account that the job's id names: the longest that fits, since one id may be the beginning of another.
    fn account_in(&self, job_id: &str) -> Option<&'a AccountId> {
        let starts = job_id.match_indices(BEFORE_ACCOUNT);
        let mut names = starts.filter(|(at, _)| {
            at.checked_sub(1).is_none_or(|before| job_id.as_bytes().get(before) == Some(&b'-'))
        });
        let (at, _) = names.next()?;
        let rest = job_id.get(at + BEFORE_ACCOUNT.len()..)?;
        let ends = rest.match_indices('-').map(|(end, _)| end).take(MAX_DASHES).chain([rest.len()]);
        ends.filter_map(|end| self.id(rest.get(..end)?)).last()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account_of(watched: &[&str], config: Option<&str>, job_id: Option<&str>) -> Option<String> {
        let ids: Vec<AccountId> = watched.iter().map(|id| AccountId::new(*id)).collect();
        WatchedIds::new(&ids).account_of(config, job_id).map(ToString::to_string)
    }

    #[test]
    fn config_decides_before_the_id_of_the_job() {
        let watched = ["123456", "789"];
        let job_id = Some("user:1234-minimax:789-job:42");
        for (config, expected) in [
            (Some("123456"), Some("123456")),
            (Some(" 123456 "), Some("123456")),
            (Some("0123456"), Some("789")),
            (Some("me@example.com"), Some("789")),
            (Some(""), Some("789")),
            (None, Some("789")),
        ] {
            assert_eq!(account_of(&watched, config, job_id).as_deref(), expected, "{config:?}");
        }
    }

    #[test]
    fn account_is_found_in_every_form_of_a_job_id() {
        let watched = ["7", "7-a", "789", "me-too@example.com", "user"];
        for (job_id, expected) in [
            ("user:1234-minimax:789-job:42", Some("789")),
            ("user:1234-minimax:789-video:4-2", Some("789")),
            ("20261123071500123-user:1234-minimax:789-job:1", Some("789")),
            ("minimax:789-job:1", Some("789")),
            ("user:1234-minimax:789", Some("789")),
            ("user:1234-minimax:7-a-job:1", Some("7-a")),
            ("user:1234-minimax:7-b-job:1", Some("7")),
            ("user:1234-minimax:me-too@example.com-job:1", Some("me-too@example.com")),
            ("user:1234-minimax:78-job:1", None),
            ("user:1234-minimax:7890-job:1", None),
            ("20261123071500123-user:789-bot:minimax", None),
            ("user:1234-xminimax:789-job:1", None),
            ("user:1234-kling:789-job:1", None),
            ("minimax:", None),
            ("789", None),
            ("", None),
        ] {
            assert_eq!(account_of(&watched, None, Some(job_id)).as_deref(), expected, "{job_id}");
        }
    }

    #[test]
    fn hostile_id_is_searched_in_bounded_steps() {
        let job_id = format!("minimax:{}", "-".repeat(1 << 20));
        assert_eq!(account_of(&["1"], None, Some(&job_id)), None);
    }

    proptest! {
        #[test]
        fn account_is_always_a_watched_one(
            watched in prop::collection::vec("[a1@-]{0,4}", 0..4),
            config in prop::option::of("[a1@ -]{0,4}"),
            job_id in prop::option::of("(user:1-)?(minimax:){0,2}[a1@-]{0,6}(-job:1)?"),
        ) {
            let watched: Vec<&str> = watched.iter().map(String::as_str).collect();
            if let Some(account) = account_of(&watched, config.as_deref(), job_id.as_deref()) {
                prop_assert!(watched.contains(&account.as_str()));
                let is_in = |text: Option<String>| text.is_some_and(|text| text.contains(&account));
                prop_assert!(is_in(config) || is_in(job_id));
            }
        }
    }
}
