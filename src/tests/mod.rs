//! What the property tests of several rooms share: inputs that are nearly valid.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What hurts parsers, once or in a long run.
const PIECES: [&str; 16] = [
    "[", "]", "{\"a\":", "}", "\"", "\\", "\\ud83d", "\\u0000", "9", "-", ".", "e9", "\r\n", " ", ",",
    "\u{202e}",
];

/// `valid` after a few edits: bytes replaced, removed or inserted, some of them in runs of up to two thousand.
pub(crate) fn mutated(valid: impl AsRef<[u8]>) -> impl Strategy<Value = Vec<u8>> {
    let valid = valid.as_ref().to_vec();
    let inserted = prop_oneof![
        3 => any::<u8>().prop_map(|byte| vec![byte]),
        2 => select(PIECES.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => (select(PIECES.to_vec()), 1_usize..2_000).prop_map(|(piece, times)| piece.repeat(times).into_bytes()),
        1 => (any::<u8>(), 1_usize..2_000).prop_map(|(byte, times)| vec![byte; times]),
        1 => Just(Vec::new()),
    ];
    prop::collection::vec((any::<Index>(), inserted, 0_usize..6), 1..4).prop_map(move |edits| {
        let mut bytes = valid.clone();
        for (at, inserted, removed) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, inserted);
        }
        bytes
    })
}

/// The same for text.
pub(crate) fn mutated_text(valid: &str) -> impl Strategy<Value = String> {
    mutated(valid).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
