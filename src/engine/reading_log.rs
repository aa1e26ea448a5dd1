//! The log of what is read beside the checks: a failure is logged once, and its end once.
//!
//! Leaves to `domain::failing_period` what is to be said.

use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::failing_period::{FailedReading, ReadingNews};
use crate::domain::jobs::UnseenJobs;

/// What is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum ReadingSubject<'a> {
    /// The plan of a subscription.
    Plan(&'a SubscriptionName),
    /// What became of its jobs.
    JobStatistics(&'a SubscriptionName),
    /// The credits of an account.
    Credits(&'a AccountKey),
}

impl ReadingSubject<'_> {
    /// Logs a reading with the failure `after` and its `error`, when the reading before had the failure `before`.
    pub(super) fn log(self, before: Option<FailedReading>, after: Option<FailedReading>, error: &str) {
        let Some(news) = ReadingNews::from_failures(before, after) else { return };
        let subscription = self.subscription();
        let account = self.account_id().map(tracing::field::display);
        let sentence = self.sentence(news, error);
        match news {
            ReadingNews::ReadAgain => tracing::info!(account.id = account, %subscription, "{sentence}"),
            ReadingNews::NotUnderstood | ReadingNews::FailureLasts => {
                tracing::warn!(account.id = account, %subscription, error, "{sentence}");
            }
            ReadingNews::Failed => {
                tracing::debug!(account.id = account, %subscription, error, "{sentence}");
            }
        }
    }

    const fn subscription(&self) -> &SubscriptionName {
        match self {
            Self::Plan(name) | Self::JobStatistics(name) => name,
            Self::Credits(account) => &account.subscription,
        }
    }

    const fn account_id(&self) -> Option<&AccountId> {
        match self {
            Self::Plan(_) | Self::JobStatistics(_) => None,
            Self::Credits(account) => Some(&account.id),
        }
    }

    fn sentence(self, news: ReadingNews, error: &str) -> String {
        use ReadingNews::{Failed, FailureLasts, NotUnderstood, ReadAgain};
        match (self, news) {
            (Self::Plan(name), ReadAgain) => format!("the plan of subscription {name} is read again"),
            (Self::Plan(name), NotUnderstood) => format!(
                "the plan of subscription {name} cannot be read: {error}; it is not watched until it can"
            ),
            (Self::Plan(name), FailureLasts) => format!(
                "the plan of subscription {name} was not read for an hour: {error}; it is not watched until it is"
            ),
            (Self::Plan(name), Failed) => format!("the plan of subscription {name} was not read"),
            (Self::JobStatistics(name), ReadAgain) => {
                format!("the job statistics of subscription {name} are read again")
            }
            (Self::JobStatistics(name), NotUnderstood) => format!(
                "the job statistics of subscription {name} cannot be read: {error}; its jobs are not watched until they can"
            ),
            (Self::JobStatistics(name), FailureLasts) => format!(
                "the job statistics of subscription {name} were not read for an hour: {error}; its jobs are not watched until they are"
            ),
            (Self::JobStatistics(name), Failed) => {
                format!("the job statistics of subscription {name} were not read")
            }
            (Self::Credits(AccountKey { id, .. }), ReadAgain) => {
                format!("the credits of account {id} are read again")
            }
            (Self::Credits(AccountKey { id, .. }), NotUnderstood) => format!(
                "the credits of account {id} cannot be read: {error}; they are not watched until they can"
            ),
            (Self::Credits(AccountKey { id, .. }), FailureLasts) => format!(
                "the credits of account {id} were not read for an hour: {error}; they are not watched until they are"
            ),
            (Self::Credits(AccountKey { id, .. }), Failed) => {
                format!("the credits of account {id} were not read")
            }
        }
    }
}

/// Logs once that rows of the job statistics cannot be read, and once that they can.
pub(super) fn log_unreadable_rows(
    subscription: &SubscriptionName,
    before: Option<UnseenJobs>,
    after: Option<UnseenJobs>,
) {
    let UnseenJobs { unreadable, rows, .. } = after.unwrap_or_default();
    let were_unreadable = before.is_some_and(|unseen| unseen.unreadable > 0);
    if unreadable > 0 && !were_unreadable {
        tracing::warn!(
            %subscription,
            "{unreadable} of {rows} rows of the job statistics of subscription {subscription} could not be read; each may be a failed job, so nothing resolves by older ones"
        );
    } else if unreadable == 0 && were_unreadable {
        tracing::info!(%subscription, "all rows of the job statistics of subscription {subscription} are read again");
    }
}
