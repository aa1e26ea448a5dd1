//! `[heartbeat]`: a sign of life after each run (docs/contract.md, sections 3 and 7).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::child::TIMEOUT;
use crate::setup::{PROGRAM, Setup};
use crate::simulator::Answer;

/// A server that answers with these statuses in turn, then 200.
struct Peer {
    address: SocketAddr,
    requests: Receiver<String>,
}

impl Peer {
    fn open(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            let mut statuses = statuses.iter().copied();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let line = lines.next().unwrap_or_default();
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let status = statuses.next().unwrap_or(200);
                let _ =
                    write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { address, requests }
    }

    fn next(&self) -> String {
        self.requests.recv_timeout(TIMEOUT).unwrap()
    }

    fn is_left_alone(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reports_its_run_and_a_failed_one_where_that_has_an_address() {
    let mut setup = Setup::with(&["a"], "").await;
    let peer = Peer::open(&[200, 200, 503]);
    setup.set("MINIMAX_WATCH_HEARTBEAT_URL", &format!("http://{}/ping/s3cret-id", peer.address));
    assert_eq!(setup.run(&["check"]).status, Some(0));
    assert_eq!(peer.next(), "GET /ping/s3cret-id HTTP/1.1");
    assert_eq!(setup.run(&["check", "--dry-run"]).status, Some(0));
    assert!(peer.is_left_alone(), "a dry run sends none");
    setup.vendor.set_all(Some(Answer::close()));
    assert_eq!(setup.run(&["check"]).status, Some(3));
    assert_eq!(peer.next(), "GET /ping/s3cret-id/fail HTTP/1.1");
    // One that is not accepted is repeated, but not with a deadline.
    setup.vendor.set_all(None);
    let refused = setup.run(&["check", "--timeout", "30s"]);
    assert_eq!((refused.status, peer.next().as_str()), (Some(0), "GET /ping/s3cret-id HTTP/1.1"));
    assert!(
        refused.err.contains("the heartbeat was not accepted") && !refused.err.contains("s3cret"),
        "{}",
        refused.err
    );
    assert!(peer.is_left_alone());
    setup.set("MINIMAX_WATCH_HEARTBEAT_URL", &format!("http://{}/push?status=up", peer.address));
    setup.vendor.set_all(Some(Answer::close()));
    assert_eq!(setup.run(&["check"]).status, Some(3));
    assert!(peer.is_left_alone(), "no address is known to mean a failure");
    setup.vendor.set_all(None);
    assert_eq!(setup.run(&["check"]).status, Some(0));
    assert_eq!(peer.next(), "GET /push?status=up HTTP/1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reports_a_run_that_could_not_be_stored() {
    let mut setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let peer = Peer::open(&[]);
    setup.set("MINIMAX_WATCH_HEARTBEAT_URL", &format!("http://{}/ping", peer.address));
    // No file may grow beyond this, as on a full disk: it is the size of an empty index of the write-ahead log. New accounts need more.
    setup.configure(&["a", "b", "c", "d", "e", "f"], "");
    let limited = format!("trap '' XFSZ; ulimit -f 64; exec {PROGRAM} check");
    let output = setup.process("sh", &["-c", &limited]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(peer.next(), "GET /ping/fail HTTP/1.1");
    assert_eq!(setup.run(&["check", "--account", "unknown"]).status, Some(3));
    assert!(peer.is_left_alone(), "bad usage is no run");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_reports_each_run_once_and_repeats_what_was_not_accepted() {
    let setup = Setup::with(&["a"], "[heartbeat]\nurl_file = \"heartbeat-url\"\n").await;
    let peer = Peer::open(&[503, 200]);
    setup.secret("heartbeat-url", &format!("http://{}/ping/s3cret-id\n", peer.address));
    let mut service = setup.serve(&[]);
    service.until("run finished");
    assert_eq!(peer.next(), "GET /ping/s3cret-id HTTP/1.1");
    let line = service.until("the heartbeat was not accepted");
    assert!(line.contains("WARN") && line.contains("503"), "{line}");
    assert_eq!(peer.next(), "GET /ping/s3cret-id HTTP/1.1", "after five seconds");
    service.signal("HUP");
    service.until("configuration reloaded");
    service.until("run finished");
    assert_eq!(peer.next(), "GET /ping/s3cret-id HTTP/1.1");
    assert_eq!(service.stop(), Some(0));
    assert!(peer.is_left_alone() && !service.log().contains("s3cret"), "{}", service.log());
}

/// Executes a statement on the store.
async fn execute(setup: &Setup, statement: &'static str) {
    let mut store = SqliteConnectOptions::new().filename(setup.store()).connect().await.unwrap();
    sqlx::raw_sql(statement).execute(&mut store).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_alerts_cannot_be_stored_has_failed() {
    const REFUSE: &str =
        "CREATE TRIGGER refuse BEFORE INSERT ON alerts BEGIN SELECT raise(ABORT, 'refused'); END";
    let mut setup = Setup::with(&["a"], "[alerts]\nconfirm_after = \"1s\"").await;
    let peer = Peer::open(&[]);
    setup.set("MINIMAX_WATCH_HEARTBEAT_URL", &format!("http://{}/ping", peer.address));
    let mut service = setup.serve(&[]);
    assert_eq!(peer.next(), "GET /ping HTTP/1.1");
    execute(&setup, REFUSE).await;
    setup.vendor.set_all(Some(Answer::account_error("on hold")));
    service.signal("HUP");
    assert_eq!(peer.next(), "GET /ping/fail HTTP/1.1");
    service.until("alerts could not be stored");
    execute(&setup, "DROP TRIGGER refuse").await;
    assert_eq!(peer.next(), "GET /ping HTTP/1.1", "when they are stored after all");
    assert_eq!(service.stop(), Some(0));
    assert!(peer.is_left_alone(), "{}", service.log());
}
