//! The plan of a subscription, from the read of `GET /v2/account` to the messages.

use axum::http::StatusCode;
use minimax_watch::domain::account::{AccountId, AccountKey, SubscriptionName};
use minimax_watch::domain::alerts::AlertKind;
use minimax_watch::engine::{NextStep, Run, Scope};
use minimax_watch::report::Report;
use serde_json::json;

use crate::received::body;
use crate::simulator::{Answer, LapsedBody, Reply};
use crate::world::{Settings, World, hours, minutes};

const STUDIOS: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

fn active() -> Answer {
    Answer::account_info(true, &json!({"MiniMax API": {"total": 2, "active": 2}}))
}

fn inactive() -> Answer {
    Answer::account_info(false, &json!({"MiniMax API": {"total": 2, "active": 2}}))
}

/// The next run, 15 minutes later.
async fn next_run(world: &World) {
    world.advance(minutes(15));
    world.run().await;
}

#[tokio::test]
async fn plan_is_read_once_in_a_run() {
    let world = World::watching(STUDIOS).await;
    world.run().await;
    next_run(&world).await;
    assert_eq!(world.api.plan_requests().len(), 2);
    let request = &world.api.plan_requests()[0];
    assert!(request.authorized && request.path == "/v2/account" && request.method == "GET", "{request:?}");
}

#[tokio::test]
async fn inactive_plan_is_confirmed_in_the_same_run_and_ends_when_it_is_active() {
    let world = World::watching(STUDIOS).await;
    world.run().await;
    world.main.set_account_info(Some(inactive()));
    next_run(&world).await;
    assert_eq!(world.api.plan_requests().len(), 3);
    let alert = &body(&world.pager.deliveries()[0])["data"]["alerts"][0];
    assert_eq!(alert["kind"], "subscription_lapsed");
    assert_eq!((&alert["account"], &alert["affected"]), (&json!(null), &json!(2)));
    assert_eq!(world.received(), ["opened subscription_lapsed critical main(2)"]);
    next_run(&world).await;
    assert!(world.received().is_empty());
    world.main.set_account_info(Some(active()));
    next_run(&world).await;
    assert_eq!(world.received(), ["resolved subscription_lapsed critical main(2)"]);
}

