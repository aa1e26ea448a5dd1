//! Rate limits hold for the whole subscription and for as long as the API asks, and every account is checked in the end.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use minimax_watch::domain::account::{AccountId, AccountKey, SubscriptionName};
use minimax_watch::domain::observation::Outcome;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::engine::{NextStep, Run, Scope, WaitReason};

use crate::simulator::{Answer, ErrorBody, Record, RetryAfter};
use crate::world::{Settings, World, days, healthy, minutes, seconds, start};

const FOUR: &str = "accounts = [{ id = \"1\" }, { id = \"2\" }, { id = \"3\" }, { id = \"4\" }]";

/// Four accounts, checked one at a time.
async fn sequential_world(rest: &str) -> World {
    let world = World::open(Settings::subscriptions(rest).api("concurrency = 1")).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    world
}

fn rate_limited(seconds: u64) -> Answer {
    Answer::rate_limited(RetryAfter::Seconds(seconds))
}

/// Until when the run is paused, and for how many accounts.
fn pause(step: NextStep) -> (Timestamp, usize) {
    match step {
        NextStep::WaitUntil(until, WaitReason::RateLimited { accounts }) => (until, accounts),
        step => panic!("not rate-limited: {step:?}"),
    }
}

async fn outcomes(world: &World) -> Vec<Option<Outcome>> {
    world.engine.store.watched().await.unwrap().into_iter().map(|known| known.account_state.outcome).collect()
}

#[tokio::test]
async fn rate_limited_accounts_are_checked_later_in_the_same_run() {
    let world = sequential_world(FOUR).await;
    world.main.next("2", rate_limited(30));
    let (mut run, step) = world.start_run().await;
    let (until, accounts) = pause(step);
    assert!(until >= start() + seconds(30) && until < start() + seconds(40), "{until}");
    assert_eq!(accounts, 2, "3 and 4");
    let counts = run.counts();
    assert_eq!((world.api.requests().len(), counts.checked, counts.inconclusive), (2, 2, 1));
    world.at(until);
    let NextStep::Finished(summary) = world.advance_run(&mut run).await else { panic!("it waits again") };
    assert_eq!(world.api.requests().len(), 4);
    let counts = summary.counts;
    assert_eq!((counts.checked, counts.ok, counts.inconclusive), (4, 3, 1));
}

#[tokio::test]
async fn run_waits_five_minutes_for_rate_limits_and_records_every_account() {
    let world = sequential_world(FOUR).await;
    world.main.set_all(Some(rate_limited(100)));
    let counts = world.check_all().await.counts;
    assert!(world.now() < start() + minutes(5) + seconds(1), "{}", world.now());
    assert_eq!((counts.checked, counts.inconclusive), (4, 4));
    assert_eq!(outcomes(&world).await, [Some(Outcome::RateLimited); 4]);
    assert!(world.api.requests().len() <= 4);
}

#[tokio::test]
async fn long_rate_limit_is_recorded_for_every_account_and_holds_in_later_runs() {
    let world = sequential_world(FOUR).await;
    world.main.next("1", rate_limited(1_800));
    let (run, step) = world.start_run().await;
    assert!(matches!(step, NextStep::Finished(_)), "{step:?}");
    assert_eq!((run.counts().checked, run.counts().inconclusive), (4, 4));
    let error = world.engine.store.watched().await.unwrap()[3].account_state.error.clone().unwrap();
    assert!(error.starts_with("not checked: rate-limited until 08:30:0"), "{error}");
    world.advance(minutes(15));
    world.start_run().await;
    assert_eq!(world.api.requests().len(), 1, "not before the half hour has passed");
    world.advance(minutes(16));
    assert_eq!(world.check_all().await.counts.ok, 4);
    assert_eq!(world.api.requests().len(), 5);
}

#[tokio::test]
async fn rate_limit_of_one_subscription_does_not_delay_another() {
    let two = format!(
        "{FOUR}\n[[subscriptions]]\nname = \"other\"\ntoken_file = \"other-token\"\naccounts = [{{ id = \"9\" }}]"
    );
    let world = sequential_world(&two).await;
    world.other.put(healthy("9"));
    world.main.set_all(Some(rate_limited(30)));
    let (run, step) = world.start_run().await;
    assert_eq!((run.counts().checked, run.counts().ok), (2, 1));
    assert_eq!(pause(step).1, 3);
}

#[tokio::test]
async fn rate_limited_list_is_read_later_in_the_same_run() {
    let world = World::open(Settings::subscriptions(FOUR).api("fetch = \"list\"")).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    world.main.next_list(rate_limited(30));
    let counts = world.check_all().await.counts;
    assert_eq!((counts.checked, counts.ok, world.api.requests().len()), (4, 4, 2));
}

#[tokio::test]
async fn last_accounts_are_checked_although_the_first_ones_are_rate_limited_in_each_run() {
    let world = sequential_world(FOUR).await;
    world.main.set_answer("1", rate_limited(200));
    world.main.set_answer("2", rate_limited(200));
    for _ in 0..12 {
        let started = world.now();
        assert_eq!(world.check_all().await.counts.checked, 4);
        world.at(started + minutes(15));
    }
    for id in ["3", "4"] {
        assert!(world.api.requests_for(id).len() > 1, "{id}");
    }
}

