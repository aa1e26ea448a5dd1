//! The cost of a process: time, processor time, memory.

use std::io;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};
use wait4::Wait4;

/// The core of the measured process.
pub(crate) const MEASURED_CORE: usize = 0;

/// The core of the vendor; on a machine with one core, the same one.
pub(crate) fn vendor_core() -> usize {
    std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1)
}

/// Pins this process, and the processes that it starts, to one core.
pub(crate) fn pin_to_core(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// The cost of one process from its start to its end.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
    /// Peak memory in MiB.
    pub(crate) memory: f64,
    pub(crate) status: ExitStatus,
}

impl Cost {
    /// Runs `command` to its end.
    pub(crate) fn of(command: &mut Command) -> io::Result<Self> {
        let started = Instant::now();
        let ended = command.spawn()?.wait4()?;
        let wall = started.elapsed();
        let used = ended.rusage;
        #[expect(clippy::cast_precision_loss, reason = "mebibytes of memory")]
        let memory = used.maxrss as f64 / f64::from(1 << 20);
        Ok(Self { wall, processor: used.utime + used.stime, memory, status: ended.status })
    }

    /// Checks per second.
    pub(crate) fn rate(&self, accounts: usize) -> f64 {
        count(accounts) / self.wall.as_secs_f64()
    }

    /// Processor seconds per thousand checks.
    pub(crate) fn processor_per_1000(&self, accounts: usize) -> f64 {
        self.processor.as_secs_f64() * 1_000.0 / count(accounts)
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most some hundred thousand")]
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
