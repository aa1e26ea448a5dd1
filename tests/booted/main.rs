//! The package and its units in a booted systemd, used as an administrator would. Needs root, mmdebstrap and systemd-nspawn, so
//! plain `cargo test` leaves it out; `tests/booted/run` installs what it needs, builds the packages and starts it:
//!
//! `cargo test --locked --test booted -- --package FILE --previous FILE`
//!
//! It prints what it did and saw, and stops at the first failed expectation, with the journal.

#![expect(clippy::unwrap_used, reason = "an environment that cannot be set up is a failed test")]
#![expect(clippy::print_stdout, reason = "this is the test runner")]

mod environment;
mod failures;
mod machine;
mod operation;
mod packages;
mod program;
mod sandbox;
mod service_page;
#[path = "../support/simulator/mod.rs"]
mod simulator;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use machine::Machine;
use world::World;

#[derive(Parser)]
struct Options {
    /// The package under test.
    #[arg(long)]
    package: PathBuf,
    /// A package of an earlier version, which it replaces.
    #[arg(long)]
    previous: PathBuf,
    /// The Debian release to boot.
    #[arg(long, default_value = "trixie")]
    suite: String,
}

/// The environment of every act.
pub(crate) struct Setup {
    pub(crate) machine: Machine,
    pub(crate) world: World,
    options: Options,
}

/// The output of an act, or the expectation that failed.
pub(crate) type ActResult = Result<Vec<String>, String>;

/// One thing that an administrator does or that happens to the machine; each starts from the state that the previous one left.
type Act = (&'static str, fn(&Setup) -> ActResult);

const ACTS: &[Act] = &[
    ("the ten lines of docs/service.md, as written", service_page::as_written),
    ("systemd verifies the units without a warning", sandbox::verified),
    ("status and journal of the running service", operation::at_work),
    ("secrets are visible as credentials only", sandbox::secrets),
    ("the service's user can write to its state only", sandbox::writes),
    ("the exposure of each unit", sandbox::exposure),
    ("reload of a valid configuration", operation::reload_valid),
    ("the HTTP listener under the unit", operation::listens),
    ("reload of an invalid configuration", operation::reload_invalid),
    ("a start with an invalid configuration", operation::start_invalid),
    ("a new secret needs a restart, and reload says so", operation::renewed_secret),
    ("a second process on the same store", operation::second_process),
    ("a program of one's own, with the drop-in of docs/service.md", program::under_the_unit),
    ("a vendor slower than the watchdog", failures::slow_vendor),
    ("a process that hangs", failures::hanging_process),
    ("a store that hangs", failures::hanging_store),
    ("kill -9", failures::killed),
    ("an expiry is sent when it happens", operation::expiry_on_time),
    ("a start before there is a network", environment::before_the_network),
    ("a store on a file system of its own, full at first", environment::on_a_disk_of_its_own),
    ("upgrade of the package", packages::upgraded),
    ("stop", operation::stopped),
    ("one-shot runs by the timer", packages::by_timer),
    ("two instances", packages::instances),
    ("removal and purge", packages::purged),
];

impl Setup {
    /// Copies a package into the machine; returns its path inside.
    pub(crate) fn bring(&self, package: &Path) -> String {
        let name = package.file_name().unwrap().to_str().unwrap();
        std::fs::copy(package, self.machine.path("/srv").join(name)).unwrap();
        format!("/srv/{name}")
    }

    pub(crate) fn package(&self) -> String {
        self.bring(&self.options.package)
    }

    pub(crate) fn previous(&self) -> String {
        self.bring(&self.options.previous)
    }
}

/// Fails with the expectation and what was seen, unless it `holds`.
pub(crate) fn ensure(holds: bool, expected: &str, seen: impl std::fmt::Debug) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("expected: {expected}\nseen: {seen:#?}")) }
}

fn main() -> ExitCode {
    let options = Options::parse();
    // Commands inside block their thread; the simulators run on the other threads.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async { all(options).await })
}

async fn all(options: Options) -> ExitCode {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("booted");
    let machine = match Machine::boot(&folder, &options.suite) {
        Ok(machine) => machine,
        Err(why) => {
            println!("cannot boot: {why}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "booted: {}\n",
        machine.run(&["systemctl", "--version"]).text.lines().next().unwrap_or_default()
    );
    let setup = Setup { machine, world: World::open().await, options };
    for (name, act) in ACTS {
        let begin = Instant::now();
        match tokio::task::block_in_place(|| act(&setup)) {
            Ok(seen) => {
                println!("== {name}: kept, {:.1} s", begin.elapsed().as_secs_f32());
                for line in seen.iter().flat_map(|seen| seen.lines()) {
                    println!("   {line}");
                }
            }
            Err(violation) => {
                println!("== {name}: BROKEN\n{violation}\n\nThe journal:");
                let journal = setup.machine.sh("journalctl --no-pager -n 60 -o short-precise");
                println!("{}", journal.text);
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "\nEvery promise of the booted service was kept in Debian {} ({} acts)",
        setup.options.suite,
        ACTS.len()
    );
    ExitCode::SUCCESS
}
