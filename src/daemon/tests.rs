//! The loop's moments, with explicit clocks and a vendor that nobody listens as.

use std::ops::{Deref, DerefMut};

use tempfile::TempDir;

use super::*;
use crate::api::Client;
use crate::config::{self, Environment};
use crate::domain::account::AccountId;
use crate::domain::alert::AlertKind;
use crate::engine::Scope;
use crate::notify::Sender;
use crate::simulator::{Answer, Record, RetryAfter, UseApi, VirtualNow};
use crate::store::RunCounts;

/// A daemon and the clock that it goes by.
struct Timed {
    daemon: Daemon,
    clock: VirtualNow,
}

impl Deref for Timed {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl DerefMut for Timed {
    fn deref_mut(&mut self) -> &mut Daemon {
        &mut self.daemon
    }
}

impl Timed {
    async fn do_what_is_due_at(&mut self, now: Timestamp) {
        self.clock.set(now);
        self.daemon.do_what_is_due().await;
    }
}

/// A daemon whose store last saw a run at `last`, by whatever clock.
async fn daemon(folder: &TempDir, last: Timestamp) -> Timed {
    let path = folder.path().join("watch.db").display().to_string();
    let environment: Environment = [
        ("USEAPI_TOKEN", "user:1234-abcdefgh"),
        ("MINIMAX_WATCH__STORE__PATH", path.as_str()),
        ("MINIMAX_WATCH__API__BASE_URL", "http://127.0.0.1:1"),
    ]
    .into_iter()
    .collect();
    let clock = VirtualNow::new(last);
    let engine = engine(&environment, &["a"], &clock).await;
    engine.check(&Scope::Everything, last, &|_, _| {}).await.unwrap();
    clock.set(last.min(clock::now()));
    Timed { daemon: of(engine).await, clock }
}

async fn engine(environment: &Environment, ids: &[&str], clock: &VirtualNow) -> Engine {
    let ids: Vec<AccountId> = ids.iter().map(|id| AccountId::new(*id)).collect();
    let config = config::bare(&ids, environment, clock.now()).unwrap();
    let store = Store::open(&config.store.path).await.unwrap();
    let client = Client::new(&config.api).unwrap();
    Engine::new(config, store, client, Sender::over_network(), clock.clock())
}

async fn of(engine: Engine) -> Daemon {
    let lock = Lock::take(&engine.config.store.path, "the test").unwrap();
    Daemon::new(engine, lock).await.unwrap()
}

const QUARTER: TimeDelta = TimeDelta::minutes(15);

#[tokio::test]
async fn a_run_made_by_a_clock_that_was_ahead_puts_the_next_one_off_by_no_more_than_the_schedule_does() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = daemon(&folder, clock::now() + TimeDelta::days(300)).await;
    assert!(daemon.next_run.unwrap() <= clock::now() + QUARTER, "{:?}", daemon.next_run);
}

#[tokio::test]
async fn a_clock_that_is_set_back_while_it_runs_holds_nothing_off() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let ahead = now + TimeDelta::days(300);
    daemon.looked_up = ahead;
    daemon.next_run = Some(ahead);
    daemon.question = Some((ahead, 1));
    daemon.next_word = Some(ahead);
    daemon.next_purge = ahead;
    daemon.do_what_is_due_at(now).await;
    assert!(daemon.next_run.unwrap() <= now + QUARTER, "{:?}", daemon.next_run);
    assert!(daemon.question.unwrap().0 <= now + STILL_IN_DOUBT, "{:?}", daemon.question);
    assert!(daemon.next_word.is_none_or(|word| word < ahead), "{:?}", daemon.next_word);
    assert!(daemon.next_purge <= now + PURGE_EVERY, "{}", daemon.next_purge);
}

#[tokio::test]
async fn runs_closer_together_than_the_pause_do_not_put_the_second_look_off() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let doubtful =
        |run| Ok(Pass { run, counts: RunCounts::default(), doubts: true, next_rung: None, put_off: None });
    let pause = daemon.engine.config.alerts.confirm_after;
    daemon.looked((Look::First, doubtful(1)), now);
    daemon.looked((Look::First, doubtful(2)), now + pause / 2);
    assert_eq!(daemon.question, Some((now + pause, 2)));
}

fn nobody(since: Timestamp, until: Timestamp) -> PutOff {
    PutOff { since, until, accounts: Vec::new(), waited: TimeDelta::zero() }
}

