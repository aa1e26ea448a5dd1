//! Failures on the way to the vendor and back, as text that an operator can act on.
//!
//! Promises: the text says which part failed (name, connection, TLS, time, transfer) and holds no URL, so neither a
//! proxy's password nor an account's name. Leaves the outcome to the caller: it is always `unavailable`.

use std::error::Error;
use std::io;
use std::time::Duration;

/// What went wrong, for people. `timeout` is the one that the request had.
pub(super) fn in_words(error: &reqwest::Error, timeout: Duration) -> String {
    let cause = innermost(error);
    if error.is_timeout() {
        let seconds = timeout.as_secs_f64();
        return if error.is_connect() {
            format!("no connection within {seconds} s")
        } else {
            format!("no complete answer within {seconds} s")
        };
    }
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return format!("TLS: {tls}");
    }
    if error.is_dns() {
        return format!("DNS: {cause}");
    }
    if error.is_connect() { format!("cannot connect: {cause}") } else { format!("connection cut: {cause}") }
}

/// Whether a connection that stood ended before an answer came.
pub(super) fn is_lost_connection(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_timeout() && !error.is_connect() && !error.is_dns()
}

/// Whether the body came but could not be unpacked.
pub(super) fn is_undecodable(error: &reqwest::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| matches!(cause.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput))
}

/// One link of a chain of causes.
type Cause<'a> = &'a (dyn Error + 'static);

fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error), |error| next_cause(*error))
}

fn next_cause(error: Cause<'_>) -> Option<Cause<'_>> {
    // An io::Error's `source` skips the very error that it wraps.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The last of the chain says most; reqwest's own text, which names the URL, is the first.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    causes(error).skip(1).last().map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}

/// Why no client could be made, and what to do about it.
pub(super) fn in_setup(error: &reqwest::Error) -> String {
    let cause = innermost(error);
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
        in_words(&error, Duration::from_secs(15))
    }

    /// A server that says `answer` to the first that connects.
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

    #[tokio::test]
    async fn a_name_that_is_not_known_is_told_as_dns() {
        assert_eq!(failure("https://me:secret@name.example/path").await, "DNS: no such name");
    }

    #[tokio::test]
    async fn a_server_without_tls_is_told_as_tls() {
        let address = server(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let text = failure(&format!("https://me:secret@{address}/path")).await;
        assert!(text.starts_with("TLS: "), "{text}");
        assert!(!text.contains("secret") && !text.contains("path"), "{text}");
    }

    #[tokio::test]
    async fn a_certificate_of_unknown_issuer_is_told_as_tls() {
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

    #[test]
    fn an_error_wrapped_by_an_io_error_is_found() {
        let tls = rustls::Error::DecryptError;
        let wrapped = io::Error::other(io::Error::other(tls));
        let found = causes(&wrapped).find_map(|cause| cause.downcast_ref::<rustls::Error>());
        assert_eq!(found, Some(&rustls::Error::DecryptError));
    }
}
