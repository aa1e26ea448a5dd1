//! A service process under test: its log, signals and exit status. Dropping it kills the process.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A limit for a machine that is busy with other tests; a test that passes does not wait for it.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(40);

pub(crate) struct Service {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
    /// The number of log lines that `until` has passed.
    seen: usize,
    out: Option<JoinHandle<String>>,
}

impl Service {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stderr, mut stdout) = (child.stderr.take().unwrap(), child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let out = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).map(|_| text).unwrap_or_default()
        });
        Self { child, lines, log: Vec::new(), seen: 0, out: Some(out) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its peak memory in KiB, without the pages of the program's file, of which a debug build has many.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let kib = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        kib("VmHWM:") - kib("RssFile:")
    }

    /// Waits for the next log line that contains `words`, and returns it.
    pub(crate) fn until(&mut self, words: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            while let Some(line) = self.log.get(self.seen) {
                self.seen += 1;
                if line.contains(words) {
                    return line.clone();
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            assert!(line.is_ok(), "no line with `{words}` came; the log:\n{}", self.log.join("\n"));
            self.log.extend(line);
        }
    }

    /// As [`Service::until`] for several lines that come in any order; returns them in the order of `words`.
    pub(crate) fn until_all<const N: usize>(&mut self, words: [&str; N]) -> [String; N] {
        let begun = self.seen;
        words.map(|words| {
            self.seen = begun;
            self.until(words)
        })
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.pid())).status().unwrap();
        assert!(kill.success());
    }

    /// Waits for the process to end; returns its exit status, or `None` after a signal.
    pub(crate) fn end(&mut self) -> Option<i32> {
        // The log closes when the process ends, so there is no need to poll.
        let deadline = Instant::now() + TIMEOUT;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.log.push(line);
        }
        assert!(Instant::now() < deadline, "the process does not end; the log:\n{}", self.log.join("\n"));
        self.child.wait().unwrap().code()
    }

    /// Sends SIGTERM and returns the exit status.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.end()
    }

    /// Kills the process; returns its exit status if it had ended before.
    pub(crate) fn kill(&mut self) -> Option<i32> {
        self.child.kill().unwrap();
        self.end()
    }

    /// Every log line so far.
    pub(crate) fn log(&self) -> String {
        self.log.join("\n")
    }

    /// Everything that it wrote to stdout; call it after the process ended.
    pub(crate) fn out(&mut self) -> String {
        self.out.take().unwrap().join().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Either fails if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for `event` for at most [`TIMEOUT`].
pub(crate) async fn within_timeout(event: impl Future<Output = ()>) {
    tokio::time::timeout(TIMEOUT, event).await.expect("the event came in time");
}