#[tokio::test]
async fn plan_that_is_inactive_for_one_reading_raises_nothing() {
    let world = World::watching(STUDIOS).await;
    world.main.next_account_info(inactive());
    world.run().await;
    assert_eq!(world.api.plan_requests().len(), 2);
    next_run(&world).await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn lapse_by_402_and_by_plan_is_one_alert() {
    let world = World::watching(STUDIOS).await;
    world.main.set_account_info(Some(inactive()));
    for (id, _) in STUDIOS {
        world.main.set_answer(id, Answer::lapsed(LapsedBody::Expired));
    }
    world.run().await;
    assert_eq!(world.received(), ["opened subscription_lapsed critical main(2)"]);
    world.all_healthy(STUDIOS);
    next_run(&world).await;
    assert!(world.received().is_empty());
    world.main.set_account_info(None);
    next_run(&world).await;
    assert_eq!(world.received(), ["resolved subscription_lapsed critical main(2)"]);
}

#[tokio::test]
async fn failed_reading_fires_and_resolves_nothing() {
    let world = World::watching(STUDIOS).await;
    let failures = [
        Reply::status(StatusCode::INTERNAL_SERVER_ERROR).into(),
        Reply::status(StatusCode::UNAUTHORIZED).into(),
        Reply::json(StatusCode::OK, "{\"subscriptionIsActive\":\"false\"}").into(),
        Reply::json(StatusCode::OK, "<html>").into(),
        Answer::lapsed(LapsedBody::Expired),
    ];
    for failure in failures.clone() {
        world.main.set_account_info(Some(failure));
        next_run(&world).await;
    }
    assert!(world.received().is_empty());
    world.main.set_account_info(Some(inactive()));
    next_run(&world).await;
    assert_eq!(world.received(), ["opened subscription_lapsed critical main(2)"]);
    for failure in failures {
        world.main.set_account_info(Some(failure));
        next_run(&world).await;
    }
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn plan_that_is_no_longer_watched_ends_its_alerts() {
    let mut world = World::watching(STUDIOS).await;
    world
        .main
        .set_account_info(Some(Answer::account_info(false, &json!({"Kling API": {"total": 1, "error": 1}}))));
    world.run().await;
    assert_eq!(
        world.received(),
        ["opened services_in_error info main(1) + opened subscription_lapsed critical main(2)"]
    );
    let unwatched = Settings::watching(STUDIOS).api("[plan]\nwatch = false");
    world.reload(unwatched).await;
    let before = world.api.plan_requests().len();
    next_run(&world).await;
    assert_eq!(
        world.received(),
        ["resolved services_in_error info main(1) + resolved subscription_lapsed critical main(2)"]
    );
    assert_eq!(world.api.plan_requests().len(), before);

    // What was known before does not count when plans are watched again.
    world.main.set_account_info(Some(Reply::status(StatusCode::INTERNAL_SERVER_ERROR).into()));
    world.reload(Settings::watching(STUDIOS)).await;
    next_run(&world).await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn check_of_some_accounts_reads_the_plans_of_their_subscriptions_only() {
    let world = World::watching(STUDIOS).await;
    world.main.set_account_info(Some(inactive()));
    world.start_run().await;
    let before = world.api.plan_requests().len();
    world.advance(minutes(15));
    let elsewhere = AccountKey::new(&SubscriptionName::new("other"), &AccountId::new("9"));
    let mut run = Run::start(Scope::Accounts([elsewhere].into()));
    let next = world.advance_run(&mut run).await;
    assert!(matches!(next, NextStep::Finished(_)), "{next:?}");
    assert_eq!(world.api.plan_requests().len(), before);
}

#[tokio::test]
async fn plan_that_cannot_be_read_again_is_confirmed_later() {
    let world = World::watching(STUDIOS).await;
    world.main.set_account_info(Some(inactive()));
    world.start_run().await;
    world.main.set_account_info(Some(Reply::status(StatusCode::BAD_GATEWAY).into()));
    next_run(&world).await;
    assert_eq!(world.api.plan_requests().len(), 2, "no second request in the same run");
    assert!(world.received().is_empty());
    world.main.set_account_info(Some(inactive()));
    next_run(&world).await;
    assert_eq!(world.received(), ["opened subscription_lapsed critical main(2)"]);
}

#[tokio::test]
async fn services_in_error_are_sent_once_and_count_in_no_verdict() {
    let world = World::open(Settings::watching(STUDIOS).alerts("repeat_every = \"1h\"")).await;
    world.all_healthy(STUDIOS);
    let info =
        json!({"MiniMax API": {"total": 2, "error": 2}, "Kling API": {"total": 3, "active": 2, "error": 1}});
    world.main.set_account_info(Some(Answer::account_info(true, &info)));
    world.run().await;
    let alert = &body(&world.pager.deliveries()[0])["data"]["alerts"][0];
    assert_eq!(
        alert["detail"],
        "useapi.net counts accounts in error for other services: Kling API (1 of 3)."
    );
    assert_eq!(world.received(), ["opened services_in_error info main(1)"]);
    world.advance(hours(5));
    world.run().await;
    assert!(world.received().is_empty(), "it is not repeated");
    let report = Report::load(&world.engine.store, &world.engine.config, None, world.now()).await.unwrap();
    assert_eq!(report.verdict.exit_status(), 0);
    assert_eq!(report.alerts[0].kind, AlertKind::ServicesInError);
    let kept = serde_json::to_string(&report).unwrap();
    assert!(!kept.contains("example.com") && !kept.contains("An Owner"), "{kept}");
}

#[tokio::test]
async fn plan_that_is_not_answered_holds_the_run_up_for_seconds_only() {
    let world = World::open(Settings::watching(STUDIOS).api("timeout = \"1m\"")).await;
    world.all_healthy(STUDIOS);
    world.main.set_account_info(Some(Reply::hang().into()));
    let began = std::time::Instant::now();
    world.run().await;
    assert!(began.elapsed().as_secs() < 30, "it would wait for a minute");
    let states = world.engine.store.plan_states().await.unwrap();
    let failure = states.values().next().unwrap().failure.clone().unwrap();
    assert_eq!(failure.error, "no answer by the time the checks were evaluated");
}
