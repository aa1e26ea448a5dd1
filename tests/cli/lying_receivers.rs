//! Receivers that lie, as an operator meets them: what is delivered, what is said, what is kept, and when the service ends.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{HTTP_LIES, Hook, HttpLie, Lie, LyingHttp, Record};
use serde_json::Value;

use crate::child::within_patience;
use crate::stage::{Stage, webhook};

const SECRET: &str = "T0pS3cretPath";

fn lie(name: &str) -> HttpLie {
    Lie::find(HTTP_LIES, name).unwrap().act
}

fn receiver(name: &str, url: &url::Url) -> String {
    format!("[[receivers]]\nname = \"{name}\"\ntype = \"webhook\"\nurl = \"{url}\"\ntimeout = \"3s\"\n")
}

/// The secret in each form in which a server might repeat it.
fn forms() -> [String; 5] {
    let escaped: Vec<String> = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let escaped = escaped.concat();
    [SECRET.to_owned(), SECRET.to_uppercase(), SECRET.to_lowercase(), escaped, STANDARD.encode(SECRET)]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_answer_that_echoes_a_secret_only_notify_test_shows_an_excerpt() {
    let stage = Stage::open().await;
    let echo = LyingHttp::open(HttpLie::Echo, "").await.unwrap();
    let body = format!("nothing here for {}", forms().join(" or "));
    let page = format!(
        "HTTP/1.1 404 {SECRET}\r\ncontent-type: text/html; x={SECRET}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let helpful = LyingHttp::open(HttpLie::Say(page.leak().as_bytes()), "").await.unwrap();
    let path = format!("/hook/{SECRET}");
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    let receivers = [receiver("echo", &echo.url(&path)), receiver("helpful", &helpful.url(&path))].concat();
    stage.configure(&["a"], &receivers);

    let checked = stage.run(&["--log-level", "trace", "check"]);
    assert!(echo.count() > 0 && helpful.count() > 0, "{checked:?}");
    let kept = std::fs::read(stage.store()).unwrap();
    let log = std::fs::read(stage.path("state/deep/watch.db-wal")).unwrap_or_default();
    for (place, text) in [
        ("log and output", format!("{checked:?}")),
        ("deliveries", format!("{:?}", stage.run(&["deliveries"]))),
        ("deliveries --json", format!("{:?}", stage.run(&["deliveries", "--json"]))),
        ("alerts", format!("{:?}", stage.run(&["alerts", "--all", "--json"]))),
        ("store", String::from_utf8_lossy(&kept).into_owned()),
        ("its log", String::from_utf8_lossy(&log).into_owned()),
    ] {
        for form in forms() {
            assert!(!text.contains(&form), "{place} holds {form}: {text}");
        }
        assert!(!text.contains("nothing here"), "{place} holds the answer: {text}");
    }
    let deliveries = stage.run(&["deliveries", "--json"]);
    let said = format!("answered 404 (text/html, {} bytes)", body.len());
    assert!(deliveries.out.contains(&said), "{deliveries:?}");

    let test = stage.run(&["notify", "test", "helpful"]);
    assert_eq!(test.status, Some(3), "{test:?}");
    assert!(test.out.contains(&format!("{said}: nothing here for … or ")), "{test:?}");
    assert!(!test.out.contains(SECRET) && !test.err.contains("nothing here"), "{test:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_excerpt_is_short_and_brings_no_control_characters_to_the_terminal() {
    let stage = Stage::open().await;
    let answer = [b"HTTP/1.1 400 x\r\n\r\n\x1b[31mred\x07\r\n\xff".as_slice(), &[b'a'; 5000]].concat();
    let hook = LyingHttp::open(HttpLie::Say(answer.leak()), "").await.unwrap();
    stage.configure(&["a"], &receiver("pager", &hook.url("/hook")));
    let test = stage.run(&["notify", "test"]);
    assert!(test.out.starts_with("pager: refused: 127.0.0.1:"), "{test:?}");
    assert!(test.out.contains("red") && test.out.len() < 400, "{test:?}");
    assert!(test.out.trim_end().chars().all(|c| !c.is_control()), "{test:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_behind_a_proxy_is_asked_by_its_whole_address_and_with_the_proxys_log_in() {
    let mut stage = Stage::open().await;
    let proxy = LyingHttp::open(HttpLie::Right("HTTP/1.1 200 OK\r\n"), "").await.unwrap();
    stage.set("http_proxy", &format!("http://me:pr0xyPw@{}", proxy.address()));
    stage.secret("url", "http://user:pw@hooks.example.com:8080/a/b?c=d");
    stage.configure(
        &["a"],
        "[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl_file = \"url\"\nallow_http = true\n",
    );
    let test = stage.run(&["notify", "test"]);
    assert_eq!((test.status, test.out.as_str()), (Some(0), "pager: delivered\n"), "{test:?}");
    let head = proxy.requests().remove(0).head.to_lowercase();
    assert!(head.starts_with("post http://hooks.example.com:8080/a/b?c=d http/1.1\r\n"), "{head}");
    let [own, proxys] = ["user:pw", "me:pr0xyPw"].map(|login| STANDARD.encode(login).to_lowercase());
    assert!(head.contains("host: hooks.example.com:8080\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nauthorization: basic {own}\r\n")), "{head}");
    assert!(head.contains(&format!("\r\nproxy-authorization: basic {proxys}\r\n")), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_and_drips_hold_up_neither_other_receivers_nor_the_end_of_the_service() {
    const LIMIT: Duration = Duration::from_secs(10);
    let stage = Stage::open().await;
    let healthy = Hook::open(&stage.now, None).await.unwrap();
    let mut liars = Vec::new();
    let mut receivers = webhook(&healthy);
    for name in ["endless-interim", "dripping-status", "endless-refusal", "dripping-head", "silence"] {
        let liar = LyingHttp::open(lie(name), "{}").await.unwrap();
        receivers += &receiver(name, &liar.url("/hook"));
        liars.push(liar);
    }
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    stage.configure(&["a"], &receivers);
    let begin = Instant::now();
    let mut service = stage.serve(&[]);
    for liar in &liars {
        within_patience(liar.wait_for(1)).await;
    }
    within_patience(healthy.wait_for(1)).await;
    assert!(begin.elapsed() < LIMIT, "the healthy receiver is notified on time");
    let stopping = Instant::now();
    assert_eq!(service.stop(), Some(0), "{}", service.log());
    assert!(stopping.elapsed() < LIMIT, "{:?}:\n{}", stopping.elapsed(), service.log());
    let report: Value = serde_json::from_str(&stage.run(&["status", "--json"]).out).unwrap();
    assert_eq!(report["outbox"]["pending"], 4, "a status line of 200 is a delivery: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_floods_or_drips_holds_up_no_end_of_the_service() {
    const LIMIT: Duration = Duration::from_secs(10);
    for name in ["endless-head", "endless-body", "dripping-body"] {
        let mut stage = Stage::open().await;
        let api = LyingHttp::open(lie(name), "{}").await.unwrap();
        stage.set("MINIMAX_WATCH__API__BASE_URL", api.url("").as_str());
        stage.set("MINIMAX_WATCH__API__TIMEOUT", "3s");
        stage.configure(&["a"], "");
        let mut service = stage.serve(&[]);
        within_patience(api.wait_for(1)).await;
        let stopping = Instant::now();
        assert_eq!(service.stop(), Some(0), "{name}:\n{}", service.log());
        assert!(stopping.elapsed() < LIMIT, "{name}: {:?}", stopping.elapsed());
    }
}

/// The most memory that a process ever had, in KiB.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_take_no_memory() {
    // An optimised build stays below 40 MiB; one with debug code maps a few MiB more.
    const LIMIT: u64 = 64 * 1024;
    let stage = Stage::open().await;
    let mut receivers = String::new();
    let mut liars = Vec::new();
    for name in ["endless-interim", "endless-head", "endless-body", "endless-refusal"] {
        let liar = LyingHttp::open(lie(name), "{}").await.unwrap();
        receivers += &receiver(name, &liar.url("/hook"));
        liars.push(liar);
    }
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    stage.configure(&["a"], &receivers);
    let mut service = stage.serve(&[]);
    for name in ["endless-interim", "endless-refusal"] {
        service.until(&format!("message not taken by {name}"));
    }
    let peak = peak_memory(service.pid());
    assert!(peak < LIMIT, "{peak} KiB");
    assert_eq!(service.stop(), Some(0));
}
