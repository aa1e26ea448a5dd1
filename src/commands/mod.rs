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

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Cli, Command, Format};
use crate::clock;
use crate::config::Environment;
use crate::daemon::HeldSignals;
use crate::telemetry::{Voice, Way};
use crate::{demo, os_limits, output, telemetry};

/// The exit status of a command that failed, and of bad usage (docs/contract.md, section 2).
pub const FAILED: u8 = 3;

/// Carries out one command and gives its exit status. An error is printed once, here.
pub fn main(mut cli: Cli, signals: HeldSignals) -> ExitCode {
    let environment = Environment::of_process();
    cli.global.color = cli.global.color.settled(environment.variable("NO_COLOR"));
    // Only the service has a use for them; every other command ends by them, from here on.
    let signals = if matches!(&cli.command, Command::Run) {
        Some(signals)
    } else {
        signals.release();
        None
    };
    let voice = match &cli.command {
        Command::Run => Voice::Service,
        Command::Check(check) if check.quiet && check.format == Format::Table => Voice::News,
        Command::Check(check) if check.quiet => Voice::Quiet,
        // Its receivers fail on purpose; the story tells it better than the log.
        Command::Demo(_) => Voice::Quiet,
        _ => Voice::Command,
    };
    let way = Way::of(cli.global.log_format, &environment);
    telemetry::start(cli.global.log_level, voice, way, cli.global.color);
    os_limits::raise_descriptor_limit();
    let is_plugin = matches!(&cli.command, Command::Check(check) if check.format == Format::Nagios);
    let result = match runtime(&cli.command) {
        Ok(runtime) => {
            let result = runtime.block_on(dispatch(cli, signals));
            // Whatever a deadline left behind ends with the process; to drop it would wait for a name that nobody resolves.
            std::mem::forget(runtime);
            result
        }
        // A monitor looks for the reason on stdout.
        Err(error) if is_plugin => output::fail_as_plugin(&error).map(|()| FAILED),
        Err(error) => Err(error),
    };
    let status = result.unwrap_or_else(|error| {
        match way {
            // Lines of stderr are no errors to the journal.
            Way::Journal => output::reasons(&error).iter().for_each(|reason| tracing::error!("{reason}")),
            Way::Stderr(_) => output::complain(&error),
        }
        FAILED
    });
    telemetry::finish();
    ExitCode::from(status)
}

/// The runtime for `command`.
///
/// # Errors
/// When the system refuses the threads that the command needs.
fn runtime(command: &Command) -> anyhow::Result<Runtime> {
    let needs_threads = !matches!(
        command,
        Command::Completions(_) | Command::Man(_) | Command::Schedule(_) | Command::Webhook(_)
    );
    os_limits::probe_descriptors()
        .context("cannot open the files that it needs: raise the limit of open files (ulimit -n, LimitNOFILE= of the unit)")?;
    if needs_threads {
        os_limits::probe_threads().context(
            "cannot start the threads that it needs: raise the limit of processes (ulimit -u, TasksMax= of the unit, pids limit of \
             the container) or of memory",
        )?;
    }
    // One thread: there is little to do but to wait for others, and threads that hand work to and fro cost more than the work.
    // A deadline needs more: it is kept also while something blocks.
    let is_timed = matches!(command, Command::Check(check) if check.timeout.is_some());
    let mut builder = if is_timed { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    let runtime = builder.worker_threads(2).enable_all().build().context("cannot start")?;
    if needs_threads {
        // tokio panics where its first thread for blocking work cannot be started, and queues the work where another one
        // cannot: with this one it never panics. It ends with the process.
        drop(runtime.spawn_blocking(|| {
            loop {
                std::thread::park();
            }
        }));
    }
    Ok(runtime)
}

/// Says that an answer of the command line itself could not be printed, and gives the exit status.
pub fn unprinted(error: &io::Error) -> ExitCode {
    output::note(&format!("minimax-watch: cannot write the result to stdout: {error}"));
    ExitCode::from(FAILED)
}

async fn dispatch(cli: Cli, signals: Option<HeldSignals>) -> anyhow::Result<u8> {
    let Cli { global, command } = cli;
    if !matches!(command, Command::Completions(_) | Command::Man(_)) {
        clock::check()?;
    }
    match command {
        Command::Run => run::run(&global, signals.unwrap_or_else(HeldSignals::hold)).await,
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
