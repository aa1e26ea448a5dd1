//! How things stand, from the store alone: what `status`, `check` and later the status page show (docs/contract.md, section 7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Config;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::alert::{Alert, AlertKind, Subject};
use crate::domain::announce::alert_entry;
use crate::domain::expiry::{self, CRITICAL_WITHIN};
use crate::domain::expiry_tracking::{ReadState, TrackedExpiries, TrackedExpiry};
use crate::domain::message::AlertEntry;
use crate::domain::observation::Outcome;
use crate::domain::overdue::{Overdue, overdue};
use crate::domain::policy::Policy;
use crate::domain::standing::Known;
use crate::domain::time::{Timestamp, seconds};
use crate::domain::verdict::Verdict;
use crate::store::{Run, Store, StoreError};

/// Messages given up longer ago than this are no part of the picture.
const FAILED_SINCE: TimeDelta = TimeDelta::days(7);

/// The whole picture.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// When it was drawn.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// The worst account's.
    pub verdict: Verdict,
    /// The last run, if there was one.
    pub last_run: Option<LastRun>,
    /// The accounts asked about.
    pub accounts: Vec<AccountReport>,
    /// The open alerts that concern them.
    pub alerts: Vec<AlertEntry>,
    /// The outbox.
    pub outbox: Outbox,
    /// Lists of accounts that could not be read: for people, who would otherwise see no reason why accounts are missing.
    #[serde(skip)]
    pub lists: Vec<ListReport>,
    /// How many silences are in force: for people, who may wonder why they heard nothing.
    #[serde(skip)]
    pub silences: usize,
    /// Why nobody watches, where the age of the last run was judged: for people; the verdict is unknown then.
    #[serde(skip)]
    pub overdue: Option<Overdue>,
}

/// A list of accounts that could not be read.
#[derive(Clone, Debug)]
pub struct ListReport {
    /// Whose list.
    pub subscription: SubscriptionName,
    /// What the last look at it saw.
    pub outcome: Outcome,
    /// What there was to say about it.
    pub error: String,
}

/// The last run in numbers.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct LastRun {
    /// When it began.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub started_at: Timestamp,
    /// When it ended, if it did.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub finished_at: Option<Timestamp>,
    /// Accounts looked at.
    pub checked: u32,
    /// Of these: healthy.
    pub ok: u32,
}

/// One account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountReport {
    /// Whose token reads it.
    pub subscription: SubscriptionName,
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name for it.
    pub name: String,
    /// What the last look saw; `null` before the first.
    pub outcome: Option<Outcome>,
    /// The one word.
    pub verdict: Verdict,
    /// When the last look was.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub checked_at: Option<Timestamp>,
    /// When it was last healthy.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub last_ok_at: Option<Timestamp>,
    /// The token's end, from the configured source.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<Timestamp>,
    /// What is known of both members that give the expiry: they can contradict each other.
    pub expiries: Expiries,
    /// `maxJobs`.
    pub max_jobs: Option<i64>,
    /// `jwt.host`.
    pub host: Option<String>,
    /// The `support*` flags.
    // Shared, since most accounts can do the same.
    pub capabilities: Arc<BTreeMap<String, bool>>,
    /// What there was to say about an outcome other than `ok`.
    pub error: Option<String>,
    /// The kinds of the open alerts that concern it.
    pub alerts: BTreeSet<AlertKind>,
    /// From this much time left on it is a warning; a threshold of the performance data.
    #[serde(skip)]
    pub warning_within: TimeDelta,
    /// From this much time left on it is critical.
    #[serde(skip)]
    pub critical_within: TimeDelta,
}

/// The two members that give the expiry, by the vendor's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Expiries {
    /// `jwt.exp_Expire`.
    #[serde(rename = "exp_Expire")]
    pub exp_expire: ExpiryReport,
    /// `jwt.exp`.
    pub exp: ExpiryReport,
}

/// What is known of one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExpiryReport {
    /// Its last readable value; `null` when it never had one.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub at: Option<Timestamp>,
    /// When that was last seen.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub seen_at: Option<Timestamp>,
    /// What the last healthy check made of it.
    pub state: ReadState,
    /// Quotes it, shortened, where it cannot be read.
    pub text: Option<String>,
}

impl Expiries {
    /// What `tracked` says.
    pub fn new(tracked: &TrackedExpiries) -> Self {
        let report = |tracked: &TrackedExpiry| ExpiryReport {
            at: tracked.last,
            seen_at: tracked.seen_at,
            state: tracked.state,
            text: tracked.text.clone(),
        };
        Self { exp_expire: report(&tracked.exp_expire), exp: report(&tracked.exp) }
    }
}

