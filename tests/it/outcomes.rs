//! Every row of the vendor's answers, through to the message and back to peace.

use axum::http::StatusCode;
use minimax_watch::domain::alert::AlertKind;
use minimax_watch::domain::observation::Outcome;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::{Answer, Lapse, Missing, Page, Refusal, Reply, RetryAfter};

use crate::heard::{array, body};
use crate::world::{MAIL, PAGER, Settings, World, healthy, minutes, seconds, start};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];

/// What one bad answer leads to.
struct Row {
    answer: Answer,
    /// The pager's line without its reason.
    line: &'static str,
    subject: &'static str,
    /// The detail as it opens.
    detail: &'static str,
}

/// A healthy account, a pager and a mailbox.
async fn peace() -> World {
    let world = World::open(Settings::watching(STUDIO).receivers(&[PAGER, MAIL])).await;
    world.all_healthy(STUDIO);
    world.run().await;
    world
}

/// Begins in peace and ends in peace.
async fn tells_once_and_ends(world: &World, row: Row) {
    let Row { answer, line, subject, detail } = row;
    assert!(world.heard().is_empty() && world.mailed().is_empty(), "all is well before {detail}");

    world.main.set("1", answer);
    world.advance(minutes(15));
    world.run().await;
    let opened = body(&world.pager.deliveries()[0]);
    assert_eq!(opened["type"], "alert.firing");
    assert_eq!(opened["data"]["alerts"][0]["detail"], detail);
    assert_eq!(opened["data"]["severity"], opened["data"]["alerts"][0]["severity"]);
    assert_eq!(world.heard(), [format!("opened {line}")], "{detail}");
    let tag = opened["data"]["severity"].as_str().unwrap().to_uppercase();
    assert_eq!(world.mailed(), [format!("[{tag}] {subject}")]);

    world.advance(minutes(15));
    world.run().await;
    assert!(world.heard().is_empty() && world.mailed().is_empty(), "told twice: {detail}");

    world.main.put(healthy("1"));
    world.advance(minutes(15));
    world.run().await;
    let ended = body(&world.pager.deliveries()[0]);
    assert_eq!(ended["type"], "alert.resolved");
    assert_eq!(ended["data"]["alerts"][0]["id"], opened["data"]["alerts"][0]["id"]);
    assert_eq!(ended["data"]["alerts"][0]["opened_at"], opened["data"]["alerts"][0]["opened_at"]);
    assert_eq!(world.heard(), [format!("resolved {line}")], "{detail}");
    let subjects = world.mailed();
    assert!(subjects.len() == 1 && subjects[0].starts_with("[RESOLVED] "), "{subjects:?}");

    world.advance(minutes(15));
    world.run().await;
    assert!(world.heard().is_empty() && world.mailed().is_empty(), "ended twice: {detail}");
}

