//! The times beside the configurations that the listener serves in the vendor's place: no older than the last change, no younger than the
//! last check that saw it.

use minimax_watch::domain::account::AccountId;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::report::{VendorSnapshot, VendorSnapshots};
use serde_json::Value;

use crate::simulator::{Answer, Refusal};
use crate::world::{World, healthy, minutes, start};

const ACCOUNTS: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

/// What a client gets about account 1: its error, when it was seen, and when it changed.
async fn read(world: &World) -> (Option<String>, Timestamp, Timestamp) {
    let watched = world.engine.store.watched().await.unwrap();
    let record = watched.into_iter().find(|record| record.account.id.as_str() == "1").unwrap();
    let read = VendorSnapshot::load(&world.engine.store, record).await.unwrap().unwrap();
    let configuration = serde_json::to_value(&read.configuration).unwrap();
    let listed = &list(world).await.by_account[&AccountId::new("1")];
    assert_eq!((listed.seen_at, listed.changed_at), (read.seen_at, read.changed_at));
    (configuration.get("error").and_then(Value::as_str).map(Into::into), read.seen_at, read.changed_at)
}

async fn list(world: &World) -> VendorSnapshots {
    VendorSnapshots::load(&world.engine.store, &world.engine.config).await.unwrap()
}

/// Makes a run, a quarter of an hour after the last one.
async fn run(world: &World) -> Timestamp {
    world.advance(minutes(15));
    world.run().await;
    world.now()
}

#[tokio::test]
async fn times_follow_an_error_that_comes_changes_and_goes() {
    let world = World::watching(ACCOUNTS).await;
    world.run().await;
    let seen = run(&world).await;
    assert_eq!(read(&world).await, (None, seen, start()), "the same answer came again");
    world.main.set_answer("1", Answer::account_error("held"));
    let failed = run(&world).await;
    let error = |text: &str| Some(text.to_owned());
    assert_eq!(read(&world).await, (error("596: held"), failed, failed), "no older than the error");
    assert_eq!(list(&world).await.changed_at, Some(failed));
    // The text of the error is not repeated after a check that showed nothing.
    world.api.go_down();
    let unanswered = run(&world).await;
    assert_eq!(read(&world).await, (error("the account is in error"), failed, unanswered));
    world.api.come_back().unwrap();
    world.main.put(healthy("1"));
    let recovered = run(&world).await;
    assert_eq!(read(&world).await, (None, recovered, recovered), "no older than the end of the error");
    let seen = run(&world).await;
    assert_eq!(read(&world).await, (None, seen, recovered));
    // An error that was not confirmed, and then another fault in its place.
    let (mut unfinished, _) = {
        world.main.set_answer("1", Answer::account_error("held"));
        world.advance(minutes(15));
        world.start_run().await
    };
    assert_eq!(read(&world).await, (error("596: held"), world.now(), world.now()));
    world.main.set_answer("1", Answer::unauthorized(Refusal::WithCode));
    world.advance(minutes(1));
    world.advance_run(&mut unfinished).await;
    assert_eq!(read(&world).await, (None, seen, world.now()), "it is gone");
}

#[tokio::test]
async fn the_list_changes_when_an_account_leaves_and_returns() {
    let world = World::watching(ACCOUNTS).await;
    world.run().await;
    world.main.remove("1");
    let left = run(&world).await;
    let without = list(&world).await;
    assert_eq!((without.by_account.len(), without.changed_at), (1, Some(left)));
    world.main.put(healthy("1"));
    let returned = run(&world).await;
    run(&world).await;
    let with = list(&world).await;
    assert_eq!((with.by_account.len(), with.changed_at), (2, Some(returned)));
}
