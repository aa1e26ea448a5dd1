//! The result of a probe: how far a delivery to a receiver would get.
//!
//! Guarantees: a probe uses the same connection, trust, proxy and login as a delivery, and sends no message; the only HTTP requests
//! are those that ask Telegram whether the token and the chat are known. No result contains a secret or the path of an address.

/// What a probe of a receiver showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeResult {
    /// Host and port.
    pub address: String,
    /// What was tried.
    pub action: String,
    /// What the receiver offered, or why a delivery would fail.
    pub result: Result<String, ProbeError>,
}

/// Why a delivery would fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeError {
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// For a machine on which TLS cannot be set up.
pub(super) const NO_CA_CERTIFICATES: &str = "Install the system's CA certificates (package ca-certificates), or set SSL_CERT_FILE to a file that holds them.";

/// For a `host`, configured in `setting`, whose name cannot be resolved.
pub(super) fn dns_hint(setting: &str, host: &str) -> String {
    format!("Check {setting} for typos, and that this machine can resolve DNS names: `getent hosts {host}`.")
}

/// For a host, configured in `setting`, whose certificate is not accepted.
pub(super) fn certificate_hint(setting: &str) -> String {
    format!(
        "Check that {setting} is the name in the server's certificate, and that the certificate has not expired. For a CA of your own, set SSL_CERT_FILE here and for the service."
    )
}
