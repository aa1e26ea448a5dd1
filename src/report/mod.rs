//! The answers to an operator's questions as plain data: the terminal and `--json` show the same.
//!
//! Guarantees: every JSON that a command prints is one of these types, described by a schema that is generated from it
//! (`docs/schemas`), and so is what the HTTP listener serves. Leaves tables and colours to `output`.

mod account_details;
mod account_report;
mod alerts;
mod command_results;
mod credits;
mod current_alerts;
mod deliveries;
mod explanation;
mod failed_readings;
mod health;
mod history;
mod job_counts;
mod metrics;
mod news;
mod plan;
mod probe;
mod schedule;
mod shared_capabilities;
mod silences;
mod simulation;
mod status;
mod trials;
mod usable;
mod vendor_snapshot;

pub use account_details::AccountDetails;
pub use account_report::{AccountReport, Expiries, ExpiryReport, ListReport};
pub use alerts::{AlertReport, Alerts};
pub use command_results::{
    BackupReport, ConfigReport, EffectiveConfig, GeneratedFile, GeneratedFiles, InitReceiver, InitReport,
    ReceiverTest, ResendReport, ResentMessage, TestReport, TestResult, Verification,
};
pub use credits::{CreditsOfDay, CreditsReport};
pub use current_alerts::CurrentAlerts;
pub use deliveries::Deliveries;
pub use explanation::{
    DecisionKind, ExpiryExplanation, Explanation, NextReport, NotNotified, ReceiverDecision, RuleAlert,
    RuleReport, StageNotified, StageReport, StateReport,
};
pub use failed_readings::{FailedReadingReport, ReadingKind};
pub use health::Health;
pub use history::{
    AccountIdentity, AccountSeries, Certainty, ConfigurationAt, ConfigurationState, Diff, Difference,
    History, SnapshotReport, split_at_time,
};
pub use job_counts::{JobCodeReport, JobDay, UnassignedJobsReport, codes_sentence};
pub use metrics::{AccountMetrics, Metrics};
pub use news::{Before, News};
pub use plan::{PlanReport, ServiceReport};
pub use probe::{Probe, ReceiverProbe, SubscriptionProbe};
pub use schedule::{RunTime, ScheduleReport};
pub use silences::{SilenceReport, Silences};
pub use simulation::{SimulatedAlert, SimulatedMessage, Simulation};
pub use status::Report;
pub use usable::{AccountOffer, UnusableAccount, UsableAccounts, UsableQuery};
pub use vendor_snapshot::{VendorConfiguration, VendorSnapshot, VendorSnapshots};
