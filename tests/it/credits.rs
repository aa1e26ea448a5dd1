//! The credits of accounts, from the read of `GET /v1/minimax/features` to the messages.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::domain::account::{AccountId, AccountKey, SubscriptionName};
use minimax_watch::domain::credits::CreditsState;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::engine::{NextStep, Run, Scope};
use minimax_watch::notify::Sender;
use minimax_watch::report::{Explanation, UsableAccounts, UsableQuery};
use serde_json::{Value, json};

use crate::received::body;
use crate::simulator::{Answer, Refusal, Reply, RetryAfter};
use crate::world::{OTHER_TOKEN, Settings, World, days, hours, minutes, seconds, start};

const STUDIOS: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];
const ONE: &[(&str, &str)] = &[("1", "studio-a")];
const ON: &str = "[credits]\nwatch = true";
const DEAD: &str = "Your MiniMax session expired.";

fn credits(number: u64) -> Answer {
    Answer::features(&json!(number))
}

/// 596 to a read of the credits.
fn dead() -> Answer {
    Answer::account_error(DEAD)
}

/// 401 to a read of the credits, while the token works.
fn refused() -> Answer {
    Answer::unauthorized(Refusal::WithCode)
}

async fn watching(accounts: &[(&str, &str)], sections: &str) -> World {
    let world = World::open(Settings::watching(accounts).api(sections)).await;
    world.all_healthy(accounts);
    world
}

/// The next run, an hour later.
async fn next_hour(world: &World) {
    world.advance(hours(1));
    world.run().await;
}

fn key(id: &str) -> AccountKey {
    AccountKey::new(&SubscriptionName::new("main"), &AccountId::new(id))
}

async fn state(world: &World, id: &str) -> CreditsState {
    world.engine.store.credits_states().await.unwrap().remove(&key(id)).unwrap_or_default()
}

async fn explained(world: &World) -> Explanation {
    let watched = world.engine.store.watched().await.unwrap();
    let record = watched.iter().find(|record| record.account.id.as_str() == "1").unwrap();
    Explanation::new(&world.engine, record, true, world.now()).await.unwrap()
}

async fn explain(world: &World, kind: &str) -> String {
    explained(world).await.rules.into_iter().find(|rule| rule.kind.as_str() == kind).unwrap().why
}

/// The accounts that were asked about since `from`, by id.
fn asked(world: &World, from: usize) -> Vec<String> {
    let requests = world.api.features_requests().into_iter().skip(from);
    requests.map(|request| request.account.unwrap().to_string()).collect()
}

#[tokio::test]
async fn switched_off_nothing_is_asked_and_nothing_is_stored() {
    let world = World::watching(STUDIOS).await;
    world.main.set_features("1", credits(0));
    for _ in 0..3 {
        next_hour(&world).await;
    }
    assert!(world.api.features_requests().is_empty() && world.received().is_empty());
    assert!(!world.engine.store.has_credits().await.unwrap());
    assert!(world.engine.store.credit_periods(&key("1")).await.unwrap().is_empty());
    assert_eq!(explain(&world, "credits_low").await, "credits are not watched ([credits].watch)");
    let json = serde_json::to_value(explained(&world).await).unwrap();
    assert!(json.get("credits").is_none(), "not a member more");
}

#[tokio::test]
async fn each_account_is_asked_about_once_an_interval_also_after_a_restart() {
    let mut world = watching(STUDIOS, ON).await;
    world.run().await;
    let request = &world.api.features_requests()[0];
    assert!(request.authorized && request.path == "/v1/minimax/features/" && request.method == "GET");
    assert_eq!(asked(&world, 0), ["1", "2"]);
    for _ in 0..3 {
        world.advance(minutes(15));
        world = world.restart().await;
        world.run().await;
        assert_eq!(world.api.features_requests().len(), 2, "due an hour after the first run");
    }
    world.advance(minutes(15));
    world = world.restart().await;
    world.run().await;
    assert_eq!(asked(&world, 2), ["1", "2"]);
    // A clock that was set back puts nothing off.
    world.step_clock(-days(30));
    world.run().await;
    assert_eq!(asked(&world, 4), ["1", "2"]);
}

#[tokio::test]
async fn dry_run_asks_nothing() {
    let mut world = watching(ONE, ON).await;
    world.engine.sender = Sender::dry_run();
    world.check_all().await;
    assert!(world.api.features_requests().is_empty());
}

