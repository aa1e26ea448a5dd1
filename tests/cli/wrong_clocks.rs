//! A machine clock that is years off: each command works or ends with a plain error, and none panics.
//!
//! libfaketime shows the program another clock; without it these tests say SKIPPED and pass.

use std::io::Write as _;
use std::path::Path;

use crate::simulator::Answer;

use crate::setup::{PROGRAM, Setup};

/// Where distributions keep libfaketime.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
];

const COMMANDS: [&[&str]; 15] = [
    &["check"],
    &["status"],
    &["usable", "--for", "2d"],
    &["explain", "a"],
    &["history", "a"],
    &["diff", "a"],
    &["alerts", "--all"],
    &["deliveries"],
    &["simulate", "--for", "2d"],
    &["silence", "add", "a", "--for", "1h", "--reason", "test"],
    &["silence", "list"],
    &["ack", "a"],
    &["schedule"],
    &["config", "check"],
    &["demo", "--folder", "played"],
];

#[tokio::test(flavor = "multi_thread")]
async fn no_command_panics_at_any_clock() {
    let Some(library) = LIBRARIES.into_iter().find(|library| Path::new(library).exists()) else {
        // Not with a macro, whose output the test harness would capture.
        writeln!(std::io::stderr(), "SKIPPED: libfaketime is not installed").unwrap();
        return;
    };
    let mut setup = Setup::with(&["a"], "").await;
    setup.vendor.set_answer("a", Answer::account_error("On hold"));
    setup.set("LD_PRELOAD", library);
    setup.set("DONT_FAKE_MONOTONIC", "1");
    setup.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    for clock in
        ["1900-01-01", "1969-12-31", "1970-01-01", "1970-02-01", "2101-01-01", "8999-12-31", "9999-12-31"]
    {
        setup.set("FAKETIME", &format!("@{clock} 00:00:00"));
        for arguments in COMMANDS {
            let output = setup.process(PROGRAM, arguments).output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0..=3)),
                "{clock} {arguments:?}: {:?} {error}",
                output.status
            );
            assert!(!error.contains("panicked"), "{clock} {arguments:?}: {error}");
        }
        assert!(!setup.path("played").exists(), "{clock}: a demo that cannot be played writes nothing");
    }
}
