//! Writes the digests that are due, in the transaction of the evaluation: a digest and the record of it are committed together.

use std::collections::BTreeMap;

use super::plan::enqueue;
use crate::config::Receiver;
use crate::domain::account::ReceiverName;
use crate::domain::alerts::FiringAlerts;
use crate::domain::digest::{self, DigestDecision, DigestDraft, DigestRecord, schedule_text};
use crate::domain::message::Content;
use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;
use crate::engine::Engine;
use crate::store::{StoreError, Writer};

/// Which of the digests that are due are sent now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DigestTiming {
    /// All of them.
    Now,
    /// Those that need not wait for the run that is about to begin.
    BeforeRun,
    /// None: a run is unfinished, and half of it would be shown. The evaluation at its end sends them.
    DuringRun,
}

/// What was written.
#[derive(Default)]
pub(super) struct WrittenDigests {
    /// How many digests were put into the outbox.
    pub(super) messages: usize,
    /// When the next one is due.
    pub(super) next: Option<Timestamp>,
}

/// A digest that is sent now.
struct DueDigest<'a> {
    receiver: &'a Receiver,
    record: DigestRecord,
}

impl Engine {
    /// Writes the digests that are due, and begins to count for schedules that are new.
    pub(super) async fn write_digests(
        &self,
        writer: &mut Writer,
        timing: DigestTiming,
        now: Timestamp,
    ) -> Result<WrittenDigests, StoreError> {
        let mut written = WrittenDigests::default();
        let mut stored: BTreeMap<ReceiverName, DigestRecord> =
            writer.digests().await?.into_iter().map(|record| (record.receiver.clone(), record)).collect();
        let mut due = Vec::new();
        for receiver in &self.config.receivers {
            let Some(schedule) = &receiver.digest else { continue };
            written.next = [written.next, schedule.next_after(now)].into_iter().flatten().min();
            let record = stored.remove(&receiver.name);
            match (digest::decide(schedule, record.as_ref(), now), record) {
                (DigestDecision::Begin, earlier) => {
                    let record = begin(writer, receiver, schedule, earlier, now).await?;
                    writer.save_digest(&record).await?;
                }
                (DigestDecision::Due(since), Some(record)) => {
                    // A digest is of severity info, which quiet hours hold back.
                    let quiet_until = receiver.quiet_hours.as_ref().and_then(|hours| hours.until(now));
                    if quiet_until.is_some() {
                        written.next = [written.next, quiet_until].into_iter().flatten().min();
                    } else if self.is_sent(timing, since).await? {
                        due.push(DueDigest { receiver, record });
                    }
                }
                (DigestDecision::Due(_) | DigestDecision::NotDue, _) => {}
            }
        }
        if !stored.is_empty() {
            writer.remove_digests(&stored.keys().collect::<Vec<_>>()).await?;
        }
        if !due.is_empty() {
            written.messages = due.len();
            self.send_digests(writer, due, now).await?;
        }
        Ok(written)
    }

    async fn is_sent(&self, timing: DigestTiming, due: Timestamp) -> Result<bool, StoreError> {
        Ok(match timing {
            DigestTiming::Now => true,
            DigestTiming::BeforeRun => {
                let last_run = self.store.last_run().await?.map(|run| run.started_at);
                !digest::awaits_run(due, last_run)
            }
            DigestTiming::DuringRun => false,
        })
    }

    async fn send_digests(
        &self,
        writer: &mut Writer,
        due: Vec<DueDigest<'_>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let policy = &self.config.policy();
        let alerts = writer.unclosed_alerts().await?;
        let firing = FiringAlerts::new(&alerts);
        let mut drafts: Vec<DigestDraft<'_>> = due
            .iter()
            .map(|due| DigestDraft::new(&due.receiver.route.accounts, policy, due.record.reported_until, now))
            .collect();
        writer
            .each_watched(|record| {
                let open = firing.concerning(&record.account);
                for draft in &mut drafts {
                    draft.add_account(&record, &open);
                }
            })
            .await?;
        let last_change = writer.last_change_id().await?;
        for (DueDigest { receiver, mut record }, mut draft) in due.into_iter().zip(drafts) {
            writer
                .each_change_after(record.last_change, |stored, name| draft.add_change(&stored.change, name))
                .await?;
            writer.each_undelivered(record.reported_until, |failed| draft.add_failed(failed)).await?;
            let content = Content { message: draft.into_message(&receiver.name), thread: Vec::new() };
            let id = enqueue(writer, receiver, content, now).await?;
            record.waits_since = now;
            record.reported_until = now;
            record.last_change = last_change.max(record.last_change);
            writer.save_digest(&record).await?;
            tracing::debug!(receiver = %receiver.name, msg.id = %id, "digest for {} queued ({id})", receiver.name);
        }
        Ok(())
    }
}

/// The record of a receiver whose schedule is new. What was not reported under the one before stays to be reported.
async fn begin(
    writer: &mut Writer,
    receiver: &Receiver,
    schedule: &Schedule,
    earlier: Option<DigestRecord>,
    now: Timestamp,
) -> Result<DigestRecord, StoreError> {
    let (reported_until, last_change) = match earlier {
        Some(earlier) => (earlier.reported_until.min(now), earlier.last_change),
        None => (now, writer.last_change_id().await?),
    };
    Ok(DigestRecord {
        receiver: receiver.name.clone(),
        schedule: schedule_text(schedule),
        waits_since: now,
        reported_until,
        last_change,
    })
}
