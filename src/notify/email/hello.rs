//! The name that this machine gives in EHLO (RFC 5321, section 4.1.1.1).
//!
//! Guarantees: a name that RFC 5321 allows: the configured one, else the machine's fully qualified name if it has one, else
//! its address on the connection in brackets (section 4.1.3).

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;

use crate::config::is_hello_name;

/// Contains the full name of a machine whose host name is short, as Debian's installer writes it.
const HOSTS: &str = "/etc/hosts";

/// Bytes read of that file: it has a few lines, and block lists append theirs.
const MAX_HOSTS: u64 = 64 * 1024;

/// The argument of EHLO on a connection from `local`.
pub(super) fn hello_name(configured: Option<&str>, local: Option<IpAddr>) -> String {
    configured.map(str::to_owned).or_else(full_host_name).unwrap_or_else(|| address_literal(local))
}

fn address_literal(local: Option<IpAddr>) -> String {
    match local {
        Some(IpAddr::V4(address)) => format!("[{address}]"),
        Some(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        None => "[127.0.0.1]".to_owned(),
    }
}

fn full_host_name() -> Option<String> {
    let system = rustix::system::uname();
    let name = system.nodename().to_str().ok()?;
    if is_full(name) {
        return Some(name.to_owned());
    }
    let mut hosts = String::new();
    File::open(HOSTS).ok()?.take(MAX_HOSTS).read_to_string(&mut hosts).ok()?;
    full_name_in(&hosts, name)
}

/// The full name on the line of `hosts` that contains the short one, as `hostname --fqdn` finds it.
fn full_name_in(hosts: &str, short: &str) -> Option<String> {
    hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().split_whitespace().skip(1))
        .filter(|names| names.clone().any(|name| name.eq_ignore_ascii_case(short)))
        .find_map(|mut names| names.find(|name| is_full(name)))
        .map(str::to_owned)
}

/// Whether `name` identifies this machine to others; every machine is `localhost.localdomain`.
fn is_full(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_local = lower.starts_with("localhost") || lower.ends_with(".localdomain");
    lower.trim_matches('.').contains('.')
        && !is_local
        && lower.parse::<IpAddr>().is_err()
        && is_hello_name(&lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configured_name_comes_first_and_the_address_last() {
        let local = Some("10.1.2.3".parse().unwrap());
        assert_eq!(hello_name(Some("watch.example.com"), local), "watch.example.com");
        assert_eq!(address_literal(local), "[10.1.2.3]");
        assert_eq!(address_literal(Some("2001:db8::1".parse().unwrap())), "[IPv6:2001:db8::1]");
    }

    #[test]
    fn short_host_name_is_completed_from_the_hosts_file() {
        let hosts = "127.0.0.1 localhost.localdomain localhost\n# 10.0.0.1 no.example.com web1\n127.0.1.1\tweb1.example.com web1 # me\n";
        assert_eq!(full_name_in(hosts, "web1").as_deref(), Some("web1.example.com"));
        assert_eq!(full_name_in(hosts, "WEB1").as_deref(), Some("web1.example.com"));
        assert_eq!(full_name_in(hosts, "localhost"), None);
        assert_eq!(full_name_in(hosts, "web2"), None);
        assert_eq!(full_name_in("127.0.0.1 vm\n", "vm"), None);
    }

    #[test]
    fn full_name_is_one_that_other_machines_can_know() {
        for (name, full) in [
            ("web1.example.com", true),
            ("web1", false),
            ("localhost.localdomain", false),
            ("web1.localdomain", false),
            ("10.0.0.1", false),
            ("a b.example.com", false),
            ("web1.", false),
        ] {
            assert_eq!(is_full(name), full, "{name}");
        }
    }
}
