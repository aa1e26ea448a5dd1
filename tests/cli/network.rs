//! Network failures of each kind: the check is inconclusive, ends in time and names the cause; the stored state stays.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Answer, Record, Reply, StatusCode, WebhookServer};

/// A server with a self-signed certificate.
fn self_signed_server() -> SocketAddr {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let _ = session.complete_io(&mut stream);
        }
    });
    address
}

fn account(setup: &Setup) -> Value {
    let status = setup.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    status["accounts"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn network_failures_are_inconclusive_and_reported_in_words() {
    let mut setup = Setup::open().await;
    setup.set("MINIMAX_WATCH__API__TIMEOUT", "1s");
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    let record = Record::ending("a", healthy());
    setup.vendor.put(record.clone());
    setup.configure(&["a"], &webhook(&hook));
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let before = account(&setup);
    let good = setup.api.base_url().to_string();
    let wrong_certificate = format!("https://{}", self_signed_server());
    let trickle = Reply::json(StatusCode::OK, record.to_json(setup.now.now(), 0).to_string())
        .trickling(1, Duration::from_millis(100))
        .into();
    for (name, url, answer, words) in [
        ("DNS", "https://nonexistent.invalid", None, "DNS: "),
        ("TLS", wrong_certificate.as_str(), None, "TLS: invalid peer certificate"),
        ("no listener", "http://127.0.0.1:9", None, "connect"),
        ("silence", good.as_str(), Some(Answer::hang()), "no complete answer within 1 s"),
        ("a slow trickle", good.as_str(), Some(trickle), "no complete answer within 1 s"),
        ("a line that drops", good.as_str(), Some(Answer::close()), "connection"),
    ] {
        setup.set("MINIMAX_WATCH__API__BASE_URL", url);
        setup.vendor.set_all(answer);
        let started = Instant::now();
        let check = setup.run(&["check"]);
        assert!(started.elapsed() < Duration::from_secs(20), "{name}");
        assert_eq!(check.status, Some(3), "{name}: {check:?}");
        assert!(check.out.contains(words), "{name}: {}", check.out);
        assert_eq!(hook.count(), 0, "{name}: nothing is sent yet");
        let now = account(&setup);
        for member in ["expires_at", "last_ok_at", "capabilities", "max_jobs", "alerts"] {
            assert_eq!(now[member], before[member], "{name}");
        }
        assert_eq!(now["outcome"], "unavailable", "{name}");
    }
    setup.set("MINIMAX_WATCH__API__BASE_URL", &good);
    setup.vendor.set_all(None);
    assert_eq!(setup.run(&["check"]).status, Some(0));
    assert_eq!(hook.count(), 0);
}
