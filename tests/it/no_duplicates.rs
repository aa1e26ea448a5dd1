//! No duplicate messages after a second run, a restart, a reload or an edited configuration; failed checks change nothing.

use axum::http::StatusCode;

use crate::simulator::{Answer, ErrorBody, NotFoundBody, Record, Refusal, RetryAfter};
use crate::world::{DESK, PAGER, Settings, World, days, healthy, hours, minutes, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

/// One account in error and one near its expiry, both sent.
async fn with_open_alerts(settings: Settings) -> World {
    let world = World::open(settings).await;
    world.main.set_answer("1", Answer::account_error("Account is pending"));
    world.main.put(Record::ending("2", start() + days(6)));
    world.run().await;
    assert_eq!(
        world.received(),
        ["opened account_error critical studio-a + opened expiry 7d warning studio-b"],
        "one run, one message"
    );
    world
}

#[tokio::test]
async fn second_run_restart_and_reload_send_nothing() {
    let mut world = with_open_alerts(Settings::watching(BOTH)).await;
    world.run().await;
    world = world.restart().await;
    world.tick().await;
    world.run().await;
    world.reload(Settings::watching(BOTH)).await;
    world.tick().await;
    world.run().await;
    world.advance(hours(1));
    world = world.restart().await;
    world.run().await;
    assert!(world.received().is_empty());
    assert_eq!(world.firing().await.len(), 2);
}

#[tokio::test]
async fn edit_of_lead_times_neither_resolves_nor_repeats_open_alerts() {
    let mut world = with_open_alerts(Settings::watching(BOTH)).await;
    let ids = |alerts: Vec<minimax_watch::domain::alerts::Alert>| {
        alerts.into_iter().map(|alert| alert.id).collect::<Vec<_>>()
    };
    let before = ids(world.firing().await);
    for lead_times in ["[\"20d\", \"2d\"]", "[\"2d\"]", "[\"30d\", \"7d\"]", "[\"8d\"]"] {
        world.reload(Settings::watching(BOTH).expiry(&format!("lead_times = {lead_times}"))).await;
        world.tick().await;
        world.run().await;
        assert!(world.received().is_empty(), "{lead_times}");
        assert_eq!(ids(world.firing().await), before, "{lead_times}");
    }
    world.reload(Settings::watching(BOTH).expiry("lead_times = [\"6d\", \"2d\"]")).await;
    world.tick().await;
    assert_eq!(world.received(), ["escalated expiry 6d warning studio-b"], "a nearer stage is an escalation");
}

#[tokio::test]
async fn edit_of_thresholds_names_or_routes_sends_nothing() {
    let mut world = with_open_alerts(Settings::watching(BOTH)).await;
    for settings in [
        Settings::watching(BOTH)
            .alerts("confirm_after = \"0s\"\nunreachable_after = \"1m\"\nrepeat_every = \"0s\""),
        Settings::watching(&[("1", "renamed"), ("2", "also renamed")]),
        Settings::watching(BOTH).expiry("source = \"exp\""),
        Settings::watching(BOTH).store("keep = \"1d\""),
        Settings::watching(BOTH).receivers(&[PAGER, "min_severity = \"critical\""]),
        Settings::watching(BOTH),
    ] {
        world.advance(minutes(1));
        world.reload(settings).await;
        world.run().await;
        assert!(world.received().is_empty());
        assert_eq!(world.firing().await.len(), 2);
    }
}

#[tokio::test]
async fn new_receiver_gets_the_open_alerts_and_the_old_one_nothing() {
    let mut world = with_open_alerts(Settings::watching(BOTH)).await;
    world.reload(Settings::watching(BOTH).receivers(&[PAGER, DESK])).await;
    world.tick().await;
    assert_eq!(
        world.received_at_desk(),
        ["opened account_error critical studio-a + opened expiry 7d warning studio-b"]
    );
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn inconclusive_check_resolves_nothing() {
    let world = with_open_alerts(Settings::watching(BOTH)).await;
    let answers = [
        Answer::rate_limited(RetryAfter::Seconds(60)),
        Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html),
        Answer::close(),
    ];
    for answer in answers {
        world.main.set_all(Some(answer));
        world.advance(minutes(15));
        world.run().await;
        assert!(world.received().is_empty());
        assert_eq!(world.firing().await.len(), 2);
    }
    world.api.go_down();
    world.advance(minutes(5));
    world.run().await;
    assert!(world.received().is_empty());
    world.api.come_back().unwrap();
    world.main.set_all(None);
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), ["resolved account_error critical studio-a"]);
}

