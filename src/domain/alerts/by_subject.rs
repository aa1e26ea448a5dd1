//! Firing alerts by subject, so that each of ten thousand accounts finds its own quickly.

use std::collections::BTreeMap;

use super::alert::{Alert, Subject};
use crate::domain::account::AccountKey;

/// The firing alerts of each subject.
#[derive(Debug)]
pub struct FiringAlerts<'a>(BTreeMap<&'a Subject, Vec<&'a Alert>>);

impl<'a> FiringAlerts<'a> {
    /// Those of `alerts` that fire.
    pub fn new(alerts: &'a [Alert]) -> Self {
        let mut by_subject: BTreeMap<&Subject, Vec<&Alert>> = BTreeMap::new();
        for alert in alerts.iter().filter(|alert| alert.is_firing()) {
            by_subject.entry(&alert.condition.subject).or_default().push(alert);
        }
        Self(by_subject)
    }

    /// Whether any alert about `subject` fires.
    pub fn has_any(&self, subject: &Subject) -> bool {
        self.0.contains_key(subject)
    }

    /// The alerts about `account`, then those about its subscription.
    pub fn concerning(&self, account: &AccountKey) -> Vec<&'a Alert> {
        let subjects =
            [Subject::Account(account.clone()), Subject::Subscription(account.subscription.clone())];
        subjects.iter().filter_map(|subject| self.0.get(subject)).flatten().copied().collect()
    }
}