#[tokio::test]
async fn low_credits_alert_once_and_resolve_a_tenth_above_the_limit() {
    let world = watching(ONE, ON).await;
    world.main.set_features("1", credits(99));
    world.run().await;
    let alert = body(&world.pager.deliveries()[0])["data"]["alerts"][0].clone();
    assert_eq!(alert["detail"], "99 credits left, below 100.");
    assert_eq!((&alert["severity"], &alert["account"]["name"]), (&json!("warning"), &json!("studio-a")));
    assert_eq!(world.received(), ["opened credits_low warning studio-a"]);
    for number in [98, 100, 109] {
        world.main.set_features("1", credits(number));
        next_hour(&world).await;
        assert!(world.received().is_empty(), "{number}");
    }
    world.main.set_features("1", Answer::features(&json!("110.0")));
    next_hour(&world).await;
    assert_eq!(world.received(), ["resolved credits_low warning studio-a"], "a number as text counts");
}

#[tokio::test]
async fn pace_of_the_last_week_alerts_before_the_credits_are_gone() {
    let world = watching(ONE, ON).await;
    let mut left = 5_000;
    for _ in 0..35 {
        world.main.set_features("1", credits(left));
        next_hour(&world).await;
        assert!(world.received().is_empty(), "{left}");
        left -= 50;
    }
    let report = explained(&world).await.credits.unwrap();
    // 34 decreases of 50 in 34 hours.
    assert_eq!((report.credits, report.per_day), (Some(3_300), Some(1_200)));
    assert_eq!(report.runs_out_at, Some(world.now() + hours(66)));
    assert_eq!(report.plan.as_deref(), Some("Unlimited"));
    let why = explain(&world, "credits_low").await;
    assert!(
        why.starts_with("3300 credits left; at the pace of the last 7 days (1200 a day) they run out on"),
        "{why}"
    );
    assert!(why.ends_with(", read now; fires below 100, or when they run out within 2d"), "{why}");
    world.main.set_features("1", credits(2_400));
    next_hour(&world).await;
    assert_eq!(world.received(), ["opened credits_low warning studio-a"]);
    // A purchase.
    world.main.set_features("1", credits(20_000));
    next_hour(&world).await;
    assert_eq!(world.received(), ["resolved credits_low warning studio-a"]);
}

#[tokio::test]
async fn credits_that_are_gone_are_one_alert_until_enough_are_read() {
    let world = watching(ONE, ON).await;
    world.main.set_features("1", credits(50));
    world.run().await;
    assert_eq!(world.received(), ["opened credits_low warning studio-a"]);
    world.main.set_features("1", credits(0));
    next_hour(&world).await;
    assert_eq!(
        world.received(),
        ["opened out_of_credits critical studio-a + resolved credits_low warning studio-a"]
    );
    assert!(explain(&world, "out_of_credits").await.ends_with("; MiniMax reported 0 credits now"));
    assert!(explain(&world, "credits_low").await.ends_with("; does not fire while out_of_credits is open"));
    let usable =
        UsableAccounts::load(&world.engine.store, &world.engine.config, UsableQuery::default(), world.now());
    assert!(usable.await.unwrap().usable.is_empty());
    world.main.set_features("1", credits(100));
    next_hour(&world).await;
    assert!(world.received().is_empty(), "one job may cost more");
    world.main.set_features("1", credits(101));
    next_hour(&world).await;
    assert_eq!(world.received(), ["resolved out_of_credits critical studio-a"]);
}

/// A job of account 1.
fn job(number: u32, at: Timestamp, code: u16) -> Value {
    json!({"timestamp": at.to_rfc3339(), "jobid": format!("minimax:1-job:{number}"), "config": "1",
           "endpoint": "videos/create", "code": code, "msec": number})
}

#[tokio::test]
async fn newest_evidence_of_jobs_and_readings_decides() {
    let mut world = watching(ONE, "[jobs]\nwatch = true\n[credits]\nwatch = true").await;
    let mut rows = vec![job(1, start() - minutes(5), 412)];
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.main.set_features("1", credits(500));
    world.run().await;
    assert!(world.received().is_empty(), "the reading is newer than the refused job");
    rows.push(job(2, start() + minutes(5), 412));
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["opened out_of_credits critical studio-a"]);
    world.main.set_features("1", credits(0));
    world.advance(minutes(45));
    world.run().await;
    assert!(world.received().is_empty(), "both say so");
    rows.push(job(3, start() + minutes(65), 200));
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(
        world.received(),
        ["resolved out_of_credits critical studio-a"],
        "the success is newer, and the 0 credits that it disproved raise nothing else"
    );
    next_hour(&world).await;
    assert_eq!(world.received(), ["opened out_of_credits critical studio-a"]);
    // Without the source that raised it, it ends.
    world.reload(Settings::watching(ONE).api("[jobs]\nwatch = true")).await;
    world.main.set_job_stats(Answer::job_stats(&[]));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["resolved out_of_credits critical studio-a"]);
}

