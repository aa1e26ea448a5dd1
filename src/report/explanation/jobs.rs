//! The inputs of the rules about jobs in words.

use std::iter;

use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::AlertKind;
use crate::domain::credits::JobEvidence;
use crate::domain::duration;
use crate::domain::jobs::{self, JobCounts, JobsPolicy, MAX_DATA_DELAY, StatsReadings};
use crate::domain::text::one_line;
use crate::domain::time::{Timestamp, relative};
use crate::store::{Store, StoreError};

/// What the rules about jobs are given.
pub(super) struct JobsInputs<'a> {
    /// What the jobs say, while they are watched.
    pub(super) facts: Option<&'a JobFacts>,
    /// The open alert that explains why jobs fail.
    pub(super) explained_by: Option<AlertKind>,
    pub(super) now: Timestamp,
}

/// What the jobs of an account say.
pub(super) struct JobFacts {
    policy: JobsPolicy,
    /// The counted jobs of the window that is judged, and whether the newest of them succeeded.
    window: Option<(JobCounts, bool)>,
    credits: Option<JobEvidence>,
    readings: StatsReadings,
}

impl JobFacts {
    /// Reads what the rules judge.
    pub(super) async fn load(
        store: &Store,
        record: &AccountRecord,
        policy: JobsPolicy,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let account = &record.account;
        let jobs = store.newest_jobs(account, now).await?;
        Ok(Self {
            policy,
            window: jobs::window(&jobs, &policy, now),
            credits: JobEvidence::from_jobs(&jobs, now),
            readings: store.stats_readings().await?.remove(&account.subscription).unwrap_or_default(),
        })
    }
}

/// The inputs of `jobs_failing`.
pub(super) fn failing(inputs: &JobsInputs<'_>) -> String {
    let rule = |facts: &JobFacts| {
        let JobsPolicy { min_jobs, failing, .. } = facts.policy;
        format!("; fires when the newest failed and a share of {failing} of at least {min_jobs} did")
    };
    described(inputs, rule, |facts| {
        let window = duration::text(facts.policy.window);
        match &facts.window {
            None => "no counted job is known".to_owned(),
            Some((JobCounts { counted: 0, .. }, _)) => format!("no job was counted within {window}"),
            Some((counts, has_succeeded)) => {
                let newest = if *has_succeeded { "succeeded" } else { "failed" };
                format!("{} (within {window}), the newest {newest}", counts.text())
            }
        }
    })
}

/// The inputs of `out_of_credits`.
pub(super) fn out_of_credits(inputs: &JobsInputs<'_>) -> String {
    described(
        inputs,
        |_| String::new(),
        |facts| match &facts.credits {
            None => "no job succeeded or was refused for lack of credits (412)".to_owned(),
            Some(JobEvidence::Succeeded(at)) => {
                format!("the newest evidence is a job that succeeded {}", relative(*at, inputs.now))
            }
            Some(JobEvidence::Refused(refusals)) => format!(
                "the newest evidence is a job that was refused for lack of credits (412) {}",
                relative(refusals.newest_at, inputs.now)
            ),
        },
    )
}

/// What `describe` makes of the facts, what is known of the readings, and when the `rule` fires.
fn described(
    inputs: &JobsInputs<'_>,
    rule: impl FnOnce(&JobFacts) -> String,
    describe: impl FnOnce(&JobFacts) -> String,
) -> String {
    let Some(facts) = inputs.facts else { return "jobs are not watched ([jobs].watch)".to_owned() };
    let StatsReadings { read_at, failure, unseen } = &facts.readings;
    let error = failure.as_ref().map(|failure| one_line(&failure.error).trim_end_matches('.').to_owned());
    let explanation = inputs.explained_by.map(|kind| format!("; does not fire while {kind} is open"));
    let explanation = explanation.unwrap_or_default();
    let read = match (read_at, error) {
        (None, Some(error)) => return format!("the job statistics could not be read: {error}"),
        (None, None) => return "the job statistics were not read yet".to_owned(),
        (Some(at), None) => format!(", read {}", relative(*at, inputs.now)),
        (Some(at), Some(error)) => {
            format!(", read {} (the last reading failed: {error})", relative(*at, inputs.now))
        }
    };
    let judged_since = inputs.now - MAX_DATA_DELAY - facts.policy.window;
    let unseen = unseen.unwrap_or_default().sentences(judged_since, inputs.now);
    let unseen = iter::once(String::new()).chain(unseen).collect::<Vec<_>>().join("; ");
    format!("{}{read}{unseen}{}{explanation}", describe(facts), rule(facts))
}