/// The outbox in numbers.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Outbox {
    /// Still to be delivered.
    pub pending: i64,
    /// Refused or given up within the last seven days.
    pub failed: i64,
}

impl Report {
    /// Draws the picture of the accounts that `wanted` names, or of all.
    pub async fn of(
        store: &Store,
        config: &Config,
        wanted: Option<&BTreeSet<AccountKey>>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let asked = |account: &AccountKey| wanted.is_none_or(|wanted| wanted.contains(account));
        let mut concerning = store.firing_alerts().await?;
        concerning.retain(|alert| concerns(alert, wanted));
        let (open, policy) = (OpenAlerts::of(&concerning), config.policy());
        let (mut accounts, mut lists, mut names) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut abilities: BTreeSet<Arc<BTreeMap<String, bool>>> = BTreeSet::new();
        store
            .each_watched(|member| {
                if !member.account.is_listing() {
                    if open.has_any(&member.account) && member.name != member.account.id.as_str() {
                        names.insert(member.account.clone(), member.name.clone());
                    }
                    if asked(&member.account) {
                        let mut report = AccountReport::of(member, &open, &policy, now);
                        match abilities.get(&report.capabilities) {
                            Some(same) => report.capabilities = Arc::clone(same),
                            None => drop(abilities.insert(Arc::clone(&report.capabilities))),
                        }
                        accounts.push(report);
                    }
                } else if wanted.is_none() && !is_told(&concerning, &member.account.subscription) {
                    lists.extend(ListReport::of(&member));
                }
            })
            .await?;
        // Nothing to judge is no good news.
        let worst = accounts.iter().map(|account| account.verdict).max().unwrap_or(Verdict::Unknown);
        let shared =
            concerning.iter().filter(|alert| matches!(alert.condition.subject, Subject::Subscription(_)));
        let shared = Verdict::of(Some(Outcome::Ok), shared.map(|alert| alert.condition.severity));
        let name =
            |account: &AccountKey| names.get(account).cloned().unwrap_or_else(|| account.id.to_string());
        let outbox = store.outbox(now - FAILED_SINCE).await?;
        Ok(Self {
            generated_at: now,
            verdict: worst.max(shared),
            last_run: store.last_run().await?.map(LastRun::of),
            accounts,
            alerts: concerning.into_iter().map(|alert| alert_entry(&alert, None, name)).collect(),
            outbox: Outbox { pending: outbox.pending, failed: outbox.failed },
            silences: store.silences_in_force(now).await?.len(),
            lists,
            overdue: None,
        })
    }

    /// The same for those who read the store alone: when nobody watches, nothing in it says how the accounts are.
    pub async fn last_known(
        store: &Store,
        config: &Config,
        wanted: Option<&BTreeSet<AccountKey>>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut report = Self::of(store, config, wanted, now).await?;
        // By its end, so that a run that takes longer than the interval is not overdue as soon as it is done.
        let last_run =
            report.last_run.map(|run| run.started_at.max(run.finished_at.unwrap_or(run.started_at)));
        let timetable = &config.schedule;
        report.overdue = overdue(&timetable.schedule, timetable.jitter, last_run, now);
        if report.overdue.is_some() {
            report.verdict = Verdict::Unknown;
        }
        Ok(report)
    }

    /// The verdict of the whole picture, where nothing else of it is wanted: the picture of a large fleet takes much memory.
    pub async fn verdict(
        store: &Store,
        config: &Config,
        wanted: Option<&BTreeSet<AccountKey>>,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        if wanted.is_none() && Self::is_well(store, config, now).await? {
            return Ok(Verdict::Ok);
        }
        let (policy, none) = (config.policy(), OpenAlerts::of(&[]));
        // Nothing to judge is no good news.
        let mut worst = None;
        store
            .each_watched(|member| {
                let is_asked = wanted.is_none_or(|wanted| wanted.contains(&member.account));
                if is_asked && !member.account.is_listing() {
                    worst = worst.max(Some(AccountReport::of(member, &none, &policy, now).verdict));
                }
            })
            .await?;
        let mut worst = worst.unwrap_or(Verdict::Unknown);
        store
            .each_firing(|alert| {
                if concerns(&alert, wanted) && !matches!(alert.condition.subject, Subject::Receiver(_)) {
                    worst = worst.max(Verdict::of(Some(Outcome::Ok), [alert.condition.severity]));
                }
            })
            .await?;
        Ok(worst)
    }

