//! What is known of the credits of one account, and of its session at MiniMax, and how one more reading changes it.
//!
//! Guarantees: a reading that failed changes neither what is known nor any alert; a session that turns dead counts once a later reading
//! confirms it, as a 596 does. When an account is asked about is decided here, keeping the series of numbers is left to `store`.

use chrono::TimeDelta;

use super::balance::{AccountCredits, CreditReading};
use super::low::{CreditsDecision, CreditsOutlook, CreditsPolicy};
use super::out::is_proof;
use crate::domain::clock_skew::clock_moved_back;
use crate::domain::time::Timestamp;

/// A run that begins a moment early reads what is due within this part of the interval, at most a minute.
const EARLY_SHARE: i32 = 20;
const MAX_EARLY: TimeDelta = TimeDelta::minutes(1);
/// A longer pause than this is not obeyed.
const MAX_PAUSE: TimeDelta = TimeDelta::days(7);

/// One answer to the question for an account's credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreditsAnswer {
    /// MiniMax answered: the session is alive.
    Read(AccountCredits),
    /// The session is dead, with the vendor's text.
    SessionDead(String),
    /// It says nothing about the account.
    Failed(CreditsFailure),
}

/// Why credits could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditsFailure {
    /// The reason: printable, of bounded length, without secrets.
    pub error: String,
    /// Whether there was an answer that is not understood.
    pub is_not_understood: bool,
    /// The pause that the vendor asked for.
    pub retry_after: Option<TimeDelta>,
}

/// What is known of the credits of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreditsState {
    /// When the account was last asked about, answered or not: those that were asked about longest ago come first.
    pub asked_at: Option<Timestamp>,
    /// When the run began whose question was last answered: the next one is due an interval later.
    pub answered_at: Option<Timestamp>,
    /// Until when the vendor asked for a pause.
    pub paused_until: Option<Timestamp>,
    /// When MiniMax last answered for the account.
    pub read_at: Option<Timestamp>,
    /// The newest number, and how long the credits last by the readings up to it.
    pub outlook: Option<CreditsOutlook>,
    /// The newest number that proved that the credits are gone, or that they are not, by the limit at that time.
    pub proof: Option<CreditReading>,
    /// The name of the plan.
    pub plan: Option<String>,
    /// The plan's end.
    pub plan_ends_at: Option<Timestamp>,
    /// When the first of the credits end.
    pub ends_at: Option<Timestamp>,
    /// The first reading of the present series that showed a dead session.
    pub dead_since: Option<Timestamp>,
    /// Whether a later reading confirmed that.
    pub is_dead: bool,
    /// What the vendor said of it.
    pub session_error: Option<String>,
    /// Why the last reading failed, if it did.
    pub failure: Option<String>,
    /// Whether it was an answer that is not understood.
    pub is_not_understood: bool,
}

impl CreditsState {
    /// The state after `answer`, which arrived at `now` in a step of a run that began at `begun_at`. A dead session is confirmed by a
    /// reading `confirm_after` later; zero: at once. The outlook is left to [`Self::with_outlook`].
    #[must_use]
    pub fn after(
        &self,
        answer: CreditsAnswer,
        confirm_after: TimeDelta,
        (begun_at, now): (Timestamp, Timestamp),
    ) -> Self {
        let answered = Self {
            asked_at: Some(begun_at),
            answered_at: Some(begun_at),
            paused_until: None,
            failure: None,
            is_not_understood: false,
            ..self.clone()
        };
        match answer {
            CreditsAnswer::Failed(CreditsFailure { error, is_not_understood, retry_after }) => {
                let pause = retry_after.map(|pause| now + pause.min(MAX_PAUSE));
                Self { paused_until: pause, failure: Some(error), is_not_understood, ..answered }
            }
            CreditsAnswer::SessionDead(error) => {
                // A clock that was set back must not delay the confirmation.
                let since = self.dead_since.unwrap_or(now).min(now);
                let is_dead = self.is_dead
                    || confirm_after.is_zero()
                    || (self.dead_since.is_some() && now - since >= confirm_after);
                Self { dead_since: Some(since), is_dead, session_error: Some(error), ..answered }
            }
            CreditsAnswer::Read(credits) => Self {
                read_at: Some(now),
                ends_at: credits.ends.iter().map(|end| end.at).find(|at| *at > now),
                plan_ends_at: credits.plan_ends_at,
                plan: credits.plan,
                dead_since: None,
                is_dead: false,
                session_error: None,
                ..answered
            },
        }
    }

