//! How close the program comes to what the machine can do: `cargo bench --bench fleet`.
//!
//! Side by side in one run: the built program's `check` (fetch, classify, compare, decide, store durably), the bare loop (the
//! same client library, a typed parse, no store) and the same loop with a batched store. The simulated vendor has the second core,
//! whoever is measured the first. Ratios are what to read: both sides of each were measured in turn, on the same machine, in the same minute.
//! Exits 1 when a bound is missed. `docs/measurements.md` keeps what it printed.

#![expect(clippy::print_stdout, reason = "its table is what it is for")]

mod baseline;
mod costs;
mod ours;
mod scenes;
mod series;
mod table;
mod vendor;

use anyhow::Context;
use clap::Parser;

use series::Series;
use table::{Bound, bound};

/// It opens nothing but this benchmark's simulator.
const TOKEN: &str = "user:1234-fleet";

/// Requests at once, for everybody.
const AT_ONCE: usize = 64;

/// How the benchmark is asked for; without words, the conductor of all of it.
#[derive(Parser)]
struct Options {
    /// How often each is measured, and more often where a ratio is promised; medians are printed, ratios are those of the sums.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only series whose names hold this.
    #[arg(long)]
    only: Option<String>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What a process of this benchmark is, other than its conductor.
#[derive(clap::Subcommand)]
enum Role {
    /// The simulated vendor.
    #[command(hide = true)]
    Vendor(vendor::Options),
    /// The loop that ours is compared with.
    #[command(hide = true)]
    Loop(baseline::Options),
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    match options.role {
        Some(Role::Vendor(vendor)) => vendor::serve(&vendor),
        Some(Role::Loop(looping)) => baseline::run(&looping),
        None => conduct(&options),
    }
}

fn conduct(options: &Options) -> anyhow::Result<()> {
    costs::settle_on(costs::OURS).context("cannot choose a core")?;
    table::opening();
    let mut kept = true;
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let (mut measured, mut plain) = (0, Vec::new());
    for series in Series::all().iter().filter(|series| wanted(&series.name())) {
        let (bounds, processor) = series.measure(options.rounds).with_context(|| series.name())?;
        kept &= bounds;
        plain.extend(processor);
        measured += 1;
    }
    if let [thousand, ten, hundred] = plain[..] {
        let growth = "CPU per check with 100,000 accounts to that with";
        kept &= bound(&format!("{growth} 1,000"), hundred / thousand, Bound::AtMost(1.25));
        kept &= bound(&format!("{growth} 10,000"), hundred / ten, Bound::AtMost(1.25));
    }
    for (name, scene) in scenes::ALL.iter().filter(|(name, _)| wanted(name)) {
        kept &= scene().with_context(|| (*name).to_owned())?;
        measured += 1;
    }
    anyhow::ensure!(measured > 0, "no series has that name");
    anyhow::ensure!(kept, "a bound was missed");
    println!("\nEvery bound of this benchmark was kept.");
    Ok(())
}
