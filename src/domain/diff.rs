//! The changes between two configurations of one account.
//!
//! Members that docs/vendor-api.md calls noise and the order of JSON members cause no change. Missing is not false, so a `false` that
//! disappears is no change. Steps back of the expiry are left to `expiry_tracking`, which needs their history.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::account::AccountKey;
use super::change::{Change, ChangeKind};
use super::configuration::Configuration;
use super::severity::Severity;
use super::time::{Timestamp, rfc3339};

/// Every changed field except the expiry, in a stable order.
pub fn fields(
    account: &AccountKey,
    before: &Configuration,
    after: &Configuration,
    at: Timestamp,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut push = |kind, severity, field: &str, before: Value, after: Value| {
        let (account, field) = (account.clone(), field.to_owned());
        changes.push(Change { account, kind, severity, field, before, after, at });
    };
    let names: BTreeSet<&String> = before.capabilities.keys().chain(after.capabilities.keys()).collect();
    for name in names {
        let (had, has) = (before.capabilities.get(name).copied(), after.capabilities.get(name).copied());
        let (kind, severity) = match (had == Some(true), has == Some(true)) {
            (true, false) => (ChangeKind::CapabilityLost, Severity::Warning),
            (false, true) => (ChangeKind::CapabilityGained, Severity::Info),
            (true, true) | (false, false) => continue,
        };
        push(kind, severity, name, json!(had), json!(has));
    }
    if let Some((before, after)) = differing(before.max_jobs, after.max_jobs) {
        let severity = if after < before { Severity::Warning } else { Severity::Info };
        push(ChangeKind::MaxJobsChanged, severity, "maxJobs", json!(before), json!(after));
    }
    if let Some((before, after)) = differing(before.host.as_ref(), after.host.as_ref()) {
        push(ChangeKind::HostChanged, Severity::Info, "jwt.host", json!(before), json!(after));
    }
    if let Some((before, after)) = differing(before.user_id.as_ref(), after.user_id.as_ref()) {
        push(ChangeKind::IdentityChanged, Severity::Warning, "jwt.user.id", json!(before), json!(after));
    }
    changes
}

/// Both values, when both are known and differ. Every member is optional in every revision of the vendor's API, so one that
/// appears or disappears says nothing about the account.
fn differing<T: PartialEq>(before: Option<T>, after: Option<T>) -> Option<(T, T)> {
    before.zip(after).filter(|(before, after)| before != after)
}

/// The change of a token that now expires earlier than before.
pub fn moved_back(account: &AccountKey, before: Timestamp, after: Timestamp, at: Timestamp) -> Change {
    Change {
        account: account.clone(),
        kind: ChangeKind::ExpiryMovedBack,
        severity: Severity::Warning,
        field: "expires_at".to_owned(),
        before: json!(rfc3339(before)),
        after: json!(rfc3339(after)),
        at,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::account::{AccountId, SubscriptionName};

    fn account() -> AccountKey {
        AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("123456"))
    }

    fn at() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    fn with_flag(flag: Option<bool>) -> Configuration {
        let capabilities = flag.map(|flag| ("supportVideo".to_owned(), flag)).into_iter().collect();
        Configuration { capabilities, ..Configuration::default() }
    }

    #[test]
    fn capability_is_lost_or_gained_only_when_exactly_one_side_is_true() {
        let (yes, no, absent) = (Some(true), Some(false), None);
        let lost = Some((ChangeKind::CapabilityLost, Severity::Warning));
        let gained = Some((ChangeKind::CapabilityGained, Severity::Info));
        for (before, after, expected) in [
            (yes, no, lost),
            (yes, absent, lost),
            (no, yes, gained),
            (absent, yes, gained),
            (no, absent, None),
            (absent, no, None),
            (yes, yes, None),
        ] {
            let changes = fields(&account(), &with_flag(before), &with_flag(after), at());
            let seen = changes.first().map(|change| (change.kind, change.severity));
            assert_eq!(seen, expected, "{before:?} → {after:?}");
            if let Some(change) = changes.first() {
                assert_eq!((&change.before, &change.after), (&json!(before), &json!(after)));
            }
        }
    }

    #[test]
    fn fewer_jobs_are_a_warning_and_more_are_information() {
        let jobs = |max_jobs| Configuration { max_jobs, ..Configuration::default() };
        for (before, after, severity) in [
            (Some(3), Some(1), Some(Severity::Warning)),
            (Some(1), Some(3), Some(Severity::Info)),
            (Some(3), None, None),
            (None, Some(3), None),
        ] {
            let changes = fields(&account(), &jobs(before), &jobs(after), at());
            let seen = changes.first().map(|change| change.severity);
            assert_eq!(seen, severity, "{before:?} → {after:?}");
            assert!(changes.iter().all(|change| change.kind == ChangeKind::MaxJobsChanged));
        }
    }

    #[test]
    fn another_user_is_a_warning_and_another_host_is_information() {
        let before = Configuration {
            host: Some("hailuoai.video".into()),
            user_id: Some("1".into()),
            ..Configuration::default()
        };
        let after = Configuration {
            host: Some("minimax.io".into()),
            user_id: Some("2".into()),
            ..Configuration::default()
        };
        let seen: Vec<_> = fields(&account(), &before, &after, at())
            .into_iter()
            .map(|c| (c.kind, c.severity, c.field))
            .collect();
        assert_eq!(
            seen,
            [
                (ChangeKind::HostChanged, Severity::Info, "jwt.host".to_owned()),
                (ChangeKind::IdentityChanged, Severity::Warning, "jwt.user.id".to_owned())
            ]
        );
    }

    fn configuration() -> impl Strategy<Value = Configuration> {
        let flags = prop::collection::btree_map("support(Video|Chat|Audio|Music|New)", any::<bool>(), 0..5);
        let word = || prop::option::of("[a-c]");
        (flags, prop::option::of(0_i64..4), word(), word()).prop_map(
            |(capabilities, max_jobs, host, user_id)| Configuration {
                host,
                user_id,
                max_jobs,
                capabilities,
                ..Configuration::default()
            },
        )
    }

    proptest! {
        #[test]
        fn equal_configurations_have_no_changes(configuration in configuration()) {
            prop_assert!(fields(&account(), &configuration, &configuration, at()).is_empty());
        }

        #[test]
        fn capability_lost_in_one_direction_is_gained_in_the_other(a in configuration(), b in configuration()) {
            let count = |changes: &[Change], kind| changes.iter().filter(|change| change.kind == kind).count();
            let (there, back) = (fields(&account(), &a, &b, at()), fields(&account(), &b, &a, at()));
            prop_assert_eq!(there.len(), back.len());
            prop_assert_eq!(count(&there, ChangeKind::CapabilityLost), count(&back, ChangeKind::CapabilityGained));
        }
    }
}
