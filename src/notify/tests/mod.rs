//! Arbitrary input, and what the tests of each type of receiver share: sample messages, and scripted servers on loopback, each a
//! thread with one short dialogue.

mod anything;
pub(super) mod listener;
pub(super) mod samples;
