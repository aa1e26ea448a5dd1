//! What became of jobs, from the read of `GET /v2/account/stats` to the messages.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use minimax_watch::domain::account::{AccountId, AccountKey, SubscriptionName};
use minimax_watch::domain::time::Timestamp;
use minimax_watch::engine::Engine;
use minimax_watch::report::{Explanation, JobDay, Report, UsableAccounts, UsableQuery};
use serde_json::{Value, json};
use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::util::SubscriberInitExt;

use crate::received::body;
use crate::simulator::{Answer, Reply};
use crate::world::{Settings, World, days, healthy, hours, minutes, seconds, start};

pub(crate) const STUDIOS: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];
pub(crate) const ON: &str = "[jobs]\nwatch = true";
/// What comes before the account in the id of a job, and belongs to a person.
const USER: &str = "user:4711-bot";

/// A job of account 1.
pub(crate) fn job(number: u32, at: Timestamp, code: u16) -> Value {
    let jobid = format!("{USER}-minimax:1-job:{number}");
    json!({"timestamp": at.to_rfc3339(), "jobid": jobid, "config": "1", "endpoint": "videos/create",
           "status": "x", "func": "x", "code": code, "msec": 5_000 + number})
}

/// Jobs of account 1, one each minute up to `last`.
pub(crate) fn jobs(last: Timestamp, codes: &[u16]) -> Vec<Value> {
    let first = last - minutes(i64::try_from(codes.len()).unwrap() - 1);
    (0_u32..).zip(codes).map(|(n, code)| job(n, first + minutes(n.into()), *code)).collect()
}

pub(crate) async fn watching() -> World {
    let world = World::open(Settings::watching(STUDIOS).api(ON)).await;
    world.all_healthy(STUDIOS);
    world
}

/// The next run, 15 minutes later.
pub(crate) async fn next_run(world: &World) {
    world.advance(minutes(15));
    world.run().await;
}

pub(crate) async fn explain(world: &World, kind: &str) -> String {
    let watched = world.engine.store.watched().await.unwrap();
    let record = watched.iter().find(|record| record.account.id.as_str() == "1").unwrap();
    let explanation = Explanation::new(&world.engine, record, true, world.now()).await.unwrap();
    explanation.rules.into_iter().find(|rule| rule.kind.as_str() == kind).unwrap().why
}

/// The names of the usable accounts, and whether they are on trial.
pub(crate) async fn usable(world: &World) -> Vec<(String, bool)> {
    let Engine { store, config, .. } = &world.engine;
    let report = UsableAccounts::load(store, config, UsableQuery::default(), world.now()).await.unwrap();
    report.usable.into_iter().map(|offer| (offer.name, offer.trial)).collect()
}

pub(crate) fn studio_a() -> AccountKey {
    AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("1"))
}

#[tokio::test]
async fn account_that_is_healthy_on_record_and_refused_in_practice_alerts_once() {
    let world = watching().await;
    world.run().await;
    assert_eq!(world.api.stats_requests().len(), 1);
    let request = &world.api.stats_requests()[0];
    assert!(request.authorized && request.path == "/v2/account/stats" && request.method == "GET");
    world.main.set_job_stats(Answer::job_stats(&jobs(start(), &[403, 596, 200, 403, 403, 403])));
    next_run(&world).await;
    let alert = &body(&world.pager.deliveries()[0])["data"]["alerts"][0];
    assert_eq!(
        alert["detail"],
        "5 of 6 jobs failed since 2026-11-01 07:55 UTC (codes 403, 596); useapi.net reports jobs up to 15 minutes late."
    );
    assert_eq!((&alert["severity"], &alert["account"]["name"]), (&json!("warning"), &json!("studio-a")));
    assert_eq!(world.received(), ["opened jobs_failing warning studio-a"]);
    next_run(&world).await;
    assert!(world.received().is_empty(), "the same answer again is no news");
    assert_eq!(world.engine.store.newest_jobs(&studio_a(), world.now()).await.unwrap().len(), 6);
    assert_eq!(world.api.stats_requests().len(), 3);
}

