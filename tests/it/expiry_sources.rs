//! Expiries that the vendor omits, garbles or moves: no alert resolves without a renewal, and nothing is sent without a change.

use minimax_watch::report::Report;
use minimax_watch::store::Ack;
use serde_json::{Value, json};

use crate::received::body;
use crate::simulator::Record;
use crate::world::{Settings, World, days, hours, minutes, seconds, start};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];
const OPENED: &str = "opened expiry 1d critical studio-a";

/// The configured source, its JSON pointer, and the other source.
const MEMBERS: [(&str, &str, &str); 2] =
    [("exp_Expire", "/jwt/exp_Expire", "exp"), ("exp", "/jwt/exp", "exp_Expire")];

/// The configured expiry is in 12 hours, the other in 22 days.
fn contradictory(source: &str) -> Record {
    let (near, far) = (Some(start() + hours(12)), Some(start() + days(22)));
    match source {
        "exp" => Record::new("1").exp(near).exp_expire(far),
        _ => Record::new("1").exp_expire(near).exp(far),
    }
}

async fn status(world: &World) -> Value {
    let report = Report::load(&world.engine.store, &world.engine.config, None, world.now()).await.unwrap();
    serde_json::to_value(report).unwrap()
}

/// Values that hold no time: as JSON, with the reported state and the beginning of the quoted text.
fn unusable() -> Vec<(Option<Value>, &'static str, Option<&'static str>)> {
    vec![
        (None, "missing", None),
        (Some(Value::Null), "missing", None),
        (Some(json!("")), "missing", None),
        (Some(json!("Invalid Date")), "unreadable", Some("Invalid Date")),
        (Some(json!("NaN")), "unreadable", Some("NaN")),
        (Some(json!("11/12/2026 06:18")), "unreadable", Some("11/12/2026")),
        (Some(json!("x".repeat(10_000))), "unreadable", Some("xxxx")),
        (Some(json!("\u{1b}[31msoon\u{7}\n\u{0}")), "unreadable", None),
        (Some(json!("\u{202e}noos")), "unreadable", None),
        (Some(json!({"seconds": {"value": 1_795_933_082}})), "unreadable", None),
        (Some(json!([1_795_933_082])), "unreadable", None),
        (Some(json!(true)), "unreadable", None),
        (Some(json!(-1)), "unreadable", None),
        (Some(json!(1e300)), "unreadable", None),
    ]
}

#[tokio::test]
async fn unusable_expiry_resolves_nothing_and_is_reported_with_its_state() {
    for ((source, pointer, other), wanted) in
        [(MEMBERS[0], "exp_Expire"), (MEMBERS[1], "exp"), (MEMBERS[0], "earliest")]
    {
        for (value, state, quoted) in unusable() {
            let case = format!("{wanted} {value:?}").chars().take(80).collect::<String>();
            let world = World::open(Settings::watching(STUDIO).expiry(&format!("source = {wanted:?}"))).await;
            world.main.put(contradictory(source));
            world.run().await;
            assert_eq!(world.received(), [OPENED], "{case}");
            world.main.put(contradictory(source).plant(pointer, value));
            for _ in 0..3 {
                world.advance(minutes(15));
                world.run().await;
            }
            assert!(world.received().is_empty(), "{case}");
            let report = status(&world).await;
            let account = &report["accounts"][0];
            let (mine, others) = (&account["expiries"][source], &account["expiries"][other]);
            assert_eq!((&mine["state"], &others["state"]), (&json!(state), &json!("read")), "{case}");
            assert_eq!(account["expires_at"], "2026-11-01T20:00:00Z", "{case}");
            assert_eq!(
                (&mine["at"], &mine["seen_at"]),
                (&json!("2026-11-01T20:00:00Z"), &json!("2026-11-01T08:00:00Z")),
                "{case}"
            );
            let text = mine["text"].as_str().unwrap_or_default();
            assert_eq!(text.is_empty(), state == "missing", "{case}: {text:?}");
            assert!(text.starts_with(quoted.unwrap_or_default()), "{case}: {text:?}");
            assert!(text.chars().count() <= 200, "{case}: {} characters", text.chars().count());
            // The next message about the alert says so too.
            world.live_until(start() + hours(11)).await;
            let messages = world.pager.deliveries();
            let message = body(messages.first().unwrap());
            let detail = message["data"]["alerts"][0]["detail"].as_str().unwrap();
            let words = if state == "missing" { "is missing" } else { "cannot be read" };
            assert!(detail.contains(&format!("{source} {words}")), "{case}: {detail}");
            let hostile = |letter: char| letter.is_control() || letter == '\u{202e}';
            assert!(!detail.contains(hostile) && detail.chars().count() < 700, "{case}: {detail}");
            assert_eq!(world.received(), ["escalated expiry 1h critical studio-a"], "{case}");
        }
    }
}

