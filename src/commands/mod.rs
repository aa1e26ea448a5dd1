//! One file per command: each builds what it needs and calls the steps. Results go to stdout, everything else to stderr.

mod ack;
mod alerts;
mod backup;
mod check;
mod config;
mod deadline;
mod explain;
mod history;
mod notify;
mod packages;
mod probe;
mod run;
mod schedule;
mod silence;
mod simulate;
mod status;
mod webhook;

use std::io;
use std::process::ExitCode;

use tokio::runtime::Builder;

use crate::cli::{Cli, Command};
use crate::clock;
use crate::config::Environment;
use crate::telemetry::{Voice, Way};
use crate::{demo, output, telemetry};

/// The exit status of a command that failed, and of bad usage (contract 2).
pub const FAILED: u8 = 3;

/// Carries out one command and gives its exit status. An error is printed once, here.
pub fn main(mut cli: Cli) -> ExitCode {
    let environment = Environment::of_process();
    cli.global.color = cli.global.color.settled(environment.variable("NO_COLOR"));
    let voice = match &cli.command {
        Command::Run => Voice::Service,
        Command::Check(check) if check.quiet => Voice::Quiet,
        // Its receivers fail on purpose; the story tells it better than the log.
        Command::Demo(_) => Voice::Quiet,
        _ => Voice::Command,
    };
    let way = Way::of(cli.global.log_format, &environment);
    telemetry::start(cli.global.log_level, voice, way, cli.global.color);
    // One thread: there is little to do but to wait for others, and threads that hand work to and fro cost more than the work.
    // A deadline needs more: it is kept also while something blocks.
    let is_timed = matches!(&cli.command, Command::Check(check) if check.timeout.is_some());
    let mut builder = if is_timed { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    let runtime = builder.worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(dispatch(cli));
            // Whatever a deadline left behind ends with the process; to drop it would wait for a name that nobody resolves.
            std::mem::forget(runtime);
            result
        }
        Err(error) => Err(anyhow::Error::new(error).context("cannot start")),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            match way {
                // Lines of stderr are no errors to the journal.
                Way::Journal => output::reasons(&error).iter().for_each(|reason| tracing::error!("{reason}")),
                Way::Stderr(_) => output::complain(&error),
            }
            ExitCode::from(FAILED)
        }
    }
}

/// Says that an answer of the command line itself could not be printed, and gives the exit status.
pub fn unprinted(error: &io::Error) -> ExitCode {
    output::note(&format!("minimax-watch: cannot write the result to stdout: {error}"));
    ExitCode::from(FAILED)
}

async fn dispatch(cli: Cli) -> anyhow::Result<u8> {
    let Cli { global, command } = cli;
    if !matches!(command, Command::Completions(_) | Command::Man(_)) {
        clock::check()?;
    }
    match command {
        Command::Run => run::run(&global).await,
        Command::Check(check) => check::run(&global, &check).await,
        Command::Status(status) => status::run(&global, &status).await,
        Command::Alerts(options) => alerts::alerts(&global, &options).await,
        Command::Deliveries(options) => alerts::deliveries(&global, &options).await,
        Command::Ack(options) => ack::run(&global, &options).await,
        Command::History(options) => history::history(&global, &options).await,
        Command::Diff(options) => history::diff(&global, &options).await,
        Command::Explain(options) => explain::run(&global, &options).await,
        Command::Simulate(options) => simulate::run(&global, &options).await,
        Command::Silence(command) => silence::run(&global, &command).await,
        Command::Notify(notify) => notify::run(&global, &notify).await,
        Command::Webhook(command) => webhook::run(&global, &command),
        Command::Schedule(schedule) => schedule::run(&global, &schedule),
        Command::Config(command) => config::run(&global, &command).await,
        Command::Backup(options) => backup::run(&global, &options).await,
        Command::Demo(options) => Ok(if demo::run(options.folder.as_deref()).await? { 0 } else { FAILED }),
        Command::Completions(options) => packages::completions(&options),
        Command::Man(options) => packages::man(&options),
    }
}
