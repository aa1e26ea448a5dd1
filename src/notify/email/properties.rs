//! What holds of everything that a mail server can reply.

#![expect(clippy::missing_panics_doc, reason = "a panic is how each of these functions answers")]

use std::collections::HashSet;

use super::capabilities::Capabilities;
use super::failure::{Failure, Stage};
use super::reply::{MAX_REPLY, Reply, ReplyError, ReplyParser};
use crate::domain::text::is_unseen;

/// Characters of what is said about a refusal: the quote and what is added to it.
const MAX_WORDS: usize = 500;

/// A reply: the same in pieces of `piece` bytes, within the limit, decided by its code, and said in bounded, printable words.
pub fn check_reply(piece: usize, bytes: &[u8]) {
    let (whole, pieces) = (read(usize::MAX, bytes), read(piece.max(1), bytes));
    assert_eq!(whole, pieces, "in pieces of {piece}");
    match whole {
        Ok(None) => assert!(bytes.len() <= MAX_REPLY),
        Ok(Some(reply)) => check_whole(&reply),
        Err(error) => check_words(&error.to_string()),
    }
}

fn read(piece: usize, bytes: &[u8]) -> Result<Option<Reply>, ReplyError> {
    let mut parser = ReplyParser::default();
    for piece in bytes.chunks(piece) {
        let (taken, reply) = parser.feed(piece)?;
        assert!(taken <= piece.len());
        if reply.is_some() {
            return Ok(reply);
        }
        assert_eq!(taken, piece.len());
    }
    Ok(None)
}

fn check_whole(reply: &Reply) {
    assert!((200..600).contains(&reply.code));
    // Each byte that is not UTF-8 becomes a character of three.
    assert!(reply.lines.iter().map(String::len).sum::<usize>() <= 3 * MAX_REPLY);
    assert!(reply.to_string().starts_with(&reply.code.to_string()));
    assert!(!reply.to_string().chars().any(is_unseen));
    for stage in [Stage::Hello, Stage::Recipient, Stage::Content] {
        let failure = Failure::from_reply(stage, reply, None);
        check_words(&failure.words);
        assert!(!failure.is_refusal || reply.code / 100 == 5 && stage != Stage::Hello);
    }
    let mechanisms = Capabilities::parse(reply).mechanisms;
    assert!(mechanisms.len() <= 100);
    assert_eq!(mechanisms.iter().collect::<HashSet<_>>().len(), mechanisms.len());
}

fn check_words(words: &str) {
    assert!(words.chars().count() <= MAX_WORDS, "{words}");
    assert!(!words.chars().any(is_unseen), "{words:?}");
}
