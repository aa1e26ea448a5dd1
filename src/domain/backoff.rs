//! When the delivery of a message is tried again after a failure (docs/contract.md, section 4).
//!
//! A message is retried for seven days, which are the sum of its waits and not its age, so that the clock does not matter; never
//! sooner than the receiver asked (more than a day counts as a day), and with jitter. Temporary failures and refusals are counted
//! separately, each with its own pauses. What a permanently failed message means for its alerts is left to `notification`.

use chrono::TimeDelta;

use super::clock_skew::clock_moved_back;
use super::time::Timestamp;

/// A message that has waited longer than this fails permanently.
pub const RETRY_WINDOW: TimeDelta = TimeDelta::days(7);

/// A longer `Retry-After` counts as this one: an absurd value must not cost the message.
const MAX_RETRY_AFTER: TimeDelta = TimeDelta::days(1);

/// Pauses after the first, second, … failed attempt; the last one repeats.
const BACKOFF_SCHEDULE: [TimeDelta; 8] = [
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

/// No pause is longer: the longest `Retry-After` with its jitter.
pub const MAX_BACKOFF: TimeDelta = TimeDelta::hours(26);

/// How long a message has waited for its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryWindow {
    /// The last attempt, or the creation of the message.
    pub since: Timestamp,
    /// How long the message had waited until then.
    pub waited: TimeDelta,
}

impl RetryWindow {
    /// Adds the time up to an attempt that failed at `now`. It counts as [`MAX_BACKOFF`] at most, so that a clock step or a machine
    /// that was off costs a message at most about a day of its retry window.
    #[must_use]
    pub fn add_wait(self, now: Timestamp) -> Self {
        let pause = (now - self.since).clamp(TimeDelta::zero(), MAX_BACKOFF);
        Self { since: now, waited: self.waited + pause }
    }

    /// Whether a message whose next attempt is at `next` may be sent at `now`. After a clock step back it need not wait.
    pub fn is_due(self, next: Timestamp, now: Timestamp) -> bool {
        next <= now || clock_moved_back(self.since, now) || next - now > MAX_BACKOFF
    }
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A temporary fault: retried for seven days.
    Temporary,
    /// An answer that refuses the message: retried for about half an hour.
    Refusal,
}

/// One failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// Which schedule applies.
    pub kind: FailureKind,
    /// How many attempts of this kind were made, this one included.
    pub attempts: u32,
    /// How long the message has waited.
    pub waited: TimeDelta,
    /// What the receiver asked for, if anything.
    pub retry_after: Option<TimeDelta>,
    /// A random number: its share of 2^32 of a tenth of the pause is added to the pause.
    pub jitter: u32,
}

