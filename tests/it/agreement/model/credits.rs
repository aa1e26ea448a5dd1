//! What the readings of the credits say (docs/contract.md, section 1; docs/alerts.md, "Credits").

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{AlertVerdict, Moment, Severity};

/// Readings that are older make no pace, and open no alert.
const WINDOW: TimeDelta = TimeDelta::days(7);
const DAY_MS: i128 = 86_400_000;
/// A run that begins a little early reads what is due.
const EARLY: TimeDelta = TimeDelta::minutes(1);

pub(super) const LOW_KIND: &str = "credits_low";

/// `[credits]` while it is watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreditsPolicy {
    pub(crate) every: TimeDelta,
    pub(crate) low: u64,
    pub(crate) lead_time: TimeDelta,
}

/// What one answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CreditsSeen {
    /// The session is alive, perhaps with a number.
    Alive(Option<u64>),
    Dead,
    /// Nothing about the account.
    Nothing,
    /// There was no answer in time: the question stays due.
    NoAnswer,
}

/// A number, and when it was first and last read.
#[derive(Clone, Copy, Debug)]
struct Period {
    credits: u64,
    first: Moment,
    last: Moment,
}

/// The newest number, and the decrease that the readings up to it show, with the time in milliseconds in which it happened.
#[derive(Clone, Copy, Debug)]
struct Outlook {
    at: Moment,
    credits: u64,
    decrease: i128,
    span: i128,
}

/// Which of the two states of credits was proved, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Proof {
    pub(super) at: Moment,
    /// Of proofs at one moment, this one counts.
    pub(super) has_credits: bool,
}

/// What is known of one account while it is watched.
#[derive(Clone, Debug, Default)]
struct AccountCredits {
    answered: Option<Moment>,
    outlook: Option<Outlook>,
    proof: Option<Proof>,
    dead_since: Option<Moment>,
    is_dead: bool,
}

/// What the answers so far showed.
#[derive(Clone, Debug, Default)]
pub(super) struct CreditsHistory {
    known: BTreeMap<&'static str, AccountCredits>,
    /// The numbers of each account, in the order in which they were read. They outlast what is known.
    periods: BTreeMap<&'static str, Vec<Period>>,
    /// The moment at which they are judged, if it is not the present one.
    judged_at: Option<Moment>,
}

impl CreditsHistory {
    /// Records the answer to a question of `at`.
    pub(super) fn read(&mut self, name: &'static str, seen: CreditsSeen, low: u64, at: Moment) {
        let account = self.known.entry(name).or_default();
        if seen != CreditsSeen::NoAnswer {
            account.answered = Some(at);
        }
        match seen {
            CreditsSeen::Nothing | CreditsSeen::NoAnswer => {}
            CreditsSeen::Dead => {
                account.is_dead |=
                    account.dead_since.is_some_and(|since| at - since >= TimeDelta::seconds(10));
                account.dead_since = Some(account.dead_since.map_or(at, |since| since.min(at)));
            }
            CreditsSeen::Alive(credits) => {
                (account.dead_since, account.is_dead) = (None, false);
                let Some(credits) = credits else { return };
                let periods = self.periods.entry(name).or_default();
                add(periods, credits, at);
                let outlook = outlook(periods, at);
                let now_proved = proof(outlook.credits, low, outlook.at);
                // What a clock ahead of the present one proved never counts again.
                account.proof = now_proved.or(account.proof.filter(|proof| proof.at <= at));
                account.outlook = Some(outlook);
            }
        }
    }

    /// Forgets what is known of the accounts that are no longer watched.
    pub(super) fn forget(&mut self, is_watched: impl Fn(&str) -> bool) {
        self.known.retain(|name, _| is_watched(name));
    }

    /// The same without the passing of time, for which no step wakes.
    pub(super) fn judged_at(&self, now: Moment) -> Self {
        Self { judged_at: Some(now), ..self.clone() }
    }

    /// Whether a run that begins at `now` must ask about the account, or must not; `None` if it may.
    pub(super) fn is_due(&self, name: &str, every: TimeDelta, now: Moment) -> Option<bool> {
        let Some(account) = self.known.get(name) else { return Some(true) };
        let Some(answered) = account.answered.filter(|_| !account.is_in_doubt()) else { return Some(true) };
        let passed = now - answered;
        if passed >= every {
            Some(true)
        } else {
            (passed >= TimeDelta::zero() && passed < every - EARLY).then_some(false)
        }
    }

