//! Connects to a mail server, up to its greeting.
//!
//! Guarantees: every address of the host is tried in the resolver's order (RFC 5321, section 5.1), each within its own time
//! limits, until one greets with 220: an address that does not answer costs time, not the mail.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use super::failure::{Failure, Stage};
use super::smtp_stream::{SmtpStream, tls_connector};
use crate::config::{Smtp, Tls};
use crate::domain::text::{one_line, shortened};

/// For connecting to one address. Allows three retries of TCP (after 1, 3 and 7 s); other addresses are tried after that.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Addresses tried of one host; real hosts have two to eight.
const MAX_ADDRESSES: usize = 16;

/// Characters for the errors of all addresses.
const MAX_MESSAGE: usize = 400;

/// Connects to the first address that greets.
pub(super) async fn connect(smtp: &Smtp) -> Result<SmtpStream, Failure> {
    connect_to_any(&resolve(smtp).await?, smtp).await
}

/// The addresses of the host, in the resolver's order.
async fn resolve(smtp: &Smtp) -> Result<Vec<SocketAddr>, Failure> {
    let failed = |reason: &str| Failure::temporary(Stage::Resolve, reason);
    let resolving = tokio::net::lookup_host((smtp.host.as_str(), smtp.port));
    let found = timeout(smtp.timeout, resolving).await.map_err(|_| failed("no answer in time"))?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found.map_err(|error| failed(&one_line(&error.to_string())))? {
        if addresses.len() < MAX_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(failed("the name has no address")) } else { Ok(addresses) }
}

async fn connect_to_any(addresses: &[SocketAddr], smtp: &Smtp) -> Result<SmtpStream, Failure> {
    let failed = |error| Failure::from_stream(Stage::Connect, &error, smtp);
    let connector = match smtp.tls {
        Tls::Implicit => Some(tls_connector(Instant::now() + smtp.timeout).await.map_err(failed)?),
        Tls::StartTls | Tls::None => None,
    };
    let mut errors: Vec<String> = Vec::new();
    let mut last = Failure::temporary(Stage::Connect, "no address was tried");
    for address in addresses {
        match connect_to(*address, smtp, connector.as_ref()).await {
            Ok(stream) => return Ok(stream),
            Err(failure) => {
                errors.push(format!("{}: {}", address.ip(), failure.message));
                last = failure;
            }
        }
    }
    if errors.len() > 1 {
        last.message = shortened(&errors.join("; "), MAX_MESSAGE);
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
    let connection = connected
        .map_err(|_| Failure::temporary(Stage::Connect, "no answer in time"))?
        .map_err(|error| failed(error.into()))?;
    // Commands are small and wait for their replies: waiting to fill a packet would only delay them.
    let _ = connection.set_nodelay(true);
    let mut stream = SmtpStream::new(connection);
    if let Some(connector) = connector {
        stream = stream.secure(connector, &smtp.host, Instant::now() + smtp.timeout).await.map_err(failed)?;
    }
    let greeting = stream.reply(Instant::now() + smtp.timeout).await.map_err(failed)?;
    if greeting.code == 220 {
        Ok(stream)
    } else {
        Err(Failure::from_reply(Stage::Connect, &greeting, smtp.login.as_ref()))
    }
}

/// `host:port`, for messages.
pub(super) fn server_address(smtp: &Smtp) -> String {
    format!("{}:{}", smtp.host, smtp.port)
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

    fn closed() -> SocketAddr {
        address(&listener(2))
    }

    /// Sends `greeting` on the first connection, and keeps it open.
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

    async fn try_addresses(addresses: &[SocketAddr]) -> Result<(), Failure> {
        let smtp = smtp(Duration::from_millis(300));
        let connecting = connect_to_any(addresses, &smtp);
        timeout(Duration::from_secs(20), connecting).await.expect("each address has a limit").map(drop)
    }

    #[tokio::test]
    async fn failing_address_is_followed_by_the_next_one() {
        let silent = listener(4);
        for first in [
            closed(),
            address(&silent),
            greeting(b"421 4.3.2 not now\r\n"),
            greeting(b"554 go away\r\n"),
            greeting(b"HTTP/1.1 400 Bad Request\r\n"),
            greeting(b"220 half a gree"),
        ] {
            let second = greeting(b"220 mail.example.com\r\n");
            try_addresses(&[first, second]).await.unwrap_or_else(|failure| panic!("{first}: {failure:?}"));
        }
    }

    #[tokio::test]
    async fn address_that_never_accepts_is_followed_by_the_next_one() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.5:0".parse().unwrap()).unwrap();
        let full = socket.listen(1).unwrap();
        let first = full.local_addr().unwrap();
        // These fill the queue: further connections are not answered.
        let mut waiting = Vec::new();
        for _ in 0..4 {
            waiting.push(timeout(Duration::from_millis(50), TcpStream::connect(first)).await);
        }
        try_addresses(&[first, greeting(b"220 mail.example.com\r\n")]).await.unwrap();
        drop((waiting, full));
    }

    #[tokio::test]
    async fn error_names_every_failed_address() {
        let silent = listener(4);
        let failure = try_addresses(&[closed(), address(&silent)]).await.unwrap_err();
        let message = &failure.message;
        assert!(message.starts_with("127.0.0.2: ") && message.contains("refused"), "{message}");
        assert!(message.ends_with("; 127.0.0.4: no answer in time"), "{message}");
        assert!(!failure.is_refusal);
    }

    #[tokio::test]
    async fn addresses_are_bounded_in_number_and_time() {
        let smtp = Smtp { host: "127.0.0.1".to_owned(), ..smtp(Duration::from_secs(1)) };
        assert_eq!(resolve(&smtp).await.unwrap(), ["127.0.0.1:25".parse().unwrap()]);
        let begin = Instant::now();
        let silent: Vec<_> = (10..14).map(listener).collect();
        try_addresses(&silent.iter().map(address).collect::<Vec<_>>()).await.unwrap_err();
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
}
