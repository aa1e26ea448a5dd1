//! Measures how quickly each reading command answers beside a running service, on a store that a soak left.
//!
//! ```text
//! cargo run --release --example soak -- --accounts 1000 --days 365 --every 12h --keep 400d --changing 1 --start DATE --leave FOLDER
//! cargo build --release && cargo run --release --example reading -- target/release/minimax-watch FOLDER
//! ```
//!
//! With `DATE` 365 days ago the store ends now. Each command is a process of its own, run in turn with `--version`, which does
//! nothing: the ratio to it is the cost of reading. Meanwhile the service runs and checks every account each second.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;

/// The measured commands.
const COMMANDS: [&[&str]; 13] = [
    &["--version"],
    &["status"],
    &["status", "--json"],
    &["alerts"],
    &["alerts", "--since", "7d"],
    &["deliveries"],
    &["history", "ACCOUNT"],
    &["history", "ACCOUNT", "--at", "-100d"],
    &["diff", "ACCOUNT"],
    &["explain", "ACCOUNT"],
    &["silence", "list"],
    &["schedule"],
    &["alerts", "--all"],
];

/// How often each command is run.
const ROUNDS: usize = 31;

#[derive(Parser)]
struct Options {
    /// The built program.
    program: PathBuf,
    /// The folder that `soak --leave` created.
    folder: PathBuf,
    /// The account in the commands.
    #[arg(long, default_value = "100000")]
    account: String,
}

/// The service; dropping it stops the process.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let folder = options.folder.canonicalize()?;
    let program = options.program.canonicalize()?;
    let service = command(&program, &folder)
        .arg("run")
        .env("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *")
        .stderr(Stdio::null())
        .spawn()
        .map(Service)?;
    // By then the service checks its first thousand accounts.
    std::thread::sleep(Duration::from_secs(3));
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); COMMANDS.len()];
    for _ in 0..ROUNDS {
        for (words, times) in COMMANDS.iter().zip(&mut times) {
            let arguments =
                words.iter().map(|word| if *word == "ACCOUNT" { &options.account } else { *word });
            let mut asked = command(&program, &folder);
            asked.args(arguments).stdout(Stdio::null());
            let began = Instant::now();
            let status = asked.status()?;
            times.push(began.elapsed());
            ensure!(status.code().is_some_and(|code| code <= 2), "{words:?} ended with {status}");
        }
    }
    drop(service);
    let mut out = std::io::stdout().lock();
    writeln!(out, "| command | median | slowest | to `--version` |\n|---|--:|--:|--:|")?;
    let mut nothing = None;
    for (words, mut times) in COMMANDS.iter().zip(times) {
        times.sort();
        let median = times.get(times.len() / 2).context("rounds")?.as_secs_f64() * 1e3;
        let slowest = times.last().context("rounds")?.as_secs_f64() * 1e3;
        let nothing = *nothing.get_or_insert(median);
        let ratio = median / nothing;
        writeln!(out, "| `{}` | {median:.1} ms | {slowest:.1} ms | {ratio:.1} |", words.join(" "))?;
    }
    Ok(())
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("HOME", folder);
    command
}
