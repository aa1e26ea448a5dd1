//! Expiries that are missing, unreadable, sliding or jittering, as receivers and commands see them.

use chrono::TimeDelta;
use minimax_watch::report::Report;
use minimax_watch::simulator::Record;
use minimax_watch::store::Ack;
use serde_json::{Value, json};

use crate::heard::body;
use crate::world::{Settings, World, days, hours, minutes, seconds, start};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];

/// What the vendor may write where the expiry should be: (value, state, whether the text is quoted).
fn unusable() -> Vec<(Option<Value>, &'static str)> {
    vec![
        (None, "missing"),
        (Some(Value::Null), "missing"),
        (Some(json!("")), "missing"),
        (Some(json!("  ")), "missing"),
        (Some(json!("Invalid Date")), "unreadable"),
        (Some(json!("tomorrow")), "unreadable"),
        (Some(json!("03/04/2026 08:00:00")), "unreadable"),
        (Some(json!({"at": 1})), "unreadable"),
        (Some(json!([1, 2])), "unreadable"),
        (Some(json!(true)), "unreadable"),
        (Some(json!("\u{1b}[2J\u{7}\n".repeat(3_000))), "unreadable"),
        (Some(json!("x".repeat(10_000))), "unreadable"),
    ]
}

/// The account with its configured member planted as `value`.
fn planted(member: &str, other_end: TimeDelta, value: Option<Value>) -> Record {
    let other = Some(start() + other_end);
    let record = if member == "exp" {
        Record::new("1").exp_expire(other).exp(None)
    } else {
        Record::new("1").exp(other).exp_expire(None)
    };
    record.plant(&format!("/jwt/{member}"), value)
}

fn readable(member: &str, end: TimeDelta, other_end: TimeDelta) -> Record {
    let (end, other) = (Some(start() + end), Some(start() + other_end));
    match member {
        "exp" => Record::new("1").exp(end).exp_expire(other),
        _ => Record::new("1").exp(other).exp_expire(end),
    }
}

#[tokio::test]
async fn a_value_that_disappears_or_breaks_ends_no_alert_and_expired_is_sent_at_its_time() {
    for (source, member) in [("exp_Expire", "exp_Expire"), ("exp", "exp"), ("earliest", "exp_Expire")] {
        for (value, state) in unusable() {
            let shown = format!("{source} {:.60}", value.as_ref().map_or_else(String::new, Value::to_string));
            let settings = Settings::watching(STUDIO).expiry(&format!("source = \"{source}\""));
            let world = World::open(settings).await;
            world.main.put(readable(member, hours(12), days(22)));
            world.run().await;
            assert_eq!(world.heard(), ["opened expiry 1d critical studio-a"], "{shown}");
            for _ in 0..3 {
                world.advance(minutes(15));
                world.main.put(planted(member, days(22), value.clone()));
                world.run().await;
            }
            assert_eq!(world.heard(), [""; 0], "{shown}");
            let report =
                Report::of(&world.engine.store, &world.engine.config, None, world.now()).await.unwrap();
            let status = serde_json::to_value(&report).unwrap();
            let expiry = &status["accounts"][0]["expiries"][member];
            assert_eq!(
                (&expiry["state"], &expiry["at"]),
                (&json!(state), &json!("2026-11-01T20:00:00Z")),
                "{shown}"
            );
            assert_eq!(expiry["text"].is_string(), state == "unreadable", "{shown}: {expiry}");
            let text = expiry["text"].as_str().unwrap_or_default();
            assert!(text.chars().count() <= 200 && !text.contains(char::is_control), "{shown}: {text:?}");
            world.live_until(start() + hours(12)).await;
            let messages: Vec<_> = world.pager.deliveries().iter().map(body).collect();
            assert_eq!(
                world.heard_when(),
                [
                    (start() + hours(11), "escalated expiry 1h critical studio-a".to_owned()),
                    (start() + hours(12), "escalated expiry expired critical studio-a".to_owned()),
                ],
                "{shown}"
            );
            let detail = messages[1]["data"]["alerts"][0]["detail"].as_str().unwrap();
            let said = if state == "missing" { "is missing" } else { "cannot be read" };
            assert!(detail.contains(&format!("{member} {said}")), "{shown}: {detail}");
            assert!(!detail.contains(char::is_control) && detail.len() < 600, "{shown}: {detail}");
        }
    }
}

#[tokio::test]
async fn unambiguous_forms_of_one_moment_are_neither_news_nor_unreadable() {
    let world = World::open(Settings::watching(STUDIO)).await;
    world.main.put(readable("exp_Expire", days(2), days(22)));
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 3d warning studio-a"]);
    for form in [
        json!("Tue, 03 Nov 2026 08:00:00 GMT"),
        json!("2026-11-03 08:00:00 UTC"),
        json!("2026-11-03T08:00:00+00:00"),
        json!("2026-11-03T10:00:00.000+02:00"),
        json!("2026-11-03T08:00:00Z"),
        json!(1_793_692_800),
        json!(1_793_692_800_000_i64),
        json!("1793692800"),
    ] {
        world.advance(minutes(15));
        world.main.put(planted("exp_Expire", days(22), Some(form.clone())));
        world.run().await;
        assert_eq!(world.heard(), [""; 0], "{form}");
        let report = Report::of(&world.engine.store, &world.engine.config, None, world.now()).await.unwrap();
        let status = serde_json::to_value(&report).unwrap();
        let expiry = &status["accounts"][0]["expiries"]["exp_Expire"];
        assert_eq!(expiry["state"], "read", "{form}");
        assert_eq!(expiry["at"], "2026-11-03T08:00:00Z", "{form}");
    }
}

