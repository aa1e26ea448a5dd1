//! What every answer that is made of several reads guarantees.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::{SubsecRound as _, TimeDelta};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::gate::Gate;
use super::routes;
use super::server::accept_until_stopped;
use super::site::Site;
use crate::clock;
use crate::config::{self, Config};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::alerts::{AlertId, AlertKind, Condition, Resolution, Resolved, Severity, Subject};
use crate::domain::configuration::Configuration;
use crate::store::{Store, Tally, Watched};

const QUIET: &str = "quiet-account";
const ALARMED: &str = "alarmed-account";
const DETAIL: &str = "jobs of this account fail";

/// Paths, and what their answers hold while the alert fires.
const ANSWERS: [(&str, &str); 5] = [
    ("/", "minimax-watch ack"),
    ("/accounts/main/1", "minimax-watch ack"),
    ("/metrics", r#"minimax_watch_alerts_firing{kind="jobs_failing",severity="critical"} 1"#),
    ("/api/v1/status", DETAIL),
    ("/api/v1/alerts", DETAIL),
];

fn account() -> AccountKey {
    AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("1"))
}

async fn store_in(folder: &Path) -> (Config, Store) {
    let path = folder.join("watch.db").display().to_string();
    let variables = [("USEAPI_TOKEN", "user:1234-abcdefgh"), ("MINIMAX_WATCH__STORE__PATH", path.as_str())];
    let environment = variables.into_iter().collect();
    let config = config::from_environment(&[], &environment, clock::now()).unwrap().config;
    let store = Store::open(&config.store.path).await.unwrap();
    (config, store)
}

/// Commits at once that the account has another name, and that an alert about it opened; or the first name again, and that it resolved.
async fn change(store: &Store, number: usize) {
    let (now, id) = (clock::now(), AlertId::new(format!("A{:04}", number / 2)));
    let mut writer = store.write().await.unwrap();
    let name = if number.is_multiple_of(2) {
        let condition = Condition {
            subject: Subject::Account(account()),
            kind: AlertKind::JobsFailing,
            stage: None,
            severity: Severity::Critical,
            expires_at: None,
            detail: DETAIL.to_owned(),
            affected: 1,
        };
        writer.open_alerts(&[(id, condition)], now).await.unwrap();
        ALARMED
    } else {
        let (detail, resolution) = (DETAIL.to_owned(), Resolution::Ended);
        writer
            .resolve_alerts(&[Resolved { id, detail, renewed_until: None, resolution }], now)
            .await
            .unwrap();
        QUIET
    };
    writer.watch(&[Watched { account: account(), name: name.to_owned(), discovered: false }]).await.unwrap();
    writer.commit().await.unwrap();
}

#[tokio::test]
async fn no_answer_shows_two_states_of_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let (config, store) = store_in(folder.path()).await;
    change(&store, 0).await;
    change(&store, 1).await;
    // A series of the metrics, with the name.
    let configuration = Configuration { max_jobs: Some(1), ..Configuration::default() };
    let mut writer = store.write().await.unwrap();
    writer.insert_snapshots(&[(&account(), &configuration)], clock::now()).await.unwrap();
    writer.commit().await.unwrap();
    let readers = store.independent_readers();
    let routes = routes::router(Site::new(watch::channel(Arc::new(config)).1, readers).unwrap());
    let is_done = AtomicBool::new(false);
    let changes = async {
        for number in 2.. {
            if is_done.load(Ordering::Relaxed) {
                break;
            }
            change(&store, number).await;
        }
    };
    let answers = async {
        let both = ANSWERS.iter().flat_map(|(path, _)| [(*path, true), (*path, false)]);
        let mut unseen: BTreeSet<(&str, bool)> = both.collect();
        let mut rounds = 0;
        while rounds < 20 || !unseen.is_empty() {
            rounds += 1;
            assert!(rounds < 1_000, "never shown: {unseen:?}");
            for (path, alert) in ANSWERS {
                let request = Request::get(path).body(Body::empty()).unwrap();
                let Ok(response) = routes.clone().oneshot(request).await;
                assert_eq!(response.status(), StatusCode::OK, "{path}");
                let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
                let text = String::from_utf8(bytes.into()).unwrap();
                assert_eq!(text.contains(ALARMED), text.contains(alert), "{path}: {text}");
                unseen.remove(&(path, text.contains(ALARMED)));
            }
        }
        is_done.store(true, Ordering::Relaxed);
    };
    tokio::join!(changes, answers);
}

#[tokio::test]
async fn the_last_run_of_the_metrics_is_one_that_finished() {
    let folder = tempfile::tempdir().unwrap();
    let (config, store) = store_in(folder.path()).await;
    let routes =
        routes::router(Site::new(watch::channel(Arc::new(config)).1, store.independent_readers()).unwrap());
    let last_run = async || -> Option<f64> {
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let Ok(response) = routes.clone().oneshot(request).await;
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.into()).unwrap();
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix("minimax_watch_last_run_timestamp_seconds ")?.parse().ok())
    };
    let now = clock::now().trunc_subsecs(0);
    let mut finished_at = None;
    for minutes in [30, 20, 10] {
        let begun = now - TimeDelta::minutes(minutes);
        let mut writer = store.write().await.unwrap();
        let run = writer.begin_run(begun).await.unwrap();
        writer.commit().await.unwrap();
        assert_eq!(last_run().await, finished_at, "it began, and did not finish");
        if minutes != 10 {
            let finished = begun + TimeDelta::minutes(1);
            let mut writer = store.write().await.unwrap();
            writer.update_run(run, &Tally::default(), Some(finished)).await.unwrap();
            writer.commit().await.unwrap();
            finished_at = Some(f64::from(u32::try_from(finished.timestamp()).unwrap()));
        }
    }
}

#[tokio::test]
async fn a_connection_that_ended_leaves_no_task() {
    let folder = tempfile::tempdir().unwrap();
    let (config, store) = store_in(folder.path()).await;
    let (sender, mut config) = watch::channel(Arc::new(config));
    let gate = Arc::new(Gate::new(Site::new(config.clone(), store.independent_readers()).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ask = async |path: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    };
    let clients = async move {
        let tasks = || Handle::current().metrics().num_alive_tasks();
        // The page is kept for others.
        ask("/").await;
        let before = tasks();
        for _ in 0..20 {
            ask("/healthz").await;
        }
        drop(sender);
        (before, tasks())
    };
    let ((), (before, after)) = tokio::join!(accept_until_stopped(listener, &mut config, gate), clients);
    assert!(after < before + 3, "{before} tasks, and then {after}");
}
