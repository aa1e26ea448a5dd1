//! When a message that was not taken is tried again (docs/contract.md, section 4).
//!
//! Promises: patient for seven days of waiting, whatever the clock does meanwhile; never faster than the receiver asked
//! (a wish beyond a day counts as a day), and never all at the same second.

use chrono::TimeDelta;

use super::time::Timestamp;

/// A message that waited for longer than this is given up.
pub const PATIENCE: TimeDelta = TimeDelta::days(7);

/// A receiver that asks for more is asked again after this: an absurd wish must not cost the message.
const LONGEST_WISH: TimeDelta = TimeDelta::days(1);

/// Pauses after the first, second, … failed attempt; the last one repeats.
const PAUSES: [TimeDelta; 8] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(30),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(14),
];

/// Pauses after the first, second, … refusal; after one more the message has failed permanently.
const REFUSAL_PAUSES: [TimeDelta; 4] =
    [TimeDelta::seconds(5), TimeDelta::seconds(30), TimeDelta::minutes(5), TimeDelta::minutes(30)];

/// No pause is longer: the longest wish with its jitter.
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(26);

/// A clock that is set back by less heals by waiting.
const SET_BACK: TimeDelta = TimeDelta::minutes(1);

/// What the failed attempts of a message left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The last attempt, or the writing of the message.
    pub since: Timestamp,
    /// How long the message had waited by then.
    pub waited: TimeDelta,
}

impl Patience {
    /// The same after an attempt that failed at `now`. What lies between two attempts counts for no more than the longest
    /// pause: a clock that was moved, or a machine that was off, costs a message a day of its patience at the most.
    #[must_use]
    pub fn after(self, now: Timestamp) -> Self {
        let pause = (now - self.since).clamp(TimeDelta::zero(), LONGEST_PAUSE);
        Self { since: now, waited: self.waited + pause }
    }

    /// Whether a message that was put off until `next` may be sent at `now`. A clock that was set back must not hold it off.
    pub fn is_due(self, next: Timestamp, now: Timestamp) -> bool {
        next <= now || self.since - now > SET_BACK || next - now > LONGEST_PAUSE
    }
}

/// What a failed attempt met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A fault that passes: retried for seven days.
    Temporary,
    /// An answer that refuses the message: retried for about half an hour.
    Refusal,
}

/// One failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// Which table of pauses counts.
    pub kind: FailureKind,
    /// How many attempts of this kind were made, this one included.
    pub attempts: u32,
    /// How long the message has waited by now.
    pub waited: TimeDelta,
    /// What the receiver asked for, if anything.
    pub retry_after: Option<TimeDelta>,
    /// A random number in `0.0..1.0`: up to a tenth is added to the pause.
    pub jitter: f64,
}

/// When to try again after a failure at `now`; none when the message is to be given up.
pub fn next_attempt(failure: Failure, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(failure.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = match failure.kind {
        FailureKind::Temporary => PAUSES[index.min(PAUSES.len() - 1)],
        FailureKind::Refusal => *REFUSAL_PAUSES.get(index)?,
    };
    let pause = pause.max(failure.retry_after.unwrap_or_default().min(LONGEST_WISH));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a tenth of 14 h in milliseconds, times a number below one"
    )]
    let extra = (failure.jitter.clamp(0.0, 1.0) * 5_040_000.0_f64.min(milliseconds(pause) / 10.0)) as i64;
    let pause = pause + TimeDelta::milliseconds(extra);
    (failure.waited + pause <= PATIENCE).then_some(now + pause)
}

