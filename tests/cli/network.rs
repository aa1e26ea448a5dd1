//! A network that fails in each of its ways: no verdict, in good time, in words that somebody understands; and nothing moves.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use minimax_watch::simulator::{Answer, Hook, Record};
use serde_json::Value;

use crate::stage::{Stage, healthy, webhook};

/// A server with a certificate that nobody vouches for.
fn impostor() -> SocketAddr {
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

fn account(stage: &Stage) -> Value {
    let status = stage.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    status["accounts"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_fails_is_no_verdict_and_told_in_words() {
    let mut stage = Stage::open().await;
    stage.set("MINIMAX_WATCH__API__TIMEOUT", "1s");
    let hook = Hook::open(&stage.now, None).await.unwrap();
    let record = Record::ending("a", healthy());
    stage.vendor.put(record.clone());
    stage.configure(&["a"], &webhook(&hook));
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let before = account(&stage);
    let good = stage.api.base_url().to_string();
    let wrong_certificate = format!("https://{}", impostor());
    let trickle = Answer::trickle(&record, stage.now.now(), 1, Duration::from_millis(100));
    for (name, url, answer, words) in [
        ("DNS", "https://nonexistent.invalid", None, "DNS: "),
        ("TLS", wrong_certificate.as_str(), None, "TLS: invalid peer certificate"),
        ("nobody there", "http://127.0.0.1:9", None, "connect"),
        ("silence", good.as_str(), Some(Answer::hang()), "no complete answer within 1 s"),
        ("a slow trickle", good.as_str(), Some(trickle), "no complete answer within 1 s"),
        ("a line that drops", good.as_str(), Some(Answer::close()), "connection"),
    ] {
        stage.set("MINIMAX_WATCH__API__BASE_URL", url);
        stage.vendor.set_all(answer);
        let began = Instant::now();
        let check = stage.run(&["check"]);
        assert!(began.elapsed() < Duration::from_secs(20), "{name}");
        assert_eq!(check.status, Some(3), "{name}: {check:?}");
        assert!(check.out.contains(words), "{name}: {}", check.out);
        assert_eq!(hook.count(), 0, "{name} is no news yet");
        let now = account(&stage);
        for member in ["expires_at", "last_ok_at", "capabilities", "max_jobs", "alerts"] {
            assert_eq!(now[member], before[member], "{name}");
        }
        assert_eq!(now["outcome"], "unavailable", "{name}");
    }
    stage.set("MINIMAX_WATCH__API__BASE_URL", &good);
    stage.vendor.set_all(None);
    assert_eq!(stage.run(&["check"]).status, Some(0));
    assert_eq!(hook.count(), 0);
}
