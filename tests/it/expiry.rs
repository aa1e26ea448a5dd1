//! The expiry clock runs from stored data, to the second, whatever the network does.

use chrono::TimeDelta;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::domain::verdict::Verdict;
use minimax_watch::report::Report;
use serde_json::json;

use crate::received::body;
use crate::simulator::Record;
use crate::world::{Settings, World, days, hours, minutes, seconds, start};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];

/// When the token of these tests expires.
fn end() -> Timestamp {
    start() + days(30)
}

/// A world that has checked the account once.
async fn world_seen_once(settings: Settings) -> World {
    let world = World::open(settings).await;
    world.main.put(Record::ending("1", end()));
    world.run().await;
    world
}

fn notified(moments: &[(TimeDelta, &str)]) -> Vec<(Timestamp, String)> {
    moments.iter().map(|(left, line)| (end() - *left, (*line).to_owned())).collect()
}

#[tokio::test]
async fn edited_source_counts_without_another_answer() {
    let mut world = World::open(Settings::watching(STUDIO)).await;
    world.main.put(Record::ending("1", start() + days(20)).exp(Some(start() + days(5))));
    world.run().await;
    assert!(world.received().is_empty());
    world.api.go_down();
    world.reload(Settings::watching(STUDIO).expiry("source = \"exp\"")).await;
    world.live_until(start() + days(2)).await;
    assert_eq!(
        world.received(),
        ["opened expiry 7d warning studio-a", "escalated expiry 3d warning studio-a"]
    );
}

#[tokio::test]
async fn every_stage_is_sent_once_to_the_second_with_the_api_down_for_forty_days() {
    let world = world_seen_once(Settings::watching(STUDIO)).await;
    world.api.go_down();
    world.live_until(start() + days(40)).await;
    assert_eq!(
        world.received_with_times(),
        notified(&[
            (days(7), "opened expiry 7d warning studio-a"),
            (days(3), "escalated expiry 3d warning studio-a"),
            (days(1), "escalated expiry 1d critical studio-a"),
            (hours(1), "escalated expiry 1h critical studio-a"),
            (TimeDelta::zero(), "escalated expiry expired critical studio-a"),
        ])
    );
    assert_eq!(world.firing().await.len(), 1);
}

#[tokio::test]
async fn message_has_the_shape_of_the_contract() {
    let world = world_seen_once(Settings::watching(STUDIO)).await;
    world.live_until(end()).await;
    let messages: Vec<_> = world.pager.deliveries().iter().map(body).collect();
    let (opened, expired) = (&messages[0], &messages[4]);
    let id = &opened["data"]["alerts"][0]["id"];
    assert_eq!(
        *expired,
        json!({
            "type": "alert.firing", "timestamp": "2026-12-01T08:00:00Z",
            "data": {
                "receiver": "pager", "severity": "critical",
                "summary": "studio-a: token expired 2026-12-01 08:00 UTC",
                "alerts": [{
                    "id": id, "kind": "expiry", "status": "firing", "reason": "escalated", "stage": "expired",
                    "severity": "critical", "subscription": "main", "account": {"id": "1", "name": "studio-a"},
                    "affected": 1, "opened_at": "2026-11-24T08:00:00Z", "resolved_at": null,
                    "expires_at": "2026-12-01T08:00:00Z", "detail": "The MiniMax token expired 2026-12-01 08:00 UTC."
                }],
                "changes": [], "truncated": 0,
                "silenced": 0
            }
        })
    );
}

#[tokio::test]
async fn failed_runs_neither_delay_nor_repeat_a_stage() {
    let world = world_seen_once(Settings::watching(STUDIO)).await;
    world.api.go_down();
    world.run_every(hours(6), start() + days(40)).await;
    assert_eq!(
        world.received(),
        [
            "opened unreachable warning main(1)",
            "opened expiry 7d warning studio-a",
            "escalated expiry 3d warning studio-a",
            "escalated expiry 1d critical studio-a",
            "escalated expiry expired critical studio-a",
        ]
    );
}

