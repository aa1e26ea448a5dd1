//! Addresses that may be asked or told: https anywhere, http on loopback only, so that no token crosses a network in
//! the clear.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

/// The longest name of a host (RFC 1035, section 2.3.4).
const MAX_HOST_NAME: usize = 253;

/// A domain as it travels: one in other letters becomes its A-label (`xn--…`), one in ASCII stays as it is.
pub(super) fn ascii_domain(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return Some(domain.to_owned());
    }
    match Host::parse(domain) {
        Ok(Host::Domain(name)) => Some(name),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
    }
}

/// Whether `name` may stand behind EHLO (RFC 5321, section 4.1.1.1): a domain, or an address in brackets.
pub fn is_hello_name(name: &str) -> bool {
    if let Some(literal) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match literal.strip_prefix("IPv6:") {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => literal.parse::<Ipv4Addr>().is_ok(),
        };
    }
    let is_label = |label: &str| {
        let ends = [label.chars().next(), label.chars().next_back()];
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && ends.iter().flatten().all(|c| *c != '-')
    };
    name.len() <= MAX_HOST_NAME && name.split('.').all(is_label) && name.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_name_is_a_domain_or_an_address_in_brackets() {
        let long = format!("{}.example.com", "a".repeat(64));
        for (name, is_good) in [
            ("watch.example.com", true),
            ("web1", true),
            ("my_host.example.com", true),
            ("[192.0.2.1]", true),
            ("[IPv6:2001:db8::1]", true),
            ("192.0.2.1", false),
            ("[2001:db8::1]", false),
            ("[192.0.2]", false),
            ("", false),
            ("a b", false),
            ("a\r\nMAIL", false),
            ("a..b", false),
            ("a.", false),
            ("-a.example.com", false),
            ("user:pw@host", false),
            ("b\u{fc}cher.example", false),
            (long.as_str(), false),
        ] {
            assert_eq!(is_hello_name(name), is_good, "{name:?}");
        }
    }

    #[test]
    fn a_domain_in_other_letters_becomes_its_a_label() {
        for (typed, ascii) in [
            ("b\u{fc}cher.example", Some("xn--bcher-kva.example")),
            ("B\u{dc}CHER.example", Some("xn--bcher-kva.example")),
            ("Mail.Example.com", Some("Mail.Example.com")),
            ("[192.0.2.1]", Some("[192.0.2.1]")),
            ("\u{4f8b}\u{3048}.\u{30c6}\u{30b9}\u{30c8}", Some("xn--r8jz45g.xn--zckzah")),
            ("b\u{fc} cher.example", None),
        ] {
            assert_eq!(ascii_domain(typed).as_deref(), ascii, "{typed}");
        }
    }

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
