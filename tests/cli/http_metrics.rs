//! `/metrics` in both formats, from a real store.

use chrono::TimeDelta;
use serde_json::json;

use crate::child::Service;
use crate::http_client::{Answer, Client, TOKEN};
use crate::setup::{Setup, healthy};
use crate::simulator::{Answer as ApiAnswer, Record, WebhookServer};

const PROTECTED: &str = "[http]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"http-token\"\n";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0";

/// A service that shows what earlier checks stored; it checks what was unhealthy again.
fn serve(setup: &Setup) -> (Service, Client) {
    let mut service = setup.serve(&[]);
    let client = Client::of(&mut service);
    (service, client)
}

fn scrape(client: Client, accept: &str) -> Answer {
    let answer =
        client.get_with("/metrics", &format!("Authorization: Bearer {TOKEN}\r\nAccept: {accept}\r\n"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// The value of a series.
fn value(answer: &Answer, series: &str) -> Option<f64> {
    let line = answer.body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_there_in_both_formats() {
    let setup = Setup::open().await;
    setup.vendor.put(Record::ending("a", healthy()));
    setup.vendor.put(Record::ending("b", healthy() - TimeDelta::days(18)));
    setup.configure(&["a", "b", "gone"], PROTECTED);
    setup.secret("http-token", TOKEN);
    assert_eq!(setup.run(&["check"]).status, Some(2));
    let (_service, client) = serve(&setup);
    assert_eq!(client.get("/metrics").status, 401);
    let plain = scrape(client, "*/*");
    assert_eq!(plain.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(plain.header("vary"), Some("Accept"));
    let account = |metric: &str, id: &str| {
        let series =
            format!("minimax_account_{metric}{{subscription=\"main\",account=\"{id}\",name=\"{id}\"}}");
        value(&plain, &series)
    };
    assert_eq!(["a", "b", "gone"].map(|id| account("up", id)), [Some(1.0), Some(1.0), Some(0.0)]);
    assert_eq!(["a", "b", "gone"].map(|id| account("usable", id)), [Some(1.0), Some(1.0), Some(0.0)]);
    assert_eq!(["a", "b", "gone"].map(|id| account("max_jobs", id)), [Some(1.0), Some(1.0), None]);
    let expiry = account("token_expiry_timestamp_seconds", "a").unwrap();
    assert!((expiry - f64::from(u32::try_from(healthy().timestamp()).unwrap())).abs() < 60.0, "{expiry}");
    assert!(account("last_success_timestamp_seconds", "a").is_some());
    for (series, expected) in [
        (
            "minimax_account_capability{subscription=\"main\",account=\"a\",name=\"a\",capability=\"supportVideo\"}",
            1.0,
        ),
        ("minimax_subscription_active{subscription=\"main\"}", 1.0),
        ("minimax_watch_alerts_firing{kind=\"not_found\",severity=\"critical\"}", 1.0),
        ("minimax_watch_alerts_firing{kind=\"expiry\",severity=\"warning\"}", 1.0),
        ("minimax_watch_alerts_firing{kind=\"unreachable\",severity=\"warning\"}", 0.0),
        ("minimax_watch_outbox_pending", 0.0),
        (concat!("minimax_watch_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
    ] {
        assert_eq!(value(&plain, series), Some(expected), "{series} in {}", plain.body);
    }
    let runs = value(&plain, "minimax_watch_runs_total{result=\"complete\"}");
    assert!(
        runs.is_some_and(|runs| runs >= 1.0),
        "that of `check`, and perhaps that of the service: {runs:?}"
    );
    assert!(plain.body.contains("# TYPE minimax_watch_runs_total counter\n"), "{}", plain.body);
    let open = scrape(client, OPEN_METRICS);
    assert_eq!(
        open.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(open.body.contains("# TYPE minimax_watch_runs counter\n") && open.body.ends_with("# EOF\n"));
    let samples = |answer: &Answer| {
        answer.body.lines().filter(|line| !line.starts_with('#')).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(samples(&open), samples(&plain));
    assert_eq!(client.get_as_owner("/metrics?x=1").status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn series_stay_when_a_fetch_fails_and_counters_go_on() {
    let setup = Setup::with(&["a"], PROTECTED).await;
    setup.secret("http-token", TOKEN);
    setup.run(&["check"]);
    setup.api.go_down();
    setup.run(&["check"]);
    let (_service, client) = serve(&setup);
    let plain = scrape(client, "text/plain");
    let account = |metric: &str| {
        value(&plain, &format!("minimax_account_{metric}{{subscription=\"main\",account=\"a\",name=\"a\"}}"))
    };
    for metric in ["token_expiry_timestamp_seconds", "last_success_timestamp_seconds", "max_jobs"] {
        assert!(account(metric).is_some(), "{metric}");
    }
    assert_eq!(account("up"), Some(1.0), "the last conclusive check");
    assert_eq!(value(&plain, "minimax_watch_runs_total{result=\"complete\"}"), Some(1.0));
    assert!(value(&plain, "minimax_watch_runs_total{result=\"failed\"}").is_some_and(|runs| runs >= 1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_credits_and_messages_are_counted() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    let more = format!(
        "{PROTECTED}[jobs]\nwatch = true\n[credits]\nwatch = true\n[[receivers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        hook.url()
    );
    setup.vendor.put(Record::ending("a", healthy()));
    setup.configure(&["a", "gone"], &more);
    setup.secret("http-token", TOKEN);
    let at = minimax_watch::clock::now() - TimeDelta::minutes(30);
    let job = |number: u32, code: u16| {
        json!({"timestamp": at.to_rfc3339(), "jobid": format!("user:1-bot-minimax:a-job:{number}"), "config": "a",
               "endpoint": "videos/create", "status": "x", "func": "x", "code": code, "msec": number})
    };
    setup.vendor.set_job_stats(ApiAnswer::job_stats(&[job(1, 200), job(2, 200), job(3, 403)]));
    setup.run(&["check"]);
    let (_service, client) = serve(&setup);
    let plain = scrape(client, "*/*");
    let labels = "subscription=\"main\",account=\"a\",name=\"a\"";
    for (series, expected) in [
        (format!("minimax_account_jobs_total{{{labels},code=\"200\"}}"), 2.0),
        (format!("minimax_account_jobs_total{{{labels},code=\"403\"}}"), 1.0),
        ("minimax_watch_notifications_total{receiver=\"hook\",result=\"delivered\"}".to_owned(), 1.0),
        ("minimax_watch_notifications_total{receiver=\"hook\",result=\"failed\"}".to_owned(), 0.0),
    ] {
        assert_eq!(value(&plain, &series), Some(expected), "{series} in {}", plain.body);
    }
    assert!(value(&plain, &format!("minimax_account_credits{{{labels}}}")).is_some(), "{}", plain.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_one_label() {
    let setup = Setup::with(&[], PROTECTED).await;
    setup.secret("http-token", TOKEN);
    let text = std::fs::read_to_string(setup.path("minimax-watch.toml")).unwrap();
    let account =
        "[[subscriptions.accounts]]\nid = \"a\\\"} 1 # TYPE x\\\\\"\nname = \"b\\u202E\\\"\\\\\"\n[store]";
    std::fs::write(setup.path("minimax-watch.toml"), text.replace("[store]", account)).unwrap();
    setup.vendor.put(Record::ending("a\"} 1 # TYPE x\\", healthy()));
    setup.run(&["check"]);
    let (_service, client) = serve(&setup);
    let expected = "minimax_account_up{subscription=\"main\",account=\"a\\\"} 1 # TYPE x\\\\\",name=\"b\\\\u{202e}\\\"\\\\\"}";
    for format in ["text/plain", OPEN_METRICS] {
        let answer = scrape(client, format);
        assert_eq!(value(&answer, expected), Some(1.0), "{}", answer.body);
        assert!(!answer.body.lines().any(|line| line.starts_with("# TYPE x")), "{}", answer.body);
    }
}
