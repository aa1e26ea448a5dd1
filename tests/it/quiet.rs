//! Nothing new, nothing said: after a second run, a restart, a reload, an edit of thresholds; and failed looks change nothing.

use axum::http::StatusCode;
use minimax_watch::simulator::{Answer, Missing, Page, Record, Refusal, RetryAfter};

use crate::world::{DESK, PAGER, Settings, World, days, healthy, hours, minutes, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

/// One account in error, one near its end; both told.
async fn with_open_alerts(settings: Settings) -> World {
    let world = World::open(settings).await;
    world.main.set("1", Answer::account_error("Account is pending"));
    world.main.put(Record::ending("2", start() + days(6)));
    world.run().await;
    assert_eq!(
        world.heard(),
        ["opened account_error critical studio-a + opened expiry 7d warning studio-b"],
        "one run, one message"
    );
    world
}

#[tokio::test]
async fn a_second_run_a_restart_and_a_reload_say_nothing() {
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
    assert!(world.heard().is_empty());
    assert_eq!(world.firing().await.len(), 2);
}

#[tokio::test]
async fn an_edit_of_lead_times_neither_forgets_nor_repeats_what_is_open() {
    let mut world = with_open_alerts(Settings::watching(BOTH)).await;
    let ids = |alerts: Vec<minimax_watch::domain::alert::Alert>| {
        alerts.into_iter().map(|alert| alert.id).collect::<Vec<_>>()
    };
    let before = ids(world.firing().await);
    for leads in ["[\"20d\", \"2d\"]", "[\"2d\"]", "[\"30d\", \"7d\"]", "[\"8d\"]"] {
        world.reload(Settings::watching(BOTH).expiry(&format!("lead_times = {leads}"))).await;
        world.tick().await;
        world.run().await;
        assert!(world.heard().is_empty(), "{leads}");
        assert_eq!(ids(world.firing().await), before, "{leads}");
    }
    world.reload(Settings::watching(BOTH).expiry("lead_times = [\"6d\", \"2d\"]")).await;
    world.tick().await;
    assert_eq!(world.heard(), ["escalated expiry 6d warning studio-b"], "a tighter rung is news");
}

#[tokio::test]
async fn an_edit_of_thresholds_names_or_routes_says_nothing_new() {
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
        assert!(world.heard().is_empty());
        assert_eq!(world.firing().await.len(), 2);
    }
}

#[tokio::test]
async fn a_new_receiver_hears_what_is_open_and_the_old_one_nothing() {
    let mut world = with_open_alerts(Settings::watching(BOTH)).await;
    world.reload(Settings::watching(BOTH).receivers(&[PAGER, DESK])).await;
    world.tick().await;
    assert_eq!(
        world.heard_at_desk(),
        ["opened account_error critical studio-a + opened expiry 7d warning studio-b"]
    );
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn a_look_without_a_verdict_resolves_nothing() {
    let world = with_open_alerts(Settings::watching(BOTH)).await;
    let answers = [
        Answer::rate_limited(RetryAfter::Seconds(60)),
        Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html),
        Answer::close(),
    ];
    for answer in answers {
        world.main.set_all(Some(answer));
        world.advance(minutes(15));
        world.run().await;
        assert!(world.heard().is_empty());
        assert_eq!(world.firing().await.len(), 2);
    }
    world.api.go_down();
    world.advance(minutes(5));
    world.run().await;
    assert!(world.heard().is_empty());
    world.api.come_back().unwrap();
    world.main.set_all(None);
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved account_error critical studio-a"]);
}

#[tokio::test]
async fn a_suspicion_survives_an_answer_that_says_nothing() {
    let world = World::watching(BOTH).await;
    world.run().await;
    world.main.next("1", Answer::not_found(Missing::Json));
    world.main.set("1", Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Json));
    let pass = world.look_twice().await;
    assert!(pass.doubts, "the second answer said nothing");
    world.tick().await;
    assert!(world.heard().is_empty(), "seen once only");
    world.main.remove("1");
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn silence_is_measured_by_stored_time_across_one_shot_runs() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    world.api.go_down();
    for quarter in 1..=4 {
        world = world.restart().await;
        world.at(start() + minutes(15 * quarter));
        world.run().await;
        assert!(world.heard().is_empty(), "silent for {} min", 15 * (quarter - 1));
    }
    world = world.restart().await;
    world.at(start() + minutes(75));
    world.run().await;
    assert_eq!(world.heard(), ["opened unreachable warning main(2)"]);
    world = world.restart().await;
    world.at(start() + minutes(90));
    world.run().await;
    assert!(world.heard().is_empty());
    world.api.come_back().unwrap();
    world.main.set("1", Answer::unauthorized(Refusal::WithCode));
    world.main.set("2", Answer::unauthorized(Refusal::WithCode));
    world.at(start() + minutes(105));
    world.run().await;
    assert_eq!(
        world.heard(),
        ["opened unauthorized critical main(2) + resolved unreachable warning main(2)"],
        "any verdict ends the silence"
    );
}

#[tokio::test]
async fn a_crash_between_looking_and_announcing_loses_nothing() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    world.main.put(healthy("1").max_jobs(3).flag("supportVideo", false));
    world.main.remove("2");
    world.look_twice().await;
    world = world.restart().await;
    world.tick().await;
    assert_eq!(
        world.heard(),
        [
            "capability_lost warning studio-a supportVideo true>false + max_jobs_changed info studio-a maxJobs 1>3 + \
             opened not_found critical studio-b"
        ]
    );
    // And between announcing and delivering.
    world.main.put(healthy("2"));
    world.look().await;
    world.engine.announce(world.now()).await.unwrap();
    world = world.restart().await;
    world.tick().await;
    assert_eq!(world.heard(), ["resolved not_found critical studio-b"]);
    world = world.restart().await;
    world.tick().await;
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn a_crash_between_the_two_looks_still_confirms() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    world.main.remove("1");
    world.look().await;
    world = world.restart().await;
    world.tick().await;
    assert!(world.heard().is_empty(), "seen once only");
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn a_crash_after_the_receiver_took_a_message_repeats_its_id_and_bytes() {
    let mut world = World::watching(BOTH).await;
    world.run().await;
    world.main.remove("1");
    world.look_twice().await;
    world.engine.announce(world.now()).await.unwrap();
    let pager = &world.engine.config.receivers[0];
    let message = world.engine.store.next_message(&pager.name).await.unwrap().unwrap();
    world
        .engine
        .sender
        .send(pager, &message.id, message.body.as_deref().unwrap(), &[], &world.engine.clock)
        .await;
    world = world.restart().await;
    world.tick().await;
    let taken = world.pager.deliveries();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].body, taken[1].body);
    assert_eq!(taken[0].header("webhook-id"), taken[1].header("webhook-id"));
}
