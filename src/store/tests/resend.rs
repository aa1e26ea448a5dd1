use super::super::{DeliveryState, NewMessage, ResendSource, StoredMessage};
use super::{Home, at, content, days, ending, notification, opened, over, receiver};
use crate::domain::alerts::{AlertId, ReceiverHealth};
use crate::domain::message::{MessageId, Status};

fn message(id: &str) -> NewMessage {
    NewMessage {
        id: MessageId::new(id),
        receiver: receiver("pager"),
        channel: "webhook",
        format: "standard",
        body: Some(id.as_bytes().to_vec()),
        content: content(&format!("summary of {id}")),
    }
}

/// `m1` failed after two attempts, `m2` was delivered, `m3` waits; `m1` notified `pager` of the alert A1, which resolved since.
async fn home() -> Home {
    let home = Home::new().await;
    let mut writer = home.write().await;
    for id in ["m1", "m2", "m3"] {
        writer.enqueue(&message(id), at(0)).await.unwrap();
    }
    let failed = MessageId::new("m1");
    writer.open_alerts(&[opened(&AlertId::new("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    let notified = notification("A1", Status::Firing, Some(days(7)), "pager", "m1");
    writer.insert_notifications([notified]).await.unwrap();
    for _ in 0..2 {
        writer.begin_attempt(&failed).await.unwrap();
        writer.count_refusal(&failed).await.unwrap();
    }
    writer.save_accepted_by(&failed, &["ops@example.com".to_owned()]).await.unwrap();
    writer.add_wait(&receiver("pager"), at(5)).await.unwrap();
    writer.mark_failed(&failed, "410 Gone", at(5)).await.unwrap();
    writer.mark_delivered(&MessageId::new("m2"), at(6)).await.unwrap();
    writer.commit().await.unwrap();
    home
}

async fn messages(home: &Home) -> Vec<StoredMessage> {
    home.store.messages_since(at(-1)).await.unwrap()
}

/// Delivers the receiver's next message, and returns its id in the store and the one that the receiver sees.
async fn deliver_next(home: &Home) -> (String, String) {
    let next = home.store.next_message(&receiver("pager")).await.unwrap().unwrap();
    let mut writer = home.write().await;
    writer.mark_delivered(&next.id, at(500)).await.unwrap();
    writer.commit().await.unwrap();
    (next.id.to_string(), next.sent_id.to_string())
}

#[tokio::test]
async fn failed_message_is_requeued_last_with_its_id_and_body_and_its_counts_at_zero() {
    let home = home().await;
    let mut writer = home.write().await;
    writer.requeue_failed(1, at(400)).await.unwrap();
    writer.commit().await.unwrap();
    let listed = messages(&home).await;
    let states: Vec<_> = listed.iter().map(|message| (message.id.as_str(), message.state)).collect();
    let (delivered, pending) = (DeliveryState::Delivered, DeliveryState::Pending);
    assert_eq!(states, [("m2", delivered), ("m3", pending), ("m1", pending)]);
    assert_eq!((&listed[2].last_error, listed[2].finished_at, listed[2].created_at), (&None, None, at(400)));
    assert_eq!(deliver_next(&home).await.0, "m3", "it comes behind those that wait");
    let next = home.store.next_message(&receiver("pager")).await.unwrap().unwrap();
    assert_eq!((next.id.as_str(), next.sent_id.as_str()), ("m1", "m1"));
    assert_eq!((next.attempts, next.earlier_attempts, next.refusals), (0, 0, 0));
    assert_eq!((next.retry_window.since, next.retry_window.waited.num_seconds()), (at(400), 0));
    assert_eq!((next.body.as_deref(), next.next_attempt_at), (Some(&b"m1"[..]), at(400)));
    assert_eq!(next.accepted_by, ["ops@example.com"], "who has the mail is not sent it again");
    let health = home.write().await.health(&receiver("pager")).await.unwrap();
    assert_eq!(health, ReceiverHealth { delivered_at: Some(at(500)), ..ReceiverHealth::default() });
    let mut writer = home.write().await;
    writer.enqueue(&message("m4"), at(401)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(messages(&home).await.last().unwrap().id.as_str(), "m4", "later messages come behind it");
}

#[tokio::test]
async fn only_a_failed_message_is_requeued() {
    let home = home().await;
    let before = messages(&home).await;
    let mut writer = home.write().await;
    for seq in [2, 3, 99] {
        writer.requeue_failed(seq, at(400)).await.unwrap();
    }
    writer.commit().await.unwrap();
    assert_eq!(messages(&home).await, before);
}

#[tokio::test]
async fn requeued_message_counts_as_a_notification_whose_resolution_is_owed() {
    let home = home().await;
    let count = async || home.write().await.notified(at(1_000)).await.unwrap().len();
    let mut writer = home.write().await;
    sqlx::query("UPDATE messages SET accepted_by = NULL").execute(writer.connection()).await.unwrap();
    writer.resolve_alerts(&[over(&AlertId::new("A1"), "renewed", None)], at(10)).await.unwrap();
    writer.close_notified_alerts().await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(count().await, 0, "it was not received");
    let mut writer = home.write().await;
    writer.requeue_failed(1, at(400)).await.unwrap();
    writer.close_notified_alerts().await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(count().await, 1);
    let mut writer = home.write().await;
    writer.mark_failed(&MessageId::new("m1"), "410 Gone", at(401)).await.unwrap();
    writer.close_notified_alerts().await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(count().await, 0, "it was not received again");
    assert!(home.write().await.unclosed_alerts().await.unwrap().is_empty());
}

#[tokio::test]
async fn delivered_message_is_repeated_by_a_row_of_its_own_which_is_sent_under_either_id() {
    let home = home().await;
    let of = MessageId::new("m2");
    let mut writer = home.write().await;
    writer.enqueue_repeat(&message("m4"), &of, None, at(400)).await.unwrap();
    writer.enqueue_repeat(&message("m5"), &of, Some(&of), at(400)).await.unwrap();
    writer.commit().await.unwrap();
    let listed = messages(&home).await;
    let shown: Vec<_> = listed
        .iter()
        .map(|message| (message.id.as_str(), message.resend_of.as_ref().map(MessageId::as_str)))
        .collect();
    let repeats = [("m4", Some("m2")), ("m2", Some("m2"))];
    assert_eq!(shown, [&[("m1", None), ("m2", None), ("m3", None)][..], &repeats].concat());
    assert_eq!(listed[1].state, DeliveryState::Delivered, "the repeated message stays as it is");
    assert_eq!(
        (listed[3].attempts, listed[3].state, listed[3].created_at),
        (0, DeliveryState::Pending, at(400))
    );
    let (first, second, third) =
        (deliver_next(&home).await, deliver_next(&home).await, deliver_next(&home).await);
    let pair = |id: &str, sent: &str| (id.to_owned(), sent.to_owned());
    assert_eq!([first, second, third], [pair("m3", "m3"), pair("m4", "m4"), pair("m5", "m2")]);
}

#[tokio::test]
async fn source_of_a_message_is_what_was_sent_and_its_content_when_that_can_be_read() {
    let home = home().await;
    let mut writer = home.write().await;
    let source = ResendSource {
        channel: "webhook".to_owned(),
        format: "standard".to_owned(),
        body: Some(b"m2".to_vec()),
        content: Some(content("summary of m2")),
    };
    assert_eq!(writer.resend_source(2).await.unwrap(), Some(source.clone()));
    assert_eq!(writer.resend_source(99).await.unwrap(), None);
    for damaged in ["'{}'", "''", "CAST(x'ff7b00' AS TEXT)"] {
        let sql = sqlx::AssertSqlSafe(format!("UPDATE messages SET content = {damaged} WHERE seq = 2"));
        sqlx::query(sql).execute(writer.connection()).await.unwrap();
        let unreadable = ResendSource { content: None, ..source.clone() };
        assert_eq!(writer.resend_source(2).await.unwrap(), Some(unreadable), "{damaged}");
    }
}

#[tokio::test]
async fn receivers_with_a_pending_message_are_named_once() {
    let home = home().await;
    let mut writer = home.write().await;
    for (id, to) in [("m4", "pager"), ("m5", "mail"), ("m6", "desk")] {
        writer.enqueue(&NewMessage { receiver: receiver(to), ..message(id) }, at(1)).await.unwrap();
    }
    writer.mark_delivered(&MessageId::new("m6"), at(2)).await.unwrap();
    writer.commit().await.unwrap();
    let mut pending = home.store.receivers_with_pending().await.unwrap();
    pending.sort();
    assert_eq!(pending, [receiver("mail"), receiver("pager")]);
}
