//! Which URLs and hosts are accepted: https everywhere. Unencrypted, the API only on loopback, and receivers also in a private network or
//! where the operator allows it, so that the API token never crosses a network unencrypted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why an address was refused; never echoes it, because an address is often a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressError {
    #[error("is not a URL ({0}): write it as https://host/path")]
    NotUrl(url::ParseError),
    #[error("must begin with https:// (http:// is for loopback only)")]
    NotLoopback,
    #[error(
        "must begin with https://: http:// is for loopback and private names and addresses; \
         to send unencrypted all the same, set allow_http = true in this receiver"
    )]
    Public,
    #[error("must begin with https://")]
    Scheme,
}

/// The URL of the API: https, or http on loopback.
pub(super) fn parse(typed: &str) -> Result<Url, AddressError> {
    let url = parse_http(typed)?;
    if is_unencrypted(&url) { Err(AddressError::NotLoopback) } else { Ok(url) }
}

/// The URL of a receiver: https, or http to a machine near by or where `allow_http` permits it.
pub(super) fn parse_receiver(typed: &str, allow_http: bool) -> Result<Url, AddressError> {
    let url = parse_http(typed)?;
    if is_unencrypted(&url) && !allow_http && !is_local_or_private(&url) {
        Err(AddressError::Public)
    } else {
        Ok(url)
    }
}

fn parse_http(typed: &str) -> Result<Url, AddressError> {
    match Url::parse(typed) {
        Ok(url) if matches!(url.scheme(), "https" | "http") => Ok(url),
        Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase) => Err(AddressError::Scheme),
        Err(error) => Err(AddressError::NotUrl(error)),
    }
}

/// Whether what is sent to `url` crosses a network unencrypted.
pub(super) fn is_unencrypted(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

/// Endings of names in private networks (RFC 6762, RFC 8375; ICANN reserves `.internal`; `.lan` is usual).
const PRIVATE_ENDINGS: [&str; 4] = [".local", ".internal", ".lan", ".home.arpa"];

/// Whether `host`, a name or an address, is in a private network: a name without a dot, as containers have, or with a private ending; an
/// address of RFC 1918, RFC 4193 or link-local. Not 100.64.0.0/10 (RFC 6598), which a provider shares among its customers.
pub(super) fn is_private_name(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return match address.to_canonical() {
            IpAddr::V4(address) => address.is_private() || address.is_link_local(),
            IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
        };
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let ends_in = |ending: &str| name.strip_suffix(ending).is_some_and(|rest| !rest.is_empty());
    !name.is_empty() && (!name.contains('.') || PRIVATE_ENDINGS.into_iter().any(ends_in))
}

/// Whether `url` is on this machine or in a private network: requests to it bypass the proxy of the environment.
pub fn is_local_or_private(url: &Url) -> bool {
    let is_private = match url.host() {
        Some(Host::Domain(name)) => is_private_name(name),
        Some(Host::Ipv4(address)) => is_private_name(&address.to_string()),
        Some(Host::Ipv6(address)) => is_private_name(&address.to_string()),
        None => false,
    };
    is_private || is_loopback(url)
}

/// Whether `host`, a name or an address, is this machine.
pub(super) fn is_loopback_name(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// Whether `url` is on this machine: requests may be unencrypted and never use a proxy.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

/// The longest name of a host (RFC 1035, section 2.3.4).
pub(super) const MAX_HOST_NAME: usize = 253;

/// A domain as it is sent: one beyond ASCII becomes its A-label (`xn--…`), one in ASCII is unchanged.
pub(super) fn ascii_domain(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return Some(domain.to_owned());
    }
    match Host::parse(domain) {
        Ok(Host::Domain(name)) => Some(name),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
    }
}

/// Whether `name` is valid after EHLO (RFC 5321, section 4.1.1.1): a domain, or an address in brackets.
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
    fn a_receiver_may_use_http_in_private_networks_and_elsewhere_only_where_allowed() {
        for (typed, near) in [
            ("http://n8n:5678/webhook", true),
            ("http://N8N", true),
            ("http://nas.local", true),
            ("http://NAS.Local./x", true),
            ("http://hooks.internal", true),
            ("http://box.lan", true),
            ("http://box.home.arpa", true),
            ("http://192.168.1.5", true),
            ("http://10.0.0.1:8080", true),
            ("http://172.16.0.1", true),
            ("http://172.31.255.255", true),
            ("http://169.254.1.1", true),
            ("http://[fd00::1]", true),
            ("http://[fc00::1]:1", true),
            ("http://[fe80::1]", true),
            ("http://[::ffff:192.168.1.5]", true),
            ("http://localhost", true),
            ("http://127.0.0.1", true),
            ("http://172.32.0.1", false),
            ("http://192.169.0.1", false),
            ("http://100.64.0.1", false),
            ("http://0.0.0.0", false),
            ("http://8.8.8.8", false),
            ("http://[2001:db8::1]", false),
            ("http://[::ffff:8.8.8.8]", false),
            ("http://example.com", false),
            ("http://local", true),
            ("http://notlocal.example", false),
            ("http://mylan.example.com", false),
            ("http://n8n.local.example.com", false),
            ("http://192.168.1.5.example.com", false),
            ("http://n8n@example.com", false),
        ] {
            let verdict = parse_receiver(typed, false).map(|_| ());
            assert_eq!(verdict, if near { Ok(()) } else { Err(AddressError::Public) }, "{typed}");
            assert!(parse_receiver(typed, true).is_ok(), "{typed}");
            assert_eq!(is_local_or_private(&Url::parse(typed).unwrap()), near, "{typed}");
        }
        assert!(AddressError::Public.to_string().contains("allow_http = true"));
        assert!(parse_receiver("ftp://n8n", true).is_err());
    }

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
    fn a_domain_beyond_ascii_becomes_its_a_label() {
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
    fn the_api_may_use_http_on_loopback_only() {
        for (typed, verdict) in [
            ("https://api.useapi.net", Ok(())),
            ("HTTPS://example.com:8443/a?b", Ok(())),
            ("http://127.0.0.1:1", Ok(())),
            ("http://127.8.8.8", Ok(())),
            ("http://[::1]:1", Ok(())),
            ("http://LOCALHOST:1", Ok(())),
            ("http://api.useapi.net", Err(AddressError::NotLoopback)),
            ("http://128.0.0.1", Err(AddressError::NotLoopback)),
            ("http://localhost.example.com", Err(AddressError::NotLoopback)),
            ("http://127.0.0.1@example.com", Err(AddressError::NotLoopback)),
            ("http://0.0.0.0", Err(AddressError::NotLoopback)),
            ("ftp://127.0.0.1", Err(AddressError::Scheme)),
            ("localhost:80", Err(AddressError::Scheme)),
            ("example.com", Err(AddressError::Scheme)),
        ] {
            assert_eq!(parse(typed).map(|_| ()), verdict, "{typed}");
        }
    }
}
