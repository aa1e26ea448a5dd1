//! One cause, one alert; one run, one message for each receiver; and never more than a message holds.

use axum::http::StatusCode;
use minimax_watch::domain::message::LIMIT;
use minimax_watch::simulator::{Answer, Lapse, Missing, Page, Refusal};

use crate::heard::{array, body};
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
    assert_eq!(world.heard(), ["opened unauthorized critical main(3)"]);
    world.main.accept_token(crate::world::MAIN_TOKEN.into());
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.heard(), ["resolved unauthorized critical main(3)"]);
}

#[tokio::test]
async fn a_401_beside_a_healthy_sibling_is_about_the_account() {
    let world = three().await;
    world.main.set("2", Answer::unauthorized(Refusal::WithCode));
    world.run().await;
    assert_eq!(world.heard(), ["opened unauthorized critical studio-b"]);
    world.main.put(healthy("2"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved unauthorized critical studio-b"]);
}

#[tokio::test]
async fn a_401_beside_silent_siblings_is_about_the_subscription() {
    let world = three().await;
    world.main.set("1", Answer::unauthorized(Refusal::WithoutCode));
    world.main.set("2", Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html));
    world.main.set("3", Answer::close());
    world.run().await;
    assert_eq!(world.heard(), ["opened unauthorized critical main(1)"]);
}

#[tokio::test]
async fn a_cause_that_turns_out_to_be_one_accounts_moves_to_it_in_one_message() {
    let world = three().await;
    world.main.set_all(Some(Answer::unauthorized(Refusal::WithCode)));
    world.run().await;
    assert_eq!(world.heard(), ["opened unauthorized critical main(3)"]);
    world.main.set_all(None);
    world.main.set("3", Answer::unauthorized(Refusal::WithCode));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(
        world.heard(),
        ["opened unauthorized critical studio-c + resolved unauthorized critical main(3)"]
    );
    world.advance(minutes(15));
    world.run().await;
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn a_refusal_that_a_sibling_disproved_does_not_come_back() {
    let mut world = three().await;
    world.main.set_all(Some(Answer::unauthorized(Refusal::WithCode)));
    world.run().await;
    world.main.set_all(None);
    world.main.set("1", Answer::not_found(Missing::Json));
    world.main.set("2", Answer::not_found(Missing::Json));
    world.run().await;
    assert_eq!(
        world.heard().last().unwrap(),
        "opened not_found critical studio-a + opened not_found critical studio-b + resolved unauthorized critical main(3)"
    );
    // Neither when another refusal is seen,
    world.main.set_all(Some(Answer::lapsed(Lapse::Expired)));
    world.run().await;
    assert_eq!(world.heard(), ["opened subscription_lapsed critical main(3)"]);
    world.main.set_all(None);
    world.run().await;
    assert_eq!(world.heard(), ["resolved subscription_lapsed critical main(3)"]);
    // nor when the sibling leaves.
    world.reload(Settings::watching(&THREE[..2])).await;
    world.run().await;
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn an_account_that_joins_a_refused_subscription_is_no_news() {
    let mut world = three().await;
    world.main.revoke_tokens();
    world.run().await;
    world.heard();
    world.reload(Settings::watching(&[THREE[0], THREE[1], THREE[2], ("4", "studio-d")])).await;
    world.run().await;
    assert!(world.heard().is_empty());
    world.main.accept_token(crate::world::MAIN_TOKEN.into());
    world.main.put(healthy("4"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved unauthorized critical main(4)"]);
}

#[tokio::test]
async fn a_lapsed_plan_is_the_subscriptions_even_beside_a_healthy_sibling() {
    let world = three().await;
    world.main.set("1", Answer::lapsed(Lapse::Expired));
    world.main.set("3", Answer::lapsed(Lapse::NotIncluded));
    world.run().await;
    assert_eq!(world.heard(), ["opened subscription_lapsed critical main(2)"]);
    world.main.put(healthy("1"));
    world.main.put(healthy("3"));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.heard(), ["resolved subscription_lapsed critical main(2)"]);
}

#[tokio::test]
async fn one_silent_account_is_its_own_and_all_of_them_are_one() {
    let world = three().await;
    world.main.set("2", Answer::close());
    world.run_every(minutes(15), start() + minutes(75)).await;
    assert_eq!(world.heard(), ["opened unreachable warning studio-b"]);
    world.main.put(healthy("2"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved unreachable warning studio-b"]);
    world.api.go_down();
    world.run_every(minutes(15), start() + hours(3)).await;
    assert_eq!(world.heard(), ["opened unreachable warning main(3)"]);
    world.api.come_back().unwrap();
    world.run().await;
    assert_eq!(world.heard(), ["resolved unreachable warning main(3)"]);
}

#[tokio::test]
async fn one_riddle_is_its_own_and_all_of_them_are_one() {
    let world = three().await;
    world.main.set("2", Answer::not_json());
    world.run().await;
    assert_eq!(world.heard(), ["opened malformed warning studio-b"]);
    world.main.put(healthy("2"));
    world.run().await;
    world.heard();
    world.main.set_all(Some(Answer::not_json()));
    world.run().await;
    assert_eq!(world.heard(), ["opened malformed warning main(3)"]);
}

#[tokio::test]
async fn an_error_whose_text_moves_is_told_when_it_comes_and_when_it_goes() {
    let world = three().await;
    world.main.put(healthy("1").stamped_error("Session expired"));
    for _ in 0..6 {
        world.advance(minutes(15));
        world.run().await;
    }
    assert_eq!(world.heard(), ["opened account_error critical studio-a"]);
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved account_error critical studio-a"]);
}

#[tokio::test]
async fn one_run_is_one_message_for_each_receiver() {
    let world = World::open(Settings::watching(THREE).receivers(&[PAGER, DESK, MAIL])).await;
    world.all_healthy(THREE);
    world.run().await;
    world.main.put(healthy("1").max_jobs(3).host("minimax.io").flag("supportChat", None));
    world.main.set("2", Answer::not_found(Missing::Json));
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
    assert_eq!(world.heard(), [line]);
    assert_eq!(world.heard_at_desk(), [line]);
    let subjects = world.mailed();
    assert_eq!(subjects.len(), 1);
    assert!(subjects[0].starts_with("[CRITICAL] 2 alerts, 3 changes: "), "{subjects:?}");
}

#[tokio::test]
async fn of_very_many_alerts_a_message_holds_a_hundred_and_counts_the_rest() {
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
    assert!(message["data"]["summary"].as_str().unwrap().starts_with("400 alerts: "));
    assert_eq!(world.mailed().len(), 1);
    world.pager.forget();
    world.advance(minutes(15));
    world.run().await;
    assert!(world.heard().is_empty(), "what was only counted is told too");

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
    assert!(world.heard().is_empty());
}