#[tokio::test]
async fn credits_that_a_reading_shows_to_be_gone_allow_no_trial() {
    let world = watching(ONE, "[jobs]\nwatch = true\n[credits]\nwatch = true").await;
    world.main.set_job_stats(Answer::job_stats(&[]));
    world.main.set_features("1", credits(0));
    world.run().await;
    assert_eq!(world.received(), ["opened out_of_credits critical studio-a"]);
    for _ in 0..3 {
        next_hour(&world).await;
        let (store, config) = (&world.engine.store, &world.engine.config);
        let report = UsableAccounts::load(store, config, UsableQuery::default(), world.now());
        assert!(report.await.unwrap().usable.is_empty(), "a window without jobs proves nothing");
    }
}

#[tokio::test]
async fn dead_session_is_an_account_error_once_it_is_confirmed() {
    for (name, answer) in [("596", dead()), ("401", refused())] {
        let world = watching(STUDIOS, ON).await;
        world.run().await;
        world.main.next_features("1", answer.clone());
        next_hour(&world).await;
        assert!(world.received().is_empty(), "{name}: the second answer disproved it");
        assert_eq!(asked(&world, 2), ["1", "2", "1"], "{name}");
        world.main.set_features("1", answer);
        next_hour(&world).await;
        let alert = body(&world.pager.deliveries()[0])["data"]["alerts"][0].clone();
        let detail = alert["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(
                "MiniMax no longer accepts the session of this account (GET /v1/minimax/features): "
            ),
            "{detail}"
        );
        assert_eq!(world.received(), ["opened account_error critical studio-a"], "{name}");
        assert!(explain(&world, "account_error").await.contains("shows a dead session ("), "{name}");
        world.main.set_features("1", Reply::status(StatusCode::BAD_GATEWAY));
        next_hour(&world).await;
        assert!(world.received().is_empty(), "{name}: a failure ends nothing");
        world.main.set_features("1", credits(5_000));
        next_hour(&world).await;
        let alert = body(&world.pager.deliveries()[0])["data"]["alerts"][0].clone();
        let detail = alert["detail"].as_str().unwrap();
        assert!(detail.starts_with("MiniMax answers for this account again since "), "{name}: {detail}");
        assert_eq!(world.received(), ["resolved account_error critical studio-a"], "{name}");
    }
}

#[tokio::test]
async fn account_error_ends_when_neither_source_says_so() {
    let world = watching(ONE, ON).await;
    world.main.set_answer("1", Answer::account_error("on hold"));
    world.main.set_features("1", dead());
    world.run().await;
    assert_eq!(world.received(), ["opened account_error critical studio-a"]);
    world.all_healthy(ONE);
    next_hour(&world).await;
    assert!(world.received().is_empty(), "the session is still dead");
    world.main.set_features("1", credits(5_000));
    next_hour(&world).await;
    assert_eq!(world.received(), ["resolved account_error critical studio-a"]);
}

#[tokio::test]
async fn sources_that_are_switched_off_no_longer_count() {
    let mut world = watching(STUDIOS, ON).await;
    world.main.set_features("1", dead());
    world.main.set_features("2", credits(0));
    world.run().await;
    assert_eq!(
        world.received(),
        ["opened account_error critical studio-a + opened out_of_credits critical studio-b"]
    );
    world.reload(Settings::watching(STUDIOS)).await;
    next_hour(&world).await;
    assert_eq!(
        world.received(),
        ["resolved account_error critical studio-a + resolved out_of_credits critical studio-b"]
    );
    assert!(!world.engine.store.has_credits().await.unwrap());
}

