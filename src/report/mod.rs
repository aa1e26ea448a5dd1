//! The answers to an operator's questions, from the store alone (but for `probe`): plain data that the terminal,
//! `--json` and later the HTTP interface show.
//!
//! Promises: every JSON that a command prints is one of these types, described by a schema that is made from it
//! (`docs/schemas`). Leaves tables and colours to `output`.

mod alerts;
mod deliveries;
mod explanation;
mod history;
mod news;
mod probe;
mod schedule;
mod schema;
mod silences;
mod simulation;
mod status;

pub use alerts::{AckReport, AlertReport, Alerts, ToldReport};
pub use deliveries::{Deliveries, DeliveryReport};
pub use explanation::{
    EndReport, Explanation, KnownReport, NextReport, NotTold, RuleAlert, RuleReport, RungReport, RungTold,
    WordReport, WordResult,
};
pub use history::{Certainty, ConfigurationAt, Diff, Difference, History, SnapshotReport, Standpoint, Whose};
pub use news::{Before, News};
pub use probe::{MissingAccount, Probe, ReceiverProbe, SubscriptionProbe};
pub use schedule::{RunTime, ScheduleReport};
pub use schema::{SCHEMAS, Schema};
pub use silences::{SilenceReport, Silences};
pub use simulation::{SimulatedAlert, SimulatedMessage, Simulation};
pub use status::{AccountReport, Expiries, ExpiryReport, LastRun, ListReport, Outbox, Report};
