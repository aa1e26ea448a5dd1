//! Repairs JSON whose strings or numbers a strict parser rejects.
//!
//! Guarantees: pure and linear; the result is at most six times as long; valid JSON keeps its meaning. It changes only the inside of
//! strings and numbers beyond the range of `f64`, so JSON with an invalid structure stays invalid. Half a surrogate pair, an unknown
//! escape and bytes that are not UTF-8 become U+FFFD, a raw control character becomes its escape, a huge number becomes a smaller
//! huge number. Leaves it to `wire` to try the strict parser first.

use memchr::memchr2;
use serde::de::IgnoredAny;

/// Replaces each larger number. Parsers differ in the last digits before the largest `f64`, so it is well below that.
const HUGE: f64 = 1e308;

/// `json` with each string and number readable, whatever else is wrong with it.
pub(super) fn make_readable(json: &[u8]) -> Vec<u8> {
    let mut readable = Vec::with_capacity(json.len() + json.len() / 8);
    let mut rest = json;
    while let Some(&first) = rest.first() {
        let token = match first {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' => rest.iter().take_while(|byte| b"+-.0123456789Ee".contains(byte)).count(),
            _ => 1,
        };
        let (token, after) = rest.split_at(token);
        match first {
            b'"' => repair_string(token, &mut readable),
            b'-' | b'0'..=b'9' => repair_number(token, &mut readable),
            _ => readable.extend_from_slice(token),
        }
        rest = after;
    }
    readable
}

/// The length of the string at the beginning of `json`, with its quotes. A string without an end takes all of `json`.
pub(super) fn string_length(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = json.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if json.get(at - 1) == Some(&b'"') {
            return at;
        }
        at += 1;
    }
    json.len()
}

fn repair_number(token: &[u8], readable: &mut Vec<u8>) {
    let is_number = || serde_json::from_slice::<IgnoredAny>(token).is_ok();
    let value = std::str::from_utf8(token).ok().and_then(|token| token.parse::<f64>().ok());
    match value {
        Some(value) if value.abs() >= HUGE && is_number() => {
            readable.extend_from_slice(if value > 0.0 { b"1e308" } else { b"-1e308" });
        }
        _ => readable.extend_from_slice(token),
    }
}

fn repair_string(string: &[u8], readable: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(string);
    let mut rest: &str = &text;
    while let Some(special) = rest.find(|c: char| c == '\\' || c < ' ') {
        let (plain, from_special) = rest.split_at(special);
        readable.extend_from_slice(plain.as_bytes());
        rest = if from_special.starts_with('\\') {
            repair_escape(from_special, readable)
        } else {
            // A character below the space is one byte.
            let (control, after) = from_special.split_at(1);
            readable.extend(control.bytes().flat_map(|byte| format!("\\u{byte:04x}").into_bytes()));
            after
        };
    }
    readable.extend_from_slice(rest.as_bytes());
}

/// Repairs the escape at the beginning of `text`, and returns what follows it.
fn repair_escape<'t>(text: &'t str, readable: &mut Vec<u8>) -> &'t str {
    let (is_valid, length) = match text.as_bytes() {
        [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => (true, 2),
        [_, b'u', ..] => match (code_unit(text), text.get(6..).and_then(code_unit)) {
            // A surrogate pair, in two escapes.
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (true, 12),
            (Some(0xD800..=0xDFFF), _) => (false, 6),
            (Some(_), _) => (true, 6),
            (None, _) => (false, 1),
        },
        _ => (false, 1),
    };
    let (escape, after) = text.split_at(length);
    readable.extend_from_slice(if is_valid { escape.as_bytes() } else { "\u{fffd}".as_bytes() });
    after
}

