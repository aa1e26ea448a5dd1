//! Silences: what an operator does not want to hear of until a given moment.
//!
//! Promises: a silence withholds fires, reminders and changes, never an end: whoever was told of a fire is told of its end.
//! Critical alerts pass a silence unless it was made with `--even-critical`; `effect` says in words what that means.
//! It withholds and does not drop: what is still to be told when it ends is told then. It says nothing of receivers.

use std::collections::BTreeSet;
use std::fmt;

use globset::GlobSet;

use super::account::{AccountRef, SubscriptionName};
use super::account_glob;
use super::alert::{Alert, AlertKind, Severity, Subject};
use super::change::{Change, ChangeKind};
use super::route::Kinds;
use super::text;
use super::time::Timestamp;

mod effect;

pub use effect::Effect;

/// The number of a silence: short, so that it can be typed.
pub type SilenceId = i64;

/// One silence.
#[derive(Clone, Debug)]
pub struct Silence {
    /// Its number.
    pub id: SilenceId,
    /// What it withholds.
    pub matcher: Matcher,
    /// Until when.
    pub until: Timestamp,
    /// Why, in the operator's words.
    pub reason: String,
    /// Whether it silences critical alerts too.
    pub even_critical: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was ended by hand before its time.
    pub ended_at: Option<Timestamp>,
}

impl Silence {
    /// Whether it withholds anything at `now`. At `until` it no longer does.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.until
    }

    /// Whether it withholds `alert` at `now`; `accounts` are those that the alert concerns.
    pub fn withholds_alert(&self, alert: &Alert, accounts: &[&AccountRef], now: Timestamp) -> bool {
        let condition = &alert.condition;
        // By its severity now: an alert that escalates to critical within a silence passes from then on.
        let passes = condition.severity == Severity::Critical && !self.even_critical;
        self.is_in_force(now)
            && alert.is_firing()
            && !passes
            && self.matcher.covers_alert(condition.kind, &condition.subject, accounts)
    }

    /// Whether it withholds `change` in `account` at `now`.
    pub fn withholds_change(&self, change: &Change, account: &AccountRef, now: Timestamp) -> bool {
        self.is_in_force(now)
            && self.matcher.covers_change(change.kind, &change.account.subscription, account)
    }
}

/// Until when `silences` withhold `alert`, if they do; one of them may be ended earlier.
pub fn alert_withheld(
    silences: &[Silence],
    alert: &Alert,
    accounts: &[&AccountRef],
    now: Timestamp,
) -> Option<Timestamp> {
    let withholding = silences.iter().filter(|silence| silence.withholds_alert(alert, accounts, now));
    withholding.map(|silence| silence.until).max()
}

/// Until when `silences` withhold `change` in `account`, if they do.
pub fn change_withheld(
    silences: &[Silence],
    change: &Change,
    account: &AccountRef,
    now: Timestamp,
) -> Option<Timestamp> {
    let withholding = silences.iter().filter(|silence| silence.withholds_change(change, account, now));
    withholding.map(|silence| silence.until).max()
}

/// Why a silence cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// Nothing says what it withholds.
    #[error("a silence of everything is none that anybody means; for all accounts say `*`")]
    Everything,
    /// Not a glob.
    #[error("`{glob}` is no glob: {reason}")]
    Glob {
        /// As typed.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a kind.
    #[error("`{typed}` is no kind of alert or change (there are: {})", all_kinds().join(", "))]
    Kind {
        /// As typed.
        typed: String,
    },
}

/// What a silence withholds: all that was asked for must hold, each by any of its words.
#[derive(Clone, Debug)]
pub struct Matcher {
    globs: Vec<String>,
    accounts: GlobSet,
    kinds: Kinds,
    subscriptions: BTreeSet<SubscriptionName>,
}

impl Matcher {
    /// Reads what was typed; an empty list asks for nothing.
    ///
    /// # Errors
    /// When all lists are empty, a glob is none, or a word is no kind.
    pub fn new(
        globs: &[String],
        kinds: &[String],
        subscriptions: impl IntoIterator<Item = SubscriptionName>,
    ) -> Result<Self, MatcherError> {
        let subscriptions: BTreeSet<SubscriptionName> = subscriptions.into_iter().collect();
        if globs.is_empty() && kinds.is_empty() && subscriptions.is_empty() {
            return Err(MatcherError::Everything);
        }
        Ok(Self { globs: globs.to_vec(), accounts: compiled(globs)?, kinds: kinds_of(kinds)?, subscriptions })
    }

    /// The globs over account names and ids, as typed.
    pub fn globs(&self) -> &[String] {
        &self.globs
    }

