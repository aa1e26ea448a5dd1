//! Logging in (RFC 4954): PLAIN (RFC 4616), else LOGIN as every server knows it.
//!
//! Guarantees: the password goes nowhere but into the answers that the mechanism asks for; the prompts of LOGIN decide nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;

use super::capabilities::Capabilities;
use crate::config::Login;
use crate::domain::text::{one_line, shortened};

/// A command line with its end (RFC 5321, 4.5.3.1.4): a longer first answer is sent after the server's prompt (RFC 4954, 4).
const MAX_COMMAND: usize = 512;

/// Pieces of a secret that are this long are recognised in a server's answer.
const MIN_PIECE: usize = 8;

/// The mechanisms that we speak; what others there are, a server names in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// All in one answer.
    Plain,
    /// The name, then the password.
    Login,
}

impl Mechanism {
    /// The better one of those that the server offers.
    ///
    /// # Errors
    /// With what the server offers instead.
    pub(super) fn choose(offered: &Capabilities) -> Result<Self, String> {
        if offered.has_mechanism("PLAIN") {
            return Ok(Self::Plain);
        }
        if offered.has_mechanism("LOGIN") {
            return Ok(Self::Login);
        }
        if offered.mechanisms.is_empty() {
            return Err("the server offers no log-in (AUTH) here".to_owned());
        }
        let others = shortened(&one_line(&offered.mechanisms.join(", ")), 100);
        Err(format!("the server offers no log-in by PLAIN or LOGIN, only by {others}"))
    }
}

/// What PLAIN sends.
pub(super) fn plain_response(login: &Login) -> String {
    encoded(&format!("\0{}\0{}", login.username, login.password.value.expose_secret()))
}

/// `AUTH PLAIN` with its answer, or without where that makes the line too long.
pub(super) fn plain_command(response: &str) -> String {
    let command = format!("AUTH PLAIN {response}");
    if command.len() + 2 > MAX_COMMAND { "AUTH PLAIN".to_owned() } else { command }
}

/// The two answers of LOGIN.
pub(super) fn login_responses(login: &Login) -> [String; 2] {
    [encoded(&login.username), encoded(login.password.value.expose_secret())]
}

/// An empty answer is `=` (RFC 4954, section 4).
fn encoded(text: &str) -> String {
    if text.is_empty() { "=".to_owned() } else { STANDARD.encode(text) }
}

/// Whether `text` holds the password, or a good part of it, as typed, percent-encoded, in hex, or as it travels; in any case,
/// and with any white space between.
pub(super) fn repeats_password(text: &str, login: &Login) -> bool {
    let password = login.password.value.expose_secret();
    if password.is_empty() {
        return false;
    }
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let hex = password.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    let percent =
        percent_encoding::utf8_percent_encode(password, percent_encoding::NON_ALPHANUMERIC).to_string();
    let user = &login.username;
    // Base64 of the same bytes differs by where they begin in a group of three.
    let shifted = ["", "x", "xx"].map(|before| {
        let encoded = STANDARD.encode(format!("{before}{password}"));
        let whole = encoded.trim_end_matches('=');
        whole.get(before.len() * 2..whole.len().saturating_sub(1)).unwrap_or_default().to_owned()
    });
    let sent = [encoded(password), plain_response(login), encoded(&format!("{user}\0{user}\0{password}"))];
    let text = squeezed(text);
    let forms = [password.to_owned(), hex, percent].into_iter().chain(shifted).chain(sent);
    forms.map(|form| squeezed(&form)).any(|form| holds_piece(&text, &form))
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Whether `text` holds all of `form`, or [`MIN_PIECE`] characters of it in a row.
fn holds_piece(text: &str, form: &str) -> bool {
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
    fn the_password_is_recognised_in_every_form_that_a_server_may_repeat() {
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
    fn a_long_password_is_sent_after_the_prompt() {
        assert!(plain_command(&plain_response(&login("short"))).starts_with("AUTH PLAIN AHd"));
        assert_eq!(plain_command(&plain_response(&login(&"x".repeat(400)))), "AUTH PLAIN");
    }

    #[test]
    fn plain_is_preferred_and_what_is_offered_instead_is_named() {
        let offering = |mechanisms: &[&str]| Capabilities {
            mechanisms: mechanisms.iter().map(ToString::to_string).collect(),
            ..Capabilities::default()
        };
        assert_eq!(Mechanism::choose(&offering(&["LOGIN", "PLAIN"])), Ok(Mechanism::Plain));
        assert_eq!(Mechanism::choose(&offering(&["XOAUTH2", "LOGIN"])), Ok(Mechanism::Login));
        assert!(
            Mechanism::choose(&offering(&["XOAUTH2", "CRAM-MD5"]))
                .unwrap_err()
                .ends_with("only by XOAUTH2, CRAM-MD5")
        );
        assert!(Mechanism::choose(&offering(&[])).unwrap_err().contains("no log-in (AUTH)"));
    }
}
