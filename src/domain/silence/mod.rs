//! Silences: rules of an operator that suppress notifications until a given time.
//!
//! A silence suppresses notifications of firing alerts, reminders and changes, never the notification that an alert resolved. Critical
//! alerts pass it unless it was made with `--even-critical`; `effect` describes that in words. Notifications that are still due
//! when it ends are sent then: what a silence suppresses is decided as usual and held back, so its end needs no state of its own. It
//! applies to all receivers.

use std::collections::BTreeSet;
use std::fmt;

use globset::GlobSet;
use strum::IntoEnumIterator;

use super::account::{AccountRef, SubscriptionName};
use super::account_glob;
use super::alerts::{Alert, AlertKind, Severity, Subject};
use super::change::{Change, ChangeKind};
use super::route::Kinds;
use super::text;
use super::time::Timestamp;

mod effect;

pub use effect::Effect;

/// The number of a silence, short enough to be typed.
pub type SilenceId = i64;

/// A silence.
#[derive(Clone, Debug)]
pub struct Silence {
    /// Its number.
    pub id: SilenceId,
    /// What it covers.
    pub matcher: Matcher,
    /// When it ends.
    pub until: Timestamp,
    /// The operator's reason.
    pub reason: String,
    /// Whether it silences critical alerts too.
    pub even_critical: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the operator ended it early.
    pub ended_at: Option<Timestamp>,
}

impl Silence {
    /// Whether it applies at `now`. At `until` it no longer does.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.until
    }

    /// Whether it suppresses `alert` at `now`; `accounts` are those that the alert is about.
    pub fn silences_alert(&self, alert: &Alert, accounts: &[&AccountRef], now: Timestamp) -> bool {
        let condition = &alert.condition;
        // The present severity counts: an alert that escalates to critical during a silence passes from then on.
        let passes = condition.severity == Severity::Critical && !self.even_critical;
        self.is_in_force(now)
            && alert.is_firing()
            && !passes
            && self.matcher.covers_alert(condition.kind, &condition.subject, accounts)
    }

    /// Whether it suppresses `change` in `account` at `now`.
    pub fn silences_change(&self, change: &Change, account: &AccountRef, now: Timestamp) -> bool {
        self.is_in_force(now)
            && self.matcher.kinds.includes_change(change.kind)
            && self.matcher.covers_account(&change.account.subscription, account)
    }
}

/// Until when `silences` suppress `alert`, if they do; an operator can end them earlier.
pub fn alert_silenced_until(
    silences: &[Silence],
    alert: &Alert,
    accounts: &[&AccountRef],
    now: Timestamp,
) -> Option<Timestamp> {
    last_end(silences, |silence| silence.silences_alert(alert, accounts, now))
}

/// Until when `silences` suppress `change` in `account`, if they do; an operator can end them earlier.
pub fn change_silenced_until(
    silences: &[Silence],
    change: &Change,
    account: &AccountRef,
    now: Timestamp,
) -> Option<Timestamp> {
    last_end(silences, |silence| silence.silences_change(change, account, now))
}

fn last_end(silences: &[Silence], suppresses: impl Fn(&Silence) -> bool) -> Option<Timestamp> {
    silences.iter().filter(|silence| suppresses(silence)).map(|silence| silence.until).max()
}

/// Why a silence is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// It has no matcher.
    #[error("a silence needs at least one matcher; use `*` to match all accounts")]
    Everything,
    /// A glob is invalid: the glob as typed, and why it is invalid.
    #[error("invalid glob `{0}`: {1}")]
    Glob(String, String),
    /// A kind is unknown.
    #[error("unknown kind `{0}`; kinds of alerts and changes: {kinds}", kinds = all_kinds().join(", "))]
    Kind(String),
}

/// What a silence covers: every list that is not empty must match, each by any of its entries.
#[derive(Clone, Debug)]
pub struct Matcher {
    globs: Vec<String>,
    accounts: GlobSet,
    kinds: Kinds,
    subscriptions: BTreeSet<SubscriptionName>,
}

