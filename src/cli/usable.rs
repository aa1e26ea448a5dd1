//! Arguments of `usable`.

use chrono::TimeDelta;
use clap::Args;

use crate::domain::duration::{self, DurationError};
use crate::domain::usable::NeededFlag;

/// Arguments of `usable`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
An account is usable when its last conclusive check was ok and is younger than
[alerts].unreachable_after plus one interval of the schedule, its token does not
expire within --for, the needed flags are true, and no critical alert about it
or its subscription is open (except expiry, which --for judges), nor one about
failing jobs or missing credits. An expiry that is unknown does not speak
against it. Best first: no warning, then the latest expiry, then more jobs;
last those on trial, whose jobs failed and that had none for a while.

Exit status: 0 if an account is usable, 2 if none is, 3 if no account has a
conclusive check, or the command failed

Examples:
  minimax-watch usable
  minimax-watch usable --needs video,audio --for 2h --json")]
pub struct UsableArgs {
    /// Capabilities that must be true, such as video,audio: names of the vendor's `support…` flags, with or without `support`
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = NeededFlag::parse)]
    pub needs: Vec<NeededFlag>,
    /// How long the token must stay valid, such as 2h
    #[arg(long = "for", value_name = "LENGTH", default_value = "0s", value_parser = parse_length)]
    pub valid_for: TimeDelta,
}

fn parse_length(typed: &str) -> Result<TimeDelta, DurationError> {
    duration::parse(typed)
}
