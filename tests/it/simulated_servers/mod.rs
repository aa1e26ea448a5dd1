//! The servers over real sockets: what clients receive, and what is recorded of them.

mod auth;
mod chats;
mod command;
mod outage;
mod record;
mod smtp;
mod useapi;
mod webhook;

use chrono::{TimeZone, Utc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use minimax_watch::domain::time::Timestamp;

use crate::simulator::VirtualNow;

fn start() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn clock() -> VirtualNow {
    VirtualNow::new(start())
}

/// Sends exactly these bytes and reads until the server closes the connection.
async fn raw(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// A client that follows no redirect and uses no proxy.
fn client() -> reqwest::Client {
    // Another test may have installed it first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        // TLS is not used here, and reading the host's roots for each client would take longer than the test.
        .tls_certs_only([])
        .timeout(std::time::Duration::from_secs(10))
        .build()
        .unwrap()
}
