//! What the jobs of one account say, as the rules `jobs_failing` and `out_of_credits` need it; and what these two have in common.
//!
//! Neither fires while an alert is open that explains it: `account_error`, `unauthorized` or `subscription_lapsed` of the account or of
//! its subscription. Jobs up to its end stay explained. A source that is switched off ends both.

use std::collections::BTreeSet;

use super::alert::{AlertKind, Condition, Subject};
use super::transition::{OpenAlerts, Transition, diff_alert};
use crate::domain::account::AccountKey;
use crate::domain::credits::JobEvidence;
use crate::domain::jobs::{self, Job, JobsDecision, JobsPolicy};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;

/// The alerts that explain why jobs fail.
pub const EXPLAINING_KINDS: [AlertKind; 3] =
    [AlertKind::AccountError, AlertKind::Unauthorized, AlertKind::SubscriptionLapsed];

/// What the jobs of one account say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountJobs {
    /// Whether they fail.
    pub failing: JobsDecision,
    /// What they prove about its credits.
    pub credits: Option<JobEvidence>,
}

impl AccountJobs {
    /// Judges the newest jobs of an account at `now`.
    pub fn new(jobs: &[Job], policy: &JobsPolicy, now: Timestamp) -> Self {
        Self { failing: jobs::evaluate(jobs, policy, now), credits: JobEvidence::from_jobs(jobs, now) }
    }
}

/// One account as the rules about jobs see it.
pub(super) struct JobsInput<'a> {
    pub(super) account: &'a AccountKey,
    /// What its jobs say; none if none is known.
    pub(super) jobs: Option<&'a AccountJobs>,
    /// Whether jobs are watched.
    pub(super) is_watched: bool,
    /// The open alert that explains why jobs fail.
    pub(super) explained_by: Option<AlertKind>,
    pub(super) open: &'a OpenAlerts<'a>,
    pub(super) now: Timestamp,
}

/// What a rule about jobs says.
pub(super) enum JobsVerdict {
    /// The alert fires, with this sentence.
    Fires(Severity, String),
    /// An open alert resolves, with this sentence.
    Ends(String),
    /// Nothing changes.
    SaysNothing,
}

impl JobsInput<'_> {
    /// The transition of the alert of `kind` by `verdict`.
    pub(super) fn transition(&self, kind: AlertKind, verdict: JobsVerdict) -> Option<Transition> {
        let subject = Subject::Account(self.account.clone());
        let open = self.open.find(&subject, kind);
        let ends = |detail: String| open.map(|alert| Transition::resolve(alert, detail));
        if !self.is_watched {
            let detail = "Jobs are no longer watched ([jobs].watch).";
            return open.map(|alert| Transition::resolve_without_source(alert, detail));
        }
        if let Some(explanation) = self.explained_by {
            return ends(format!("The open alert {explanation} explains it."));
        }
        match verdict {
            JobsVerdict::Fires(severity, detail) => {
                diff_alert(open, Some(Condition::new(subject, kind, severity, 1, detail)), String::new)
            }
            JobsVerdict::Ends(detail) => ends(detail),
            JobsVerdict::SaysNothing => None,
        }
    }
}

/// The alerts of [`EXPLAINING_KINDS`] that are open, or open by `transitions`. One that resolves by them still explains the jobs so far.
pub(super) struct Explanations<'a> {
    open: &'a OpenAlerts<'a>,
    opened: BTreeSet<(&'a Subject, AlertKind)>,
}

impl<'a> Explanations<'a> {
    pub(super) fn new(open: &'a OpenAlerts<'a>, transitions: &'a [Transition]) -> Self {
        let opened = transitions.iter().filter_map(|transition| match transition {
            Transition::Open(Condition { subject, kind, .. }) if EXPLAINING_KINDS.contains(kind) => {
                Some((subject, *kind))
            }
            Transition::Open(_) | Transition::Update(..) | Transition::Resolve(_) => None,
        });
        Self { open, opened: opened.collect() }
    }

    /// The alert that explains why jobs of `account` fail.
    pub(super) fn explaining(&self, account: &AccountKey) -> Option<AlertKind> {
        let subjects =
            [Subject::Account(account.clone()), Subject::Subscription(account.subscription.clone())];
        let explains = |kind: &AlertKind| {
            subjects.iter().any(|subject| {
                self.opened.contains(&(subject, *kind)) || self.open.find(subject, *kind).is_some()
            })
        };
        EXPLAINING_KINDS.into_iter().find(explains)
    }
}
