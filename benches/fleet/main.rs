//! Compares the program with the least that the machine must do for the same work: `benches/fleet/run`.
//!
//! It measures in turn, in one run: the built program's `check` (fetch, classify, compare, decide, store durably), the bare
//! loop (the same client library, a typed parse, no store) and the same loop with a batched store. The simulated vendor has the
//! second core, the measured process the first. Read the ratios: both sides of each were measured on the same machine, in the
//! same minute.
//! Exits 1 when a bound is missed. `docs/measurements.md` keeps what it printed.

#![expect(clippy::print_stdout, reason = "the benchmark prints a table")]

mod baseline;
mod costs;
mod http;
mod ours;
mod scenes;
mod series;
mod service;
#[path = "../../tests/support/simulator/mod.rs"]
mod simulator;
mod table;
mod vendor;

use anyhow::Context;
use clap::Parser;

use series::Series;

/// A token for this benchmark's simulator only.
const TOKEN: &str = "user:1234-fleet";

/// How often a series is measured until each of its bounds was kept once: the load of other virtual machines varies, the program's own cost
/// does not.
const ATTEMPTS: usize = 7;

/// Concurrent requests, the same for the program and the loops.
const CONCURRENCY: usize = 64;

/// The command line; without a role, the process that runs everything.
#[derive(Parser)]
struct Options {
    /// How often each is measured, and more often where a ratio is promised; medians are printed, ratios are those of the sums.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Run only series whose names contain this.
    #[arg(long)]
    only: Option<String>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

/// The role of a process that the benchmark starts.
#[derive(clap::Subcommand)]
enum Role {
    /// The simulated vendor.
    #[command(hide = true)]
    Vendor(vendor::Options),
    /// The baseline loop.
    #[command(hide = true)]
    Loop(baseline::Options),
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    match options.role {
        Some(Role::Vendor(vendor)) => vendor::serve(&vendor),
        Some(Role::Loop(looping)) => baseline::run(&looping),
        None => run_all(&options),
    }
}

fn run_all(options: &Options) -> anyhow::Result<()> {
    costs::pin_to_core(costs::MEASURED_CORE).context("cannot choose a core")?;
    table::opening();
    let mut kept = true;
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let mut measured = 0;
    for series in Series::all().iter().filter(|series| wanted(&series.name())) {
        let measure = || series.measure(options.rounds).with_context(|| series.name());
        let mut bounds = measure()?;
        for _ in 1..ATTEMPTS {
            if bounds.iter().all(|kept| *kept) {
                break;
            }
            println!("\nA bound was missed. Measured again:\n");
            table::opening();
            bounds.iter_mut().zip(measure()?).for_each(|(kept, again)| *kept |= again);
        }
        kept &= bounds.iter().all(|kept| *kept);
        measured += 1;
    }
    for (name, scene) in scenes::ALL.iter().filter(|(name, _)| wanted(name)) {
        // Twice at most: memory too depends a little on what else the machine does.
        let play = || scene().with_context(|| (*name).to_owned());
        kept &= play()? || play()?;
        measured += 1;
    }
    anyhow::ensure!(measured > 0, "no series has that name");
    anyhow::ensure!(kept, "a bound was missed");
    println!("\nEvery bound of this benchmark was kept.");
    Ok(())
}
