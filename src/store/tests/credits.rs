//! The series of credits, and what is known of each account's.

use super::{Home, account, at, days};
use crate::domain::credits::{CreditReading, CreditsOutlook, CreditsState};

#[tokio::test]
async fn state_is_read_back_as_it_was_written_while_its_account_is_watched() {
    let home = Home::watching(&["1"]).await;
    let readings = [(0, 900), (1, 500)].map(|(day, credits)| CreditReading { at: days(day), credits });
    let state = CreditsState {
        asked_at: Some(at(1)),
        answered_at: Some(at(2)),
        paused_until: Some(at(3)),
        read_at: Some(at(4)),
        outlook: CreditsOutlook::from_readings(&readings, days(1)),
        proof: Some(CreditReading { at: days(2), credits: 0 }),
        plan: Some("Unlimited".to_owned()),
        plan_ends_at: Some(days(30)),
        ends_at: Some(days(20)),
        dead_since: Some(at(5)),
        is_dead: true,
        session_error: Some("Unauthorized".to_owned()),
        failure: Some("502".to_owned()),
        is_not_understood: true,
    };
    assert!(state.outlook.is_some_and(|outlook| outlook.runs_out_at.is_some()));
    let mut writer = home.write().await;
    for (id, state) in [("1", CreditsState::default()), ("1", state.clone()), ("2", state.clone())] {
        writer.save_credits_state(&account(id), &state).await.unwrap();
    }
    assert_eq!(writer.credits_states().await.unwrap(), [(account("1"), state.clone())].into());
    writer.remove_unwatched_credits().await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(home.count("credits").await, 1);
    let of_one = home.store.credits_states_of(&[account("1"), account("2")]).await.unwrap();
    assert_eq!(of_one, [(account("1"), state)].into());
    assert!(home.store.credits_states_of(&[account("2")]).await.unwrap().is_empty());
    let [failed] = &home.store.failed_credits_readings().await.unwrap()[..] else { panic!("one account") };
    assert_eq!((&failed.account, failed.read_at, failed.error.as_str()), (&account("1"), Some(at(4)), "502"));
}

#[tokio::test]
async fn series_grows_with_changes_alone_and_not_for_ever() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    for (second, credits) in [(0, 5), (1, 5), (2, 5), (3, 4)] {
        writer.add_credit_reading(&account("1"), credits, (None, None), at(second)).await.unwrap();
    }
    let reading = |second, credits| CreditReading { at: at(second), credits };
    assert_eq!(
        writer.credit_readings_since(&account("1"), at(1), at(3)).await.unwrap(),
        [reading(3, 4), reading(3, 4), reading(2, 5), reading(1, 5)],
        "what was read before counts from the first moment on"
    );
    for second in 0..10_100 {
        let credits = u64::try_from(second).unwrap();
        writer.add_credit_reading(&account("1"), credits, (None, None), at(10 + second)).await.unwrap();
    }
    writer.commit().await.unwrap();
    assert_eq!(home.count("credit_readings").await, 10_000);
}

#[tokio::test]
async fn row_of_a_clock_that_ran_ahead_is_left_out_also_when_its_day_comes() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    for (day, credits) in [(1, 900), (40, 0), (2, 800), (3, 700)] {
        writer.add_credit_reading(&account("1"), credits, (None, None), days(day)).await.unwrap();
    }
    for now in [3, 41] {
        let readings = writer.credit_readings_since(&account("1"), days(0), days(now)).await.unwrap();
        let mut credits: Vec<u64> = readings.iter().map(|reading| reading.credits).collect();
        credits.dedup();
        assert_eq!(credits, [700, 800, 900], "{now}");
    }
}
