//! The one word about an account or about all of them, and the exit status that goes with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::alert::Severity;
use super::observation::Outcome;

/// How things stand. Greater is worse: the worst account decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// Somebody should look soon.
    Warning,
    /// No verdict now.
    Unknown,
    /// Jobs fail now, or will within a day.
    Critical,
}

impl Verdict {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Critical => "critical",
        }
    }

    /// The exit status of `check` and `status`, as monitoring plugins give it.
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// The verdict on an account: what the last look saw, and the severities of the open alerts that concern it.
    pub fn of(outcome: Option<Outcome>, open: impl IntoIterator<Item = Severity>) -> Self {
        let worst = open.into_iter().max();
        let answered = outcome.is_some_and(Outcome::is_verdict);
        match worst {
            Some(Severity::Critical) => Self::Critical,
            _ if !answered => Self::Unknown,
            Some(Severity::Warning) => Self::Warning,
            // A bad answer that is not believed yet is no reason to say that all is well.
            Some(Severity::Info) | None if outcome != Some(Outcome::Ok) => Self::Warning,
            Some(Severity::Info) | None => Self::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_verdict_it_is_unknown_unless_something_critical_is_open() {
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
            assert_eq!(Verdict::of(outcome, open.clone()), expected, "{outcome:?} with {open:?}");
        }
    }

    #[test]
    fn the_worst_decides_in_the_contracts_order() {
        let order = [Verdict::Ok, Verdict::Warning, Verdict::Unknown, Verdict::Critical];
        assert!(order.is_sorted());
        assert_eq!(order.map(Verdict::exit_status), [0, 1, 3, 2]);
    }
}