#[tokio::test]
async fn alert_is_critical_when_none_succeeded_and_resolves_by_the_newest_successes() {
    let world = watching().await;
    let mut rows = jobs(start(), &[403, 403, 403]);
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.run().await;
    assert_eq!(world.received(), ["opened jobs_failing critical studio-a"]);
    // Stale and empty answers resolve nothing, and neither do failures.
    next_run(&world).await;
    for answer in [
        Answer::job_stats(&[]),
        Reply::status(StatusCode::BAD_GATEWAY).into(),
        Reply::json(StatusCode::OK, "<html>").into(),
        Answer::job_stats(&rows),
    ] {
        world.main.set_job_stats(answer);
        world.advance(hours(2));
        world.run().await;
    }
    assert!(world.received().is_empty());
    for number in 10..13 {
        rows.push(job(number, world.now() - minutes(20) + minutes(number.into()), 200));
    }
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.run().await;
    assert_eq!(world.received(), ["resolved jobs_failing critical studio-a"]);
}

#[tokio::test]
async fn codes_below_200_are_failures_everywhere() {
    let world = watching().await;
    world.main.set_job_stats(Answer::job_stats(&jobs(start(), &[102, 102, 102])));
    world.run().await;
    assert_eq!(world.received(), ["opened jobs_failing critical studio-a"]);
}