#[expect(clippy::cast_precision_loss, reason = "pauses are days at the most")]
fn milliseconds(pause: TimeDelta) -> f64 {
    pause.num_milliseconds() as f64
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn start() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    fn failure(attempts: u32) -> Failure {
        let kind = FailureKind::Temporary;
        Failure { kind, attempts, waited: TimeDelta::zero(), retry_after: None, jitter: 0.0 }
    }

    fn new() -> Patience {
        Patience { since: start(), waited: TimeDelta::zero() }
    }

    #[test]
    fn a_dead_receiver_is_tried_along_the_contracts_table_for_seven_days() {
        let (mut now, mut patience) = (start(), new());
        let mut pauses = Vec::new();
        for attempts in 1.. {
            patience = patience.after(now);
            let Some(next) = next_attempt(Failure { waited: patience.waited, ..failure(attempts) }, now)
            else {
                break;
            };
            pauses.push((next - now).num_seconds());
            now = next;
        }
        assert_eq!(pauses[..8], [5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400]);
        assert!(pauses[8..].iter().all(|pause| *pause == 50_400));
        assert!(now - start() > TimeDelta::days(6), "it must outlast a receiver that is dead for six days");
        assert!(now - start() <= PATIENCE);
    }

    #[test]
    fn tried_once_a_day_it_has_seven_days_too() {
        let mut patience = new();
        for day in 0..=7 {
            let now = start() + TimeDelta::days(day);
            patience = patience.after(now);
            let again = next_attempt(Failure { waited: patience.waited, ..failure(1) }, now);
            assert_eq!(again.is_some(), day < 7, "day {day}");
        }
    }

    #[test]
    fn a_clock_that_jumps_or_a_machine_that_was_off_costs_a_day_at_the_most() {
        for (days, waited) in [(30, LONGEST_PAUSE), (-30, TimeDelta::zero()), (1, TimeDelta::days(1))] {
            let patience = new().after(start() + TimeDelta::days(days));
            assert_eq!(patience.waited, waited, "{days} days");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_off() {
        let hours = |hours| start() + TimeDelta::hours(hours);
        for (next, due) in [(0, true), (-1, true), (1, false), (15, false), (25, false), (27, true)] {
            assert_eq!(new().is_due(hours(next), start()), due, "{next} h ahead");
        }
        let tried = |minutes| Patience { since: start() + TimeDelta::minutes(minutes), ..new() };
        assert!(tried(2).is_due(hours(2), start()), "it was tried by a clock that ran ahead");
        assert!(!tried(1).is_due(hours(2), start()));
    }

    #[test]
    fn the_receivers_wish_stretches_a_pause_and_never_shortens_one() {
        let asked = |seconds| Failure { retry_after: Some(TimeDelta::seconds(seconds)), ..failure(2) };
        assert_eq!(next_attempt(asked(120), start()), Some(start() + TimeDelta::seconds(120)));
        assert_eq!(next_attempt(asked(1), start()), Some(start() + TimeDelta::seconds(30)));
    }

    #[test]
    fn the_longest_pause_of_all_is_waited_out() {
        let longest = Failure { retry_after: Some(TimeDelta::MAX), jitter: 1.0, ..failure(1) };
        let next = next_attempt(longest, start()).unwrap();
        assert!(!new().is_due(next, start()), "{next}");
    }

    #[test]
    fn a_refused_message_is_tried_five_times_within_about_half_an_hour() {
        let refusal = |attempts| Failure { kind: FailureKind::Refusal, ..failure(attempts) };
        let pauses: Vec<_> = (1..=5)
            .map(|attempts| {
                next_attempt(refusal(attempts), start()).map(|next| (next - start()).num_seconds())
            })
            .collect();
        assert_eq!(pauses, [Some(5), Some(30), Some(300), Some(1_800), None]);
        let wish = Failure { retry_after: Some(TimeDelta::minutes(2)), ..refusal(1) };
        assert_eq!(next_attempt(wish, start()), Some(start() + TimeDelta::minutes(2)));
    }

    #[test]
    fn an_absurd_wish_is_capped_at_a_day() {
        for wish in [TimeDelta::days(1), TimeDelta::days(400), TimeDelta::MAX] {
            let failure = Failure { retry_after: Some(wish), ..failure(1) };
            assert_eq!(next_attempt(failure, start()), Some(start() + TimeDelta::days(1)));
        }
    }

    proptest! {
        #[test]
        fn jitter_adds_at_most_a_tenth(attempts in 1_u32..20, jitter in 0.0_f64..1.0) {
            let plain = next_attempt(failure(attempts), start()).unwrap() - start();
            let moved = next_attempt(Failure { jitter, ..failure(attempts) }, start()).unwrap() - start();
            prop_assert!(moved >= plain && moved <= plain + plain / 10);
        }
    }
}
