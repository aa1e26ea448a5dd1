//! The queue between whoever logs and the one thread that writes the log.
//!
//! Guarantees: logging never waits for the reader of the log. The queue holds at most [`CAPACITY`] bytes; lines that find no room
//! are dropped, counted, and reported in the log once it can be written again. Lines keep their order.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::journal;

/// A burst of some thousand lines finds room; a log that nobody reads takes no more memory than this.
const CAPACITY: usize = 1 << 20;

/// What a line costs besides its text, so that many short ones are bounded too.
const LINE_OVERHEAD: usize = 64;

/// A stderr that its owner made non-blocking is tried again after this.
const RETRY: Duration = Duration::from_millis(20);

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To stderr, as text.
    Stderr,
    /// To the journal's socket, one datagram a line.
    Journal,
}

/// The way to the writing thread; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct LogQueue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<(Target, Vec<u8>)>,
    /// What the lines take.
    size: usize,
    /// Lines that found no room and were not reported yet.
    dropped: u64,
    /// Whether a line that left the queue is still being written.
    is_writing: bool,
}

impl LogQueue {
    /// Starts the thread that writes to stderr and, where there is one, to the journal.
    ///
    /// # Errors
    /// When the system refuses another thread.
    pub(super) fn start(journal: Option<UnixDatagram>) -> io::Result<Self> {
        // A copy: whoever writes to stderr past this queue, such as a panic, must not wait for the same lock.
        let mut copy = io::stderr().as_fd().try_clone_to_owned().map(File::from).ok();
        Self::start_with(move |target, line| match (target, &journal, &mut copy) {
            (Target::Journal, Some(socket), _) => drop(socket.send_to(line, journal::SOCKET)),
            (_, _, Some(stderr)) => write_all(stderr, line),
            (..) => write_all(&mut io::stderr(), line),
        })
    }

    fn start_with(write: impl FnMut(Target, &[u8]) + Send + 'static) -> io::Result<Self> {
        let queue = Self::default();
        let shared = queue.0.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_lines(write))?;
        Ok(queue)
    }

    /// Adds a line, or drops and counts it where there is no room.
    pub(super) fn push(&self, target: Target, line: Vec<u8>) {
        let mut state = self.0.lock();
        let size = line.len().saturating_add(LINE_OVERHEAD);
        if state.size.saturating_add(size) > CAPACITY {
            state.dropped += 1;
            return;
        }
        state.size += size;
        state.lines.push_back((target, line));
        drop(state);
        self.0.changed.notify_all();
    }

    /// Waits until every line is written, but no longer than `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let is_busy = |state: &mut State| !state.lines.is_empty() || state.is_writing;
        let waited = self.0.changed.wait_timeout_while(self.0.lock(), limit, is_busy);
        drop(waited);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_lines(&self, mut write: impl FnMut(Target, &[u8])) {
        loop {
            let (target, line) = self.next();
            write(target, &line);
            let dropped = std::mem::take(&mut self.lock().dropped);
            if dropped > 0 {
                // Through the subscriber and this queue, so that it has the log's format.
                tracing::error!(
                    dropped,
                    "{dropped} log lines were dropped: the log was not read, or came too fast"
                );
            }
            self.lock().is_writing = false;
            self.changed.notify_all();
        }
    }

    /// Waits for a line and takes it out of the queue.
    fn next(&self) -> (Target, Vec<u8>) {
        let mut state = self.lock();
        loop {
            if let Some((target, line)) = state.lines.pop_front() {
                state.size = state.size.saturating_sub(line.len().saturating_add(LINE_OVERHEAD));
                state.is_writing = true;
                return (target, line);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Writes all of `line`; what cannot be written is lost, since nobody is left to be told.
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

/// One event's line on its way to stderr.
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
    fn a_log_that_nobody_reads_holds_up_nobody_and_takes_bounded_memory() {
        let (release, wait) = channel::<()>();
        let queue = LogQueue::start_with(move |_, _| {
            let _ = wait.recv();
        })
        .unwrap();
        let line = vec![b'x'; 1_000];
        for _ in 0..5_000 {
            queue.push(Target::Stderr, line.clone());
        }
        {
            let state = queue.0.lock();
            assert!(state.size <= CAPACITY && state.lines.len() > 900, "{} lines", state.lines.len());
            assert!(state.dropped > 3_900, "{} dropped", state.dropped);
        }
        queue.flush(Duration::from_millis(1));
        assert!(!queue.0.lock().lines.is_empty(), "the wait at the end is bounded");
        drop(release);
        queue.flush(SOON);
        let state = queue.0.lock();
        assert_eq!((state.lines.len(), state.size, state.dropped), (0, 0, 0), "what was dropped is reported");
    }
}
