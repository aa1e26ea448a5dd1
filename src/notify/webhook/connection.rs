//! A connection to a receiver, made by reqwest and used by us.
//!
//! Guarantees: name resolution, proxy, trust and TLS are reqwest's; the connection speaks HTTP/1.1, and reqwest sends nothing on
//! it. Its connector hands each connection out inside an error, which ends reqwest's part before a request is written: reqwest
//! reports no status for an answer with a broken head, and for a delivery the status line decides.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use reqwest::header::HeaderValue;
use reqwest::{Client, redirect};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tower::util::AndThenLayer;
use url::Url;

use crate::config::is_near;
use crate::notify::greet::find_cause;

/// What a connection can do.
pub(in crate::notify) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that stands, TLS included; nothing was sent on it.
pub(in crate::notify) struct Connection {
    pub(super) stream: Box<dyn Stream>,
    /// Whether it ends at a proxy that wants to read each request's whole address (RFC 9112, section 3.2.2).
    pub(super) is_forwarded: bool,
    /// The end of the time that was given when connecting began.
    pub(super) deadline: Instant,
}

/// Carries a connection, and whether it is forwarded, past reqwest; an error only for reqwest, which set out to send a request.
#[derive(thiserror::Error)]
#[error("the connection stands")]
struct Connected(Mutex<Option<(Box<dyn Stream>, bool)>>);

impl fmt::Debug for Connected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connected")
    }
}

/// Two clients: a proxy of the environment is for others, never for loopback and private addresses. Each is made when it is
/// first needed: the certificates that it trusts take time to read, and memory.
#[derive(Clone, Debug, Default)]
pub(in crate::notify) struct Clients {
    proxied: Arc<OnceLock<Client>>,
    direct: Arc<OnceLock<Client>>,
    /// Whether an error quotes the answer: for a person at a terminal, never for the log or the store.
    pub(in crate::notify) quotes_answers: bool,
}

impl Clients {
    fn for_url(&self, url: &Url) -> Result<&Client, reqwest::Error> {
        let is_near = is_near(url);
        let cell = if is_near { &self.direct } else { &self.proxied };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        // An error says that a provider is installed already, and then it is this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let hand_out = AndThenLayer::new(|connection| {
            let connected = hand_over(connection);
            async move { Err(Box::from(connected)) }
        });
        let builder = Client::builder()
            .user_agent(super::USER_AGENT)
            .redirect(redirect::Policy::none())
            // The protocol that is spoken on the connection, also to servers that offer HTTP/2.
            .http1_only()
            .connector_layer(hand_out);
        let client = if is_near { builder.no_proxy() } else { builder }.build()?;
        Ok(cell.get_or_init(|| client))
    }

    /// Connects to the host of `url`, TLS handshake included; all that follows has what is left of `timeout`. Reading the certificates
    /// that are trusted does not count.
    pub(in crate::notify) async fn connect(
        &self,
        url: &Url,
        timeout: Duration,
    ) -> Result<Connection, ConnectError> {
        let client = self.for_url(url).map_err(ConnectError::Setup)?;
        let deadline = Instant::now() + timeout;
        match client.get(origin(url)).timeout(timeout).send().await {
            // Cannot be: reqwest is never given a connection.
            Ok(_) => Err(ConnectError::NoConnection),
            Err(error) => match find_cause::<Connected>(&error) {
                Some(Connected(handed)) => {
                    let handed = handed.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let (stream, is_forwarded) = handed.ok_or(ConnectError::NoConnection)?;
                    Ok(Connection { stream, is_forwarded, deadline })
                }
                None => Err(ConnectError::Network(error)),
            },
        }
    }
}

fn hand_over<C>(connection: C) -> Connected
where
    C: hyper_util::client::legacy::connect::Connection + Send + Unpin + 'static,
    TokioIo<C>: Stream,
{
    let is_forwarded = connection.connected().is_proxied();
    Connected(Mutex::new(Some((Box::new(TokioIo::new(connection)), is_forwarded))))
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(in crate::notify) enum ConnectError {
    /// This machine's own side of TLS.
    #[error("TLS cannot be set up: {}", super::fault(.0))]
    Setup(#[source] reqwest::Error),
    /// The way to the receiver: name, proxy, connection or TLS.
    #[error("{}", super::fault(.0))]
    Network(#[source] reqwest::Error),
    /// Nobody knows.
    #[error("no connection")]
    NoConnection,
}

impl ConnectError {
    /// Whether a `T` is among the causes.
    pub(in crate::notify) fn is_caused_by<T: Error + 'static>(&self) -> bool {
        find_cause::<T>(self).is_some()
    }

    /// Whether the host's name could not be resolved.
    pub(in crate::notify) fn is_dns(&self) -> bool {
        matches!(self, Self::Network(error) if error.is_dns())
    }
}

/// Scheme, host and port alone: what else an address holds does not even come near reqwest.
fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("");
    origin.set_query(None);
    origin.set_fragment(None);
    let _ = origin.set_username("").and_then(|()| origin.set_password(None));
    origin
}

/// The log-in at the environment's proxy for a request that it forwards; reqwest gives it on its own only where it tunnels.
pub(super) fn proxy_login(url: &Url) -> Option<HeaderValue> {
    let uri = origin(url).as_str().parse().ok()?;
    Matcher::from_system().intercept(&uri)?.basic_auth().cloned()
}
