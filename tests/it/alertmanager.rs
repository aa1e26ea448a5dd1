//! One watcher and its Alertmanagers: what fires there, since when, until when, and across outages and restarts.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::domain::alerts::AlertKind;
use minimax_watch::domain::silence::Matcher;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::report::{Alerts, Simulation};
use minimax_watch::store::NewSilence;

use crate::simulator::{Alertmanager, Answer, NotFoundBody, Record, Reply};
use crate::world::{
    ALERTMANAGER, ALERTMANAGER_PAIR, DESK, PAGER, Settings, World, days, healthy, hours, minutes, seconds,
    start,
};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];
const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "office-b")];

async fn world(accounts: &[(&str, &str)], receivers: &[&str]) -> World {
    let world = World::open(Settings::watching(accounts).receivers(receivers)).await;
    world.all_healthy(accounts);
    world.run().await;
    world
}

fn lose_account_1(world: &World) {
    world.main.set_answer("1", Answer::not_found(NotFoundBody::Json));
}

/// A world in which account 1 is missing, which the first Alertmanager knows.
async fn missing() -> World {
    let world = world(STUDIO, &[ALERTMANAGER]).await;
    lose_account_1(&world);
    world.run().await;
    assert_eq!(server(&world).history(), ["fires not_found critical 1"]);
    world
}

fn server(world: &World) -> &Alertmanager {
    &world.alertmanagers[0]
}

/// When the only series that fires at the first server began, and when it ends without another push.
fn firing_between(world: &World) -> (Timestamp, Timestamp) {
    let now = world.now();
    let firing: Vec<_> = server(world).series().into_iter().filter(|series| series.ends_at > now).collect();
    let [series] = &firing[..] else { panic!("{firing:?}") };
    (series.starts_at, series.ends_at)
}

#[tokio::test]
async fn alert_fires_with_labels_of_its_own_and_annotations_until_it_resolves() {
    let world = missing().await;
    let [series] = &server(&world).series()[..] else { panic!("one series") };
    let labels: Vec<(&str, &str)> =
        series.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [
        ("account", "1"),
        ("alertname", "MiniMaxWatch"),
        ("kind", "not_found"),
        ("severity", "critical"),
        ("subscription", "main"),
        ("team", "video"),
    ];
    assert_eq!(labels, expected);
    assert_eq!(series.annotations["summary"], "studio-a: useapi.net knows no such account (404)");
    assert_eq!(series.annotations["name"], "studio-a");
    assert!(series.annotations["setup_page"].starts_with("https://useapi.net/"));
    let alert = &world.firing().await[0];
    let opened_at =
        alert.opened_at - TimeDelta::milliseconds(alert.opened_at.timestamp_subsec_millis().into());
    assert_eq!(firing_between(&world), (opened_at, world.now() + hours(1)));
    world.main.put(healthy("1"));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(server(&world).history(), ["ends not_found critical 1"]);
    assert_eq!(server(&world).series()[0].ends_at, world.now());
    world.live_until(world.now() + days(1)).await;
    assert_eq!(server(&world).history(), [""; 0], "nothing fires again");
}

#[tokio::test]
async fn firing_alert_is_kept_alive_at_least_with_each_run_and_nothing_is_pushed_without_one() {
    let world = missing().await;
    for _ in 0..8 {
        world.advance(minutes(15));
        world.run().await;
        assert_eq!(firing_between(&world).1, world.now() + hours(1));
    }
    let until = world.now() + hours(6);
    while world.now() < until {
        world.live_until(world.now() + minutes(10)).await;
        assert!(firing_between(&world).1 >= world.now() + minutes(40), "also without runs");
    }
    assert_eq!(server(&world).history(), [""; 0]);
    world.main.put(healthy("1"));
    world.run().await;
    world.live_until(world.now() + minutes(2)).await;
    server(&world).pushes();
    world.live_until(world.now() + hours(6)).await;
    assert_eq!(server(&world).pushes().len(), 0);
}