#[tokio::test]
async fn unconfirmed_fault_survives_an_inconclusive_check() {
    let world = World::watching(BOTH).await;
    world.run().await;
    world.main.next("1", Answer::not_found(NotFoundBody::Json));
    world.main.set_answer("1", Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Json));
    let pass = world.check_all().await;
    assert!(pass.next_recheck.is_some(), "the second answer was inconclusive");
    world.tick().await;
    assert!(world.received().is_empty(), "seen once only");
    world.main.remove("1");
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn unreachable_is_measured_by_stored_times_across_one_shot_runs() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    world.api.go_down();
    for quarter in 1..=4 {
        world = world.restart().await;
        world.at(start() + minutes(15 * quarter));
        world.run().await;
        assert!(world.received().is_empty(), "unreachable for {} min", 15 * (quarter - 1));
    }
    world = world.restart().await;
    world.at(start() + minutes(75));
    world.run().await;
    assert_eq!(world.received(), ["opened unreachable warning main(2)"]);
    world = world.restart().await;
    world.at(start() + minutes(90));
    world.run().await;
    assert!(world.received().is_empty());
    world.api.come_back().unwrap();
    world.main.set_answer("1", Answer::unauthorized(Refusal::WithCode));
    world.main.set_answer("2", Answer::unauthorized(Refusal::WithCode));
    world.at(start() + minutes(105));
    world.run().await;
    assert_eq!(
        world.received(),
        ["opened unauthorized critical main(2) + resolved unreachable warning main(2)"],
        "any conclusive check resolves unreachable"
    );
}

#[tokio::test]
async fn crash_between_check_and_notification_loses_nothing() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    world.main.put(healthy("1").max_jobs(3).flag("supportVideo", false));
    world.main.remove("2");
    world.check_all().await;
    world = world.restart().await;
    world.tick().await;
    assert_eq!(
        world.received(),
        [
            "capability_lost warning studio-a supportVideo true>false + max_jobs_changed info studio-a maxJobs 1>3 + \
             opened not_found critical studio-b"
        ]
    );
    // And between evaluation and delivery.
    world.main.put(healthy("2"));
    world.start_run().await;
    world.engine.evaluate_alerts(world.now()).await.unwrap();
    world = world.restart().await;
    world.tick().await;
    assert_eq!(world.received(), ["resolved not_found critical studio-b"]);
    world = world.restart().await;
    world.tick().await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn crash_before_the_confirmation_still_confirms_later() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    world.main.remove("1");
    world.start_run().await;
    world = world.restart().await;
    world.tick().await;
    assert!(world.received().is_empty(), "seen once only");
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn crash_after_a_receiver_accepted_a_message_repeats_its_id_and_bytes() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    world.main.remove("1");
    world.check_all().await;
    world.engine.evaluate_alerts(world.now()).await.unwrap();
    let pager = &world.engine.config.receivers[0];
    let message = world.engine.store.next_message(&pager.name).await.unwrap().unwrap();
    world
        .engine
        .sender
        .send(pager, &message.id, message.body.as_deref().unwrap(), &[], &world.engine.clock)
        .await;
    world = world.restart().await;
    world.tick().await;
    let attempts = world.pager.deliveries();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].body, attempts[1].body);
    assert_eq!(attempts[0].header("webhook-id"), attempts[1].header("webhook-id"));
}
