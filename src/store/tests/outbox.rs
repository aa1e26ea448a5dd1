use chrono::TimeDelta;

use super::super::{NewMessage, OutboxCounts, PendingMessage};
use super::{Home, at, receiver};
use crate::domain::alerts::ReceiverHealth;
use crate::domain::backoff::RetryWindow;
use crate::domain::message::MessageId;

/// State, attempts, last error, next attempt, end.
type Row = (String, i64, String, Option<i64>, i64);

fn message(id: &str, to: &str) -> NewMessage {
    NewMessage {
        id: MessageId::new(id),
        receiver: receiver(to),
        channel: "webhook",
        format: "standard",
        body: Some(vec![0, 159, 146, 150, b'\n']),
        content: super::content(&format!("summary of {id}")),
    }
}

/// Of a message that was written at the beginning and never tried.
fn retry_window() -> RetryWindow {
    RetryWindow { since: at(0), waited: TimeDelta::zero() }
}

async fn enqueue(home: &Home, id: &str, to: &str, seconds: i64) {
    let mut writer = home.write().await;
    writer.enqueue(&message(id, to), at(seconds)).await.unwrap();
    writer.commit().await.unwrap();
}

async fn next(home: &Home, to: &str) -> Option<String> {
    home.store.next_message(&receiver(to)).await.unwrap().map(|message| message.id.to_string())
}

#[tokio::test]
async fn message_reads_back_unchanged_and_is_due_at_once() {
    let home = Home::new().await;
    enqueue(&home, "m1", "pager", 0).await;
    let expected = PendingMessage {
        accepted_by: Vec::new(),
        id: MessageId::new("m1"),
        sent_id: MessageId::new("m1"),
        channel: "webhook".to_owned(),
        format: "standard".to_owned(),
        body: Some(vec![0, 159, 146, 150, b'\n']),
        earlier_attempts: 0,
        attempts: 0,
        refusals: 0,
        retry_window: retry_window(),
        next_attempt_at: at(0),
    };
    assert_eq!(home.store.next_message(&receiver("pager")).await.unwrap(), Some(expected));
    assert_eq!(home.store.next_message(&receiver("mail")).await.unwrap(), None);
}

