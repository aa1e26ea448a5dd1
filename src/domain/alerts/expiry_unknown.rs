//! `expiry_unknown`: a healthy answer holds no usable expiry, and none is known. Warning, about one account; resolves when one
//! is seen.

use super::alert::{AlertKind, Condition};
use super::expiry::unread_text;
use super::rule::AccountInput;
use super::transition::{Transition, diff_alert};
use crate::domain::expiry_tracking::{ReadState, TrackedExpiries};
use crate::domain::severity::Severity;

const KIND: AlertKind = AlertKind::ExpiryUnknown;

pub(super) fn evaluate(account: &AccountInput<'_>) -> Vec<Transition> {
    let condition = account.state.expiry_missing.then(|| {
        Condition::new(account.subject(), KIND, Severity::Warning, 1, detail(&account.state.expiries))
    });
    let transition = match (account.open_alert(KIND), condition) {
        // Unlike an error text of the vendor, this text changes only with its cause: a missing expiry becomes unreadable.
        (Some(alert), Some(condition)) if alert.condition.detail != condition.detail => {
            Some(Transition::Update(alert.id.clone(), condition))
        }
        (open, condition) => {
            diff_alert(open, condition, || "The configuration holds an expiry again.".to_owned())
        }
    };
    transition.into_iter().collect()
}

fn detail(expiries: &TrackedExpiries) -> String {
    let unreadable =
        expiries.by_name().into_iter().filter(|(_, tracked)| tracked.state == ReadState::Unreadable);
    let texts: String = unreadable.map(|(member, tracked)| unread_text(member, tracked)).collect();
    format!("The account is healthy, but its configuration holds no usable expiry.{texts}")
}
