use super::super::{RunCounts, RunRecord, Tally};
use super::{Home, at};
use crate::domain::observation::Outcome;

async fn begin(home: &Home, seconds: i64) -> i64 {
    let mut writer = home.write().await;
    let run = writer.begin_run(at(seconds)).await.unwrap();
    writer.commit().await.unwrap();
    run
}

async fn finish(home: &Home, run: i64, tally: &Tally, seconds: i64) -> RunCounts {
    let mut writer = home.write().await;
    let counts = writer.update_run(run, tally, Some(at(seconds))).await.unwrap();
    writer.commit().await.unwrap();
    counts
}

fn tally(looks: &[(Outcome, Option<Outcome>)]) -> Tally {
    let mut tally = Tally::default();
    for (seen, before) in looks {
        tally.count(*seen, *before);
    }
    tally
}

#[tokio::test]
async fn run_counts_its_checks_and_confirmation_corrects_them() {
    use Outcome::{Malformed, Ok, RateLimited, Unauthorized, Unavailable};
    let home = Home::new().await;
    let run = begin(&home, 0).await;
    let first =
        tally(&[Ok, RateLimited, Unavailable, Malformed, Unauthorized].map(|outcome| (outcome, None)));
    assert_eq!(finish(&home, run, &first, 1).await, RunCounts { checked: 5, ok: 1, inconclusive: 2 });
    let again =
        [(Ok, Some(Unauthorized)), (Ok, Some(RateLimited)), (Unavailable, Some(Malformed)), (Ok, None)];
    let counts = RunCounts { checked: 6, ok: 4, inconclusive: 2 };
    assert_eq!(finish(&home, run, &tally(&again), 11).await, counts);
    let expected = RunRecord { id: run, started_at: at(0), finished_at: Some(at(11)), counts };
    assert_eq!(home.store.last_run().await.unwrap(), Some(expected));
}

#[tokio::test]
async fn last_run_is_the_one_that_began_last_finished_or_not() {
    let home = Home::watching(&["1"]).await;
    assert_eq!(home.store.last_run().await.unwrap(), None);
    let first = begin(&home, 0).await;
    let second = begin(&home, 900).await;
    assert!(second > first);
    finish(&home, first, &Tally::default(), 901).await;
    let expected =
        RunRecord { id: second, started_at: at(900), finished_at: None, counts: RunCounts::default() };
    assert_eq!(home.store.last_run().await.unwrap(), Some(expected));
}

#[tokio::test]
async fn runs_with_equal_counts_share_a_row_and_the_last_keeps_its_own() {
    let home = Home::new().await;
    let (all_well, one_not) = (tally(&[(Outcome::Ok, None)]), tally(&[(Outcome::NotFound, None)]));
    for (number, tally) in
        [&all_well, &all_well, &all_well, &one_not, &all_well, &all_well].into_iter().enumerate()
    {
        let seconds = i64::try_from(number).unwrap() * 900;
        let run = begin(&home, seconds).await;
        finish(&home, run, tally, seconds + 1).await;
    }
    // One that was cut off counts nothing, and is like no other.
    begin(&home, 6_000).await;
    begin(&home, 7_000).await;
    let sql =
        "SELECT coalesce(first_started_at, started_at), started_at, repeat_count, ok FROM runs ORDER BY id";
    let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(sql).fetch_all(&home.store.read).await.unwrap();
    let millis = |seconds: i64| at(seconds).timestamp_millis();
    let expected = [
        (0, 1_800, 3, 1),
        (2_700, 2_700, 1, 0),
        (3_600, 4_500, 2, 1),
        (6_000, 6_000, 1, 0),
        (7_000, 7_000, 1, 0),
    ];
    assert_eq!(rows, expected.map(|(since, last, runs, ok)| (millis(since), millis(last), runs, ok)));
}

#[tokio::test]
async fn run_after_the_clock_was_set_back_has_a_later_number() {
    let home = Home::new().await;
    let first = begin(&home, 900).await;
    let second = begin(&home, 0).await;
    assert!(second > first && first == at(900).timestamp_millis());
    assert_eq!(home.store.last_run().await.unwrap().unwrap().id, second);
}
