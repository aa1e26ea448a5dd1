//! Which authorities' certificates TLS trusts on a machine that has none.
//!
//! Such are small containers and freshly installed systems. There, the authorities that Mozilla trusts are built in, as of this version of
//! the program. A machine with certificates of its own, or whose user names them in `SSL_CERT_FILE` or `SSL_CERT_DIR`, gets no others.

use std::sync::{Arc, LazyLock};

use reqwest::{Certificate, ClientBuilder};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// Says that the built-in certificates are trusted, and how to change it.
pub const USES_BUILT_IN: &str = "this machine has no CA certificates: those that are built into this version are trusted; \
     the package ca-certificates, or SSL_CERT_FILE, brings ones that are kept up to date";

/// Whether they are trusted, found out once per process.
static IS_BUILT_IN_TRUSTED: LazyLock<bool> = LazyLock::new(|| {
    let is_needed = !is_chosen_by_user() && rustls_native_certs::load_native_certs().certs.is_empty();
    if is_needed {
        tracing::info!("{USES_BUILT_IN}");
    }
    is_needed
});

/// The client of `builder`, which trusts the built-in certificates where they are needed.
///
/// # Errors
/// When TLS cannot be set up.
pub fn build(builder: ClientBuilder) -> reqwest::Result<reqwest::Client> {
    match built_in_certificates() {
        [] => builder.build(),
        certificates => {
            let parsed: reqwest::Result<Vec<_>> =
                certificates.iter().map(|certificate| Certificate::from_der(certificate)).collect();
            builder.tls_certs_only(parsed?).build()
        }
    }
}

/// Verifies servers' certificates as the clients of [`build`] do.
///
/// # Errors
/// When there are no certificates to trust.
pub fn verifier(provider: Arc<CryptoProvider>) -> Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(built_in_certificates().iter().cloned(), provider)
}

/// The built-in certificates where they are trusted, because this machine has none and its user names none; otherwise none.
pub fn built_in_certificates() -> &'static [CertificateDer<'static>] {
    if *IS_BUILT_IN_TRUSTED { TLS_SERVER_ROOT_CERTS } else { &[] }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the library that reads the certificates reads the same variables itself"
)]
fn is_chosen_by_user() -> bool {
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(|variable| std::env::var_os(variable).is_some())
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;

    use super::*;

    #[test]
    fn each_built_in_certificate_can_be_used_by_clients_and_verifiers() {
        let (added, ignored) =
            RootCertStore::empty().add_parsable_certificates(TLS_SERVER_ROOT_CERTS.iter().cloned());
        assert!(added > 50 && ignored == 0, "{added} added, {ignored} ignored");
        assert!(TLS_SERVER_ROOT_CERTS.iter().all(|one| Certificate::from_der(one).is_ok()));
    }
}
