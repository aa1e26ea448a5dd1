//! Totals and hourly counts: each thing is counted once, and purges reduce no total.

use super::*;
use crate::domain::jobs::{Job, JobCode, JobKey, StatsReadings};
use crate::store::jobs::MAX_JOBS;
use crate::store::{JobTotal, Tally};

fn job(key: i64, account: Option<&str>, minutes: i64, code: u16) -> Job {
    Job {
        key: JobKey::new(key),
        at: at(0) + TimeDelta::minutes(minutes),
        account: account.map(AccountId::new),
        code: JobCode::new(code).unwrap(),
        asks_for_work: true,
    }
}

async fn add(home: &Home, jobs: &[Job]) {
    let mut writer = home.write().await;
    writer.add_jobs(&SubscriptionName::new("main"), jobs).await.unwrap();
    writer.save_stats_readings(&SubscriptionName::new("main"), &StatsReadings::default()).await.unwrap();
    writer.commit().await.unwrap();
}

async fn counts(home: &Home) -> Vec<(u16, u32, u32)> {
    let counts = home.store.job_counts(&account("1"), None, at(0) + TimeDelta::days(9)).await.unwrap();
    counts.iter().map(|count| (count.code.number(), count.jobs, count.counted)).collect()
}

#[tokio::test]
async fn overlapping_answers_count_each_job_once() {
    let home = Home::watching(&["1"]).await;
    add(&home, &[job(1, Some("1"), 1, 200), job(2, Some("1"), 2, 403), job(3, Some("1"), 70, 429)]).await;
    add(&home, &[job(2, Some("1"), 2, 403), job(3, Some("1"), 70, 429), job(4, Some("1"), 80, 200)]).await;
    assert_eq!(counts(&home).await, [(200, 2, 2), (403, 1, 1), (429, 1, 0)]);
    // Its account becomes known with a later answer.
    add(&home, &[job(5, None, 90, 200)]).await;
    assert_eq!(counts(&home).await[0], (200, 2, 2));
    add(&home, &[job(5, Some("1"), 90, 200)]).await;
    assert_eq!(counts(&home).await[0], (200, 3, 3));
    let unknown = AccountKey::listing(&SubscriptionName::new("main"));
    assert_eq!(home.store.job_counts(&unknown, None, at(0) + TimeDelta::days(9)).await.unwrap(), []);
}

#[tokio::test]
async fn corrected_job_moves_to_its_new_account_and_code() {
    let home = Home::watching(&["1", "2"]).await;
    add(&home, &[job(1, Some("1"), 1, 403), job(2, Some("1"), 2, 403), job(3, None, 3, 200)]).await;
    assert_eq!(counts(&home).await, [(403, 2, 2)]);
    add(&home, &[job(1, Some("1"), 1, 200), job(2, Some("1"), 2, 429), job(3, Some("1"), 3, 200)]).await;
    assert_eq!(counts(&home).await, [(200, 2, 2), (429, 1, 0)]);
    // An answer that names no account takes none away.
    add(&home, &[job(1, None, 1, 500), job(3, Some("2"), 3, 200)]).await;
    assert_eq!(counts(&home).await, [(429, 1, 0), (500, 1, 1)]);
    let total = |id, code, jobs| JobTotal { account: account(id), code, jobs };
    // What was counted stays counted.
    assert_eq!(
        home.store.job_totals().await.unwrap(),
        [total("1", 200, 2), total("1", 403, 2), total("1", 429, 1), total("1", 500, 1), total("2", 200, 1)]
    );
    let newest = home.store.newest_jobs(&account("1"), at(0) + TimeDelta::days(9)).await.unwrap();
    assert_eq!(newest.iter().map(|job| job.code.number()).collect::<Vec<_>>(), [500], "429 does not count");
}

#[tokio::test]
async fn job_that_the_cap_of_rows_purges_keeps_its_hourly_count() {
    let home = Home::watching(&["1"]).await;
    let newest = async || home.store.newest_job_at(&account("1"), at(0) + TimeDelta::days(9)).await.unwrap();
    add(&home, &[job(0, Some("1"), 1, 403)]).await;
    assert!(newest().await.is_some());
    let newer: Vec<Job> = (1..=MAX_JOBS).map(|key| job(key, None, 70, 200)).collect();
    add(&home, &newer).await;
    assert_eq!(newest().await, None, "its row is purged");
    assert_eq!(counts(&home).await, [(403, 1, 1)]);
    assert!(home.store.job_totals().await.unwrap().contains(&JobTotal {
        account: account("1"),
        code: 403,
        jobs: 1
    }));
}

#[tokio::test]
async fn purges_reduce_no_total() {
    let home = Home::watching(&["1"]).await;
    add(&home, &[job(1, Some("1"), 1, 200), job(2, Some("1"), 2, 200), job(3, Some("1"), 3000, 403)]).await;
    let total = |code, jobs| JobTotal { account: account("1"), code, jobs };
    assert_eq!(home.store.job_totals().await.unwrap(), [total(200, 2), total(403, 1)]);
    let mut writer = home.write().await;
    let run = writer.begin_run(at(0)).await.unwrap();
    writer.update_run(run, &Tally { checked: 2, ok: 1, inconclusive: 1 }, Some(at(1))).await.unwrap();
    // The confirmation of a run does not finish it again.
    writer.update_run(run, &Tally::default(), Some(at(2))).await.unwrap();
    writer.begin_run(at(3)).await.unwrap();
    let purged = writer.purge_jobs(at(0) + TimeDelta::days(2)).await.unwrap();
    assert_eq!(purged.rows, 3, "two jobs, and one hour of them");
    writer.purge(at(0) + TimeDelta::days(2)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(counts(&home).await, [(403, 1, 1)]);
    assert_eq!(home.store.job_totals().await.unwrap(), [total(200, 2), total(403, 1)]);
    let runs = home.store.run_totals().await.unwrap();
    assert_eq!(
        runs.iter().map(|total| (total.result.as_str(), total.runs)).collect::<Vec<_>>(),
        [("partial", 1)]
    );
}
