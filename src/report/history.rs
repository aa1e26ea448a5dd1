//! One account's configuration over time, as `history --json`, `history --at --json` and `diff --json` give it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::change::ChangeKind;
use crate::domain::configuration::{Configuration, EndSource};
use crate::domain::diff;
use crate::domain::expiry::Ladder;
use crate::domain::expiry_tracking::{Reading, Readings, TrackedExpiries};
use crate::domain::severity::Severity;
use crate::domain::standing::Known;
use crate::domain::text::quoted;
use crate::domain::time::{Timestamp, rfc3339, seconds};
use crate::store::Snapshot;

/// Which account is spoken of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Whose {
    /// Whose token reads it.
    pub subscription: SubscriptionName,
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name for it.
    pub name: String,
}

/// The configurations that were seen, oldest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct History {
    /// When it was drawn.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// Whose.
    pub account: Whose,
    /// One for each time in which nothing changed.
    pub snapshots: Vec<SnapshotReport>,
}

/// A time in which a configuration did not change.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SnapshotReport {
    /// When it was first seen.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub first_seen_at: Timestamp,
    /// When it was last seen.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub last_seen_at: Timestamp,
    /// In how many looks.
    pub checks: i64,
    /// The configuration; members that the vendor did not give are absent.
    pub configuration: BTreeMap<String, Value>,
    /// What differs from the one before; `null` for the oldest that is remembered.
    pub differences: Option<Vec<Difference>>,
}

/// One member that differs, by the vendor's name; `null` where it was absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// Which.
    pub field: String,
    /// Its value before.
    pub before: Value,
    /// Its value after.
    pub after: Value,
    /// The change that it is told as, if it is told.
    pub kind: Option<ChangeKind>,
    /// How grave that is.
    pub severity: Option<Severity>,
}

/// What is known of a configuration at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standpoint {
    /// The moment that was asked for.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub at: Timestamp,
    /// How well it is known.
    pub certainty: Certainty,
    /// The configuration as it stood, or stood last; `null` when nothing was known.
    pub configuration: Option<BTreeMap<String, Value>>,
    /// The end of the token that counted, under the present `[expiry].source`.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<Timestamp>,
    /// When this configuration was first seen.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub first_seen_at: Option<Timestamp>,
    /// When it was last seen.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub last_seen_at: Option<Timestamp>,
    /// When the next one was first seen, if one was.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub next_seen_at: Option<Timestamp>,
}

/// How well a configuration is known at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Looks before and after it saw the same.
    Seen,
    /// It lies between the last look at one configuration and the first at the next.
    Between,
    /// No look was healthy since.
    NotSeenSince,
    /// It lies before the first look that is remembered.
    Unknown,
}

/// `history --at`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConfigurationAt {
    /// When it was drawn.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// Whose.
    pub account: Whose,
    /// How it stood.
    #[serde(flatten)]
    pub stood: Standpoint,
}

/// `diff`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Diff {
    /// When it was drawn.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// Whose.
    pub account: Whose,
    /// How it stood at the one moment.
    pub from: Standpoint,
    /// How it stood at the other.
    pub to: Standpoint,
    /// What differs; `null` when it is not known how it stood at one of them.
    pub differences: Option<Vec<Difference>>,
}

impl Whose {
    /// This account.
    pub fn of(known: &Known) -> Self {
        let account = &known.account;
        Self { subscription: account.subscription.clone(), id: account.id.clone(), name: known.name.clone() }
    }
}

impl History {
    /// Of these snapshots, oldest first, those that were seen at `since` or later.
    pub fn of(known: &Known, snapshots: &[Snapshot], since: Timestamp, now: Timestamp) -> Self {
        let before = std::iter::once(None).chain(snapshots.iter().map(Some));
        let reports = before.zip(snapshots).filter(|(_, snapshot)| snapshot.last_seen_at >= since);
        let report = |(before, snapshot): (Option<&Snapshot>, &Snapshot)| SnapshotReport {
            first_seen_at: snapshot.first_seen_at,
            last_seen_at: snapshot.last_seen_at,
            checks: snapshot.checks,
            configuration: members(&snapshot.configuration),
            differences: before
                .map(|before| differences(known, &before.configuration, &snapshot.configuration)),
        };
        Self { generated_at: now, account: Whose::of(known), snapshots: reports.map(report).collect() }
    }
}

impl Standpoint {
    /// How it stood at `at`, by these snapshots, oldest first; `expiry` is the account's `[expiry].source` and lead times.
    pub fn of(snapshots: &[Snapshot], expiry: (EndSource, &Ladder), at: Timestamp) -> Self {
        let place = snapshots.partition_point(|snapshot| snapshot.first_seen_at <= at);
        let (seen, later) = snapshots.split_at(place);
        let Some(stood) = seen.last() else {
            return Self {
                at,
                certainty: Certainty::Unknown,
                configuration: None,
                expires_at: None,
                first_seen_at: None,
                last_seen_at: None,
                next_seen_at: later.first().map(|next| next.first_seen_at),
            };
        };
        let next = later.first();
        Self {
            at,
            certainty: match next {
                _ if at <= stood.last_seen_at => Certainty::Seen,
                Some(_) => Certainty::Between,
                None => Certainty::NotSeenSince,
            },
            configuration: Some(members(&stood.configuration)),
            expires_at: expiry_after(seen, expiry),
            first_seen_at: Some(stood.first_seen_at),
            last_seen_at: Some(stood.last_seen_at),
            next_seen_at: next.map(|next| next.first_seen_at),
        }
    }
}

impl Diff {
    /// What differs between two moments.
    pub fn of(
        known: &Known,
        snapshots: &[Snapshot],
        expiry: (EndSource, &Ladder),
        [from, to]: [Timestamp; 2],
        now: Timestamp,
    ) -> Self {
        let at = |moment| {
            let place = snapshots.partition_point(|snapshot| snapshot.first_seen_at <= moment);
            place.checked_sub(1).and_then(|place| snapshots.get(place))
        };
        let both = at(from).zip(at(to));
        Self {
            generated_at: now,
            account: Whose::of(known),
            from: Standpoint::of(snapshots, expiry, from),
            to: Standpoint::of(snapshots, expiry, to),
            differences: both
                .map(|(before, after)| differences(known, &before.configuration, &after.configuration)),
        }
    }
}

/// The expiry that counted after these snapshots: one that lacks the configured member says nothing by itself.
fn expiry_after(snapshots: &[Snapshot], expiry: (EndSource, &Ladder)) -> Option<Timestamp> {
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
    let Readings { exp_expire, exp } = configuration.readings();
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

/// All that differs, whether it is worth telling or not.
fn differences(known: &Known, before: &Configuration, after: &Configuration) -> Vec<Difference> {
    let changes = diff::fields(&known.account, before, after, Timestamp::UNIX_EPOCH);
    let (before, after) = (members(before), members(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differs
        .map(|name| {
            let told = changes.iter().find(|change| change.field == *name);
            Difference {
                field: name.clone(),
                before: before.get(name).cloned().unwrap_or_default(),
                after: after.get(name).cloned().unwrap_or_default(),
                kind: told.map(|change| change.kind),
                severity: told.map(|change| change.severity),
            }
        })
        .collect()
}