#[tokio::test]
async fn reminders_follow_the_last_notification_by_a_day() {
    let world = world_seen_once(Settings::watching(STUDIO).alerts("repeat_every = \"24h\"")).await;
    world.api.go_down();
    world.live_until(end() + days(3)).await;
    let repeated = "repeated expiry 7d warning studio-a";
    let over = "repeated expiry expired critical studio-a";
    assert_eq!(
        world.received_with_times(),
        notified(&[
            (days(7), "opened expiry 7d warning studio-a"),
            (days(6), repeated),
            (days(5), repeated),
            (days(4), repeated),
            (days(3), "escalated expiry 3d warning studio-a"),
            (days(2), "repeated expiry 3d warning studio-a"),
            (days(1), "escalated expiry 1d critical studio-a"),
            (hours(1), "escalated expiry 1h critical studio-a"),
            (TimeDelta::zero(), "escalated expiry expired critical studio-a"),
            (-days(1), over),
            (-days(2), over),
            (-days(3), over),
        ])
    );
}

#[tokio::test]
async fn stage_is_sent_neither_a_second_early_nor_twice() {
    let world = world_seen_once(Settings::watching(STUDIO)).await;
    for (left, lines) in [
        (days(7), &["opened expiry 7d warning studio-a"]),
        (days(1), &["escalated expiry 1d critical studio-a"]),
        (TimeDelta::zero(), &["escalated expiry expired critical studio-a"]),
    ] {
        world.at(end() - left - seconds(1));
        world.tick().await;
        world.pager.forget();
        world.tick().await;
        assert!(world.received().is_empty(), "a second before {left}");
        world.advance(seconds(1));
        world.tick().await;
        assert_eq!(world.received(), lines);
        world.advance(seconds(1));
        world.tick().await;
        assert!(world.received().is_empty(), "a second after {left}");
    }
}

#[tokio::test]
async fn only_the_nearest_of_several_missed_stages_is_sent() {
    let world = world_seen_once(Settings::watching(STUDIO)).await;
    world.at(end() - hours(2));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 1d critical studio-a"]);
    world.at(end() + days(2));
    world.run().await;
    assert_eq!(world.received(), ["escalated expiry expired critical studio-a"]);
}

#[tokio::test]
async fn account_with_its_own_lead_times_uses_its_own_stages() {
    let settings = Settings::subscriptions(
        "accounts = [{ id = \"1\", name = \"studio-a\", lead_times = [\"10d\", \"2d\"] }]",
    );
    let world = world_seen_once(settings).await;
    world.live_until(end()).await;
    assert_eq!(
        world.received_with_times(),
        notified(&[
            (days(10), "opened expiry 10d warning studio-a"),
            (days(2), "escalated expiry 2d warning studio-a"),
            (days(1), "escalated expiry 2d critical studio-a"),
            (TimeDelta::zero(), "escalated expiry expired critical studio-a"),
        ])
    );
}

#[tokio::test]
async fn renewal_resolves_the_alert_with_the_new_expiry_and_the_next_expiry_is_another_alert() {
    let world = world_seen_once(Settings::watching(STUDIO)).await;
    world.live_until(end() - days(2)).await;
    let opened = body(&world.pager.deliveries()[0]);
    world.received();
    let renewed = end() + days(28);
    world.main.put(Record::ending("1", renewed));
    world.run().await;
    let ended = body(&world.pager.deliveries()[0]);
    assert_eq!(ended["type"], "alert.resolved");
    assert_eq!(ended["data"]["summary"], "studio-a: renewed, token now expires 2026-12-29 08:00 UTC");
    let alert = &ended["data"]["alerts"][0];
    assert_eq!(alert["id"], opened["data"]["alerts"][0]["id"]);
    assert_eq!(alert["expires_at"], "2026-12-29T08:00:00Z");
    assert!(ended["data"]["changes"].as_array().unwrap().is_empty(), "a renewal is not a change");
    world.received();
    world.live_until(renewed - days(7)).await;
    let again = body(&world.pager.deliveries()[0]);
    assert_ne!(again["data"]["alerts"][0]["id"], alert["id"]);
    assert_eq!(world.received(), ["opened expiry 7d warning studio-a"]);
}

