//! The package and its units in a really booted systemd, used as an administrator would. Needs root, mmdebstrap and
//! systemd-nspawn, so it is not among the everyday tests; `tests/booted/run` installs what it needs, builds the packages and
//! starts it:
//!
//! `cargo test --locked --test booted -- --package FILE --previous FILE`
//!
//! It tells what it did and saw, and ends at the first promise that does not hold, with the journal.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set up is a failed test")]
#![expect(clippy::print_stdout, reason = "this is the test runner")]

mod guard;
mod life;
mod machine;
mod packages;
mod places;
mod readme;
mod trouble;
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
    /// One of an earlier version, which it is to replace.
    #[arg(long)]
    previous: PathBuf,
    /// Which Debian is booted.
    #[arg(long, default_value = "trixie")]
    suite: String,
}

/// What every act needs.
pub(crate) struct Stage {
    pub(crate) machine: Machine,
    pub(crate) world: World,
    options: Options,
}

/// What an act saw, or the promise that did not hold.
pub(crate) type Seen = Result<Vec<String>, String>;

/// One thing that an administrator does, or that befalls the machine; each finds things as the one before left them.
type Act = (&'static str, fn(&Stage) -> Seen);

const ACTS: &[Act] = &[
    ("the ten lines of docs/service.md, as written", readme::as_written),
    ("the units are understood by systemd without a word", guard::verified),
    ("what the service says while it runs", life::at_work),
    ("secrets are credentials and nowhere else", guard::secrets),
    ("the service's user writes to its state and nowhere else", guard::writes),
    ("the exposure of each unit", guard::exposure),
    ("reload of a good configuration", life::reload_good),
    ("reload of a bad configuration", life::reload_bad),
    ("a start with a bad configuration", life::started_badly),
    ("a new secret takes a restart, and reload says so", life::renewed_secret),
    ("the same store opened twice", life::opened_twice),
    ("a vendor slower than the watchdog", trouble::slow_vendor),
    ("a process that hangs", trouble::hanging_process),
    ("a store that hangs", trouble::hanging_store),
    ("kill -9", trouble::killed),
    ("an end is told in its second", life::told_in_its_second),
    ("a start before there is a network", places::before_the_network),
    ("a store on a file system of its own, full at first", places::on_a_disk_of_its_own),
    ("upgrade of the package", packages::upgraded),
    ("stop", life::stopped),
    ("one-shot runs by the timer", packages::by_timer),
    ("two instances", packages::instances),
    ("removal and purge", packages::purged),
];

impl Stage {
    /// A package, by its place inside.
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

/// `Err` with what was expected, unless it `holds`.
pub(crate) fn ensure(holds: bool, expected: &str, seen: impl std::fmt::Debug) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("expected: {expected}\nseen: {seen:#?}")) }
}

fn main() -> ExitCode {
    let options = Options::parse();
    // Commands inside block their thread; the simulators go on with the others.
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
    let stage = Stage { machine, world: World::open().await, options };
    for (name, act) in ACTS {
        let begin = Instant::now();
        match tokio::task::block_in_place(|| act(&stage)) {
            Ok(seen) => {
                println!("== {name}: kept, {:.1} s", begin.elapsed().as_secs_f32());
                for line in seen.iter().flat_map(|seen| seen.lines()) {
                    println!("   {line}");
                }
            }
            Err(broken) => {
                println!("== {name}: BROKEN\n{broken}\n\nThe journal:");
                let journal = stage.machine.sh("journalctl --no-pager -n 60 -o short-precise");
                println!("{}", journal.text);
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "\nEvery promise of the booted service was kept in Debian {} ({} acts)",
        stage.options.suite,
        ACTS.len()
    );
    ExitCode::SUCCESS
}
