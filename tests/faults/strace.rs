//! Makes one system call of a process fail, or kills the process at it, with the injection of `strace`.
//!
//! strace counts for each thread separately, so the n-th call is the n-th of the thread that makes so many first. A kill comes
//! before the call is carried out; a kill after a call is the one before the next. `--seccomp-bpf` would be faster, but with
//! it strace 6.1 delivers no signal from the second call on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::report::Stop;
use crate::setup::{Ended, PROGRAM, Setup};

/// A system call on these files; without files, on anything.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) paths: Vec<PathBuf>,
}

/// Fails with the reason if strace cannot be used here.
pub(crate) fn available() -> Result<(), Stop> {
    let trial = Command::new("strace").args(["-f", "-qq", "-e", "trace=fsync", "true"]).output();
    match trial {
        Ok(trial) if trial.status.success() => Ok(()),
        Ok(trial) => {
            let words = String::from_utf8_lossy(&trial.stderr);
            Err(Stop::Skipped(format!(
                "strace may not trace here: {}",
                words.lines().next().unwrap_or_default()
            )))
        }
        Err(error) => Err(Stop::Skipped(format!("strace: {error}"))),
    }
}

impl Call {
    fn run(&self, setup: &Setup, more: &[&str]) -> Ended {
        let traced = format!("trace={}", self.name);
        let mut words = vec!["-f", "-qq", "-e", &traced];
        for path in &self.paths {
            words.extend(["-P", path.to_str().unwrap()]);
        }
        words.extend(more);
        words.extend([PROGRAM, "check"]);
        Ended::of(&setup.process("strace", &words).output().unwrap())
    }

    /// The largest number of these calls that one thread makes in one `check`.
    pub(crate) fn count(&self, setup: &Setup) -> u64 {
        let log = setup.path("calls.txt");
        self.run(setup, &["-o", log.to_str().unwrap()]);
        let mut threads: BTreeMap<String, u64> = BTreeMap::new();
        for line in std::fs::read_to_string(log).unwrap().lines() {
            if let Some((thread, call)) = line.split_once(' ')
                && call.trim_start().starts_with(&format!("{}(", self.name))
            {
                *threads.entry(thread.to_owned()).or_default() += 1;
            }
        }
        threads.into_values().max().unwrap_or(0)
    }

    /// Runs a `check` in which the call gets `effect`: `signal=SIGKILL:when=3`, `error=EIO:when=2+` … Also returns whether it did.
    pub(crate) fn disturb(&self, setup: &Setup, effect: &str) -> (Ended, bool) {
        let injection = format!("inject={}:{effect}", self.name);
        let log = setup.path("calls.txt");
        let ended = self.run(setup, &["-o", log.to_str().unwrap(), "-e", &injection]);
        let was_injected =
            ended.status.is_none() || std::fs::read_to_string(log).unwrap().contains("(INJECTED)");
        (ended, was_injected)
    }
}
