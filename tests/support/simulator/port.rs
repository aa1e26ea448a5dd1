//! A port on loopback that can go down and come back; shared by the three servers.
//!
//! Guarantees: going down closes the listener and ends every connection. Until the port comes back, connections are refused, and it
//! stays reserved (bound, not listening), so that no other process gets it as a free port.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::lock::lock;

const BACKLOG: u32 = 1024;
/// How long accepting pauses when the machine is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

enum ListenerState {
    Up(TcpListener),
    /// The socket reserves the port, until the server is dropped.
    Down(Option<TcpSocket>),
}

struct Connections {
    listener: ListenerState,
    /// Wakes the accept loop when the listener comes back.
    acceptor: Option<Waker>,
    open: JoinSet<()>,
}

impl Connections {
    /// Accepts the next connection and starts to serve it, both under one lock: an outage misses none.
    fn poll_accept<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        context: &mut Context<'_>,
        serve: &impl Fn(TcpStream) -> F,
    ) -> Poll<io::Result<()>> {
        self.acceptor = Some(context.waker().clone());
        let ListenerState::Up(listener) = &self.listener else { return Poll::Pending };
        let (stream, _) = ready!(listener.poll_accept(context))?;
        stream.set_nodelay(true)?;
        while self.open.try_join_next().is_some() {}
        self.open.spawn(serve(stream));
        Poll::Ready(Ok(()))
    }

    /// Closes the listener and all connections.
    fn close(&mut self) {
        self.listener = ListenerState::Down(None);
        self.open = JoinSet::new();
    }
}

/// Ends the connection over which a request came, without another byte.
#[derive(Clone, Default)]
pub(crate) struct HangUp(Arc<Notify>);

impl HangUp {
    pub(crate) fn hang_up(&self) {
        self.0.notify_one();
    }
}

/// A port on 127.0.0.1 and the task that serves it; dropping it ends both.
pub(crate) struct Port {
    address: SocketAddr,
    scheme: &'static str,
    connections: Arc<Mutex<Connections>>,
    runtime: Handle,
    _accept_loop: JoinSet<()>,
}

impl Port {
    /// Opens a free port whose connections are served by `serve`. It is async because it must be called within a tokio runtime.
    #[expect(clippy::unused_async, reason = "a caller outside a runtime would panic: `async` rules that out")]
    pub(crate) async fn open<F>(serve: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> io::Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = reserve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let listener = ListenerState::Up(listener);
        let connections =
            Arc::new(Mutex::new(Connections { listener, acceptor: None, open: JoinSet::new() }));
        let mut accept_loop = JoinSet::new();
        let accepted = Arc::clone(&connections);
        accept_loop.spawn(async move {
            loop {
                match poll_fn(|context| lock(&accepted).poll_accept(context, &serve)).await {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                }
            }
        });
        let runtime = Handle::current();
        Ok(Self { address, scheme: "http", connections, runtime, _accept_loop: accept_loop })
    }

    /// Opens a free port for an HTTP server, behind TLS if `tls` is given. Its handlers get a [`HangUp`] as an `Extension`.
    pub(crate) async fn open_http(router: Router, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let tls = tls.map(TlsAcceptor::from);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut port = Self::open(move |stream| serve_http(stream, tls.clone(), router.clone())).await?;
        port.scheme = scheme;
        Ok(port)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}://{}{path}", self.scheme, self.address))
            .expect("a socket address is an authority")
    }

    /// Refuses connections from now on, and ends those that are open.
    pub(crate) fn go_down(&self) {
        let mut connections = lock(&self.connections);
        if let ListenerState::Up(_) = connections.listener {
            // First, or another test could get the port in between.
            let reserved = reserve(self.address).expect("a port that is ours can be bound a second time");
            connections.close();
            connections.listener = ListenerState::Down(Some(reserved));
        }
    }

    /// Accepts connections again, on the same port. Without effect when it is up.
    pub(crate) fn come_back(&self) -> io::Result<()> {
        let mut connections = lock(&self.connections);
        let ListenerState::Down(reserved) = &mut connections.listener else { return Ok(()) };
        let socket = match reserved.take() {
            Some(socket) => socket,
            None => reserve(self.address)?,
        };
        let _runtime = self.runtime.enter();
        connections.listener = ListenerState::Up(socket.listen(BACKLOG)?);
        if let Some(acceptor) = connections.acceptor.take() {
            acceptor.wake();
        }
        Ok(())
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        lock(&self.connections).close();
    }
}

/// Binds without listening. The address may be reused at once, although connections of before linger, and beside our own listener.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn serve_http(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router) {
    let hang_up = HangUp::default();
    let router = router.layer(Extension(hang_up.clone()));
    let served = async {
        match tls {
            None => serve_requests(stream, router).await,
            Some(tls) => {
                if let Ok(stream) = tls.accept(stream).await {
                    serve_requests(stream, router).await;
                }
            }
        }
    };
    tokio::select! {
        () = served => {}
        () = hang_up.0.notified() => {}
    }
}

/// HTTP/1.1 or HTTP/2, as the client begins.
async fn serve_requests(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let server = auto::Builder::new(TokioExecutor::new());
    // How the connection ends does not matter: the client sees it.
    let _ = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await;
}