/// The UTF-16 code unit of the `\u` escape at the beginning of `text`.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    // `from_str_radix` would accept a sign.
    if digits.starts_with('+') { None } else { u16::from_str_radix(digits, 16).ok() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn read(json: &[u8]) -> Option<Value> {
        serde_json::from_slice(&make_readable(json)).ok()
    }

    #[test]
    fn invalid_strings_are_read_with_replacement_characters() {
        for (json, text) in [
            (&br#""Session of \ud83d""#[..], "Session of \u{fffd}"),
            (br#""\ude00 of \ud83d\ud83d\ude00""#, "\u{fffd} of \u{fffd}\u{1f600}"),
            (br#""\ud83d\u0041""#, "\u{fffd}A"),
            (br#""\ud83d\n""#, "\u{fffd}\n"),
            (br#""\uD83D\\ude00""#, "\u{fffd}\\ude00"),
            (b"\"a\nb\tc\0d\x1be\"", "a\nb\tc\0d\x1be"),
            (b"\"caf\xe9 \xff\xfe\"", "caf\u{fffd} \u{fffd}\u{fffd}"),
            (b"\"cut \xf0\x9f\x98\"", "cut \u{fffd}"),
            (b"\"surrogate \xed\xa0\xbd\"", "surrogate \u{fffd}\u{fffd}\u{fffd}"),
            (br#""\x41 \u12 \u12g4 \'""#, "\u{fffd}x41 \u{fffd}u12 \u{fffd}u12g4 \u{fffd}'"),
            (b"\"\\\xe9\"", "\u{fffd}\u{fffd}"),
            (br#""\\\"\/\b\f\n\r\t\u00fc""#, "\\\"/\u{8}\u{c}\n\r\t\u{fc}"),
        ] {
            assert_eq!(read(json), Some(Value::from(text)), "{}", String::from_utf8_lossy(json));
        }
    }

    #[test]
    fn huge_numbers_stay_huge_and_keep_their_sign() {
        for (json, number) in [
            ("1e999", 1e308),
            ("-1e999", -1e308),
            ("[1.7976931348623157e308]", 1e308),
            (&"9".repeat(400), 1e308),
            ("1e307", 1e307),
            ("1e-999", 0.0),
        ] {
            let read = read(json.as_bytes());
            let number = Value::from(number);
            assert!(
                read == Some(number.clone()) || read == Some(Value::from(vec![number])),
                "{json}: {read:?}"
            );
        }
    }

    #[test]
    fn invalid_structure_stays_invalid() {
        for json in [
            "\"a",
            "\"a\\\"",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "[1e]",
            "[01e999]",
            "[1.e999]",
            "[+1e999]",
            "\u{0}1",
            "{a:1}",
            "",
            "[\"a\" \"b\"]",
            "NaN",
            "'a'",
            "\\ud83d",
        ] {
            assert_eq!(read(json.as_bytes()), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn strings_of_any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let inside: Vec<u8> = bytes.iter().copied().filter(|byte| !b"\"\\".contains(byte)).collect();
            let string = [b"\"", inside.as_slice(), b"\""].concat();
            let expected = String::from_utf8_lossy(&inside).into_owned();
            prop_assert_eq!(read(&string), Some(Value::from(expected)));
        }

        #[test]
        fn escapes_of_any_kind_are_read(text in "([\\\\][\"\\\\/bfnrtux']|[0-9a-fA-F]|\\\\ud8|\\\\ud83d|\\\\ude00){0,12}") {
            // A last backslash would take the closing quote.
            let string = format!("\"{text}x\"");
            prop_assert!(matches!(read(string.as_bytes()), Some(Value::String(_))), "{}", string);
        }

        #[test]
        fn any_bytes_grow_at_most_sixfold(json in prop::collection::vec(any::<u8>(), 0..256)) {
            prop_assert!(make_readable(&json).len() <= 6 * json.len());
        }

        #[test]
        fn valid_json_keeps_its_meaning(text in any::<String>(), number in any::<f64>(), whole in any::<u64>()) {
            let json = serde_json::json!({"text": text, &text: [number, whole, null, true]}).to_string();
            let strict = serde_json::from_str::<Value>(&json).unwrap();
            if number.abs() < HUGE {
                prop_assert_eq!(read(json.as_bytes()), Some(strict));
            }
        }
    }
}
