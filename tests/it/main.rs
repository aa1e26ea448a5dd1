//! The whole path from the vendor's answer to the messages: the real steps over a real store file, real HTTP and SMTP on
//! loopback, and a `now` that only the tests move.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a world that cannot be set up is a failed test")]

mod received;
#[path = "../faults/verify.rs"]
mod verify;
mod world;

mod acks;
mod agreement;
mod alertmanager;
mod alertmanager_watchers;
mod changes;
mod clock_steps;
mod credits;
mod departures;
mod digests;
mod discover;
mod expiry;
mod expiry_sources;
mod explanations;
mod fallback;
mod faulty_peers;
mod jobs;
mod lists;
mod mail;
mod no_duplicates;
mod outcomes;
mod own_templates;
mod plans;
mod quiet_hours;
mod rate_limits;
mod receiver_types;
mod receivers;
mod resend;
mod retention;
mod root_causes;
mod secrets;
mod silences;
mod simulated_servers;
mod simulator_example;
mod subjects;
mod tampered;
mod tokens;
mod unseen_jobs;
mod vendor_snapshots;
mod verify_selftest;
mod waits;

use simulator_example::example::{faulty_http, named_faults, simulator};
