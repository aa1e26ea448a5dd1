//! A vendor that asks to be left alone is: by the whole subscription, for as long as it asked, and nobody is forgotten.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use minimax_watch::domain::account::{AccountId, AccountKey, SubscriptionName};
use minimax_watch::domain::observation::Outcome;
use minimax_watch::engine::{Pass, Scope};
use minimax_watch::simulator::{Answer, Page, Record, RetryAfter};

use crate::world::{Settings, World, days, healthy, minutes, seconds, start};

const FOUR: &str = "accounts = [{ id = \"1\" }, { id = \"2\" }, { id = \"3\" }, { id = \"4\" }]";

/// Four accounts, asked one at a time.
async fn one_at_a_time(rest: &str) -> World {
    let world = World::open(Settings::subscriptions(rest).api("concurrency = 1")).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    world
}

fn slow_down(seconds: u64) -> Answer {
    Answer::rate_limited(RetryAfter::Seconds(seconds))
}

async fn resume(world: &World, pass: &Pass) -> Pass {
    let put_off = pass.put_off.as_ref().unwrap();
    world.at(put_off.until);
    world.engine.resume(pass.run, put_off, world.now(), &|_, _| {}).await.unwrap()
}

async fn outcomes(world: &World) -> Vec<Option<Outcome>> {
    world.engine.store.watched().await.unwrap().into_iter().map(|known| known.standing.outcome).collect()
}

#[tokio::test]
async fn who_was_not_asked_yet_is_asked_when_the_vendor_allows_it_and_in_the_same_run() {
    let world = one_at_a_time(FOUR).await;
    world.main.next("2", slow_down(30));
    let pass = world.look().await;
    let put_off = pass.put_off.clone().unwrap();
    assert!(put_off.until >= start() + seconds(30) && put_off.until < start() + seconds(40), "{put_off:?}");
    assert_eq!(put_off.accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["3", "4"]);
    assert_eq!((world.api.requests().len(), pass.counts.checked, pass.counts.no_verdict), (2, 2, 1));
    let pass = resume(&world, &pass).await;
    assert_eq!((pass.put_off, world.api.requests().len()), (None, 4));
    assert_eq!((pass.counts.checked, pass.counts.ok, pass.counts.no_verdict), (4, 3, 1));
}

#[tokio::test]
async fn a_vendor_that_goes_on_asking_is_left_to_the_next_run_and_everyone_is_accounted_for() {
    let world = one_at_a_time(FOUR).await;
    world.main.set_all(Some(slow_down(100)));
    let mut pass = world.look().await;
    while pass.put_off.is_some() {
        pass = resume(&world, &pass).await;
    }
    assert!(world.now() < start() + minutes(5) + seconds(1), "{}", world.now());
    assert_eq!((pass.counts.checked, pass.counts.no_verdict), (4, 4));
    assert_eq!(outcomes(&world).await, [Some(Outcome::RateLimited); 4]);
    assert!(world.api.requests().len() <= 4);
}

#[tokio::test]
async fn a_long_wait_is_said_of_everyone_and_holds_for_the_runs_that_come() {
    let world = one_at_a_time(FOUR).await;
    world.main.next("1", slow_down(1_800));
    let pass = world.look().await;
    assert_eq!((pass.put_off, pass.counts.checked, pass.counts.no_verdict), (None, 4, 4));
    let told = world.engine.store.watched().await.unwrap()[3].standing.error.clone().unwrap();
    assert!(told.starts_with("not asked: the vendor asked to be left alone until 08:30:0"), "{told}");
    world.advance(minutes(15));
    world.look().await;
    assert_eq!(world.api.requests().len(), 1, "not before the half hour is over");
    world.advance(minutes(16));
    let pass = world.look().await;
    assert_eq!((pass.counts.ok, world.api.requests().len()), (4, 5));
}

#[tokio::test]
async fn another_subscription_is_not_held_up() {
    let two = format!(
        "{FOUR}\n[[subscriptions]]\nname = \"other\"\ntoken_file = \"other-token\"\naccounts = [{{ id = \"9\" }}]"
    );
    let world = one_at_a_time(&two).await;
    world.other.put(healthy("9"));
    world.main.set_all(Some(slow_down(30)));
    let pass = world.look().await;
    assert_eq!((pass.counts.checked, pass.counts.ok), (2, 1));
    assert_eq!(pass.put_off.unwrap().accounts.len(), 3);
}

#[tokio::test]
async fn a_list_is_left_alone_like_an_account() {
    let world = World::open(Settings::subscriptions(FOUR).api("fetch = \"list\"")).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    world.main.next_list(slow_down(30));
    let pass = world.look().await;
    let pass = resume(&world, &pass).await;
    assert_eq!((pass.counts.checked, pass.counts.ok, world.api.requests().len()), (4, 4, 2));
}

#[tokio::test]
async fn who_stands_last_is_asked_although_the_first_ones_complain_each_time() {
    let world = one_at_a_time(FOUR).await;
    world.main.set("1", slow_down(200));
    world.main.set("2", slow_down(200));
    for _ in 0..12 {
        let begun = world.now();
        let mut pass = world.look().await;
        while pass.put_off.is_some() {
            pass = resume(&world, &pass).await;
        }
        assert_eq!(pass.counts.checked, 4);
        world.at(begun + minutes(15));
    }
    for id in ["3", "4"] {
        assert!(world.api.requests_for(id).len() > 1, "{id}");
    }
}