#[tokio::test]
async fn escalation_ends_the_series_of_the_old_severity_in_the_same_push() {
    let world = World::open(Settings::watching(STUDIO).receivers(&[ALERTMANAGER])).await;
    world.main.put(Record::ending("1", world.now() + days(2)));
    world.run().await;
    assert_eq!(server(&world).history(), ["fires expiry warning 1"]);
    world.live_until(world.now() + days(1) - minutes(10)).await;
    server(&world).pushes();
    // The account is checked, so that the watcher is not blind.
    world.run_every(minutes(15), world.now() + minutes(15)).await;
    assert_eq!(server(&world).history(), ["fires expiry critical 1", "ends expiry warning 1"]);
    let pushes = server(&world).pushes();
    assert!(pushes.iter().any(|push| push.len() == 2), "{pushes:?}");
    assert_eq!(server(&world).firing(), ["expiry critical 1"]);
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(server(&world).firing(), [""; 0]);
}

#[tokio::test]
async fn change_is_a_short_alert_that_each_server_takes_once_also_after_a_restart() {
    let world = world(STUDIO, &[ALERTMANAGER_PAIR]).await;
    world.alertmanagers[1].go_down();
    world.main.put(healthy("1").max_jobs(9));
    world.advance(minutes(15));
    world.run().await;
    let line = "fires max_jobs_changed info 1 maxJobs";
    assert_eq!(server(&world).history(), [line]);
    assert_eq!(firing_between(&world).1, world.now() + hours(1));
    let world = world.restart().await;
    world.alertmanagers[1].come_back().unwrap();
    world.live_until(world.now() + hours(3)).await;
    assert_eq!(world.alertmanagers[1].history(), [line]);
    assert_eq!((server(&world).history(), server(&world).firing()), (vec![], vec![]), "it is pushed once");
    assert_eq!(world.alertmanagers[1].count(), 1);
}

/// The desk sleeps from 21:00 to 06:00 UTC; the world begins at 08:00.
const SLEEPING_DESK: &str = "timezone = \"Europe/Berlin\"\nquiet_hours = \"22:00-07:00\"";

#[tokio::test]
async fn change_that_another_receiver_sleeps_through_is_pushed_once() {
    let world = world(STUDIO, &[ALERTMANAGER, DESK, SLEEPING_DESK]).await;
    world.at(start() + hours(15));
    world.main.put(healthy("1").max_jobs(9));
    world.run().await;
    world.live_until(start() + hours(21)).await;
    world.run_every(minutes(15), start() + hours(21) + minutes(45)).await;
    assert_eq!(world.received_at_desk(), [""; 0]);
    let changes = |pushes: Vec<Vec<_>>| pushes.into_iter().flatten().count();
    assert_eq!(changes(server(&world).pushes()), 1);
    world.live_until(start() + hours(24)).await;
    assert_eq!(world.received_at_desk(), ["max_jobs_changed info studio-a maxJobs 1>9"]);
    assert_eq!(changes(server(&world).pushes()), 0);
    let name = &world.engine.config.receivers[0].name;
    let url = server(&world).url();
    lose_account_1(&world);
    world.run().await;
    let stored = world.engine.store.series(name, url.as_str()).await.unwrap();
    assert!(stored.keys().all(|(_, change)| *change == 0), "{stored:?}");
}

#[tokio::test]
async fn each_of_two_changes_of_a_field_is_pushed() {
    let world = world(STUDIO, &[ALERTMANAGER]).await;
    server(&world).go_down();
    for jobs in [9, 11] {
        world.main.put(healthy("1").max_jobs(jobs));
        world.advance(minutes(15));
        world.run().await;
    }
    server(&world).come_back().unwrap();
    world.live_until(world.now() + minutes(16)).await;
    let pushed: Vec<_> = server(&world).pushes().into_iter().flatten().collect();
    assert_eq!(pushed.len(), 2, "{pushed:?}");
    let [series] = &server(&world).series()[..] else { panic!("equal labels") };
    assert!(series.annotations["description"].ends_with("to 11."), "the newest: {series:?}");
}

