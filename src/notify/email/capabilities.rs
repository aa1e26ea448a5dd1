//! What a mail server offers in its reply to EHLO (RFC 5321, section 4.1.1.1).
//!
//! Guarantees: pure; accepts keywords in any case, and the form `AUTH=` of old servers.

use std::collections::BTreeSet;

use super::reply::Reply;

/// The extensions that this program uses. Empty before EHLO and again after STARTTLS (RFC 3207, section 4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    pub(super) starttls: bool,
    /// The part of an address before the `@` may be other than ASCII (RFC 6531).
    pub(super) smtputf8: bool,
    /// A mail may have eight-bit lines (RFC 6152).
    pub(super) eight_bit_mime: bool,
    /// The mechanisms of AUTH, in capitals.
    pub(super) mechanisms: BTreeSet<String>,
}

impl Capabilities {
    /// Reads a reply to EHLO. The first line should name the server, but some servers put an extension there.
    pub(super) fn parse(reply: &Reply) -> Self {
        let mut capabilities = Self::default();
        for line in &reply.lines {
            let mut words =
                line.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty());
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "STARTTLS" => capabilities.starttls = true,
                "SMTPUTF8" => capabilities.smtputf8 = true,
                "8BITMIME" => capabilities.eight_bit_mime = true,
                "AUTH" => capabilities.mechanisms.extend(words.map(str::to_ascii_uppercase)),
                _ => {}
            }
        }
        capabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_read_in_any_case_and_form() {
        let lines =
            |lines: &[&str]| Reply { code: 250, lines: lines.iter().map(ToString::to_string).collect() };
        for (offered, starttls, mechanisms) in [
            (&["mx", "STARTTLS", "AUTH PLAIN LOGIN"][..], true, &["PLAIN", "LOGIN"][..]),
            (&["mx", "starttls", "auth plain login"], true, &["PLAIN", "LOGIN"]),
            (&["mx", "AUTH=LOGIN PLAIN"], false, &["LOGIN", "PLAIN"]),
            (&["mx", "AUTH LOGIN", "AUTH=LOGIN PLAIN"], false, &["LOGIN", "PLAIN"]),
            (&["mx", "Auth = Login"], false, &["LOGIN"]),
            (&["starttls"], true, &[]),
            (&["mx", "STARTTLSX", "XAUTH PLAIN"], false, &[]),
            (&[], false, &[]),
        ] {
            let capabilities = Capabilities::parse(&lines(offered));
            assert_eq!(
                (capabilities.starttls, capabilities.mechanisms),
                (starttls, mechanisms.iter().map(ToString::to_string).collect()),
                "{offered:?}"
            );
        }
    }
}
