//! Faults made on purpose, on the built program: after each, nothing is lost, nothing is told twice for nothing, and the
//! store is sound. Not among the everyday tests, since it takes minutes:
//!
//! `cargo test --locked --test faults -- [--full] [--seed N] [--only NAME]`
//!
//! A scenario is a file with a [`Scenario`] for the list below; it judges itself by `Scene::judge` or says why it cannot run
//! here. The judge is held to hand-made histories in `tests/it/judged.rs`.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set up is a failed test")]
#![expect(clippy::print_stdout, reason = "this is the test runner")]

#[path = "../cli/child.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line")]
mod child;
#[path = "../cli/stage.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line")]
mod stage;

mod chance;
mod clock;
mod each_call;
mod full_disk;
mod heard;
mod judge;
mod kill_when_taken;
mod random_kills;
mod remains;
mod report;
mod scene;
mod story;
mod strace;
mod ten_thousand;

use std::pin::Pin;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use tokio::task::JoinSet;

use report::{Stop, Table, Tally};

/// Every scenario, in the order in which they run.
const SCENARIOS: &[Scenario] = &[
    random_kills::SCENARIO,
    kill_when_taken::SCENARIO,
    each_call::COMMITS,
    each_call::SENDS,
    each_call::BROKEN_DISK,
    each_call::FULL_DISK,
    full_disk::SCENARIO,
    clock::SCENARIO,
    ten_thousand::SCENARIO,
];

/// One kind of fault and what must hold under it.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// For `--only`.
    pub(crate) name: &'static str,
    /// For the table.
    pub(crate) fault: &'static str,
    pub(crate) run: fn(Terms) -> Run,
}

pub(crate) type Run = Pin<Box<dyn Future<Output = Result<Tally, Stop>> + Send>>;

/// How a scenario is to run.
#[derive(Clone, Copy, Parser)]
pub(crate) struct Terms {
    /// As many rounds as a measurement wants; else as many as three minutes hold.
    #[arg(long)]
    pub(crate) full: bool,
    /// What decides all choices.
    #[arg(long, default_value_t = seed())]
    pub(crate) seed: u64,
}

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    terms: Terms,
    /// Only the scenario of this name.
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
        println!("no such scenario; there are: {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    // A scene blocks its own thread while a process runs; the simulators go on with the others.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(all(&scenarios, options.terms))
}

async fn all(scenarios: &[&Scenario], terms: Terms) -> ExitCode {
    let mut table = Table::default();
    for scenario in scenarios {
        let begin = Instant::now();
        let mut task = JoinSet::new();
        task.spawn((scenario.run)(terms));
        let outcome = match task.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(panicked)) => Err(Stop::Broken(format!("{panicked}"))),
            None => Err(Stop::Broken("it was never begun".to_owned())),
        };
        let seconds = begin.elapsed().as_secs();
        table.row(scenario.fault, &outcome);
        match outcome {
            Ok(tally) => println!("{}: kept, {seconds} s: {tally:?}", scenario.name),
            Err(Stop::Skipped(why)) => println!("{}: SKIPPED: {why}", scenario.name),
            Err(Stop::Broken(what)) => {
                println!("{}: BROKEN, {seconds} s\n{what}\n\n{}", scenario.name, table.text());
                let full = if terms.full { "--full " } else { "" };
                println!(
                    "replay: cargo test --locked --test faults -- {full}--seed {} --only {}",
                    terms.seed, scenario.name
                );
                return ExitCode::FAILURE;
            }
        }
    }
    println!("\n{}\nseed {}", table.text(), terms.seed);
    ExitCode::SUCCESS
}
