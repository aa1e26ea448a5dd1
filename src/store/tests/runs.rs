use super::super::{Run, RunCounts};
use super::{Home, account, at, named};
use crate::domain::observation::Outcome;
use crate::domain::standing::Standing;

async fn look(home: &Home, id: &str, outcome: Outcome, seconds: i64) {
    let mut writer = home.write().await;
    let standing = Standing { outcome: Some(outcome), checked_at: Some(at(seconds)), ..Standing::default() };
    writer.record_standing(&account(id), &standing).await.unwrap();
    writer.commit().await.unwrap();
}

async fn begin(home: &Home, seconds: i64) -> i64 {
    let mut writer = home.write().await;
    let run = writer.begin_run(at(seconds)).await.unwrap();
    writer.commit().await.unwrap();
    run
}

async fn finish(home: &Home, run: i64, seconds: i64) -> RunCounts {
    let mut writer = home.write().await;
    let counts = writer.finish_run(run, at(seconds)).await.unwrap();
    writer.commit().await.unwrap();
    counts
}

#[tokio::test]
async fn a_run_counts_what_it_looked_at_but_not_the_list() {
    let home = Home::watching(&["", "1", "2", "3", "4", "5", "6"]).await;
    look(&home, "6", Outcome::Ok, -900).await;
    let run = begin(&home, 0).await;
    for (id, outcome) in [
        ("", Outcome::Ok),
        ("1", Outcome::Ok),
        ("2", Outcome::RateLimited),
        ("3", Outcome::Unavailable),
        ("4", Outcome::Malformed),
        ("5", Outcome::Unauthorized),
    ] {
        look(&home, id, outcome, 0).await;
    }
    assert_eq!(finish(&home, run, 1).await, RunCounts { checked: 5, ok: 1, no_verdict: 2 });
}

#[tokio::test]
async fn the_second_look_of_a_run_corrects_its_counts() {
    let home = Home::watching(&["1", "2"]).await;
    let run = begin(&home, 0).await;
    look(&home, "1", Outcome::Ok, 0).await;
    look(&home, "2", Outcome::Unauthorized, 0).await;
    assert_eq!(finish(&home, run, 1).await, RunCounts { checked: 2, ok: 1, no_verdict: 0 });
    look(&home, "2", Outcome::Ok, 10).await;
    let counts = RunCounts { checked: 2, ok: 2, no_verdict: 0 };
    assert_eq!(finish(&home, run, 11).await, counts);
    let expected = Run { id: run, started_at: at(0), finished_at: Some(at(11)), counts };
    assert_eq!(home.store.last_run().await.unwrap(), Some(expected));
}

#[tokio::test]
async fn the_last_run_is_the_one_that_began_last_ended_or_not() {
    let home = Home::watching(&["1"]).await;
    assert_eq!(home.store.last_run().await.unwrap(), None);
    let first = begin(&home, 0).await;
    let second = begin(&home, 900).await;
    assert!(second > first);
    finish(&home, first, 901).await;
    let expected = Run { id: second, started_at: at(900), finished_at: None, counts: RunCounts::default() };
    assert_eq!(home.store.last_run().await.unwrap(), Some(expected));
}

#[tokio::test]
async fn the_end_of_one_run_leaves_the_others_as_they_were() {
    let home = Home::watching(&["1"]).await;
    let first = begin(&home, 0).await;
    look(&home, "1", Outcome::Ok, 0).await;
    finish(&home, first, 1).await;
    let second = begin(&home, 900).await;
    assert_eq!(finish(&home, second, 901).await, RunCounts::default(), "nothing was looked at");
    let sql = "SELECT checked FROM runs ORDER BY id";
    let checked: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&home.store.read).await.unwrap();
    assert_eq!(checked, [1, 0]);
}

#[tokio::test]
async fn an_account_that_left_after_its_look_was_looked_at_all_the_same() {
    let home = Home::watching(&["1", "2"]).await;
    let run = begin(&home, 0).await;
    look(&home, "1", Outcome::Ok, 0).await;
    let mut writer = home.write().await;
    writer.watch(&[named("2", "2")]).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(finish(&home, run, 1).await.checked, 1);
}