#[test]
fn questions_are_spread_over_a_part_of_the_time_until_the_next_run() {
    let now = clock::now();
    for (seconds, over) in [(900, 60), (600, 60), (300, 30), (1, 0), (0, 0), (-5, 0)] {
        let spread = looking::spread(Some(now + TimeDelta::seconds(seconds)), now);
        assert_eq!(spread.as_secs(), over, "{seconds} s until the next run");
    }
    assert_eq!(looking::spread(None, now).as_secs(), 60);
}

#[tokio::test]
async fn who_is_put_off_is_asked_in_the_same_run_before_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let until = now + TimeDelta::seconds(30);
    let put_off = nobody(now, until);
    let pass =
        |put_off| Pass { run: 1, counts: RunCounts::default(), doubts: false, next_rung: None, put_off };
    daemon.next_word = None;
    daemon.looked((Look::First, Ok(pass(Some(put_off)))), now);
    assert_eq!((daemon.next_word, daemon.wake_at()), (None, Some(until.min(daemon.wake_at().unwrap()))));
    daemon.next_run = Some(now);
    daemon.question = Some((now, 1));
    assert_eq!(daemon.wake_at(), Some(until.min(daemon.next_purge)), "neither of them overtakes it");
    daemon.look(now);
    assert!(daemon.looking.is_empty() && daemon.put_off.is_some() && daemon.question.is_some());
    daemon.sent((ReceiverName::new("x"), Ok(Delivery::default())), now);
    assert_eq!(daemon.next_word, None, "a delivery does not have half a run told");
    daemon.looked((Look::First, Ok(pass(None))), until);
    assert_eq!(daemon.next_word, Some(until));
}

#[tokio::test]
async fn a_run_that_did_not_come_to_its_end_is_made_again_before_all_of_what_it_saw_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let cut = daemon(&folder, now).await;
    cut.engine.halt();
    cut.engine.check(&Scope::Everything, now, &|_, _| {}).await.unwrap();
    let Timed { daemon: Daemon { engine, lock, .. }, clock } = cut;
    drop(lock);
    let engine =
        Engine::new((*engine.config).clone(), engine.store, engine.client, engine.sender, engine.clock);
    let mut daemon = Timed { daemon: of(engine).await, clock };
    assert!(daemon.is_mid_run() && daemon.next_run.is_some_and(|due| due <= clock::now()));
    daemon.question = Some((now - TimeDelta::minutes(1), 1));
    assert!(
        daemon.wake_at() >= daemon.next_run.min(Some(daemon.next_purge)),
        "no second look before the first"
    );
    daemon.do_what_is_due_at(clock::now()).await;
    let (look, pass) = daemon.looking.join_next().await.unwrap().unwrap();
    assert_eq!(look, Look::First);
    daemon.looked((look, pass), clock::now());
    assert!(!daemon.is_mid_run());
    daemon.put_off = Some((nobody(now, now + TimeDelta::hours(1)), 1));
    let engine = daemon.engine.clone();
    daemon.adopt(engine).await;
    assert!(daemon.put_off.is_none() && daemon.is_mid_run(), "a new configuration ends no run");
    daemon.looked((Look::First, Err(StoreError::Gone { path: "x".into(), fate: "moved" })), now);
    assert!(daemon.is_mid_run());
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_pause_longer() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let ahead = now + TimeDelta::days(300);
    daemon.looked_up = ahead;
    daemon.put_off = Some((nobody(ahead, ahead), 1));
    daemon.do_what_is_due_at(now).await;
    assert!(daemon.put_off.is_none() && !daemon.looking.is_empty(), "it is asked at once");
}

/// The loop in virtual time, over a vendor of its own.
async fn live(daemon: &mut Timed, mut now: Timestamp, until: Timestamp) {
    while now < until {
        daemon.do_what_is_due_at(now).await;
        while let Some(done) = daemon.looking.join_next().await {
            now += TimeDelta::milliseconds(5);
            daemon.clock.set(now);
            daemon.looked(done.unwrap(), now);
            daemon.do_what_is_due_at(now).await;
        }
        let next = daemon.wake_at().unwrap().max(now + TimeDelta::milliseconds(1));
        now = next.min(now + TimeDelta::minutes(1));
    }
}