    /// Whether the session was seen dead, and no later answer confirmed or disproved it.
    pub(super) fn is_in_doubt(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(AccountCredits::is_in_doubt)
    }

    pub(super) fn is_dead(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|account| account.is_dead)
    }

    /// The newest reading that proves something about `out_of_credits`, and whether it may open an alert.
    pub(super) fn proof(&self, name: &str, low: u64, now: Moment) -> Option<(Proof, bool)> {
        let now = self.judged_at.unwrap_or(now);
        let account = self.known.get(name)?;
        let newest = account.outlook.and_then(|outlook| proof(outlook.credits, low, outlook.at));
        let proof = newest.or(account.proof).filter(|proof| proof.at <= now)?;
        Some((proof, now - proof.at <= WINDOW))
    }

    /// What the readings say about `credits_low`.
    pub(super) fn low_verdict(&self, name: &str, policy: CreditsPolicy, now: Moment) -> AlertVerdict {
        let now = self.judged_at.unwrap_or(now);
        let outlook = self.known.get(name).and_then(|account| account.outlook);
        let is_recent = |outlook: &Outlook| outlook.at <= now && now - outlook.at <= WINDOW;
        let Some(outlook) = outlook.filter(is_recent) else { return AlertVerdict::SaysNothing };
        let (credits, low) = (i128::from(outlook.credits), i128::from(policy.low));
        // The time that is left is `credits * span / decrease` from the reading on.
        let gone_within = |lead: TimeDelta| {
            let until = i128::from((now + lead - outlook.at).num_milliseconds());
            outlook.decrease > 0 && credits * outlook.span <= until * outlook.decrease
        };
        let stays_beyond = |lead: TimeDelta| {
            let until = i128::from((now + lead - outlook.at).num_milliseconds());
            outlook.decrease == 0 || credits * outlook.span >= until * outlook.decrease
        };
        match outlook.credits {
            // Without any it is `out_of_credits`.
            0 if low > 0 || gone_within(policy.lead_time) => AlertVerdict::SaysNothing,
            _ if credits < low || gone_within(policy.lead_time) => AlertVerdict::Fires(Severity::Warning),
            _ if credits * 10 >= low * 11 && stays_beyond(policy.lead_time * 11 / 10) => AlertVerdict::Ends,
            _ => AlertVerdict::SaysNothing,
        }
    }
}

impl AccountCredits {
    const fn is_in_doubt(&self) -> bool {
        self.dead_since.is_some() && !self.is_dead
    }
}

/// What a number proves: one from 1 to `low` proves nothing, since a job may cost more.
fn proof(credits: u64, low: u64, at: Moment) -> Option<Proof> {
    (credits == 0 || credits > low).then_some(Proof { at, has_credits: credits > 0 })
}

fn add(periods: &mut Vec<Period>, credits: u64, at: Moment) {
    match periods.last_mut() {
        Some(period) if period.credits == credits && period.last <= at => period.last = at,
        _ => periods.push(Period { credits, first: at, last: at }),
    }
}

/// By the numbers of the last 7 days. Those that a clock ahead of the present one wrote are left out.
fn outlook(periods: &[Period], now: Moment) -> Outlook {
    let since = now - WINDOW;
    // Of several at one moment the highest counts.
    let mut numbers: BTreeMap<Moment, u64> = BTreeMap::new();
    let mut earliest = now;
    for period in periods.iter().rev() {
        if period.last > earliest {
            continue;
        }
        earliest = period.first;
        if period.last >= since {
            for at in [period.last, period.first.max(since)] {
                let highest = numbers.entry(at).or_default();
                *highest = period.credits.max(*highest);
            }
        }
    }
    let (first, (at, credits)) = numbers.keys().next().zip(numbers.iter().next_back()).expect("one was read");
    let pairs = numbers.values().zip(numbers.values().skip(1));
    let decrease = pairs.map(|(before, after)| i128::from(before.saturating_sub(*after))).sum();
    let span = i128::from((*at - *first).num_milliseconds()).max(DAY_MS);
    Outlook { at: *at, credits: *credits, decrease, span }
}
