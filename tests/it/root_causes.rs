//! One root cause raises one alert, each run sends one message to each receiver, and a message has a size limit.

use axum::http::StatusCode;
use minimax_watch::domain::message::LIMIT;

use crate::received::{array, body};
use crate::simulator::{Answer, ErrorBody, LapsedBody, NotFoundBody, Refusal};
use crate::world::{DESK, MAIL, PAGER, Settings, World, days, healthy, hours, minutes, start};

const THREE: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b"), ("3", "studio-c")];

async fn three() -> World {
    let world = World::watching(THREE).await;
    world.run().await;
    world
}

#[tokio::test]
async fn a_reset_token_is_one_alert_of_the_subscription() {
    let world = three().await;
    world.main.revoke_tokens();
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical main(3)"]);
    world.main.accept_token(crate::world::MAIN_TOKEN.into());
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["resolved unauthorized critical main(3)"]);
}

#[tokio::test]
async fn a_401_beside_a_healthy_sibling_is_about_the_account() {
    let world = three().await;
    world.main.set_answer("2", Answer::unauthorized(Refusal::WithCode));
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical studio-b"]);
    world.main.put(healthy("2"));
    world.run().await;
    assert_eq!(world.received(), ["resolved unauthorized critical studio-b"]);
}

#[tokio::test]
async fn a_401_beside_unreachable_siblings_is_about_the_subscription() {
    let world = three().await;
    world.main.set_answer("1", Answer::unauthorized(Refusal::WithoutCode));
    world.main.set_answer("2", Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html));
    world.main.set_answer("3", Answer::close());
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical main(1)"]);
}

#[tokio::test]
async fn subscription_alert_that_proves_to_be_one_accounts_moves_to_it_in_one_message() {
    let world = three().await;
    world.main.set_all(Some(Answer::unauthorized(Refusal::WithCode)));
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical main(3)"]);
    world.main.set_all(None);
    world.main.set_answer("3", Answer::unauthorized(Refusal::WithCode));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(
        world.received(),
        ["opened unauthorized critical studio-c + resolved unauthorized critical main(3)"]
    );
    world.advance(minutes(15));
    world.run().await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn a_refusal_that_a_sibling_disproved_does_not_come_back() {
    let mut world = three().await;
    world.main.set_all(Some(Answer::unauthorized(Refusal::WithCode)));
    world.run().await;
    world.main.set_all(None);
    world.main.set_answer("1", Answer::not_found(NotFoundBody::Json));
    world.main.set_answer("2", Answer::not_found(NotFoundBody::Json));
    world.run().await;
    assert_eq!(
        world.received().last().unwrap(),
        "opened not_found critical studio-a + opened not_found critical studio-b + resolved unauthorized critical main(3)"
    );
    // Neither when another refusal is seen …
    world.main.set_all(Some(Answer::lapsed(LapsedBody::Expired)));
    world.run().await;
    assert_eq!(world.received(), ["opened subscription_lapsed critical main(3)"]);
    world.main.set_all(None);
    world.run().await;
    assert_eq!(world.received(), ["resolved subscription_lapsed critical main(3)"]);
    // … nor when the sibling leaves the configuration.
    world.reload(Settings::watching(&THREE[..2])).await;
    world.run().await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn account_added_to_a_refused_subscription_sends_nothing() {
    let mut world = three().await;
    world.main.revoke_tokens();
    world.run().await;
    world.received();
    world.reload(Settings::watching(&[THREE[0], THREE[1], THREE[2], ("4", "studio-d")])).await;
    world.run().await;
    assert!(world.received().is_empty());
    world.main.accept_token(crate::world::MAIN_TOKEN.into());
    world.main.put(healthy("4"));
    world.run().await;
    assert_eq!(world.received(), ["resolved unauthorized critical main(4)"]);
}

#[tokio::test]
async fn lapsed_plan_is_about_the_subscription_even_beside_a_healthy_sibling() {
    let world = three().await;
    world.main.set_answer("1", Answer::lapsed(LapsedBody::Expired));
    world.main.set_answer("3", Answer::lapsed(LapsedBody::NotIncluded));
    world.run().await;
    assert_eq!(world.received(), ["opened subscription_lapsed critical main(2)"]);
    world.main.put(healthy("1"));
    world.main.put(healthy("3"));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["resolved subscription_lapsed critical main(2)"]);
}

#[tokio::test]
async fn one_unreachable_account_is_an_account_alert_and_all_are_one_subscription_alert() {
    let world = three().await;
    world.main.set_answer("2", Answer::close());
    world.run_every(minutes(15), start() + minutes(75)).await;
    assert_eq!(world.received(), ["opened unreachable warning studio-b"]);
    world.main.put(healthy("2"));
    world.run().await;
    assert_eq!(world.received(), ["resolved unreachable warning studio-b"]);
    world.api.go_down();
    world.run_every(minutes(15), start() + hours(3)).await;
    assert_eq!(world.received(), ["opened unreachable warning main(3)"]);
    world.api.come_back().unwrap();
    world.run().await;
    assert_eq!(world.received(), ["resolved unreachable warning main(3)"]);
}

#[tokio::test]
async fn one_malformed_answer_is_an_account_alert_and_all_are_one_subscription_alert() {
    let world = three().await;
    world.main.set_answer("2", Answer::not_json());
    world.run().await;
    assert_eq!(world.received(), ["opened malformed warning studio-b"]);
    world.main.put(healthy("2"));
    world.run().await;
    world.received();
    world.main.set_all(Some(Answer::not_json()));
    world.run().await;
    assert_eq!(world.received(), ["opened malformed warning main(3)"]);
}

#[tokio::test]
async fn account_error_with_a_changing_text_is_sent_once_and_resolved_once() {
    let world = three().await;
    world.main.put(healthy("1").stamped_error("Session expired"));
    for _ in 0..6 {
        world.advance(minutes(15));
        world.run().await;
    }
    assert_eq!(world.received(), ["opened account_error critical studio-a"]);
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), ["resolved account_error critical studio-a"]);
}