#[tokio::test]
async fn restart_ends_what_resolved_and_repeats_nothing() {
    let world = missing().await.restart().await;
    world.run().await;
    assert_eq!(server(&world).history(), [""; 0]);
    server(&world).go_down();
    world.main.put(healthy("1"));
    world.advance(minutes(15));
    world.run().await;
    let resolved_at = world.now();
    let world = world.restart().await;
    server(&world).come_back().unwrap();
    world.live_until(world.now() + minutes(1)).await;
    assert_eq!(server(&world).history(), ["ends not_found critical 1"]);
    assert!(server(&world).series()[0].ends_at <= resolved_at);
}

#[tokio::test]
async fn end_of_an_alert_of_a_removed_account_is_pushed() {
    let world = world(BOTH, &[ALERTMANAGER]).await;
    lose_account_1(&world);
    world.run().await;
    let world = world.restart_with(Settings::watching(&BOTH[1..]).receivers(&[ALERTMANAGER])).await;
    world.run().await;
    assert_eq!(server(&world).history(), ["fires not_found critical 1", "ends not_found critical 1"]);
}

#[tokio::test]
async fn server_that_is_down_delays_no_other_and_gets_the_present_state_when_it_is_back() {
    let world = world(STUDIO, &[ALERTMANAGER_PAIR, PAGER]).await;
    world.alertmanagers[1].go_down();
    lose_account_1(&world);
    world.run().await;
    assert_eq!(server(&world).firing(), ["not_found critical 1"]);
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
    world.alertmanagers[1].come_back().unwrap();
    world.live_until(world.now() + seconds(6)).await;
    assert_eq!(world.alertmanagers[1].firing(), ["not_found critical 1"], "it is tried after some seconds");
    world.alertmanagers[1].restart();
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.alertmanagers[1].firing(), ["not_found critical 1"], "also one that forgot everything");
    assert!(world.firing().await.iter().all(|alert| alert.condition.kind != AlertKind::DeliveryFailing));
}

#[tokio::test]
async fn push_that_no_server_accepts_for_an_hour_raises_delivery_failing_until_the_next_success() {
    let world = world(STUDIO, &[ALERTMANAGER_PAIR, "fallback = \"desk\"", DESK]).await;
    world.alertmanagers.iter().for_each(Alertmanager::go_down);
    lose_account_1(&world);
    world.run().await;
    let failing_since = world.now();
    world.received_at_desk();
    world.live_until(failing_since + hours(1) - minutes(1)).await;
    assert_eq!(world.received_at_desk(), [""; 0]);
    world.live_until(failing_since + hours(1) + minutes(1)).await;
    assert_eq!(world.received_at_desk(), ["opened delivery_failing warning am"]);
    let alerts = world.firing().await;
    let failing = alerts.iter().find(|alert| alert.condition.kind == AlertKind::DeliveryFailing).unwrap();
    assert!(failing.condition.detail.contains("cannot connect"), "{}", failing.condition.detail);
    world.alertmanagers[1].come_back().unwrap();
    world.live_until(world.now() + minutes(16)).await;
    assert_eq!(
        world.received_at_desk(),
        ["resolved delivery_failing warning am"],
        "one of the servers is enough"
    );
}

#[tokio::test]
async fn failing_server_resolves_also_when_nothing_is_left_to_push() {
    let world = world(STUDIO, &[ALERTMANAGER, "fallback = \"desk\"", DESK]).await;
    server(&world).set(Some(Reply::status(StatusCode::BAD_GATEWAY)));
    lose_account_1(&world);
    world.run().await;
    world.main.put(healthy("1"));
    world.advance(minutes(15));
    world.run().await;
    world.live_until(world.now() + hours(3)).await;
    let expected = [
        "opened not_found critical studio-a",
        "resolved not_found critical studio-a",
        "opened delivery_failing warning am",
    ];
    assert_eq!(world.received_at_desk(), expected);
    server(&world).set(None);
    world.live_until(world.now() + minutes(16)).await;
    assert_eq!(world.received_at_desk(), ["resolved delivery_failing warning am"]);
    assert_eq!(server(&world).history(), [""; 0], "what ended long ago is not pushed");
}

