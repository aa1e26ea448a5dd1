//! The command line: clap types, their help texts, and the pages that are made of them.
//!
//! Every `--help` page fits a terminal of 80 columns and shows an example. The main page explains the options of all commands;
//! the pages of sub-commands name them in one line.

mod alerts;
mod backup;
mod check;
mod command_line;
mod config;
mod generate;
mod global;
mod history;
mod init;
mod packages;
mod silence;
mod usable;
mod webhook;

pub use alerts::{AckArgs, AlertsArgs, DeliveriesArgs, ExplainArgs, ResendArgs, SimulateArgs};
pub use backup::BackupArgs;
pub use check::{CheckArgs, Format};
pub use command_line::{Cli, Command, DemoArgs, NotifyCommand, ScheduleArgs, StatusArgs, parse};
pub use config::{ConfigCheckArgs, ConfigCommand};
pub use generate::{completion_script, man_pages};
pub use global::{ColorChoice, GlobalOptions, LogFormat, LogLevel};
pub use history::{DiffArgs, HistoryArgs};
pub use init::InitArgs;
pub use packages::{CompletionsArgs, ManArgs};
pub use silence::{SilenceAddArgs, SilenceCommand, SilenceListArgs};
pub use usable::UsableArgs;
pub use webhook::{VerifyArgs, WebhookCommand};
