//! Injected faults on the built program: after each, nothing is lost, nothing is sent twice without need, and the store is
//! sound. They take minutes, so plain `cargo test` leaves them out:
//!
//! `cargo test --locked --test faults -- [--full] [--seed N] [--only NAME]`
//!
//! A scenario is a file with a [`Scenario`] for the list below; it ends with `Scene::verify` or says why it cannot run here.
//! `tests/it/verify_selftest.rs` tests the verifier with handwritten histories.

#![expect(clippy::unwrap_used, reason = "an environment that cannot be set up is a failed test")]
#![expect(clippy::print_stdout, reason = "this is the test runner")]

#[path = "../cli/child.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line")]
mod child;
#[path = "../cli/setup.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line")]
mod setup;
#[path = "../support/simulator/mod.rs"]
mod simulator;

mod clock;
mod desk;
mod each_call;
mod full_disk;
mod kill_when_accepted;
mod random;
mod random_kills;
mod received;
mod report;
mod scene;
mod stored_state;
mod story;
mod strace;
mod verify;
mod whole_fleet;

use std::pin::Pin;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use tokio::task::JoinSet;

use report::{Stop, Table, Tally};

/// Every scenario, in the order in which they run.
const SCENARIOS: &[Scenario] = &[
    random_kills::SCENARIO,
    kill_when_accepted::SCENARIO,
    each_call::COMMITS,
    each_call::SENDS,
    each_call::BROKEN_DISK,
    each_call::FULL_DISK,
    full_disk::SCENARIO,
    clock::SCENARIO,
    whole_fleet::SCENARIO,
];

/// One kind of fault.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// The name for `--only`.
    pub(crate) name: &'static str,
    /// The description in the table.
    pub(crate) fault: &'static str,
    pub(crate) run: fn(RunOptions) -> Run,
}

pub(crate) type Run = Pin<Box<dyn Future<Output = Result<Tally, Stop>> + Send>>;

/// How a scenario is to run.
#[derive(Clone, Copy, Parser)]
pub(crate) struct RunOptions {
    /// As many rounds as a measurement needs; without it, as many as take about three minutes.
    #[arg(long)]
    pub(crate) full: bool,
    /// The seed of all random choices.
    #[arg(long, default_value_t = seed())]
    pub(crate) seed: u64,
    /// Decides the type of one receiver: another one in each scenario, and in the next run.
    #[arg(skip)]
    pub(crate) turn: u64,
}

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    run_options: RunOptions,
    /// Run only the scenario of this name.
    #[arg(long)]
    only: Option<String>,
}

fn seed() -> u64 {
    minimax_watch::clock::now().timestamp_millis().unsigned_abs() % 1_000_000
}

fn main() -> ExitCode {
    let options = Options::parse();
    let wanted = |scenario: &&Scenario| options.only.as_ref().is_none_or(|only| scenario.name == only);
    let scenarios: Vec<&Scenario> = SCENARIOS.iter().filter(wanted).collect();
    if scenarios.is_empty() {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        println!("unknown scenario; available: {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    // A scenario blocks its thread while a process runs; the simulators run on the other threads.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(all(&scenarios, options.run_options))
}

async fn all(scenarios: &[&Scenario], run_options: RunOptions) -> ExitCode {
    let mut table = Table::default();
    for scenario in scenarios {
        let begin = Instant::now();
        let mut task = JoinSet::new();
        let place = SCENARIOS.iter().position(|known| known.name == scenario.name).unwrap_or_default();
        let turn = run_options.seed + place as u64;
        task.spawn((scenario.run)(RunOptions { turn, ..run_options }));
        let outcome = match task.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(panicked)) => Err(Stop::Violation(format!("{panicked}"))),
            None => Err(Stop::Violation("the scenario did not start".to_owned())),
        };
        let seconds = begin.elapsed().as_secs();
        table.row(scenario.fault, &outcome);
        match outcome {
            Ok(tally) => println!("{}: kept, {seconds} s: {tally:?}", scenario.name),
            Err(Stop::Skipped(why)) => println!("{}: SKIPPED: {why}", scenario.name),
            Err(Stop::Violation(what)) => {
                println!("{}: BROKEN, {seconds} s\n{what}\n\n{}", scenario.name, table.text());
                let full = if run_options.full { "--full " } else { "" };
                println!(
                    "replay: cargo test --locked --test faults -- {full}--seed {} --only {}",
                    run_options.seed, scenario.name
                );
                return ExitCode::FAILURE;
            }
        }
    }
    println!("\n{}\nseed {}", table.text(), run_options.seed);
    ExitCode::SUCCESS
}