#[tokio::test]
async fn time_that_checks_take_does_not_count_as_waiting() {
    let world = sequential_world(FOUR).await;
    for id in ["1", "2", "3"] {
        world.main.next(id, rate_limited(60));
    }
    world.api.set_answer_time(minutes(10));
    let (mut run, mut step) = world.start_run().await;
    for _ in 0..3 {
        let (until, _) = pause(step);
        world.at(until);
        step = world.advance_run(&mut run).await;
        if let NextStep::WaitUntil(until, _) = step {
            assert!(until < world.now() + seconds(61), "each pause counts from its answer");
        }
    }
    assert!(matches!(step, NextStep::Finished(_)), "{step:?}");
    assert_eq!((run.counts().ok, run.counts().inconclusive), (1, 3));
}

#[tokio::test]
async fn rate_limited_confirmation_is_made_later_in_the_same_run() {
    let world = sequential_world(FOUR).await;
    world.main.remove("1");
    world.main.next("4", rate_limited(120));
    let (mut run, step) = world.start_run().await;
    let NextStep::WaitUntil(until, WaitReason::Confirmation) = step else { panic!("{step:?}") };
    world.at(until);
    let (until, _) = pause(world.advance_run(&mut run).await);
    assert!(world.received().is_empty());
    world.at(until);
    let NextStep::Finished(summary) = world.advance_run(&mut run).await else { panic!("it waits again") };
    world.tick().await;
    assert_eq!(summary.next_recheck, None);
    assert_eq!(world.received(), ["opened not_found critical 1"]);
}

#[tokio::test]
async fn rate_limit_holds_across_a_reload() {
    let mut world = sequential_world(FOUR).await;
    world.main.next("1", rate_limited(1_800));
    world.start_run().await;
    let before = world.engine.clone();
    world.reload(Settings::subscriptions(FOUR).api("concurrency = 3")).await;
    world.engine.inherit_limits(&before);
    world.advance(minutes(1));
    world.start_run().await;
    assert_eq!(world.api.requests().len(), 1);
    world.advance(minutes(30));
    assert_eq!(world.check_all().await.counts.ok, 4);
}

#[tokio::test]
async fn stopped_run_starts_no_more_requests_and_is_not_finished() {
    let world = sequential_world(FOUR).await;
    world.engine.stop_checks();
    let summary = world.check_all().await;
    assert!(!summary.is_complete);
    assert_eq!((summary.counts.checked, world.api.requests().len()), (0, 0));
    let run = world.engine.store.last_run().await.unwrap().unwrap();
    assert_eq!((run.id, run.finished_at), (summary.id, None));
}

#[tokio::test]
async fn results_of_an_unfinished_run_are_not_sent() {
    let world = World::open(Settings::subscriptions(FOUR)).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    world.run().await;
    world.main.set_all(Some(Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html)));
    for _ in 0..6 {
        world.advance(minutes(15));
        world.run().await;
    }
    assert_eq!(world.received(), ["opened unreachable warning main(4)"]);
    world.main.set_all(None);
    world.main.put(healthy("1").max_jobs(9));
    world.advance(minutes(15));
    let one = AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("1"));
    world.advance_run(&mut Run::start(Scope::Accounts([one].into()))).await;
    world.engine.evaluate_without_results(world.now()).await.unwrap();
    assert!(world.engine.store.pending_messages().await.unwrap().is_empty());
    world.run().await;
    assert_eq!(
        world.received(),
        ["max_jobs_changed info 1 maxJobs 1>9 + resolved unreachable warning main(4)"]
    );
}

#[tokio::test]
async fn during_a_run_expiry_alerts_open_and_none_resolves() {
    let world = World::open(Settings::subscriptions(FOUR)).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    world.main.put(Record::ending("1", start() + days(5)));
    world.main.put(Record::ending("2", start() + days(7) + minutes(20)));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 7d warning 1"]);
    world.main.put(healthy("1"));
    world.advance(minutes(21));
    let one = AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("1"));
    world.advance_run(&mut Run::start(Scope::Accounts([one].into()))).await;
    world.engine.evaluate_without_results(world.now()).await.unwrap();
    let notified = world.engine.store.pending_messages().await.unwrap();
    assert!(
        notified.len() == 1 && notified[0].1.starts_with("2: token expires in 6 days 23 h"),
        "{notified:?}"
    );
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 7d warning 2", "resolved expiry 7d warning 1"]);
}

#[tokio::test]
async fn spread_requests_are_not_sent_at_once() {
    let world = World::open(Settings::subscriptions(FOUR)).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    let spread = Duration::from_millis(200);
    let mut engine = world.engine.clone();
    engine.spread = spread;
    let started = Instant::now();
    let mut run = Run::start(Scope::Everything);
    run.advance(&engine, world.now(), &|_, _| {}).await.unwrap();
    assert_eq!(run.counts().ok, 4);
    assert!(
        started.elapsed() >= spread * 3 / 4,
        "the last of four checks starts after three quarters of the spread: {:?}",
        started.elapsed()
    );
}