#[tokio::test]
async fn renewal_that_reaches_only_a_milder_stage_resolves_and_opens_in_one_message() {
    let world = world_seen_once(Settings::watching(STUDIO)).await;
    world.live_until(end() - hours(2)).await;
    world.received();
    world.main.put(Record::ending("1", end() + days(2)));
    world.run().await;
    assert_eq!(
        world.received(),
        ["opened expiry 3d warning studio-a + resolved expiry 1d critical studio-a"]
    );
}

#[tokio::test]
async fn configured_expiry_counts_and_the_detail_shows_the_other() {
    for (source, line) in [
        ("exp_Expire", "opened expiry 3d warning studio-a"),
        ("earliest", "opened expiry 3d warning studio-a"),
        ("exp", ""),
    ] {
        let world = World::open(Settings::watching(STUDIO).expiry(&format!("source = \"{source}\""))).await;
        let record = Record::new("1").exp(Some(start() + days(24))).exp_expire(Some(start() + days(3)));
        world.main.put(record);
        world.run().await;
        if let Some(delivery) = world.pager.deliveries().first() {
            assert_eq!(
                body(delivery)["data"]["alerts"][0]["detail"],
                "The MiniMax token expires 2026-11-04 08:00 UTC; the vendor gives two expiries, exp_Expire 2026-11-04 08:00 UTC \
                 and exp 2026-11-25 08:00 UTC."
            );
        }
        assert_eq!(world.received().concat(), line, "{source}");
    }
}

#[tokio::test]
async fn expiry_that_moves_back_is_a_change_and_neither_resolves_nor_repeats_an_alert() {
    let world = world_seen_once(Settings::watching(STUDIO)).await;
    let earlier = Record::ending("1", end() - days(20));
    world.main.put(earlier.clone());
    world.run().await;
    assert_eq!(
        world.received(),
        ["expiry_moved_back warning studio-a expires_at \"2026-12-01T08:00:00Z\">\"2026-11-11T08:00:00Z\""]
    );
    // Two nodes of the vendor answer in turn with the old and the new record.
    for _ in 0..4 {
        world.advance(minutes(15));
        world.main.put(Record::ending("1", end()));
        world.run().await;
        world.advance(minutes(15));
        world.main.put(earlier.clone());
        world.run().await;
    }
    assert!(world.received().is_empty());
    world.at(start() + days(4));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 7d warning studio-a"]);
    for _ in 0..4 {
        world.advance(minutes(15));
        world.main.put(Record::ending("1", end()));
        world.run().await;
        world.advance(minutes(15));
        world.main.put(earlier.clone());
        world.run().await;
    }
    assert_eq!(world.received(), ["resolved expiry 7d warning studio-a"], "the later expiry is sent once");
}

#[tokio::test]
async fn account_that_returns_with_the_same_near_expiry_opens_again() {
    let both = &[("1", "studio-a"), ("2", "studio-b")];
    let mut world = World::watching(both).await;
    world.main.put(Record::ending("1", end()));
    world.at(end() - days(5));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 7d warning studio-a"]);
    world.reload(Settings::watching(&[("2", "studio-b")])).await;
    world.tick().await;
    assert_eq!(world.received(), ["resolved expiry 7d warning studio-a"]);
    world.advance(hours(1));
    world.reload(Settings::watching(both)).await;
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 7d warning studio-a"], "the alert was resolved before");
}

#[tokio::test]
async fn verdict_follows_the_clock_while_nothing_is_checked() {
    let world = world_seen_once(Settings::watching(STUDIO)).await;
    for (left, verdict) in [
        (days(8), Verdict::Ok),
        (days(3), Verdict::Warning),
        (days(1), Verdict::Critical),
        (-days(5), Verdict::Critical),
    ] {
        let report =
            Report::load(&world.engine.store, &world.engine.config, None, end() - left).await.unwrap();
        assert_eq!((report.verdict, report.accounts[0].verdict), (verdict, verdict), "{left} left");
    }
}