    /// Whether the whole picture would be of accounts that are well. It is told from those that may not be, however many there are.
    pub async fn is_well(store: &Store, config: &Config, now: Timestamp) -> Result<bool, StoreError> {
        let policy = config.policy();
        let none = OpenAlerts::of(&[]);
        let is_well = |member: &Known| {
            member.account.is_listing()
                || AccountReport::of(member.clone(), &none, &policy, now).verdict == Verdict::Ok
        };
        let last = store.last_run().await?;
        Ok(last.is_some_and(|run| run.counts.checked > 0)
            && !store.is_any_firing().await?
            && store.astir(now + policy.longest_lead()).await?.iter().all(is_well))
    }

    /// The picture before the first run: nothing is known.
    pub const fn empty(now: Timestamp) -> Self {
        Self {
            generated_at: now,
            verdict: Verdict::Unknown,
            last_run: None,
            accounts: Vec::new(),
            alerts: Vec::new(),
            outbox: Outbox { pending: 0, failed: 0 },
            lists: Vec::new(),
            silences: 0,
            overdue: Some(Overdue::NoRun),
        }
    }
}

impl LastRun {
    const fn of(run: Run) -> Self {
        Self {
            started_at: run.started_at,
            finished_at: run.finished_at,
            checked: run.counts.checked,
            ok: run.counts.ok,
        }
    }
}

impl ListReport {
    fn of(list: &Known) -> Option<Self> {
        let outcome = list.standing.outcome.filter(|outcome| *outcome != Outcome::Ok)?;
        let error = list.standing.error.clone().unwrap_or_else(|| outcome.to_string());
        Some(Self { subscription: list.account.subscription.clone(), outcome, error })
    }
}

impl AccountReport {
    fn of(member: Known, open: &OpenAlerts<'_>, policy: &Policy, now: Timestamp) -> Self {
        let end = member.standing_under(policy).end;
        let Known { account, name, standing, configuration } = member;
        let ladder = policy.ladder(&account);
        let seen = configuration.unwrap_or_default();
        let longest = ladder.leads().first().copied().unwrap_or_default();
        // The clock runs on while nothing is checked, though no alert says so before the next run.
        let near = end.filter(|end| ladder.stage(*end, now).is_some()).map(|end| expiry::severity(end, now));
        let severities = open.concerning(&account).map(|alert| alert.condition.severity).chain(near);
        Self {
            subscription: account.subscription.clone(),
            id: account.id.clone(),
            name,
            outcome: standing.outcome,
            verdict: Verdict::of(standing.outcome, severities),
            checked_at: standing.checked_at,
            last_ok_at: standing.last_ok_at,
            expires_at: end,
            expiries: Expiries::new(&standing.expiries),
            max_jobs: seen.max_jobs,
            host: seen.host,
            capabilities: Arc::new(seen.capabilities),
            error: standing.error,
            alerts: open.concerning(&account).map(|alert| alert.condition.kind).collect(),
            warning_within: longest,
            critical_within: longest.min(CRITICAL_WITHIN),
        }
    }
}

/// Whether `alert` is about the accounts that `wanted` names, or about anything.
fn concerns(alert: &Alert, wanted: Option<&BTreeSet<AccountKey>>) -> bool {
    wanted.is_none_or(|wanted| match &alert.condition.subject {
        Subject::Account(account) => wanted.contains(account),
        Subject::Subscription(name) => wanted.iter().any(|account| account.subscription == *name),
        Subject::Receiver(_) => false,
    })
}

/// Whether an open alert already speaks for the whole subscription.
fn is_told(alerts: &[Alert], subscription: &SubscriptionName) -> bool {
    alerts
        .iter()
        .any(|alert| matches!(&alert.condition.subject, Subject::Subscription(name) if name == subscription))
}

/// The open alerts by what they are about: of ten thousand accounts each one asks for its own.
struct OpenAlerts<'a>(BTreeMap<&'a Subject, Vec<&'a Alert>>);

impl<'a> OpenAlerts<'a> {
    fn of(alerts: &'a [Alert]) -> Self {
        let mut by_subject: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for alert in alerts {
            by_subject.entry(&alert.condition.subject).or_default().push(alert);
        }
        Self(by_subject)
    }

    /// Whether any is about `account` itself.
    fn has_any(&self, account: &AccountKey) -> bool {
        self.0.contains_key(&Subject::Account(account.clone()))
    }

    /// Those about `account` or its whole subscription.
    fn concerning(&self, account: &AccountKey) -> impl Iterator<Item = &'a Alert> {
        let subjects =
            [Subject::Account(account.clone()), Subject::Subscription(account.subscription.clone())];
        subjects.into_iter().flat_map(|subject| self.0.get(&subject).cloned().unwrap_or_default())
    }
}