    /// The same with what its readings say now; without one, what they said before. `low` is `[credits].low`.
    #[must_use]
    pub fn with_outlook(self, outlook: Option<CreditsOutlook>, low: u64) -> Self {
        let Some(CreditsOutlook { newest, .. }) = outlook else { return self };
        // What a clock that ran ahead proved must not count when its day comes.
        let earlier = self.proof.filter(|proof| proof.at <= newest.at);
        Self { outlook, proof: if is_proof(newest, low) { Some(newest) } else { earlier }, ..self }
    }

    /// The newest reading that proves that the credits are gone, or that they are not: the last one by the present `low`, else the newest
    /// that did when it was made.
    pub fn newest_proof(&self, low: u64) -> Option<CreditReading> {
        let newest = self.outlook.map(|outlook| outlook.newest);
        newest.filter(|newest| is_proof(*newest, low)).or(self.proof)
    }

    /// The state after a question of a run that began at `begun_at` and was not answered in time: it stays due, behind the others.
    #[must_use]
    pub fn after_abandoned(&self, error: String, begun_at: Timestamp) -> Self {
        Self { asked_at: Some(begun_at), failure: Some(error), is_not_understood: false, ..self.clone() }
    }

    /// Whether the account is to be asked about in a run that begins at `now`.
    pub fn is_due(&self, every: TimeDelta, now: Timestamp) -> bool {
        let early = (every / EARLY_SHARE).min(MAX_EARLY);
        self.is_in_doubt()
            || self.answered_at.is_none_or(|at| clock_moved_back(at, now) || now - at >= every - early)
    }

