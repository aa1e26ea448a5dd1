//! The log of what is read beside the checks of a subscription: a person hears once of a failure, and once of its end.
//!
//! Leaves to `domain::failing_period` what is to be said.

use crate::domain::account::SubscriptionName;
use crate::domain::failing_period::{FailedReading, ReadingNews};

/// What is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum ReadingSubject {
    /// The plan of a subscription.
    Plan,
    /// What became of its jobs.
    JobStatistics,
}

impl ReadingSubject {
    /// Its name, with the verbs that follow it, and what is not watched while it cannot be read.
    const fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Plan => ("plan", "is", "was", "it is not watched until it"),
            Self::JobStatistics => ("job statistics", "are", "were", "its jobs are not watched until they"),
        }
    }

    /// Logs a reading with the failure `after` and its `error`, when the reading before had the failure `before`.
    pub(super) fn log(
        self,
        subscription: &SubscriptionName,
        before: Option<FailedReading>,
        after: Option<FailedReading>,
        error: &str,
    ) {
        let (name, is, was, unwatched) = self.words();
        match ReadingNews::from_failures(before, after) {
            None => {}
            Some(ReadingNews::ReadAgain) => {
                tracing::info!(%subscription, "the {name} of subscription {subscription} {is} read again");
            }
            Some(ReadingNews::NotUnderstood) => tracing::warn!(
                %subscription, error,
                "the {name} of subscription {subscription} cannot be read: {error}; {unwatched} can"
            ),
            Some(ReadingNews::FailureLasts) => tracing::warn!(
                %subscription, error,
                "the {name} of subscription {subscription} {was} not read for an hour: {error}; {unwatched} {is}"
            ),
            Some(ReadingNews::Failed) => {
                tracing::debug!(%subscription, error, "the {name} of subscription {subscription} {was} not read");
            }
        }
    }
}
