//! Discovered accounts: found in the list, and reported as missing only by a check of their own.

use axum::http::StatusCode;

use crate::simulator::{Answer, ErrorBody, NotFoundBody, Record, Refusal, Reply};
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

/// The watched ids, without the list itself.
async fn watched(world: &World) -> Vec<String> {
    let watched = world.engine.store.watched().await.unwrap();
    let accounts = watched.into_iter().map(|known| known.account).filter(|account| !account.is_listing());
    accounts.map(|account| account.id.to_string()).collect()
}

#[tokio::test]
async fn account_new_in_the_list_is_checked_in_the_same_run() {
    let world = with_two().await;
    world.main.put(Record::ending("3", start() + days(2)));
    world.run().await;
    assert_eq!(watched(&world).await, ["1", "2", "3"]);
    assert_eq!(world.received(), ["opened expiry 3d warning 3"]);
}

#[tokio::test]
async fn account_missing_from_the_list_is_not_found_only_by_its_own_check() {
    let world = with_two().await;
    world.main.set_list(Some(Reply::json(StatusCode::OK, "{}").into()));
    world.run().await;
    assert!(world.received().is_empty(), "each account still answers its own check");
    assert_eq!(watched(&world).await, ["1", "2"]);
    world.main.set_list(None);
    world.main.remove("2");
    world.api.forget_requests();
    world.run().await;
    assert_eq!(world.api.requests_for("2").len(), 2, "its own check, and the confirmation");
    assert_eq!(world.received(), ["opened not_found critical 2"]);
    world.main.put(healthy("2"));
    world.run().await;
    assert_eq!(world.received(), ["resolved not_found critical 2"]);
}

#[tokio::test]
async fn empty_list_in_any_form_is_not_a_fault() {
    let world = World::open(Settings::subscriptions(DISCOVER)).await;
    for list in [
        Reply::json(StatusCode::OK, "{}").into(),
        Answer::not_found(NotFoundBody::Empty),
        Answer::not_found(NotFoundBody::Json),
    ] {
        world.main.set_list(Some(list));
        let pass = world.run().await;
        assert_eq!((pass.counts.checked, pass.next_recheck.is_some()), (0, false));
        assert!(world.received().is_empty());
    }
}

#[tokio::test]
async fn refused_token_without_known_accounts_is_a_subscription_alert() {
    let world = World::open(Settings::subscriptions(DISCOVER)).await;
    world.main.revoke_tokens();
    world.api.refuse_with(Refusal::WithoutCode);
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical main(0)"]);
    world.main.accept_token(crate::world::MAIN_TOKEN.into());
    world.main.put(healthy("1"));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["resolved unauthorized critical main(0)"]);
}

#[tokio::test]
async fn a_refused_token_with_known_accounts_is_one_alert() {
    let world = with_two().await;
    world.main.revoke_tokens();
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical main(2)"]);
    world.advance(minutes(15));
    world.run().await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn a_list_that_proves_the_token_makes_a_401_the_accounts_own() {
    let world = World::open(Settings::subscriptions(DISCOVER)).await;
    world.main.put(healthy("1"));
    world.run().await;
    world.main.set_answer("1", Answer::unauthorized(Refusal::WithCode));
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical 1"]);
}

#[tokio::test]
async fn failed_list_leaves_the_known_accounts_watched() {
    let world = with_two().await;
    for list in [
        Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html),
        Answer::not_json(),
        Answer::close(),
        Reply::json(StatusCode::OK, "[]").into(),
    ] {
        world.main.set_list(Some(list));
        world.advance(minutes(15));
        let pass = world.run().await;
        assert_eq!((pass.counts.checked, pass.counts.ok), (2, 2));
        assert!(world.received().is_empty());
    }
}

#[tokio::test]
async fn a_name_and_lead_times_from_the_configuration_win_over_the_list() {
    let rest = "discover = true\naccounts = [{ id = \"2\", name = \"studio-b\", lead_times = [\"20d\"] }]";
    let world = World::open(Settings::subscriptions(rest)).await;
    world.main.put(Record::ending("1", start() + days(15)));
    world.main.put(Record::ending("2", start() + days(15)));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 20d warning studio-b"]);
    let pass = world.run().await;
    assert_eq!(pass.counts.checked, 2, "a configured account that is also discovered is one account");
}

#[tokio::test]
async fn discovered_accounts_resolve_when_discovery_is_switched_off() {
    let mut world = with_two().await;
    world.main.set_answer("2", Answer::account_error("On hold"));
    world.run().await;
    assert_eq!(world.received(), ["opened account_error critical 2"]);
    world.reload(Settings::watching(&[("1", "studio-a")])).await;
    world.tick().await;
    assert_eq!(world.received(), ["resolved account_error critical 2"]);
    world.run().await;
    assert_eq!(watched(&world).await, ["1"]);
}

#[tokio::test]
async fn discovered_accounts_stay_watched_across_a_restart_with_the_api_down() {
    let mut world = World::open(Settings::subscriptions(DISCOVER)).await;
    world.main.put(healthy("1"));
    world.main.put(Record::ending("2", start() + days(30)));
    world.run().await;
    world.api.go_down();
    world = world.restart().await;
    world.start_run().await;
    assert_eq!(watched(&world).await, ["1", "2"]);
    world.live_until(start() + days(23)).await;
    // One failed check is not yet an hour without answers; the expiry clock needs no check at all.
    assert_eq!(world.received(), ["opened expiry 7d warning 2"]);
}

#[tokio::test]
async fn unreachable_api_before_any_discovery_is_a_subscription_alert() {
    let world = World::open(Settings::subscriptions(DISCOVER)).await;
    world.api.go_down();
    world.run_every(minutes(15), start() + minutes(75)).await;
    assert_eq!(world.received(), ["opened unreachable warning main(0)"]);
    world.api.come_back().unwrap();
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), ["resolved unreachable warning main(0)"]);
}
