//! `account_error`: the configuration carries an error, or 596, or the read of the credits says that the session is dead; each confirmed.
//! Critical, about one account; resolves when neither source says so any more.

use super::account_jobs::CREDITS_UNWATCHED;
use super::alert::{Alert, AlertKind, Condition};
use super::fault::{FaultAlert, healthy_again_text};
use super::rule::AccountInput;
use super::transition::{Transition, diff_alert};
use crate::domain::account_state::Fault;
use crate::domain::credits::CreditsState;
use crate::domain::severity::Severity;
use crate::domain::time::minute;

const ALERT: FaultAlert = FaultAlert::new(
    Fault::AccountError,
    Severity::Critical,
    "useapi.net reports that the linked MiniMax account is in error",
);

/// How the sentence of an alert begins that the read of the credits raised; also the mark by which such an alert is recognised.
const BY_CREDITS: &str = "MiniMax no longer accepts the session of this account (GET /v1/minimax/features)";

pub(super) fn evaluate(account: &AccountInput<'_>) -> Vec<Transition> {
    let open = account.open_alert(AlertKind::AccountError);
    let credits = account.credits.filter(|_| account.policy.credits.is_some());
    let is_faulty = account.state.faults.contains(&ALERT.fault);
    let by_checks = is_faulty.then(|| ALERT.condition(account.subject(), 1, &account.state));
    let condition = by_checks.or_else(|| by_credits(account, credits?));
    let transition = match (open, condition) {
        (Some(alert), None) if is_by_credits(alert) && account.policy.credits.is_none() => {
            Some(Transition::resolve_without_source(alert, CREDITS_UNWATCHED))
        }
        // The source of an open alert is known by its sentence.
        (Some(alert), Some(condition)) if is_by_credits(alert) && is_faulty => {
            Some(Transition::Update(alert.id.clone(), condition))
        }
        (open, condition) => diff_alert(open, condition, || ended_text(account, open, credits)),
    };
    transition.into_iter().collect()
}

fn is_by_credits(alert: &Alert) -> bool {
    alert.condition.detail.starts_with(BY_CREDITS)
}

fn by_credits(account: &AccountInput<'_>, credits: &CreditsState) -> Option<Condition> {
    let error = credits.session_error.as_deref().map(|error| error.trim_end_matches('.')).unwrap_or_default();
    let detail = if error.is_empty() { format!("{BY_CREDITS}.") } else { format!("{BY_CREDITS}: {error}.") };
    let (kind, severity) = (AlertKind::AccountError, Severity::Critical);
    credits.is_dead.then(|| Condition::new(account.subject(), kind, severity, 1, detail))
}

fn ended_text(account: &AccountInput<'_>, open: Option<&Alert>, credits: Option<&CreditsState>) -> String {
    match credits.and_then(|credits| credits.read_at) {
        Some(at) if open.is_some_and(is_by_credits) => {
            format!("MiniMax answers for this account again since {}.", minute(at))
        }
        _ => healthy_again_text(&account.state),
    }
}
