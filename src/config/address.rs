//! Addresses that may be asked or told: https anywhere, http on loopback only, so that no token crosses a network in
//! the clear.

use std::net::IpAddr;

use url::{Host, Url};

/// Why an address was refused; never echoes it, because an address is often a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressError {
    /// It is no URL.
    #[error("is no URL: {0}")]
    NoUrl(#[from] url::ParseError),
    /// It is http to another machine.
    #[error("must be https (http is for loopback only)")]
    Clear,
    /// It is neither http nor https.
    #[error("must begin with https://")]
    Scheme,
}

/// Reads `typed` as a URL that is https, or http on loopback.
pub(super) fn parse(typed: &str) -> Result<Url, AddressError> {
    let url = Url::parse(typed)?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(AddressError::Clear),
        _ => Err(AddressError::Scheme),
    }
}

/// Whether `host`, a name or an address, is this machine.
pub(super) fn is_loopback_name(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// Whether `url` leads to this machine: it may be asked in the clear, and never through a proxy.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_may_be_asked_in_the_clear() {
        for (typed, verdict) in [
            ("https://api.useapi.net", Ok(())),
            ("HTTPS://example.com:8443/a?b", Ok(())),
            ("http://127.0.0.1:1", Ok(())),
            ("http://127.8.8.8", Ok(())),
            ("http://[::1]:1", Ok(())),
            ("http://LOCALHOST:1", Ok(())),
            ("http://api.useapi.net", Err(AddressError::Clear)),
            ("http://128.0.0.1", Err(AddressError::Clear)),
            ("http://localhost.example.com", Err(AddressError::Clear)),
            ("http://127.0.0.1@example.com", Err(AddressError::Clear)),
            ("http://0.0.0.0", Err(AddressError::Clear)),
            ("ftp://127.0.0.1", Err(AddressError::Scheme)),
            ("localhost:80", Err(AddressError::Scheme)),
            ("example.com", Err(AddressError::NoUrl(url::ParseError::RelativeUrlWithoutBase))),
        ] {
            assert_eq!(parse(typed).map(|_| ()), verdict, "{typed}");
        }
    }
}
