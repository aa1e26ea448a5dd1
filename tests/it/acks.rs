//! An acknowledged alert is not repeated; escalation, resolution and new alerts are still sent.

use minimax_watch::store::Ack;

use crate::world::{Settings, World, days, healthy, hours, start};

const ONE: &[(&str, &str)] = &[("1", "studio-a")];

/// A world with an alert three days before the expiry, sent and acknowledged.
async fn acknowledged() -> World {
    let world = World::open(Settings::watching(ONE).alerts("repeat_every = \"24h\"")).await;
    world.main.put(healthy("1").end(start() + days(3)));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 3d warning studio-a"]);
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
async fn acknowledged_alert_is_not_repeated_until_it_escalates() {
    let world = acknowledged().await;
    world.live_until(start() + days(2) - hours(1)).await;
    assert!(world.received().is_empty());
    world.live_until(start() + days(2)).await;
    assert_eq!(world.received(), ["escalated expiry 1d critical studio-a"]);
    assert!(world.engine.store.acks().await.unwrap().is_empty(), "escalation removes the acknowledgement");
    world.live_until(start() + days(5)).await;
    assert_eq!(
        world.received(),
        [
            "escalated expiry 1h critical studio-a",
            "escalated expiry expired critical studio-a",
            "repeated expiry expired critical studio-a",
            "repeated expiry expired critical studio-a"
        ]
    );
}

#[tokio::test]
async fn resolution_of_an_acknowledged_alert_is_sent_and_a_later_alert_is_new() {
    let world = acknowledged().await;
    world.advance(hours(2));
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), ["resolved expiry 3d warning studio-a"]);
    assert!(world.engine.store.acks().await.unwrap().is_empty());
    world.main.remove("1");
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
}

#[tokio::test]
async fn acknowledgement_survives_a_restart() {
    let world = acknowledged().await.restart().await;
    world.live_until(start() + days(2) - hours(1)).await;
    assert!(world.received().is_empty());
}
