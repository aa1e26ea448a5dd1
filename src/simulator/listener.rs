//! A port on loopback that can go down and come back: what the three servers share.
//!
//! Promises: going down closes the listener and cuts every connection before it returns; the port stays reserved
//! meanwhile (bound, not listening), so that connections are refused and the kernel gives it to nobody who asks for
//! any free port.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use url::Url;

use super::lock;
use super::wire::{Cutter, Wire};

const BACKLOG: u32 = 1024;
/// How long accepting rests when the machine is out of descriptors.
const REST: Duration = Duration::from_millis(100);

enum Leaf {
    Open(TcpListener),
    /// Down; the socket reserves the port, unless the reservation failed.
    Shut(Option<TcpSocket>),
    Gone,
}

struct Door {
    leaf: Leaf,
    /// Who waits for a connection: woken when the door opens again.
    waiting: Option<Waker>,
    lines: Vec<Weak<Cutter>>,
}

impl Door {
    fn cut_all(&mut self) {
        for cutter in self.lines.drain(..).filter_map(|line| line.upgrade()) {
            cutter.cut();
        }
    }

    fn admit(&mut self, cutter: &Arc<Cutter>) {
        if self.lines.len() == self.lines.capacity() {
            self.lines.retain(|line| line.strong_count() > 0);
        }
        self.lines.push(Arc::downgrade(cutter));
    }
}

/// The side of a port that accepts: what a server's loop holds.
pub(super) struct Gate {
    address: SocketAddr,
    door: Arc<Mutex<Door>>,
}

impl Gate {
    /// The next connection; waits through outages.
    pub(super) async fn connection(&self) -> Wire {
        loop {
            match poll_fn(|context| self.poll_connection(context)).await {
                Ok(wire) => return wire,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }

    fn poll_connection(&self, context: &mut Context<'_>) -> Poll<io::Result<Wire>> {
        let mut door = lock(&self.door);
        door.waiting = Some(context.waker().clone());
        let Leaf::Open(listener) = &door.leaf else { return Poll::Pending };
        let (stream, _) = ready!(listener.poll_accept(context))?;
        stream.set_nodelay(true)?;
        let wire = Wire::new(stream);
        door.admit(wire.cutter());
        Poll::Ready(Ok(wire))
    }
}

impl Listener for Gate {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        (self.connection().await, self.address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// The same behind TLS. Many shake hands at once, so that a slow one holds nobody up.
struct SealedGate {
    gate: Gate,
    tls: TlsAcceptor,
    greeting: JoinSet<io::Result<TlsStream<Wire>>>,
}

impl Listener for SealedGate {
    type Io = TlsStream<Wire>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TlsStream<Wire>, SocketAddr) {
        loop {
            tokio::select! {
                wire = self.gate.connection() => drop(self.greeting.spawn(self.tls.accept(wire))),
                Some(greeted) = self.greeting.join_next() => {
                    if let Ok(Ok(stream)) = greeted {
                        return (stream, self.gate.address);
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.gate.address)
    }
}

/// The connection that a request came over.
#[derive(Clone)]
pub(super) struct Line(Arc<Cutter>);

impl Line {
    /// Closes it without a further byte.
    pub(super) fn cut(&self) {
        self.0.cut();
    }
}

impl Connected<IncomingStream<'_, Gate>> for Line {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Self {
        Self(Arc::clone(stream.io().cutter()))
    }
}

impl Connected<IncomingStream<'_, SealedGate>> for Line {
    fn connect_info(stream: IncomingStream<'_, SealedGate>) -> Self {
        Self(Arc::clone(stream.io().get_ref().0.cutter()))
    }
}

/// A port on 127.0.0.1 and the task that serves it; dropping it ends both.
pub(super) struct Port {
    address: SocketAddr,
    scheme: &'static str,
    door: Arc<Mutex<Door>>,
    runtime: Handle,
    serving: Mutex<JoinSet<()>>,
}

impl Port {
    /// Opens a free port and serves it with `serve`. Must be called within a tokio runtime, hence `async`.
    #[expect(clippy::unused_async, reason = "a caller outside a runtime would panic: `async` rules that out")]
    pub(super) async fn open<S, F>(serve: S) -> io::Result<Self>
    where
        S: FnOnce(Gate) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = reserve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let door = Door { leaf: Leaf::Open(listener), waiting: None, lines: Vec::new() };
        let door = Arc::new(Mutex::new(door));
        let mut serving = JoinSet::new();
        serving.spawn(serve(Gate { address, door: Arc::clone(&door) }));
        Ok(Self { address, scheme: "http", door, runtime: Handle::current(), serving: Mutex::new(serving) })
    }

    /// The same for an HTTP server.
    pub(super) async fn open_http(router: Router) -> io::Result<Self> {
        Self::open(|gate| async move {
            let service = router.into_make_service_with_connect_info::<Line>();
            // Serving ends only by the task's end: `Gate` never reports an error.
            let _ = axum::serve(gate, service).await;
        })
        .await
    }

    /// The same behind TLS.
    pub(super) async fn open_https(router: Router, tls: Arc<ServerConfig>) -> io::Result<Self> {
        let mut port = Self::open(|gate| async move {
            let gate = SealedGate { gate, tls: TlsAcceptor::from(tls), greeting: JoinSet::new() };
            let service = router.into_make_service_with_connect_info::<Line>();
            let _ = axum::serve(gate, service).await;
        })
        .await?;
        port.scheme = "https";
        Ok(port)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What an HTTP client asks for.
    pub(super) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}://{}{path}", self.scheme, self.address))
            .expect("a socket address is an authority")
    }

    /// Refuses connections from now on, and cuts those that are open.
    pub(super) fn go_down(&self) {
        let mut door = lock(&self.door);
        if let Leaf::Open(_) = door.leaf {
            // The listener must be closed before its port can be bound again.
            door.leaf = Leaf::Shut(None);
            door.leaf = Leaf::Shut(reserve(self.address).ok());
        }
        door.cut_all();
    }

    /// Accepts connections again, on the same port. Without effect when it is up, or stopped for good.
    pub(super) fn come_back(&self) -> io::Result<()> {
        let mut door = lock(&self.door);
        let Leaf::Shut(reserved) = &mut door.leaf else { return Ok(()) };
        let socket = match reserved.take() {
            Some(socket) => socket,
            None => reserve(self.address)?,
        };
        let _runtime = self.runtime.enter();
        door.leaf = Leaf::Open(socket.listen(BACKLOG)?);
        if let Some(waiting) = door.waiting.take() {
            waiting.wake();
        }
        Ok(())
    }

    /// Ends for good and returns when the serving task has.
    pub(super) async fn stop(&self) {
        self.close();
        let mut serving = std::mem::take(&mut *lock(&self.serving));
        serving.shutdown().await;
    }

    fn close(&self) {
        let mut door = lock(&self.door);
        door.leaf = Leaf::Gone;
        door.cut_all();
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.close();
    }
}

/// Binds without listening. The address may be used again at once: connections that linger from before do not count.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
