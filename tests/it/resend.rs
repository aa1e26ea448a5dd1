//! Messages that an operator sends again: what the receiver gets, and what does not change.

use axum::http::StatusCode;
use minimax_watch::domain::alerts::AlertKind;
use minimax_watch::domain::message::MessageId;
use minimax_watch::engine::{ResendResult, resend};
use minimax_watch::store::{DeliveryState, StoredMessage};

use crate::received::body;
use crate::simulator::{Delivery, Reply};
use crate::world::{MAIL, PAGER, Settings, World, days, healthy, hours, minutes, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "office-b")];
const OPENED: &str = "opened not_found critical studio-a";
const RESOLVED: &str = "resolved not_found critical studio-a";

async fn world(receiver: &str) -> World {
    let settings = Settings::watching(BOTH).receivers(&[receiver]);
    let world = World::open(settings).await;
    world.all_healthy(BOTH);
    world.run().await;
    world
}

async fn messages(world: &World) -> Vec<StoredMessage> {
    world.engine.store.messages_since(start()).await.unwrap()
}

/// Resends the message at this place of the list, as the command does.
async fn resend_nth(world: &World, index: usize, same_id: bool) -> ResendResult {
    let message = messages(world).await.remove(index);
    let receiver = world.engine.config.receivers.iter().find(|one| one.name == message.receiver).unwrap();
    let mut writer = world.engine.store.write().await.unwrap();
    let result = resend(&mut writer, receiver, &message, same_id, world.now()).await.unwrap();
    writer.commit().await.unwrap();
    result
}

fn id(delivery: &Delivery) -> String {
    delivery.header("webhook-id").unwrap().to_owned()
}

/// Account 1 is missing for one run; both messages are delivered.
async fn missing_and_back(world: &World) -> Vec<Delivery> {
    world.main.remove("1");
    world.run().await;
    world.advance(minutes(15));
    world.main.put(healthy("1"));
    world.run().await;
    world.advance(minutes(15));
    let deliveries = world.pager.deliveries();
    assert_eq!(world.received(), [OPENED, RESOLVED]);
    deliveries
}

#[tokio::test]
async fn delivered_message_is_sent_again_as_a_new_message_or_as_the_same() {
    let world = world(PAGER).await;
    let before = missing_and_back(&world).await;
    let ResendResult::Queued(new) = resend_nth(&world, 0, false).await else { panic!("it is delivered") };
    let same = resend_nth(&world, 1, true).await;
    assert_eq!(same, ResendResult::Queued(MessageId::new(id(&before[1]))));
    let listed = messages(&world).await;
    assert_eq!(listed[2..].iter().map(|one| one.attempts).collect::<Vec<_>>(), [0, 0]);
    world.tick().await;
    let again = world.pager.deliveries();
    assert_eq!(world.received(), [OPENED, RESOLVED], "in their order");
    assert_eq!(again[0].body, before[0].body);
    assert_eq!(id(&again[0]), new.to_string());
    assert_ne!(id(&again[0]), id(&before[0]));
    assert_eq!((&again[1].body, id(&again[1])), (&before[1].body, id(&before[1])));
    assert!(messages(&world).await.iter().all(|one| one.state == DeliveryState::Delivered));
    let world = world.restart().await;
    world.live_until(world.now() + days(1)).await;
    assert_eq!(world.received(), Vec::<String>::new(), "once");
}

#[tokio::test]
async fn resent_message_changes_neither_alerts_nor_reminders() {
    let settings = Settings::watching(BOTH).alerts("repeat_every = \"24h\"").receivers(&[PAGER]);
    let world = World::open(settings).await;
    world.all_healthy(BOTH);
    world.run().await;
    world.main.remove("1");
    world.run().await;
    let notified = world.now();
    assert_eq!(world.received(), [OPENED]);
    world.live_until(notified + hours(20)).await;
    for same_id in [false, true] {
        resend_nth(&world, 0, same_id).await;
    }
    world.tick().await;
    assert_eq!(world.received(), [OPENED, OPENED]);
    // A third one fails permanently: what the receiver was notified of before still counts.
    resend_nth(&world, 0, true).await;
    world.pager.next(Reply::status(StatusCode::GONE));
    world.tick().await;
    world.received();
    assert_eq!(messages(&world).await.last().unwrap().state, DeliveryState::Failed);
    world.live_until(notified + hours(24) - minutes(1)).await;
    assert_eq!(world.received(), Vec::<String>::new());
    world.live_until(notified + hours(24)).await;
    assert_eq!(world.received(), ["repeated not_found critical studio-a"]);
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), [RESOLVED]);
}

#[tokio::test]
async fn resent_messages_come_behind_those_that_wait_and_a_pending_one_is_refused() {
    let world = world(PAGER).await;
    missing_and_back(&world).await;
    world.pager.set(Some(Reply::status(StatusCode::BAD_GATEWAY)));
    world.main.remove("2");
    world.run().await;
    for same_id in [false, true] {
        assert_eq!(resend_nth(&world, 2, same_id).await, ResendResult::StillPending);
    }
    resend_nth(&world, 0, true).await;
    world.tick().await;
    world.pager.set(None);
    world.received();
    world.live_until(world.now() + hours(1)).await;
    assert_eq!(world.received(), ["opened not_found critical office-b", OPENED]);
}

