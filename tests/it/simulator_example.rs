//! The example that starts a faulty server by hand: it prints where it listens and what it receives.

use std::io::{self, Write};
use std::time::Duration;

use clap::Parser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

#[expect(dead_code, reason = "an example has a `main`")]
#[path = "../../examples/simulator.rs"]
pub(crate) mod example;

use example::named_faults::{HTTP_FAULTS, MAIL_FAULTS};
use example::{Arguments, serve};

/// Long for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(20);

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

/// Sends `request` to the server; returns its answer and what it printed at its start and about the request.
async fn exchange(arguments: &str, request: &str) -> (String, String, String) {
    let arguments = Arguments::parse_from(format!("simulator {arguments}").split(' '));
    let (printed, mut lines) = unbounded_channel::<String>();
    let (stop, stdin) = unbounded_channel();
    let client = async move {
        let started = lines.recv().await.unwrap();
        let address = started.lines().next().unwrap().trim_start_matches("http://");
        let address = address.split('/').next().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).await.unwrap();
        answer.truncate(read);
        let received = lines.recv().await.unwrap();
        drop(stop);
        (String::from_utf8_lossy(&answer).into_owned(), started, received)
    };
    let mut printed = Printed(printed);
    let serving = serve(arguments, &mut printed, stdin);
    let both = async { tokio::join!(client, serving) };
    let (exchange, served) = tokio::time::timeout(TIMEOUT, both).await.unwrap();
    served.unwrap();
    exchange
}

#[tokio::test]
async fn each_faulty_peer_starts_by_hand_prints_what_it_receives_and_stops() {
    let post = "POST /hook HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
    let (answer, started, received) = exchange("webhook --fault broken-headers", post).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\nX-A : a\r\n"), "{answer}");
    assert!(started.starts_with("http://127.0.0.1:") && started.ends_with("/hook\n"), "{started}");
    assert_eq!(received, "--- request 1\nPOST /hook HTTP/1.1\ncontent-length: 2\n\n{}\n");

    let get = "GET /v1/minimax/accounts/123456 HTTP/1.1\r\n\r\n";
    let (answer, started, received) = exchange("api --fault stale-connection", get).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("exp_Expire"), "{answer}");
    assert_eq!(started.lines().nth(1), Some("user:1234-simulated"));
    assert!(received.starts_with("--- request 1\nGET /v1/minimax/accounts/123456"), "{received}");

    let (answer, _, received) = exchange("mail --fault not-smtp", "EHLO x\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(received, "--- connection 1\n");
}

#[tokio::test]
async fn list_option_names_every_fault_and_an_unknown_one_is_an_error() {
    let (printed, mut lines) = unbounded_channel::<String>();
    let arguments = Arguments::parse_from(["simulator", "--list"]);
    let (_open, stdin) = unbounded_channel();
    serve(arguments, &mut Printed(printed), stdin).await.unwrap();
    let list = lines.recv().await.unwrap();
    let http = HTTP_FAULTS.iter().map(|lie| (lie.name, lie.sentence));
    for (name, sentence) in http.chain(MAIL_FAULTS.iter().map(|lie| (lie.name, lie.sentence))) {
        let line = list.lines().find(|line| line.trim_start().starts_with(&format!("{name} ")));
        assert!(line.is_some_and(|line| line.ends_with(sentence)), "{name}: {list}");
    }
    let (printed, _lines) = unbounded_channel();
    let arguments = Arguments::parse_from(["simulator", "mail", "--fault", "truth"]);
    let (_open, stdin) = unbounded_channel();
    let refused = serve(arguments, &mut Printed(printed), stdin).await.unwrap_err();
    assert!(refused.to_string().starts_with("unknown fault `truth`; known: early-plain-text, "), "{refused}");
}

#[tokio::test]
async fn line_on_stdin_changes_when_the_token_of_an_account_expires() {
    let (printed, mut lines) = unbounded_channel::<String>();
    let (commands, stdin) = unbounded_channel();
    let mut printed = Printed(printed);
    let serving = serve(Arguments::parse_from(["simulator"]), &mut printed, stdin);
    let client = async move {
        let started = lines.recv().await.unwrap();
        let [address, token] = [started.lines().next().unwrap(), started.lines().nth(1).unwrap()];
        let ask = async || {
            let asked =
                reqwest::Client::new().get(format!("{address}/v1/minimax/accounts/new")).bearer_auth(token);
            asked.send().await.unwrap().status().as_u16()
        };
        assert_eq!(ask().await, 404);
        commands.send("new 86400".to_owned()).unwrap();
        while ask().await != 200 {}
        commands.send("nonsense".to_owned()).unwrap();
        // Held, so that what ends the server is the line.
        commands
    };
    let both = async { tokio::join!(client, serving) };
    let (_commands, served) = tokio::time::timeout(TIMEOUT, both).await.unwrap();
    assert!(served.unwrap_err().to_string().contains("is not `ID SECONDS`"));
}