impl Matcher {
    /// Parses the lists as typed; an empty list matches everything.
    ///
    /// # Errors
    /// When all lists are empty, a glob is invalid or a kind is unknown.
    pub fn new(
        globs: &[String],
        kinds: &[String],
        subscriptions: impl IntoIterator<Item = SubscriptionName>,
    ) -> Result<Self, MatcherError> {
        let subscriptions: BTreeSet<SubscriptionName> = subscriptions.into_iter().collect();
        if globs.is_empty() && kinds.is_empty() && subscriptions.is_empty() {
            return Err(MatcherError::Everything);
        }
        Ok(Self {
            globs: globs.to_vec(),
            accounts: compile(globs)?,
            kinds: parse_kinds(kinds)?,
            subscriptions,
        })
    }

    /// The globs over account names and ids, as typed.
    pub fn globs(&self) -> &[String] {
        &self.globs
    }

    /// The names of the kinds; none when it covers every kind.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.kinds.names()
    }

    /// The subscriptions; none when it covers every one.
    pub const fn subscriptions(&self) -> &BTreeSet<SubscriptionName> {
        &self.subscriptions
    }

    /// Whether it covers `account` of `subscription` for some kind.
    pub fn covers_account(&self, subscription: &SubscriptionName, account: &AccountRef) -> bool {
        self.kinds() != [AlertKind::DeliveryFailing.as_str()] && self.covers(Some(subscription), &[account])
    }

    /// Whether an alert that it covers can be critical.
    pub fn covers_critical(&self) -> bool {
        AlertKind::iter()
            .any(|kind| self.kinds.includes_alert(kind) && kind.severities().contains(&Severity::Critical))
    }

    /// Whether one of its globs is `*`.
    fn names_every_account(&self) -> bool {
        self.globs.iter().any(|glob| glob == "*")
    }

    /// Whether it covers alerts about whole subscriptions, whatever their accounts are.
    fn covers_subscriptions(&self) -> bool {
        self.globs.is_empty() || self.names_every_account()
    }

    /// Whether it covers alerts about receivers, which belong to no account and no subscription.
    fn covers_receivers(&self) -> bool {
        self.globs.is_empty() && self.subscriptions.is_empty()
    }

    fn covers_alert(&self, kind: AlertKind, subject: &Subject, accounts: &[&AccountRef]) -> bool {
        let covers_subject = match subject {
            Subject::Account(_) | Subject::Subscription(_) => self.covers(subject.subscription(), accounts),
            Subject::Receiver(_) => self.covers_receivers(),
        };
        covers_subject && self.kinds.includes_alert(kind)
    }

    /// An alert about several accounts is covered only when each of them is, so that no other account is silenced with them. One about
    /// a subscription without accounts is covered only by a glob that matches every name.
    fn covers(&self, subscription: Option<&SubscriptionName>, accounts: &[&AccountRef]) -> bool {
        let covers_accounts = match accounts {
            _ if self.globs.is_empty() => true,
            [] => self.accounts.is_match(""),
            some => some.iter().all(|account| account_glob::matches(&self.accounts, account)),
        };
        let covers_subscription = self.subscriptions.is_empty()
            || subscription.is_some_and(|name| self.subscriptions.contains(name));
        covers_accounts && covers_subscription
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

fn compile(globs: &[String]) -> Result<GlobSet, MatcherError> {
    let error = |glob: &str, reason| MatcherError::Glob(text::name(glob), reason);
    let parsed = globs.iter().map(|glob| account_glob::parse(glob).map_err(|reason| error(glob, reason)));
    let parsed: Vec<_> = parsed.collect::<Result<_, _>>()?;
    account_glob::compile(parsed.iter()).map_err(|reason| error(&globs.join(", "), reason))
}

fn parse_kinds(names: &[String]) -> Result<Kinds, MatcherError> {
    if names.is_empty() {
        return Ok(Kinds::All);
    }
    let (mut alerts, mut changes) = (BTreeSet::new(), BTreeSet::new());
    for name in names {
        if let Ok(kind) = name.parse::<AlertKind>() {
            alerts.insert(kind);
        } else if let Ok(kind) = name.parse::<ChangeKind>() {
            changes.insert(kind);
        } else {
            return Err(MatcherError::Kind(name.clone()));
        }
    }
    Ok(Kinds::Only { alerts, changes })
}

fn all_kinds() -> Vec<&'static str> {
    AlertKind::iter().map(AlertKind::as_str).chain(ChangeKind::iter().map(ChangeKind::as_str)).collect()
}

#[cfg(test)]
mod tests;
