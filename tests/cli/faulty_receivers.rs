//! Faulty receivers and the built program: what counts as delivered, what is logged and stored, and that the service stops in time.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::Value;

use crate::child::within_timeout;
use crate::faulty_http::{FaultyHttpServer, HttpFault};
use crate::named_faults::{HTTP_FAULTS, NamedFault};
use crate::setup::{Setup, webhook};
use crate::simulator::{Record, WebhookServer};

const SECRET: &str = "T0pS3cretPath";

fn fault(name: &str) -> HttpFault {
    NamedFault::find(HTTP_FAULTS, name).unwrap().fault
}

fn receiver(name: &str, url: &url::Url) -> String {
    format!("[[receivers]]\nname = \"{name}\"\ntype = \"webhook\"\nurl = \"{url}\"\ntimeout = \"3s\"\n")
}

/// The secret in each form in which a server might echo it.
fn forms() -> [String; 5] {
    let escaped: Vec<String> = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let escaped = escaped.concat();
    [SECRET.to_owned(), SECRET.to_uppercase(), SECRET.to_lowercase(), escaped, STANDARD.encode(SECRET)]
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_echoes_a_secret_is_excerpted_only_by_notify_test() {
    let setup = Setup::open().await;
    let echo = FaultyHttpServer::open(HttpFault::Echo, "").await.unwrap();
    let body = format!("nothing here for {}", forms().join(" or "));
    let page = format!(
        "HTTP/1.1 404 {SECRET}\r\ncontent-type: text/html; x={SECRET}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let helpful = FaultyHttpServer::open(HttpFault::Say(page.leak().as_bytes()), "").await.unwrap();
    let path = format!("/hook/{SECRET}");
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    let receivers = [receiver("echo", &echo.url(&path)), receiver("helpful", &helpful.url(&path))].concat();
    setup.configure(&["a"], &receivers);

    let checked = setup.run(&["--log-level", "trace", "check"]);
    assert!(echo.count() > 0 && helpful.count() > 0, "{checked:?}");
    let kept = std::fs::read(setup.store()).unwrap();
    let log = std::fs::read(setup.path("state/deep/watch.db-wal")).unwrap_or_default();
    for (place, text) in [
        ("log and output", format!("{checked:?}")),
        ("deliveries", format!("{:?}", setup.run(&["deliveries"]))),
        ("deliveries --json", format!("{:?}", setup.run(&["deliveries", "--json"]))),
        ("alerts", format!("{:?}", setup.run(&["alerts", "--all", "--json"]))),
        ("store", String::from_utf8_lossy(&kept).into_owned()),
        ("write-ahead log", String::from_utf8_lossy(&log).into_owned()),
    ] {
        for form in forms() {
            assert!(!text.contains(&form), "{place} holds {form}: {text}");
        }
        assert!(!text.contains("nothing here"), "{place} holds the answer: {text}");
    }
    let deliveries = setup.run(&["deliveries", "--json"]);
    let said = format!("answered 404 (text/html, {} bytes)", body.len());
    assert!(deliveries.out.contains(&said), "{deliveries:?}");

    let test = setup.run(&["notify", "test", "helpful"]);
    assert_eq!(test.status, Some(3), "{test:?}");
    assert!(
        test.out.contains(&format!(
            "{said}: the path is wrong, or the workflow is not active: nothing here for … or "
        )),
        "{test:?}"
    );
    assert!(!test.out.contains(SECRET) && !test.err.contains("nothing here"), "{test:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn excerpt_is_short_and_free_of_control_characters() {
    let setup = Setup::open().await;
    let answer = [b"HTTP/1.1 400 x\r\n\r\n\x1b[31mred\x07\r\n\xff".as_slice(), &[b'a'; 5000]].concat();
    let hook = FaultyHttpServer::open(HttpFault::Say(answer.leak()), "").await.unwrap();
    setup.configure(&["a"], &receiver("pager", &hook.url("/hook")));
    let test = setup.run(&["notify", "test"]);
    assert!(test.out.starts_with("pager: refused: 127.0.0.1:"), "{test:?}");
    assert!(test.out.contains("red") && test.out.len() < 400, "{test:?}");
    assert!(test.out.trim_end().chars().all(|c| !c.is_control()), "{test:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn request_through_a_proxy_has_the_whole_address_and_the_proxy_login() {
    let mut setup = Setup::open().await;
    let proxy = FaultyHttpServer::open(HttpFault::Head("HTTP/1.1 200 OK\r\n"), "").await.unwrap();
    setup.set("http_proxy", &format!("http://me:pr0xyPw@{}", proxy.address()));
    setup.secret("url", "http://user:pw@hooks.example.com:8080/a/b?c=d");
    setup.configure(
        &["a"],
        "[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl_file = \"url\"\nallow_http = true\n",
    );
    let test = setup.run(&["notify", "test"]);
    assert_eq!((test.status, test.out.as_str()), (Some(0), "pager: delivered\n"), "{test:?}");
    let head = proxy.requests().remove(0).head.to_lowercase();
    assert!(head.starts_with("post http://hooks.example.com:8080/a/b?c=d http/1.1\r\n"), "{head}");
    let [own, proxys] = ["user:pw", "me:pr0xyPw"].map(|login| STANDARD.encode(login).to_lowercase());
    assert!(head.contains("host: hooks.example.com:8080\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nauthorization: basic {own}\r\n")), "{head}");
    assert!(head.contains(&format!("\r\nproxy-authorization: basic {proxys}\r\n")), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_and_drips_delay_neither_other_receivers_nor_the_stop_of_the_service() {
    const LIMIT: Duration = Duration::from_secs(10);
    let setup = Setup::open().await;
    let healthy = WebhookServer::open(&setup.now, None).await.unwrap();
    let mut servers = Vec::new();
    let mut receivers = webhook(&healthy);
    for name in ["endless-interim", "dripping-status", "endless-refusal", "dripping-head", "silence"] {
        let server = FaultyHttpServer::open(fault(name), "{}").await.unwrap();
        receivers += &receiver(name, &server.url("/hook"));
        servers.push(server);
    }
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    setup.configure(&["a"], &receivers);
    let begin = Instant::now();
    let mut service = setup.serve(&[]);
    for server in &servers {
        within_timeout(server.wait_for(1)).await;
    }
    within_timeout(healthy.wait_for(1)).await;
    assert!(begin.elapsed() < LIMIT, "the healthy receiver is notified on time");
    let stopping = Instant::now();
    assert_eq!(service.stop(), Some(0), "{}", service.log());
    assert!(stopping.elapsed() < LIMIT, "{:?}:\n{}", stopping.elapsed(), service.log());
    let report: Value = serde_json::from_str(&setup.run(&["status", "--json"]).out).unwrap();
    assert_eq!(report["outbox"]["pending"], 4, "a status line of 200 is a delivery: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flooding_or_dripping_api_does_not_delay_the_stop_of_the_service() {
    const LIMIT: Duration = Duration::from_secs(10);
    for name in ["endless-head", "endless-body", "dripping-body"] {
        let mut setup = Setup::open().await;
        let api = FaultyHttpServer::open(fault(name), "{}").await.unwrap();
        setup.set("MINIMAX_WATCH__API__BASE_URL", api.url("").as_str());
        setup.set("MINIMAX_WATCH__API__TIMEOUT", "3s");
        setup.configure(&["a"], "");
        let mut service = setup.serve(&[]);
        within_timeout(api.wait_for(1)).await;
        let stopping = Instant::now();
        assert_eq!(service.stop(), Some(0), "{name}:\n{}", service.log());
        assert!(stopping.elapsed() < LIMIT, "{name}: {:?}", stopping.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_cost_no_memory() {
    const LIMIT: u64 = 12 * 1024;
    let setup = Setup::open().await;
    let mut receivers = String::new();
    let mut servers = Vec::new();
    for name in ["endless-interim", "endless-head", "endless-body", "endless-refusal"] {
        let server = FaultyHttpServer::open(fault(name), "{}").await.unwrap();
        receivers += &receiver(name, &server.url("/hook"));
        servers.push(server);
    }
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    setup.configure(&["a"], &receivers);
    let mut service = setup.serve(&[]);
    for name in ["endless-interim", "endless-refusal"] {
        service.until(&format!("message not accepted by {name}"));
    }
    let peak = service.peak_memory();
    assert!(peak < LIMIT, "{peak} KiB");
    assert_eq!(service.stop(), Some(0));
}
