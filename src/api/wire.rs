//! The vendor's JSON as it arrives: the allow-listed members only, each of any type.
//!
//! Guarantees: neither a member of an unexpected type nor an invalid string makes the whole unreadable. Other members are skipped
//! and never stored, so tokens and fingerprints are not held in memory. If a member is repeated, the last one counts, as in JavaScript. Nesting depth is not limited where
//! nothing is kept. Leaves the meaning to `classify` and `normalise`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::repair::make_readable;

const MAX_CAPABILITY_LENGTH: usize = 64;

/// Which members of an object are kept, each with the selection for its own value.
#[derive(Clone, Copy)]
pub(super) struct Selection(pub(super) &'static [(&'static str, Selection)]);

/// Keeps no member.
pub(super) const NOTHING: Selection = Selection(&[]);

/// Stands for the name of every capability.
const CAPABILITIES: &str = "support*";

/// An account's configuration, or a refusal. They share no member except `error`.
const RECORD: Selection = Selection(&[
    ("account", NOTHING),
    ("jwt", JWT),
    ("maxJobs", NOTHING),
    (CAPABILITIES, NOTHING),
    // A string, or an object with details.
    ("error", Selection(&[("message", NOTHING), ("code", NOTHING)])),
    // Seen in refusals.
    ("message", NOTHING),
    // Seen in 429 bodies.
    ("retryAfter", NOTHING),
]);

/// The description of the session, without its token and without the personal members of its user.
const JWT: Selection = Selection(&[
    ("host", NOTHING),
    ("exp", NOTHING),
    ("exp_Expire", NOTHING),
    ("user", Selection(&[("id", NOTHING)])),
]);

impl Selection {
    fn member(self, name: &str) -> Option<(&'static str, Self)> {
        let is_name = |known: &str| if known == CAPABILITIES { is_capability(name) } else { known == name };
        self.0.iter().find(|(known, _)| is_name(known)).copied()
    }
}

/// What is kept of a JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array { is_empty: bool },
    Object(Members),
}

/// What is kept of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Members {
    selected: Vec<(&'static str, Value)>,
    capabilities: BTreeMap<String, bool>,
    has_skipped: bool,
}

impl Members {
    pub(super) fn is_empty(&self) -> bool {
        self.selected.is_empty() && self.capabilities.is_empty() && !self.has_skipped
    }

    /// Whether it has a member that only configurations have.
    pub(super) fn is_configuration(&self) -> bool {
        let is_configuration_member =
            |(name, _): &(&str, Value)| matches!(*name, "account" | "jwt" | "maxJobs");
        !self.capabilities.is_empty() || self.selected.iter().any(is_configuration_member)
    }

    /// Its capabilities; they are removed from it.
    pub(super) fn take_capabilities(&mut self) -> BTreeMap<String, bool> {
        std::mem::take(&mut self.capabilities)
    }

    fn insert(&mut self, name: &'static str, value: Value) {
        match self.selected.iter_mut().find(|(known, _)| *known == name) {
            Some((_, earlier)) => *earlier = value,
            None => self.selected.push((name, value)),
        }
    }

    fn insert_capability(&mut self, name: Cow<'_, str>, value: &Value) {
        if let Value::Bool(is_on) = value {
            self.capabilities.insert(name.into_owned(), *is_on);
        } else {
            self.capabilities.remove(&*name);
        }
    }
}

impl Index<&str> for Members {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.selected.iter().find(|(known, _)| *known == name).map_or(&Value::Null, |(_, value)| value)
    }
}

/// A missing member is `null`, and so is any member of a value that is not an object.
impl Index<&str> for Value {
    type Output = Self;

    fn index(&self, name: &str) -> &Self {
        if let Self::Object(members) = self { &members[name] } else { &Self::Null }
    }
}

