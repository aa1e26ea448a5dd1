//! An object taken apart while it comes.
//!
//! Promises: pure; a member is given as soon as its last byte is there, so that no more than one is held, and that one up to
//! a cap; an object is whole and valid exactly when nothing was found broken, its end came, and whoever reads the names
//! and values finds each of them valid. Leaves that reading to `listing`.

use memchr::memchr2;

/// What cannot be an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// A member as it stands: its name with the quotes, and its value; each unless it is larger than the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw<'a> {
    pub(super) name: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

/// Where in the object the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// After the brace: a name, or the end.
    First,
    /// Before a name.
    Before,
    Name,
    Colon,
    Value,
    /// After the last brace.
    End,
}

/// Takes one object apart, from the byte after its first brace on.
#[derive(Debug)]
pub(super) struct Splitter {
    at: At,
    /// Within the value: how many brackets are open, whether a string is, whether the last byte was a backslash in one.
    depth: usize,
    quoted: bool,
    escaped: bool,
    name: Vec<u8>,
    value: Vec<u8>,
    cap: usize,
}

impl Splitter {
    /// For values of up to `cap` bytes.
    pub(super) const fn new(cap: usize) -> Self {
        Self {
            at: At::First,
            depth: 0,
            quoted: false,
            escaped: false,
            name: Vec::new(),
            value: Vec::new(),
            cap,
        }
    }

    /// Whether the object's last brace came.
    pub(super) fn has_ended(&self) -> bool {
        self.at == At::End
    }

    /// Takes the next bytes, and gives each member that they complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(Raw<'_>)) -> Result<(), Broken> {
        while let Some((&first, rest)) = bytes.split_first() {
            let (at, next) = match (self.at, first) {
                (At::Name, _) => {
                    let end = self.end_of_string(bytes);
                    let (inside, after) = bytes.split_at(end.unwrap_or(bytes.len()));
                    self.hold(inside);
                    (if end.is_some() { At::Colon } else { At::Name }, after)
                }
                (At::Value, _) => {
                    let end = self.end_of_value(bytes);
                    let (inside, after) = bytes.split_at(end.unwrap_or(bytes.len()));
                    self.hold(inside);
                    match after.split_first() {
                        None => (At::Value, after),
                        Some((&ender, after)) => {
                            let fitting = |piece: &Vec<u8>| piece.len() <= self.cap;
                            let [name, value] = [&self.name, &self.value]
                                .map(|piece| fitting(piece).then_some(piece.as_slice()));
                            take(Raw { name, value });
                            (if ender == b',' { At::Before } else { At::End }, after)
                        }
                    }
                }
                (at, b' ' | b'\t' | b'\n' | b'\r') => (at, rest),
                (At::First | At::Before, b'"') => {
                    self.name.clear();
                    self.name.push(first);
                    (At::Name, rest)
                }
                (At::First, b'}') => (At::End, rest),
                (At::Colon, b':') => {
                    self.value.clear();
                    (At::Value, rest)
                }
                (At::First | At::Before | At::Colon | At::End, _) => return Err(Broken),
            };
            (self.at, bytes) = (at, next);
        }
        Ok(())
    }

    /// Keeps what belongs to the name or the value, but of neither more than a byte beyond the cap.
    fn hold(&mut self, bytes: &[u8]) {
        let piece = if self.at == At::Name { &mut self.name } else { &mut self.value };
        let room = (self.cap + 1).saturating_sub(piece.len());
        piece.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Where the string ends that `bytes` go on with, its quote included.
    fn end_of_string(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(left) = bytes.get(at..).filter(|left| !left.is_empty()) {
            if std::mem::take(&mut self.escaped) {
                at += 1;
                continue;
            }
            at += memchr2(b'"', b'\\', left)? + 1;
            if bytes[at - 1] == b'"' {
                return Some(at);
            }
            self.escaped = true;
        }
        None
    }

    /// Where the value ends that `bytes` go on with: at the comma or brace behind it.
    fn end_of_value(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.quoted {
                at += self.end_of_string(&bytes[at..])?;
                self.quoted = false;
                continue;
            }
            match bytes[at] {
                b',' | b'}' if self.depth == 0 => return Some(at),
                b'"' => self.quoted = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;
    use serde_json::Value;

    use super::*;

    const CAP: usize = 64;

    /// The members of an object that comes in pieces of these lengths; none when it is no whole, valid object.
    fn apart(text: &[u8], lengths: &[usize]) -> Option<Vec<(String, Option<String>)>> {
        let text = text.strip_prefix(b"{")?;
        let (mut splitter, mut members) = (Splitter::new(CAP), Vec::new());
        let (mut left, mut valid) = (text, true);
        for length in lengths.iter().copied().chain([text.len()]) {
            let (piece, rest) = left.split_at(length.min(left.len()));
            left = rest;
            splitter
                .feed(piece, |Raw { name, value }| {
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
    fn what_is_no_object_or_not_whole_is_found_out_wherever_it_is_cut() {
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
                assert_eq!(apart(text.as_bytes(), &vec![length; text.len()]), None, "{text} by {length}");
            }
        }
    }

    #[test]
    fn a_value_beyond_the_cap_is_passed_over_and_the_next_one_is_read() {
        let long = "x".repeat(CAP - 1);
        let text = format!("{{\"a\":\"{long}\",\"b\":[2, {{\"c\":\"}},\\\"\"}}]}}");
        for length in 1..=text.len() {
            let members = apart(text.as_bytes(), &vec![length; text.len()]).unwrap();
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
        fn an_object_in_any_pieces_is_what_it_is_in_one(
            members in prop::collection::vec(("[\\\\\"{}:,aü]{0,4}", any_value()), 0..5),
            pretty in any::<bool>(),
            lengths in prop::collection::vec(0_usize..9, 0..60),
        ) {
            let object: serde_json::Map<String, Value> = members.into_iter().collect();
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
            let read = apart(text.unwrap().as_bytes(), &lengths).unwrap();
            prop_assert_eq!(read.len(), object.len());
            for (name, value) in read {
                match value {
                    Some(value) => prop_assert_eq!(&serde_json::from_str::<Value>(&value).unwrap(), &object[&name]),
                    None => prop_assert!(object[&name].to_string().len() > CAP || pretty),
                }
            }
        }

        #[test]
        fn a_text_is_a_valid_object_exactly_when_a_parser_says_so(
            text in "\\{[{}\\[\\]:,\"\\\\1 \n]{0,12}",
            lengths in prop::collection::vec(0_usize..4, 0..12),
        ) {
            let valid = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert_eq!(apart(text.as_bytes(), &lengths).is_some(), valid, "{}", text);
        }
    }
}
