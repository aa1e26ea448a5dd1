//! The vendor's JSON as it arrives: the allow-listed members only, each of any type.
//!
//! Guarantees: neither a member of an unexpected type nor an invalid string makes the whole unreadable. Other members are skipped
//! and never stored, so tokens and fingerprints are not held in memory; what is skipped leaves one `null` behind, so that only
//! what was empty is empty. If a member is repeated, the last one counts, as in JavaScript. Nesting depth is not limited where
//! nothing is kept. Leaves the meaning to `classify` and `normalise`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::repair::make_readable;

const MAX_CAPABILITY_LENGTH: usize = 64;

/// The members that are kept of an object, each with those of its own value.
#[derive(Clone, Copy)]
struct Selection(&'static [(&'static str, Selection)]);

/// For a value that is not used if it is an object.
const NOTHING: Selection = Selection(&[]);

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
    fn member(self, name: &str) -> Option<Self> {
        let is_name = |known: &str| if known == CAPABILITIES { is_capability(name) } else { known == name };
        self.0.iter().find(|(known, _)| is_name(known)).map(|(_, selection)| *selection)
    }
}

/// The kind of JSON, for a message.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Whether `record` has a member that only configurations have.
pub(super) fn is_configuration(record: &Value) -> bool {
    let only_there = |(name, value): (&String, &Value)| {
        matches!(name.as_str(), "account" | "jwt" | "maxJobs") || value.is_boolean() && is_capability(name)
    };
    record.as_object().is_some_and(|members| members.iter().any(only_there))
}

/// The capabilities of `record`, in alphabetical order.
pub(super) fn capabilities(record: Value) -> impl Iterator<Item = (String, bool)> {
    let members = if let Value::Object(members) = record { members } else { Map::new() };
    let capabilities = members.into_iter().filter(|(name, _)| is_capability(name));
    capabilities.filter_map(|(name, value)| Some((name, value.as_bool()?)))
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
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

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
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut length = 0;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            length = 1;
        }
        Ok(vec![Value::Null; length].into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (mut members, mut is_any_skipped) = (Map::new(), false);
        while let Some(Name(name)) = map.next_key()? {
            if let Some(selection) = self.member(&name) {
                members.insert(name.into_owned(), map.next_value_seed(selection)?);
            } else {
                map.next_value::<IgnoredAny>()?;
                is_any_skipped = true;
            }
        }
        if is_any_skipped {
            members.insert(String::new(), Value::Null);
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> Value {
        parse(json.as_bytes()).unwrap()
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
        assert_eq!(read["maxJobs"], 2);
        assert_eq!(read["jwt"]["host"], "b");
        assert!(capabilities(read).next().is_none());
    }

    #[test]
    fn skipped_members_and_elements_are_not_stored_but_show_that_something_was_there() {
        let read =
            record(r#"{"token":"a","error":{"details":{"b":1}},"maxJobs":["c"],"jwt":{},"message":[]}"#);
        let kept = r#"{"":null,"error":{"":null},"jwt":{},"maxJobs":[null],"message":[]}"#;
        assert_eq!(read.to_string(), kept);
    }

    #[test]
    fn nesting_depth_is_not_limited_where_nothing_is_kept() {
        let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
        let nested = format!(r#"{{"a":{deep},"error":{deep},"jwt":{{"user":{deep}}},"maxJobs":1}}"#);
        assert_eq!(record(&nested)["maxJobs"], 1);
        assert!(parse(deep.as_bytes()).is_ok());
    }
}
