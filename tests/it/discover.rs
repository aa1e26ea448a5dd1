//! Accounts that nobody named: found in the list, and missed only when their own read says so.

use axum::http::StatusCode;
use minimax_watch::simulator::{Answer, Missing, Page, Record, Refusal, Reply};

use crate::world::{Settings, World, days, healthy, minutes, start};

const DISCOVER: &str = "discover = true";

async fn with_two() -> World {
    let world = World::open(Settings::subscriptions(DISCOVER)).await;
    world.main.put(healthy("1"));
    world.main.put(healthy("2"));
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok), (2, 2));
    world
}

/// The ids that are watched, without the list itself.
async fn watched(world: &World) -> Vec<String> {
    let watched = world.engine.store.watched().await.unwrap();
    let accounts = watched.into_iter().map(|known| known.account).filter(|account| !account.is_listing());
    accounts.map(|account| account.id.to_string()).collect()
}

#[tokio::test]
async fn an_account_that_joins_the_list_is_looked_at_in_the_same_run() {
    let world = with_two().await;
    world.main.put(Record::ending("3", start() + days(2)));
    world.run().await;
    assert_eq!(watched(&world).await, ["1", "2", "3"]);
    assert_eq!(world.heard(), ["opened expiry 3d warning 3"]);
}

#[tokio::test]
async fn an_account_that_leaves_the_list_is_missed_only_when_its_own_read_says_so() {
    let world = with_two().await;
    world.main.set_list(Some(Reply::json(StatusCode::OK, "{}").into()));
    world.run().await;
    assert!(world.heard().is_empty(), "both still answer for themselves");
    assert_eq!(watched(&world).await, ["1", "2"]);
    world.main.set_list(None);
    world.main.remove("2");
    world.api.forget_requests();
    world.run().await;
    assert_eq!(world.api.requests_for("2").len(), 2, "asked by itself, and again");
    assert_eq!(world.heard(), ["opened not_found critical 2"]);
    world.main.put(healthy("2"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved not_found critical 2"]);
}

#[tokio::test]
async fn an_empty_list_in_any_form_is_no_fault() {
    let world = World::open(Settings::subscriptions(DISCOVER)).await;
    for list in [
        Reply::json(StatusCode::OK, "{}").into(),
        Answer::not_found(Missing::Empty),
        Answer::not_found(Missing::Json),
    ] {
        world.main.set_list(Some(list));
        let pass = world.run().await;
        assert_eq!((pass.counts.checked, pass.doubts), (0, false));
        assert!(world.heard().is_empty());
    }
}

#[tokio::test]
async fn a_refused_token_without_any_known_account_is_told_of_the_subscription() {
    let world = World::open(Settings::subscriptions(DISCOVER)).await;
    world.main.revoke_tokens();
    world.api.refuse_with(Refusal::WithoutCode);
    world.run().await;
    assert_eq!(world.heard(), ["opened unauthorized critical main(0)"]);
    world.main.accept_token(crate::world::MAIN_TOKEN.into());
    world.main.put(healthy("1"));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.heard(), ["resolved unauthorized critical main(0)"]);
}

#[tokio::test]
async fn a_refused_token_with_known_accounts_is_one_alert() {
    let world = with_two().await;
    world.main.revoke_tokens();
    world.run().await;
    assert_eq!(world.heard(), ["opened unauthorized critical main(2)"]);
    world.advance(minutes(15));
    world.run().await;
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn a_list_that_proves_the_token_makes_a_401_the_accounts_own() {
    let world = World::open(Settings::subscriptions(DISCOVER)).await;
    world.main.put(healthy("1"));
    world.run().await;
    world.main.set("1", Answer::unauthorized(Refusal::WithCode));
    world.run().await;
    assert_eq!(world.heard(), ["opened unauthorized critical 1"]);
}

#[tokio::test]
async fn a_list_that_fails_leaves_the_known_accounts_watched() {
    let world = with_two().await;
    for list in [
        Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html),
        Answer::not_json(),
        Answer::close(),
        Reply::json(StatusCode::OK, "[]").into(),
    ] {
        world.main.set_list(Some(list));
        world.advance(minutes(15));
        let pass = world.run().await;
        assert_eq!((pass.counts.checked, pass.counts.ok), (2, 2));
        assert!(world.heard().is_empty());
    }
}

#[tokio::test]
async fn a_name_and_lead_times_from_the_configuration_win_over_the_list() {
    let rest = "discover = true\naccounts = [{ id = \"2\", name = \"studio-b\", lead_times = [\"20d\"] }]";
    let world = World::open(Settings::subscriptions(rest)).await;
    world.main.put(Record::ending("1", start() + days(15)));
    world.main.put(Record::ending("2", start() + days(15)));
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 20d warning studio-b"]);
    let pass = world.run().await;
    assert_eq!(pass.counts.checked, 2, "named and found is one account");
}

#[tokio::test]
async fn without_discovery_the_found_accounts_end_with_a_word() {
    let mut world = with_two().await;
    world.main.set("2", Answer::account_error("On hold"));
    world.run().await;
    assert_eq!(world.heard(), ["opened account_error critical 2"]);
    world.reload(Settings::watching(&[("1", "studio-a")])).await;
    world.tick().await;
    assert_eq!(world.heard(), ["resolved account_error critical 2"]);
    world.run().await;
    assert_eq!(watched(&world).await, ["1"]);
}

#[tokio::test]
async fn found_accounts_stay_watched_over_a_restart_with_the_api_down() {
    let mut world = World::open(Settings::subscriptions(DISCOVER)).await;
    world.main.put(healthy("1"));
    world.main.put(Record::ending("2", start() + days(30)));
    world.run().await;
    world.api.go_down();
    world = world.restart().await;
    world.look().await;
    assert_eq!(watched(&world).await, ["1", "2"]);
    world.live_until(start() + days(23)).await;
    // One failed look is no silence of an hour; the expiry clock needs none.
    assert_eq!(world.heard(), ["opened expiry 7d warning 2"]);
}

#[tokio::test]
async fn a_silence_before_anything_was_found_is_told_of_the_subscription() {
    let world = World::open(Settings::subscriptions(DISCOVER)).await;
    world.api.go_down();
    world.run_every(minutes(15), start() + minutes(75)).await;
    assert_eq!(world.heard(), ["opened unreachable warning main(0)"]);
    world.api.come_back().unwrap();
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved unreachable warning main(0)"]);
}
