//! Logging in (RFC 4954): PLAIN (RFC 4616), else LOGIN, which has no RFC but works alike on every server.
//!
//! Guarantees: the password appears only in the responses that the mechanism asks for; the prompts of LOGIN are ignored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;

use super::capabilities::Capabilities;
use crate::config::Login;
use crate::domain::text::{one_line, shortened};

/// Bytes of a command line with its end (RFC 5321, section 4.5.3.1.4). A longer initial response is sent after the server's
/// prompt (RFC 4954, section 4).
const MAX_COMMAND: usize = 512;

/// A part of the password is recognised in a server's text from this many characters on.
const MIN_PIECE: usize = 8;

/// The mechanisms that this program supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// User name and password in one response.
    Plain,
    /// The user name, then the password.
    Login,
}

impl Mechanism {
    /// The best mechanism that the server offers.
    ///
    /// # Errors
    /// With what the server offers instead.
    pub(super) fn choose(offered: &Capabilities) -> Result<Self, String> {
        let mechanisms = &offered.mechanisms;
        if mechanisms.contains("PLAIN") {
            Ok(Self::Plain)
        } else if mechanisms.contains("LOGIN") {
            Ok(Self::Login)
        } else if mechanisms.is_empty() {
            Err("the server does not offer a login (AUTH) here".to_owned())
        } else {
            let others = mechanisms.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let others = shortened(&one_line(&others), 100);
            Err(format!("the server does not offer a login by PLAIN or LOGIN, only by {others}"))
        }
    }
}

/// The response of PLAIN.
pub(super) fn plain_response(login: &Login) -> String {
    encoded(&format!("\0{}\0{}", login.username, login.password.value.expose_secret()))
}

/// `AUTH PLAIN`, with the response if the line is not too long.
pub(super) fn plain_command(response: &str) -> String {
    let command = format!("AUTH PLAIN {response}");
    if command.len() + 2 > MAX_COMMAND { "AUTH PLAIN".to_owned() } else { command }
}

/// The two responses of LOGIN.
pub(super) fn login_responses(login: &Login) -> [String; 2] {
    [encoded(&login.username), encoded(login.password.value.expose_secret())]
}

/// An empty response is `=` (RFC 4954, section 4).
fn encoded(text: &str) -> String {
    if text.is_empty() { "=".to_owned() } else { STANDARD.encode(text) }
}

/// Whether `text` contains the password or a part of it: plain, percent-encoded, in hex, in base64 or in a response; in any
/// case, and with white space anywhere.
pub(super) fn repeats_password(text: &str, login: &Login) -> bool {
    let (user, password) = (&login.username, login.password.value.expose_secret());
    if password.is_empty() {
        return false;
    }
    let halves = password.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex = halves.filter_map(|half| char::from_digit(half.into(), 16)).collect();
    let percent = utf8_percent_encode(password, NON_ALPHANUMERIC).to_string();
    // Base64 of the same bytes depends on where they begin in a group of three.
    let shifted = ["", "x", "xx"].map(|before| {
        let encoded = STANDARD.encode(format!("{before}{password}"));
        let whole = encoded.trim_end_matches('=');
        whole.get(before.len() * 2..whole.len().saturating_sub(1)).unwrap_or_default().to_owned()
    });
    let sent = [encoded(password), plain_response(login), encoded(&format!("{user}\0{user}\0{password}"))];
    let text = normalised(text);
    let mut forms = [password.to_owned(), hex, percent].into_iter().chain(shifted).chain(sent);
    forms.any(|form| contains_fragment(&text, &normalised(&form)))
}

fn normalised(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Whether `text` contains all of `form`, or [`MIN_PIECE`] consecutive characters of it.
fn contains_fragment(text: &str, form: &str) -> bool {
    let form: Vec<char> = form.chars().collect();
    let length = form.len().min(MIN_PIECE);
    length > 0 && form.windows(length).any(|piece| text.contains(&piece.iter().collect::<String>()))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::config::{Origin, Secret};

    fn login(password: &str) -> Login {
        let password = Secret { value: SecretString::from(password), origin: Origin::Inline };
        Login { username: "watch".to_owned(), password }
    }

    #[test]
    fn password_is_recognised_in_every_form_that_a_server_may_repeat() {
        let login = login("hunter2-sesame/é");
        for text in [
            "535 bad credentials for hunter2-sesame/é",
            "535 HUNTER2-SESAME",
            "535 hunter2-sesame%2F%C3%A9",
            "535 68756e746572322d73",
            "535 aHVudGVyMi1zZXNhbWU",
            "535 ahvudgvymi1zzxnhbwu",
            "535 AHdhdGNoAGh1bnRlcjItc2VzYW1l",
            "535 d2F0Y2g6aHVudGVyMi1zZXNhbWUvw6k=",
            "535 aHVudGVy\r\nMi1zZXNh",
        ] {
            assert!(repeats_password(text, &login), "{text}");
        }
        for text in ["535 5.7.8 authentication failed", "535 watch: unknown user", "535"] {
            assert!(!repeats_password(text, &login), "{text}");
        }
    }

    #[test]
    fn long_password_is_sent_after_the_prompt() {
        assert!(plain_command(&plain_response(&login("short"))).starts_with("AUTH PLAIN AHd"));
        assert_eq!(plain_command(&plain_response(&login(&"x".repeat(400)))), "AUTH PLAIN");
    }

    #[test]
    fn plain_is_preferred_and_unsupported_mechanisms_are_named() {
        let offering = |mechanisms: &[&str]| Capabilities {
            mechanisms: mechanisms.iter().map(ToString::to_string).collect(),
            ..Capabilities::default()
        };
        assert_eq!(Mechanism::choose(&offering(&["LOGIN", "PLAIN"])), Ok(Mechanism::Plain));
        assert_eq!(Mechanism::choose(&offering(&["XOAUTH2", "LOGIN"])), Ok(Mechanism::Login));
        assert!(
            Mechanism::choose(&offering(&["XOAUTH2", "CRAM-MD5"]))
                .unwrap_err()
                .ends_with("only by CRAM-MD5, XOAUTH2")
        );
        assert!(Mechanism::choose(&offering(&[])).unwrap_err().contains("not offer a login (AUTH)"));
    }
}
