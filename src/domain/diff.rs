//! What differs between two configurations of one account.
//!
//! Promises: members that docs/vendor-api.md calls noise have no part in it, the order of JSON members neither; missing is
//! not false, so `false` becoming absent is no change. Leaves steps back of the end to `standing`, which remembers them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::account::AccountKey;
use super::alert::Severity;
use super::change::{Change, ChangeKind};
use super::configuration::Configuration;
use super::time::{Timestamp, rfc3339};

/// Every changed field but the end, in a stable order.
pub fn fields(
    account: &AccountKey,
    before: &Configuration,
    after: &Configuration,
    at: Timestamp,
) -> Vec<Change> {
    let change = |kind, severity, field: &str, before: Value, after: Value| Change {
        account: account.clone(),
        kind,
        severity,
        field: field.to_owned(),
        before,
        after,
        at,
    };
    let mut changes = Vec::new();
    let names: BTreeSet<&String> = before.capabilities.keys().chain(after.capabilities.keys()).collect();
    for name in names {
        let (had, has) = (before.capabilities.get(name).copied(), after.capabilities.get(name).copied());
        let (kind, severity) = match (had == Some(true), has == Some(true)) {
            (true, false) => (ChangeKind::CapabilityLost, Severity::Warning),
            (false, true) => (ChangeKind::CapabilityGained, Severity::Info),
            (true, true) | (false, false) => continue,
        };
        changes.push(change(kind, severity, name, json!(had), json!(has)));
    }
    if let Some((before, after)) = moved(before.max_jobs, after.max_jobs) {
        let severity = if after < before { Severity::Warning } else { Severity::Info };
        changes.push(change(ChangeKind::MaxJobsChanged, severity, "maxJobs", json!(before), json!(after)));
    }
    if let Some((before, after)) = moved(before.host.as_ref(), after.host.as_ref()) {
        changes.push(change(
            ChangeKind::HostChanged,
            Severity::Info,
            "jwt.host",
            json!(before),
            json!(after),
        ));
    }
    if let Some((before, after)) = moved(before.user_id.as_ref(), after.user_id.as_ref()) {
        let (kind, severity) = (ChangeKind::IdentityChanged, Severity::Warning);
        changes.push(change(kind, severity, "jwt.user.id", json!(before), json!(after)));
    }
    changes
}

/// Both values when both are known and differ. Every member is optional in every revision of the vendor's API, so one that
/// comes or goes says nothing about the account.
fn moved<T: PartialEq>(before: Option<T>, after: Option<T>) -> Option<(T, T)> {
    before.zip(after).filter(|(before, after)| before != after)
}

/// The change that says a token now ends earlier than before.
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
    fn a_flag_is_lost_or_gained_only_when_true_is_on_one_side() {
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
            let told = changes.first().map(|change| (change.kind, change.severity));
            assert_eq!(told, expected, "{before:?} → {after:?}");
            if let Some(change) = changes.first() {
                assert_eq!((&change.before, &change.after), (&json!(before), &json!(after)));
            }
        }
    }

    #[test]
    fn fewer_jobs_warn_and_more_inform() {
        let jobs = |max_jobs| Configuration { max_jobs, ..Configuration::default() };
        for (before, after, severity) in [
            (Some(3), Some(1), Some(Severity::Warning)),
            (Some(1), Some(3), Some(Severity::Info)),
            (Some(3), None, None),
            (None, Some(3), None),
        ] {
            let changes = fields(&account(), &jobs(before), &jobs(after), at());
            let told = changes.first().map(|change| change.severity);
            assert_eq!(told, severity, "{before:?} → {after:?}");
            assert!(changes.iter().all(|change| change.kind == ChangeKind::MaxJobsChanged));
        }
    }

    #[test]
    fn another_user_warns_and_another_host_informs() {
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
        let told: Vec<_> = fields(&account(), &before, &after, at())
            .into_iter()
            .map(|c| (c.kind, c.severity, c.field))
            .collect();
        assert_eq!(
            told,
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
        fn nothing_differs_from_itself(configuration in configuration()) {
            prop_assert!(fields(&account(), &configuration, &configuration, at()).is_empty());
        }

        #[test]
        fn what_is_lost_one_way_is_gained_the_other(a in configuration(), b in configuration()) {
            let count = |changes: &[Change], kind| changes.iter().filter(|change| change.kind == kind).count();
            let (there, back) = (fields(&account(), &a, &b, at()), fields(&account(), &b, &a, at()));
            prop_assert_eq!(there.len(), back.len());
            prop_assert_eq!(count(&there, ChangeKind::CapabilityLost), count(&back, ChangeKind::CapabilityGained));
        }
    }
}