/// When to try again after a failure at `now`; none when the message has failed permanently.
pub fn next_attempt(failure: Failure, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(failure.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = match failure.kind {
        FailureKind::Temporary => BACKOFF_SCHEDULE[index.min(BACKOFF_SCHEDULE.len() - 1)],
        FailureKind::Refusal => *REFUSAL_PAUSES.get(index)?,
    };
    let pause = pause.max(failure.retry_after.unwrap_or_default().min(MAX_RETRY_AFTER));
    // A tenth of 14 h at most.
    let most = (pause / 10).min(TimeDelta::minutes(84)).num_milliseconds();
    let pause = pause + TimeDelta::milliseconds((most * i64::from(failure.jitter)) >> 32);
    (failure.waited + pause <= RETRY_WINDOW).then_some(now + pause)
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
        Failure { kind, attempts, waited: TimeDelta::zero(), retry_after: None, jitter: 0 }
    }

    fn new() -> RetryWindow {
        RetryWindow { since: start(), waited: TimeDelta::zero() }
    }

    #[test]
    fn unreachable_receiver_is_retried_on_the_contracts_schedule_for_seven_days() {
        let (mut now, mut window) = (start(), new());
        let mut pauses = Vec::new();
        for attempts in 1.. {
            window = window.add_wait(now);
            let Some(next) = next_attempt(Failure { waited: window.waited, ..failure(attempts) }, now) else {
                break;
            };
            pauses.push((next - now).num_seconds());
            now = next;
        }
        assert_eq!(pauses[..8], [5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400]);
        assert!(pauses[8..].iter().all(|pause| *pause == 50_400));
        assert!(
            now - start() > TimeDelta::days(6),
            "it must outlast a receiver that is unreachable for six days"
        );
        assert!(now - start() <= RETRY_WINDOW);
    }

    #[test]
    fn message_tried_once_a_day_is_retried_for_seven_days() {
        let mut window = new();
        for day in 0..=7 {
            let now = start() + TimeDelta::days(day);
            window = window.add_wait(now);
            let again = next_attempt(Failure { waited: window.waited, ..failure(1) }, now);
            assert_eq!(again.is_some(), day < 7, "day {day}");
        }
    }

    #[test]
    fn clock_step_or_suspended_machine_costs_about_a_day_at_most() {
        for (days, waited) in [(30, MAX_BACKOFF), (-30, TimeDelta::zero()), (1, TimeDelta::days(1))] {
            let window = new().add_wait(start() + TimeDelta::days(days));
            assert_eq!(window.waited, waited, "{days} days");
        }
    }

    #[test]
    fn message_need_not_wait_after_a_clock_step_back() {
        let hours = |hours| start() + TimeDelta::hours(hours);
        for (next, due) in [(0, true), (-1, true), (1, false), (15, false), (25, false), (27, true)] {
            assert_eq!(new().is_due(hours(next), start()), due, "{next} h ahead");
        }
        let tried = |minutes| RetryWindow { since: start() + TimeDelta::minutes(minutes), ..new() };
        assert!(tried(2).is_due(hours(2), start()), "the last attempt lies in the future");
        assert!(!tried(1).is_due(hours(2), start()));
    }

    #[test]
    fn retry_after_lengthens_a_pause_and_never_shortens_one() {
        let asked = |seconds| Failure { retry_after: Some(TimeDelta::seconds(seconds)), ..failure(2) };
        assert_eq!(next_attempt(asked(120), start()), Some(start() + TimeDelta::seconds(120)));
        assert_eq!(next_attempt(asked(1), start()), Some(start() + TimeDelta::seconds(30)));
    }

    #[test]
    fn longest_pause_is_waited_out() {
        let longest = Failure { retry_after: Some(TimeDelta::MAX), jitter: u32::MAX, ..failure(1) };
        let next = next_attempt(longest, start()).unwrap();
        assert!(!new().is_due(next, start()), "{next}");
    }

    #[test]
    fn refused_message_is_tried_five_times_within_about_half_an_hour() {
        let refusal = |attempts| Failure { kind: FailureKind::Refusal, ..failure(attempts) };
        let pauses: Vec<_> = (1..=5)
            .map(|attempts| {
                next_attempt(refusal(attempts), start()).map(|next| (next - start()).num_seconds())
            })
            .collect();
        assert_eq!(pauses, [Some(5), Some(30), Some(300), Some(1_800), None]);
        let delayed = Failure { retry_after: Some(TimeDelta::minutes(2)), ..refusal(1) };
        assert_eq!(next_attempt(delayed, start()), Some(start() + TimeDelta::minutes(2)));
    }

    #[test]
    fn absurd_retry_after_is_capped_at_a_day() {
        for retry_after in [TimeDelta::days(1), TimeDelta::days(400), TimeDelta::MAX] {
            let failure = Failure { retry_after: Some(retry_after), ..failure(1) };
            assert_eq!(next_attempt(failure, start()), Some(start() + TimeDelta::days(1)));
        }
    }

    proptest! {
        #[test]
        fn jitter_adds_at_most_a_tenth(attempts in 1_u32..20, jitter: u32) {
            let plain = next_attempt(failure(attempts), start()).unwrap() - start();
            let moved = next_attempt(Failure { jitter, ..failure(attempts) }, start()).unwrap() - start();
            prop_assert!(moved >= plain && moved <= plain + plain / 10);
        }
    }
}
