//! The whole path, from the vendor's answer to what people read: the real steps over a real store file, real HTTP and
//! SMTP on loopback, and a `now` that only the tests move.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a world that cannot be set up is a failed test")]

mod heard;
#[path = "../faults/judge.rs"]
mod judge;
mod world;

mod acks;
mod agreement;
mod causes;
mod changes;
mod clock_steps;
mod departures;
mod discover;
mod expiry;
mod expiry_sources;
mod fallback;
mod judged;
mod lies;
mod lists;
mod lying_by_hand;
mod mail;
mod outcomes;
mod pace;
mod quiet;
mod receiver_types;
mod receivers;
mod retention;
mod secrets;
mod silences;
mod subjects;
mod tampered;
mod tokens;
mod waits;
