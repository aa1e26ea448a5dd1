//! Messages as people read them.

use chrono::{TimeDelta, TimeZone, Utc};

use super::*;
use crate::domain::account::ReceiverName;
use crate::domain::message::MessageId;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn message(receiver: &str, state: DeliveryState, error: Option<&str>) -> StoredMessage {
    StoredMessage {
        seq: 1,
        id: MessageId::new("msg_1"),
        resend_of: None,
        receiver: ReceiverName::new(receiver),
        channel: "webhook".to_owned(),
        state,
        summary: "studio-a: token expires in 20 h (2026-11-24 03:15 UTC)".to_owned(),
        attempts: 12,
        created_at: now() - TimeDelta::hours(5),
        finished_at: None,
        next_attempt_at: None,
        last_error: error.map(str::to_owned),
    }
}

#[test]
fn each_message_shows_its_receiver_and_delivery() {
    let first = StoredMessage {
        next_attempt_at: Some(now() + TimeDelta::minutes(7)),
        ..message("pager", DeliveryState::Pending, Some("answered 503 Service\nUnavailable"))
    };
    let deliveries = vec![
        message("ops-mail", DeliveryState::Delivered, None),
        message("a-receiver-with-a-very-long-name", DeliveryState::Delivered, Some("time-out after 15 s")),
        message("archive", DeliveryState::Failed, Some("answered 410 Gone")),
        first,
        message("pager", DeliveryState::Pending, None),
        StoredMessage {
            id: MessageId::new("msg_2"),
            resend_of: Some(MessageId::new("msg_1")),
            attempts: 0,
            ..message("pager", DeliveryState::Pending, None)
        },
        StoredMessage {
            resend_of: Some(MessageId::new("msg_1")),
            ..message("pager", DeliveryState::Delivered, None)
        },
    ];
    let text = render(&Deliveries { generated_at: now(), since: now() - TimeDelta::days(7), deliveries });
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn empty_list_says_how_to_see_earlier_messages() {
    let none = Deliveries { generated_at: now(), since: now() - TimeDelta::days(7), deliveries: Vec::new() };
    assert!(
        render(&none).contains("No messages since 2026-11-16 07:15 UTC. Earlier ones: "),
        "{}",
        render(&none)
    );
}
