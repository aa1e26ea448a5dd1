//! The vendor's JSON as it arrives: only the members that we want, each of whatever type it happens to be.
//!
//! Promises: a member of the wrong type never fails the whole, nor does a text that is broken inside; unknown members are skipped without being kept, so a
//! token or fingerprint never reaches memory of ours; of a repeated member the last one counts, as in JavaScript;
//! depth does not matter. Leaves the meaning to `classify` and `normalise`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::repair::repaired;

/// The longest name that a capability may have.
const LONGEST_CAPABILITY: usize = 64;

/// Any JSON value; of an object, the members that `T` wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Value<T> {
    /// Missing, or `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number written without fraction or exponent; wide enough for every such number that fits 64 bits.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(String),
    /// An array, of which nothing is kept but whether it was empty.
    Array { empty: bool },
    /// An object.
    Object(T),
}

/// A value of which an object has nothing to say.
pub(super) type Scalar = Value<Skipped>;

/// What is picked out of an object.
pub(super) trait Members: Default {
    /// Takes the value of the member `name`, or skips it; the value must be read either way.
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

impl<T> Value<T> {
    /// What kind of JSON this is, for people.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array { .. } => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The object's members, if it is an object.
    fn object(self) -> Option<T> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }
}

/// An object of which nothing is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Skipped;

impl Members for Skipped {
    fn take<'de, A: MapAccess<'de>>(&mut self, _name: &str, map: &mut A) -> Result<(), A::Error> {
        map.next_value::<IgnoredAny>().map(drop)
    }
}

/// One account's configuration, or one of the vendor's refusals: their members do not overlap but for `error`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// Whether any member was there that only a configuration has.
    pub(super) is_configuration: bool,
    /// The session's description.
    pub(super) jwt: Jwt,
    /// `maxJobs`.
    pub(super) max_jobs: Scalar,
    /// Every boolean whose name reads like a capability.
    pub(super) capabilities: BTreeMap<String, bool>,
    /// `error`: a string, or an object with more about it.
    pub(super) error: Value<Fault>,
    /// `message`: seen in refusals.
    pub(super) message: Scalar,
    /// `retryAfter`: seen in 429 bodies.
    pub(super) retry_after: Scalar,
}

impl Members for Record {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        self.is_configuration |= matches!(name, "account" | "jwt" | "maxJobs");
        match name {
            "jwt" => self.jwt = map.next_value::<Value<Jwt>>()?.object().unwrap_or_default(),
            "maxJobs" => self.max_jobs = map.next_value()?,
            "error" => self.error = map.next_value()?,
            "message" => self.message = map.next_value()?,
            "retryAfter" => self.retry_after = map.next_value()?,
            _ if is_capability(name) => {
                if let Value::Flag(on) = map.next_value::<Scalar>()? {
                    self.is_configuration = true;
                    self.capabilities.insert(name.to_owned(), on);
                } else {
                    self.capabilities.remove(name);
                }
            }
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// `jwt`: what is said about the session, without the session itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Jwt {
    /// `host`.
    pub(super) host: Scalar,
    /// `exp`.
    pub(super) exp: Scalar,
    /// `exp_Expire`.
    pub(super) exp_expire: Scalar,
    /// `user`.
    pub(super) user: User,
}

impl Members for Jwt {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "host" => self.host = map.next_value()?,
            "exp" => self.exp = map.next_value()?,
            "exp_Expire" => self.exp_expire = map.next_value()?,
            "user" => self.user = map.next_value::<Value<User>>()?.object().unwrap_or_default(),
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// `jwt.user`: only which one, nothing personal.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct User {
    /// `id`.
    pub(super) id: Scalar,
}

impl Members for User {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "id" => self.id = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// `error` where it is an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fault {
    /// Whether it had any member at all.
    pub(super) any: bool,
    /// `message`.
    pub(super) message: Scalar,
    /// `code`.
    pub(super) code: Scalar,
}

impl Members for Fault {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        self.any = true;
        match name {
            "message" => self.message = map.next_value()?,
            "code" => self.code = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// Whether a member of this name is a capability, known today or not: `support`, a capital, then letters and digits.
fn is_capability(name: &str) -> bool {
    name.len() <= LONGEST_CAPABILITY
        && name.strip_prefix("support").is_some_and(|rest| {
            rest.starts_with(|first: char| first.is_ascii_uppercase())
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Reads `body` as one JSON value, with or without a byte order mark. Broken texts in it are read leniently.
///
/// # Errors
/// When its structure is not that of JSON. The error's own text is not for people: it may quote.
pub(super) fn read<T: Members>(body: &[u8]) -> Result<Value<T>, serde_json::Error> {
    let json = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    serde_json::from_slice(json).or_else(|_| serde_json::from_slice(&repaired(json)))
}

/// The text of `string`, a JSON string with its quotes. None when it is no string, or when a part of it cannot be read: a text
/// that stands for something must be exact.
pub(super) fn exact_text(string: &[u8]) -> Option<String> {
    serde_json::from_slice(string).ok().or_else(|| {
        let text = serde_json::from_slice::<String>(&repaired(string)).ok()?;
        (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
    })
}

impl<'de, T: Members> Deserialize<'de> for Value<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue(PhantomData))
    }
}

/// A member's name; not a copy of it, since most are only looked at.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AnyName)
    }
}

struct AnyName;

impl<'de> Visitor<'de> for AnyName {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

struct AnyValue<T>(PhantomData<T>);

impl<'de, T: Members> Visitor<'de> for AnyValue<T> {
    type Value = Value<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Integer(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Integer(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut empty = true;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            empty = false;
        }
        Ok(Value::Array { empty })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = T::default();
        while let Some(Name(name)) = map.next_key()? {
            members.take(&name, &mut map)?;
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> Record {
        read::<Record>(json.as_bytes()).unwrap().object().unwrap()
    }

    #[test]
    fn a_capability_is_support_then_a_capital_then_letters_and_digits() {
        for (name, is) in [
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
            assert_eq!(is_capability(name), is, "{name}");
        }
        assert!(is_capability(&format!("supportA{}", "b".repeat(56))));
        assert!(!is_capability(&format!("supportA{}", "b".repeat(57))));
    }

    #[test]
    fn of_a_repeated_member_the_last_one_counts() {
        let read = record(
            r#"{"maxJobs":1,"maxJobs":2,"supportVideo":true,"supportVideo":"no","jwt":{"host":"a"},"jwt":{"host":"b"}}"#,
        );
        assert_eq!(read.max_jobs, Value::Integer(2));
        assert!(read.capabilities.is_empty());
        assert_eq!(read.jwt.host, Value::Text("b".to_owned()));
    }

    #[test]
    fn depth_does_not_matter_where_nothing_is_kept() {
        let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
        let nested = format!(r#"{{"a":{deep},"error":{deep},"jwt":{{"user":{deep}}},"maxJobs":1}}"#);
        assert_eq!(record(&nested).max_jobs, Value::Integer(1));
        assert!(read::<Record>(deep.as_bytes()).is_ok());
    }
}
