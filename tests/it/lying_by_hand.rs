//! The example that starts a lying peer by hand: it says where it listens and what it receives.

use std::io::{self, Write};
use std::time::Duration;

use clap::Parser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use minimax_watch::simulator::{HTTP_LIES, MAIL_LIES};

#[expect(dead_code, reason = "an example has a `main`")]
#[path = "../../examples/simulator.rs"]
mod simulator;

use simulator::{Arguments, serve};

/// Long for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Printed(UnboundedSender<String>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(String::from_utf8_lossy(bytes).into_owned()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the peer answers to `request`, and what it prints: at its start, and about the request.
async fn tried(arguments: &str, request: &str) -> (String, String, String) {
    let arguments = Arguments::parse_from(format!("simulator {arguments}").split(' '));
    let (printed, mut lines) = unbounded_channel::<String>();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let client = async move {
        let started = lines.recv().await.unwrap();
        let address = started.lines().next().unwrap().trim_start_matches("http://");
        let address = address.split('/').next().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).await.unwrap();
        answer.truncate(read);
        let heard = lines.recv().await.unwrap();
        drop(stop);
        (String::from_utf8_lossy(&answer).into_owned(), started, heard)
    };
    let mut printed = Printed(printed);
    let serving = serve(arguments, &mut printed, async { drop(stopped.await) });
    let both = async { tokio::join!(client, serving) };
    let (tried, served) = tokio::time::timeout(PATIENCE, both).await.unwrap();
    served.unwrap();
    tried
}

#[tokio::test]
async fn each_lying_peer_starts_by_hand_says_what_it_receives_and_ends() {
    let post = "POST /hook HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
    let (answer, started, heard) = tried("webhook --lie broken-headers", post).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\nX-A : a\r\n"), "{answer}");
    assert!(started.starts_with("http://127.0.0.1:") && started.ends_with("/hook\n"), "{started}");
    assert_eq!(heard, "--- request 1\nPOST /hook HTTP/1.1\ncontent-length: 2\n\n{}\n");

    let get = "GET /v1/minimax/accounts/123456 HTTP/1.1\r\n\r\n";
    let (answer, started, heard) = tried("api --lie stale-connection", get).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("exp_Expire"), "{answer}");
    assert_eq!(started.lines().nth(1), Some("user:1234-simulated"));
    assert!(heard.starts_with("--- request 1\nGET /v1/minimax/accounts/123456"), "{heard}");

    let (answer, _, heard) = tried("mail --lie not-smtp", "EHLO x\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(heard, "--- connection 1\n");
}

#[tokio::test]
async fn the_list_names_every_lie_with_its_sentence_and_an_unknown_one_is_an_error() {
    let (printed, mut lines) = unbounded_channel::<String>();
    let arguments = Arguments::parse_from(["simulator", "--list"]);
    serve(arguments, &mut Printed(printed), std::future::pending()).await.unwrap();
    let list = lines.recv().await.unwrap();
    let http = HTTP_LIES.iter().map(|lie| (lie.name, lie.sentence));
    for (name, sentence) in http.chain(MAIL_LIES.iter().map(|lie| (lie.name, lie.sentence))) {
        let line = list.lines().find(|line| line.trim_start().starts_with(&format!("{name} ")));
        assert!(line.is_some_and(|line| line.ends_with(sentence)), "{name}: {list}");
    }
    let (printed, _lines) = unbounded_channel();
    let arguments = Arguments::parse_from(["simulator", "mail", "--lie", "truth"]);
    let refused = serve(arguments, &mut Printed(printed), std::future::pending()).await.unwrap_err();
    assert!(
        refused.to_string().starts_with("unknown lie `truth`; possible: early-plain-text, "),
        "{refused}"
    );
}