#[tokio::test]
async fn only_a_renewal_of_the_other_source_replaces_and_a_value_seen_before_reopens_its_alert() {
    let world = World::open(Settings::watching(STUDIO)).await;
    world.main.put(readable("exp_Expire", hours(12), days(22)));
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 1d critical studio-a"]);
    let id = world.firing().await[0].id.clone();
    // The other moves, by less than an hour: jitter.
    world.main.put(planted("exp_Expire", days(22) + minutes(59), None));
    world.run().await;
    assert_eq!(world.heard(), [""; 0]);
    // An hour later than when the configured one was last readable, and beyond every lead time: a renewal.
    world.main.put(planted("exp_Expire", days(22) + hours(1), None));
    world.run().await;
    assert_eq!(world.heard(), ["resolved expiry 1d critical studio-a"]);
    // The configured one is readable again: it alone counts, and it says what it said before.
    world.main.put(readable("exp_Expire", hours(12), days(22) + hours(1)));
    world.run().await;
    assert_eq!(world.heard(), ["repeated expiry 1d critical studio-a"]);
    assert_eq!(world.firing().await[0].id, id, "the same alert");
}

#[tokio::test]
async fn a_renewal_that_stays_within_a_lead_time_does_not_replace() {
    let world = World::open(Settings::watching(STUDIO)).await;
    world.main.put(readable("exp_Expire", hours(12), days(2)));
    world.run().await;
    assert_eq!(world.heard(), ["opened expiry 1d critical studio-a"]);
    world.main.put(planted("exp_Expire", days(6), None));
    world.run().await;
    assert_eq!(world.heard(), [""; 0]);
}

#[tokio::test]
async fn a_sliding_expiry_is_one_message() {
    let world = World::open(Settings::watching(STUDIO)).await;
    for run in 0..12 {
        world.main.put(Record::ending("1", world.now() + days(6)));
        world.run().await;
        let expected: &[&str] = if run == 0 { &["opened expiry 7d warning studio-a"] } else { &[] };
        assert_eq!(world.heard(), expected, "run {run}");
        world.advance(minutes(15));
    }
    let firing = world.firing().await;
    assert_eq!(firing[0].condition.expires_at, Some(world.now() - minutes(15) + days(6)), "it follows");
}

#[tokio::test]
async fn an_acknowledgement_survives_an_expiry_that_jitters() {
    for jitter in [seconds(61), -seconds(61), minutes(59), -minutes(59)] {
        let world = World::open(Settings::watching(STUDIO).alerts("repeat_every = \"24h\"")).await;
        let end = start() + days(5);
        world.main.put(Record::ending("1", end));
        world.run().await;
        world.heard();
        let alert = world.firing().await.remove(0);
        let mut writer = world.engine.store.write().await.unwrap();
        writer.ack(&alert.id, &Ack { at: world.now(), reason: String::new() }).await.unwrap();
        writer.commit().await.unwrap();
        for run in 1..=6 {
            world.advance(minutes(15));
            world.main.put(Record::ending("1", if run % 2 == 1 { end + jitter } else { end }));
            world.run().await;
        }
        assert_eq!(world.heard(), [""; 0], "{jitter}");
        assert_eq!(world.firing().await[0].id, alert.id, "{jitter}");
        assert!(world.engine.store.acks().await.unwrap().contains_key(&alert.id), "{jitter}");
        world.live_until(start() + days(1) + hours(12)).await;
        assert_eq!(world.heard(), [""; 0], "{jitter}: no reminder");
    }
}

#[tokio::test]
async fn a_step_back_of_an_hour_is_news_and_a_shorter_one_is_not() {
    let at = |line: &str| line.split('"').map(str::to_owned).collect::<Vec<_>>();
    for (back, is_news) in [(seconds(1), false), (minutes(59) + seconds(59), false), (hours(1), true)] {
        let world = World::open(Settings::watching(STUDIO)).await;
        world.main.put(Record::ending("1", start() + days(20)));
        world.run().await;
        world.main.put(Record::ending("1", start() + days(20) - back));
        world.run().await;
        let heard = world.heard();
        assert_eq!(heard.len(), usize::from(is_news), "{back}: {heard:?}");
        for line in heard {
            let moments = at(&line);
            assert_ne!(moments[1], moments[3], "{line}");
        }
    }
}

#[tokio::test]
async fn no_healthy_answer_with_an_unreadable_expiry_is_called_absent() {
    let world = World::open(Settings::watching(STUDIO)).await;
    world
        .main
        .put(Record::new("1").exp(None).exp_expire(None).plant("/jwt/exp_Expire", json!("Invalid Date")));
    world.run().await;
    let detail = body(&world.pager.deliveries()[0])["data"]["alerts"][0]["detail"].to_string();
    assert_eq!(world.heard(), ["opened expiry_unknown warning studio-a"]);
    assert!(detail.contains("exp_Expire cannot be read") && detail.contains("Invalid Date"), "{detail}");
}
