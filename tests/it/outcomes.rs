//! Every answer of the vendor, from the check to the messages and to the resolution.

use std::io::Write;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_ENCODING, HeaderValue, LOCATION};
use flate2::Compression;
use flate2::write::GzEncoder;
use minimax_watch::domain::alerts::AlertKind;
use minimax_watch::domain::observation::Outcome;
use minimax_watch::domain::overdue::Overdue;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::domain::verdict::Verdict;
use minimax_watch::engine::Engine;
use minimax_watch::report::{Health, Report};
use serde_json::{Value, json};

use crate::received::{array, body};
use crate::simulator::{Answer, ErrorBody, LapsedBody, NotFoundBody, Refusal, Reply, RetryAfter};
use crate::world::{MAIL, PAGER, Settings, World, healthy, minutes, seconds, start};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];

/// One bad answer and the messages that it leads to.
struct Row {
    answer: Answer,
    /// The line that the pager gets, without its reason.
    line: &'static str,
    subject: &'static str,
    /// The detail of the opened alert.
    detail: &'static str,
}

/// A healthy account, a pager and a mail receiver.
async fn healthy_world() -> World {
    let world = World::open(Settings::watching(STUDIO).receivers(&[PAGER, MAIL])).await;
    world.all_healthy(STUDIO);
    world.run().await;
    world
}

/// Asserts that the answer is sent once and resolved once. The world is healthy before and after.
async fn assert_sent_once_and_resolved(world: &World, row: Row) {
    let Row { answer, line, subject, detail } = row;
    assert!(
        world.received().is_empty() && world.received_mail().is_empty(),
        "something was sent before: {detail}"
    );

    world.main.set_answer("1", answer);
    world.advance(minutes(15));
    world.run().await;
    let opened = body(&world.pager.deliveries()[0]);
    assert_eq!(opened["type"], "alert.firing");
    assert_eq!(opened["data"]["alerts"][0]["detail"], detail);
    assert_eq!(opened["data"]["severity"], opened["data"]["alerts"][0]["severity"]);
    assert_eq!(world.received(), [format!("opened {line}")], "{detail}");
    let tag = opened["data"]["severity"].as_str().unwrap().to_uppercase();
    assert_eq!(world.received_mail(), [format!("[{tag}] {subject}")]);

    world.advance(minutes(15));
    world.run().await;
    assert!(world.received().is_empty() && world.received_mail().is_empty(), "sent twice: {detail}");

    world.main.put(healthy("1"));
    world.advance(minutes(15));
    world.run().await;
    let ended = body(&world.pager.deliveries()[0]);
    assert_eq!(ended["type"], "alert.resolved");
    assert_eq!(ended["data"]["alerts"][0]["id"], opened["data"]["alerts"][0]["id"]);
    assert_eq!(ended["data"]["alerts"][0]["opened_at"], opened["data"]["alerts"][0]["opened_at"]);
    assert_eq!(world.received(), [format!("resolved {line}")], "{detail}");
    let subjects = world.received_mail();
    assert!(subjects.len() == 1 && subjects[0].starts_with("[RESOLVED] "), "{subjects:?}");

    world.advance(minutes(15));
    world.run().await;
    assert!(world.received().is_empty() && world.received_mail().is_empty(), "resolved twice: {detail}");
}

#[tokio::test]
async fn unauthorized_in_either_form_is_about_the_subscription() {
    let world = healthy_world().await;
    for form in [Refusal::WithCode, Refusal::WithoutCode] {
        assert_sent_once_and_resolved(
            &world,
            Row {
                answer: Answer::unauthorized(form),
                line: "unauthorized critical main(1)",
                subject: "main: useapi.net refuses the API token (401)",
                detail: "useapi.net refuses the API token: 401 Unauthorized. Accounts: studio-a.",
            },
        )
        .await;
    }
}

