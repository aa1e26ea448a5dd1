//! What an open alert means for the usability of its account. Each kind is judged here and nowhere else.

use crate::domain::account_state::Fault;
use crate::domain::alerts::AlertKind;
use crate::domain::observation::Outcome;
use crate::domain::severity::Severity;

/// What an open alert means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AlertEffect {
    /// It does not count.
    Ignored,
    /// The account is usable, behind those without a warning.
    Warns,
    /// The account is not usable.
    SpeaksAgainst {
        /// Whether one good job would show that it no longer holds, so that the account can be put on trial.
        job_disproves: bool,
    },
}

impl AlertEffect {
    /// Whether it makes the account unusable.
    pub(super) const fn speaks_against(self) -> bool {
        matches!(self, Self::SpeaksAgainst { .. })
    }
}

/// The effect of an open alert.
///
/// What jobs show (`jobs_failing`, `out_of_credits`) speaks against an account at any severity, and a job can disprove it.
pub(super) const fn alert_effect(kind: AlertKind, severity: Severity) -> AlertEffect {
    let when_critical = match kind {
        // `--for` judges its time.
        AlertKind::Expiry => AlertEffect::Warns,
        AlertKind::ServicesInError => AlertEffect::Ignored,
        AlertKind::JobsFailing | AlertKind::OutOfCredits => {
            return AlertEffect::SpeaksAgainst { job_disproves: true };
        }
        AlertKind::ExpiryUnknown
        | AlertKind::Unauthorized
        | AlertKind::SubscriptionLapsed
        | AlertKind::NotFound
        | AlertKind::AccountError
        | AlertKind::Unreachable
        | AlertKind::Malformed
        | AlertKind::DeliveryFailing
        | AlertKind::CreditsLow => AlertEffect::SpeaksAgainst { job_disproves: false },
    };
    match severity {
        Severity::Info => AlertEffect::Ignored,
        Severity::Warning => AlertEffect::Warns,
        Severity::Critical => when_critical,
    }
}

/// Whether an alert of `kind` reports what a check with `outcome` saw.
pub(super) fn follows_from(kind: AlertKind, outcome: Outcome) -> bool {
    Fault::from_outcome(outcome).is_some_and(|fault| fault.kind() == kind)
}
