//! The timers of the loop, with explicit clocks and an API that does not answer.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use chrono::TimeDelta;
use serde_json::json;
use tempfile::TempDir;

use super::run_state::RunState;
use super::runs;
use super::service::{Daemon, PURGE_BACKLOG_INTERVAL, PURGE_INTERVAL, RECHECK_RETRY};
use crate::api::Client;
use crate::clock;
use crate::config::{self, Environment};
use crate::domain::account::AccountId;
use crate::domain::account::ReceiverName;
use crate::domain::alerts::AlertKind;
use crate::domain::time::Timestamp;
use crate::engine::{Delivery, Engine, NextStep, Run};
use crate::engine::{RunSummary, Scope, WaitReason};
use crate::notify::Sender;
use crate::simulator::{Answer, FakeUseApi, VirtualNow, configuration};
use crate::store::RunCounts;
use crate::store::{Lock, Store, StoreError};

/// A daemon and its clock.
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
    async fn tick_at(&mut self, now: Timestamp) {
        self.clock.set(now);
        self.daemon.tick().await;
    }
}

/// A daemon whose last run was at `last`, by whatever clock.
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
    Run::start(Scope::Everything).advance(&engine, last, &|_, _| {}).await.unwrap();
    clock.set(last.min(clock::now()));
    Timed { daemon: daemon_of(engine).await, clock }
}

/// A daemon that asks `api` about `ids`, with `more` variables.
async fn daemon_asking(
    api: &FakeUseApi,
    folder: &TempDir,
    clock: VirtualNow,
    ids: &[&str],
    more: &[(&str, &str)],
) -> Timed {
    let (path, base) = (folder.path().join("watch.db").display().to_string(), api.base_url().to_string());
    let variables = [
        ("USEAPI_TOKEN", "user:1234-abcdefgh"),
        ("MINIMAX_WATCH__STORE__PATH", path.as_str()),
        ("MINIMAX_WATCH__API__BASE_URL", base.as_str()),
    ];
    let environment = variables.into_iter().chain(more.iter().copied()).collect();
    Timed { daemon: daemon_of(engine(&environment, ids, &clock).await).await, clock }
}

async fn engine(environment: &Environment, ids: &[&str], clock: &VirtualNow) -> Engine {
    let ids: Vec<AccountId> = ids.iter().map(|id| AccountId::new(*id)).collect();
    let config = config::from_environment(&ids, environment, clock.now()).unwrap().config;
    let store = Store::open(&config.store.path).await.unwrap();
    let client = Client::new(&config.api).unwrap();
    Engine::new(config, store, client, Sender::over_network(), clock.clock())
}

async fn daemon_of(engine: Engine) -> Daemon {
    let lock = Lock::take(&engine.config.store.path, "the test").unwrap();
    Daemon::new(engine, lock).await.unwrap()
}

const QUARTER: TimeDelta = TimeDelta::minutes(15);

/// A run that waits for its confirmation.
fn waiting(until: Timestamp) -> RunState {
    RunState::Waiting(until, Run::recheck(1, until))
}

#[tokio::test]
async fn run_by_a_clock_that_was_ahead_delays_the_next_one_by_at_most_one_interval() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = daemon(&folder, clock::now() + TimeDelta::days(300)).await;
    assert!(daemon.next_run.unwrap() <= clock::now() + QUARTER, "{:?}", daemon.next_run);
}

#[tokio::test]
async fn clock_that_is_set_back_delays_no_timer() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let ahead = now + TimeDelta::days(300);
    let run = Run::recheck(1, now);
    for state in [RunState::Idle { recheck: Some((ahead, run)) }, waiting(ahead)] {
        let mut daemon = daemon(&folder, now).await;
        daemon.last_tick = ahead;
        daemon.next_run = Some(ahead);
        daemon.run = state;
        daemon.next_evaluation = Some(ahead);
        daemon.next_purge = ahead;
        daemon.tick_at(now).await;
        assert!(daemon.next_run.unwrap() <= now + QUARTER, "{:?}", daemon.next_run);
        let due = daemon.run.wakes_at(None).unwrap();
        assert!(due <= now + RECHECK_RETRY, "{due}");
        assert!(daemon.next_evaluation.is_none_or(|due| due < ahead), "{:?}", daemon.next_evaluation);
        assert!(daemon.next_purge <= now + PURGE_INTERVAL, "{}", daemon.next_purge);
        drop(daemon);
    }
}

