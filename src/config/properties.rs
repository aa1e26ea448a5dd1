//! Properties of every configuration, environment and secret, for the property tests and the fuzz targets (`fuzz/`).
//!
//! Each function panics where a property does not hold.

#![expect(clippy::missing_panics_doc, reason = "a panic is how each of these functions answers")]

use std::path::PathBuf;

use chrono::DateTime;
use secrecy::ExposeSecret as _;

use super::diagnostics::Diagnostics;
use super::file::Text;
use super::place::Place;
use super::secrets::{self, Form};
use super::{Environment, Problem, parse, regular_file, show};
use crate::domain::text::is_invisible;
use crate::domain::time::Timestamp;

/// The values of the variables that a configuration can name.
const VARIABLES: [(&str, &str); 5] = [
    ("TOKEN", "user:123-planted1"),
    ("PASSWORD", "planted2 word"),
    ("URL", "https://hooks.example.com/planted3"),
    ("SIGNING", "whsec_cGxhbnRlZDRwbGFudGVk"),
    ("HOME", "/home/ops"),
];
/// Parts of them that no message may hold.
const SECRETS: [&str; 4] = ["planted1", "planted2", "planted3", "cGxhbnRlZDRwbGFudGVk"];
/// Problems or warnings, and the line that counts the others.
const MAX_PROBLEMS: usize = 1_001;
/// Characters of a problem: three parts and a line number, each control character in them escaped as `\u{…}`.
const MAX_PROBLEM: usize = 3 * 500 * 10 + 10;

fn now() -> Timestamp {
    DateTime::from_timestamp(1_795_418_100, 0).unwrap_or_default()
}

/// Checks that a configuration file with one override of the environment is accepted, or refused with problems that are bounded, printable
/// and without secrets, and that an accepted one is shown without secrets.
pub fn check_configuration(content: &str, (name, value): (&str, &str)) {
    let named = [(format!("MINIMAX_WATCH__{name}"), value.to_owned())];
    let others = VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment: Environment = others.into_iter().chain(named).collect();
    let text = Text::new("a.toml".into(), PathBuf::from("/nonexistent"), content.to_owned());
    let is_planted = |text: &str| SECRETS.iter().any(|secret| text.contains(secret));
    // A secret that is typed into the file itself may be shown.
    let is_typed = is_planted(content) || is_planted(value) || is_planted(name);
    match parse(&text, &environment, now()) {
        Ok(loaded) => {
            check_problems(&loaded.warnings, is_typed);
            assert!(is_typed || !is_planted(&show(&loaded.config)));
        }
        Err(invalid) => {
            assert!(!invalid.problems.is_empty());
            check_problems(&invalid.problems, is_typed);
            check_problems(&invalid.warnings, is_typed);
        }
    }
}

fn check_problems(problems: &[Problem], is_typed: bool) {
    assert!(problems.len() <= MAX_PROBLEMS);
    for printed in problems.iter().map(ToString::to_string) {
        assert!(!printed.is_empty() && printed.chars().count() <= MAX_PROBLEM, "{printed}");
        assert!(!printed.chars().any(is_invisible), "{printed:?}");
        assert!(is_typed || !SECRETS.iter().any(|secret| printed.contains(secret)), "{printed}");
    }
}

/// Checks that the content of a secret's file is accepted without its last line break, or refused by a message that does not hold it.
pub fn check_secret(content: &[u8]) {
    let Ok(text) = regular_file::decode(content.to_vec()) else { return };
    for form in [Form::Token, Form::Key, Form::Url, Form::Line, Form::Lines] {
        let diagnostics = Diagnostics::default();
        let secret = secrets::check(&text, form, "it", &Place::root("a.toml", &diagnostics));
        let message = diagnostics.finish(Some(())).err().map(|problems| problems.to_string());
        assert_eq!(secret.is_none(), message.is_some(), "{form:?}");
        if let Some(secret) = secret {
            let secret = secret.expose_secret();
            assert!(
                !secret.is_empty() && text.contains(secret) && text.len() - secret.len() <= 5,
                "{form:?}"
            );
            let is_line = !secret.chars().any(char::is_control);
            assert!(form == Form::Lines || is_line);
            assert!(
                !matches!(form, Form::Token | Form::Key | Form::Url)
                    || secret.bytes().all(|byte| byte.is_ascii_graphic())
            );
        }
        // The message does not depend on the secret.
        assert!(message.is_none_or(|message| message.len() < 200), "{form:?}");
    }
}
