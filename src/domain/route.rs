//! Routes: which alerts and changes a receiver wants to hear of.

use std::collections::BTreeSet;

use globset::GlobSet;

use super::account::AccountRef;
use super::alert::{AlertKind, Severity};
use super::change::ChangeKind;

/// The kinds that a receiver takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// `["*"]`: every alert and change, known today or not.
    All,
    /// Only these.
    Only {
        /// Of alerts.
        alerts: BTreeSet<AlertKind>,
        /// Of changes.
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

    /// Whether changes of this kind are among them.
    pub fn includes_change(&self, kind: ChangeKind) -> bool {
        match self {
            Self::All => true,
            Self::Only { changes, .. } => changes.contains(&kind),
        }
    }
}

/// One receiver's filter: all three conditions must hold.
#[derive(Clone, Debug)]
pub struct Route {
    /// Nothing milder.
    pub min_severity: Severity,
    /// Nothing else.
    pub kinds: Kinds,
    /// Only accounts whose name or id matches; what concerns no single account passes when one of its accounts does.
    pub accounts: GlobSet,
}

/// Why a receiver does not want to hear of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwanted {
    /// Its kind is none of `kinds`.
    Kind,
    /// It is milder than `min_severity`.
    Severity,
    /// None of its accounts is among `accounts`.
    Accounts,
    /// It is about a receiver whose `fallback` is another one.
    NoFallback,
}

impl Route {
    /// What keeps an alert of this kind and severity out, when it concerns `accounts`; none when it passes.
    pub fn unwanted(
        &self,
        kind: AlertKind,
        severity: Severity,
        accounts: &[&AccountRef],
    ) -> Option<Unwanted> {
        [
            (self.kinds.includes_alert(kind), Unwanted::Kind),
            (severity >= self.min_severity, Unwanted::Severity),
            (self.takes_any(accounts), Unwanted::Accounts),
        ]
        .into_iter()
        .find_map(|(passes, unwanted)| (!passes).then_some(unwanted))
    }

    /// Whether a change of this kind and severity in `account` passes.
    pub fn takes_change(&self, kind: ChangeKind, severity: Severity, account: &AccountRef) -> bool {
        self.kinds.includes_change(kind) && severity >= self.min_severity && self.takes_any(&[account])
    }

    /// What concerns no known account (an empty subscription) is for everybody rather than for nobody.
    fn takes_any(&self, accounts: &[&AccountRef]) -> bool {
        let matches = |account: &&AccountRef| {
            self.accounts.is_match(&account.name) || self.accounts.is_match(account.id.as_str())
        };
        accounts.is_empty() || accounts.iter().any(matches)
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
    fn an_account_passes_by_its_name_or_its_id() {
        let studio = account("123456", "studio-a");
        for (glob, passes) in [("*", true), ("studio-*", true), ("1234*", true), ("other*", false)] {
            let unwanted = route(glob).unwanted(AlertKind::NotFound, Severity::Critical, &[&studio]);
            assert_eq!(unwanted, (!passes).then_some(Unwanted::Accounts), "{glob}");
        }
    }

    #[test]
    fn a_subscription_passes_when_one_of_its_accounts_does() {
        let (a, b) = (account("1", "studio-a"), account("2", "office"));
        let takes = |accounts: &[&AccountRef]| {
            route("studio-*").unwanted(AlertKind::Unauthorized, Severity::Critical, accounts).is_none()
        };
        assert!(takes(&[&a, &b]));
        assert!(!takes(&[&b]));
        assert!(takes(&[]), "nobody else would hear of an empty subscription");
    }

    #[test]
    fn milder_or_other_kinds_stay_out() {
        let studio = account("1", "studio-a");
        let mut route = route("*");
        assert!(!route.takes_change(ChangeKind::HostChanged, Severity::Info, &studio));
        route.kinds = Kinds::Only { alerts: BTreeSet::from([AlertKind::Expiry]), changes: BTreeSet::new() };
        assert_eq!(route.unwanted(AlertKind::Expiry, Severity::Warning, &[&studio]), None);
        assert_eq!(route.unwanted(AlertKind::Expiry, Severity::Info, &[&studio]), Some(Unwanted::Severity));
        assert_eq!(route.unwanted(AlertKind::NotFound, Severity::Critical, &[&studio]), Some(Unwanted::Kind));
        assert!(!route.takes_change(ChangeKind::CapabilityLost, Severity::Warning, &studio));
    }
}
