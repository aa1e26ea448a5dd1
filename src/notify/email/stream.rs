//! One connection to a mail server, bounded in bytes and time, before and after its upgrade to TLS.
//!
//! Guarantees: a reply takes at most [`MAX_REPLY`](super::reply::MAX_REPLY) bytes and ends by its deadline, however the
//! bytes arrive; no plain text from before the upgrade is ever read as if it had come inside TLS (RFC 3207, section 4.2).
//! Leaves the meaning of replies to the session.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::reply::{Reply, ReplyError, ReplyParser};

/// Bytes read at once: more than nearly every reply has.
const READ_SIZE: usize = 2048;

/// Why a connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    /// The stage took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The server hung up.
    #[error("the server closed the connection without an answer")]
    Closed,
    /// The network, or TLS.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What arrived is not a reply.
    #[error("{0}")]
    Reply(#[from] ReplyError),
    /// The server sent something that nobody had asked for: taken as the answer to the next command, it would be a lie.
    #[error("the server answered before it was asked{0}")]
    Unasked(String),
    /// Text that anybody on the way could have put there.
    #[error("the server sent plain text after its agreement to STARTTLS")]
    PlainTextBeforeTls,
    /// The name of the host cannot stand in a certificate.
    #[error("the name of the host cannot be checked against a certificate")]
    ServerName,
}

/// Why TLS cannot be used on this machine.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsSetupError {
    /// The system's certificates cannot be used.
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
    /// Reading them took too long, or broke off.
    #[error("the CA certificates could not be read")]
    Unread,
}

/// Trust in the certificates that this machine trusts, read afresh so that a renewed bundle needs no restart.
pub(super) async fn tls_connector(deadline: Instant) -> Result<TlsConnector, TlsSetupError> {
    // Files: on a thread of its own, since the service has but one.
    let reading = tokio::task::spawn_blocking(|| -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(builder.with_platform_verifier()?.with_no_client_auth())
    });
    let config = timeout_at(deadline, reading).await.ok().and_then(Result::ok);
    Ok(TlsConnector::from(Arc::new(config.ok_or(TlsSetupError::Unread)??)))
}

enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Tls(stream) => stream.shutdown().await,
        }
    }
}

/// The connection.
pub(super) struct SmtpStream {
    transport: Transport,
    /// Received and not read yet; at most one reading.
    unread: Vec<u8>,
}

impl SmtpStream {
    /// A fresh connection.
    pub(super) const fn new(connection: TcpStream) -> Self {
        Self { transport: Transport::Plain(connection), unread: Vec::new() }
    }

    /// This machine's address on the connection.
    pub(super) fn local_ip(&self) -> Option<IpAddr> {
        let connection = match &self.transport {
            Transport::Plain(stream) => stream,
            Transport::Tls(stream) => stream.get_ref().0,
        };
        connection.local_addr().ok().map(|address| address.ip().to_canonical())
    }

    /// Goes on inside TLS, for the server of the name `host`.
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
        let connection = match self.transport {
            Transport::Plain(stream) => stream,
            Transport::Tls(_) => return Ok(self),
        };
        let handshake = timeout_at(deadline, connector.connect(name, connection)).await;
        let stream = handshake.map_err(|_| StreamError::TimedOut)??;
        Ok(Self { transport: Transport::Tls(Box::new(stream)), unread: Vec::new() })
    }

    /// Sends `bytes`, all of them by `deadline`.
    pub(super) async fn write(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), StreamError> {
        timeout_at(deadline, self.transport.write(bytes)).await.map_err(|_| StreamError::TimedOut)??;
        Ok(())
    }

    /// Refuses what was sent ahead: no answer to a command can be there before the command is.
    pub(super) async fn expect_silence(&mut self) -> Result<(), StreamError> {
        if !self.has_unread().await {
            return Ok(());
        }
        let reply = ReplyParser::default().feed(&self.unread).ok().and_then(|(_, reply)| reply);
        Err(StreamError::Unasked(reply.map(|reply| format!(": {reply}")).unwrap_or_default()))
    }

    /// The next reply, whole by `deadline`.
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
            let read = self.transport.read(&mut buffer).await?;
            if read == 0 {
                return Err(StreamError::Closed);
            }
            self.unread.extend(buffer.iter().take(read));
        }
    }

    /// Whether something is there that was not read yet, also in the system's buffer; waits for nothing.
    async fn has_unread(&mut self) -> bool {
        if self.unread.is_empty() {
            // The runtime learns between two tasks alone what has arrived.
            tokio::task::yield_now().await;
            let (transport, unread) = (&mut self.transport, &mut self.unread);
            poll_fn(|context| {
                let mut space = [0; READ_SIZE];
                let mut buffer = ReadBuf::new(&mut space);
                // An error or an end shows again at the next reading.
                if transport.poll_read(context, &mut buffer).is_ready() {
                    unread.extend_from_slice(buffer.filled());
                }
                Poll::Ready(())
            })
            .await;
        }
        !self.unread.is_empty()
    }

    /// Ends the connection in an orderly way; how that goes matters to nobody.
    pub(super) async fn close(mut self, deadline: Instant) {
        let _ = timeout_at(deadline, self.transport.close()).await;
    }
}
