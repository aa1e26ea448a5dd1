//! From when the next digest counts, and what was not delivered.

use serde_json::json;

use super::*;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::digest::DigestRecord;
use crate::domain::message::FailedMessage;
use crate::store::NewMessage;

fn record(receiver: &str, seconds: i64) -> DigestRecord {
    DigestRecord {
        receiver: super::receiver(receiver),
        schedule: "0 8 * * 1 UTC".to_owned(),
        waits_since: at(seconds),
        reported_until: at(seconds - 1),
        last_change: seconds,
    }
}

#[tokio::test]
async fn each_receiver_has_one_record_which_the_next_one_replaces() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    for record in [record("pager", 1), record("desk", 2), record("pager", 3)] {
        writer.save_digest(&record).await.unwrap();
    }
    assert_eq!(writer.digests().await.unwrap(), [record("desk", 2), record("pager", 3)]);
    writer.remove_digests(&[&receiver("desk"), &receiver("nobody")]).await.unwrap();
    assert_eq!(writer.digests().await.unwrap(), [record("pager", 3)]);
}

async fn enqueue(writer: &mut Writer, id: &str) -> MessageId {
    let message = NewMessage {
        id: MessageId::new(id),
        receiver: receiver("pager"),
        channel: "webhook",
        format: "standard",
        body: None,
        content: content(id),
    };
    writer.enqueue(&message, at(0)).await.unwrap();
    message.id
}

async fn undelivered(writer: &mut Writer, since: Timestamp) -> Vec<(String, String, Option<Timestamp>)> {
    let mut found = Vec::new();
    let take = |FailedMessage { message, error, next_attempt_at, .. }| {
        found.push((message.to_string(), error, next_attempt_at));
    };
    writer.each_undelivered(since, take).await.unwrap();
    found
}

#[tokio::test]
async fn undelivered_are_messages_that_failed_since_then_and_pending_ones_that_were_tried() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let [early, late, retried, cut_off, delivered, untried] =
        ["early", "late", "retried", "cut-off", "delivered", "untried"];
    for id in [early, late, retried, cut_off, delivered] {
        let id = enqueue(&mut writer, id).await;
        writer.begin_attempt(&id).await.unwrap();
    }
    // One attempt may be in progress; two were not, since each ends before the next one begins.
    writer.begin_attempt(&MessageId::new(cut_off)).await.unwrap();
    let in_progress = enqueue(&mut writer, "in progress").await;
    writer.begin_attempt(&in_progress).await.unwrap();
    enqueue(&mut writer, untried).await;
    writer.mark_failed(&MessageId::new(early), "410", at(9)).await.unwrap();
    writer.mark_failed(&MessageId::new(late), "410", at(10)).await.unwrap();
    writer.schedule_retry(&MessageId::new(retried), "503", at(60)).await.unwrap();
    writer.mark_delivered(&MessageId::new(delivered), at(10)).await.unwrap();
    let row = |id: &str, error: &str, next| (id.to_owned(), error.to_owned(), next);
    assert_eq!(
        undelivered(&mut writer, at(10)).await,
        [
            row(late, "410", None),
            row(retried, "503", Some(at(60))),
            row(cut_off, "an attempt was cut off", Some(at(0))),
        ]
    );
}

#[tokio::test]
async fn changes_since_a_number_come_with_names_and_numbers_are_never_used_again() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.watch(&[named("1", "studio-a")]).await.unwrap();
    let change = |before: i64| Change {
        account: account("1"),
        kind: ChangeKind::MaxJobsChanged,
        severity: Severity::Info,
        field: "maxJobs".to_owned(),
        before: json!(before),
        after: json!(1),
        at: at(0),
    };
    writer.record_changes(&[change(1), change(2)]).await.unwrap();
    let last = writer.last_change_id().await.unwrap();
    writer.mark_changes_processed(&[last - 1, last]).await.unwrap();
    assert_eq!(writer.purge(at(1)).await.unwrap().rows, 2);
    writer.record_changes(&[change(3)]).await.unwrap();
    let mut found = Vec::new();
    writer
        .each_change_after(last, |stored, name| found.push((stored.change.before, name.to_owned())))
        .await
        .unwrap();
    assert_eq!(found, [(json!(3), "studio-a".to_owned())]);
}