#[tokio::test]
async fn refused_api_token_is_no_dead_session() {
    let world = watching(STUDIOS, ON).await;
    world.run().await;
    world.main.reset_token(OTHER_TOKEN.into());
    for _ in 0..3 {
        next_hour(&world).await;
    }
    assert_eq!(world.received(), ["opened unauthorized critical main(2)"]);
    assert_eq!(state(&world, "1").await.dead_since, None);
    assert!(explain(&world, "account_error").await.contains("so the API token may not work"));
}

#[tokio::test]
async fn refused_api_token_is_no_dead_session_after_the_clock_was_set_back() {
    let world = watching(ONE, ON).await;
    world.run().await;
    world.main.reset_token(OTHER_TOKEN.into());
    // The last check that was ok is later by this clock.
    world.step_clock(-hours(1));
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical main(1)"]);
    assert_eq!(state(&world, "1").await.dead_since, None);
}

#[tokio::test]
async fn number_that_proves_nothing_leaves_in_force_what_was_proved_before() {
    let world = watching(ONE, "[jobs]\nwatch = true\n[credits]\nwatch = true").await;
    let row = |code| Answer::job_stats(&[job(1, start() - minutes(5), code)]);
    world.main.set_job_stats(row(412));
    next_hour(&world).await;
    assert!(world.received().is_empty(), "5,000 were read since the job was refused");
    world.main.set_features("1", credits(100));
    next_hour(&world).await;
    assert_eq!(world.received(), ["opened credits_low warning studio-a"]);
    let world = watching(ONE, "[jobs]\nwatch = true\n[credits]\nwatch = true").await;
    world.main.set_job_stats(row(200));
    world.main.set_features("1", credits(0));
    next_hour(&world).await;
    assert_eq!(world.received(), ["opened out_of_credits critical studio-a"]);
    world.main.set_features("1", credits(100));
    next_hour(&world).await;
    assert!(world.received().is_empty(), "the job succeeded before the credits were gone");
    world.main.set_features("1", credits(101));
    next_hour(&world).await;
    assert_eq!(world.received(), ["resolved out_of_credits critical studio-a"]);
}

#[tokio::test]
async fn token_that_is_reset_between_check_and_reading_is_no_dead_session() {
    let world = watching(ONE, ON).await;
    // The check was ok, and the read of the credits was refused; then everything is.
    world.main.next_features("1", refused());
    let (mut run, _) = world.start_run().await;
    assert!(state(&world, "1").await.awaits_confirmation());
    world.main.reset_token(OTHER_TOKEN.into());
    world.advance(seconds(10));
    world.advance_run(&mut run).await;
    assert!(!state(&world, "1").await.is_dead);
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received(), ["opened unauthorized critical main(1)"]);
}

#[tokio::test]
async fn explaining_alert_keeps_credits_that_are_gone_silent() {
    let world = watching(ONE, ON).await;
    world.main.set_features("1", credits(0));
    world.main.set_answer("1", Answer::account_error("on hold"));
    world.run().await;
    assert_eq!(world.received(), ["opened account_error critical studio-a"]);
    world.all_healthy(ONE);
    next_hour(&world).await;
    assert_eq!(
        world.received(),
        ["opened out_of_credits critical studio-a + resolved account_error critical studio-a"]
    );
}

