//! Limits of the system for this process: core dumps, open files, threads.
//!
//! Guarantees: a refusal by the system or a sandbox is ignored or returned as a value; it never ends the process here. The system
//! is asked through `nix`, so no unsafe code is ours.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::{LazyLock, Mutex, mpsc};
use std::thread;

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The most descriptors to ask for: the largest configuration needs a tenth of them.
const MAX_DESCRIPTORS: u64 = 65_536;

/// Descriptors that checks leave to the store, the receivers, the log and name resolution.
const RESERVED_DESCRIPTORS: u64 = 64;

/// One check holds a connection and, while its host name is resolved, one descriptor more.
const DESCRIPTORS_PER_CHECK: u64 = 2;

/// Descriptors that were open when this was first read, before any check: at a reload, those of running checks must not count against
/// their own limit. The lowest free descriptor is that number.
static OPEN_AT_START: LazyLock<u64> = LazyLock::new(|| {
    File::open("/dev/null").map_or(0, |file| u64::try_from(file.as_raw_fd()).unwrap_or_default())
});

/// Descriptors that the runtime opens for timers, wake-ups and signals, and some in reserve.
const RUNTIME_DESCRIPTORS: usize = 12;

/// Threads that a command needs at once: two workers, two for name resolution, the store's three connections.
const THREADS: usize = 7;

/// Keeps the memory, which holds secrets, out of core dumps and away from other processes of the same user. A sandbox that
/// refuses this does not prevent the start.
pub fn disable_core_dumps() {
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let _ = prctl::set_dumpable(false);
}

/// Raises the soft limit of open files to the hard one, up to a maximum.
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

/// Starts as many threads as a command needs, and ends them: libraries panic where a thread cannot be started, so this is tried
/// first.
///
/// # Errors
/// When the system refuses one of them.
pub fn probe_threads() -> io::Result<()> {
    let (release, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    // All of them run until the channel closes: what counts is how many can run at once.
    let run = || wait.lock().is_ok_and(|wait| wait.recv().is_ok());
    thread::scope(|scope| {
        let started: io::Result<Vec<_>> =
            (0..THREADS).map(|_| thread::Builder::new().spawn_scoped(scope, run)).collect();
        drop(release);
        started.map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_leave_enough_descriptors_for_everything_else() {
        for (limit, open, checks) in
            [(1_024, 10, 475), (256, 10, 91), (64, 10, 1), (0, 0, 1), (u64::MAX, 0, usize::MAX / 2 - 32)]
        {
            assert_eq!(checks_within(limit, open), checks, "{limit} descriptors, {open} of them open");
        }
    }

    #[test]
    fn the_needed_threads_can_be_started_without_limits() {
        probe_threads().unwrap();
    }
}
