//! Quiet hours of one receiver: what waits until their end, what is sent in them, and what other receivers are sent meanwhile.

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::notify::Sender;
use minimax_watch::report::{DecisionKind, Explanation, Simulation};
use minimax_watch::store::Store;

use crate::silences::{EVEN_CRITICAL, SilenceSpec, silence, silenced_count};
use crate::simulator::{Answer, NotFoundBody, Record, Reply};
use crate::world::{DESK, PAGER, Settings, World, days, healthy, hours, minutes, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

/// From 21:00 to 06:00 UTC in winter.
const NIGHT: &str = "timezone = \"Europe/Berlin\"\nquiet_hours = \"22:00-07:00\"\n";

/// Without changes of an expiry: tests move it as they like.
const KINDS: &str =
    "kinds = [\"expiry\", \"not_found\", \"account_error\", \"delivery_failing\", \"max_jobs_changed\"]\n";

/// Midnight of the first evening, in UTC.
fn midnight() -> Timestamp {
    start() + hours(16)
}

/// The end of the first night.
fn morning() -> Timestamp {
    midnight() + hours(6)
}

fn settings() -> Settings {
    Settings::watching(BOTH).receivers(&[PAGER, KINDS, NIGHT, DESK, KINDS])
}

/// The pager has quiet hours, the desk has none; both accounts are healthy.
async fn world() -> World {
    let world = World::open(settings()).await;
    world.all_healthy(BOTH);
    world.run().await;
    world
}

/// An account whose token comes within a week of its expiry at `at`.
fn warning_at(id: &str, at: Timestamp) -> Record {
    Record::ending(id, at + days(7))
}

fn desk_with_times(world: &World) -> Vec<(Timestamp, String)> {
    let moments: Vec<_> = world.desk.deliveries().iter().map(|delivery| delivery.at).collect();
    moments.into_iter().zip(world.received_at_desk()).collect()
}

#[tokio::test]
async fn warning_waits_until_quiet_hours_end_and_other_receivers_are_sent_it_at_once() {
    let world = world().await;
    world.main.put(warning_at("1", midnight()));
    world.run().await;
    let world = world.restart().await;
    world.live_until(start() + days(2)).await;
    let warning = "opened expiry 7d warning studio-a".to_owned();
    assert_eq!(world.received_with_times(), [(morning(), warning.clone())]);
    assert_eq!(desk_with_times(&world), [(midnight(), warning)]);
}

#[tokio::test]
async fn next_check_sends_what_quiet_hours_held_back() {
    let world = world().await;
    world.main.put(warning_at("1", midnight()));
    for (at, expected) in [(midnight(), 0), (morning() - minutes(1), 0), (morning() + minutes(9), 1)] {
        world.at(at);
        world.run().await;
        assert_eq!(world.received().len(), expected, "{at}");
    }
}

#[tokio::test]
async fn critical_alert_is_sent_in_quiet_hours_also_when_a_warning_becomes_critical_in_them() {
    let world = world().await;
    world.main.put(Record::ending("1", midnight() + days(1)));
    world.main.put(Record::ending("2", morning() + days(3) - hours(1)));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 3d warning studio-a + opened expiry 7d warning studio-b"]);
    world.at(midnight() - hours(1));
    world.tick().await;
    world.live_until(morning() - minutes(1)).await;
    assert_eq!(
        world.received_with_times(),
        [(midnight(), "escalated expiry 1d critical studio-a".to_owned())],
        "the later stage of the other one is a warning"
    );
    world.main.set_answer("2", Answer::not_found(NotFoundBody::Json));
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical studio-b"]);
}

#[tokio::test]
async fn alert_that_opened_and_became_critical_in_quiet_hours_is_sent_once() {
    let world = world().await;
    world.at(midnight());
    world.main.put(Record::ending("1", midnight() + days(1) + hours(2)));
    world.run().await;
    assert!(world.received().is_empty());
    world.live_until(midnight() + days(1)).await;
    assert_eq!(
        world.received_with_times(),
        [(midnight() + hours(2), "opened expiry 1d critical studio-a".to_owned())]
    );
}

#[tokio::test]
async fn resolution_of_what_was_sent_before_is_sent_in_quiet_hours() {
    let world = world().await;
    world.main.put(Record::ending("1", start() + days(6)));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 7d warning studio-a"]);
    world.at(midnight());
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), ["resolved expiry 7d warning studio-a"]);
}

