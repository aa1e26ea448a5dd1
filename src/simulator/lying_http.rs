//! An HTTP server on loopback that lies in one named way, below what an HTTP library would let it say.
//!
//! Guarantees: every request is recorded before it is answered, its secrets included, since it is for whoever tests what leaves the
//! program; a flood or a drip lasts as long as the client reads, and ends with the connection.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::task::JoinSet;
use url::Url;

use super::ledger::Ledger;
use super::listener::{Gate, Port};
use super::lock;
use super::wire::Wire;

/// Bytes of a request's head; real clients send less than one KiB.
const MAX_HEAD: usize = 64 * 1024;
/// Bytes of a request's body, as for the honest receiver.
const MAX_BODY: u64 = 4 * 1024 * 1024;

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
pub enum HttpLie {
    /// Nothing; the connection stays open.
    Silence,
    /// Closes the connection.
    Close,
    /// The right answer, so much later.
    Delay(Duration),
    /// 200 as soon as the connection stands; then it only listens.
    Early,
    /// The right answer, once per connection; the next request on it is cut off.
    Stale,
    /// These bytes; then it closes the connection.
    Say(&'static [u8]),
    /// The right answer behind this beginning of its head.
    Right(&'static str),
    /// Half of the right body.
    CutBody,
    /// `begin`, then `piece` again and again.
    Flood {
        /// What comes once.
        begin: &'static [u8],
        /// What does not end.
        piece: &'static [u8],
        /// Between two pieces.
        pause: Duration,
    },
    /// 404, with the request's head in each part of the answer.
    Echo,
}

/// One request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardRequest {
    /// Request line and headers; what is not UTF-8 is replaced.
    pub head: String,
    /// As many bytes as were announced and came.
    pub body: Vec<u8>,
}

struct State {
    lie: Mutex<HttpLie>,
    /// The body of a right answer.
    content: String,
    requests: Ledger<HeardRequest>,
}

async fn serve(gate: Gate, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            wire = gate.connection() => {
                connections.spawn(converse(BufReader::new(wire), Arc::clone(&state)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(mut client: BufReader<Wire>, state: Arc<State>) -> io::Result<()> {
    let lie = *lock(&state.lie);
    if let HttpLie::Early = lie {
        client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
    }
    let mut answered = 0_usize;
    while let Some(request) = read(&mut client).await? {
        state.requests.append(request.clone());
        let right = |begin: &str| {
            let content = &state.content;
            format!(
                "{begin}content-type: application/json\r\ncontent-length: {}\r\n\r\n{content}",
                content.len()
            )
        };
        let answer = match lie {
            HttpLie::Silence => return pending().await,
            HttpLie::Close => return Ok(()),
            HttpLie::Stale if answered > 0 => return Ok(()),
            HttpLie::Early => continue,
            HttpLie::Delay(time) => {
                tokio::time::sleep(time).await;
                right("HTTP/1.1 200 OK\r\n")
            }
            HttpLie::Stale => right("HTTP/1.1 200 OK\r\n"),
            HttpLie::Right(begin) => right(begin),
            HttpLie::Say(bytes) => {
                client.write_all(bytes).await?;
                return client.shutdown().await;
            }
            HttpLie::CutBody => {
                let whole = right("HTTP/1.1 200 OK\r\n");
                let kept = whole.len() - state.content.len() / 2;
                client.write_all(whole.as_bytes().get(..kept).unwrap_or_default()).await?;
                return client.shutdown().await;
            }
            HttpLie::Flood { begin, piece, pause } => {
                client.write_all(begin).await?;
                loop {
                    client.write_all(piece).await?;
                    client.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            }
            HttpLie::Echo => echo(&request),
        };
        client.write_all(answer.as_bytes()).await?;
        client.flush().await?;
        answered += 1;
    }
    Ok(())
}

/// The next request; none at the end of the connection, or when it is beyond all bounds.
async fn read(client: &mut BufReader<Wire>) -> io::Result<Option<HeardRequest>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let read = client.read_until(b'\n', &mut head).await?;
        if read == 0 || head.len() > MAX_HEAD {
            return Ok(None);
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let named = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>().ok())?
    };
    let length = head.lines().find_map(named).unwrap_or_default().min(MAX_BODY);
    let mut body = Vec::new();
    client.take(length).read_to_end(&mut body).await?;
    Ok(Some(HeardRequest { head, body }))
}

/// A 404 that repeats the request as servers do that want to be helpful, and as those do that want to be read in a log.
fn echo(request: &HeardRequest) -> String {
    let line = request.head.lines().next().unwrap_or_default();
    let path = line.split(' ').nth(1).unwrap_or_default();
    let body = format!("Cannot find {path}\n{}\n{}", path.to_uppercase(), request.head);
    format!(
        "HTTP/1.1 404 {path}\r\ncontent-type: text/{path}\r\nlocation: {path}\r\nx-path: {path}\r\nretry-after: {path}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A lying HTTP server on a free port of 127.0.0.1. Clones are handles on the same one; with the last of them it ends.
#[derive(Clone)]
pub struct LyingHttp {
    state: Arc<State>,
    port: Arc<Port>,
}

impl LyingHttp {
    /// Opens it; where it answers rightly, it answers 200 with the JSON text `content`.
    ///
    /// # Errors
    ///
    /// No port could be opened.
    pub async fn open(lie: HttpLie, content: impl Into<String>) -> io::Result<Self> {
        let (lie, content) = (Mutex::new(lie), content.into());
        let state = Arc::new(State { lie, content, requests: Ledger::new() });
        let port = Port::open(|gate| serve(gate, Arc::clone(&state))).await?;
        Ok(Self { state, port: Arc::new(port) })
    }

    /// Lies so on each connection from now on.
    pub fn set(&self, lie: HttpLie) {
        *lock(&self.state.lie) = lie;
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Its address with that path.
    pub fn url(&self, path: &str) -> Url {
        self.port.url(path)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<HeardRequest> {
        self.state.requests.all()
    }

    /// How many ever came in.
    pub fn count(&self) -> usize {
        self.state.requests.total()
    }

    /// Returns once `count` requests ever came in.
    pub async fn wait_for(&self, count: usize) {
        self.state.requests.reach(count).await;
    }

    /// Ends it for good.
    pub async fn stop(&self) {
        self.port.stop().await;
    }
}
