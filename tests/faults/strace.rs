//! One system call of one process made to fail, or answered with a blow: `strace` and its injection.
//!
//! Its count runs for each thread apart, so the n-th call is the n-th of whichever thread makes so many first. A blow falls
//! before the call is carried out; the one after a call is the one before the next. `--seccomp-bpf` would be faster, but with
//! it strace 6.1 delivers no signal from the second call on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::report::Stop;
use crate::stage::{Ended, PROGRAM, Stage};

/// A system call, on these files if there are any, else on whatever.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) paths: Vec<PathBuf>,
}

/// Says why it cannot be used here, if so.
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
    fn run(&self, stage: &Stage, more: &[&str]) -> Ended {
        let traced = format!("trace={}", self.name);
        let mut words = vec!["-f", "-qq", "-e", &traced];
        for path in &self.paths {
            words.extend(["-P", path.to_str().unwrap()]);
        }
        words.extend(more);
        words.extend([PROGRAM, "check"]);
        Ended::of(&stage.process("strace", &words).output().unwrap())
    }

    /// How many of them the thread makes that makes the most of them in one `check`.
    pub(crate) fn count(&self, stage: &Stage) -> u64 {
        let log = stage.path("calls.txt");
        self.run(stage, &["-o", log.to_str().unwrap()]);
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

    /// A `check` in which the call meets `effect`: `signal=SIGKILL:when=3`, `error=EIO:when=2+` … Says whether it did.
    pub(crate) fn disturb(&self, stage: &Stage, effect: &str) -> (Ended, bool) {
        let injection = format!("inject={}:{effect}", self.name);
        let log = stage.path("calls.txt");
        let ended = self.run(stage, &["-o", log.to_str().unwrap(), "-e", &injection]);
        let was_hit = ended.status.is_none() || std::fs::read_to_string(log).unwrap().contains("(INJECTED)");
        (ended, was_hit)
    }
}