#[tokio::test]
async fn another_readable_form_of_the_same_time_changes_nothing() {
    for (_, pointer, _) in MEMBERS {
        let source = pointer.trim_start_matches("/jwt/");
        let world = World::open(Settings::watching(STUDIO).expiry(&format!("source = {source:?}"))).await;
        world.main.put(contradictory(source));
        world.run().await;
        assert_eq!(world.received(), [OPENED]);
        for form in [
            json!("Sun, 01 Nov 2026 20:00:00 GMT"),
            json!("2026-11-01 20:00:00 UTC"),
            json!("2026-11-01 20:00:00"),
            json!("2026-11-01T21:00:00+01:00"),
            json!(1_793_563_200),
            json!(1_793_563_200_000_i64),
            json!("1793563200"),
        ] {
            world.advance(minutes(15));
            world.main.put(contradictory(source).plant(pointer, form.clone()));
            world.run().await;
            assert!(world.received().is_empty(), "{source} {form}");
            let report = status(&world).await;
            let expiry = &report["accounts"][0]["expiries"][source];
            assert_eq!(
                (&expiry["state"], &expiry["at"]),
                (&json!("read"), &json!("2026-11-01T20:00:00Z")),
                "{form}"
            );
        }
    }
}

#[tokio::test]
async fn other_source_resolves_only_by_a_renewal_and_a_returning_value_reopens() {
    let world = World::open(Settings::watching(STUDIO)).await;
    let missing = |other| Record::new("1").exp_expire(None).exp(Some(other));
    world.main.put(contradictory("exp_Expire"));
    world.run().await;
    assert_eq!(world.received(), [OPENED]);
    let id = world.firing().await[0].id.clone();
    for (later, received) in
        [(minutes(0), &[][..]), (minutes(59), &[]), (minutes(60), &["resolved expiry 1d critical studio-a"])]
    {
        world.advance(minutes(15));
        world.main.put(missing(start() + days(22) + later));
        world.run().await;
        assert_eq!(world.received(), received, "{later}");
    }
    world.advance(minutes(15));
    world.main.put(contradictory("exp_Expire"));
    world.run().await;
    assert_eq!(world.firing().await[0].id, id, "the same alert");
    world.received();
    // It alone counts, whatever the other shows.
    world.advance(minutes(15));
    world.main.put(Record::new("1").exp_expire(Some(start() + days(29))).exp(Some(start() + hours(3))));
    world.run().await;
    assert_eq!(world.received(), ["resolved expiry 1d critical studio-a"]);
    assert!(world.firing().await.is_empty());
}

#[tokio::test]
async fn earlier_value_of_the_other_source_counts_while_the_configured_one_is_missing() {
    let world = World::open(Settings::watching(STUDIO)).await;
    world.main.put(Record::new("1").exp_expire(Some(start() + days(20))).exp(Some(start() + days(21))));
    world.run().await;
    world.main.put(Record::new("1").exp_expire(None).exp(Some(start() + hours(12))));
    world.run().await;
    let received = world.received().concat();
    assert!(received.contains(OPENED), "{received}");
}

