//! Changes between two checks: each is sent once; noise is never sent.

use serde_json::json;

use crate::received::body;
use crate::simulator::{Record, Reply};
use crate::world::{PAGER, Settings, World, days, healthy, minutes, start};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];

/// The messages after the records of healthy accounts change: one account for each pair, by its name.
async fn received_after(pairs: Vec<(&str, Record, Record)>) -> Vec<String> {
    let ids: Vec<String> = (10..10 + pairs.len()).map(|id| id.to_string()).collect();
    let accounts: Vec<(&str, &str)> =
        ids.iter().zip(&pairs).map(|(id, (name, ..))| (id.as_str(), *name)).collect();
    let world = World::open(Settings::watching(&accounts)).await;
    for (id, (_, before, _)) in ids.iter().zip(&pairs) {
        world.main.set_answer(id, before.clone());
    }
    world.run().await;
    assert!(world.received().is_empty(), "the first check has nothing to compare with");
    for (id, (_, _, after)) in ids.iter().zip(pairs) {
        world.main.set_answer(id, after);
    }
    for _ in 0..2 {
        world.advance(minutes(15));
        world.run().await;
    }
    world.received()
}

#[tokio::test]
async fn each_kind_of_change_is_sent_once_with_before_and_after() {
    let plain = || healthy("1");
    let rows = [
        (
            plain(),
            plain().flag("supportVideo", false),
            "capability_lost warning studio-a supportVideo true>false",
        ),
        (
            plain(),
            plain().flag("supportVideo", None),
            "capability_lost warning studio-a supportVideo true>null",
        ),
        (
            plain().flag("supportAgent", false),
            plain().flag("supportAgent", true),
            "capability_gained info studio-a supportAgent false>true",
        ),
        (plain(), plain().flag("supportXyz", true), "capability_gained info studio-a supportXyz null>true"),
        (plain().flag("supportXyz", true), plain(), "capability_lost warning studio-a supportXyz true>null"),
        (plain().max_jobs(1), plain().max_jobs(3), "max_jobs_changed info studio-a maxJobs 1>3"),
        (plain().max_jobs(3), plain().max_jobs(2), "max_jobs_changed warning studio-a maxJobs 3>2"),
        (
            plain(),
            plain().host("minimax.io"),
            "host_changed info studio-a jwt.host \"hailuoai.video\">\"minimax.io\"",
        ),
        (
            plain().user_id("7"),
            plain().user_id("8"),
            "identity_changed warning studio-a jwt.user.id \"7\">\"8\"",
        ),
        (
            plain(),
            plain().end(start() + days(60)),
            "expiry_moved_back warning studio-a expires_at \"2027-01-30T08:00:00Z\">\"2026-12-31T08:00:00Z\"",
        ),
    ];
    let mut lines = rows.clone().map(|(_, _, line)| line);
    lines.sort_unstable();
    let pairs = rows.map(|(before, after, _)| ("studio-a", before, after));
    assert_eq!(received_after(pairs.to_vec()).await, [lines.join(" + ")]);
}

#[tokio::test]
async fn ignored_members_and_absent_values_are_not_changes() {
    let plain = || healthy("1");
    let rows = [
        ("a later expiry", plain(), plain().end(start() + days(120))),
        ("a browser's fingerprint", plain(), plain().plant("/jwt/searchParams", json!("uuid=other&unix=1"))),
        ("an avatar", plain(), plain().plant("/jwt/user/avatar", json!("https://other"))),
        ("a device", plain(), plain().plant("/jwt/user/deviceID", json!("987"))),
        ("a name", plain(), plain().plant("/jwt/user/name", json!("Somebody"))),
        ("a masked token", plain(), plain().plant("/jwt/token", json!("abc…secured…xzz"))),
        ("an unknown member", plain(), plain().plant("/jwt/user/phone", json!("123"))),
        ("a flag that is not a boolean", plain(), plain().plant("/supportEmail", json!("help@example.com"))),
        ("false that becomes absent", plain().flag("supportMusic", false), plain()),
        ("false that appears", plain(), plain().flag("supportMusic", false)),
        ("maxJobs becomes absent", plain().max_jobs(3), plain().max_jobs(None)),
        ("the host becomes absent", plain(), plain().host("")),
        ("the user becomes absent", plain(), plain().user_id(None)),
    ];
    assert_eq!(received_after(rows.to_vec()).await, Vec::<String>::new());
}