#[tokio::test]
async fn alert_that_fires_and_ends_in_quiet_hours_is_never_sent() {
    let world = world().await;
    world.at(midnight());
    world.main.put(Record::ending("1", midnight() + days(6)));
    world.run().await;
    world.at(midnight() + hours(1));
    world.main.put(healthy("1"));
    world.run().await;
    world.live_until(morning() + days(2)).await;
    assert_eq!(world.received(), Vec::<String>::new());
    assert_eq!(
        world.received_at_desk(),
        ["opened expiry 7d warning studio-a", "resolved expiry 7d warning studio-a"]
    );
}

#[tokio::test]
async fn reminder_of_a_warning_waits_and_one_of_a_critical_alert_does_not() {
    let world = World::open(settings().alerts("repeat_every = \"12h\"")).await;
    world.main.put(Record::ending("1", start() + days(20)));
    world.main.put(Record::ending("2", start() + days(6)));
    world.main.set_answer("1", Answer::not_found(NotFoundBody::Json));
    world.at(start() + hours(2));
    world.run().await;
    let sent = world.now();
    world.received();
    world.live_until(morning() + hours(1)).await;
    assert_eq!(
        world.received_with_times(),
        [
            (sent + hours(12), "repeated not_found critical studio-a".to_owned()),
            (morning(), "repeated expiry 7d warning studio-b".to_owned()),
        ]
    );
}

#[tokio::test]
async fn changes_in_quiet_hours_are_sent_once_to_each_receiver() {
    let world = world().await;
    world.at(midnight());
    world.main.put(healthy("1").max_jobs(3));
    world.run().await;
    let world = world.restart().await;
    world.at(midnight() + hours(1));
    world.main.put(healthy("1").max_jobs(2));
    world.run().await;
    world.live_until(morning() + days(2)).await;
    let changes =
        ["max_jobs_changed info studio-a maxJobs 1>3", "max_jobs_changed warning studio-a maxJobs 3>2"];
    assert_eq!(desk_with_times(&world).into_iter().map(|(_, line)| line).collect::<Vec<_>>(), changes);
    assert_eq!(world.received_with_times(), [(morning(), changes.join(" + "))]);
    world.run().await;
    assert_eq!((world.received(), world.received_at_desk()), (vec![], vec![]));
}

#[tokio::test]
async fn change_that_one_receiver_has_is_not_counted_as_silenced_for_it() {
    let world = world().await;
    world.at(midnight());
    world.main.put(healthy("1").max_jobs(3));
    world.run().await;
    assert_eq!(world.received_at_desk(), ["max_jobs_changed info studio-a maxJobs 1>3"]);
    silence(&world, SilenceSpec { globs: &["studio-a"], ..EVEN_CRITICAL }, days(1)).await;
    world.main.set_answer("2", Answer::not_found(NotFoundBody::Json));
    world.run().await;
    let deliveries = world.desk.deliveries();
    assert_eq!(silenced_count(&deliveries), 0, "it was sent the change before");
    assert_eq!(silenced_count(&world.pager.deliveries()), 1);
}