#[tokio::test]
async fn overlapping_answers_count_once() {
    let world = watching().await;
    let rows = jobs(start(), &[403, 403]);
    for rows in [rows.clone(), [rows.clone(), rows.clone()].concat(), rows.into_iter().rev().collect()] {
        world.main.set_job_stats(Answer::job_stats(&rows));
        world.advance(minutes(5));
        world.run().await;
    }
    assert!(
        world.received().is_empty(),
        "two failed jobs are fewer than min_jobs, however often they are read"
    );
    assert_eq!(world.engine.store.newest_jobs(&studio_a(), world.now()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn rows_that_gain_their_config_or_change_their_code_stay_the_same_jobs() {
    let world = watching().await;
    let rows = jobs(start(), &[403, 403]);
    let mut early = rows.clone();
    for (row, code) in early.iter_mut().zip([403, 201]) {
        row.as_object_mut().unwrap().remove("config");
        row["code"] = json!(code);
    }
    for rows in [early, rows] {
        world.main.set_job_stats(Answer::job_stats(&rows));
        next_run(&world).await;
        assert!(world.received().is_empty(), "two jobs are fewer than min_jobs");
    }
    let counts = world.engine.store.job_counts(&studio_a(), None, world.now()).await.unwrap();
    assert_eq!(JobDay::from_counts(&counts)[0].sentence(), "2 × 403");
    let totals = world.engine.store.job_totals().await.unwrap();
    let totals: Vec<_> = totals.iter().map(|total| (total.code, total.jobs)).collect();
    assert_eq!(totals, [(201, 1), (403, 2)], "what was counted stays counted");
}

#[tokio::test]
async fn jobs_of_no_known_account_alert_nothing_while_accounts_are_discovered() {
    let world = World::open(Settings::subscriptions("discover = true").api(ON)).await;
    world.main.put(healthy("1"));
    world.run().await;
    let unknown = |mut row: Value| {
        (row["config"], row["jobid"]) =
            (json!("99"), json!(format!("{USER}-minimax:99-job:{}", row["msec"])));
        row
    };
    let failed: Vec<Value> = jobs(start(), &[403, 412, 403, 403]).into_iter().map(unknown).collect();
    let succeeded: Vec<Value> = jobs(start() + minutes(10), &[200, 200, 200]);
    for rows in [failed.clone(), failed.clone(), [failed, succeeded].concat()] {
        world.main.set_job_stats(Answer::job_stats(&rows));
        next_run(&world).await;
        assert!(world.firing().await.is_empty() && world.received().is_empty());
    }
    // What an earlier version opened about them ends.
    world.main.set_job_stats(Answer::job_stats(&jobs(world.now(), &[403, 403, 403])));
    next_run(&world).await;
    assert_eq!(world.received(), ["opened jobs_failing warning 1"]);
    world.execute("UPDATE alerts SET account = '' WHERE kind = 'jobs_failing'").await;
    next_run(&world).await;
    let resolved = &body(&world.pager.deliveries()[0])["data"]["alerts"][1];
    let detail = resolved["detail"].as_str().unwrap();
    assert!(detail.starts_with("Jobs that name no watched account raise no alert any more."), "{detail}");
    assert_eq!(world.received(), ["opened jobs_failing warning 1 + resolved jobs_failing warning main(1)"]);
}

#[tokio::test]
async fn refusal_for_lack_of_credits_is_an_alert_of_its_own_until_a_job_succeeds() {
    let world = watching().await;
    let mut rows = jobs(start(), &[200, 412, 412]);
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.run().await;
    assert_eq!(world.received(), ["opened out_of_credits critical studio-a"]);
    assert!(explain(&world, "out_of_credits").await.contains("refused for lack of credits (412)"));
    rows.push(job(9, start() + minutes(10), 201));
    world.main.set_job_stats(Answer::job_stats(&rows));
    next_run(&world).await;
    assert_eq!(world.received(), ["resolved out_of_credits critical studio-a"]);
}

#[tokio::test]
async fn account_error_explains_failing_jobs() {
    let world = watching().await;
    world.main.set_answer("1", Answer::account_error("on hold"));
    world.main.set_job_stats(Answer::job_stats(&jobs(start(), &[596, 596, 596, 412])));
    world.run().await;
    assert_eq!(world.received(), ["opened account_error critical studio-a"]);
    assert!(explain(&world, "jobs_failing").await.contains("does not fire while account_error is open"));
    world.all_healthy(STUDIOS);
    next_run(&world).await;
    assert_eq!(world.received(), ["resolved account_error critical studio-a"]);
    next_run(&world).await;
    assert!(world.received().is_empty(), "the jobs up to its end stay explained");
    world.main.set_job_stats(Answer::job_stats(&jobs(world.now() + minutes(14), &[596, 596, 596, 412])));
    next_run(&world).await;
    assert_eq!(
        world.received(),
        ["opened jobs_failing critical studio-a + opened out_of_credits critical studio-a"]
    );
    world.main.set_answer("1", Answer::account_error("on hold"));
    next_run(&world).await;
    assert_eq!(
        world.received(),
        [
            "opened account_error critical studio-a + resolved jobs_failing critical studio-a + resolved out_of_credits critical studio-a"
        ]
    );
}

#[tokio::test]
async fn jobs_that_are_no_longer_watched_end_their_alerts() {
    let mut world = watching().await;
    world.main.set_job_stats(Answer::job_stats(&jobs(start(), &[403, 403, 403, 412])));
    world.run().await;
    assert_eq!(
        world.received(),
        ["opened jobs_failing critical studio-a + opened out_of_credits critical studio-a"]
    );
    world.reload(Settings::watching(STUDIOS)).await;
    let before = world.api.stats_requests().len();
    next_run(&world).await;
    assert_eq!(
        world.received(),
        ["resolved jobs_failing critical studio-a + resolved out_of_credits critical studio-a"]
    );
    assert_eq!(world.api.stats_requests().len(), before, "switched off, nothing is read");
    assert_eq!(explain(&world, "jobs_failing").await, "jobs are not watched ([jobs].watch)");
}

#[tokio::test]
async fn no_answer_alerts_wrongly() {
    let world = watching().await;
    let now = start();
    let failed = |number, at| job(number, at, 403);
    let many: Vec<Value> = (0..50_000).map(|n| job(n, now - seconds(i64::from(n)), 200)).collect();
    let answers: Vec<(&str, Answer)> = vec![
        ("HTML", Reply::json(StatusCode::OK, "<html>").into()),
        ("500", Reply::status(StatusCode::INTERNAL_SERVER_ERROR).into()),
        ("401", Reply::status(StatusCode::UNAUTHORIZED).into()),
        ("a list", Reply::json(StatusCode::OK, "[]").into()),
        ("rows that are no rows", Answer::job_stats(&[json!([]), json!(7), json!(null)])),
        ("no data", Reply::json(StatusCode::OK, "{\"data\":{}}").into()),
        ("in the future", Answer::job_stats(&[0, 1, 2].map(|n| failed(n, now + days(20 + i64::from(n)))))),
        ("months old", Answer::job_stats(&[0, 1, 2].map(|n| failed(n, now - days(60 + i64::from(n)))))),
        ("old", Answer::job_stats(&[0, 1, 2].map(|n| failed(n, now - hours(3 + i64::from(n)))))),
        ("one job thrice", Answer::job_stats(&[0, 0, 0].map(|n| failed(n, now)))),
        ("the caller's own fault", Answer::job_stats(&jobs(now, &[400, 422, 429, 404, 401, 402]))),
        ("other accounts", Answer::job_stats(&[0, 1, 2].map(|n| {
            json!({"timestamp": now.to_rfc3339(), "jobid": format!("j{n}"), "config": "99", "code": 403})
        }))),
        ("more than can be read", Answer::job_stats(&many)),
    ];
    for (name, answer) in answers {
        world.main.set_job_stats(answer);
        world.run().await;
        world.advance(seconds(1));
        assert!(world.received().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn answer_that_is_not_understood_is_explained() {
    let world = watching().await;
    world.run().await;
    world.main.set_job_stats(Reply::json(StatusCode::OK, "{\"rows\":[]}"));
    next_run(&world).await;
    let why = explain(&world, "jobs_failing").await;
    assert!(
        why.contains("no counted job is known")
            && why.contains("without a list of jobs in the member `data`"),
        "{why}"
    );
}

#[tokio::test]
async fn jobs_are_counted_by_day_and_code_and_those_of_no_account_are_shown() {
    let world = watching().await;
    let mut rows = jobs(start(), &[200, 200, 403, 429]);
    rows.extend(jobs(start() - days(1), &[412]));
    for number in 0..12 {
        let at = start() - minutes(number);
        rows.push(
            json!({"timestamp": at.to_rfc3339(), "jobid": format!("j{number}"), "config": "x", "code": 500}),
        );
    }
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.run().await;
    assert!(world.received().is_empty(), "jobs of no account alert nobody");
    let Engine { store, config, .. } = &world.engine;
    let counts = store.job_counts(&studio_a(), None, world.now()).await.unwrap();
    let days: Vec<_> =
        JobDay::from_counts(&counts).iter().map(|day| format!("{} {}", day.day, day.sentence())).collect();
    assert_eq!(days, ["2026-10-31 1 × 412", "2026-11-01 2 × 200, 1 × 403, 1 × 429 (not counted)"]);
    let later = store.job_counts(&studio_a(), Some(start() - hours(1)), world.now()).await.unwrap();
    assert_eq!(JobDay::from_counts(&later).len(), 1);
    let report = Report::load(store, config, None, world.now()).await.unwrap();
    assert_eq!(report.unassigned_jobs.iter().map(|one| one.jobs).collect::<Vec<_>>(), [12]);
    let record = store.watched().await.unwrap().remove(0);
    let explanation = Explanation::new(&world.engine, &record, true, world.now()).await.unwrap();
    let unassigned = explanation.unassigned_jobs.unwrap();
    assert_eq!(unassigned.sentence(), "12 jobs of this subscription name no account that is watched");
    assert_eq!(unassigned.newest_at, start());
}

#[tokio::test]
async fn explanation_that_a_fast_clock_resolved_hides_no_failed_jobs() {
    let world = watching().await;
    world.step_clock(days(30));
    world.main.set_answer("1", Answer::account_error("on hold"));
    world.run().await;
    world.all_healthy(STUDIOS);
    next_run(&world).await;
    world.received();
    world.step_clock(-days(30));
    world.main.set_job_stats(Answer::job_stats(&jobs(world.now(), &[403, 403, 403])));
    world.run().await;
    let received = world.received().join(" + ");
    assert!(received.contains("opened jobs_failing critical studio-a"), "{received}");
}

/// What is logged from now on, while the guard lives.
pub(crate) fn log() -> (Arc<Mutex<Vec<u8>>>, DefaultGuard, Dispatch) {
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let written = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&written);
    let writer = move || Lines(Arc::clone(&lines));
    // While there is only one subscriber, a thread without it switches off for all threads what it is the first to log.
    let other = Dispatch::new(tracing_subscriber::registry());
    let guard = tracing_subscriber::fmt().with_writer(writer).with_ansi(false).finish().set_default();
    (written, guard, other)
}

#[tokio::test]
async fn reading_that_fails_for_an_hour_is_logged_once_and_so_is_its_end() {
    let world = watching().await;
    let (written, _guard, _other) = log();
    world.run().await;
    let refusal = || Reply::status(StatusCode::FORBIDDEN);
    world.main.set_job_stats(refusal());
    world.main.set_account_info(Some(refusal().into()));
    for _ in 0..9 {
        next_run(&world).await;
    }
    world.main.set_job_stats(Answer::job_stats(&[]));
    world.main.set_account_info(None);
    for _ in 0..2 {
        next_run(&world).await;
    }
    let log = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    for (words, level) in [
        ("the job statistics of subscription main were not read for an hour: ", "WARN"),
        ("the job statistics of subscription main are read again", "INFO"),
        ("the plan of subscription main was not read for an hour: ", "WARN"),
        ("the plan of subscription main is read again", "INFO"),
    ] {
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(words)).collect();
        assert!(lines.len() == 1 && lines[0].contains(level), "{words}\n{log}");
    }
}

#[tokio::test]
async fn ids_of_users_are_neither_stored_nor_sent() {
    let world = watching().await;
    world.main.set_job_stats(Answer::job_stats(&jobs(start(), &[403, 403, 403])));
    world.run().await;
    let sent = body(&world.pager.deliveries()[0]).to_string();
    assert!(sent.contains("jobs_failing") && !sent.contains("4711"), "{sent}");
    for file in ["watch.db", "watch.db-wal"] {
        let stored = std::fs::read(world.folder().join(file)).unwrap_or_default();
        assert!(!stored.windows(9).any(|bytes| bytes == b"user:4711"), "{file}");
    }
}

#[tokio::test]
async fn jobs_are_kept_for_thirty_days_and_old_ones_are_not_stored_again() {
    let world = watching().await;
    world.main.set_job_stats(Answer::job_stats(&jobs(start(), &[200, 200, 200])));
    world.run().await;
    let stored = async || world.engine.store.newest_jobs(&studio_a(), world.now()).await.unwrap().len();
    for (day, kept) in [(29, 3), (31, 0), (32, 0)] {
        world.at(start() + days(day));
        world.run().await;
        world.engine.purge(world.now()).await.unwrap();
        assert_eq!(stored().await, kept, "day {day}");
    }
}

#[tokio::test]
async fn refused_account_is_listed_on_trial_after_a_window_without_jobs() {
    let world = watching().await;
    let rows = jobs(start(), &[403, 403, 403]);
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.run().await;
    let usable = async || usable(&world).await;
    assert_eq!(usable().await, [("studio-b".to_owned(), false)]);
    for _ in 0..3 {
        next_run(&world).await;
        assert_eq!(usable().await, [("studio-b".to_owned(), false)]);
    }
    // A reading that failed shows nothing.
    world.main.set_job_stats(Reply::status(StatusCode::BAD_GATEWAY));
    next_run(&world).await;
    assert_eq!(usable().await, [("studio-b".to_owned(), false)]);
    world.main.set_job_stats(Answer::job_stats(&rows));
    next_run(&world).await;
    assert_eq!(usable().await, [("studio-b".to_owned(), false), ("studio-a".to_owned(), true)]);
    // The job on trial fails.
    let failed = [rows, vec![job(9, world.now(), 412)]].concat();
    world.main.set_job_stats(Answer::job_stats(&failed));
    next_run(&world).await;
    assert_eq!(usable().await, [("studio-b".to_owned(), false)]);
}

#[tokio::test]
async fn what_a_short_keep_purges_is_not_counted_again() {
    let keep = |keep: &str| Settings::watching(STUDIOS).api(ON).store(&format!("keep = \"{keep}\""));
    let mut world = World::open(keep("2d")).await;
    world.all_healthy(STUDIOS);
    let old = job(1, start() - days(3), 200);
    world.main.set_job_stats(Answer::job_stats(&[old.clone(), job(2, start() - minutes(10), 200)]));
    for _ in 0..3 {
        next_run(&world).await;
        world.engine.purge(world.now()).await.unwrap();
    }
    let totals = world.engine.store.job_totals().await.unwrap();
    assert_eq!(totals.iter().map(|total| total.jobs).collect::<Vec<_>>(), [1]);
    // The other one becomes as old.
    world.advance(days(3));
    for _ in 0..3 {
        next_run(&world).await;
        world.engine.purge(world.now()).await.unwrap();
    }
    assert_eq!(world.engine.store.job_totals().await.unwrap(), totals);
    assert_eq!(world.engine.store.job_counts(&studio_a(), None, world.now()).await.unwrap(), []);
    // A longer `keep` brings nothing back, and new jobs are added.
    world.reload(keep("90d")).await;
    next_run(&world).await;
    assert_eq!(world.engine.store.job_totals().await.unwrap(), totals);
    let new = job(3, world.now() - minutes(1), 200);
    world.main.set_job_stats(Answer::job_stats(&[old, job(2, start() - minutes(10), 200), new]));
    next_run(&world).await;
    let totals = world.engine.store.job_totals().await.unwrap();
    assert_eq!(totals.iter().map(|total| total.jobs).collect::<Vec<_>>(), [2]);
}
