//! A running service, its log, and what it costs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::Signal;

use crate::costs::count;
use crate::ours::Ours;

/// A running service.
pub(crate) struct Service {
    process: Child,
    /// Its lines, as they come.
    log: Receiver<String>,
}

impl Service {
    pub(crate) fn start(ours: &Ours, level: &str) -> anyhow::Result<Self> {
        let mut process = ours.command(&["--log-level", level, "run"]).stderr(Stdio::piped()).spawn()?;
        let stderr = BufReader::new(process.stderr.take().context("no log")?);
        let (lines, log) = channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| lines.send(line).ok())
        });
        Ok(Self { process, log })
    }

    /// Waits until a line of the log contains `words`, and returns it. The service spreads the checks of 1,000 accounts over 100 s.
    pub(crate) fn until(&self, words: &str) -> anyhow::Result<String> {
        let end = Instant::now() + Duration::from_mins(5);
        loop {
            let line = self.log.recv_timeout(end.saturating_duration_since(Instant::now()));
            let line = line.with_context(|| format!("the service did not log `{words}`"))?;
            if line.contains(words) {
                return Ok(line);
            }
        }
    }

    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        Ok(count(field(&status, "VmRSS:")?) / 1_024.0)
    }

    pub(crate) fn peak(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        Ok(count(field(&status, "VmHWM:")?) / 1_024.0)
    }

    /// How often any of its threads went to sleep, which is how often one was woken.
    pub(crate) fn switches(&self) -> anyhow::Result<usize> {
        let mut sum = 0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let status = std::fs::read_to_string(thread?.path().join("status"))?;
            sum += field(&status, "voluntary_ctxt_switches:")?;
        }
        Ok(sum)
    }

    /// The processor time of all its threads so far.
    pub(crate) fn processor(&self) -> anyhow::Result<Duration> {
        let mut sum = 0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let times = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            sum += times.split_whitespace().next().context("no time")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(sum))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(rustix::process::kill_process(rustix::process::Pid::from_child(&self.process), signal)?)
    }

    /// Stops the service in order, as `systemctl stop` does.
    pub(crate) fn end(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Only needed after a failure; a process that has ended cannot be killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn field(status: &str, name: &str) -> anyhow::Result<usize> {
    let line =
        status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    Ok(line.split_whitespace().next().context("no number")?.parse()?)
}