#[test]
fn requests_are_spread_over_part_of_the_time_until_the_next_run() {
    let now = clock::now();
    for (seconds, over) in [(900, 60), (600, 60), (300, 30), (1, 0), (0, 0), (-5, 0)] {
        let spread = runs::spread(Some(now + TimeDelta::seconds(seconds)), now);
        assert_eq!(spread.as_secs(), over, "{seconds} s until the next run");
    }
    assert_eq!(runs::spread(None, now).as_secs(), 60);
}

#[tokio::test]
async fn paused_run_ends_before_the_next_one_and_before_its_results_are_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let until = now + TimeDelta::seconds(30);
    let (run, reason) = (Run::start(Scope::Everything), WaitReason::RateLimited { accounts: 1 });
    daemon.next_evaluation = None;
    daemon.next_run = Some(now);
    daemon.on_checks_done((run.clone(), Ok(NextStep::WaitUntil(until, reason))), now);
    assert_eq!(daemon.next_evaluation, None);
    assert_eq!(daemon.wake_at(), Some(until.min(daemon.next_purge)), "the next run does not start");
    daemon.start_due_checks(now);
    assert!(daemon.checks.is_empty() && matches!(daemon.run, RunState::Waiting(..)));
    let delivery = Delivery { attempts: 1, ..Delivery::default() };
    daemon.on_delivered((ReceiverName::new("x"), Ok(delivery)), now);
    assert_eq!(daemon.next_evaluation, None, "a delivery does not cause an evaluation of half a run");
    let summary = RunSummary { id: 1, counts: RunCounts::default(), next_recheck: None, is_complete: true };
    daemon.on_checks_done((run, Ok(NextStep::Finished(summary))), until);
    assert_eq!(daemon.next_evaluation, Some(until));
    assert!(!daemon.run.is_incomplete());
}

#[tokio::test]
async fn interrupted_run_is_repeated_before_its_results_are_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let cut = daemon(&folder, now).await;
    cut.engine.stop_checks();
    Run::start(Scope::Everything).advance(&cut.engine, now, &|_, _| {}).await.unwrap();
    let Timed { daemon: Daemon { engine, lock, .. }, clock } = cut;
    drop(lock);
    let engine =
        Engine::new((*engine.config).clone(), engine.store, engine.client, engine.sender, engine.clock);
    let mut daemon = Timed { daemon: daemon_of(engine).await, clock };
    assert!(matches!(daemon.run, RunState::Interrupted));
    assert!(daemon.next_run.is_some_and(|due| due <= clock::now()));
    daemon.tick_at(clock::now()).await;
    let finished = live_run(&mut daemon, clock::now()).await;
    assert!(!daemon.run.is_incomplete());
    daemon.run = waiting(finished + TimeDelta::hours(1));
    let engine = daemon.engine.clone();
    daemon.apply_config(engine).await;
    assert!(matches!(daemon.run, RunState::Interrupted), "a new configuration ends no run");
    let error = StoreError::Gone("x".into(), "moved");
    daemon.on_checks_done((Run::recheck(1, now), Err(error)), now);
    assert!(matches!(daemon.run, RunState::Interrupted));
}

/// Lets the run in progress end; returns when it did.
async fn live_run(daemon: &mut Timed, mut now: Timestamp) -> Timestamp {
    while daemon.run.is_incomplete() {
        now = daemon.run.wakes_at(daemon.next_run).unwrap_or(now).max(now);
        daemon.tick_at(now).await;
        let step = daemon.checks.join_next().await.unwrap().unwrap();
        daemon.on_checks_done(step, now);
    }
    now
}

/// The loop in virtual time, with an API of its own.
async fn live(daemon: &mut Timed, mut now: Timestamp, until: Timestamp) {
    while now < until {
        daemon.tick_at(now).await;
        while let Some(done) = daemon.checks.join_next().await {
            now += TimeDelta::milliseconds(5);
            daemon.clock.set(now);
            daemon.on_checks_done(done.unwrap(), now);
            daemon.tick_at(now).await;
        }
        let next = daemon.wake_at().unwrap().max(now + TimeDelta::milliseconds(1));
        now = next.min(now + TimeDelta::minutes(1));
    }
}