#[tokio::test]
async fn a_vendor_that_asks_for_longer_pauses_than_lie_between_runs_hides_nobody() {
    for pause in [60, 90] {
        let (folder, begin) = (tempfile::tempdir().unwrap(), clock::now());
        let clock = VirtualNow::new(begin);
        let api = UseApi::open(&clock).await.unwrap();
        let vendor = api.subscribe("user:1234-abcdefgh".into());
        for id in ["a", "b", "c", "d"] {
            vendor.put(Record::ending(id, begin + TimeDelta::days(90)));
        }
        vendor.set("a", Answer::account_error("On hold"));
        vendor.set("b", Answer::rate_limited(RetryAfter::Seconds(pause)));
        let (path, base) = (folder.path().join("watch.db").display().to_string(), api.base_url().to_string());
        let environment: Environment = [
            ("USEAPI_TOKEN", "user:1234-abcdefgh"),
            ("MINIMAX_WATCH__STORE__PATH", path.as_str()),
            ("MINIMAX_WATCH__API__BASE_URL", base.as_str()),
            ("MINIMAX_WATCH__API__CONCURRENCY", "1"),
            ("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * *"),
        ]
        .into_iter()
        .collect();
        let engine = engine(&environment, &["a", "b", "c", "d"], &clock).await;
        let mut daemon = Timed { daemon: of(engine).await, clock };
        live(&mut daemon, begin, begin + TimeDelta::minutes(30)).await;
        let store = &daemon.engine.store;
        let firing: Vec<_> =
            store.firing_alerts().await.unwrap().into_iter().map(|alert| alert.condition.kind).collect();
        assert!(firing.contains(&AlertKind::AccountError), "{pause} s: {firing:?}");
        for known in store.watched().await.unwrap().iter().filter(|known| !known.account.is_listing()) {
            let requests = api.requests();
            let asked =
                requests.iter().filter(|request| request.account.as_ref() == Some(&known.account.id)).count();
            assert!(asked > 1, "{pause} s: {} was asked {asked} times", known.account.id);
        }
    }
}

#[tokio::test]
async fn a_purge_of_years_lets_go_of_the_loop_after_each_batch() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = daemon(&folder, clock::now()).await;
    let now = clock::now();
    let mut writer = daemon.engine.store.write().await.unwrap();
    for minutes in 0..600 {
        writer.begin_run(now - TimeDelta::days(1_000) + TimeDelta::minutes(minutes)).await.unwrap();
    }
    writer.begin_run(now).await.unwrap();
    writer.keep_api_date(now).await.unwrap();
    writer.keep_horizon(now - TimeDelta::days(999)).await.unwrap();
    writer.commit().await.unwrap();
    daemon.do_what_is_due_at(now).await;
    assert_eq!(daemon.next_purge, now + PURGE_AGAIN, "there is more");
    daemon.do_what_is_due_at(now + PURGE_AGAIN).await;
    // The horizon moves again an hour of uptime after it moved, some of which has passed by now.
    let hour_after = now + PURGE_AGAIN + PURGE_EVERY;
    assert!(daemon.next_purge <= hour_after && daemon.next_purge > hour_after - TimeDelta::minutes(5));
}

#[tokio::test]
async fn the_horizon_of_purging_moves_once_in_an_hour_of_uptime_whatever_the_clock_shows() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let mut writer = daemon.engine.store.write().await.unwrap();
    for days in 0..20 {
        writer.begin_run(now - TimeDelta::days(1_000 - days)).await.unwrap();
    }
    writer.begin_run(now).await.unwrap();
    writer.keep_api_date(now + TimeDelta::days(365)).await.unwrap();
    writer.commit().await.unwrap();
    let mut horizons = Vec::new();
    let hour = std::time::Duration::from_hours(1);
    for uptime in [false, true, false, true] {
        if uptime {
            daemon.horizon_moved = daemon.horizon_moved.checked_sub(hour).unwrap();
        }
        for days in 0..5 {
            daemon.next_purge = now;
            daemon.do_what_is_due_at(now + TimeDelta::days(days)).await;
        }
        let mut writer = daemon.engine.store.write().await.unwrap();
        horizons.push(writer.purging().await.unwrap().horizon);
    }
    let first = horizons[1].unwrap();
    let second = Some(first + TimeDelta::days(1));
    assert_eq!(horizons, [None, Some(first), Some(first), second], "a day at a time");
}

#[tokio::test]
async fn an_end_learned_in_a_run_is_told_in_its_moment_although_the_run_waits_for_its_second_look() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let (soon, later) = (now + TimeDelta::seconds(3), now + TimeDelta::days(1));
    for (known, expected) in [(Some(later), soon), (None, soon), (Some(now), now)] {
        daemon.next_word = known;
        let pass =
            Pass { run: 1, counts: RunCounts::default(), doubts: true, next_rung: Some(soon), put_off: None };
        daemon.looked((Look::First, Ok(pass)), now);
        assert_eq!(daemon.next_word, Some(expected), "{known:?}");
    }
}