#[tokio::test]
async fn pause_that_the_vendor_asks_for_is_kept_for_the_whole_subscription() {
    let world = watching(STUDIOS, ON).await;
    world.main.next_features("1", Answer::rate_limited(RetryAfter::Seconds(30 * 60)));
    world.run().await;
    assert_eq!(asked(&world, 0), ["1"]);
    assert_eq!(world.api.requests().len(), 2, "the checks go on");
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(asked(&world, 1), Vec::<String>::new());
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(asked(&world, 1), ["2"], "the first one is due again in half an hour");
    world.advance(minutes(30));
    world.run().await;
    assert_eq!(asked(&world, 2), ["1"]);
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn unanswered_request_holds_up_no_alert_and_the_others_come_first_next_time() {
    let world = watching(STUDIOS, ON).await;
    world.main.set_features("1", Answer::hang());
    world.main.set_answer("2", Answer::account_error("on hold"));
    let begun = std::time::Instant::now();
    world.run().await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(world.received(), ["opened account_error critical studio-b"]);
    assert_eq!(asked(&world, 0), ["1"]);
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(asked(&world, 1), ["2", "1"], "still due, and behind the other one");
    assert!(explain(&world, "credits_low").await.contains("no answer by the time the checks were evaluated"));
}

#[tokio::test]
async fn a_stop_ends_the_wait_and_leaves_the_run_complete() {
    let mut world = watching(ONE, ON).await;
    world.engine.max_reading_time = Duration::from_secs(10);
    world.main.set_features("1", Answer::hang());
    let begun = std::time::Instant::now();
    let stop = async {
        world.api.wait_for_requests(1).await;
        // Long after the check, long before the end of the wait.
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.engine.stop_checks();
    };
    let mut run = Run::start(Scope::Everything);
    let (next, ()) = tokio::join!(run.advance(&world.engine, world.now(), &|_, _| {}), stop);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    let NextStep::Finished(summary) = next.unwrap() else { panic!("it is not finished") };
    assert!(summary.is_complete);
}

#[tokio::test]
async fn slow_answers_are_waited_for() {
    let mut world = watching(STUDIOS, ON).await;
    world.engine.max_reading_time = Duration::from_secs(10);
    let Answer::Reply(reply) = credits(0) else { panic!("not an answer about credits") };
    // One part of its body after the other, for three seconds.
    world.main.set_features("1", reply.trickling(10, Duration::from_millis(150)));
    let begun = std::time::Instant::now();
    world.run().await;
    assert!(begun.elapsed() > Duration::from_secs(2), "it was answered at once");
    assert_eq!(asked(&world, 0), ["1"], "no other one begins so long after the checks");
    assert_eq!(world.received(), ["opened out_of_credits critical studio-a"]);
}

#[tokio::test]
async fn no_answer_alerts_wrongly() {
    let world = watching(ONE, ON).await;
    let ends =
        json!({"creditExpireText": [{"endTime": 1}, {"endTime": "soon"}, 7], "expireTime": "1970-01-01"});
    let answers: Vec<(&str, Answer)> = vec![
        ("HTML", Answer::not_json()),
        ("500", Reply::status(StatusCode::INTERNAL_SERVER_ERROR).into()),
        ("403", Answer::blocked()),
        ("404", Reply::status(StatusCode::NOT_FOUND).into()),
        ("402", Reply::status(StatusCode::PAYMENT_REQUIRED).into()),
        ("a list", Reply::json(StatusCode::OK, "[0]").into()),
        ("zero", Reply::json(StatusCode::OK, "0").into()),
        ("nothing known", Reply::json(StatusCode::OK, "{\"credits\":0}").into()),
        ("an error", Reply::json(StatusCode::OK, "{\"error\":\"no\",\"totalCredits\":0}").into()),
        ("null", Answer::features(&json!(null))),
        ("text", Answer::features(&json!("none"))),
        ("empty text", Answer::features(&json!(""))),
        ("below zero", Answer::features(&json!(-1))),
        ("a list of numbers", Answer::features(&json!([0]))),
        ("more than anybody has", Answer::features(&json!(1e300))),
        ("false", Answer::features(&json!(false))),
        ("odd ends", Reply::json(StatusCode::OK, ends.to_string()).into()),
        ("closed", Answer::close()),
        (
            "large",
            Reply::json(StatusCode::OK, format!("{{\"totalCredits\":{}}}", "0".repeat(2 << 20))).into(),
        ),
    ];
    for (name, answer) in answers {
        world.main.set_features("1", answer);
        next_hour(&world).await;
        assert!(world.received().is_empty(), "{name}");
        assert_eq!(state(&world, "1").await.outlook, None, "{name}");
        assert!(world.engine.store.credit_periods(&key("1")).await.unwrap().is_empty(), "{name}");
    }
}

/// A body that is cut off, damaged or made of anything is never read as a number that it does not hold.
#[tokio::test]
async fn damaged_answer_alerts_nothing_that_it_does_not_say() {
    let world = watching(ONE, ON).await;
    let whole =
        json!({"totalCredits": 5_000, "memberName": "Unlimited", "expireTime": 1_798_675_200_000_i64})
            .to_string();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..60_usize {
        let mut body = whole.clone().into_bytes();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from(random >> 33).unwrap() % body.len();
        match round % 3 {
            0 => body.truncate(place),
            1 => body[place] = random.to_le_bytes()[3],
            _ => body.iter_mut().zip(random.to_le_bytes()).for_each(|(byte, new)| *byte = new),
        }
        let status = StatusCode::from_u16([200, 200, 200, 206, 400, 403, 500][round % 7]).unwrap();
        world.main.set_features("1", Reply::json(status, body.clone()));
        world.advance(hours(1));
        world.run().await;
        let newest = state(&world, "1").await.outlook.map(|outlook| outlook.newest.credits);
        let body = String::from_utf8_lossy(&body);
        let is_said = newest.is_none_or(|credits| credits >= 100 || body.contains(&credits.to_string()));
        assert!(is_said, "{newest:?} from {body}");
        assert!(world.received().is_empty() || newest.is_some_and(|credits| credits < 4_000), "{body}");
    }
}

#[tokio::test]
async fn number_that_moves_is_a_series_and_no_change() {
    let world = watching(ONE, ON).await;
    for number in [5_000, 5_000, 4_000, 4_000, 4_000, 9_000] {
        world.main.set_features("1", credits(number));
        next_hour(&world).await;
    }
    assert!(world.received().is_empty(), "nobody is told of a number that moves");
    assert_eq!(world.engine.store.snapshots(&key("1")).await.unwrap().len(), 1);
    let periods = world.engine.store.credit_periods(&key("1")).await.unwrap();
    let rows: Vec<_> = periods.iter().map(|row| (row.credits, row.readings)).collect();
    assert_eq!(rows, [(5_000, 2), (4_000, 3), (9_000, 1)], "a number that is read again adds no row");
    assert_eq!(periods[1].last_read_at - periods[1].first_read_at, hours(2));
    let stored = std::fs::read(world.folder().join("watch.db")).unwrap_or_default();
    assert!(!stored.windows(8).any(|bytes| bytes == b"An Owner"), "nothing personal is stored");
}

#[tokio::test]
async fn readings_of_a_clock_that_ran_ahead_do_not_count() {
    let mut world = watching(ONE, ON).await;
    world.step_clock(days(50));
    world.main.set_features("1", credits(0));
    world.run().await;
    assert_eq!(world.received(), ["opened out_of_credits critical studio-a"]);
    // The clock is right again, and the number another one.
    world.step_clock(-days(50));
    world.main.set_features("1", Reply::status(StatusCode::BAD_GATEWAY));
    world.run().await;
    assert!(world.received().is_empty(), "a number in the future says nothing");
    world = world.restart().await;
    for number in [5_000, 4_990] {
        world.main.set_features("1", credits(number));
        next_hour(&world).await;
    }
    assert_eq!(world.received(), ["resolved out_of_credits critical studio-a"]);
    world.at(start() + days(50));
    world.run().await;
    next_hour(&world).await;
    assert!(world.received().is_empty(), "nor when its day comes");
    let pace = state(&world, "1").await.outlook.unwrap().pace;
    assert_eq!(pace, None, "it makes no decrease");
}

#[tokio::test]
async fn account_that_returns_counts_from_its_next_reading() {
    let mut world = watching(STUDIOS, ON).await;
    world.main.set_features("1", credits(0));
    world.run().await;
    assert_eq!(world.received(), ["opened out_of_credits critical studio-a"]);
    world.reload(Settings::watching(&STUDIOS[1..]).api(ON)).await;
    next_hour(&world).await;
    assert_eq!(world.received(), ["resolved out_of_credits critical studio-a"]);
    world.main.set_features("1", Reply::status(StatusCode::BAD_GATEWAY));
    world.reload(Settings::watching(STUDIOS).api(ON)).await;
    next_hour(&world).await;
    assert!(world.received().is_empty(), "what was read before does not count");
}

#[tokio::test]
async fn series_is_purged_with_the_rest() {
    let world = World::open(Settings::watching(ONE).api(ON).store("keep = \"10d\"")).await;
    world.all_healthy(ONE);
    for day in 0..25 {
        world.at(start() + days(day));
        world.main.set_features("1", credits(9_000 - u64::try_from(day).unwrap()));
        world.run().await;
        while world.engine.purge(world.now()).await.unwrap().more {}
    }
    let rows = world.engine.store.credit_periods(&key("1")).await.unwrap();
    assert!(rows.len() <= 12 && rows[0].last_read_at >= world.now() - days(12), "{}", rows.len());
}

#[tokio::test]
async fn interval_follows_the_configuration() {
    let world = watching(ONE, "[credits]\nwatch = true\nevery = \"1s\"").await;
    for _ in 0..3 {
        world.advance(TimeDelta::seconds(1));
        world.run().await;
    }
    assert_eq!(world.api.features_requests().len(), 3);
}
