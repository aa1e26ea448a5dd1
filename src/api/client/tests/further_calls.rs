//! The requests for jobs and credits.

use super::*;
use crate::api::{FeaturesAnswer, JobStatsAnswer};
use crate::domain::jobs::WatchedIds;

async fn job_stats(base_url: Url, max_body: usize) -> JobStatsAnswer {
    let client = Client::new(&api(base_url)).unwrap();
    client.job_stats(&token(TOKEN), &WatchedIds::new([]), (1_000, max_body), &Clock::fixed(now())).await
}

async fn features(base_url: Url, id: &str) -> FeaturesAnswer {
    let client = Client::new(&api(base_url)).unwrap();
    client.features(&token(TOKEN), &AccountId::new(id), &Clock::fixed(now())).await
}

fn request_line(requests: &Receiver<String>) -> String {
    requests.try_recv().unwrap().lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn jobs_of_all_accounts_are_requested_at_once() {
    let (url, requests) =
        scripted(vec![http("200 OK", br#"{"data":[{"timestamp":1795413900,"code":200}]}"#)]);
    let JobStatsAnswer::Read(stats) = job_stats(url, MAX_BODY).await else { unreachable!() };
    assert_eq!(stats.jobs.len(), 1);
    assert_eq!(request_line(&requests), "GET /v2/account/stats?bot=minimax&limit=1000 HTTP/1.1");
}

#[tokio::test]
async fn answer_about_jobs_is_read_up_to_its_own_cap() {
    let body = format!(r#"{{"x":"{}","data":[]}}"#, "x".repeat(2 * MAX_BODY)).into_bytes();
    let packed = http("200 OK\r\ncontent-encoding: gzip", &gzip(&body));
    let read = job_stats(scripted(vec![packed.clone()]).0, body.len()).await;
    assert!(matches!(read, JobStatsAnswer::Read(_)), "{read:?}");
    let JobStatsAnswer::NotUnderstood(reason) = job_stats(scripted(vec![packed]).0, body.len() - 1).await
    else {
        unreachable!()
    };
    assert_eq!(reason, "a body larger than 131,089 bytes");
}

#[tokio::test]
async fn failed_request_says_nothing_about_jobs_or_credits() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let JobStatsAnswer::Failed(seen) = job_stats(closed.clone(), MAX_BODY).await else { unreachable!() };
    assert_eq!(seen.outcome, Outcome::Unavailable);
    let FeaturesAnswer::Failed(seen) = features(closed, "1").await else { unreachable!() };
    assert_eq!(seen.outcome, Outcome::Unavailable);
    let throttled = || scripted(vec![http("429 Slow\r\nretry-after: 20", b"")]).0;
    let JobStatsAnswer::Failed(seen) = job_stats(throttled(), MAX_BODY).await else { unreachable!() };
    assert_eq!((seen.outcome, seen.retry_after), (Outcome::RateLimited, Some(TimeDelta::seconds(20))));
    let FeaturesAnswer::Failed(seen) = features(throttled(), "1").await else { unreachable!() };
    assert_eq!((seen.outcome, seen.retry_after), (Outcome::RateLimited, Some(TimeDelta::seconds(20))));
}

#[tokio::test]
async fn credits_are_requested_for_one_account() {
    for (id, query) in
        [("007", "007"), ("me@example.com", "me@example.com"), ("a&b=c d", "a%26b%3Dc%20d"), ("..", "..")]
    {
        let (url, requests) = scripted(vec![http("200 OK", br#"{"totalCredits":100}"#)]);
        let FeaturesAnswer::Read(credits) = features(url, id).await else { unreachable!("{id}") };
        assert_eq!(credits.left, Some(100));
        let line = request_line(&requests);
        assert_eq!(line, format!("GET /v1/minimax/features/?account={query} HTTP/1.1"), "{id}");
    }
}

#[tokio::test]
async fn credits_of_an_empty_id_are_not_requested() {
    let (url, requests) = scripted(vec![http("200 OK", br#"{"totalCredits":100}"#)]);
    assert!(matches!(features(url, "").await, FeaturesAnswer::NotUnderstood(_)));
    assert!(requests.try_recv().is_err());
}