    /// The kinds by their words; none when every kind is meant.
    pub fn kinds(&self) -> Vec<&'static str> {
        match &self.kinds {
            Kinds::All => Vec::new(),
            Kinds::Only { alerts, changes } => {
                let alerts = alerts.iter().copied().map(AlertKind::as_str);
                alerts.chain(changes.iter().copied().map(ChangeKind::as_str)).collect()
            }
        }
    }

    /// The subscriptions; none when every one is meant.
    pub const fn subscriptions(&self) -> &BTreeSet<SubscriptionName> {
        &self.subscriptions
    }

    /// Whether `account` of `subscription` is meant, whatever the kind.
    pub fn covers_account(&self, subscription: &SubscriptionName, account: &AccountRef) -> bool {
        self.covers(Some(subscription), &[account])
    }

    /// Whether an alert that it means can be critical.
    pub fn covers_critical(&self) -> bool {
        let can_be_critical = |kind: AlertKind| kind.severities().contains(&Severity::Critical);
        AlertKind::ALL.into_iter().any(|kind| self.kinds.includes_alert(kind) && can_be_critical(kind))
    }

    /// Whether alerts about receivers are meant: they belong to no account and no subscription.
    fn covers_receivers(&self) -> bool {
        self.globs.is_empty() && self.subscriptions.is_empty()
    }

    fn covers_alert(&self, kind: AlertKind, subject: &Subject, accounts: &[&AccountRef]) -> bool {
        match subject {
            Subject::Account(_) | Subject::Subscription(_) => {
                self.kinds.includes_alert(kind) && self.covers(subject.subscription(), accounts)
            }
            // A receiver belongs to no account and no subscription: it is meant by its kind or not at all.
            Subject::Receiver(_) => self.kinds.includes_alert(kind) && self.covers_receivers(),
        }
    }

    fn covers_change(&self, kind: ChangeKind, subscription: &SubscriptionName, account: &AccountRef) -> bool {
        self.kinds.includes_change(kind) && self.covers(Some(subscription), &[account])
    }

    /// What concerns several accounts is meant when each of them is: the others are not silenced. What concerns an empty
    /// subscription is meant only by a glob that takes any name.
    fn covers(&self, subscription: Option<&SubscriptionName>, accounts: &[&AccountRef]) -> bool {
        let is_meant = |account: &&AccountRef| {
            self.accounts.is_match(&account.name) || self.accounts.is_match(account.id.as_str())
        };
        let accounts_are_meant = match accounts {
            _ if self.globs.is_empty() => true,
            [] => self.accounts.is_match(""),
            some => some.iter().all(is_meant),
        };
        let subscription_is_meant = self.subscriptions.is_empty()
            || subscription.is_some_and(|subscription| self.subscriptions.contains(subscription));
        accounts_are_meant && subscription_is_meant
    }
}

/// `expiry, not_found of studio-* in main`; `everything of studio-*`.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.kinds();
        let kinds = if kinds.is_empty() { "everything".to_owned() } else { kinds.join(", ") };
        f.write_str(&kinds)?;
        if !self.globs.is_empty() {
            write!(f, " of {}", text::names(self.globs.iter().map(String::as_str)))?;
        }
        if !self.subscriptions.is_empty() {
            let names = self.subscriptions.iter().map(SubscriptionName::as_str);
            write!(f, " in {}", text::names(names))?;
        }
        Ok(())
    }
}

fn compiled(globs: &[String]) -> Result<GlobSet, MatcherError> {
    let refused = |glob: &str, reason| MatcherError::Glob { glob: text::name(glob), reason };
    let parsed = globs.iter().map(|glob| account_glob::parse(glob).map_err(|reason| refused(glob, reason)));
    let parsed: Vec<_> = parsed.collect::<Result<_, _>>()?;
    account_glob::compile(parsed.iter()).map_err(|reason| refused(&globs.join(", "), reason))
}

fn kinds_of(words: &[String]) -> Result<Kinds, MatcherError> {
    if words.is_empty() {
        return Ok(Kinds::All);
    }
    let (mut alerts, mut changes) = (BTreeSet::new(), BTreeSet::new());
    for word in words {
        match (AlertKind::from_word(word), ChangeKind::from_word(word)) {
            (Some(kind), _) => alerts.extend([kind]),
            (None, Some(kind)) => changes.extend([kind]),
            (None, None) => return Err(MatcherError::Kind { typed: word.clone() }),
        }
    }
    Ok(Kinds::Only { alerts, changes })
}

fn all_kinds() -> Vec<&'static str> {
    let alerts = AlertKind::ALL.map(AlertKind::as_str);
    alerts.into_iter().chain(ChangeKind::ALL.map(ChangeKind::as_str)).collect()
}

#[cfg(test)]
mod tests;
