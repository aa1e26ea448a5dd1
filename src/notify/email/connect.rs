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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{Ipv4Addr, TcpListener};

    use tokio::net::TcpSocket;

    use super::*;

    /// An address of this machine alone: all of 127.0.0.0/8 is loopback.
    fn listener(last: u8) -> TcpListener {
        TcpListener::bind((Ipv4Addr::new(127, 0, 0, last), 0)).unwrap()
    }

    fn address(listener: &TcpListener) -> SocketAddr {
        listener.local_addr().unwrap()
    }

    fn nobody() -> SocketAddr {
        address(&listener(2))
    }

    /// Says `greeting` to the one connection that it takes, and keeps it open.
    fn greeting(greeting: &'static [u8]) -> SocketAddr {
        let listener = listener(3);
        let address = address(&listener);
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(greeting).unwrap();
            let _ = std::io::Read::read_to_end(&mut stream, &mut Vec::new());
        });
        address
    }

    fn smtp(timeout: Duration) -> Smtp {
        let host = "mail.example.com".to_owned();
        Smtp { host, port: 25, tls: Tls::None, login: None, hello: None, timeout }
    }

    async fn tried(addresses: &[SocketAddr]) -> Result<(), Failure> {
        let smtp = smtp(Duration::from_millis(300));
        let connecting = connect_to_any(addresses, &smtp);
        timeout(Duration::from_secs(20), connecting).await.expect("each address has a limit").map(drop)
    }

    #[tokio::test]
    async fn an_address_that_fails_in_any_way_costs_time_and_not_the_mail() {
        let silent = listener(4);
        for first in [
            nobody(),
            address(&silent),
            greeting(b"421 4.3.2 not now\r\n"),
            greeting(b"554 go away\r\n"),
            greeting(b"HTTP/1.1 400 Bad Request\r\n"),
            greeting(b"220 half a gree"),
        ] {
            let second = greeting(b"220 mail.example.com\r\n");
            tried(&[first, second]).await.unwrap_or_else(|failure| panic!("{first}: {failure:?}"));
        }
    }

    #[tokio::test]
    async fn an_address_whose_connections_are_never_accepted_costs_time_and_not_the_mail() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.5:0".parse().unwrap()).unwrap();
        let full = socket.listen(1).unwrap();
        let first = full.local_addr().unwrap();
        // The queue is full after these: what comes next is not answered at all.
        let mut waiting = Vec::new();
        for _ in 0..4 {
            waiting.push(timeout(Duration::from_millis(50), TcpStream::connect(first)).await);
        }
        tried(&[first, greeting(b"220 mail.example.com\r\n")]).await.unwrap();
        drop((waiting, full));
    }

    #[tokio::test]
    async fn when_every_address_fails_each_is_named_with_what_it_met() {
        let silent = listener(4);
        let failure = tried(&[nobody(), address(&silent)]).await.unwrap_err();
        let words = &failure.words;
        assert!(words.starts_with("127.0.0.2: ") && words.contains("refused"), "{words}");
        assert!(words.ends_with("; 127.0.0.4: no answer in time"), "{words}");
        assert!(!failure.is_refusal);
    }

    #[tokio::test]
    async fn many_addresses_are_bounded_in_number_and_each_in_time() {
        let smtp = Smtp { host: "127.0.0.1".to_owned(), ..smtp(Duration::from_secs(1)) };
        assert_eq!(look_up(&smtp).await.unwrap(), ["127.0.0.1:25".parse().unwrap()]);
        let begun = Instant::now();
        let silent: Vec<_> = (10..14).map(listener).collect();
        tried(&silent.iter().map(address).collect::<Vec<_>>()).await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
