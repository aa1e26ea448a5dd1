//! The verdict on one account or on all of them, and the exit status that goes with it (as of monitoring plugins).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::account::as_str;
use super::observation::Outcome;
use super::severity::Severity;

/// The state of an account or of all of them. Greater is worse; the worst account decides.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[derive(IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// An operator should act soon.
    Warning,
    /// The last check was inconclusive, or there was none.
    #[default]
    Unknown,
    /// Jobs fail now, or will within a day.
    Critical,
}

as_str!(Verdict);

impl Verdict {
    /// The exit status of `check` and `status`.
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// The verdict on an account from its last outcome and the severities of its open alerts.
    pub fn new(outcome: Option<Outcome>, open: impl IntoIterator<Item = Severity>) -> Self {
        let worst = open.into_iter().max();
        let is_conclusive = outcome.is_some_and(Outcome::is_conclusive);
        match worst {
            Some(Severity::Critical) => Self::Critical,
            _ if !is_conclusive => Self::Unknown,
            Some(Severity::Warning) => Self::Warning,
            // A fault that awaits its confirmation raises no alert yet, but the account is not `ok`.
            Some(Severity::Info) | None if outcome != Some(Outcome::Ok) => Self::Warning,
            Some(Severity::Info) | None => Self::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inconclusive_check_is_unknown_unless_a_critical_alert_is_open() {
        use Severity::{Critical, Warning};
        for (outcome, open, expected) in [
            (Some(Outcome::Ok), vec![], Verdict::Ok),
            (Some(Outcome::Ok), vec![Warning], Verdict::Warning),
            (Some(Outcome::NotFound), vec![Warning, Critical], Verdict::Critical),
            (Some(Outcome::NotFound), vec![], Verdict::Warning),
            (Some(Outcome::Unavailable), vec![], Verdict::Unknown),
            (Some(Outcome::Blocked), vec![], Verdict::Unknown),
            (Some(Outcome::RateLimited), vec![Warning], Verdict::Unknown),
            (Some(Outcome::Unavailable), vec![Critical], Verdict::Critical),
            (None, vec![], Verdict::Unknown),
        ] {
            assert_eq!(Verdict::new(outcome, open.clone()), expected, "{outcome:?} with {open:?}");
        }
    }

    #[test]
    fn verdicts_are_ordered_as_in_the_contract() {
        let order = [Verdict::Ok, Verdict::Warning, Verdict::Unknown, Verdict::Critical];
        assert!(order.is_sorted());
        assert_eq!(order.map(Verdict::exit_status), [0, 1, 3, 2]);
    }
}
