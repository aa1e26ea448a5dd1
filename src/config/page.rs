//! The lines of a configuration file: keys with their values as TOML.
//!
//! Guarantees: every value is quoted as TOML requires; one that is certainly a secret is hidden.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::TimeDelta;

use super::model::Origin;
use super::secret_shape::{HIDDEN, is_certainly_secret};
use crate::domain::duration;
use crate::domain::lead_times::LeadTimes;
use crate::domain::text::is_invisible;

#[derive(Debug, Default)]
pub(super) struct Page(pub(super) String);

impl Page {
    pub(super) fn header(&mut self, header: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        self.line(&format!("{gap}{header}"));
    }

    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {}", quoted(value)));
    }

    pub(super) fn duration(&mut self, key: &str, length: TimeDelta) {
        self.text(key, &duration::text(length));
    }

    pub(super) fn timeout(&mut self, key: &str, length: Duration) {
        self.duration(key, TimeDelta::from_std(length).unwrap_or_default());
    }

    pub(super) fn list<T: AsRef<str>>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let values: Vec<_> = values.into_iter().map(|value| quoted(value.as_ref())).collect();
        self.line(&format!("{key} = [{}]", values.join(", ")));
    }

    pub(super) fn lead_times(&mut self, lead_times: &LeadTimes) {
        self.list("lead_times", lead_times.as_slice().iter().map(|lead| duration::text(*lead)));
    }

    /// `name_file = …` or `name_env = …`, with `separator` between.
    pub(super) fn origin(&mut self, name: &str, separator: char, origin: &Origin) {
        match origin {
            Origin::File(path) | Origin::Credential(path) => {
                self.text(&format!("{name}{separator}file"), &path.to_string_lossy());
            }
            Origin::Environment(variable) => self.text(&format!("{name}{separator}env"), variable),
            Origin::Inline => self.line(&format!("# {name} is in the file")),
        }
    }

    pub(super) fn allow_http(&mut self, allowed: bool) {
        if allowed {
            self.line("allow_http = true");
        }
    }
}

/// A TOML basic string, unless `text` is certainly a secret.
pub(super) fn quoted(text: &str) -> String {
    toml_string(if is_certainly_secret(text) { HIDDEN } else { text })
}

/// A TOML basic string that means `text`; invisible characters are escaped.
pub fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_invisible(c) => {
                let _ = match u32::from(c) {
                    code @ 0..=0xFFFF => write!(quoted, "\\u{code:04X}"),
                    code => write!(quoted, "\\U{code:08X}"),
                };
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
