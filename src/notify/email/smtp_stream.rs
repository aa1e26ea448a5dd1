//! One connection to a mail server, bounded in bytes and time, before and after its upgrade to TLS.
//!
//! Guarantees: a reply has at most [`MAX_REPLY`](super::reply::MAX_REPLY) bytes and is complete by its deadline, in
//! whatever pieces it arrives; plain text from before the upgrade is never read as if it had come inside TLS (RFC 3207,
//! section 4.2). Leaves the meaning of replies to the session.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::reply::{Reply, ReplyError, ReplyParser};
use crate::notify::stream::{Stream, received};
use crate::trust;

/// Bytes read at once; nearly every reply is shorter.
const READ_SIZE: usize = 2048;

/// Why a connection can no longer be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    #[error("no answer in time")]
    TimedOut,
    #[error("the server closed the connection without an answer")]
    Closed,
    /// The network, or TLS.
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Reply(#[from] ReplyError),
    /// The server sent something before the command. Taken as the reply to that command, it would be false.
    #[error("the server answered before it was asked{0}")]
    Unsolicited(String),
    /// What arrives unencrypted at this point could have been inserted by anyone on the network.
    #[error("the server sent plain text after its agreement to STARTTLS")]
    PlainTextBeforeTls,
    #[error("the name of the host cannot be checked against a certificate")]
    ServerName,
    /// TLS cannot be set up on this machine.
    #[error("{0}")]
    TlsSetup(String),
}

/// Trusts the certificates that this machine trusts. They are read each time, so that a renewed bundle needs no restart.
pub(super) async fn tls_connector(deadline: Instant) -> Result<TlsConnector, StreamError> {
    // Reads files: on another thread, since the service has only one.
    let reading = tokio::task::spawn_blocking(|| -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(trust::verifier(Arc::clone(&provider))?);
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    });
    let unread = || StreamError::TlsSetup("the CA certificates could not be read".to_owned());
    let config = timeout_at(deadline, reading).await.ok().and_then(Result::ok).ok_or_else(unread)?;
    let config = config.map_err(|error| StreamError::TlsSetup(error.to_string()))?;
    Ok(TlsConnector::from(Arc::new(config)))
}

pub(super) struct SmtpStream {
    stream: Box<dyn Stream>,
    /// This machine's address on the connection.
    pub(super) local_ip: Option<IpAddr>,
    /// Received and not yet parsed; at most one read.
    unread: Vec<u8>,
}

impl SmtpStream {
    pub(super) fn new(connection: TcpStream) -> Self {
        let local_ip = connection.local_addr().ok().map(|address| address.ip().to_canonical());
        Self { stream: Box::new(connection), local_ip, unread: Vec::new() }
    }

    /// Upgrades to TLS with the server named `host`.
    pub(super) async fn secure(
        mut self,
        connector: &TlsConnector,
        host: &str,
        deadline: Instant,
    ) -> Result<Self, StreamError> {
        if self.has_unread().await {
            return Err(StreamError::PlainTextBeforeTls);
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| StreamError::ServerName)?;
        let handshake = timeout_at(deadline, connector.connect(name, self.stream)).await;
        let stream = handshake.map_err(|_| StreamError::TimedOut)??;
        Ok(Self { stream: Box::new(stream), ..self })
    }

    /// Sends all of `bytes` by `deadline`.
    pub(super) async fn write(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), StreamError> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout_at(deadline, writing).await.map_err(|_| StreamError::TimedOut)?.map_err(Into::into)
    }

    /// Sends one command and reads its reply. Fails if something has arrived already: a reply cannot precede its command.
    pub(super) async fn exchange(&mut self, command: &str, deadline: Instant) -> Result<Reply, StreamError> {
        if self.has_unread().await {
            let reply = ReplyParser::default().feed(&self.unread).ok().and_then(|(_, reply)| reply);
            return Err(StreamError::Unsolicited(
                reply.map(|reply| format!(": {reply}")).unwrap_or_default(),
            ));
        }
        self.write(format!("{command}\r\n").as_bytes(), deadline).await?;
        self.reply(deadline).await
    }

    /// The next reply, complete by `deadline`.
    pub(super) async fn reply(&mut self, deadline: Instant) -> Result<Reply, StreamError> {
        timeout_at(deadline, self.read_reply()).await.unwrap_or(Err(StreamError::TimedOut))
    }

    async fn read_reply(&mut self) -> Result<Reply, StreamError> {
        let mut parser = ReplyParser::default();
        loop {
            let (taken, reply) = parser.feed(&self.unread)?;
            self.unread.drain(..taken);
            if let Some(reply) = reply {
                return Ok(reply);
            }
            let mut buffer = [0; READ_SIZE];
            let read = self.stream.read(&mut buffer).await?;
            if read == 0 {
                return Err(StreamError::Closed);
            }
            self.unread.extend(buffer.iter().take(read));
        }
    }

    /// Whether bytes have arrived that were not parsed yet, including those in the system's buffer; does not wait.
    async fn has_unread(&mut self) -> bool {
        if self.unread.is_empty() {
            // The runtime only learns between two tasks what has arrived.
            tokio::task::yield_now().await;
            self.unread = received(&mut *self.stream, READ_SIZE).await;
        }
        !self.unread.is_empty()
    }

    /// Closes the connection; errors do not matter any more.
    pub(super) async fn close(mut self, deadline: Instant) {
        let _ = timeout_at(deadline, self.stream.shutdown()).await;
    }
}