#[tokio::test]
async fn alert_about_another_receiver_names_it() {
    let world = world(STUDIO, &[PAGER, "fallback = \"am\"", ALERTMANAGER]).await;
    world.pager.set(Some(Reply::status(StatusCode::GONE)));
    lose_account_1(&world);
    world.run().await;
    assert_eq!(server(&world).firing(), ["delivery_failing warning pager", "not_found critical 1"]);
}

#[tokio::test]
async fn route_and_silences_decide_what_is_pushed() {
    let route = "min_severity = \"critical\"\nkinds = [\"expiry\", \"not_found\"]\naccounts = [\"studio-*\"]";
    let world = world(BOTH, &[ALERTMANAGER, route]).await;
    world.main.put(Record::ending("1", world.now() + days(2)));
    world.main.set_answer("2", Answer::not_found(NotFoundBody::Json));
    world.run().await;
    assert_eq!(server(&world).firing(), [""; 0]);
    silence(&world, "expiry", world.now() + days(3)).await;
    world.run_every(hours(1), world.now() + days(1) + hours(2)).await;
    assert_eq!(server(&world).firing(), [""; 0], "silenced, critical too");
    world.run_every(hours(1), world.now() + days(2)).await;
    assert_eq!(server(&world).firing(), ["expiry critical 1"], "once the silence has ended");
}

async fn silence(world: &World, kind: &str, until: Timestamp) {
    let matcher = Matcher::new(&[], &[kind.to_owned()], []).unwrap();
    let new = NewSilence { matcher, even_critical: true, reason: "test".to_owned(), until };
    let mut writer = world.engine.store.write().await.unwrap();
    writer.add_silence(&new, world.now()).await.unwrap();
    writer.commit().await.unwrap();
}

#[tokio::test]
async fn silence_neither_ends_nor_repeats_what_fires_already() {
    let world = missing().await;
    silence(&world, "not_found", world.now() + hours(2)).await;
    world.run_every(minutes(15), world.now() + hours(3)).await;
    assert_eq!(server(&world).history(), [""; 0]);
    assert_eq!(server(&world).firing(), ["not_found critical 1"]);
}

#[tokio::test]
async fn silenced_alert_is_reported_as_kept_alive_only_if_it_was_pushed() {
    let kept_alive = async |world: &World| {
        let engine = &world.engine;
        let report = Alerts::load(&engine.store, &engine.config, None, world.now()).await.unwrap();
        let [alert] = &report.alerts[..] else { panic!("{report:?}") };
        alert.kept_alive_at.len()
    };
    let world = missing().await;
    silence(&world, "not_found", world.now() + hours(2)).await;
    assert_eq!(kept_alive(&world).await, 1);
    let world = self::world(STUDIO, &[ALERTMANAGER]).await;
    silence(&world, "not_found", world.now() + hours(2)).await;
    lose_account_1(&world);
    world.run().await;
    assert_eq!(kept_alive(&world).await, 0);
    world.run_every(minutes(15), world.now() + hours(3)).await;
    assert_eq!(kept_alive(&world).await, 1);
}

#[tokio::test]
async fn pushes_are_no_messages_and_neither_status_nor_deliveries_count_them() {
    let world = missing().await;
    server(&world).go_down();
    world.advance(minutes(15));
    world.run().await;
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 0));
    assert!(world.engine.store.messages_since(start()).await.unwrap().is_empty());
    let simulation =
        Simulation::run(&dry(&world), world.now(), world.now() + days(30), &|_| {}).await.unwrap();
    assert_eq!((simulation.messages.len(), simulation.kept_alive.len()), (0, 1));
}

fn dry(world: &World) -> minimax_watch::engine::Engine {
    let mut engine = world.engine.clone();
    engine.sender = minimax_watch::notify::Sender::dry_run();
    engine
}