    /// Whether the vendor's pause goes on at `now`.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        let asked_in_future = self.asked_at.is_some_and(|at| clock_moved_back(at, now));
        !asked_in_future && self.paused_until.is_some_and(|until| now < until)
    }

    /// Whether the session was seen dead, and no answer confirmed or disproved it yet.
    pub const fn is_in_doubt(&self) -> bool {
        self.dead_since.is_some() && !self.is_dead
    }

    /// Whether the run that saw the session dead is to ask a second time.
    pub const fn awaits_confirmation(&self) -> bool {
        self.is_in_doubt() && self.failure.is_none()
    }

    /// Whether the readings prove that the credits are gone.
    pub fn is_out(&self, low: u64) -> bool {
        self.newest_proof(low).is_some_and(|proof| proof.credits == 0)
    }

    /// Whether it can raise an alert at `now`, or could if no other alert explained it.
    pub fn is_alarming(&self, policy: &CreditsPolicy, now: Timestamp) -> bool {
        let is_low = |outlook: &CreditsOutlook| outlook.evaluate(policy, now) == CreditsDecision::Firing;
        self.is_dead || self.is_out(policy.low) || self.outlook.as_ref().is_some_and(is_low)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::credits::{CreditEnd, CreditReading};

    const CONFIRM_AFTER: TimeDelta = TimeDelta::seconds(10);

    fn at(seconds: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 28, 0, 0, 0).unwrap() + TimeDelta::seconds(seconds)
    }

    fn read() -> CreditsAnswer {
        CreditsAnswer::Read(AccountCredits::default())
    }

    fn dead() -> CreditsAnswer {
        CreditsAnswer::SessionDead("Unauthorized".to_owned())
    }

    fn failed() -> CreditsAnswer {
        let error = "502 Bad Gateway".to_owned();
        CreditsAnswer::Failed(CreditsFailure { error, is_not_understood: false, retry_after: None })
    }

    fn after(answers: &[(i64, CreditsAnswer)]) -> CreditsState {
        let next = |state: CreditsState, (seconds, answer): &(i64, CreditsAnswer)| {
            state.after(answer.clone(), CONFIRM_AFTER, (at(*seconds), at(*seconds)))
        };
        answers.iter().fold(CreditsState::default(), next)
    }

    #[test]
    fn dead_session_counts_when_a_later_reading_confirms_it() {
        assert!(after(&[(0, dead())]).awaits_confirmation());
        assert!(after(&[(0, dead()), (9, dead())]).awaits_confirmation());
        assert!(after(&[(0, dead()), (10, dead())]).is_dead);
        assert!(!after(&[(0, dead()), (10, read()), (20, dead())]).is_dead);
        assert!(!after(&[(0, dead()), (10, dead()), (20, read())]).is_dead);
        assert!(after(&[(0, dead()), (10, dead()), (20, failed())]).is_dead, "a failure says nothing");
        assert!(CreditsState::default().after(dead(), TimeDelta::zero(), (at(0), at(0))).is_dead);
    }

    #[test]
    fn clock_that_is_set_back_confirms_by_the_next_two_readings() {
        let state = after(&[(3_600, dead()), (0, dead())]);
        assert!(state.awaits_confirmation());
        assert!(state.after(dead(), CONFIRM_AFTER, (at(10), at(10))).is_dead);
    }

    #[test]
    fn reading_is_due_an_interval_after_the_last_answer() {
        let every = TimeDelta::hours(1);
        assert!(CreditsState::default().is_due(every, at(0)));
        for (seconds, is_due) in
            [(0, false), (1_800, false), (3_539, false), (3_540, true), (-59, false), (-61, true)]
        {
            assert_eq!(after(&[(0, read())]).is_due(every, at(seconds)), is_due, "{seconds}");
            assert_eq!(after(&[(0, failed())]).is_due(every, at(seconds)), is_due, "{seconds}");
        }
        assert!(after(&[(0, dead())]).is_due(every, at(15)), "to be confirmed");
        let abandoned = after(&[(0, read())]).after_abandoned("no answer".to_owned(), at(3_600));
        assert!(abandoned.is_due(every, at(3_600)));
        assert_eq!(abandoned.asked_at, Some(at(3_600)));
    }

    #[test]
    fn pause_is_obeyed_for_a_week_at_most_and_not_after_a_clock_step_back() {
        let pause = |seconds| {
            let failure = CreditsFailure {
                error: "429".to_owned(),
                is_not_understood: false,
                retry_after: Some(seconds),
            };
            after(&[(0, CreditsAnswer::Failed(failure))])
        };
        let hour = pause(TimeDelta::hours(1));
        for (seconds, is_paused) in [(1, true), (3_599, true), (3_600, false), (-61, false)] {
            assert_eq!(hour.is_paused(at(seconds)), is_paused, "{seconds}");
        }
        assert_eq!(pause(TimeDelta::MAX).paused_until, Some(at(7 * 86_400)));
        assert!(!hour.after(read(), CONFIRM_AFTER, (at(9), at(9))).is_paused(at(10)));
    }

    #[test]
    fn first_end_that_has_not_passed_counts() {
        let end = |seconds| CreditEnd { at: at(seconds), credits: None };
        let credits = AccountCredits { ends: vec![end(-60), end(60), end(120)], ..AccountCredits::default() };
        let state =
            CreditsState::default().after(CreditsAnswer::Read(credits), CONFIRM_AFTER, (at(0), at(0)));
        assert_eq!(state.ends_at, Some(at(60)));
    }

    #[test]
    fn state_alarms_when_it_can_raise_an_alert() {
        let policy = CreditsPolicy { low: 100, lead_time: TimeDelta::days(2) };
        let outlook = |credits| CreditsOutlook::from_readings(&[CreditReading { at: at(0), credits }], at(0));
        for (credits, is_alarming) in [(0, true), (99, true), (100, false)] {
            let state = CreditsState::default().with_outlook(outlook(credits), policy.low);
            assert_eq!(state.is_alarming(&policy, at(1)), is_alarming, "{credits}");
        }
        assert!(after(&[(0, dead()), (10, dead())]).is_alarming(&policy, at(10)));
        assert!(!after(&[(0, dead())]).is_alarming(&policy, at(10)));
        let nothing = CreditsPolicy { low: 0, ..policy };
        assert!(CreditsState::default().with_outlook(outlook(0), nothing.low).is_alarming(&nothing, at(1)));
    }

    proptest! {
        #[test]
        fn death_needs_two_answers_without_a_life_between(
            answers in prop::collection::vec((0..60_i64, 0..3_u8), 0..20)
        ) {
            let mut now = 0;
            let (mut state, mut since) = (CreditsState::default(), None);
            for (later, kind) in answers {
                now += later;
                let answer = match kind { 0 => read(), 1 => dead(), _ => failed() };
                state = state.after(answer, CONFIRM_AFTER, (at(now), at(now)));
                match kind {
                    0 => since = None,
                    1 => since = Some(since.unwrap_or(now)),
                    _ => {}
                }
                prop_assert_eq!(state.dead_since, since.map(at));
                prop_assert!(!state.is_dead || since.is_some_and(|since| now - since >= 10));
            }
        }
    }
}
