//! The loop's moments, with explicit clocks and a vendor that nobody listens as.

use tempfile::TempDir;

use super::*;
use crate::api::Client;
use crate::config::{self, Environment};
use crate::domain::account::AccountId;
use crate::engine::Scope;
use crate::notify::Sender;
use crate::store::RunCounts;

/// A daemon whose store last saw a run at `last`, by whatever clock.
async fn daemon(folder: &TempDir, last: Timestamp) -> Daemon {
    let path = folder.path().join("watch.db").display().to_string();
    let environment: Environment = [
        ("USEAPI_TOKEN", "user:1234-abcdefgh"),
        ("MINIMAX_WATCH__STORE__PATH", path.as_str()),
        ("MINIMAX_WATCH__API__BASE_URL", "http://127.0.0.1:1"),
    ]
    .into_iter()
    .collect();
    let config = config::bare(&[AccountId::new("a")], &environment, last).unwrap();
    let store = Store::open(&config.store.path).await.unwrap();
    let client = Client::new(&config.api).unwrap();
    let engine = Engine::new(config, store, client, Sender::over_network());
    engine.check(&Scope::Everything, last, &|_, _| {}).await.unwrap();
    let lock = Lock::take(&engine.config.store.path, "the test").unwrap();
    Daemon::new(engine, lock).await.unwrap()
}

const QUARTER: TimeDelta = TimeDelta::minutes(15);

#[tokio::test]
async fn a_run_made_by_a_clock_that_was_ahead_puts_the_next_one_off_by_no_more_than_the_schedule_does() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = daemon(&folder, clock::now() + TimeDelta::days(300)).await;
    assert!(daemon.next_run.unwrap() <= clock::now() + QUARTER, "{:?}", daemon.next_run);
}

#[tokio::test]
async fn a_clock_that_is_set_back_while_it_runs_holds_nothing_off() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let ahead = now + TimeDelta::days(300);
    daemon.looked_up = ahead;
    daemon.next_run = Some(ahead);
    daemon.question = Some((ahead, 1));
    daemon.next_word = Some(ahead);
    daemon.next_purge = ahead;
    daemon.do_what_is_due(now).await;
    assert!(daemon.next_run.unwrap() <= now + QUARTER, "{:?}", daemon.next_run);
    assert!(daemon.question.unwrap().0 <= now + STILL_IN_DOUBT, "{:?}", daemon.question);
    assert!(daemon.next_word.is_none_or(|word| word < ahead), "{:?}", daemon.next_word);
    assert!(daemon.next_purge <= now + PURGE_EVERY, "{}", daemon.next_purge);
}

#[tokio::test]
async fn runs_closer_together_than_the_pause_do_not_put_the_second_look_off() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let doubtful =
        |run| Ok(Pass { run, counts: RunCounts::default(), doubts: true, next_rung: None, put_off: None });
    let pause = daemon.engine.config.alerts.confirm_after;
    daemon.looked((Look::First, doubtful(1)), now);
    daemon.looked((Look::First, doubtful(2)), now + pause / 2);
    assert_eq!(daemon.question, Some((now + pause, 2)));
}

#[test]
fn questions_are_spread_over_a_part_of_the_time_until_the_next_run() {
    let now = clock::now();
    for (seconds, over) in [(900, 60), (600, 60), (300, 30), (1, 0), (0, 0), (-5, 0)] {
        let spread = looking::spread(Some(now + TimeDelta::seconds(seconds)), now);
        assert_eq!(spread.as_secs(), over, "{seconds} s until the next run");
    }
    assert_eq!(looking::spread(None, now).as_secs(), 60);
}

#[tokio::test]
async fn who_is_put_off_is_asked_in_the_same_run_before_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let until = now + TimeDelta::seconds(30);
    let put_off = PutOff { until, accounts: Vec::new() };
    let pass =
        |put_off| Pass { run: 1, counts: RunCounts::default(), doubts: false, next_rung: None, put_off };
    daemon.next_word = None;
    daemon.looked((Look::First, Ok(pass(Some(put_off)))), now);
    assert_eq!((daemon.next_word, daemon.wake_at()), (None, Some(until.min(daemon.wake_at().unwrap()))));
    daemon.looked((Look::Again, Ok(pass(None))), now);
    assert_eq!(daemon.next_word, None, "a second question does not end the run");
    assert!(daemon.put_off.is_some());
    daemon.looked((Look::First, Ok(pass(None))), until);
    assert_eq!(daemon.next_word, Some(until));
}

#[tokio::test]
async fn a_purge_of_years_lets_go_of_the_loop_after_each_batch() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = daemon(&folder, clock::now()).await;
    let now = clock::now();
    let mut writer = daemon.engine.store.write().await.unwrap();
    for hours in 0..600 {
        writer.begin_run(now - TimeDelta::days(1_000) + TimeDelta::hours(hours)).await.unwrap();
    }
    writer.begin_run(now).await.unwrap();
    writer.commit().await.unwrap();
    daemon.do_what_is_due(now).await;
    assert_eq!(daemon.next_purge, now + PURGE_AGAIN, "there is more");
    daemon.do_what_is_due(now + PURGE_AGAIN).await;
    assert_eq!(daemon.next_purge, now + PURGE_AGAIN + PURGE_EVERY);
}

#[tokio::test]
async fn an_end_learned_in_a_run_is_told_in_its_moment_although_the_run_waits_for_its_second_look() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let mut daemon = daemon(&folder, now).await;
    let (soon, later) = (now + TimeDelta::seconds(3), now + TimeDelta::days(1));
    for (known, expected) in [(Some(later), soon), (None, soon), (Some(now), now)] {
        daemon.next_word = known;
        let pass =
            Pass { run: 1, counts: RunCounts::default(), doubts: true, next_rung: Some(soon), put_off: None };
        daemon.looked((Look::First, Ok(pass)), now);
        assert_eq!(daemon.next_word, Some(expected), "{known:?}");
    }
}