#[tokio::test]
async fn messages_do_not_count_what_quiet_hours_hold_back_as_silenced() {
    let world = world().await;
    world.at(midnight());
    silence(&world, SilenceSpec { kinds: &["account_error"], ..EVEN_CRITICAL }, hours(1)).await;
    world.main.put(warning_at("1", midnight()));
    world.run().await;
    world.main.set_answer("2", Answer::account_error("on hold"));
    world.run().await;
    assert!(world.received().is_empty(), "one waits for the morning, one is silenced");
    world.main.set_answer("1", Answer::not_found(NotFoundBody::Json));
    world.run().await;
    assert_eq!(silenced_count(&world.pager.deliveries()), 1);
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn of_a_silence_and_quiet_hours_the_last_one_to_end_decides() {
    let world = world().await;
    world.at(midnight());
    silence(&world, SilenceSpec { globs: &["studio-a"], ..EVEN_CRITICAL }, hours(2)).await;
    silence(&world, SilenceSpec { globs: &["studio-b"], ..EVEN_CRITICAL }, hours(8)).await;
    world.main.put(warning_at("1", midnight()));
    world.main.put(warning_at("2", midnight()));
    world.run().await;
    world.live_until(midnight() + days(1)).await;
    assert_eq!(
        world.received_with_times(),
        [
            (morning(), "opened expiry 7d warning studio-a".to_owned()),
            (midnight() + hours(8), "opened expiry 7d warning studio-b".to_owned()),
        ]
    );
}

#[tokio::test]
async fn message_decided_before_quiet_hours_is_retried_in_them() {
    let world = world().await;
    let evening = midnight() - hours(3);
    world.at(evening - minutes(1));
    world.pager.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
    world.main.put(Record::ending("1", start() + days(6)));
    world.run().await;
    world.live_until(evening + minutes(5)).await;
    world.received();
    world.pager.set(None);
    world.live_until(morning()).await;
    let received = world.received_with_times();
    assert_eq!(received.len(), 1, "{received:?}");
    let (at, line) = &received[0];
    assert_eq!(line, "opened expiry 7d warning studio-a");
    assert!(*at > evening && *at < evening + hours(2), "{at}");
}

#[tokio::test]
async fn delivery_failing_waits_like_any_warning() {
    let world = world().await;
    world.desk.go_down();
    world.at(midnight());
    world.main.set_answer("2", Answer::not_found(NotFoundBody::Json));
    world.run().await;
    let sent = world.now();
    assert_eq!(world.received(), ["opened not_found critical studio-b"]);
    world.live_until(morning()).await;
    assert!(sent + hours(1) < morning());
    assert_eq!(world.received_with_times(), [(morning(), "opened delivery_failing warning desk".to_owned())]);
}

#[tokio::test]
async fn alerts_held_back_are_sent_when_the_key_is_removed() {
    let mut world = world().await;
    world.at(midnight());
    world.main.put(warning_at("1", midnight()));
    world.main.put(healthy("2").max_jobs(2));
    world.run().await;
    assert!(world.received().is_empty());
    world.reload(Settings::watching(BOTH).receivers(&[PAGER, KINDS, DESK, KINDS])).await;
    world.tick().await;
    assert_eq!(
        world.received(),
        ["max_jobs_changed info studio-b maxJobs 1>2 + opened expiry 7d warning studio-a"]
    );
}

#[tokio::test]
async fn change_held_back_for_a_receiver_that_is_removed_is_not_sent_to_others_again() {
    let mut world = world().await;
    world.at(midnight());
    world.main.put(healthy("1").max_jobs(3));
    world.run().await;
    assert_eq!(world.received_at_desk().len(), 1);
    world.reload(Settings::watching(BOTH).receivers(&[DESK, KINDS])).await;
    world.live_until(morning() + hours(1)).await;
    world.reload(settings()).await;
    world.tick().await;
    assert_eq!((world.received(), world.received_at_desk()), (vec![], vec![]));
}

#[tokio::test]
async fn quiet_hours_end_by_the_clock_of_the_zone_when_it_is_moved() {
    let world = world().await;
    // The night in which 02:00 to 03:00 is skipped: 22:00 is 21:00 UTC, and 07:00 is 05:00 UTC.
    let spring = start() + days(147) - hours(8);
    world.at(spring - hours(1));
    world.main.put(Record::ending("1", spring + days(7)));
    world.main.put(Record::ending("2", spring - hours(3) + days(7) - TimeDelta::seconds(1)));
    world.run().await;
    assert_eq!(spring.to_rfc3339(), "2027-03-28T00:00:00+00:00");
    world.received();
    world.live_until(spring + hours(7)).await;
    let received = world.received_with_times();
    assert_eq!(
        received,
        [(
            spring + hours(5),
            "opened expiry 7d warning studio-a + opened expiry 7d warning studio-b".to_owned()
        )]
    );
}

#[tokio::test]
async fn explanation_names_quiet_hours_and_their_end() {
    let world = World::open(settings().alerts("repeat_every = \"24h\"")).await;
    world.all_healthy(BOTH);
    world.main.put(warning_at("1", midnight()));
    world.run().await;
    world.live_until(midnight() + hours(1)).await;
    let explanation = explain(&world).await;
    let decision = &explanation.receivers[0];
    assert_eq!(decision.receiver.as_str(), "pager");
    assert_eq!((decision.decision, decision.until), (DecisionKind::QuietHours, Some(morning())));
    assert_eq!(decision.why, "held back by its quiet hours 22:00-07:00 (Europe/Berlin) (it opened)");
    let stage = &explanation.stages[0];
    assert_eq!((stage.stage.as_str(), stage.not_notified.len()), ("7d", 1));
    assert_eq!(
        stage.not_notified[0].why,
        "held back by its quiet hours 22:00-07:00 (Europe/Berlin) until 2026-11-02 06:00 UTC"
    );
    let next = explanation.next.iter().find(|next| next.receiver.as_ref() == Some(&decision.receiver));
    assert_eq!(next.unwrap().at, morning());
    assert_eq!(explanation.receivers[1].decision, DecisionKind::Notified, "the desk has no quiet hours");
}

#[tokio::test]
async fn explanation_names_the_time_at_which_a_reminder_is_sent_after_quiet_hours() {
    let world = World::open(settings().alerts("repeat_every = \"12h\"")).await;
    world.all_healthy(BOTH);
    world.main.put(Record::ending("1", start() + days(6)));
    world.at(start() + hours(4));
    world.run().await;
    let explanation = explain(&world).await;
    let until: Vec<_> = explanation.receivers.iter().map(|decision| decision.until).collect();
    assert_eq!(until, [Some(morning()), Some(world.now() + hours(12))]);
}

async fn explain(world: &World) -> Explanation {
    let watched = world.engine.store.watched().await.unwrap();
    let record = watched.iter().find(|record| record.account.id.as_str() == "1").unwrap();
    Explanation::new(&world.engine, record, true, world.now()).await.unwrap()
}

#[tokio::test]
async fn simulated_messages_follow_quiet_hours() {
    let world = world().await;
    world.main.put(warning_at("1", midnight()));
    world.run().await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    world.engine.store.copy_to(&copy).await.unwrap();
    let mut dry_run = world.engine.clone();
    (dry_run.store, dry_run.sender) = (Store::open(&copy).await.unwrap(), Sender::dry_run());
    let simulation = Simulation::run(&dry_run, world.now(), start() + days(9), &|_| {}).await.unwrap();
    let to = |receiver: &str| -> Vec<_> {
        let messages = simulation.messages.iter().filter(|message| message.receiver.as_str() == receiver);
        messages.map(|message| (message.at, message.alerts[0].stage.clone().unwrap())).collect()
    };
    let stages = |times: [Timestamp; 5]| -> Vec<_> {
        times.into_iter().zip(["7d", "3d", "1d", "1h", "expired"].map(str::to_owned)).collect()
    };
    let expires_at = midnight() + days(7);
    let (day, hour) = (expires_at - days(1), expires_at - hours(1));
    assert_eq!(to("desk"), stages([midnight(), expires_at - days(3), day, hour, expires_at]));
    assert_eq!(to("pager"), stages([morning(), morning() + days(4), day, hour, expires_at]));
}