impl Value {
    /// The kind of JSON, for a message.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array { .. } => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Whether a member of this name is a capability, also a future one: `support`, a capital, then letters and digits.
fn is_capability(name: &str) -> bool {
    name.len() <= MAX_CAPABILITY_LENGTH
        && name.strip_prefix("support").is_some_and(|rest| {
            rest.starts_with(|first: char| first.is_ascii_uppercase())
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Parses `body` as one JSON value, with or without a byte order mark. Invalid strings in it are read leniently.
///
/// # Errors
/// Its structure is not JSON. The error's text may quote the body: do not show it.
pub(super) fn parse(body: &[u8]) -> Result<Value, serde_json::Error> {
    let json = without_byte_order_mark(body);
    let strictly = |json: &[u8]| {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let value = RECORD.deserialize(&mut deserializer)?;
        deserializer.end().map(|()| value)
    };
    strictly(json).or_else(|_| strictly(&make_readable(json)))
}

pub(super) fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// The text of a JSON string, given with its quotes. `None` if a part of it cannot be read: an identifier must be exact.
pub(super) fn exact_text(string: &[u8]) -> Option<String> {
    serde_json::from_slice(string).ok().or_else(|| {
        let text = serde_json::from_slice::<String>(&make_readable(string)).ok()?;
        (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
    })
}

/// A member's name; borrowed where possible, since most names are only compared.
#[derive(serde::Deserialize)]
pub(super) struct Name<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Selection {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Selection {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut is_empty = true;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            is_empty = false;
        }
        Ok(Value::Array { is_empty })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Members::default();
        while let Some(Name(name)) = map.next_key()? {
            match self.member(&name) {
                Some((CAPABILITIES, selection)) => {
                    members.insert_capability(name, &map.next_value_seed(selection)?);
                }
                Some((known, selection)) => members.insert(known, map.next_value_seed(selection)?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                    members.has_skipped = true;
                }
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> Value {
        parse(json.as_bytes()).unwrap()
    }

    fn members(value: Value) -> Members {
        let Value::Object(members) = value else { unreachable!("{value:?}") };
        members
    }

    #[test]
    fn capability_is_support_then_a_capital_then_letters_and_digits() {
        for (name, expected) in [
            ("supportVideo", true),
            ("supportX2v3", true),
            ("support", false),
            ("supportvideo", false),
            ("supported", false),
            ("SupportVideo", false),
            ("supportÄ", false),
            ("supportVideo ", false),
            ("supportVideo_2", false),
            ("xsupportVideo", false),
        ] {
            assert_eq!(is_capability(name), expected, "{name}");
        }
        assert!(is_capability(&format!("supportA{}", "b".repeat(56))));
        assert!(!is_capability(&format!("supportA{}", "b".repeat(57))));
    }

    #[test]
    fn last_of_repeated_members_counts() {
        let read = record(
            r#"{"maxJobs":1,"maxJobs":2,"supportVideo":true,"supportVideo":"no","jwt":{"host":"a"},"jwt":{"host":"b"}}"#,
        );
        assert_eq!(read["maxJobs"], Value::Number(2.into()));
        assert_eq!(read["jwt"]["host"], Value::String("b".to_owned()));
        assert!(members(read).capabilities.is_empty());
    }

    #[test]
    fn skipped_members_and_elements_are_not_stored_but_show_that_something_was_there() {
        let read = record(
            r#"{"token":"s3cret","error":{"details":{"b":"s3cret"}},"maxJobs":["s3cret"],"jwt":{},"message":[]}"#,
        );
        assert!(!format!("{read:?}").contains("s3cret"), "{read:?}");
        assert_eq!(read["maxJobs"], Value::Array { is_empty: false });
        assert_eq!(read["message"], Value::Array { is_empty: true });
        assert!(members(read["jwt"].clone()).is_empty());
        assert!(!members(read["error"].clone()).is_empty());
    }

    #[test]
    fn nesting_depth_is_not_limited_where_nothing_is_kept() {
        let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
        let nested = format!(r#"{{"a":{deep},"error":{deep},"jwt":{{"user":{deep}}},"maxJobs":1}}"#);
        assert_eq!(record(&nested)["maxJobs"], Value::Number(1.into()));
        assert!(parse(deep.as_bytes()).is_ok());
    }
}
