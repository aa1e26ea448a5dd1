//! The query of a request: known parameters, each at most once.

use std::collections::BTreeMap;
use std::fmt::Display;

use url::form_urlencoded;

use crate::domain::text;

/// The parameters that were given.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

/// Why a query is refused, for the client.
#[derive(Debug)]
pub(super) struct Invalid(String);

impl Invalid {
    /// A value that cannot be read.
    pub(super) fn new(name: &str, reason: &impl Display) -> Self {
        Self(format!("{name}: {}", text::one_line(&reason.to_string())))
    }

    pub(super) fn reason(&self) -> &str {
        &self.0
    }
}

impl Query {
    /// Parses what is behind the `?`; `known` are the parameters of this path.
    pub(super) fn parse(query: Option<&str>, known: &[&str]) -> Result<Self, Invalid> {
        let mut given = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Invalid(format!("unknown parameter {}; possible: {known}", text::quoted(&name))));
            }
            if given.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Invalid(format!("{name} is given twice")));
            }
        }
        Ok(Self(given))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_known_and_given_once() {
        let parse = |query| Query::parse(query, &["needs", "for"]);
        let query = parse(Some("needs=video%2Caudio&for=2h")).unwrap();
        assert_eq!((query.get("needs"), query.get("for")), (Some("video,audio"), Some("2h")));
        assert_eq!(parse(None).unwrap().get("needs"), None);
        for (query, reason) in [
            ("need=video", "unknown parameter \"need\"; possible: needs, for"),
            ("for=1h&for=2h", "for is given twice"),
            ("%1b[31m=1", "unknown parameter \"\\u{1b}[31m\"; possible: needs, for"),
        ] {
            assert_eq!(parse(Some(query)).unwrap_err().reason(), reason);
        }
    }
}
