//! Arbitrary input, and what the tests of each type of receiver share: sample messages, and scripted servers on loopback, each a
//! thread with one short dialogue.

mod answers;
mod anything;
mod chats;
pub(super) mod listener;
mod own;
pub(super) mod samples;
