//! One account over time, its configuration, credits and jobs, as `history --json`, `history --at --json` and `diff --json` print it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::credits::{CreditsOfDay, credits_by_day};
use super::job_counts::JobDay;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_state::AccountRecord;
use crate::domain::change::ChangeKind;
use crate::domain::configuration::{Configuration, ExpirySource, Reading};
use crate::domain::diff;
use crate::domain::expiry_tracking::TrackedExpiries;
use crate::domain::jobs::CodeCount;
use crate::domain::lead_times::LeadTimes;
use crate::domain::severity::Severity;
use crate::domain::text::quoted;
use crate::domain::time::{Timestamp, rfc3339, seconds};
use crate::store::{CreditPeriod, Snapshot, Store, StoreError};

/// The account that a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AccountIdentity {
    /// The subscription whose token reads the account.
    pub subscription: SubscriptionName,
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name for it.
    pub name: String,
}

/// What was seen of an account, oldest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct History {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The account.
    pub account: AccountIdentity,
    /// Configurations that were last seen before are left out. Only people see it.
    #[serde(skip)]
    pub since: Option<Timestamp>,
    /// One for each period in which nothing changed.
    pub snapshots: Vec<SnapshotReport>,
    /// The credits on each day with a reading; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<CreditsOfDay>,
    /// What became of its jobs, one entry for each day with jobs; kept for 30 days; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobDay>,
}

/// What is stored of an account beside its configurations.
#[derive(Debug, Default)]
pub struct AccountSeries {
    /// Its credits, oldest first.
    pub credits: Vec<CreditPeriod>,
    /// Its jobs, oldest day first.
    pub jobs: Vec<CodeCount>,
}

impl AccountSeries {
    /// Loads what is stored from `since` up to `now`.
    pub async fn load(
        store: &Store,
        account: &AccountKey,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let credits = store.credit_periods(account).await?;
        Ok(Self { credits, jobs: store.job_counts(account, since, now).await? })
    }
}

/// A period in which the configuration did not change.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SnapshotReport {
    /// When it was first seen.
    #[serde(serialize_with = "seconds::serialize")]
    pub first_seen_at: Timestamp,
    /// When it was last seen.
    #[serde(serialize_with = "seconds::serialize")]
    pub last_seen_at: Timestamp,
    /// By how many checks.
    pub checks: i64,
    /// The configuration; members that the vendor did not send are absent.
    pub configuration: BTreeMap<String, Value>,
    /// The differences to the one before; `null` for the oldest one.
    pub differences: Option<Vec<Difference>>,
}

/// One member that differs, by the vendor's name; `null` where it was absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// Its name.
    pub field: String,
    /// Its value before.
    pub before: Value,
    /// Its value after.
    pub after: Value,
    /// The kind of change that is sent for it; `null` when none is sent.
    pub kind: Option<ChangeKind>,
    /// The severity of that change.
    pub severity: Option<Severity>,
}

/// The configuration at one moment, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConfigurationState {
    /// The moment that was asked for.
    #[serde(serialize_with = "seconds::serialize")]
    pub at: Timestamp,
    /// How well it is known.
    pub certainty: Certainty,
    /// The last configuration seen by then; `null` when none was.
    pub configuration: Option<BTreeMap<String, Value>>,
    /// The expiry that counted, by the current `[expiry].source`.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub expires_at: Option<Timestamp>,
    /// When this configuration was first seen.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub first_seen_at: Option<Timestamp>,
    /// When it was last seen.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub last_seen_at: Option<Timestamp>,
    /// When the next configuration was first seen, if one was.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub next_seen_at: Option<Timestamp>,
}

/// How well a configuration is known at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Checks before and after the moment saw the same.
    Seen,
    /// The moment lies between the last check of one configuration and the first of the next.
    Between,
    /// No check was ok since.
    NotSeenSince,
    /// The moment lies before the first stored check.
    Unknown,
}

/// What `history --at` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConfigurationAt {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The account.
    pub account: AccountIdentity,
    /// The configuration then.
    #[serde(flatten)]
    pub state: ConfigurationState,
}

/// What `diff` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Diff {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The account.
    pub account: AccountIdentity,
    /// The configuration at the first moment.
    pub from: ConfigurationState,
    /// The configuration at the second moment.
    pub to: ConfigurationState,
    /// The differences; `null` when the configuration at one of them is unknown.
    pub differences: Option<Vec<Difference>>,
}

impl AccountIdentity {
    /// The identity of an account.
    pub fn new(known: &AccountRecord) -> Self {
        let account = &known.account;
        Self { subscription: account.subscription.clone(), id: account.id.clone(), name: known.name.clone() }
    }
}