#[tokio::test]
async fn order_of_members_causes_no_change_and_no_new_snapshot() {
    let forwards = r#"{"account":"1","jwt":{"exp":1801468800.5,"host":"h"},"maxJobs":2,"supportChat":true,"supportVideo":true}"#;
    let backwards = r#"{"supportVideo":true,"supportChat":true,"maxJobs":2,"jwt":{"host":"h","exp":1801468800.5},"account":"1"}"#;
    let world = World::open(Settings::watching(STUDIO)).await;
    for text in [forwards, backwards, forwards] {
        world.main.set_answer("1", Reply::json(axum::http::StatusCode::OK, text));
        world.advance(minutes(15));
        world.run().await;
    }
    assert!(world.received().is_empty());
    let account = world.engine.store.watched().await.unwrap().remove(0).account;
    let snapshots = world.engine.store.snapshots(&account).await.unwrap();
    assert_eq!((snapshots.len(), snapshots[0].checks), (1, 3));
    assert_eq!(snapshots[0].last_seen_at - snapshots[0].first_seen_at, minutes(30));
}

#[tokio::test]
async fn change_is_compared_with_the_last_healthy_check_across_an_error() {
    let world = World::watching(STUDIO).await;
    world.run().await;
    world.main.put(healthy("1").max_jobs(5).error("On hold"));
    world.run().await;
    assert_eq!(world.received(), ["opened account_error critical studio-a"]);
    world.main.put(healthy("1").max_jobs(5));
    world.run().await;
    let message = body(&world.pager.deliveries()[0]);
    assert_eq!(message["type"], "alert.resolved");
    assert_eq!(
        world.received(),
        ["max_jobs_changed info studio-a maxJobs 1>5 + resolved account_error critical studio-a"]
    );
}

#[tokio::test]
async fn change_message_has_its_type_and_time() {
    let world = World::watching(STUDIO).await;
    world.run().await;
    world.main.put(healthy("1").max_jobs(2));
    world.advance(minutes(15));
    world.run().await;
    let message = body(&world.pager.deliveries()[0]);
    assert_eq!(message["type"], "account.changed");
    assert_eq!(message["data"]["summary"], "studio-a: maxJobs 1 → 2");
    assert_eq!(
        message["data"]["changes"][0],
        json!({
            "kind": "max_jobs_changed", "severity": "info", "subscription": "main",
            "account": {"id": "1", "name": "studio-a"}, "field": "maxJobs", "before": 1, "after": 2,
            "at": "2026-11-01T08:15:00Z",
        })
    );
}

#[tokio::test]
async fn receiver_added_later_does_not_get_old_changes() {
    let mut world = World::open(Settings::watching(STUDIO).receivers(&[])).await;
    world.all_healthy(STUDIO);
    world.run().await;
    world.main.put(healthy("1").max_jobs(2));
    world.run().await;
    world.reload(Settings::watching(STUDIO).receivers(&[PAGER])).await;
    world.run().await;
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn answer_that_differs_only_in_what_is_not_kept_is_no_change() {
    let world = World::open(Settings::watching(STUDIO)).await;
    for counter in 0..4 {
        world.main.set_answer("1", healthy("1").plant("/jwt/visits", json!(counter)));
        world.run().await;
        world.advance(minutes(15));
        // The same bytes once more.
        world.run().await;
        world.advance(minutes(15));
    }
    assert!(world.received().is_empty());
    let watched = world.engine.store.watched().await.unwrap();
    let snapshots = world.engine.store.snapshots(&watched[0].account).await.unwrap();
    let spans: Vec<_> =
        snapshots.iter().map(|kept| (kept.first_seen_at, kept.last_seen_at, kept.checks)).collect();
    assert_eq!(spans, [(start(), start() + minutes(7 * 15), 8)]);
}
