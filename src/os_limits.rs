//! What the process asks of the system for itself: no core dumps, as many file descriptors as it may have, threads that can be
//! started.
//!
//! Guarantees: whatever the system or a sandbox refuses is reported as a value and never ends the process here.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::{LazyLock, mpsc};
use std::thread;

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// More descriptors than this are never asked for: the largest configuration needs a tenth of them.
const MAX_DESCRIPTORS: u64 = 65_536;

/// Descriptors that checks leave to the store, the receivers, the log and name resolution.
const RESERVED_DESCRIPTORS: u64 = 64;

/// One check holds a connection and, while its host name is resolved, one descriptor more.
const DESCRIPTORS_PER_CHECK: u64 = 2;

/// How many descriptors were open when this was first asked, before any check: at a reload the checks that go on have theirs,
/// which must not count against their own number. The lowest free descriptor tells.
static OPEN_AT_START: LazyLock<u64> = LazyLock::new(|| {
    File::open("/dev/null").map_or(0, |file| u64::try_from(file.as_raw_fd()).unwrap_or_default())
});

/// Descriptors that the runtime opens for its timers, wake-ups and signals, with some to spare.
const RUNTIME_DESCRIPTORS: usize = 12;

/// Threads that a command needs at once: two workers, two for name resolution, the store's three connections.
const THREADS: usize = 7;

/// Keeps the memory, which holds secrets, out of core dumps and away from other processes of the same user. A sandbox that
/// refuses this does not prevent the start.
pub fn disable_core_dumps() {
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let _ = prctl::set_dumpable(false);
}

/// Raises the soft limit of open files towards the hard one.
pub fn raise_descriptor_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let wanted = hard.min(MAX_DESCRIPTORS);
        if soft < wanted {
            let _ = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard);
        }
    }
}

/// How many checks the limit of open files allows at once, at least one; and that limit.
pub fn max_concurrent_checks() -> (usize, u64) {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(MAX_DESCRIPTORS, |(soft, _)| soft);
    (checks_within(limit, *OPEN_AT_START), limit)
}

fn checks_within(limit: u64, open: u64) -> usize {
    let checks = limit.saturating_sub(open).saturating_sub(RESERVED_DESCRIPTORS) / DESCRIPTORS_PER_CHECK;
    usize::try_from(checks.max(1)).unwrap_or(usize::MAX)
}

/// Opens as many files as the runtime needs, and closes them: it panics where it cannot open its own.
///
/// # Errors
/// When the system refuses one of them.
pub fn probe_descriptors() -> io::Result<()> {
    let opened: io::Result<Vec<File>> = (0..RUNTIME_DESCRIPTORS).map(|_| File::open("/dev/null")).collect();
    opened.map(drop)
}

/// Starts as many threads as a command needs, and ends them: libraries panic where a thread cannot be started, so that is found
/// out here.
///
/// # Errors
/// When the system refuses one of them.
pub fn probe_threads() -> io::Result<()> {
    let (release, wait) = mpsc::channel::<()>();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    let mut started = Vec::with_capacity(THREADS);
    let mut result = Ok(());
    for _ in 0..THREADS {
        let wait = wait.clone();
        // All of them stand until the channel closes: what counts is how many can run at once.
        let spawned = thread::Builder::new().spawn(move || wait.lock().is_ok_and(|wait| wait.recv().is_ok()));
        match spawned {
            Ok(thread) => started.push(thread),
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    drop(release);
    for thread in started {
        let _ = thread.join();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_never_use_the_descriptors_that_the_rest_needs() {
        for (limit, open, checks) in
            [(1_024, 10, 475), (256, 10, 91), (64, 10, 1), (0, 0, 1), (u64::MAX, 0, usize::MAX / 2 - 32)]
        {
            assert_eq!(checks_within(limit, open), checks, "{limit} descriptors, {open} of them open");
        }
    }

    #[test]
    fn threads_can_be_started_where_nothing_limits_them() {
        probe_threads().unwrap();
    }
}
