//! How quickly each reading command answers beside a running service, on a store that a soak left behind.
//!
//! ```text
//! cargo run --release --example soak -- --accounts 1000 --days 365 --every 12h --keep 400d --changing 1 --start DATE --leave FOLDER
//! cargo build --release && cargo run --release --example reading -- target/release/minimax-watch FOLDER
//! ```
//!
//! With `DATE` 365 days ago the store ends now. Each command is a process of its own, started in turn with `--version`, which does
//! nothing: the ratio to it is what asking costs. The service runs meanwhile and looks at every account each second.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;

/// What an operator asks.
const QUESTIONS: [&[&str]; 13] = [
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

/// How often each is asked.
const ROUNDS: usize = 31;

#[derive(Parser)]
struct Options {
    /// The built program.
    program: PathBuf,
    /// What `soak --leave` made.
    folder: PathBuf,
    /// The account that is asked about.
    #[arg(long, default_value = "100000")]
    account: String,
}

/// The service; stopped when it goes.
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
    // It is looking at its first thousand accounts by then.
    std::thread::sleep(Duration::from_secs(3));
    let mut took: Vec<Vec<Duration>> = vec![Vec::new(); QUESTIONS.len()];
    for _ in 0..ROUNDS {
        for (question, took) in QUESTIONS.iter().zip(&mut took) {
            let arguments =
                question.iter().map(|word| if *word == "ACCOUNT" { &options.account } else { *word });
            let mut asked = command(&program, &folder);
            asked.args(arguments).stdout(Stdio::null());
            let began = Instant::now();
            let status = asked.status()?;
            took.push(began.elapsed());
            ensure!(status.code().is_some_and(|code| code <= 2), "{question:?} ended with {status}");
        }
    }
    drop(service);
    let mut out = std::io::stdout().lock();
    writeln!(out, "| command | median | slowest | to `--version` |\n|---|--:|--:|--:|")?;
    let mut nothing = None;
    for (question, mut took) in QUESTIONS.iter().zip(took) {
        took.sort();
        let median = took.get(took.len() / 2).context("rounds")?.as_secs_f64() * 1e3;
        let slowest = took.last().context("rounds")?.as_secs_f64() * 1e3;
        let nothing = *nothing.get_or_insert(median);
        let ratio = median / nothing;
        writeln!(out, "| `{}` | {median:.1} ms | {slowest:.1} ms | {ratio:.1} |", question.join(" "))?;
    }
    Ok(())
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("HOME", folder);
    command
}
