//! Properties of any reply that a mail server can send.

#![expect(clippy::missing_panics_doc, reason = "a panic is how a property fails")]

use super::capabilities::Capabilities;
use super::failure::{Failure, Stage};
use super::reply::{MAX_REPLY, Reply, ReplyError, ReplyParser};
use crate::domain::text::is_invisible;

/// Characters of an error: the quote and the hints.
const MAX_MESSAGE: usize = 500;

/// A reply is the same in pieces of `piece` bytes, stays within the limit, is classified by its code, and is quoted bounded and
/// printable.
pub fn check_reply(piece: usize, bytes: &[u8]) {
    let (whole, pieces) = (read(usize::MAX, bytes), read(piece.max(1), bytes));
    assert_eq!(whole, pieces, "in pieces of {piece}");
    match whole {
        Ok(None) => assert!(bytes.len() <= MAX_REPLY),
        Ok(Some(reply)) => check_whole(&reply),
        Err(error) => check_message(&error.to_string()),
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
    assert!(!reply.to_string().chars().any(is_invisible));
    for stage in [Stage::Ehlo, Stage::Rcpt, Stage::Content] {
        let failure = Failure::from_reply(stage, reply, None);
        check_message(&failure.message);
        assert!(!failure.is_refusal || reply.code / 100 == 5 && stage != Stage::Ehlo);
    }
    assert!(Capabilities::parse(reply).mechanisms.iter().all(|mechanism| !mechanism.is_empty()));
}

fn check_message(message: &str) {
    assert!(message.chars().count() <= MAX_MESSAGE, "{message}");
    assert!(!message.chars().any(is_invisible), "{message:?}");
}
