//! Jobs that the answers of the statistics do not show: rows that cannot be read, and those that newer ones crowd out.

use chrono::TimeDelta;
use minimax_watch::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::jobs::{explain, job, jobs, log, next_run, usable, watching};
use crate::simulator::{Answer, Reply};
use crate::world::{World, minutes, start};

fn odd(mut row: Value, member: &str, value: Value) -> Value {
    row[member] = value;
    row
}

/// Rows of jobs that failed, whose code cannot be read.
fn odd_codes(last: Timestamp, count: usize) -> Vec<Value> {
    let rows = jobs(last, &vec![403; count]).into_iter().enumerate();
    rows.map(|(n, row)| odd(odd(row, "code", json!("403 Forbidden")), "jobid", json!(format!("odd-{n}"))))
        .collect()
}

/// A world in which studio-a has an open alert.
async fn failing() -> (World, Vec<Value>) {
    let world = watching().await;
    let rows = jobs(start(), &[403, 403, 403]);
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.run().await;
    assert_eq!(world.received(), ["opened jobs_failing critical studio-a"]);
    (world, rows)
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_logged_once_and_explained() {
    let world = watching().await;
    let (written, _guard, _other) = log();
    let mut rows = jobs(start() - minutes(30), &[200, 200, 200]);
    rows.extend(odd_codes(start(), 20));
    world.main.set_job_stats(Answer::job_stats(&rows));
    for _ in 0..2 {
        next_run(&world).await;
    }
    let why = explain(&world, "jobs_failing").await;
    let words = "20 of 23 rows could not be read, the newest of 30 min ago: each may be a failed job";
    assert!(why.contains("0 of 3 jobs failed") && why.contains(words), "{why}");
    world.main.set_job_stats(Answer::job_stats(&rows[..3]));
    next_run(&world).await;
    assert!(!explain(&world, "jobs_failing").await.contains("could not be read"));
    let log = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    for (words, level) in
        [("20 of 23 rows of the job statistics", "WARN"), ("all rows of the job statistics", "INFO")]
    {
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(words)).collect();
        assert!(lines.len() == 1 && lines[0].contains(level), "{words}\n{log}");
    }
}

#[tokio::test]
async fn nothing_resolves_by_jobs_before_a_row_that_cannot_be_read() {
    for member in ["code", "timestamp"] {
        let (world, mut rows) = failing().await;
        rows.extend((10..13).map(|number| job(number, start() + minutes(number.into()), 200)));
        let odd_row = odd(job(20, start() + minutes(14), 403), member, json!("odd"));
        world.main.set_job_stats(Answer::job_stats(&[rows.clone(), vec![odd_row.clone()]].concat()));
        for _ in 0..3 {
            next_run(&world).await;
            assert!(world.received().is_empty(), "{member}");
        }
        // It stays, but newer jobs are judged as ever.
        rows.extend((30..33).map(|number| job(number, world.now() + minutes(i64::from(number) - 30), 200)));
        rows.push(odd_row);
        world.main.set_job_stats(Answer::job_stats(&rows));
        next_run(&world).await;
        assert_eq!(world.received(), ["resolved jobs_failing critical studio-a"], "{member}");
    }
}

#[tokio::test]
async fn one_row_of_many_that_cannot_be_read_holds_nothing_up() {
    let (world, mut rows) = failing().await;
    rows.extend((10..200).map(|number| job(number, start() + minutes(5), 200)));
    rows.extend(odd_codes(start() + minutes(10), 1));
    world.main.set_job_stats(Answer::job_stats(&rows));
    next_run(&world).await;
    assert_eq!(world.received(), ["resolved jobs_failing critical studio-a"]);
}

#[tokio::test]
async fn job_that_cannot_be_read_may_have_been_refused_for_lack_of_credits() {
    let world = watching().await;
    let mut rows = jobs(start(), &[412]);
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.run().await;
    assert_eq!(world.received(), ["opened out_of_credits critical studio-a"]);
    rows.push(job(9, start() + minutes(5), 200));
    rows.extend(odd_codes(start() + minutes(10), 1));
    world.main.set_job_stats(Answer::job_stats(&rows));
    next_run(&world).await;
    assert!(world.received().is_empty());
    rows.push(job(10, start() + minutes(11), 200));
    world.main.set_job_stats(Answer::job_stats(&rows));
    next_run(&world).await;
    assert_eq!(world.received(), ["resolved out_of_credits critical studio-a"]);
}

#[tokio::test]
async fn no_trial_is_due_within_a_window_of_a_row_that_cannot_be_read() {
    let (world, mut rows) = failing().await;
    next_run(&world).await;
    next_run(&world).await;
    rows.extend(odd_codes(start() + minutes(30), 2));
    world.main.set_job_stats(Answer::job_stats(&rows));
    for _ in 0..3 {
        next_run(&world).await;
        assert_eq!(usable(&world).await, [("studio-b".to_owned(), false)]);
    }
    // An answer that failed changes nothing.
    world.main.set_job_stats(Reply::status(axum::http::StatusCode::BAD_GATEWAY));
    next_run(&world).await;
    assert_eq!(usable(&world).await, [("studio-b".to_owned(), false)]);
    world.main.set_job_stats(Answer::job_stats(&rows));
    next_run(&world).await;
    assert_eq!(usable(&world).await, [("studio-b".to_owned(), false), ("studio-a".to_owned(), true)]);
}

#[tokio::test]
async fn no_trial_is_due_within_a_window_of_jobs_that_newer_ones_crowded_out() {
    let (world, failed) = failing().await;
    let full = |from| -> Vec<Value> {
        let read = |n| {
            odd(
                job(n, from + TimeDelta::milliseconds(500 * i64::from(n)), 200),
                "endpoint",
                json!("get-videos"),
            )
        };
        (0..1_000).map(read).collect()
    };
    // It reaches back to what is known.
    world.main.set_job_stats(Answer::job_stats(&[failed, full(start() + minutes(1))].concat()));
    next_run(&world).await;
    next_run(&world).await;
    assert!(!explain(&world, "jobs_failing").await.contains("missing"));
    // The account's failed jobs of the last minutes are not in it.
    world.main.set_job_stats(Answer::job_stats(&full(start() + minutes(31))));
    next_run(&world).await;
    let why = explain(&world, "jobs_failing").await;
    let words = "one answer did not hold all new jobs: some before 2026-11-01 08:31 UTC are missing";
    assert!(why.contains(words), "{why}");
    for _ in 0..3 {
        next_run(&world).await;
        assert_eq!(usable(&world).await, [("studio-b".to_owned(), false)]);
    }
    next_run(&world).await;
    assert_eq!(usable(&world).await, [("studio-b".to_owned(), false), ("studio-a".to_owned(), true)]);
    assert!(world.received().is_empty());
}

#[tokio::test]
async fn first_full_answer_misses_nothing_that_was_watched() {
    let world = watching().await;
    let rows: Vec<Value> = (0..1_000).map(|number| job(number, start(), 200)).collect();
    world.main.set_job_stats(Answer::job_stats(&rows));
    world.run().await;
    assert!(!explain(&world, "jobs_failing").await.contains("missing"));
}
