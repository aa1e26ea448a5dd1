//! `notify test`: sends a marked message as alerts are sent, and reports each result.

use crate::cli::{GlobalOptions, NotifyCommand};
use crate::clock;
use crate::config::Receiver;
use crate::domain::alerts::Severity;
use crate::domain::message::{Message, MessageData, MessageId, MessageType};
use crate::domain::summary;
use crate::domain::time::Timestamp;
use crate::notify::{self, Attempt, Sender};
use crate::report::{ReceiverTest, TestReport, TestResult};
use crate::{output, setup};

use super::exit_status::FAILED;
use super::names::unknown;

pub(super) async fn run(global: &GlobalOptions, command: &NotifyCommand) -> anyhow::Result<u8> {
    let NotifyCommand::Test { receivers: names } = command;
    let receivers = setup::load(global, &[])?.receivers;
    let has_name = |receiver: &Receiver, name: &String| receiver.name.as_str() == name;
    if let Some(name) = names.iter().find(|name| !receivers.iter().any(|receiver| has_name(receiver, name))) {
        let known = receivers.iter().map(|receiver| receiver.name.as_str());
        return Err(unknown("receiver", name, "configured", known));
    }
    anyhow::ensure!(!receivers.is_empty(), "no receivers are configured; add a [[receivers]] to be notified");
    let chosen = receivers
        .iter()
        .filter(|receiver| names.is_empty() || names.iter().any(|name| has_name(receiver, name)));
    let now = clock::now();
    let tests = send_tests(chosen, now).await?;
    let ok = tests.iter().all(|test| test.error.is_none());
    let report = TestReport { generated_at: now, ok, receivers: tests };
    output::answer(&report, global.json, describe)?;
    Ok(if ok { 0 } else { FAILED })
}

fn describe(report: &TestReport) -> String {
    let line = |test: &ReceiverTest| {
        let result = match test.result {
            TestResult::Delivered => "delivered",
            TestResult::Failed => "failed (an alert would be retried)",
            TestResult::Refused => "refused",
        };
        let error = test.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        format!("{}: {result}{error}\n", test.name)
    };
    report.receivers.iter().map(line).collect()
}

/// Sends a marked message to each of `receivers`, all at the same time.
pub(super) async fn send_tests<'r>(
    receivers: impl IntoIterator<Item = &'r Receiver>,
    now: Timestamp,
) -> anyhow::Result<Vec<ReceiverTest>> {
    let sender = Sender::quoting_responses();
    let tests = receivers.into_iter().map(|receiver| test(&sender, receiver, now));
    futures_util::future::try_join_all(tests).await
}

async fn test(sender: &Sender, receiver: &Receiver, now: Timestamp) -> anyhow::Result<ReceiverTest> {
    let message = Message {
        kind: MessageType::Test,
        timestamp: now,
        data: MessageData {
            receiver: receiver.name.clone(),
            severity: Severity::Info,
            summary: summary::TEST.to_owned(),
            alerts: Vec::new(),
            changes: Vec::new(),
            truncated: 0,
            silenced: 0,
            digest: None,
        },
    };
    let id = MessageId::new(format!("msg_{}", ulid::Ulid::from_datetime(now.into())));
    let body = notify::render(&message, &id, receiver, &[])?;
    let (result, error) = match sender.send(receiver, &id, &body, &[], &clock::system()).await.attempt {
        Attempt::Delivered => (TestResult::Delivered, None),
        Attempt::Deferred { error, .. } => (TestResult::Failed, Some(error)),
        Attempt::Refused { error, .. } | Attempt::Final { error } => (TestResult::Refused, Some(error)),
    };
    Ok(ReceiverTest { name: receiver.name.clone(), result, error })
}
