//! Routes: which alerts and changes a receiver accepts.

use std::collections::BTreeSet;

use globset::GlobSet;

use super::account::AccountRef;
use super::account_glob;
use super::alerts::AlertKind;
use super::change::ChangeKind;
use super::severity::Severity;

/// The kinds of alerts and changes that a route or silence covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// `["*"]`: every kind, also those of later versions.
    All,
    /// Only these.
    Only {
        /// Kinds of alerts.
        alerts: BTreeSet<AlertKind>,
        /// Kinds of changes.
        changes: BTreeSet<ChangeKind>,
    },
}

impl Kinds {
    /// Whether alerts of this kind are among them.
    pub fn includes_alert(&self, kind: AlertKind) -> bool {
        match self {
            Self::All => true,
            Self::Only { alerts, .. } => alerts.contains(&kind),
        }
    }

    /// The names of the kinds; none for every kind.
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Self::All => Vec::new(),
            Self::Only { alerts, changes } => {
                alerts.iter().map(Into::into).chain(changes.iter().map(Into::into)).collect()
            }
        }
    }

    /// Whether changes of this kind are among them.
    pub fn includes_change(&self, kind: ChangeKind) -> bool {
        match self {
            Self::All => true,
            Self::Only { changes, .. } => changes.contains(&kind),
        }
    }
}

/// The filter of one receiver. All three conditions must hold.
#[derive(Clone, Debug)]
pub struct Route {
    /// The lowest severity that it accepts.
    pub min_severity: Severity,
    /// The kinds that it accepts.
    pub kinds: Kinds,
    /// The accounts that it accepts, by name or id. An alert about several accounts passes when one of them does.
    pub accounts: GlobSet,
}

/// Why a route rejects an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteMismatch {
    /// Its kind is not in `kinds`.
    Kind,
    /// It is milder than `min_severity`.
    Severity,
    /// None of its accounts matches `accounts`.
    Accounts,
    /// It is about another receiver, and this receiver is not the one to be notified of that.
    NotItsFallback,
}

impl Route {
    /// Why it rejects an alert of this kind and severity about `accounts`; none when it accepts it.
    pub fn route_mismatch(
        &self,
        kind: AlertKind,
        severity: Severity,
        accounts: &[&AccountRef],
    ) -> Option<RouteMismatch> {
        if !self.kinds.includes_alert(kind) {
            Some(RouteMismatch::Kind)
        } else if severity < self.min_severity {
            Some(RouteMismatch::Severity)
        } else {
            (!self.accepts_any(accounts)).then_some(RouteMismatch::Accounts)
        }
    }

    /// Whether it accepts a change of this kind and severity in `account`.
    pub fn accepts_change(&self, kind: ChangeKind, severity: Severity, account: &AccountRef) -> bool {
        self.kinds.includes_change(kind) && severity >= self.min_severity && self.accepts_any(&[account])
    }

    /// An alert about a subscription without accounts passes: it must reach some receiver.
    fn accepts_any(&self, accounts: &[&AccountRef]) -> bool {
        accounts.is_empty() || accounts.iter().any(|account| account_glob::matches(&self.accounts, account))
    }
}

#[cfg(test)]
mod tests {
    use globset::{Glob, GlobSetBuilder};

    use super::*;
    use crate::domain::account::AccountId;

    fn route(glob: &str) -> Route {
        let accounts = GlobSetBuilder::new().add(Glob::new(glob).unwrap()).build().unwrap();
        Route { min_severity: Severity::Warning, kinds: Kinds::All, accounts }
    }

    fn account(id: &str, name: &str) -> AccountRef {
        AccountRef { id: AccountId::new(id), name: name.to_owned() }
    }

    #[test]
    fn account_is_accepted_by_its_name_or_id() {
        let studio = account("123456", "studio-a");
        for (glob, passes) in [("*", true), ("studio-*", true), ("1234*", true), ("other*", false)] {
            let route_mismatch =
                route(glob).route_mismatch(AlertKind::NotFound, Severity::Critical, &[&studio]);
            assert_eq!(route_mismatch, (!passes).then_some(RouteMismatch::Accounts), "{glob}");
        }
    }

    #[test]
    fn subscription_is_accepted_when_one_of_its_accounts_is() {
        let (a, b) = (account("1", "studio-a"), account("2", "office"));
        let takes = |accounts: &[&AccountRef]| {
            route("studio-*").route_mismatch(AlertKind::Unauthorized, Severity::Critical, accounts).is_none()
        };
        assert!(takes(&[&a, &b]));
        assert!(!takes(&[&b]));
        assert!(takes(&[]), "otherwise no receiver is notified about an empty subscription");
    }

    #[test]
    fn lower_severities_and_other_kinds_are_rejected() {
        let studio = account("1", "studio-a");
        let mut route = route("*");
        assert!(!route.accepts_change(ChangeKind::HostChanged, Severity::Info, &studio));
        route.kinds = Kinds::Only { alerts: BTreeSet::from([AlertKind::Expiry]), changes: BTreeSet::new() };
        assert_eq!(route.route_mismatch(AlertKind::Expiry, Severity::Warning, &[&studio]), None);
        assert_eq!(
            route.route_mismatch(AlertKind::Expiry, Severity::Info, &[&studio]),
            Some(RouteMismatch::Severity)
        );
        assert_eq!(
            route.route_mismatch(AlertKind::NotFound, Severity::Critical, &[&studio]),
            Some(RouteMismatch::Kind)
        );
        assert!(!route.accepts_change(ChangeKind::CapabilityLost, Severity::Warning, &studio));
    }
}