#[tokio::test]
async fn payment_required_with_either_text_is_a_lapsed_plan() {
    let world = healthy_world().await;
    let line = "subscription_lapsed critical main(1)";
    let subject = "main: the useapi.net subscription has lapsed";
    for (text, detail) in [
        (
            LapsedBody::Expired,
            "useapi.net reports that the subscription has lapsed: 402 Payment Required: Subscription expired. \
             Renew your subscription to continue. Accounts: studio-a.",
        ),
        (
            LapsedBody::NotIncluded,
            "useapi.net reports that the subscription has lapsed: 402 Payment Required: Your subscription does not \
             include MiniMax API. Accounts: studio-a.",
        ),
    ] {
        assert_sent_once_and_resolved(&world, Row { answer: Answer::lapsed(text), line, subject, detail })
            .await;
    }
}

#[tokio::test]
async fn not_found_in_any_form_is_a_missing_account() {
    let world = healthy_world().await;
    let line = "not_found critical studio-a";
    let subject = "studio-a: useapi.net knows no such account (404)";
    let sentence = "useapi.net has no configuration for this account: 404 Not Found: Configuration not found. \
                    To create configuration use POST /accounts.";
    for (form, detail) in [
        (NotFoundBody::Sentence, sentence),
        (NotFoundBody::Json, sentence),
        (
            NotFoundBody::Empty,
            "useapi.net has no configuration for this account: 404 Not Found: an empty body.",
        ),
    ] {
        assert_sent_once_and_resolved(&world, Row { answer: Answer::not_found(form), line, subject, detail })
            .await;
    }
}

#[tokio::test]
async fn error_member_or_status_596_is_an_account_error() {
    let world = healthy_world().await;
    let line = "account_error critical studio-a";
    let subject = "studio-a: useapi.net reports the MiniMax account in error";
    for (answer, detail) in [
        (
            healthy("1").error("Session expired.").into(),
            "useapi.net reports that the linked MiniMax account is in error: Session expired.",
        ),
        (
            healthy("1").plant("/error", json!({"code": 7, "message": "Account on hold"})).into(),
            "useapi.net reports that the linked MiniMax account is in error: Account on hold.",
        ),
        (
            Answer::account_error("Account is pending"),
            "useapi.net reports that the linked MiniMax account is in error: 596: Account is pending.",
        ),
    ] {
        assert_sent_once_and_resolved(&world, Row { answer, line, subject, detail }).await;
    }
}