impl History {
    /// Reports those of `snapshots`, oldest first, that were seen at `since` or later, and so of the `series`; without it, all.
    pub fn new(
        known: &AccountRecord,
        (snapshots, series): (&[Snapshot], &AccountSeries),
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let before = std::iter::once(None).chain(snapshots.iter().map(Some));
        let is_wanted = |snapshot: &Snapshot| since.is_none_or(|since| snapshot.last_seen_at >= since);
        let reports = before.zip(snapshots).filter(|(_, snapshot)| is_wanted(snapshot));
        let report = |(before, snapshot): (Option<&Snapshot>, &Snapshot)| SnapshotReport {
            first_seen_at: snapshot.first_seen_at,
            last_seen_at: snapshot.last_seen_at,
            checks: snapshot.checks,
            configuration: members(&snapshot.configuration),
            differences: before
                .map(|before| differences(known, &before.configuration, &snapshot.configuration)),
        };
        Self {
            generated_at: now,
            account: AccountIdentity::new(known),
            since,
            snapshots: reports.map(report).collect(),
            credits: credits_by_day(&series.credits, since),
            jobs: JobDay::from_counts(&series.jobs),
        }
    }

    /// The same with the jobs of these days.
    #[must_use]
    pub fn with_jobs(self, jobs: Vec<JobDay>) -> Self {
        Self { jobs, ..self }
    }
}

impl ConfigurationState {
    /// The state at `at` by `snapshots`, oldest first; `expiry` is `[expiry].source` and the account's lead times.
    pub fn new(snapshots: &[Snapshot], expiry: (ExpirySource, &LeadTimes), at: Timestamp) -> Self {
        let (seen, later) = split_at_time(snapshots, at);
        let (last, next) = (seen.last(), later.first());
        Self {
            at,
            certainty: match (last, next) {
                (None, _) => Certainty::Unknown,
                (Some(last), _) if at <= last.last_seen_at => Certainty::Seen,
                (Some(_), Some(_)) => Certainty::Between,
                (Some(_), None) => Certainty::NotSeenSince,
            },
            configuration: last.map(|last| members(&last.configuration)),
            expires_at: expiry_after(seen, expiry),
            first_seen_at: last.map(|last| last.first_seen_at),
            last_seen_at: last.map(|last| last.last_seen_at),
            next_seen_at: next.map(|next| next.first_seen_at),
        }
    }
}

impl Diff {
    /// The differences between two moments.
    pub fn new(
        known: &AccountRecord,
        snapshots: &[Snapshot],
        expiry: (ExpirySource, &LeadTimes),
        [from, to]: [Timestamp; 2],
        now: Timestamp,
    ) -> Self {
        let at = |moment| split_at_time(snapshots, moment).0.last();
        let both = at(from).zip(at(to));
        Self {
            generated_at: now,
            account: AccountIdentity::new(known),
            from: ConfigurationState::new(snapshots, expiry, from),
            to: ConfigurationState::new(snapshots, expiry, to),
            differences: both
                .map(|(before, after)| differences(known, &before.configuration, &after.configuration)),
        }
    }
}

/// Those of `snapshots`, oldest first, that were first seen by `at`, and the later ones.
pub fn split_at_time(snapshots: &[Snapshot], at: Timestamp) -> (&[Snapshot], &[Snapshot]) {
    snapshots.split_at(snapshots.partition_point(|snapshot| snapshot.first_seen_at <= at))
}

/// The expiry that counted after these snapshots. One snapshot is not enough: the configured member may be missing in it.
fn expiry_after(snapshots: &[Snapshot], expiry: (ExpirySource, &LeadTimes)) -> Option<Timestamp> {
    let tracked = snapshots.iter().fold(TrackedExpiries::default(), |tracked, snapshot| {
        tracked.track(&snapshot.configuration.readings(), expiry, snapshot.first_seen_at).0
    });
    tracked.effective(expiry.0).map(|effective| effective.at)
}

/// Every member by the vendor's name.
fn members(configuration: &Configuration) -> BTreeMap<String, Value> {
    let Configuration { host, user_id, max_jobs, capabilities, .. } = configuration;
    let expiry = |reading: Reading| match reading {
        Reading::Read(at) => Some(json!(rfc3339(at))),
        Reading::Missing => None,
        Reading::Unreadable(text) => Some(json!(format!("unreadable: {}", quoted(&text)))),
    };
    let [exp_expire, exp] = configuration.readings();
    let given = [
        ("jwt.host", host.as_ref().map(|host| json!(host))),
        ("jwt.user.id", user_id.as_ref().map(|id| json!(id))),
        ("maxJobs", max_jobs.map(|jobs| json!(jobs))),
        ("jwt.exp_Expire", expiry(exp_expire)),
        ("jwt.exp", expiry(exp)),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.chain(capabilities.iter().map(|(name, has)| (name.clone(), json!(has)))).collect()
}

/// Every difference, also those that no change is sent for.
fn differences(known: &AccountRecord, before: &Configuration, after: &Configuration) -> Vec<Difference> {
    let changes = diff::fields(&known.account, before, after, Timestamp::UNIX_EPOCH);
    let (before, after) = (members(before), members(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differs
        .map(|name| {
            let change = changes.iter().find(|change| change.field == *name);
            Difference {
                field: name.clone(),
                before: before.get(name).cloned().unwrap_or_default(),
                after: after.get(name).cloned().unwrap_or_default(),
                kind: change.map(|change| change.kind),
                severity: change.map(|change| change.severity),
            }
        })
        .collect()
}
