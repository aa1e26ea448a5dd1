//! Failures of the connection to the vendor, as text that an operator can act on.
//!
//! Guarantees: the text names the part that failed (DNS, connection, TLS, time, transfer) and contains no URL, so it shows neither
//! a proxy's password nor an account's name. The outcome is `unavailable`, except for a body that cannot be decoded.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::response::ReadFailure;
use crate::domain::observation::Outcome;

/// What failed. `timeout` is the request's.
pub(super) fn read_failure(error: &reqwest::Error, timeout: Duration) -> ReadFailure {
    let is_invalid =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    let tls = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>());
    if tls.is_none()
        && !error.is_request()
        && causes(error).filter_map(|cause| cause.downcast_ref()).any(is_invalid)
    {
        let reason = "a body with broken chunks or compression".to_owned();
        return ReadFailure { outcome: Outcome::Malformed, reason };
    }
    let seconds = timeout.as_secs_f64();
    let reason = match tls {
        _ if error.is_timeout() && error.is_connect() => format!("no connection within {seconds} s"),
        _ if error.is_timeout() => format!("no complete answer within {seconds} s"),
        Some(tls) => format!("TLS: {tls}"),
        None if error.is_dns() => format!("DNS: {}", root_cause(error)),
        None if error.is_connect() => format!("cannot connect: {}", root_cause(error)),
        None => format!("connection cut: {}", root_cause(error)),
    };
    ReadFailure { outcome: Outcome::Unavailable, reason }
}

/// Whether an established connection ended before a response came.
pub(super) fn is_lost_connection(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_timeout() && !error.is_connect() && !error.is_dns()
}

type Cause<'e> = &'e (dyn Error + 'static);

/// The error and its causes, outermost first, including one inside an `io::Error`, which `source` skips.
fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error), |error| next_cause(*error))
}

fn next_cause(error: Cause<'_>) -> Option<Cause<'_>> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The innermost cause is the most specific; the outermost text is reqwest's own and contains the URL.
fn root_cause(error: &reqwest::Error) -> String {
    causes(error).skip(1).last().map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}

/// Why no client could be created, and what to do about it.
pub(super) fn describe_setup(error: &reqwest::Error) -> String {
    let cause = root_cause(error);
    let is_about_certificates = cause.to_ascii_lowercase().contains("certificate");
    let hint = "; install the system's CA certificates (package ca-certificates), or name a file of them in SSL_CERT_FILE";
    if is_about_certificates { cause + hint } else { cause }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::Arc;
    use std::thread;

    use reqwest::dns::{Name, Resolve, Resolving};

    use super::*;

    struct NoNames;

    impl Resolve for NoNames {
        fn resolve(&self, _name: Name) -> Resolving {
            Box::pin(async { Err(io::Error::other("no such name").into()) })
        }
    }

    async fn failure(url: &str) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).dns_resolver(Arc::new(NoNames));
        let error = client.build().unwrap().get(url).send().await.unwrap_err();
        read_failure(&error, Duration::from_secs(15)).reason
    }

    /// A server that sends `answer` to the first client.
    fn server(answer: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        });
        address
    }

    #[test]
    fn error_wrapped_by_an_io_error_is_found() {
        let wrapped = io::Error::other(io::Error::other(rustls::Error::DecryptError));
        let found = causes(&wrapped).find_map(|cause| cause.downcast_ref::<rustls::Error>());
        assert_eq!(found, Some(&rustls::Error::DecryptError));
    }

    #[tokio::test]
    async fn unknown_host_is_reported_as_dns() {
        assert_eq!(failure("https://me:secret@name.example/path").await, "DNS: no such name");
    }

    #[tokio::test]
    async fn server_without_tls_is_reported_as_tls() {
        let address = server(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let text = failure(&format!("https://me:secret@{address}/path")).await;
        assert!(text.starts_with("TLS: "), "{text}");
        assert!(!text.contains("secret") && !text.contains("path"), "{text}");
    }

    #[tokio::test]
    async fn certificate_of_an_unknown_issuer_is_reported_as_tls() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut session = rustls::ServerConnection::new(Arc::new(config)).unwrap();
            let _ = session.complete_io(&mut stream);
        });
        let text = failure(&format!("https://{address}/path")).await;
        assert_eq!(text, "TLS: invalid peer certificate: UnknownIssuer");
    }
}