#[tokio::test]
async fn each_run_sends_one_message_to_each_receiver() {
    let world = World::open(Settings::watching(THREE).receivers(&[PAGER, DESK, MAIL])).await;
    world.all_healthy(THREE);
    world.run().await;
    world.main.put(healthy("1").max_jobs(3).host("minimax.io").flag("supportChat", None));
    world.main.set_answer("2", Answer::not_found(NotFoundBody::Json));
    world.main.put(healthy("3").end(start() + days(2)).error("On hold"));
    world.run().await;
    let line = "capability_lost warning studio-a supportChat true>null + \
                host_changed info studio-a jwt.host \"hailuoai.video\">\"minimax.io\" + \
                max_jobs_changed info studio-a maxJobs 1>3 + opened account_error critical studio-c + \
                opened not_found critical studio-b";
    let message = body(&world.pager.deliveries()[0]);
    assert_eq!(
        (message["type"].as_str(), message["data"]["severity"].as_str()),
        (Some("alert.firing"), Some("critical"))
    );
    assert_eq!(world.received(), [line]);
    assert_eq!(world.received_at_desk(), [line]);
    let subjects = world.received_mail();
    assert_eq!(subjects.len(), 1);
    assert!(subjects[0].ends_with(" (and 1 alert, 3 changes)"), "{subjects:?}");
}

#[tokio::test]
async fn message_holds_a_hundred_alerts_and_counts_the_rest() {
    const MANY: usize = 400;
    let world = World::open(Settings::subscriptions("discover = true").receivers(&[PAGER, MAIL])).await;
    for id in 0..MANY {
        world.main.put(healthy(&format!("{id:05}")).end(start() + days(if id % 2 == 0 { 2 } else { 5 })));
    }
    world.run().await;
    let deliveries = world.pager.deliveries();
    assert_eq!(deliveries.len(), 1);
    let message = body(&deliveries[0]);
    let alerts = array(&message["data"]["alerts"]);
    assert_eq!(alerts.len(), LIMIT);
    assert_eq!(message["data"]["truncated"], MANY - LIMIT);
    assert!(message["data"]["summary"].as_str().unwrap().ends_with(" (and 399 alerts)"));
    assert_eq!(world.received_mail().len(), 1);
    world.pager.forget();
    world.advance(minutes(15));
    world.run().await;
    assert!(world.received().is_empty(), "alerts that were only counted have been notified too");

    for id in 0..MANY {
        world.main.put(healthy(&format!("{id:05}")).flag("supportVideo", false));
    }
    world.advance(minutes(15));
    world.run().await;
    let deliveries = world.pager.deliveries();
    let message = body(&deliveries[0]);
    assert_eq!((deliveries.len(), array(&message["data"]["changes"]).len()), (1, LIMIT));
    assert_eq!(message["data"]["truncated"], 2 * (MANY - LIMIT));
    assert!(world.engine.store.firing_alerts().await.unwrap().is_empty());
    world.pager.forget();
    world.run().await;
    assert!(world.received().is_empty());
}