#[tokio::test]
async fn receiver_that_becomes_an_alertmanager_loses_no_change_and_no_firing_alert() {
    let mut world = world(STUDIO, &[PAGER]).await;
    world.pager.set(Some(Reply::status(StatusCode::BAD_GATEWAY)));
    world.main.put(healthy("1").max_jobs(9));
    world.run().await;
    world.advance(minutes(15));
    lose_account_1(&world);
    world.run().await;
    let as_alertmanager = ALERTMANAGER.replace("\"am\"", "\"pager\"");
    world.reload(Settings::watching(STUDIO).receivers(&[&as_alertmanager])).await;
    world.tick().await;
    assert_eq!(server(&world).firing(), ["max_jobs_changed info 1 maxJobs", "not_found critical 1"]);
    assert_eq!(world.engine.store.outbox(start()).await.unwrap().pending, 0);
}

#[tokio::test]
async fn thousands_of_alerts_are_pushed_in_parts_that_a_proxy_accepts() {
    let ids: Vec<String> = (0..2_000).map(|id| format!("id-{id}")).collect();
    let accounts: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
    let world =
        World::open(Settings::watching(&accounts).api("fetch = \"list\"").receivers(&[ALERTMANAGER])).await;
    for id in &ids {
        world.main.put(Record::ending(id, start() + days(2)));
    }
    world.check_all().await;
    world.tick().await;
    assert_eq!(server(&world).firing().len(), 2_000);
    world.tick().await;
    assert_eq!(server(&world).pushes().iter().map(Vec::len).sum::<usize>(), 2_000, "each once");
}

#[tokio::test]
async fn push_past_its_delivery_time_leaves_the_other_parts_to_the_next_one() {
    let ids: Vec<String> = (0..600).map(|id| format!("id-{id}")).collect();
    let accounts: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
    let mut world =
        World::open(Settings::watching(&accounts).api("fetch = \"list\"").receivers(&[ALERTMANAGER])).await;
    for id in &ids {
        world.main.put(Record::ending(id, start() + days(2)));
    }
    world.check_all().await;
    world.engine.deliver_until = Some(Instant::now());
    for pushed in [256, 256, 88, 0] {
        world.engine.notify_and_deliver().await.unwrap();
        let lengths: Vec<usize> =
            server(&world).pushes().iter().map(Vec::len).filter(|len| *len > 0).collect();
        assert_eq!(lengths.iter().sum::<usize>(), pushed, "{lengths:?}");
    }
    assert_eq!(server(&world).firing().len(), 600);
}

#[tokio::test]
async fn receiver_with_nothing_to_push_waits_for_no_writer() {
    let world = missing().await;
    let writer = world.engine.store.write().await.unwrap();
    let delivery = world.engine.deliver(&world.engine.config.receivers[0]);
    let delivery = tokio::time::timeout(Duration::from_secs(10), delivery).await.unwrap().unwrap();
    assert_eq!(delivery.attempts, 0);
    drop(writer);
}

#[tokio::test]
async fn login_is_sent_and_a_wrong_one_is_named() {
    let world = World::open(
        Settings::watching(STUDIO)
            .receivers(&[ALERTMANAGER, "username = \"watch\"\npassword_file = \"smtp-password\""]),
    )
    .await;
    server(&world).require("Basic d2F0Y2g6c010UC1wQXNTd09yRC0wODE1");
    world.all_healthy(STUDIO);
    world.run().await;
    lose_account_1(&world);
    world.run().await;
    assert_eq!(server(&world).firing(), ["not_found critical 1"]);
    server(&world).require("Basic other");
    world.advance(minutes(15));
    world.run().await;
    let url = server(&world).url();
    let state =
        world.engine.store.server_state(&world.engine.config.receivers[0].name, url.as_str()).await.unwrap();
    let error = state.last_error.unwrap();
    assert!(error.contains("answered 401") && error.contains("check username and password"), "{error}");
}
