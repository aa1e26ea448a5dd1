//! `init`: writes a first configuration and its secret files.
//!
//! Guarantees: the API token was accepted and the test message was taken before anything is written; all files are written or none, and
//! no file that exists is changed; a signal or an error leaves nothing. Without a terminal, or with `--no-input`, nothing is asked.
//!
//! Leaves which variables give a receiver, and what a valid configuration is, to `config`.

mod accounts;
mod description;
mod dialogue;
mod draft;
mod hidden_input;
mod receiver_keys;
mod receivers;
mod secret_files;
mod staged;
mod steps;
mod stop;
mod target;
mod token;

use anyhow::Context;

use self::dialogue::Dialogue;
use self::steps::Steps;
use self::stop::StopSignals;
use self::target::Target;
use crate::cli::{GlobalOptions, InitArgs};
use crate::config::Environment;
use crate::{clock, output, setup};

pub(super) async fn run(global: &GlobalOptions, options: &InitArgs) -> anyhow::Result<()> {
    let environment = Environment::from_process();
    let target = Target::new(global.config.as_deref(), &environment)?;
    let dialogue = if options.no_input { None } else { Dialogue::in_terminal() };
    let asks = dialogue.is_some();
    let mut stop = StopSignals::listen().context("cannot listen to signals")?;
    let steps = Steps { options, environment: &environment, target: &target, dialogue, now: clock::now() };
    let report = tokio::select! {
        biased;
        () = stop.next() => {
            if asks {
                // The cursor is behind a question.
                output::note("");
            }
            anyhow::bail!("stopped; nothing was changed");
        }
        report = steps.run() => report?,
    };
    if asks {
        output::note("");
    }
    setup::warn(&report.warnings);
    output::answer(&report, global.json, |report| description::render(report, &target, &environment))
        .context("the files were written, but not this report")
}