#[tokio::test]
async fn failed_message_is_sent_again_under_its_id_and_then_its_alerts_are_resolved() {
    let world = world(PAGER).await;
    world.pager.next(Reply::status(StatusCode::GONE));
    world.main.remove("1");
    world.run().await;
    let failed = world.pager.deliveries().remove(0);
    world.received();
    assert_eq!(messages(&world).await[0].state, DeliveryState::Failed);
    world.advance(hours(3));
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), Vec::<String>::new(), "a resolution of what it never got is not sent");
    world.advance(minutes(15));
    let queued = resend_nth(&world, 0, false).await;
    assert_eq!(queued, ResendResult::Queued(MessageId::new(id(&failed))));
    let waiting = messages(&world).await.remove(0);
    assert_eq!((waiting.state, waiting.attempts, waiting.last_error), (DeliveryState::Pending, 0, None));
    world.tick().await;
    let again = world.pager.deliveries();
    assert_eq!((&again[0].body, id(&again[0])), (&failed.body, id(&failed)));
    assert_eq!(world.received(), [OPENED, RESOLVED]);
    assert!(world.firing().await.is_empty(), "its delivery resolves `delivery_failing`");
    world.run().await;
    assert_eq!(world.received(), Vec::<String>::new());
}

#[tokio::test]
async fn alerts_that_were_sent_again_and_resolved_are_resolved_once_more_after_a_resent_message() {
    let world = world(PAGER).await;
    world.pager.next(Reply::status(StatusCode::GONE));
    world.main.remove("1");
    world.run().await;
    world.received();
    world.advance(minutes(15));
    world.main.put(healthy("2").max_jobs(7));
    world.run().await;
    assert!(world.received().contains(&OPENED.to_owned()), "it accepts messages, and gets what still fires");
    world.advance(minutes(15));
    world.main.put(healthy("1"));
    world.run().await;
    assert!(world.received().contains(&RESOLVED.to_owned()));
    world.advance(minutes(15));
    resend_nth(&world, 0, false).await;
    world.tick().await;
    assert_eq!(world.received(), [OPENED, RESOLVED], "the last word is true");
    world.run().await;
    assert_eq!(world.received(), Vec::<String>::new());
}

#[tokio::test]
async fn failed_message_that_is_resent_is_retried_like_a_new_one() {
    let world = world(PAGER).await;
    world.pager.next(Reply::status(StatusCode::GONE));
    world.main.remove("1");
    world.run().await;
    world.main.remove("2");
    world.run().await;
    world.live_until(world.now() + hours(3)).await;
    // The account 1 was sent again when the receiver accepted a message, and `delivery_failing` has resolved.
    assert!(world.firing().await.iter().all(|alert| alert.condition.kind != AlertKind::DeliveryFailing));
    world.received();
    resend_nth(&world, 0, false).await;
    world.pager.set(Some(Reply::status(StatusCode::BAD_GATEWAY)));
    let resent = world.now();
    world.live_until(resent + minutes(59)).await;
    let is_failing =
        async || world.firing().await.iter().any(|alert| alert.condition.kind == AlertKind::DeliveryFailing);
    assert!(!is_failing().await, "the hour counts from the resend");
    world.live_until(resent + hours(1)).await;
    assert!(is_failing().await);
    world.pager.set(None);
    world.received();
    world.live_until(resent + hours(6)).await;
    assert_eq!(world.received(), [OPENED], "and the alert itself is not sent again");
}

#[tokio::test]
async fn resent_mail_joins_the_thread_or_is_the_same_mail() {
    let world = world(MAIL).await;
    world.main.remove("1");
    world.run().await;
    let first = world.mailbox.mails().remove(0);
    for same_id in [false, true] {
        resend_nth(&world, 0, same_id).await;
    }
    world.mailbox.forget();
    world.tick().await;
    let mails = world.mailbox.mails();
    let [new, same] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    let message_id = first.header("Message-ID");
    assert_ne!(new.header("Message-ID"), message_id);
    assert_eq!((new.header("In-Reply-To"), new.subject()), (message_id, first.subject()));
    assert_eq!((&same.raw, same.to.len()), (&first.raw, 2));
}

#[tokio::test]
async fn repeat_to_a_receiver_of_another_type_is_rendered_for_it() {
    let mut world = world(PAGER).await;
    missing_and_back(&world).await;
    world.reload(Settings::watching(BOTH).receivers(&[&MAIL.replace("\"mail\"", "\"pager\"")])).await;
    for same_id in [false, true] {
        resend_nth(&world, 0, same_id).await;
    }
    world.tick().await;
    let mails = world.mailbox.mails();
    assert_eq!(mails.len(), 2);
    let original = messages(&world).await[0].id.to_string();
    assert!(mails[1].header("Message-ID").unwrap().contains(&original));
    assert!(!mails[0].header("Message-ID").unwrap().contains(&original));
}

#[tokio::test]
async fn message_whose_content_cannot_be_read_is_not_resent() {
    let world = world(PAGER).await;
    missing_and_back(&world).await;
    let other = world.database().await;
    sqlx::query("UPDATE messages SET content = '{}'").execute(&other).await.unwrap();
    assert_eq!(resend_nth(&world, 0, true).await, ResendResult::ContentUnreadable);
    assert_eq!(messages(&world).await.len(), 2);
}

#[tokio::test]
async fn repeat_has_the_time_of_the_message_that_it_repeats() {
    let world = world(PAGER).await;
    let before = missing_and_back(&world).await;
    world.advance(days(2));
    resend_nth(&world, 0, false).await;
    world.tick().await;
    let again = world.pager.deliveries().remove(0);
    assert_eq!(body(&again)["timestamp"], body(&before[0])["timestamp"]);
}
