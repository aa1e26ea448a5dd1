//! From a host's name to a mail server that has greeted us.
//!
//! Guarantees: every address of the host is tried in the resolver's order (RFC 5321, section 5.1), each within limits of its
//! own, until one greets with 220: an address that does not answer costs time, not the mail.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use super::failure::{Failure, Stage};
use super::stream::{SmtpStream, tls_connector};
use crate::config::{Smtp, Tls};
use crate::domain::text::{one_line, shortened};

/// For one address's connection: three of TCP's tries (after 1, 3 and 7 s); one that takes longer is as good as dead while
/// there are others.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Addresses tried of one host; real ones have two to eight.
const MAX_ADDRESSES: usize = 16;

/// Characters for what all addresses met.
const MAX_WORDS: usize = 400;

/// SMTP's code for "ready".
const GREETING: u16 = 220;

/// Connects to the first address that greets.
pub(super) async fn connect(smtp: &Smtp) -> Result<SmtpStream, Failure> {
    connect_to_any(&look_up(smtp).await?, smtp).await
}

/// The addresses of the host, in the resolver's order.
pub(super) async fn look_up(smtp: &Smtp) -> Result<Vec<SocketAddr>, Failure> {
    let failed = |reason: &str| Failure::passing(Stage::Lookup, format!("DNS: {reason}"));
    let looking = tokio::net::lookup_host((smtp.host.as_str(), smtp.port));
    let found = timeout(smtp.timeout, looking).await.map_err(|_| failed("no answer in time"))?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found.map_err(|error| failed(&one_line(&error.to_string())))? {
        if addresses.len() < MAX_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(failed("the name has no address")) } else { Ok(addresses) }
}

/// Tries `addresses` one after the other.
pub(super) async fn connect_to_any(addresses: &[SocketAddr], smtp: &Smtp) -> Result<SmtpStream, Failure> {
    let connector = match smtp.tls {
        Tls::Implicit => {
            let connector = tls_connector(Instant::now() + smtp.timeout).await;
            Some(connector.map_err(|error| Failure::from_setup(Stage::Connect, &error))?)
        }
        Tls::StartTls | Tls::None => None,
    };
    let mut met: Vec<String> = Vec::new();
    let mut last = Failure::passing(Stage::Connect, "no address was tried".to_owned());
    for address in addresses {
        match connect_to(*address, smtp, connector.as_ref()).await {
            Ok(stream) => return Ok(stream),
            Err(failure) => {
                met.push(format!("{}: {}", address.ip(), failure.words));
                last = failure;
            }
        }
    }
    if met.len() > 1 {
        last.words = shortened(&met.join("; "), MAX_WORDS);
    }
    Err(last)
}

async fn connect_to(
    address: SocketAddr,
    smtp: &Smtp,
    connector: Option<&TlsConnector>,
) -> Result<SmtpStream, Failure> {
    let failed = |error| Failure::from_stream(Stage::Connect, &error, smtp);
    let deadline = Instant::now() + smtp.timeout.min(CONNECT_LIMIT);
    let connected = timeout_at(deadline, TcpStream::connect(address)).await;
    let connection = match connected {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(failed(error.into())),
        Err(_) => return Err(Failure::passing(Stage::Connect, "no answer in time".to_owned())),
    };
    // Commands are small and answered one by one: waiting to fill a packet would only slow them down.
    let _ = connection.set_nodelay(true);
    let mut stream = SmtpStream::new(connection);
    if let Some(connector) = connector {
        stream = stream.secure(connector, &smtp.host, Instant::now() + smtp.timeout).await.map_err(failed)?;
    }
    let greeting = stream.reply(Instant::now() + smtp.timeout).await.map_err(failed)?;
    if greeting.code == GREETING {
        Ok(stream)
    } else {
        Err(Failure::from_reply(Stage::Connect, &greeting, smtp.login.as_ref()))
    }
}
