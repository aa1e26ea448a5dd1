//! What a process cost: time, processor, memory.

use std::io;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};
use wait4::Wait4;

/// The core of whoever is measured.
pub(crate) const OURS: usize = 0;

/// The core of the vendor; on a machine with one core it is the same.
pub(crate) fn theirs() -> usize {
    std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1)
}

/// Keeps this process, and those that it starts, to one core.
pub(crate) fn settle_on(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// What one process cost, from its start to its end.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
    /// The most memory that it held, in MiB.
    pub(crate) memory: f64,
    pub(crate) status: ExitStatus,
}

impl Cost {
    /// Runs `command` to its end.
    pub(crate) fn of(command: &mut Command) -> io::Result<Self> {
        let begun = Instant::now();
        let ended = command.spawn()?.wait4()?;
        let wall = begun.elapsed();
        let used = ended.rusage;
        #[expect(clippy::cast_precision_loss, reason = "mebibytes of memory")]
        let memory = used.maxrss as f64 / f64::from(1 << 20);
        Ok(Self { wall, processor: used.utime + used.stime, memory, status: ended.status })
    }

    /// Looks per second.
    pub(crate) fn rate(&self, accounts: usize) -> f64 {
        count(accounts) / self.wall.as_secs_f64()
    }

    /// Processor seconds per thousand looks.
    pub(crate) fn processor_per_1000(&self, accounts: usize) -> f64 {
        self.processor.as_secs_f64() * 1_000.0 / count(accounts)
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most some hundred thousand")]
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

/// The middle one of several.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
