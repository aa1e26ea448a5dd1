//! Alerts about credits together with the other alerts of an account.

use chrono::TimeDelta;

use super::world::{World, at, failed, healthy};
use crate::domain::alerts::{AccountJobs, AlertKind as Kind, Resolution};
use crate::domain::credits::{
    AccountCredits, CreditReading, CreditsAnswer, CreditsOutlook, CreditsPolicy, CreditsState,
};
use crate::domain::jobs::{Job, JobCode, JobKey, JobsPolicy, UnseenJobs};
use crate::domain::observation::Outcome;

const CREDITS: CreditsPolicy = CreditsPolicy { low: 100, lead_time: TimeDelta::days(2) };
const JOBS: JobsPolicy = JobsPolicy { window: TimeDelta::hours(1), min_jobs: 3, failing: 0.5 };

/// Account a, of which this number was read at this moment.
fn read(world: &mut World, seconds: i64, credits: u64) {
    let reading = CreditReading { at: at(seconds), credits };
    let outlook = CreditsOutlook::from_readings(&[reading], at(seconds));
    answer(world, seconds, CreditsAnswer::Read(AccountCredits::default()), outlook);
}

fn answer(world: &mut World, seconds: i64, answer: CreditsAnswer, outlook: Option<CreditsOutlook>) {
    let account = world.records[0].account.clone();
    let state = world.credits.remove(&account).unwrap_or_default();
    let moments = (at(seconds), at(seconds));
    let low = world.policy.credits.map_or(CREDITS.low, |policy| policy.low);
    let state: CreditsState = state.after(answer, TimeDelta::zero(), moments).with_outlook(outlook, low);
    world.credits.insert(account, state);
}

/// Account a, whose newest job had this code.
fn job(world: &mut World, seconds: i64, code: u16) {
    let (key, code) = (JobKey::new(seconds), JobCode::new(code).unwrap());
    let job = Job { key, at: at(seconds), account: None, code, asks_for_work: true };
    world.jobs.insert(
        world.records[0].account.clone(),
        AccountJobs::new(&[job], &UnseenJobs::default(), &JOBS, at(seconds)),
    );
}

fn watching() -> World {
    World::new(&["a", "b"]).with_policy(|policy| {
        policy.credits = Some(CREDITS);
        policy.jobs = Some(JOBS);
    })
}

#[test]
fn low_credits_become_none_and_return_as_one_alert_each_time() {
    let mut world = watching();
    read(&mut world, 0, 99);
    assert_eq!(world.run_all(0, &healthy()), ["opened a credits_low"]);
    read(&mut world, 60, 0);
    assert_eq!(world.run_all(60, &healthy()), ["resolved a credits_low", "opened a out_of_credits"]);
    read(&mut world, 120, 50);
    assert!(world.run_all(120, &healthy()).is_empty(), "one job may cost more than 50");
    read(&mut world, 180, 101);
    assert_eq!(world.run_all(180, &healthy()), ["resolved a out_of_credits"]);
}

#[test]
fn newest_reading_that_proves_something_decides_also_when_it_is_old() {
    let mut world = watching();
    job(&mut world, 0, 412);
    read(&mut world, 60, 101);
    assert!(world.run_all(60, &healthy()).is_empty());
    assert!(world.tick(9 * 86_400).is_empty(), "the job is older than the reading");
    job(&mut world, 0, 200);
    read(&mut world, 10 * 86_400, 0);
    assert_eq!(world.tick(10 * 86_400), ["opened a out_of_credits"]);
    assert!(world.tick(19 * 86_400).is_empty(), "so is the success");
    world.policy.credits = Some(CreditsPolicy { low: 0, ..CREDITS });
    read(&mut world, 20 * 86_400, 50);
    assert_eq!(world.tick(20 * 86_400), ["resolved a out_of_credits"]);
    world.policy.credits = Some(CREDITS);
    assert_eq!(
        world.tick(20 * 86_400),
        ["opened a credits_low"],
        "it proved that under the limit of its time"
    );
}

#[test]
fn source_of_an_open_alert_moves_with_the_newest_evidence() {
    let mut world = watching();
    job(&mut world, 0, 412);
    assert_eq!(world.run_all(0, &healthy()), ["opened a out_of_credits"]);
    read(&mut world, 60, 0);
    assert!(world.run_all(60, &healthy()).is_empty());
    world.policy.jobs = None;
    assert!(world.tick(120).is_empty(), "the reading still says so");
    read(&mut world, 180, 50);
    assert!(world.tick(180).is_empty());
    world.policy.credits = None;
    assert_eq!(world.tick(240), ["resolved a out_of_credits"]);
    let ended = world.alerts.iter().find(|alert| alert.condition.kind == Kind::OutOfCredits).unwrap();
    assert_eq!(ended.resolution, Some(Resolution::NoLongerWatched));
}

#[test]
fn alert_ends_with_the_source_that_raised_it_when_the_other_says_nothing() {
    let mut world = watching();
    read(&mut world, 0, 50);
    job(&mut world, 60, 412);
    assert_eq!(world.run_all(60, &healthy()), ["opened a out_of_credits"], "low credits are explained");
    world.policy.jobs = None;
    assert_eq!(world.tick(120), ["resolved a out_of_credits", "opened a credits_low"]);
}

#[test]
fn open_alert_that_explains_it_hides_credits_that_are_gone_until_it_ends() {
    for outcome in [Outcome::AccountError, Outcome::Unauthorized, Outcome::SubscriptionLapsed] {
        let mut world = watching();
        read(&mut world, 0, 0);
        world.run_all(0, &failed(outcome));
        assert!(world.account_alert(0, Kind::OutOfCredits).is_none(), "{outcome}");
        assert!(world.account_alert(0, Kind::CreditsLow).is_none(), "{outcome}");
        world.run_all(60, &healthy());
        assert!(world.account_alert(0, Kind::OutOfCredits).is_some(), "{outcome}");
    }
}

#[test]
fn dead_session_is_an_account_error_while_either_source_says_so() {
    let dead = || CreditsAnswer::SessionDead("Unauthorized".to_owned());
    let mut world = watching();
    answer(&mut world, 0, dead(), None);
    assert_eq!(world.run_all(0, &healthy()), ["opened a account_error"]);
    assert_eq!(
        world.account_alert(0, Kind::AccountError).unwrap().condition.detail,
        "MiniMax no longer accepts the session of this account (GET /v1/minimax/features): Unauthorized."
    );
    assert!(world.run(60, &[(0, failed(Outcome::AccountError))]).is_empty(), "one alert");
    read(&mut world, 120, 500);
    assert!(world.tick(120).is_empty(), "the record is still in error");
    assert_eq!(world.run_all(180, &healthy()), ["resolved a account_error"]);
    answer(&mut world, 240, dead(), None);
    assert_eq!(world.tick(240), ["opened a account_error"]);
    world.policy.credits = None;
    assert_eq!(world.tick(300), ["resolved a account_error"]);
    assert_eq!(world.alerts.last().unwrap().resolution, Some(Resolution::NoLongerWatched));
}

#[test]
fn number_that_is_old_or_in_the_future_opens_nothing() {
    let mut world = watching();
    for (seconds, credits) in [(0, 0), (0, 5)] {
        read(&mut world, seconds, credits);
        assert!(world.run_all(8 * 86_400, &healthy()).is_empty(), "{credits}");
    }
    read(&mut world, 20 * 86_400, 0);
    assert!(world.tick(19 * 86_400).is_empty());
}
