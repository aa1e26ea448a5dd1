//! An acknowledged alert is not repeated, and what is news is told all the same.

use minimax_watch::store::Ack;

use crate::world::{Settings, World, days, healthy, hours, start};

const ONE: &[(&str, &str)] = &[("1", "studio-a")];

/// Three days before its end, told, and acknowledged.
async fn acknowledged() -> World {
    let world = World::open(Settings::watching(ONE).alerts("repeat_every = \"24h\"")).await;
    world.main.put(healthy("1").end(start() + days(3)));
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 3d warning studio-a"]);
    ack(&world).await;
    world
}

async fn ack(world: &World) {
    let alert = world.engine.store.firing_alerts().await.unwrap().remove(0);
    let mut writer = world.engine.store.write().await.unwrap();
    writer.ack(&alert.id, &Ack { at: world.now(), reason: String::new() }).await.unwrap();
    writer.commit().await.unwrap();
}

#[tokio::test]
async fn it_is_not_repeated_until_it_gets_graver() {
    let world = acknowledged().await;
    world.live_until(start() + days(2) - hours(1)).await;
    assert!(world.heard().is_empty());
    world.live_until(start() + days(2)).await;
    assert_eq!(world.heard(), ["escalated expiry 1d critical studio-a"]);
    assert!(world.engine.store.acks().await.unwrap().is_empty(), "it was acknowledged as it stood");
    world.live_until(start() + days(5)).await;
    assert_eq!(
        world.heard(),
        [
            "escalated expiry 1h critical studio-a",
            "escalated expiry expired critical studio-a",
            "repeated expiry expired critical studio-a",
            "repeated expiry expired critical studio-a"
        ]
    );
}

#[tokio::test]
async fn its_end_is_told_and_what_comes_back_is_news() {
    let world = acknowledged().await;
    world.advance(hours(2));
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved expiry 3d warning studio-a"]);
    assert!(world.engine.store.acks().await.unwrap().is_empty());
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn it_outlives_a_restart() {
    let world = acknowledged().await.restart().await;
    world.live_until(start() + days(2) - hours(1)).await;
    assert!(world.heard().is_empty());
}