#[tokio::test]
async fn every_account_is_checked_although_rate_limits_are_longer_than_the_interval() {
    for pause in [60, 90] {
        let (folder, begin) = (tempfile::tempdir().unwrap(), clock::now());
        let clock = VirtualNow::new(begin);
        let api = FakeUseApi::open(&clock).await.unwrap();
        let vendor = api.subscribe("user:1234-abcdefgh");
        for id in ["a", "b", "c", "d"] {
            vendor.put(id, &configuration(id, begin + TimeDelta::days(90)));
        }
        vendor.set_answer("a", Answer::account_error("On hold"));
        let mut rate_limited = Answer::json(StatusCode::TOO_MANY_REQUESTS, &json!({"code": 429}));
        rate_limited.headers.insert(RETRY_AFTER, pause.into());
        vendor.set_answer("b", rate_limited);
        let more = [("MINIMAX_WATCH__API__CONCURRENCY", "1"), ("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * *")];
        let mut daemon = daemon_asking(&api, &folder, clock, &["a", "b", "c", "d"], &more).await;
        live(&mut daemon, begin, begin + TimeDelta::minutes(30)).await;
        let store = &daemon.engine.store;
        let firing: Vec<_> =
            store.firing_alerts().await.unwrap().into_iter().map(|alert| alert.condition.kind).collect();
        assert!(firing.contains(&AlertKind::AccountError), "{pause} s: {firing:?}");
        for known in store.watched().await.unwrap().iter().filter(|known| !known.account.is_listing()) {
            let path = format!("/v1/minimax/accounts/{}", known.account.id);
            let asked = api.requested_paths().into_iter().filter(|requested| *requested == path).count();
            assert!(asked > 1, "{pause} s: {} was asked {asked} times", known.account.id);
        }
    }
}

