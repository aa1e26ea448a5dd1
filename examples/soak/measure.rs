//! Measurements: the duration of each step, and the size of the store and the process.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use minimax_watch::domain::time::Timestamp;

/// How long each step of one run took.
#[derive(Clone, Copy, Default)]
pub(super) struct Took {
    /// Checking the accounts, and storing the results.
    pub(super) check: Duration,
    /// The storing alone, repeated and rolled back; sampled.
    pub(super) write: Option<Duration>,
    pub(super) evaluate: Duration,
    pub(super) deliver: Duration,
    /// If one was due.
    pub(super) purge: Option<Duration>,
}

/// The measurements of the present stretch.
#[derive(Default)]
pub(super) struct Gauge {
    times: Vec<Took>,
    wal: u64,
}

/// The result of one stretch of the soak. Times are medians, except for the longest purge.
pub(super) struct Stretch {
    pub(super) until: Timestamp,
    pub(super) file: u64,
    /// The largest size of the WAL.
    wal: u64,
    memory: u64,
    check: Duration,
    write: Duration,
    evaluate: Duration,
    deliver: Duration,
    purge: Duration,
    longest_purge: Duration,
}

/// One of a stretch's medians.
type Median = fn(&Stretch) -> Duration;

impl Gauge {
    /// Records a run.
    pub(super) fn note(&mut self, took: Took, store: &Path) {
        self.times.push(took);
        self.wal = self.wal.max(size(&store.with_extension("db-wal")));
    }

    /// Ends a stretch and begins the next.
    pub(super) fn stretch(&mut self, until: Timestamp, store: &Path) -> anyhow::Result<Stretch> {
        let Self { times, wal } = std::mem::take(self);
        let purges = || times.iter().filter_map(|took| took.purge);
        Ok(Stretch {
            until,
            file: size(store),
            wal,
            memory: memory("VmRSS:")?,
            check: median(times.iter().map(|took| took.check)),
            write: median(times.iter().filter_map(|took| took.write)),
            evaluate: median(times.iter().map(|took| took.evaluate)),
            deliver: median(times.iter().map(|took| took.deliver)),
            purge: median(purges()),
            longest_purge: purges().max().unwrap_or_default(),
        })
    }
}

/// A Markdown table, a row for each stretch.
pub(super) fn table(out: &mut impl Write, start: Timestamp, stretches: &[Stretch]) -> anyhow::Result<()> {
    writeln!(
        out,
        "| day | store | WAL | memory | check | of it writing | evaluate | deliver | purge | longest purge |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )?;
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
    for seen in stretches {
        let day = (seen.until - start).num_days();
        let [file, wal] = [seen.file, seen.wal].map(|bytes| bytes / 1024);
        let memory = seen.memory / 1024;
        write!(out, "| {day} | {file} KiB | {wal} KiB | {memory} MiB |")?;
        for time in
            [seen.check, seen.write, seen.evaluate, seen.deliver, seen.purge, seen.longest_purge].map(ms)
        {
            write!(out, " {time} |")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Verifies that what must stay bounded does. `stretches` begin when everything periodic has begun.
///
/// # Errors
/// Names what grew.
pub(super) fn nothing_grew(stretches: &[Stretch]) -> anyhow::Result<()> {
    let ([early @ .., before, _, _, last], Some(late)) = (stretches, stretches.last_chunk::<3>()) else {
        anyhow::bail!("the soak was too short for a verdict")
    };
    ensure!(!early.is_empty(), "the soak was too short for a verdict");
    let growth = ratio(last.file, before.file);
    ensure!(growth < 1.05, "the store grew by a factor of {growth:.2} over the last quarter");
    let growth = ratio(last.memory, before.memory);
    ensure!(growth < 1.10, "the memory grew by a factor of {growth:.2} over the last quarter");
    let wal = stretches.iter().map(|seen| seen.wal).max().unwrap_or_default();
    ensure!(wal < 16 << 20, "the WAL had {wal} bytes");
    let steps: [(&str, Median); 4] = [
        ("check", |s| s.check),
        ("evaluate", |s| s.evaluate),
        ("deliver", |s| s.deliver),
        ("purge", |s| s.purge),
    ];
    for (step, of) in steps {
        // The best of three plus half a millisecond, because the machine may do other work meanwhile.
        let best = |of_these: &[Stretch]| of_these.iter().take(3).map(of).min().unwrap_or_default();
        let (early, late) = (best(early), best(late));
        ensure!(
            late < early * 2 + Duration::from_micros(500),
            "`{step}` took {late:?} at the end and {early:?} at the beginning"
        );
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "bytes and KiB, far below 2^52")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / (b as f64).max(1.0)
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut all: Vec<Duration> = times.collect();
    all.sort();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// In bytes.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

/// In KiB, as the kernel counts this process.
pub(super) fn memory(line: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)).context("no such line")?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}
