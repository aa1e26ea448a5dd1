//! The conditions and sentences that the kinds of confirmed faults share.

use super::alert::{Condition, Subject};
use crate::domain::account_state::{AccountState, Fault};
use crate::domain::observation::Outcome;
use crate::domain::severity::Severity;
use crate::domain::time::minute;

/// The alert of one kind of fault.
pub(super) struct FaultAlert {
    pub(super) fault: Fault,
    severity: Severity,
    /// What the fault means, without a full stop.
    sentence: &'static str,
}

impl FaultAlert {
    pub(super) const fn new(fault: Fault, severity: Severity, sentence: &'static str) -> Self {
        Self { fault, severity, sentence }
    }

    /// The condition of `subject`; `state` is that of one affected account.
    pub(super) fn condition(&self, subject: Subject, affected: u32, state: &AccountState) -> Condition {
        let is_last_outcome = state.outcome.and_then(Fault::from_outcome) == Some(self.fault);
        let detail = match state.error.as_deref().filter(|_| is_last_outcome) {
            // `concat` allocates exactly what is needed: ten thousand conditions may be held at once.
            Some(error) => [self.sentence, ": ", error.trim_end_matches('.'), "."].concat(),
            None => [self.sentence, "."].concat(),
        };
        Condition::new(subject, self.fault.kind(), self.severity, affected, detail)
    }
}

pub(super) fn healthy_again_text(state: &AccountState) -> String {
    match state.last_ok_at {
        Some(at) => format!("Healthy again since {}.", minute(at)),
        None => "Healthy again.".to_owned(),
    }
}

pub(super) fn answering_again_text(state: &AccountState) -> String {
    match (state.outcome, state.last_conclusive_at) {
        (Some(Outcome::Ok), _) | (_, None) => healthy_again_text(state),
        (_, Some(at)) => format!("Answering again since {}.", minute(at)),
    }
}
