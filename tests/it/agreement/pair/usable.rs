//! Whether `usable` and the open alerts agree.

use minimax_watch::domain::account::AccountKey;
use minimax_watch::domain::alerts::{Alert, AlertKind, Severity, Subject};
use minimax_watch::report::{UsableAccounts, UsableQuery};

use super::Pair;

impl Pair {
    /// `usable` and the open alerts do not disagree: an account is listed with an alert about its jobs only if the model allows a
    /// trial, and with no other alert that speaks against it.
    pub(super) async fn assert_usable_agrees(&self) {
        let (engine, now) = (&self.world.engine, self.world.now());
        let firing = self.world.firing().await;
        let query = UsableQuery::default();
        let report = UsableAccounts::load(&engine.store, &engine.config, query, now).await.unwrap();
        assert_eq!(report.usable.len() + report.unusable.len(), self.watched);
        assert!(report.usable.is_sorted_by_key(|offer| offer.trial), "trials are last");
        for offer in &report.usable {
            let account = AccountKey::new(&offer.subscription, &offer.id);
            let subjects = [Subject::Account(account.clone()), Subject::Subscription(account.subscription)];
            let open = firing.iter().filter(|alert| subjects.contains(&alert.condition.subject));
            let (about_jobs, others): (Vec<_>, Vec<_>) = open.partition(|alert| {
                matches!(alert.condition.kind, AlertKind::JobsFailing | AlertKind::OutOfCredits)
            });
            assert_eq!(!about_jobs.is_empty(), offer.trial, "{} {about_jobs:?}", offer.name);
            let is_against = |alert: &&&Alert| {
                alert.condition.kind != AlertKind::Expiry && alert.condition.severity == Severity::Critical
            };
            assert_eq!(others.iter().find(is_against), None, "{}", offer.name);
            assert_eq!(offer.trial, self.model.trial(&offer.name, now) == Some(true), "{}", offer.name);
        }
        for account in report.unusable {
            let by_jobs_alone = account.reasons.iter().all(|reason| {
                reason.contains("the alert jobs_failing is open")
                    || reason.contains("the alert out_of_credits is open")
            });
            let trial = self.model.trial(&account.account.name, now);
            assert!(!by_jobs_alone || trial == Some(false), "{}: a trial is due", account.account.name);
        }
    }
}
