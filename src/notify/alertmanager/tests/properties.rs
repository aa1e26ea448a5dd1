//! Properties of any list of alerts that a server can answer with.

#![expect(clippy::missing_panics_doc, clippy::panic, reason = "a panic is how a property fails")]

use serde::de::IgnoredAny;

use super::client::parse_active;

/// Only a whole JSON list in UTF-8 is read, with at most one set of labels for each of its entries: a broken answer must not look as if
/// nothing fired.
pub fn check_active_series(body: &[u8]) {
    let list =
        std::str::from_utf8(body).ok().and_then(|text| serde_json::from_str::<Vec<IgnoredAny>>(text).ok());
    match (parse_active(body), list) {
        (None, _) => {}
        (Some(read), Some(list)) => assert!(read.len() <= list.len() && read.is_empty() == list.is_empty()),
        (Some(read), None) => panic!("{read:?} was read of what is no list"),
    }
}
