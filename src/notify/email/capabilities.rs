//! What a mail server offers in its answer to EHLO (RFC 5321, section 4.1.1.1).
//!
//! Guarantees: pure; keywords in any case, and the form `AUTH=` of old servers.

use super::reply::Reply;

/// Mechanisms kept of an answer: each is compared with all before it, and IANA has registered some sixty.
const MAX_MECHANISMS: usize = 100;

/// The extensions that matter to us. None before EHLO, and none from before TLS (RFC 3207, section 4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// STARTTLS is offered.
    pub(super) starttls: bool,
    /// Local parts of addresses may be other than ASCII (RFC 6531).
    pub(super) smtputf8: bool,
    /// Mails may have eight-bit lines (RFC 6152).
    pub(super) eight_bit_mime: bool,
    /// The mechanisms of AUTH, in capitals, as the server orders them.
    pub(super) mechanisms: Vec<String>,
}

impl Capabilities {
    /// Reads an answer to EHLO. The first line names the server, but the sloppiest servers have an extension there.
    pub(super) fn parse(reply: &Reply) -> Self {
        let mut capabilities = Self::default();
        for line in &reply.lines {
            let mut words =
                line.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty());
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "STARTTLS" => capabilities.starttls = true,
                "SMTPUTF8" => capabilities.smtputf8 = true,
                "8BITMIME" => capabilities.eight_bit_mime = true,
                "AUTH" => {
                    for mechanism in words.map(str::to_ascii_uppercase) {
                        let has_room = capabilities.mechanisms.len() < MAX_MECHANISMS;
                        if has_room && !capabilities.mechanisms.contains(&mechanism) {
                            capabilities.mechanisms.push(mechanism);
                        }
                    }
                }
                _ => {}
            }
        }
        capabilities
    }

    /// Whether `mechanism`, in capitals, is offered.
    pub(super) fn has_mechanism(&self, mechanism: &str) -> bool {
        self.mechanisms.iter().any(|offered| offered == mechanism)
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
