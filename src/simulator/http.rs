//! An HTTP server on loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

/// A server on a free port of 127.0.0.1; it accepts no connection after it is dropped.
pub(super) struct HttpServer {
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl HttpServer {
    pub(super) async fn open(router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut task = JoinSet::new();
        // It ends with the task only.
        task.spawn(async { axum::serve(listener, router).await.unwrap_or_default() });
        Ok(Self { address, _task: task })
    }

    pub(super) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).expect("a socket address is an authority")
    }
}
