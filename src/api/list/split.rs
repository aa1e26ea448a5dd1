//! Splits a JSON object into its members while it arrives.
//!
//! Guarantees: pure. A member is passed on as soon as its last byte has arrived, so that one member is held at a time, up to a cap.
//! The object is complete and valid exactly if `feed` found no error, its end has arrived, and the caller finds each name and
//! value valid. Leaves that to `reader`.

use memchr::memchr2;

use crate::api::repair::string_length;

/// The bytes are not a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidJson;

/// A member's name with its quotes, and its value; each is `None` if it is larger than the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawMember<'a> {
    pub(super) name: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

/// Splits one object, from the byte after its first brace on.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "two about the current byte, two about the object")]
pub(super) struct ObjectSplitter {
    cap: usize,
    /// The current member, up to one byte more than a name and a value may have.
    member: Vec<u8>,
    /// Open brackets within the member.
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    has_members: bool,
    has_ended: bool,
}

impl ObjectSplitter {
    /// Passes on names and values of up to `cap` bytes.
    pub(super) fn new(cap: usize) -> Self {
        Self { cap, ..Self::default() }
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Reads the next bytes, and passes on each member that they complete.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        mut take: impl FnMut(RawMember<'_>),
    ) -> Result<(), InvalidJson> {
        while !self.has_ended {
            let end = self.end_of_member(bytes);
            let (inside, after) = bytes.split_at(end.unwrap_or(bytes.len()));
            let room = (2 * self.cap + 1).saturating_sub(self.member.len());
            self.member.extend_from_slice(inside.get(..room).unwrap_or(inside));
            let Some((&delimiter, rest)) = after.split_first() else { return Ok(()) };
            self.has_ended = delimiter == b'}';
            let is_empty_object =
                self.has_ended && !self.has_members && trimmed_start(&self.member).is_empty();
            if !is_empty_object {
                take(self.raw_member()?);
            }
            self.has_members = true;
            self.member.clear();
            bytes = rest;
        }
        if trimmed_start(bytes).is_empty() { Ok(()) } else { Err(InvalidJson) }
    }

    /// The name and the value in the current member.
    fn raw_member(&self) -> Result<RawMember<'_>, InvalidJson> {
        let member = trimmed_start(&self.member);
        if !member.starts_with(b"\"") {
            return Err(InvalidJson);
        }
        let is_whole = self.member.len() <= 2 * self.cap;
        let (name, rest) = member.split_at(string_length(member));
        let value = trimmed_start(rest).strip_prefix(b":");
        if value.is_none() && is_whole {
            return Err(InvalidJson);
        }
        let name = Some(name).filter(|name| name.len() <= self.cap);
        Ok(RawMember { name, value: value.filter(|value| is_whole && value.len() <= self.cap) })
    }

    /// Where the current member ends in `bytes`: at the comma or brace behind it.
    fn end_of_member(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if std::mem::take(&mut self.is_escaped) {
                at += 1;
                continue;
            }
            if self.in_string {
                at += memchr2(b'"', b'\\', &bytes[at..])?;
                self.is_escaped = bytes[at] == b'\\';
                self.in_string = self.is_escaped;
                at += 1;
                continue;
            }
            match byte {
                b',' | b'}' if self.depth == 0 => return Some(at),
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        None
    }
}

/// `json` without the white space before its first token.
pub(super) fn trimmed_start(json: &[u8]) -> &[u8] {
    let is_white_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    &json[json.iter().take_while(is_white_space).count()..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;
    use serde_json::Value;

    use super::*;

    const CAP: usize = 64;

    /// The members of an object that arrives in pieces of these lengths; `None` unless it is complete and valid.
    fn split(text: &[u8], lengths: &[usize]) -> Option<Vec<(String, Option<String>)>> {
        let text = text.strip_prefix(b"{")?;
        let (mut splitter, mut members) = (ObjectSplitter::new(CAP), Vec::new());
        let (mut left, mut valid) = (text, true);
        for length in lengths.iter().copied().chain([text.len()]) {
            let (piece, rest) = left.split_at(length.min(left.len()));
            left = rest;
            splitter
                .feed(piece, |RawMember { name, value }| {
                    let is_json = |value| serde_json::from_slice::<IgnoredAny>(value).is_ok();
                    let name = name.and_then(|name| serde_json::from_slice::<String>(name).ok());
                    valid &= name.is_some() && value.is_none_or(is_json);
                    let value = value.map(|value| String::from_utf8_lossy(value).trim().to_owned());
                    members.push((name.unwrap_or_default(), value));
                })
                .ok()?;
        }
        (splitter.has_ended() && valid).then_some(members)
    }

    #[test]
    fn invalid_or_incomplete_object_is_detected_in_pieces_of_any_size() {
        for text in [
            "{",
            "{\"",
            "{\"a",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":,}",
            "{\"a\" 1}",
            "{a:1}",
            "{1:1}",
            "{\"a\":1}}",
            "{\"a\":1}x",
            "{\"a\":[}",
            "{\"a\":]}",
            "{\"a\":[1}]}",
            "{\"a\":\"}",
            "{\"a\\\":1}",
            "{\"\\x\":1}",
            "{\"a\":1 2}",
            "{}{}",
            "{\u{c}}",
            "{\"a\":01}",
        ] {
            for length in 1..=text.len() {
                assert_eq!(split(text.as_bytes(), &vec![length; text.len()]), None, "{text} by {length}");
            }
        }
    }

    #[test]
    fn value_beyond_the_cap_is_skipped_and_the_next_one_is_read() {
        let long = "x".repeat(CAP - 1);
        let text = format!("{{\"a\":\"{long}\",\"b\":[2, {{\"c\":\"}},\\\"\"}}]}}");
        for length in 1..=text.len() {
            let members = split(text.as_bytes(), &vec![length; text.len()]).unwrap();
            let b = "[2, {\"c\":\"},\\\"\"}]".to_owned();
            assert_eq!(members, [("a".to_owned(), None), ("b".to_owned(), Some(b))], "by {length}");
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\\\\\"{}\\[\\]:,a ü\n]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[\\\\\"{}:,a]{0,3}", inner, 0..3)
                    .prop_map(|members| serde_json::Map::from_iter(members).into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn object_means_the_same_in_pieces_of_any_size(
            members in prop::collection::vec(("[\\\\\"{}:,aü]{0,4}", any_value()), 0..5),
            pretty in any::<bool>(),
            lengths in prop::collection::vec(0_usize..9, 0..60),
        ) {
            let object: serde_json::Map<String, Value> = members.into_iter().collect();
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
            let read = split(text.unwrap().as_bytes(), &lengths).unwrap();
            prop_assert_eq!(read.len(), object.len());
            for (name, value) in read {
                match value {
                    Some(value) => prop_assert_eq!(&serde_json::from_str::<Value>(&value).unwrap(), &object[&name]),
                    None => prop_assert!(object[&name].to_string().len() > CAP || pretty),
                }
            }
        }

        #[test]
        fn text_is_a_valid_object_exactly_if_serde_json_says_so(
            text in "\\{[{}\\[\\]:,\"\\\\1 \n]{0,12}",
            lengths in prop::collection::vec(0_usize..4, 0..12),
        ) {
            let valid = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert_eq!(split(text.as_bytes(), &lengths).is_some(), valid, "{}", text);
        }
    }
}
