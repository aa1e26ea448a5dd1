//! The queue between the code that logs and the one thread that writes the log.
//!
//! Guarantees: logging never waits for the reader of the log. The queue holds at most [`CAPACITY`] bytes; further lines are dropped,
//! counted, and reported in the log once it can be written again. Lines keep their order.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

/// Where journald listens.
pub(super) const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";

/// Bytes: enough for a burst of some thousand lines, and the most memory that a log without a reader takes.
const CAPACITY: usize = 1 << 20;

/// Bytes that a line costs besides its text, so that many short lines are bounded too.
const LINE_OVERHEAD: usize = 64;

/// The pause before the next attempt to write to a non-blocking stderr.
const RETRY: Duration = Duration::from_millis(20);

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To stderr, as text.
    Stderr,
    /// To the journal's socket, one datagram a line.
    Journal,
}

/// A handle of the queue; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct LogQueue {
    entries: Sender<Entry>,
    backlog: Arc<Backlog>,
}

#[derive(Debug)]
enum Entry {
    Line(Target, Vec<u8>),
    /// Is dropped once all lines are written, which ends the wait for that.
    Flush(#[expect(dead_code, reason = "held until it is dropped")] Sender<()>),
}

#[derive(Debug, Default)]
struct Backlog {
    /// Bytes that the lines in the queue take.
    size: AtomicUsize,
    /// Dropped lines that are not reported yet.
    dropped: AtomicU64,
}

impl LogQueue {
    /// Starts the thread that writes to stderr and, where there is one, to the journal.
    ///
    /// # Errors
    /// When the system refuses another thread.
    pub(super) fn start(journal: Option<UnixDatagram>) -> io::Result<Self> {
        // A copy: code that writes to stderr past this queue, such as a panic, must not wait for the same lock.
        let mut copy = io::stderr().as_fd().try_clone_to_owned().map(File::from).ok();
        Self::start_with(move |target, line| match (target, &journal, &mut copy) {
            (Target::Journal, Some(socket), _) => drop(socket.send_to(line, JOURNAL_SOCKET)),
            (_, _, Some(stderr)) => write_all(stderr, line),
            (..) => write_all(&mut io::stderr(), line),
        })
    }

    fn start_with(mut write: impl FnMut(Target, &[u8]) + Send + 'static) -> io::Result<Self> {
        let (entries, received) = mpsc::channel();
        let queue = Self { entries, backlog: Arc::default() };
        let shared = queue.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            for entry in received {
                let (target, line) = match entry {
                    Entry::Line(target, line) => (target, line),
                    // Lines that came meanwhile are written, too.
                    Entry::Flush(_) if shared.backlog.size.load(Ordering::Relaxed) > 0 => {
                        let _ = shared.entries.send(entry);
                        continue;
                    }
                    Entry::Flush(_) => continue,
                };
                shared.backlog.size.fetch_sub(size(&line), Ordering::Relaxed);
                write(target, &line);
                let dropped = shared.backlog.dropped.swap(0, Ordering::Relaxed);
                if dropped > 0 {
                    // Through the subscriber and this queue, so that it has the log's format.
                    tracing::error!(
                        dropped,
                        "{dropped} log lines were dropped: the log was not read, or came too fast"
                    );
                }
            }
        })?;
        Ok(queue)
    }

    /// Adds a line, or drops and counts it when the queue is full.
    pub(super) fn push(&self, target: Target, line: Vec<u8>) {
        let size = size(&line);
        if self.backlog.size.fetch_add(size, Ordering::Relaxed) + size > CAPACITY {
            self.backlog.size.fetch_sub(size, Ordering::Relaxed);
            self.backlog.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            // The thread never ends.
            let _ = self.entries.send(Entry::Line(target, line));
        }
    }

    /// Waits until every line is written, at most for `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let (flushed, wait) = mpsc::channel();
        let _ = self.entries.send(Entry::Flush(flushed));
        let _ = wait.recv_timeout(limit);
    }
}

const fn size(line: &[u8]) -> usize {
    line.len() + LINE_OVERHEAD
}

/// Writes all of `line`. A failure is ignored: it could only be reported here.
fn write_all(stream: &mut impl Write, mut line: &[u8]) {
    while !line.is_empty() {
        match stream.write(line) {
            Ok(0) => return,
            Ok(written) => line = line.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(_) => return,
        }
    }
}

/// For the formatting layer, which writes one event's line at once.
impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(Target::Stderr, line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn lines_are_written_in_their_order() {
        let (sender, written) = channel();
        let queue = LogQueue::start_with(move |target, line| {
            sender.send((target, line.to_vec())).unwrap();
        })
        .unwrap();
        for line in ["a\n", "b\n", "c\n"] {
            queue.push(Target::Stderr, line.into());
        }
        queue.flush(SOON);
        let lines: Vec<_> = written.try_iter().collect();
        assert_eq!(lines, ["a\n", "b\n", "c\n"].map(|line| (Target::Stderr, line.as_bytes().to_vec())));
    }

    #[test]
    fn a_log_without_a_reader_blocks_nothing_and_takes_bounded_memory() {
        let (release, wait) = channel::<()>();
        let queue = LogQueue::start_with(move |_, _| {
            let _ = wait.recv();
        })
        .unwrap();
        let line = vec![b'x'; 1_000];
        for _ in 0..5_000 {
            queue.push(Target::Stderr, line.clone());
        }
        let backlog =
            || (queue.backlog.size.load(Ordering::Relaxed), queue.backlog.dropped.load(Ordering::Relaxed));
        let (size, dropped) = backlog();
        assert!(size <= CAPACITY && size > 900 * line.len(), "{size} bytes");
        assert!(dropped > 3_900, "{dropped} dropped");
        queue.flush(Duration::from_millis(1));
        assert!(backlog().0 > 0, "the wait at the end is bounded");
        drop(release);
        queue.flush(SOON);
        assert_eq!(backlog(), (0, 0), "what was dropped is reported");
    }
}
