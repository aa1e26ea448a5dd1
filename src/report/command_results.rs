//! What commands print with `--json` that act, or that examine files, and have no other report.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::account::{AccountRef, ReceiverName};
use crate::domain::message::MessageId;
use crate::domain::time::{Timestamp, seconds};

/// The result of `backup`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BackupReport {
    /// The time of the copy's content.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The file that was written.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Accounts in it.
    pub accounts: u64,
}

/// The result of `resend`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ResendReport {
    /// When the messages were put into the outbox.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The messages, in the order in which they are sent.
    pub messages: Vec<ResentMessage>,
}

/// One message that is sent again.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ResentMessage {
    /// The id under which it is sent now.
    pub id: MessageId,
    /// The id under which it was sent before: the same, if it had failed permanently or `--same-id` was given.
    pub resend_of: MessageId,
    /// The receiver.
    pub receiver: ReceiverName,
    /// Its summary in one line.
    pub summary: String,
}

/// The result of `notify test`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TestReport {
    /// When the messages were made.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// Whether every receiver took its message.
    pub ok: bool,
    /// One for each receiver, in the configuration's order.
    pub receivers: Vec<ReceiverTest>,
}

/// The test message of one receiver.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReceiverTest {
    /// The operator's name for the receiver.
    pub name: ReceiverName,
    /// What became of the message.
    pub result: TestResult,
    /// Why it was not delivered.
    pub error: Option<String>,
}

/// The result of `init`, when it wrote the files.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct InitReport {
    /// When it was run.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The configuration file that was written.
    pub file: String,
    /// The secret files that were written beside it.
    pub secret_files: Vec<String>,
    /// The accounts that the configuration names.
    pub accounts: Vec<AccountRef>,
    /// Whether every account that the API lists is watched too.
    pub discover: bool,
    /// The receivers.
    pub receivers: Vec<InitReceiver>,
    /// What works but is probably unintended, each with the next step.
    pub warnings: Vec<String>,
}

/// A receiver in a configuration that `init` wrote.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct InitReceiver {
    /// Its name.
    pub name: ReceiverName,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Whether it took the test message; `null` when none was sent.
    pub tested: Option<TestResult>,
}

/// What became of a test message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestResult {
    /// The receiver took it.
    Delivered,
    /// It failed; an alert would be retried.
    Failed,
    /// The receiver refused it.
    Refused,
}

/// The result of `webhook verify`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Verification {
    /// The header `webhook-id`.
    pub id: String,
    /// Whether the signature is valid and recent enough.
    pub valid: bool,
    /// When the delivery was signed, if it is valid.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub signed_at: Option<Timestamp>,
    /// Why it is not valid.
    pub reason: Option<String>,
}

/// The result of `config check`, when the configuration is valid.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConfigReport {
    /// When it was checked.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The configuration file; `null` without one, when the environment alone is checked.
    pub file: Option<String>,
    /// How many subscriptions it has.
    pub subscriptions: usize,
    /// How many accounts it names.
    pub accounts: usize,
    /// How many subscriptions also watch every account that the API lists.
    pub discovering: usize,
    /// How many receivers it has.
    pub receivers: usize,
    /// The next run of the schedule.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub next_run: Option<Timestamp>,
    /// What works but is probably unintended, each with the next step.
    pub warnings: Vec<String>,
}

/// The result of `config show`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EffectiveConfig {
    /// The configuration with the keys of its file and with every default; secrets are hidden.
    pub configuration: serde_json::Map<String, serde_json::Value>,
}

/// The result of `completions` and `man`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GeneratedFiles {
    /// The files.
    pub files: Vec<GeneratedFile>,
}

/// One file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GeneratedFile {
    /// Its usual name, such as `minimax-watch-silence-add.1`; of a completion script, the shell.
    pub name: String,
    /// Its text.
    pub text: String,
}
