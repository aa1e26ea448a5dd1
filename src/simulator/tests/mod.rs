//! The servers through real sockets: what clients see, and what is recorded of them.

mod hook;
mod mailbox;
mod outage;
mod useapi;

use chrono::{TimeZone, Utc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::VirtualNow;
use crate::domain::time::Timestamp;

fn moment() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn clock() -> VirtualNow {
    VirtualNow::new(moment())
}

/// Sends these very bytes and reads until the server closes.
async fn raw(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// A client that follows nothing, unpacks gzip, and never goes through a proxy.
fn client() -> reqwest::Client {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        // Nothing here speaks TLS; reading the host's roots for each client would take longer than the test.
        .tls_certs_only([])
        .timeout(std::time::Duration::from_secs(10))
        .build()
        .unwrap()
}