#[tokio::test]
async fn a_401_in_either_form_is_about_the_subscription() {
    let world = peace().await;
    for form in [Refusal::WithCode, Refusal::WithoutCode] {
        tells_once_and_ends(
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
async fn a_402_in_either_text_is_a_lapsed_plan() {
    let world = peace().await;
    let line = "subscription_lapsed critical main(1)";
    let subject = "main: the useapi.net subscription has lapsed (402)";
    for (text, detail) in [
        (
            Lapse::Expired,
            "useapi.net says that the subscription lapsed: 402 Payment Required: Subscription expired. \
             Renew your subscription to continue. Accounts: studio-a.",
        ),
        (
            Lapse::NotIncluded,
            "useapi.net says that the subscription lapsed: 402 Payment Required: Your subscription does not \
             include MiniMax API. Accounts: studio-a.",
        ),
    ] {
        tells_once_and_ends(&world, Row { answer: Answer::lapsed(text), line, subject, detail }).await;
    }
}

#[tokio::test]
async fn a_404_in_any_form_is_a_missing_account() {
    let world = peace().await;
    let line = "not_found critical studio-a";
    let subject = "studio-a: useapi.net knows no such account (404)";
    let sentence = "useapi.net has no configuration for this account: 404 Not Found: Configuration not found. \
                    To create configuration use POST /accounts.";
    for (form, detail) in [
        (Missing::Sentence, sentence),
        (Missing::Json, sentence),
        (Missing::Empty, "useapi.net has no configuration for this account: 404 Not Found: an empty body."),
    ] {
        tells_once_and_ends(&world, Row { answer: Answer::not_found(form), line, subject, detail }).await;
    }
}

#[tokio::test]
async fn an_error_member_or_a_596_is_an_account_in_error() {
    let world = peace().await;
    let line = "account_error critical studio-a";
    let subject = "studio-a: useapi.net reports the MiniMax account in error";
    for (answer, detail) in [
        (
            healthy("1").error("Session expired.").into(),
            "useapi.net reports that the linked MiniMax account is in error: Session expired.",
        ),
        (
            healthy("1").error_object(7, "Account on hold").into(),
            "useapi.net reports that the linked MiniMax account is in error: Account on hold.",
        ),
        (
            Answer::account_error("Account is pending"),
            "useapi.net reports that the linked MiniMax account is in error: 596: Account is pending.",
        ),
    ] {
        tells_once_and_ends(&world, Row { answer, line, subject, detail }).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_malformed() {
    let world = peace().await;
    let line = "malformed warning main(1)";
    let subject = "main: useapi.net's answers cannot be read";
    let elsewhere = url::Url::parse("http://127.0.0.1:1/").unwrap();
    for (answer, why) in [
        (Answer::not_json(), "not JSON but application/json, 41 bytes"),
        (Answer::array(&healthy("1"), start()), "JSON, but an array where a configuration should be"),
        (Answer::too_large(2 << 20), "a body larger than 1,048,576 bytes"),
        (Answer::endless(), "a body larger than 1,048,576 bytes"),
        (Answer::gzip_bomb(64 << 20), "a body larger than 1,048,576 bytes"),
        (Answer::redirect(StatusCode::FOUND, &elsewhere), "302 Found: redirects are not followed"),
        (Reply::status(StatusCode::NO_CONTENT).into(), "204 No Content: an empty body"),
        (Reply::json(StatusCode::OK, "{}").into(), "holds no account configuration"),
    ] {
        let detail = format!("useapi.net answers something that cannot be read: {why}. Accounts: studio-a.");
        tells_once_and_ends(
            &world,
            Row { answer, line, subject, detail: Box::leak(detail.into_boxed_str()) },
        )
        .await;
    }
}

/// Answers that say nothing about the account.
fn without_a_verdict(now: Timestamp) -> Vec<Answer> {
    let mut answers = vec![
        Answer::rate_limited(RetryAfter::Seconds(30)),
        Answer::rate_limited(RetryAfter::Date(now + seconds(30))),
        Answer::rate_limited_until(now + seconds(30)),
        Answer::blocked(),
        Answer::close(),
        Answer::cut_after(&healthy("1"), now, 100),
    ];
    for status in [500, 502, 503, 504, 520] {
        let status = StatusCode::from_u16(status).unwrap();
        answers.extend([Page::Json, Page::Html].map(|page| Answer::unavailable(status, page)));
    }
    answers
}

/// An account for each of `answers`, all of them seen healthy.
async fn an_account_each(answers: &[Answer]) -> (World, Vec<String>) {
    let ids: Vec<String> = (10..10 + answers.len()).map(|id| id.to_string()).collect();
    let accounts: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
    let world = World::watching(&accounts).await;
    world.run().await;
    for (id, answer) in ids.iter().zip(answers) {
        world.main.set(id, answer.clone());
    }
    (world, ids)
}

#[tokio::test]
async fn no_verdict_is_no_news_for_an_hour_and_changes_nothing() {
    let (world, ids) = an_account_each(&without_a_verdict(start())).await;
    let before = world.engine.store.watched().await.unwrap();
    world.run_every(minutes(15), start() + minutes(60)).await;
    assert!(world.heard().is_empty());
    for (before, now) in before.iter().zip(world.engine.store.watched().await.unwrap()) {
        assert_eq!(now.configuration, before.configuration);
        assert_eq!(now.standing.end, before.standing.end);
        assert_eq!(now.standing.last_verdict_at, Some(start()), "{:?}", now.standing);
        assert_eq!(now.standing.no_verdict_since, Some(start() + minutes(15)));
        assert_eq!(world.engine.store.snapshots(&now.account).await.unwrap()[0].last_seen_at, start());
    }
    // The first silent look was a quarter of an hour after the start.
    world.run_every(minutes(15), start() + minutes(75)).await;
    assert_eq!(world.heard(), ["opened unreachable warning main(16)"]);
    for id in &ids {
        world.main.put(healthy(id));
    }
    // Three of them asked to be left alone for half a minute.
    world.advance(minutes(1));
    world.run().await;
    assert_eq!(world.heard(), ["resolved unreachable warning main(16)"]);
}

#[tokio::test]
async fn a_403_resolves_nothing_and_the_unreachable_alert_says_what_to_do() {
    let world = peace().await;
    world.main.set("1", Answer::not_found(Missing::Json));
    world.run().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
    world.mailed();
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
    assert_eq!(world.heard(), ["opened unreachable warning main(1)"]);
    let known = world.engine.store.watched().await.unwrap().remove(0).standing;
    assert_eq!(known.outcome, Some(Outcome::Blocked));
    // The account is missing as before: a 403 says nothing about it.
    world.mailed();
    world.main.set_all(None);
    world.run().await;
    assert_eq!(world.heard(), ["resolved unreachable warning main(1)"]);
    let firing: Vec<_> = world.firing().await.iter().map(|alert| alert.condition.kind).collect();
    assert_eq!(firing, [AlertKind::NotFound]);
}

#[tokio::test]
async fn a_broken_text_in_an_error_is_an_account_error() {
    let world = peace().await;
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
        tells_once_and_ends(&world, Row { answer, line, subject, detail }).await;
    }
}

#[tokio::test]
async fn every_answer_that_holds_a_configuration_is_healthy() {
    let (world, _) = an_account_each(&[
        healthy("10").into(),
        Answer::gzip(&healthy("11"), start()),
        healthy("12").error("").into(),
        healthy("13").plant("/error", serde_json::Value::Null).into(),
        healthy("14").plant("/somethingNew", serde_json::json!({"deep": [1, 2]})).into(),
    ])
    .await;
    let pass = world.run().await;
    assert_eq!((pass.counts.checked, pass.counts.ok, pass.doubts), (5, 5, false));
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn a_bad_answer_that_is_not_seen_twice_is_not_believed() {
    let world = World::watching(STUDIO).await;
    world.run().await;
    for answer in [
        Answer::unauthorized(Refusal::WithCode),
        Answer::lapsed(Lapse::Expired),
        Answer::not_found(Missing::Empty),
        Answer::account_error("x"),
        Answer::not_json(),
    ] {
        world.main.next("1", answer);
        world.advance(minutes(15));
        world.run().await;
    }
    assert!(world.heard().is_empty());
    assert!(world.firing().await.is_empty());
    // Each of the five was asked about again, ten seconds later.
    let asked: Vec<_> = world.api.requests_for("1").iter().map(|request| request.at).collect();
    assert_eq!(asked.len(), 11);
    assert_eq!(asked[2] - asked[1], seconds(10));
}

#[tokio::test]
async fn with_no_pause_a_bad_answer_is_believed_at_once() {
    let world =
        World::open(Settings::watching(STUDIO).alerts("confirm_after = \"0s\"\nrepeat_every = \"0s\"")).await;
    world.run().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
    assert_eq!(world.api.requests_for("1").len(), 1);
}

#[tokio::test]
async fn a_healthy_answer_without_an_end_keeps_the_last_known_end() {
    let world = World::watching(STUDIO).await;
    world.run().await;
    world.main.put(healthy("1").exp(None).exp_expire(None));
    world.run().await;
    assert!(world.heard().is_empty(), "one is known from before");
    world.live_until(start() + crate::world::days(84)).await;
    assert_eq!(world.heard(), ["opened expiry 7d warning studio-a"]);
}