#[tokio::test]
async fn a_sliding_expiry_is_one_message() {
    let world = World::open(Settings::watching(STUDIO)).await;
    for _ in 0..12 {
        world.main.put(Record::ending("1", world.now() + days(6)));
        world.run().await;
        world.advance(minutes(15));
    }
    assert_eq!(world.received(), ["opened expiry 7d warning studio-a"]);
    assert_eq!(world.firing().await.len(), 1);
}

#[tokio::test]
async fn an_acknowledged_alert_stays_acknowledged_while_its_expiry_moves() {
    let world = World::open(Settings::watching(STUDIO).alerts("repeat_every = \"24h\"")).await;
    let end = start() + days(2);
    world.main.put(Record::ending("1", end));
    world.run().await;
    assert_eq!(world.received(), ["opened expiry 3d warning studio-a"]);
    let alert = world.firing().await.remove(0);
    let mut writer = world.engine.store.write().await.unwrap();
    writer.ack(&alert.id, &Ack { at: world.now(), reason: String::new() }).await.unwrap();
    writer.commit().await.unwrap();
    for by in [61, -61, 3_599, -3_599, 3_600, 0, 3_600, 61, 3_600, 7_200] {
        world.advance(minutes(15));
        world.main.put(Record::ending("1", end + seconds(by)));
        world.run().await;
        let received: Vec<String> =
            world.received().into_iter().filter(|line| !line.starts_with("expiry_moved_back ")).collect();
        assert!(received.is_empty(), "{by}: {received:?}");
        let firing = world.firing().await;
        assert_eq!((firing.len(), &firing[0].id), (1, &alert.id), "{by}");
        assert!(world.engine.store.acks().await.unwrap().contains_key(&alert.id), "{by}");
    }
}

#[tokio::test]
async fn expiry_moved_back_is_sent_from_an_hour_on_with_two_different_times() {
    for (back, is_news) in [(1, false), (61, false), (3_599, false), (3_600, true), (3_601, true)] {
        let world = World::open(Settings::watching(STUDIO)).await;
        let end = start() + days(20);
        world.main.put(Record::ending("1", end));
        world.run().await;
        for _ in 0..3 {
            world.advance(minutes(15));
            world.main.put(Record::ending("1", end - seconds(back)));
            world.run().await;
        }
        let messages = world.pager.deliveries();
        assert_eq!(messages.len(), usize::from(is_news), "{back}");
        if let Some(message) = messages.first() {
            let message = body(message);
            let change = &message["data"]["changes"][0];
            let minute = |time: &Value| time.as_str().unwrap()[..16].to_owned();
            assert_ne!(minute(&change["before"]), minute(&change["after"]), "{message}");
        }
    }
}

#[tokio::test]
async fn later_value_of_the_other_source_within_a_lead_time_is_not_a_renewal() {
    let world = World::open(Settings::watching(STUDIO)).await;
    world.main.put(Record::new("1").exp_expire(Some(start() + hours(12))).exp(Some(start() + days(2))));
    world.run().await;
    assert_eq!(world.received(), [OPENED]);
    world.main.put(Record::new("1").exp_expire(None).exp(Some(start() + days(6))));
    world.run().await;
    assert_eq!(world.received(), [""; 0]);
}

#[tokio::test]
async fn expiry_unknown_quotes_what_cannot_be_read() {
    let world = World::open(Settings::watching(STUDIO)).await;
    world
        .main
        .put(Record::new("1").exp(None).exp_expire(None).plant("/jwt/exp_Expire", json!("Invalid Date")));
    world.run().await;
    let detail = body(&world.pager.deliveries()[0])["data"]["alerts"][0]["detail"].to_string();
    assert_eq!(world.received(), ["opened expiry_unknown warning studio-a"]);
    assert!(detail.contains("exp_Expire cannot be read") && detail.contains("Invalid Date"), "{detail}");
}