#[tokio::test]
async fn messages_keep_their_order_within_a_receiver_and_receivers_are_independent() {
    let home = Home::new().await;
    for (id, to, seconds) in [("m1", "pager", 50), ("m2", "mail", 0), ("m3", "pager", 0), ("m4", "mail", 0)] {
        enqueue(&home, id, to, seconds).await;
    }
    let mut writer = home.write().await;
    writer.schedule_retry(&MessageId::new("m1"), "busy", at(300)).await.unwrap();
    writer.mark_delivered(&MessageId::new("m2"), at(1)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(next(&home, "pager").await.as_deref(), Some("m1"), "though m3 could go at once");
    let first = home.store.next_message(&receiver("pager")).await.unwrap().unwrap();
    assert_eq!(first.next_attempt_at, at(300));
    assert_eq!(next(&home, "mail").await.as_deref(), Some("m4"));
    let waiting = home.store.pending_messages().await.unwrap();
    let expected = [("pager", "m1"), ("pager", "m3"), ("mail", "m4")];
    assert_eq!(waiting, expected.map(|(to, id)| (receiver(to), format!("summary of {id}"))));
}

#[tokio::test]
async fn attempts_are_counted_and_the_body_stays() {
    let home = Home::new().await;
    enqueue(&home, "m1", "pager", 0).await;
    let before = home.store.next_message(&receiver("pager")).await.unwrap().unwrap();
    for attempts in 1..=3 {
        let mut writer = home.write().await;
        let due = at(100 * i64::from(attempts));
        writer.begin_attempt(&before.id).await.unwrap();
        writer.schedule_retry(&before.id, "503", due).await.unwrap();
        writer.commit().await.unwrap();
        let after = home.store.next_message(&receiver("pager")).await.unwrap().unwrap();
        assert_eq!(after, PendingMessage { attempts, next_attempt_at: due, ..before.clone() });
    }
}

#[tokio::test]
async fn every_pending_message_of_a_receiver_waits_by_the_retry_window_rule() {
    let home = Home::new().await;
    for (id, to, written) in [("m1", "pager", 0), ("m2", "pager", 50), ("other", "mail", 0)] {
        enqueue(&home, id, to, written).await;
    }
    let retry_window = async |to| home.store.next_message(&receiver(to)).await.unwrap().unwrap().retry_window;
    let (mut first, mut second) =
        (retry_window("pager").await, RetryWindow { since: at(50), ..self::retry_window() });
    for seconds in [100, 700, -30 * 86_400, 40, 90 * 86_400, 90 * 86_400 + 5] {
        (first, second) = (first.add_wait(at(seconds)), second.add_wait(at(seconds)));
        let mut writer = home.write().await;
        writer.add_wait(&receiver("pager"), at(seconds)).await.unwrap();
        writer.commit().await.unwrap();
        assert_eq!(retry_window("pager").await, first, "after an attempt at {seconds} s");
    }
    let mut writer = home.write().await;
    writer.mark_delivered(&MessageId::new("m1"), at(0)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(retry_window("pager").await, second, "the message behind has waited as well");
    assert_eq!(retry_window("mail").await, self::retry_window());
}

#[tokio::test]
async fn finished_message_is_not_pending_and_keeps_its_last_error() {
    let home = Home::new().await;
    for id in ["m1", "m2"] {
        enqueue(&home, id, "pager", 0).await;
    }
    let mut writer = home.write().await;
    writer.begin_attempt(&MessageId::new("m1")).await.unwrap();
    writer.schedule_retry(&MessageId::new("m1"), "503", at(5)).await.unwrap();
    writer.begin_attempt(&MessageId::new("m1")).await.unwrap();
    writer.begin_attempt(&MessageId::new("m2")).await.unwrap();
    writer.mark_delivered(&MessageId::new("m1"), at(5)).await.unwrap();
    writer.mark_failed(&MessageId::new("m2"), "410 Gone", at(6)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(next(&home, "pager").await, None);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT state, attempts, last_error, next_attempt_at, finished_at FROM messages ORDER BY seq",
    )
    .fetch_all(&home.store.read)
    .await
    .unwrap();
    let row = |state: &str, attempts, error: &str, finished| {
        (state.to_owned(), attempts, error.to_owned(), None, at(finished).timestamp_millis())
    };
    assert_eq!(rows, [row("delivered", 2, "503", 5), row("failed", 1, "410 Gone", 6)]);
}

#[tokio::test]
async fn outbox_counts_pending_and_recently_failed_messages() {
    let home = Home::new().await;
    assert_eq!(home.store.outbox(at(0)).await.unwrap(), OutboxCounts::default());
    for id in ["m1", "m2", "m3", "m4", "m5"] {
        enqueue(&home, id, "pager", 0).await;
    }
    let mut writer = home.write().await;
    for (id, seconds) in [("m1", 100), ("m2", 101)] {
        writer.mark_failed(&MessageId::new(id), "410", at(seconds)).await.unwrap();
    }
    writer.mark_delivered(&MessageId::new("m3"), at(101)).await.unwrap();
    writer.commit().await.unwrap();
    for (since, failed) in [(0, 2), (100, 2), (101, 1), (102, 0)] {
        let counts = home.store.outbox(at(since)).await.unwrap();
        assert_eq!(counts, OutboxCounts { pending: 2, failed }, "since {since}");
    }
}

#[tokio::test]
async fn message_id_is_used_once() {
    let home = Home::new().await;
    enqueue(&home, "m1", "pager", 0).await;
    assert!(home.write().await.enqueue(&message("m1", "mail"), at(0)).await.is_err());
}

#[tokio::test]
async fn receiver_health_is_its_last_finished_message_and_its_waiting_one() {
    let home = Home::new().await;
    let health = async || home.write().await.health(&receiver("pager")).await.unwrap();
    for id in ["m1", "m2", "m3"] {
        enqueue(&home, id, "pager", 0).await;
    }
    enqueue(&home, "other", "mail", 0).await;
    assert_eq!(health().await, ReceiverHealth::default(), "what was never tried says nothing");
    let mut writer = home.write().await;
    writer.begin_attempt(&MessageId::new("m1")).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(health().await.waiting, Some((at(0), "an attempt was cut off".to_owned())));
    let mut writer = home.write().await;
    writer.schedule_retry(&MessageId::new("m1"), "cannot connect", at(60)).await.unwrap();
    writer.mark_failed(&MessageId::new("other"), "404", at(70)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(health().await.waiting, Some((at(0), "cannot connect".to_owned())));
    let mut writer = home.write().await;
    writer.mark_delivered(&MessageId::new("m1"), at(80)).await.unwrap();
    writer.mark_failed(&MessageId::new("m2"), "410 Gone", at(80)).await.unwrap();
    writer.commit().await.unwrap();
    let refused = ReceiverHealth { refused: Some("410 Gone".to_owned()), ..ReceiverHealth::default() };
    assert_eq!(health().await, refused, "of two at the same moment the later one counts");
    let mut writer = home.write().await;
    writer.mark_delivered(&MessageId::new("m3"), at(90)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(health().await, ReceiverHealth { delivered_at: Some(at(90)), ..ReceiverHealth::default() });
    enqueue(&home, "m5", "pager", 100).await;
    let mut writer = home.write().await;
    writer.mark_failed(&MessageId::new("m5"), "404", at(50)).await.unwrap();
    writer.commit().await.unwrap();
    let refused = ReceiverHealth { refused: Some("404".to_owned()), ..ReceiverHealth::default() };
    assert_eq!(health().await, refused, "what ended last counts, also by a clock that was set back");
}

#[tokio::test]
async fn pending_message_in_another_format_is_rendered_again_with_its_counts_at_zero() {
    let home = Home::new().await;
    for (id, to) in [("m0", "pager"), ("m1", "pager"), ("m2", "pager"), ("other", "desk")] {
        enqueue(&home, id, to, 0).await;
    }
    let first = MessageId::new("m1");
    let mut writer = home.write().await;
    writer.mark_delivered(&MessageId::new("m0"), at(1)).await.unwrap();
    for _ in 0..2 {
        writer.begin_attempt(&first).await.unwrap();
        writer.count_refusal(&first).await.unwrap();
    }
    writer.save_accepted_by(&first, &["ops@example.com".to_owned()]).await.unwrap();
    writer.add_wait(&receiver("pager"), at(70)).await.unwrap();
    writer.schedule_retry(&first, "404", at(1_000)).await.unwrap();
    assert_eq!(writer.change_format(&receiver("pager"), "webhook", "standard", at(100)).await.unwrap(), 0);
    writer.commit().await.unwrap();
    let is_any = async |channel, format| {
        home.store.is_any_in_other_format(&receiver("pager"), channel, format).await.unwrap()
    };
    assert_eq!((is_any("webhook", "standard").await, is_any("webhook", "cloudevents").await), (false, true));
    assert!(is_any("email", "standard").await);

    let mut writer = home.write().await;
    assert_eq!(writer.change_format(&receiver("pager"), "email", "mail", at(100)).await.unwrap(), 2);
    writer.commit().await.unwrap();
    let expected = PendingMessage {
        id: first.clone(),
        sent_id: first.clone(),
        channel: "email".to_owned(),
        format: "mail".to_owned(),
        body: None,
        attempts: 2,
        earlier_attempts: 2,
        refusals: 0,
        retry_window: RetryWindow { since: at(100), waited: TimeDelta::zero() },
        next_attempt_at: at(100),
        accepted_by: Vec::new(),
    };
    assert_eq!(home.store.next_message(&receiver("pager")).await.unwrap(), Some(expected.clone()));
    let other = home.store.next_message(&receiver("desk")).await.unwrap().unwrap();
    assert_eq!((other.channel.as_str(), other.body.is_some()), ("webhook", true));

    assert_eq!(home.store.content(&first).await.unwrap(), Some(super::content("summary of m1")));
    let mut writer = home.write().await;
    writer.save_body(&first, b"mail").await.unwrap();
    writer.commit().await.unwrap();
    let kept = PendingMessage { body: Some(b"mail".to_vec()), ..expected };
    assert_eq!(home.store.next_message(&receiver("pager")).await.unwrap(), Some(kept));
}

#[tokio::test]
async fn unreadable_content_is_none() {
    let home = Home::new().await;
    enqueue(&home, "m1", "pager", 0).await;
    for damaged in ["", "null", "{}", "{", "[[[", "{\"message\": 1}"] {
        let set = sqlx::query("UPDATE messages SET content = ?").bind(damaged);
        set.execute(&home.store.write).await.unwrap();
        assert_eq!(home.store.content(&MessageId::new("m1")).await.unwrap(), None, "{damaged}");
    }
    let set = sqlx::query("UPDATE messages SET content = CAST(x'ff7b00' AS TEXT)");
    set.execute(&home.store.write).await.unwrap();
    assert_eq!(home.store.content(&MessageId::new("m1")).await.unwrap(), None, "not UTF-8");
}