#[tokio::test]
async fn unreadable_answer_is_malformed() {
    let world = healthy_world().await;
    let line = "malformed warning main(1)";
    let subject = "main: useapi.net's answers cannot be read";
    let redirect =
        Reply::status(StatusCode::FOUND).header(LOCATION, HeaderValue::from_static("http://127.0.0.1:1/"));
    for (answer, why) in [
        (Answer::not_json(), "not valid JSON (content type application/json), 41 bytes"),
        (
            ok_json(&json!([healthy("1").to_json(start(), 0)])).into(),
            "JSON, but an array where a configuration should be",
        ),
        (ok_json(&json!({"account": "a".repeat(2 << 20)})).into(), "a body larger than 1,048,576 bytes"),
        (
            Reply::json(StatusCode::OK, r#"{"account":"#.repeat(512)).endless().into(),
            "a body larger than 1,048,576 bytes",
        ),
        (gzipped(&vec![b'a'; 64 << 20]).into(), "a body larger than 1,048,576 bytes"),
        (redirect.into(), "302 Found: redirects are not followed"),
        (Reply::status(StatusCode::NO_CONTENT).into(), "204 No Content: an empty body"),
        (Reply::json(StatusCode::OK, "{}").into(), "holds no account configuration"),
    ] {
        let detail = format!("useapi.net answers in a form that cannot be read: {why}. Accounts: studio-a.");
        assert_sent_once_and_resolved(
            &world,
            Row { answer, line, subject, detail: Box::leak(detail.into_boxed_str()) },
        )
        .await;
    }
}

fn ok_json(json: &Value) -> Reply {
    Reply::json(StatusCode::OK, json.to_string())
}

fn gzipped(body: &[u8]) -> Reply {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    Reply::json(StatusCode::OK, encoder.finish().unwrap())
        .header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
}

/// Answers that are inconclusive.
fn inconclusive_answers(now: Timestamp) -> Vec<Answer> {
    let mut answers = vec![
        Answer::rate_limited(RetryAfter::Seconds(30)),
        Answer::rate_limited(RetryAfter::Date(now + seconds(30))),
        Answer::rate_limited_until(now + seconds(30)),
        Answer::blocked(),
        Answer::close(),
        ok_json(&healthy("1").to_json(now, 0)).cut_after(100).into(),
    ];
    for status in [500, 502, 503, 504, 520] {
        let status = StatusCode::from_u16(status).unwrap();
        answers.extend([ErrorBody::Json, ErrorBody::Html].map(|page| Answer::unavailable(status, page)));
    }
    answers
}

/// A world with one account for each of `answers`; each was healthy before.
async fn world_with_answers(answers: &[Answer]) -> (World, Vec<String>) {
    let ids: Vec<String> = (10..10 + answers.len()).map(|id| id.to_string()).collect();
    let accounts: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
    let world = World::watching(&accounts).await;
    world.run().await;
    for (id, answer) in ids.iter().zip(answers) {
        world.main.set_answer(id, answer.clone());
    }
    (world, ids)
}

#[tokio::test]
async fn inconclusive_checks_change_nothing_and_send_nothing_for_an_hour() {
    let (world, ids) = world_with_answers(&inconclusive_answers(start())).await;
    let before = world.engine.store.watched().await.unwrap();
    world.run_every(minutes(15), start() + minutes(60)).await;
    assert!(world.received().is_empty());
    for (before, now) in before.iter().zip(world.engine.store.watched().await.unwrap()) {
        assert_eq!(now.configuration, before.configuration);
        assert_eq!(now.account_state.expires_at, before.account_state.expires_at);
        assert_eq!(now.account_state.last_conclusive_at, Some(start()), "{:?}", now.account_state);
        assert_eq!(now.account_state.unreachable_since, Some(start() + minutes(15)));
        assert_eq!(world.engine.store.snapshots(&now.account).await.unwrap()[0].last_seen_at, start());
    }
    // The first inconclusive check was a quarter of an hour after the start.
    world.run_every(minutes(15), start() + minutes(76)).await;
    assert_eq!(world.received(), ["opened unreachable warning main(16)"]);
    for id in &ids {
        world.main.put(healthy(id));
    }
    // Three of the answers ask for a pause of half a minute.
    world.advance(minutes(1));
    world.run().await;
    assert_eq!(world.received(), ["resolved unreachable warning main(16)"]);
}

#[tokio::test]
async fn forbidden_resolves_nothing_and_the_unreachable_alert_gives_advice() {
    let world = healthy_world().await;
    world.main.set_answer("1", Answer::not_found(NotFoundBody::Json));
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
    world.received_mail();
    let began = world.now();
    world.main.set_all(Some(Answer::blocked()));
    world.run_every(minutes(15), began + minutes(75)).await;
    let opened = body(&world.pager.deliveries()[0]);
    let detail = array(&opened["data"]["alerts"])[0]["detail"].as_str().unwrap();
    assert!(
        detail.ends_with(
            ": 403 Forbidden: Access denied | api.useapi.net used Cloudflare to restrict access; the protection in front of \
             useapi.net refuses this client (IP address or user agent), not the account. Accounts: studio-a."
        ),
        "{detail}"
    );
    let mail = world.mailbox.mails().pop().unwrap().text();
    assert!(mail.contains("1010") && mail.contains("another network"), "{mail}");
    assert_eq!(world.received(), ["opened unreachable warning main(1)"]);
    let known = world.engine.store.watched().await.unwrap().remove(0).account_state;
    assert_eq!(known.outcome, Some(Outcome::Blocked));
    // The account is still missing: a 403 says nothing about it.
    world.received_mail();
    world.main.set_all(None);
    world.run().await;
    assert_eq!(world.received(), ["resolved unreachable warning main(1)"]);
    let firing: Vec<_> = world.firing().await.iter().map(|alert| alert.condition.kind).collect();
    assert_eq!(firing, [AlertKind::NotFound]);
}

#[tokio::test]
async fn account_error_with_a_broken_text_is_still_an_account_error() {
    let world = healthy_world().await;
    let line = "account_error critical studio-a";
    let subject = "studio-a: useapi.net reports the MiniMax account in error";
    for said in [&br"\ud83d"[..], b"\x01", b"\xff", br"\x"] {
        let json =
            [&br#"{"account":"1","error":"Session of "#[..], said, br#" is over","maxJobs":2}"#].concat();
        let detail = if said == br"\x" { "\u{fffd}x" } else { "\u{fffd}" };
        let detail = format!(
            "useapi.net reports that the linked MiniMax account is in error: Session of {detail} is over."
        );
        let detail = Box::leak(detail.into_boxed_str());
        let answer = Reply::json(StatusCode::OK, json).into();
        assert_sent_once_and_resolved(&world, Row { answer, line, subject, detail }).await;
    }
}

#[tokio::test]
async fn every_answer_with_a_configuration_is_healthy() {
    let (world, _) = world_with_answers(&[
        healthy("10").into(),
        gzipped(healthy("11").to_json(start(), 0).to_string().as_bytes()).into(),
        healthy("12").error("").into(),
        healthy("13").plant("/error", serde_json::Value::Null).into(),
        healthy("14").plant("/somethingNew", serde_json::json!({"deep": [1, 2]})).into(),
    ])
    .await;
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok, pass.next_recheck.is_some()), (5, 5, false));
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn fault_that_is_not_confirmed_raises_no_alert() {
    let world = World::watching(STUDIO).await;
    world.run().await;
    for answer in [
        Answer::unauthorized(Refusal::WithCode),
        Answer::lapsed(LapsedBody::Expired),
        Answer::not_found(NotFoundBody::Empty),
        Answer::account_error("x"),
        Answer::not_json(),
    ] {
        world.main.next("1", answer);
        world.advance(minutes(15));
        world.run().await;
    }
    assert!(world.received().is_empty());
    assert!(world.firing().await.is_empty());
    // Each of the five had a confirmation check ten seconds later.
    let asked: Vec<_> = world.api.requests_for("1").iter().map(|request| request.at).collect();
    assert_eq!(asked.len(), 11);
    assert_eq!(asked[2] - asked[1], seconds(10));
}

#[tokio::test]
async fn without_confirm_after_a_fault_raises_an_alert_at_once() {
    let world =
        World::open(Settings::watching(STUDIO).alerts("confirm_after = \"0s\"\nrepeat_every = \"0s\"")).await;
    world.run().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
    assert_eq!(world.api.requests_for("1").len(), 1);
}

#[tokio::test]
async fn healthy_answer_without_an_expiry_keeps_the_last_known_expiry() {
    let world = World::watching(STUDIO).await;
    world.run().await;
    world.main.put(healthy("1").exp(None).exp_expire(None));
    world.run().await;
    assert!(world.received().is_empty(), "the expiry seen before still counts");
    world.live_until(start() + crate::world::days(84)).await;
    assert_eq!(world.received(), ["opened expiry 7d warning studio-a"]);
}

#[tokio::test]
async fn runs_that_never_finish_are_overdue() {
    let world = World::open(Settings::watching(STUDIO)).await;
    world.all_healthy(STUDIO);
    let Engine { store, config, .. } = &world.engine;
    // As if the service was killed in the run.
    let begin = async || {
        let mut writer = store.write().await.unwrap();
        writer.begin_run(world.now()).await.unwrap();
        writer.commit().await.unwrap();
    };
    begin().await;
    let first = Report::last_known(store, config, None, world.now()).await.unwrap();
    assert_eq!((first.verdict, first.overdue), (Verdict::Unknown, None));
    world.run().await;
    for _ in 0..3 {
        world.advance(minutes(15));
        begin().await;
    }
    let report = Report::last_known(store, config, None, world.now()).await.unwrap();
    assert_eq!(
        (report.verdict, report.overdue),
        (Verdict::Unknown, report.last_finished_at.map(Overdue::Since))
    );
    let health = Health::load(store, config, world.now()).await.unwrap();
    assert!(!health.healthy);
    world.run().await;
    let report = Report::last_known(store, config, None, world.now()).await.unwrap();
    assert_eq!((report.verdict, report.overdue), (Verdict::Ok, None));
}
