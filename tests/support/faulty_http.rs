//! An HTTP server on loopback with one fault; it sends what no HTTP library would.
//!
//! Guarantees: every request is recorded before the response, with its secrets, for tests of what leaves the program. A flood or a
//! drip lasts as long as the client reads, and ends with the connection.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use super::simulator::RequestLog;

/// Bytes of a request's head; real clients send less than a KiB.
const MAX_HEAD: usize = 64 * 1024;
/// Bytes of a request's body.
const MAX_BODY: u64 = 4 * 1024 * 1024;

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HttpFault {
    /// It sends nothing; the connection stays open.
    Silence,
    /// It closes the connection.
    Close,
    /// It sends the correct response, this much later.
    Delay(Duration),
    /// It sends 200 as soon as connected, then nothing.
    Early,
    /// It sends the correct response once per connection, and closes the connection at the next request.
    Stale,
    /// It sends these bytes, then closes the connection.
    Say(&'static [u8]),
    /// It sends the correct response with this beginning of its head.
    Head(&'static str),
    /// It sends half of the correct body.
    CutBody,
    /// It sends `begin`, then `piece` again and again.
    Flood {
        begin: &'static [u8],
        piece: &'static [u8],
        /// Between two pieces.
        pause: Duration,
    },
    /// It sends 404 with the request's head in each part of the response.
    Echo,
}

/// One request as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceivedRequest {
    /// Request line and headers; invalid UTF-8 is replaced.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

struct State {
    fault: HttpFault,
    /// The body of a correct response.
    content: String,
    requests: RequestLog<ReceivedRequest>,
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(serve(BufReader::new(stream), Arc::clone(&state)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(mut client: BufReader<TcpStream>, state: Arc<State>) -> io::Result<()> {
    if let HttpFault::Early = state.fault {
        client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
    }
    let mut answered = 0_usize;
    while let Some(request) = read(&mut client).await? {
        state.requests.append(request.clone());
        let correct = |begin: &str| {
            let content = &state.content;
            format!(
                "{begin}content-type: application/json\r\ncontent-length: {}\r\n\r\n{content}",
                content.len()
            )
        };
        let response = match state.fault {
            HttpFault::Silence => return pending().await,
            HttpFault::Close => return Ok(()),
            HttpFault::Stale if answered > 0 => return Ok(()),
            HttpFault::Early => continue,
            HttpFault::Delay(time) => {
                tokio::time::sleep(time).await;
                correct("HTTP/1.1 200 OK\r\n")
            }
            HttpFault::Stale => correct("HTTP/1.1 200 OK\r\n"),
            HttpFault::Head(begin) => correct(begin),
            HttpFault::Say(bytes) => {
                client.write_all(bytes).await?;
                return client.shutdown().await;
            }
            HttpFault::CutBody => {
                let whole = correct("HTTP/1.1 200 OK\r\n");
                let kept = whole.len() - state.content.len() / 2;
                client.write_all(whole.as_bytes().get(..kept).unwrap_or_default()).await?;
                return client.shutdown().await;
            }
            HttpFault::Flood { begin, piece, pause } => {
                client.write_all(begin).await?;
                loop {
                    client.write_all(piece).await?;
                    client.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            }
            HttpFault::Echo => echo(&request),
        };
        client.write_all(response.as_bytes()).await?;
        client.flush().await?;
        answered += 1;
    }
    Ok(())
}

/// The next request; `None` at the end of the connection, or if the head is too large.
async fn read(client: &mut BufReader<TcpStream>) -> io::Result<Option<ReceivedRequest>> {
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
    Ok(Some(ReceivedRequest { head, body }))
}

/// A 404 that repeats the request, as helpful servers do, and as servers do that want to reach a log.
fn echo(request: &ReceivedRequest) -> String {
    let line = request.head.lines().next().unwrap_or_default();
    let path = line.split(' ').nth(1).unwrap_or_default();
    let body = format!("Cannot find {path}\n{}\n{}", path.to_uppercase(), request.head);
    format!(
        "HTTP/1.1 404 {path}\r\ncontent-type: text/{path}\r\nlocation: {path}\r\nx-path: {path}\r\nretry-after: {path}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// An HTTP server with a fault, on a free port of 127.0.0.1; it ends when dropped.
pub(crate) struct FaultyHttpServer {
    state: Arc<State>,
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl FaultyHttpServer {
    /// Opens it; its correct response is 200 with the JSON text `content`.
    pub(crate) async fn open(fault: HttpFault, content: impl Into<String>) -> io::Result<Self> {
        let state = Arc::new(State { fault, content: content.into(), requests: RequestLog::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut task = JoinSet::new();
        task.spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { state, address, _task: task })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).expect("a socket address is an authority")
    }

    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.state.requests.all()
    }

    /// How many requests were received.
    pub(crate) fn count(&self) -> usize {
        self.state.requests.total()
    }

    /// Returns once `count` requests were received.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.state.requests.wait_for(count).await;
    }
}
