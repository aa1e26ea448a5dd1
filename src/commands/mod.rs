//! One file per command: each builds what it needs and calls the steps. Results go to stdout, everything else to stderr.
//!
//! Leaves rules to `domain` and `report`, and printing to `output`.

mod ack;
mod alerts;
mod backup;
mod check;
mod config;
mod deadline;
mod exit_status;
mod explain;
mod health;
mod history;
mod init;
mod names;
mod notify;
mod packages;
mod probe;
mod resend;
mod run;
mod schedule;
mod silence;
mod simulate;
mod status;
mod summary;
mod usable;
mod webhook;

use std::io;
use std::process::ExitCode;

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Cli, Command, Format};
use crate::clock;
use crate::config::Environment;
use crate::daemon::HeldSignals;
use crate::telemetry::{DefaultVerbosity, LogTarget};
use crate::{demo, os_limits, output, telemetry};

pub use exit_status::FAILED;

/// Runs one command and returns its exit status. An error is printed once, here.
pub fn main(mut cli: Cli, signals: HeldSignals) -> ExitCode {
    let environment = Environment::from_process();
    cli.global.color = cli.global.color.resolve(environment.variable("NO_COLOR"));
    if let (Command::Check(check), true) = (&mut cli.command, cli.global.json) {
        check.format = Format::Json;
    }
    // Only the service handles signals; from here on they end every other command.
    let signals = if matches!(&cli.command, Command::Run) {
        Some(signals)
    } else {
        signals.release();
        None
    };
    let verbosity = match &cli.command {
        Command::Run => DefaultVerbosity::Service,
        Command::Check(check) if check.quiet && check.format == Format::Table => DefaultVerbosity::News,
        Command::Check(check) if check.quiet => DefaultVerbosity::Quiet,
        // The demo's receivers fail on purpose, and its output reports it.
        Command::Demo(_) => DefaultVerbosity::Quiet,
        _ => DefaultVerbosity::Command,
    };
    let log_target = LogTarget::new(cli.global.log_format, &environment);
    telemetry::start(cli.global.log_level, verbosity, log_target, cli.global.color);
    os_limits::raise_descriptor_limit();
    let is_plugin = matches!(&cli.command, Command::Check(check) if check.format == Format::Nagios);
    let result = match runtime(&cli.command) {
        Ok(runtime) => {
            let result = runtime.block_on(dispatch(cli, signals));
            // Work that a deadline left behind ends with the process; dropping the runtime would wait for a DNS lookup under way.
            std::mem::forget(runtime);
            result
        }
        // Monitors read the reason from stdout.
        Err(error) if is_plugin => output::print_plugin_error(&error).map(|()| FAILED),
        Err(error) => Err(error),
    };
    let status = result.unwrap_or_else(|error| {
        match log_target {
            // The journal does not record lines of stderr as errors.
            LogTarget::Journal => {
                for reason in output::reasons(&error) {
                    tracing::error!("{reason}");
                }
            }
            LogTarget::Stderr(_) => output::print_error(&error),
        }
        FAILED
    });
    telemetry::finish();
    ExitCode::from(status)
}

/// Starts the runtime for `command`.
///
/// # Errors
/// When the system refuses the files or threads that the command needs.
fn runtime(command: &Command) -> anyhow::Result<Runtime> {
    let needs_threads = !matches!(
        command,
        Command::Completions(_) | Command::Man(_) | Command::Schedule(_) | Command::Webhook(_)
    );
    os_limits::probe_descriptors()
        .context("cannot open the files that the command needs: raise the limit of open files (ulimit -n, LimitNOFILE= of the unit)")?;
    if needs_threads {
        os_limits::probe_threads().context(
            "cannot start the threads that the command needs: raise the limit of processes (ulimit -u, TasksMax= of the unit, pids limit of \
             the container) or of memory",
        )?;
    }
    // One thread: most of the time is spent waiting, and passing work between threads costs more than the work. A deadline needs a
    // second one, because it must be kept while the first one blocks.
    let is_timed = matches!(command, Command::Check(check) if check.timeout.is_some());
    let mut builder = if is_timed { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    let runtime = builder.worker_threads(2).enable_all().build().context("cannot start the runtime")?;
    if needs_threads {
        // tokio panics if its first thread for blocking work cannot be started, but queues the work if a later one cannot. This
        // one prevents the panic; it ends with the process.
        drop(runtime.spawn_blocking(|| {
            loop {
                std::thread::park();
            }
        }));
    }
    Ok(runtime)
}

/// Reports that help or the version could not be printed, and returns the exit status.
pub fn report_write_error(error: &io::Error) -> ExitCode {
    output::note(&format!("minimax-watch: cannot write the result to stdout: {error}"));
    ExitCode::from(FAILED)
}

async fn dispatch(cli: Cli, signals: Option<HeldSignals>) -> anyhow::Result<u8> {
    let Cli { global, command } = cli;
    if !matches!(command, Command::Completions(_) | Command::Man(_)) {
        clock::check()?;
    }
    match command {
        Command::Run if global.json => {
            anyhow::bail!("`run` prints no result; --log-format json writes the log as JSON")
        }
        Command::Demo(_) if global.json => {
            anyhow::bail!("`demo` prints no JSON; `status --json` shows the store that it leaves")
        }
        Command::Init(options) => init::run(&global, &options).await?,
        Command::Run => return run::run(&global, signals.unwrap_or_else(HeldSignals::hold)).await,
        Command::Check(options) => return check::run(&global, &options).await,
        Command::Status(options) => return status::run(&global, &options).await,
        Command::Usable(options) => return usable::run(&global, &options).await,
        Command::Health => return health::run(&global).await,
        Command::Notify(command) => return notify::run(&global, &command).await,
        Command::Webhook(command) => return webhook::run(&global, &command),
        Command::Config(command) => return config::run(&global, &command).await,
        Command::Demo(options) if !demo::run(options.folder.as_deref(), options.serve).await? => {
            return Ok(FAILED);
        }
        Command::Demo(_) => {}
        Command::Alerts(options) => alerts::alerts(&global, &options).await?,
        Command::Deliveries(options) => alerts::deliveries(&global, &options).await?,
        Command::Ack(options) => ack::run(&global, &options).await?,
        Command::Resend(options) => resend::run(&global, &options).await?,
        Command::History(options) => history::history(&global, &options).await?,
        Command::Diff(options) => history::diff(&global, &options).await?,
        Command::Explain(options) => explain::run(&global, &options).await?,
        Command::Simulate(options) => simulate::run(&global, &options).await?,
        Command::Silence(command) => silence::run(&global, &command).await?,
        Command::Schedule(options) => schedule::run(&global, &options)?,
        Command::Backup(options) => backup::run(&global, &options).await?,
        Command::Completions(options) => packages::completions(&global, &options)?,
        Command::Man(options) => packages::man(&global, &options)?,
    }
    Ok(0)
}
