//! What the jobs and credits of one account say, as the rules `jobs_failing`, `out_of_credits` and `credits_low` need it; and what
//! these have in common.
//!
//! The first two do not fire while an alert is open that explains them: `account_error`, `unauthorized` or `subscription_lapsed` of the
//! account or of its subscription. Jobs up to its end stay explained. What a source raised that is switched off ends.

use std::collections::BTreeSet;

use super::alert::{Alert, AlertId, AlertKind, Condition, Subject};
use super::transition::{OpenAlerts, Transition, diff_alert};
use crate::domain::account::AccountKey;
use crate::domain::credits::{CreditsState, JobEvidence};
use crate::domain::jobs::{self, Job, JobsDecision, JobsPolicy, UnseenJobs};
use crate::domain::policy::Policy;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;

/// The alerts that explain why jobs fail.
pub const EXPLAINING_KINDS: [AlertKind; 3] =
    [AlertKind::AccountError, AlertKind::Unauthorized, AlertKind::SubscriptionLapsed];

/// The detail of an alert that ends because jobs are no longer watched.
pub(super) const JOBS_UNWATCHED: &str = "Jobs are no longer watched ([jobs].watch).";

/// The detail of an alert that ends because credits are no longer read.
pub(super) const CREDITS_UNWATCHED: &str = "Credits are no longer watched ([credits].watch).";

/// What the jobs of one account say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountJobs {
    /// Whether they fail.
    pub failing: JobsDecision,
    /// What they prove about its credits.
    pub credits: Option<JobEvidence>,
    /// Until when a row that could not be read may be another job that failed.
    pub unreadable_until: Option<Timestamp>,
}

impl AccountJobs {
    /// Judges the newest jobs of an account at `now`, when others are `unseen`.
    pub fn new(jobs: &[Job], unseen: &UnseenJobs, policy: &JobsPolicy, now: Timestamp) -> Self {
        Self {
            failing: jobs::evaluate_partly_seen(jobs, unseen, policy, now),
            credits: JobEvidence::from_jobs(jobs, now),
            unreadable_until: unseen.unreadable_until(),
        }
    }
}

/// One account as the rules about jobs and credits see it.
pub(super) struct JobsInput<'a> {
    pub(super) account: &'a AccountKey,
    /// What its jobs say; none if none is known.
    pub(super) jobs: Option<&'a AccountJobs>,
    /// What is known of its credits; none if nothing is.
    pub(super) credits: Option<&'a CreditsState>,
    pub(super) policy: &'a Policy,
    /// The open alert that explains why jobs fail.
    pub(super) explained_by: Option<AlertKind>,
    /// Whether that alert resolves now. It still explains the jobs so far, but no reading of the credits.
    pub(super) explanation_ends: bool,
    pub(super) open: &'a OpenAlerts<'a>,
    pub(super) now: Timestamp,
}

/// What a rule about jobs says.
pub(super) enum JobsVerdict {
    /// The alert fires, with this sentence.
    Fires(Severity, String),
    /// An open alert resolves, with this sentence.
    Ends(String),
    /// An open alert resolves, since the source that raised it is no longer watched.
    LosesSource(&'static str),
    /// Nothing changes.
    SaysNothing,
}

impl<'a> JobsInput<'a> {
    fn subject(&self) -> Subject {
        Subject::Account(self.account.clone())
    }

    /// The account's firing alert of that kind.
    pub(super) fn open_alert(&self, kind: AlertKind) -> Option<&'a Alert> {
        self.open.find(&self.subject(), kind)
    }

    /// The verdict while the alert `kind` explains it.
    pub(super) fn explained(kind: AlertKind) -> JobsVerdict {
        JobsVerdict::Ends(format!("The open alert {kind} explains it."))
    }

    /// The transition of the alert of `kind` by `verdict`.
    pub(super) fn transition(&self, kind: AlertKind, verdict: JobsVerdict) -> Option<Transition> {
        let open = self.open_alert(kind);
        match verdict {
            JobsVerdict::Fires(severity, detail) => {
                let condition = Condition::new(self.subject(), kind, severity, 1, detail);
                diff_alert(open, Some(condition), String::new)
            }
            JobsVerdict::Ends(detail) => open.map(|alert| Transition::resolve(alert, detail)),
            JobsVerdict::LosesSource(detail) => {
                open.map(|alert| Transition::resolve_without_source(alert, detail))
            }
            JobsVerdict::SaysNothing => None,
        }
    }
}

/// The alerts of [`EXPLAINING_KINDS`] that are open, or open by `transitions`. One that resolves by them still explains the jobs so far.
pub(super) struct Explanations<'a> {
    open: &'a OpenAlerts<'a>,
    opened: BTreeSet<(&'a Subject, AlertKind)>,
    resolved: BTreeSet<&'a AlertId>,
}

impl<'a> Explanations<'a> {
    pub(super) fn new(open: &'a OpenAlerts<'a>, transitions: &'a [Transition]) -> Self {
        let opened = transitions.iter().filter_map(|transition| match transition {
            Transition::Open(Condition { subject, kind, .. }) if EXPLAINING_KINDS.contains(kind) => {
                Some((subject, *kind))
            }
            Transition::Open(_) | Transition::Update(..) | Transition::Resolve(_) => None,
        });
        let resolved = transitions.iter().filter_map(|transition| match transition {
            Transition::Resolve(resolved) => Some(&resolved.id),
            Transition::Open(_) | Transition::Update(..) => None,
        });
        Self { open, opened: opened.collect(), resolved: resolved.collect() }
    }

    /// The alert that explains why jobs of `account` fail, and whether it resolves now; first one that does not.
    pub(super) fn explaining(&self, account: &AccountKey) -> (Option<AlertKind>, bool) {
        let subjects =
            [Subject::Account(account.clone()), Subject::Subscription(account.subscription.clone())];
        let lasts = |kind: &AlertKind| {
            let is_open = |subject| {
                self.open.find(subject, *kind).is_some_and(|alert| !self.resolved.contains(&alert.id))
            };
            subjects.iter().any(|subject| self.opened.contains(&(subject, *kind)) || is_open(subject))
        };
        let ends = |kind: &AlertKind| subjects.iter().any(|subject| self.open.find(subject, *kind).is_some());
        match EXPLAINING_KINDS.into_iter().find(lasts) {
            Some(kind) => (Some(kind), false),
            None => (EXPLAINING_KINDS.into_iter().find(ends), true),
        }
    }
}
