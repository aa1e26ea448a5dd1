//! A connection to a receiver, opened by reqwest and used by this program.
//!
//! Guarantees: name resolution, proxy, trust and TLS are those of reqwest; the connection is for HTTP/1.1, and reqwest sends
//! nothing on it. The connector returns each connection inside an error, so reqwest stops before it writes a request. This is
//! needed because reqwest reports no status for a response with a broken head, and for a delivery the status line decides.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use reqwest::header::HeaderValue;
use reqwest::{Client, redirect};
use tokio::time::Instant;
use tower::util::AndThenLayer;
use url::Url;

use super::response::MAX_EXCERPT;
use crate::config::is_local_or_private;
use crate::domain::text::{one_line, shortened};
use crate::notify::stream::{Stream, causes, find_cause};
use crate::trust;

pub(super) const OUR_USER_AGENT: &str = concat!("minimax-watch/", env!("CARGO_PKG_VERSION"));

/// An open connection, TLS included, on which no request was sent yet.
pub(super) struct Connection {
    pub(super) stream: Box<dyn Stream>,
    /// Whether it ends at a proxy that needs the whole address in the request line (RFC 9112, section 3.2.2).
    pub(super) is_forwarded: bool,
    /// The end of the attempt's time, which began with connecting.
    pub(super) deadline: Instant,
}

/// Carries a connection, and whether it is forwarded, out of reqwest. It is an error only for reqwest.
#[derive(thiserror::Error)]
#[error("connected")]
struct Connected(Mutex<Option<(Box<dyn Stream>, bool)>>);

impl fmt::Debug for Connected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connected")
    }
}

/// Two clients: loopback and private addresses never use the environment's proxy. Each is created when it is first needed,
/// since its trusted certificates take memory and time to read.
#[derive(Clone, Debug, Default)]
pub(in crate::notify) struct Clients {
    proxied: Arc<OnceLock<Client>>,
    direct: Arc<OnceLock<Client>>,
    /// Whether an error quotes the response: for a person at a terminal, never for the log or the store.
    pub(in crate::notify) quotes_responses: bool,
}

impl Clients {
    pub(in crate::notify) fn quoting_responses() -> Self {
        Self { quotes_responses: true, ..Self::default() }
    }

    fn for_url(&self, url: &Url) -> Result<&Client, reqwest::Error> {
        let is_local_or_private = is_local_or_private(url);
        let cell = if is_local_or_private { &self.direct } else { &self.proxied };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        // Fails if a provider is installed already, and then it is this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let return_as_error = AndThenLayer::new(|connection| {
            let connected = Connected::new(connection);
            async move { Err(Box::from(connected)) }
        });
        let builder = Client::builder()
            .user_agent(OUR_USER_AGENT)
            .redirect(redirect::Policy::none())
            // Also with servers that offer HTTP/2.
            .http1_only()
            .connector_layer(return_as_error);
        let client = trust::build(if is_local_or_private { builder.no_proxy() } else { builder })?;
        Ok(cell.get_or_init(|| client))
    }

    /// Connects to the host of `url`, TLS handshake included. `timeout` is for the whole attempt, but does not include reading the
    /// trusted certificates.
    pub(super) async fn connect(&self, url: &Url, timeout: Duration) -> Result<Connection, ConnectError> {
        let client = self.for_url(url).map_err(ConnectError::Setup)?;
        let deadline = Instant::now() + timeout;
        match client.get(origin(url)).timeout(timeout).send().await {
            // Cannot happen: reqwest never gets a connection.
            Ok(_) => Err(ConnectError::NoConnection),
            Err(error) => match find_cause::<Connected>(&error) {
                Some(Connected(connection)) => {
                    let connection = connection.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let (stream, is_forwarded) = connection.ok_or(ConnectError::NoConnection)?;
                    Ok(Connection { stream, is_forwarded, deadline })
                }
                None => Err(ConnectError::Network(error)),
            },
        }
    }
}

impl Connected {
    fn new<C>(connection: C) -> Self
    where
        C: hyper_util::client::legacy::connect::Connection + 'static,
        TokioIo<C>: Stream,
    {
        let is_forwarded = connection.connected().is_proxied();
        Self(Mutex::new(Some((Box::new(TokioIo::new(connection)), is_forwarded))))
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// TLS cannot be set up on this machine.
    #[error("TLS cannot be set up: {}", error_text(.0))]
    Setup(#[source] reqwest::Error),
    /// DNS, proxy, connection or TLS.
    #[error("{}", error_text(.0))]
    Network(#[source] reqwest::Error),
    /// The cause is unknown.
    #[error("no connection")]
    NoConnection,
}

/// The innermost cause: outer ones only say that a request failed, and may contain the address.
fn error_text(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let cause = causes(error).skip(1).last();
    let cause = cause.map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    let stage = if error.is_connect() { "cannot connect: " } else { "" };
    shortened(&format!("{stage}{}", one_line(&cause)), 2 * MAX_EXCERPT)
}

/// The host, and the port if it is not the default one.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("receiver");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Scheme, host and port: reqwest does not get the rest of the address, which may be a secret.
fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("");
    origin.set_query(None);
    origin.set_fragment(None);
    let _ = origin.set_username("").and_then(|()| origin.set_password(None));
    origin
}

/// The login at the environment's proxy for a request that the proxy forwards; reqwest only adds it to tunnels.
pub(super) fn proxy_login(url: &Url) -> Option<HeaderValue> {
    let uri = origin(url).as_str().parse().ok()?;
    Matcher::from_system().intercept(&uri)?.basic_auth().cloned()
}