#[tokio::test]
async fn a_pause_late_in_a_long_run_is_waited_for_like_an_early_one() {
    let world = one_at_a_time(FOUR).await;
    for id in ["1", "2", "3"] {
        world.main.next(id, slow_down(60));
    }
    let mut pass = world.look().await;
    for _ in 0..3 {
        // The answers took their time.
        world.advance(minutes(10));
        let mut put_off = pass.put_off.clone().unwrap();
        put_off.since = world.now() - seconds(60);
        pass = world.engine.resume(pass.run, &put_off, world.now(), &|_, _| {}).await.unwrap();
    }
    assert_eq!((pass.put_off, pass.counts.ok, pass.counts.no_verdict), (None, 1, 3));
}

#[tokio::test]
async fn a_doubt_that_cannot_be_asked_about_yet_is_asked_about_in_the_same_run() {
    let world = one_at_a_time(FOUR).await;
    world.main.remove("1");
    world.main.next("4", slow_down(120));
    let pass = world.look().await;
    assert!(pass.doubts && pass.put_off.is_none());
    world.advance(seconds(10));
    let pass = world.engine.confirm(pass.run, None, world.now(), &|_, _| {}).await.unwrap();
    let put_off = pass.put_off.unwrap();
    assert!(world.heard().is_empty() && pass.doubts);
    world.at(put_off.until);
    let pass = world.engine.confirm(pass.run, Some(&put_off), world.now(), &|_, _| {}).await.unwrap();
    world.tick().await;
    assert_eq!((pass.doubts, world.heard()), (false, vec!["opened not_found critical 1".to_owned()]));
}

#[tokio::test]
async fn a_new_configuration_is_no_reason_not_to_leave_a_vendor_alone() {
    let mut world = one_at_a_time(FOUR).await;
    world.main.next("1", slow_down(1_800));
    world.look().await;
    let before = world.engine.clone();
    world.reload(Settings::subscriptions(FOUR).api("concurrency = 3")).await;
    world.engine.learn_paces(&before);
    world.advance(minutes(1));
    world.look().await;
    assert_eq!(world.api.requests().len(), 1);
    world.advance(minutes(30));
    assert_eq!(world.look().await.counts.ok, 4);
}

#[tokio::test]
async fn a_pass_that_is_halted_begins_no_more_questions_and_its_run_is_not_over() {
    let world = one_at_a_time(FOUR).await;
    world.engine.halt();
    let pass = world.look().await;
    assert_eq!((pass.counts.checked, pass.put_off, world.api.requests().len()), (0, None, 0));
    let run = world.engine.store.last_run().await.unwrap().unwrap();
    assert_eq!((run.id, run.finished_at), (pass.run, None));
}

#[tokio::test]
async fn while_a_run_goes_on_half_of_what_it_saw_is_not_told() {
    let world = World::open(Settings::subscriptions(FOUR)).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    world.run().await;
    world.main.set_all(Some(Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html)));
    for _ in 0..6 {
        world.advance(minutes(15));
        world.run().await;
    }
    assert_eq!(world.heard(), ["opened unreachable warning main(4)"]);
    world.main.set_all(None);
    world.main.put(healthy("1").max_jobs(9));
    world.advance(minutes(15));
    let one = AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("1"));
    world.engine.check(&Scope::Accounts([one].into()), world.now(), &|_, _| {}).await.unwrap();
    world.engine.announce_passing(world.now()).await.unwrap();
    assert!(world.engine.store.pending_messages().await.unwrap().is_empty());
    world.run().await;
    assert_eq!(world.heard(), ["max_jobs_changed info 1 maxJobs 1>9 + resolved unreachable warning main(4)"]);
}

#[tokio::test]
async fn while_a_run_goes_on_time_opens_alerts_and_ends_none() {
    let world = World::open(Settings::subscriptions(FOUR)).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    world.main.put(Record::ending("1", start() + days(5)));
    world.main.put(Record::ending("2", start() + days(7) + minutes(20)));
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 7d warning 1"]);
    world.main.put(healthy("1"));
    world.advance(minutes(21));
    let one = AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("1"));
    world.engine.check(&Scope::Accounts([one].into()), world.now(), &|_, _| {}).await.unwrap();
    world.engine.announce_passing(world.now()).await.unwrap();
    let told = world.engine.store.pending_messages().await.unwrap();
    assert!(told.len() == 1 && told[0].1.starts_with("2: token expires in 6 days 23 h"), "{told:?}");
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 7d warning 2", "resolved expiry 7d warning 1"]);
}

#[tokio::test]
async fn questions_that_are_spread_are_not_asked_at_once() {
    let world = World::open(Settings::subscriptions(FOUR)).await;
    world.all_healthy(&[("1", ""), ("2", ""), ("3", ""), ("4", "")]);
    let spread = Duration::from_millis(200);
    let mut engine = world.engine.clone();
    engine.spread = spread;
    let begun = Instant::now();
    let pass = engine.check(&Scope::Everything, world.now(), &|_, _| {}).await.unwrap();
    assert_eq!(pass.counts.ok, 4);
    assert!(
        begun.elapsed() >= spread * 3 / 4,
        "the last of four begins after three quarters: {:?}",
        begun.elapsed()
    );
}
