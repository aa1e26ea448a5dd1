//! Properties of what an answer about an account's credits changes, for the property tests and the fuzz targets (`fuzz/`).
//!
//! Each function panics if a property does not hold.

#![expect(clippy::missing_panics_doc, reason = "each of these functions reports by a panic")]

use chrono::{DateTime, TimeDelta};

use super::{meaning, shortened};
use crate::api::properties::features_answer;
use crate::domain::credits::{AccountCredits, CreditReading, CreditsAnswer, CreditsOutlook, CreditsState};
use crate::domain::time::Timestamp;

const CONFIRM_AFTER: TimeDelta = TimeDelta::seconds(10);

/// A moment, in seconds since 2026-11-23T07:15:00Z, when every answer arrives.
fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_418_100 + seconds, 0).unwrap_or_default()
}

/// An account that was never asked about, one that is alive, one whose session was seen dead once, and one whose session is dead.
fn states_before() -> [CreditsState; 4] {
    let dead = || CreditsAnswer::SessionDead("Unauthorized".to_owned());
    let answered = |state: &CreditsState, answer, seconds| {
        state.after(answer, CONFIRM_AFTER, (at(seconds), at(seconds)))
    };
    let readings = [CreditReading { at: at(-60), credits: 50 }];
    let alive = answered(&CreditsState::default(), CreditsAnswer::Read(AccountCredits::default()), -60)
        .with_outlook(CreditsOutlook::from_readings(&readings, at(-60)), 40);
    let in_doubt = answered(&alive, dead(), -30);
    let is_dead = answered(&in_doubt, dead(), -15);
    [CreditsState::default(), alive, in_doubt, is_dead]
}

/// A response about an account's credits: only one that MiniMax gave changes what is known of them, only 401 and 596 say that a session
/// is dead, 401 only while the API token works, and that counts from the second time on.
pub fn check_credits_reading(status: u16, is_token_working: bool, body: &[u8]) {
    let is_about_session = status == 596 || (status == 401 && is_token_working);
    for before in states_before() {
        let answer = meaning(shortened(features_answer(status, body), at(0)), is_token_working);
        let after = before.after(answer.clone(), CONFIRM_AFTER, (at(0), at(0)));
        assert_eq!((after.asked_at, after.answered_at), (Some(at(0)), Some(at(0))));
        assert_eq!(matches!(answer, CreditsAnswer::SessionDead(_)), is_about_session, "{answer:?}");
        let known = |state: &CreditsState| {
            (
                (state.read_at, state.outlook, state.proof),
                state.plan.clone(),
                state.plan_ends_at,
                state.ends_at,
            )
        };
        let session = |state: &CreditsState| (state.dead_since, state.is_dead, state.session_error.clone());
        match answer {
            CreditsAnswer::Read(credits) => {
                assert_eq!(status, 200);
                assert!(credits.ends.len() <= 1);
                assert!(after.ends_at.is_none_or(|ends_at| ends_at > at(0)));
                assert_eq!(session(&after), (None, false, None));
                assert_eq!((after.read_at, after.failure), (Some(at(0)), None));
            }
            CreditsAnswer::SessionDead(error) => {
                assert_eq!(known(&after), known(&before));
                let since = before.dead_since.unwrap_or(at(0));
                assert_eq!(session(&after), (Some(since), before.dead_since.is_some(), Some(error)));
            }
            CreditsAnswer::Failed(failure) => {
                assert_eq!(known(&after), known(&before));
                assert_eq!(session(&after), session(&before), "a failure says nothing");
                assert!(!failure.error.is_empty());
                let pause = after.paused_until.map(|until| until - at(0));
                assert!(pause.is_none_or(|pause| pause > TimeDelta::zero() && pause <= TimeDelta::hours(1)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::tests::mutated;

    const ANSWER: &str = r#"{"totalCredits": 100, "expireTime": 1798675200000, "memberName": "Free", "creditExpireText": [{"credit": 100, "endTime": 1798675200000}]}"#;

    proptest! {
        #[test]
        fn only_an_answer_of_minimax_changes_what_is_known(
            status in select(vec![200, 200, 200, 204, 400, 401, 403, 429, 502, 596]),
            is_token_working: bool,
            body in mutated(ANSWER),
        ) {
            check_credits_reading(status, is_token_working, &body);
        }
    }
}
