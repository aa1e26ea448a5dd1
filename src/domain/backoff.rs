//! When a message that was not taken is tried again (contract 4).
//!
//! Promises: patient for seven days, never faster than the receiver asked (a wish beyond a day counts as a day), and
//! never all at the same second.

use chrono::TimeDelta;

use super::time::Timestamp;

/// A message older than this is given up.
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

/// No pause is longer: the longest wish with its jitter.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(26);

/// Whether a message that was put off until `next` may be sent at `now`. A clock that was set back must not hold it off for
/// longer than any pause is.
pub fn is_due(next: Timestamp, now: Timestamp) -> bool {
    next <= now || next - now > LONGEST_PAUSE
}

/// One failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// How many attempts were made, this one included.
    pub attempts: u32,
    /// When the message was written.
    pub created_at: Timestamp,
    /// What the receiver asked for, if anything.
    pub retry_after: Option<TimeDelta>,
    /// A random number in `0.0..1.0`: up to a tenth is added to the pause.
    pub jitter: f64,
}

/// When to try again after a failure at `now`; none when the message is to be given up.
pub fn next_attempt(failure: Failure, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(failure.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = PAUSES[index.min(PAUSES.len() - 1)];
    let pause = pause.max(failure.retry_after.unwrap_or_default().min(LONGEST_WISH));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a tenth of 14 h in milliseconds, times a number below one"
    )]
    let extra = (failure.jitter.clamp(0.0, 1.0) * 5_040_000.0_f64.min(milliseconds(pause) / 10.0)) as i64;
    let next = now + pause + TimeDelta::milliseconds(extra);
    (next <= failure.created_at + PATIENCE).then_some(next)
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
        Failure { attempts, created_at: start(), retry_after: None, jitter: 0.0 }
    }

    #[test]
    fn a_dead_receiver_is_tried_along_the_contracts_table_for_seven_days() {
        let mut now = start();
        let mut hours = Vec::new();
        for attempts in 1.. {
            let Some(next) = next_attempt(failure(attempts), now) else { break };
            hours.push((next - now).num_seconds());
            now = next;
        }
        assert_eq!(hours[..8], [5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400]);
        assert!(hours[8..].iter().all(|pause| *pause == 50_400));
        assert!(now - start() > TimeDelta::days(6), "it must outlast a receiver that is dead for six days");
        assert!(now - start() <= PATIENCE);
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_off() {
        let hours = |hours| start() + TimeDelta::hours(hours);
        for (next, due) in [(0, true), (-1, true), (1, false), (15, false), (25, false), (27, true)] {
            assert_eq!(is_due(hours(next), start()), due, "{next} h ahead");
        }
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
        assert!(!is_due(next, start()), "{next}");
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