#[tokio::test]
async fn runs_closer_together_than_the_pause_before_the_confirmation_neither_wait_for_it_nor_put_it_off() {
    let (folder, begin) = (tempfile::tempdir().unwrap(), clock::now());
    let clock = VirtualNow::new(begin);
    let api = FakeUseApi::open(&clock).await.unwrap();
    let vendor = api.subscribe("user:1234-abcdefgh");
    vendor.put("healthy", &configuration("healthy", begin + TimeDelta::days(90)));
    vendor.set_answer("held", Answer::account_error("On hold"));
    let more =
        [("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * *"), ("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "10m")];
    let mut daemon = daemon_asking(&api, &folder, clock, &["healthy", "held"], &more).await;
    live(&mut daemon, begin, begin + TimeDelta::minutes(9)).await;
    let path = "/v1/minimax/accounts/healthy";
    let asked = api.requested_paths().into_iter().filter(|requested| requested == path).count();
    assert!(asked >= 9, "{asked} runs in nine minutes");
    assert!(daemon.engine.store.firing_alerts().await.unwrap().is_empty(), "not confirmed yet");
    live(&mut daemon, begin + TimeDelta::minutes(9), begin + TimeDelta::minutes(12)).await;
    let firing = daemon.engine.store.firing_alerts().await.unwrap();
    let [alert] = &firing[..] else { panic!("{firing:?}") };
    assert_eq!(alert.condition.kind, AlertKind::AccountError);
    assert!(alert.opened_at <= begin + TimeDelta::minutes(11), "{}", alert.opened_at);
}

#[tokio::test]
async fn what_a_run_saw_is_evaluated_before_the_next_one_overtakes_it() {
    let (folder, begin) = (tempfile::tempdir().unwrap(), clock::now());
    let clock = VirtualNow::new(begin);
    let api = FakeUseApi::open(&clock).await.unwrap();
    let vendor = api.subscribe("user:1234-abcdefgh");
    let healthy = configuration("healthy", begin + TimeDelta::days(90));
    vendor.put("healthy", &healthy);
    vendor.set_answer("held", Answer::account_error("On hold"));
    let more =
        [("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * *"), ("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "1h")];
    let mut daemon = daemon_asking(&api, &folder, clock, &["healthy", "held"], &more).await;
    let minutes = |count| begin + TimeDelta::minutes(count);
    live(&mut daemon, begin, minutes(2)).await;
    let mut fewer_jobs = healthy;
    fewer_jobs["maxJobs"] = json!(1);
    vendor.put("healthy", &fewer_jobs);
    live(&mut daemon, minutes(2), minutes(5)).await;
    let store = &daemon.engine.store;
    assert_eq!(store.changes_after(0).await.unwrap().len(), 1);
    let unprocessed = store.write().await.unwrap().unprocessed_changes().await.unwrap();
    assert!(unprocessed.is_empty(), "{unprocessed:?}");
}

#[tokio::test]
async fn confirmation_that_waits_for_a_rate_limit_is_not_overtaken() {
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let clock = VirtualNow::new(now);
    let api = FakeUseApi::open(&clock).await.unwrap();
    let vendor = api.subscribe("user:1234-abcdefgh");
    for id in ["a", "b"] {
        vendor.set_answer(id, Answer::account_error("On hold"));
    }
    let more = [("MINIMAX_WATCH__API__CONCURRENCY", "1")];
    let mut daemon = daemon_asking(&api, &folder, clock, &["a", "b"], &more).await;
    let mut run = Run::start(Scope::Everything);
    let first = run.advance(&daemon.engine, now, &|_, _| {}).await.unwrap();
    let NextStep::WaitUntil(due, WaitReason::Confirmation) = first else { panic!("{first:?}") };
    let mut rate_limited = Answer::json(StatusCode::TOO_MANY_REQUESTS, &json!({"code": 429}));
    rate_limited.headers.insert(RETRY_AFTER, 30.into());
    vendor.set_answer("a", rate_limited);
    daemon.clock.set(due);
    let step = run.advance(&daemon.engine, due, &|_, _| {}).await;
    let Ok(NextStep::WaitUntil(until, WaitReason::RateLimited { .. })) = step else { panic!("{step:?}") };
    daemon.on_checks_done((run, step), due);
    daemon.next_run = Some(due);
    daemon.end_overtaken_run(due);
    daemon.start_due_checks(due);
    assert!(daemon.checks.is_empty());
    assert_eq!(daemon.run.wakes_at(daemon.next_run), Some(until));
}

#[tokio::test]
async fn purge_of_years_returns_to_the_loop_after_each_batch() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = daemon(&folder, clock::now()).await;
    let now = clock::now();
    let mut writer = daemon.engine.store.write().await.unwrap();
    for minutes in 0..600 {
        writer.begin_run(now - TimeDelta::days(1_000) + TimeDelta::minutes(minutes)).await.unwrap();
    }
    writer.begin_run(now).await.unwrap();
    writer.save_api_date(now).await.unwrap();
    writer.save_purge_horizon(now - TimeDelta::days(999)).await.unwrap();
    writer.commit().await.unwrap();
    daemon.tick_at(now).await;
    assert_eq!(daemon.next_purge, now + PURGE_BACKLOG_INTERVAL, "there is more");
    daemon.tick_at(now + PURGE_BACKLOG_INTERVAL).await;
    // The horizon moves again an hour of uptime after it moved, some of which has passed by now.
    let hour_after = now + PURGE_BACKLOG_INTERVAL + PURGE_INTERVAL;
    assert!(daemon.next_purge <= hour_after && daemon.next_purge > hour_after - TimeDelta::minutes(5));
}

#[tokio::test]
async fn purge_horizon_moves_once_in_an_hour_of_uptime_whatever_the_clock_shows() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let mut writer = daemon.engine.store.write().await.unwrap();
    for days in 0..20 {
        writer.begin_run(now - TimeDelta::days(1_000 - days)).await.unwrap();
    }
    writer.begin_run(now).await.unwrap();
    writer.save_api_date(now + TimeDelta::days(365)).await.unwrap();
    writer.commit().await.unwrap();
    let mut horizons = Vec::new();
    let hour = std::time::Duration::from_hours(1);
    for uptime in [false, true, false, true] {
        if uptime {
            daemon.horizon_moved = daemon.horizon_moved.checked_sub(hour).unwrap();
        }
        for days in 0..5 {
            daemon.next_purge = now;
            daemon.tick_at(now + TimeDelta::days(days)).await;
        }
        let mut writer = daemon.engine.store.write().await.unwrap();
        horizons.push(writer.purge_state().await.unwrap().horizon);
    }
    let first = horizons[1].unwrap();
    let second = Some(first + TimeDelta::days(1));
    assert_eq!(horizons, [None, Some(first), Some(first), second], "a day at a time");
}

#[tokio::test]
async fn stage_reached_while_a_run_waits_is_evaluated_at_that_moment() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let clock = VirtualNow::new(now);
    let api = FakeUseApi::open(&clock).await.unwrap();
    let vendor = api.subscribe("user:1234-abcdefgh");
    let (soon, later) = (now + TimeDelta::seconds(3), now + TimeDelta::days(1));
    vendor.put("a", &configuration("a", soon));
    vendor.set_answer("b", Answer::account_error("On hold"));
    let mut daemon = daemon_asking(&api, &folder, clock, &["a", "b"], &[]).await;
    for (before, expected) in [(Some(later), soon), (None, soon), (Some(now), now)] {
        let mut run = Run::start(Scope::Everything);
        let step = run.advance(&daemon.engine, now, &|_, _| {}).await;
        assert!(matches!(step, Ok(NextStep::WaitUntil(_, WaitReason::Confirmation))), "{step:?}");
        daemon.next_evaluation = before;
        daemon.on_checks_done((run, step), now);
        let due = daemon.next_evaluation.unwrap();
        assert!((due - expected).abs() < TimeDelta::seconds(1), "{before:?}: {due}");
    }
}

/// The environment cannot hold receivers: the engine with one that nobody delivers to, and a daily digest at this moment.
fn with_digest(engine: &Engine, at: Timestamp) -> Engine {
    let cron = at.format("%M %H * * *").to_string();
    let text = format!(
        "[[subscriptions]]\nname = 'default'\ntoken_env = 'TOKEN'\ndiscover = true\n[store]\npath = '/unused.db'\n\
         [[receivers]]\nname = 'pager'\ntype = 'webhook'\nurl = 'http://127.0.0.1:1'\ndigest = '{cron}'\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("minimax-watch.toml");
    std::fs::write(&path, text).unwrap();
    let environment = [("TOKEN", "user:1234-abcdefgh")].into_iter().collect();
    let loaded = config::load(&config::Source::File(path), &environment, engine.clock.now()).unwrap();
    let mut config = (*engine.config).clone();
    config.receivers = loaded.config.receivers;
    let mut engine = engine.clone();
    (engine.config, engine.sender) = (Arc::new(config), Sender::dry_run());
    engine
}

#[tokio::test]
async fn loop_wakes_for_a_digest_and_sends_a_missed_one_after_its_first_run() {
    let (folder, begin) = (tempfile::tempdir().unwrap(), clock::now());
    let clock = VirtualNow::new(begin);
    let api = FakeUseApi::open(&clock).await.unwrap();
    let vendor = api.subscribe("user:1234-abcdefgh");
    vendor.put("a", &configuration("a", begin + TimeDelta::days(90)));
    let more = [("MINIMAX_WATCH__SCHEDULE__CRON", "0 0 1 1 *")];
    let mut daemon = daemon_asking(&api, &folder, clock, &["a"], &more).await;
    let due = begin + TimeDelta::hours(2);
    daemon.daemon.engine = with_digest(&daemon.engine, due);
    live(&mut daemon, begin, begin + TimeDelta::hours(1)).await;
    let messages = async |daemon: &Timed| daemon.engine.store.messages_since(begin).await.unwrap();
    assert!(messages(&daemon).await.is_empty());
    assert!(daemon.next_evaluation.is_some_and(|next| next <= due), "{:?}", daemon.next_evaluation);
    live(&mut daemon, begin + TimeDelta::hours(1), due + TimeDelta::minutes(1)).await;
    assert_eq!(messages(&daemon).await.len(), 1);
    // The service is off for three days, in which the account disappears.
    let back = begin + TimeDelta::days(3);
    vendor.set_answer("a", Answer::not_found());
    let Timed { daemon: Daemon { engine, lock, .. }, clock } = daemon;
    drop(lock);
    clock.set(back);
    let mut daemon = Timed { daemon: daemon_of(engine).await, clock };
    daemon.next_run = Some(back);
    daemon.tick_at(back).await;
    assert_eq!(messages(&daemon).await.len(), 1, "it waits for the run");
    live(&mut daemon, back, back + TimeDelta::minutes(5)).await;
    let summaries: Vec<_> = messages(&daemon).await.into_iter().map(|message| message.summary).collect();
    assert_eq!(summaries.len(), 3, "{summaries:?}");
    assert_eq!(summaries[2], "digest: 1 account needs attention", "fresh, behind the alert");
}
