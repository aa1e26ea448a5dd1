//! A receiver that changes its type or format while messages are pending for it.

use axum::http::StatusCode;
use minimax_watch::domain::time::Timestamp;

use crate::received;
use crate::simulator::{
    Answer, ChatServer, ChatService, Delivery, InjectedFault, Mail, NotFoundBody, Reply, Signature,
    SmtpStage, VirtualNow,
};
use crate::world::{DESK, MAIL, PAGER, Settings, World, days, healthy, minutes, seconds, start};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];

/// The receiver `mail`, as a webhook at the pager's address.
fn mail_as_webhook() -> String {
    PAGER.replace("\"pager\"", "\"mail\"")
}

/// The receiver `pager`, as a mail receiver.
fn pager_as_mail() -> String {
    MAIL.replace("name = \"mail\"", "name = \"pager\"")
}

async fn world(receiver: &str) -> World {
    let world = World::open(Settings::watching(STUDIO).receivers(&[receiver])).await;
    world.all_healthy(STUDIO);
    world.run().await;
    world
}

fn settings(receiver: &str) -> Settings {
    Settings::watching(STUDIO).receivers(&[receiver])
}

/// The account is missing, present, and missing again: three pending messages.
async fn queue_three_messages(world: &World) {
    for is_missing in [true, false, true] {
        if is_missing {
            world.main.set_answer("1", Answer::not_found(NotFoundBody::Json));
        } else {
            world.main.put(healthy("1"));
        }
        world.run().await;
        world.advance(minutes(15));
    }
}

/// The ids of all messages in their order, with the number of attempts.
async fn messages(world: &World) -> Vec<(String, u32)> {
    let messages = world.engine.store.messages_since(start()).await.unwrap();
    messages.into_iter().map(|message| (message.id.to_string(), message.attempts)).collect()
}

async fn ids(world: &World) -> Vec<String> {
    messages(world).await.into_iter().map(|(id, _)| id).collect()
}

fn webhook_ids(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(|delivery| delivery.header("webhook-id").unwrap().to_owned()).collect()
}

fn mail_ids(mails: &[Mail]) -> Vec<String> {
    mails.iter().map(|mail| mail.header("Message-ID").unwrap()).collect()
}

fn as_mail_ids(ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| format!("<{id}@example.com>")).collect()
}

#[tokio::test]
async fn pending_webhook_messages_are_sent_as_mails_under_their_ids_and_in_order() {
    let mut world = world(PAGER).await;
    world.pager.set(Some(Reply::status(StatusCode::NOT_FOUND)));
    queue_three_messages(&world).await;
    let ids = ids(&world).await;
    assert_eq!(ids.len(), 3);
    world.reload(settings(&pager_as_mail())).await;
    world.tick().await;
    let mails = world.mailbox.mails();
    assert_eq!(mail_ids(&mails), as_mail_ids(&ids));
    let subjects: Vec<_> = mails.iter().map(|mail| mail.header("Subject").unwrap()).collect();
    assert!(subjects[0].starts_with("[CRITICAL] studio-a: "), "{subjects:?}");
    assert!(subjects[1].starts_with("[RESOLVED] studio-a: "), "{subjects:?}");
    assert!(subjects[2].starts_with("[CRITICAL] studio-a: "), "{subjects:?}");
    assert_eq!(mails[0].header("References"), None);
    let first = mails[0].header("Message-ID");
    assert_eq!((mails[1].header("References"), mails[1].header("In-Reply-To")), (first.clone(), first));
    assert_eq!(mails[2].header("References"), None, "another alert");
    assert_eq!(mails[0].from, "watch@example.com");
    assert_eq!(
        mails[0].header("Date").as_deref(),
        Some("Sun, 01 Nov 2026 08:00:10 +0000"),
        "when it was decided"
    );
    let deliveries = world.engine.store.messages_since(start()).await.unwrap();
    assert!(deliveries.iter().all(|message| message.channel == "email"), "the type by which they were sent");
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 0));
}

#[tokio::test]
async fn pending_mails_are_posted_to_a_webhook_under_their_ids_and_in_order() {
    let mut world = world(MAIL).await;
    world.mailbox.go_down();
    queue_three_messages(&world).await;
    let ids = ids(&world).await;
    world.reload(settings(&mail_as_webhook())).await;
    world.tick().await;
    assert_eq!(webhook_ids(&world.pager.deliveries()), ids);
    let (opened, resolved) = ("opened not_found critical studio-a", "resolved not_found critical studio-a");
    assert_eq!(world.received(), [opened, resolved, opened]);
    world.mailbox.come_back().unwrap();
    world.live_until(world.now() + days(8)).await;
    assert!(world.received_mail().is_empty());
}

#[tokio::test]
async fn message_rendered_again_for_a_webhook_equals_one_rendered_for_it_at_first() {
    let mut world = World::open(Settings::watching(STUDIO).receivers(&[MAIL, DESK])).await;
    world.all_healthy(STUDIO);
    world.run().await;
    world.mailbox.go_down();
    world.main.put(healthy("1").max_jobs(7));
    world.run().await;
    queue_three_messages(&world).await;
    world.reload(Settings::watching(STUDIO).receivers(&[&mail_as_webhook(), DESK])).await;
    world.tick().await;
    let bodies = |deliveries: Vec<Delivery>, name: &str| -> Vec<String> {
        let text = |delivery: &Delivery| String::from_utf8(delivery.body.to_vec()).unwrap();
        deliveries.iter().map(|delivery| text(delivery).replace(&format!("\"{name}\""), "\"name\"")).collect()
    };
    let (sent, expected) =
        (bodies(world.pager.deliveries(), "mail"), bodies(world.desk.deliveries(), "desk"));
    assert_eq!(expected.len(), 4, "{expected:?}");
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn changed_format_renders_again_and_an_unchanged_one_does_not() {
    let world = world(PAGER).await;
    world.pager.next(Reply::status(StatusCode::SERVICE_UNAVAILABLE));
    world.main.remove("1");
    world.run().await;
    let first = world.pager.deliveries().remove(0);
    // Bytes as an earlier template rendered them.
    world.execute("UPDATE messages SET body = CAST('{\"data\":{\"old\":true}}' AS BLOB)").await;
    let world = world.restart().await;
    world.pager.next(Reply::status(StatusCode::SERVICE_UNAVAILABLE));
    world.live_until(start() + seconds(20)).await;
    let attempts = world.pager.deliveries();
    assert_eq!(attempts.len(), 2);
    assert_eq!(
        &attempts[1].body[..],
        b"{\"data\":{\"old\":true}}",
        "a changed template does not render again"
    );
    // The message was rendered for a format that the receiver no longer has.
    world.execute("UPDATE messages SET format = 'cloudevents'").await;
    let world = world.restart().await;
    world.tick().await;
    let attempts = world.pager.deliveries();
    assert_eq!(attempts.len(), 3, "due at once");
    assert_eq!(attempts[2].body, first.body);
    assert_eq!(attempts[2].header("webhook-id"), first.header("webhook-id"));
}

#[tokio::test]
async fn changed_type_is_tried_at_once_with_a_full_retry_window() {
    let mut world = world(MAIL).await;
    world.mailbox.go_down();
    world.main.remove("1");
    world.run().await;
    let begin = world.now();
    world.live_until(begin + days(6)).await;
    let (_, tried) = messages(&world).await.remove(0);
    assert!(tried > 8, "{tried}");
    world.pager.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
    world.reload(settings(&mail_as_webhook())).await;
    let changed_at = world.now();
    world.live_until(changed_at + days(8)).await;
    let attempts = world.pager.deliveries();
    let moments: Vec<Timestamp> = attempts.iter().map(|delivery| delivery.at).collect();
    assert_eq!(moments[0], changed_at, "it does not wait for the next attempt at the former address");
    let pauses: Vec<i64> = moments.windows(2).map(|pair| (pair[1] - pair[0]).num_seconds()).collect();
    for (pause, expected) in pauses.iter().zip([5, 30, 300, 1_800, 7_200]) {
        assert!((expected..=expected * 11 / 10).contains(pause), "{pauses:?}");
    }
    assert!(*moments.last().unwrap() > changed_at + days(6), "a retry window of its own");
    assert!(attempts.iter().all(|attempt| attempt.body == attempts[0].body));
    let (_, all) = messages(&world).await.remove(0);
    assert_eq!(all as usize, tried as usize + attempts.len(), "attempts at both addresses are shown");
}

#[tokio::test]
async fn refusals_and_partial_acceptance_of_the_former_type_do_not_count() {
    let mut world = world(PAGER).await;
    world.pager.set(Some(Reply::status(StatusCode::NOT_FOUND)));
    world.main.remove("1");
    world.run().await;
    world.live_until(world.now() + minutes(10)).await;
    assert_eq!(world.pager.count(), 4, "the next refusal would be the last");
    // As a mail, one of two recipients accepts it.
    world.mailbox.refuse_recipient("boss@example.com", Some(550));
    world.reload(settings(&pager_as_mail())).await;
    world.tick().await;
    assert_eq!(world.mailbox.mails().len(), 1);
    assert_eq!(world.engine.store.outbox(start()).await.unwrap().pending, 1, "refused for the first time");
    world.pager.set(None);
    world.pager.forget();
    world.reload(settings(PAGER)).await;
    world.tick().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
    // By mail again: to both recipients.
    world.pager.set(Some(Reply::status(StatusCode::NOT_FOUND)));
    world.main.put(healthy("1"));
    world.run().await;
    world.mailbox.refuse_recipient("boss@example.com", None);
    world.mailbox.forget();
    world.reload(settings(&pager_as_mail())).await;
    world.tick().await;
    assert_eq!(world.mailbox.mails()[0].to, ["ops@example.com", "boss@example.com"]);
}

#[tokio::test]
async fn newly_rendered_bytes_are_stored_before_sending_and_repeated_after_a_kill() {
    let mut world = world(PAGER).await;
    world.pager.go_down();
    world.main.remove("1");
    world.run().await;
    world.reload(settings(&pager_as_mail())).await;
    // The server accepts the mail, and the process ends before that is recorded.
    world.mailbox.next(InjectedFault::drop(SmtpStage::Content));
    world.tick().await;
    let sent = world.mailbox.mails();
    let [mail] = sent.as_slice() else { panic!("{} mails", sent.len()) };
    let database = world.database().await;
    let stored: (Vec<u8>, String) =
        sqlx::query_as("SELECT body, channel FROM messages").fetch_one(&database).await.unwrap();
    database.close().await;
    assert_eq!(stored.1, "email");
    // Another version might render other bytes; bytes that were sent once stay.
    world.execute("UPDATE messages SET content = '{}'").await;
    let world = world.restart().await;
    world.live_until(world.now() + minutes(5)).await;
    let mails = world.mailbox.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].raw, mails[1].raw);
    assert_eq!(mail_ids(&mails[..1]), mail_ids(std::slice::from_ref(mail)));
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 0));
}

#[tokio::test]
async fn message_that_is_not_rendered_yet_survives_a_restart() {
    let world = world(PAGER).await;
    world.pager.go_down();
    world.main.remove("1");
    world.run().await;
    let ids = ids(&world).await;
    // The process ended after the change of type was stored, and before the first message was rendered.
    world.execute("UPDATE messages SET channel = 'email', format = 'mail', body = NULL").await;
    let world = world.restart_with(settings(&pager_as_mail())).await;
    world.live_until(world.now() + minutes(5)).await;
    assert_eq!(mail_ids(&world.mailbox.mails()), as_mail_ids(&ids));
}

#[tokio::test]
async fn damaged_content_fails_only_its_own_message() {
    for damaged in ["", "{}", "[]", "null", "not JSON", "{\"message\":{\"type\":\"alert.unknown\"}}"] {
        let mut world = world(PAGER).await;
        world.pager.go_down();
        queue_three_messages(&world).await;
        let sql =
            format!("UPDATE messages SET content = '{damaged}' WHERE seq = (SELECT MIN(seq) FROM messages)");
        world.execute(&sql).await;
        world.reload(settings(&pager_as_mail())).await;
        world.tick().await;
        let subjects = world.received_mail();
        assert!(
            subjects[0].starts_with("[RESOLVED]") && subjects[1].starts_with("[CRITICAL]"),
            "{subjects:?}"
        );
        let messages = world.engine.store.messages_since(start()).await.unwrap();
        let error = messages[0].last_error.as_deref().unwrap();
        assert_eq!(error, "its stored content cannot be read, so it cannot be sent as email", "{damaged}");
        assert_eq!(world.engine.store.outbox(start()).await.unwrap().failed, 1, "{damaged}");
    }
}

#[tokio::test]
async fn receiver_of_the_same_type_at_another_address_gets_the_same_bytes() {
    let mut world = world(PAGER).await;
    world.pager.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
    world.main.remove("1");
    world.run().await;
    let first = world.pager.deliveries().remove(0);
    world.reload(settings(&PAGER.replace("@pager@", "@desk@"))).await;
    world.live_until(world.now() + minutes(5)).await;
    let attempts = world.desk.deliveries();
    assert_eq!((attempts.len(), &attempts[0].body), (1, &first.body));
    assert_eq!(attempts[0].header("webhook-id"), first.header("webhook-id"));
}

/// A service, and the receiver `pager` at it.
async fn pager_at(world: &World, service: ChatService) -> (ChatServer, String) {
    let server = ChatServer::open(&VirtualNow::new(start()), service).await.unwrap();
    let (receiver, secrets) = server.receiver("pager");
    for (file, secret) in secrets {
        std::fs::write(world.folder().join(file), secret).unwrap();
    }
    (server, receiver)
}

#[tokio::test]
async fn pending_chat_messages_are_rendered_again_for_another_chat_under_their_ids() {
    let mut world = world(PAGER).await;
    let (telegram, at_telegram) = pager_at(&world, ChatService::Telegram).await;
    let (ntfy, at_ntfy) = pager_at(&world, ChatService::Ntfy).await;
    world.reload(settings(&at_telegram)).await;
    telegram.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
    queue_three_messages(&world).await;
    let ids = ids(&world).await;
    assert!(telegram.posts().iter().all(|post| post.body["entities"].is_array() && post.is_accepted()));
    world.reload(settings(&at_ntfy)).await;
    world.tick().await;
    let posts = ntfy.posts();
    assert!(posts.iter().all(|post| post.is_accepted() && post.body["entities"].is_null()), "{posts:?}");
    let titles: Vec<&str> = posts.iter().map(|post| post.body["title"].as_str().unwrap()).collect();
    assert_eq!(titles.len(), 3, "{titles:?}");
    for (title, word) in titles.iter().zip(["CRITICAL", "RESOLVED", "CRITICAL"]) {
        assert!(title.starts_with(&format!("[{word}] studio-a: ")), "{titles:?}");
    }
    let stored = world.engine.store.messages_since(start()).await.unwrap();
    assert!(stored.iter().all(|message| message.channel == "ntfy"), "{stored:?}");
    assert_eq!(stored.iter().map(|message| message.id.to_string()).collect::<Vec<_>>(), ids);
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 0));
    world.live_until(world.now() + days(8)).await;
    assert_eq!((ntfy.count(), world.pager.count()), (3, 0), "nothing is repeated");
}

#[tokio::test]
async fn pending_webhook_messages_become_cloud_events_under_their_ids() {
    let mut world = world(PAGER).await;
    world.pager.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
    queue_three_messages(&world).await;
    let ids = ids(&world).await;
    let before = received::body(&world.pager.deliveries()[0]);
    world.pager.set(None);
    world.pager.forget();
    world.reload(settings(&format!("{PAGER}format = \"cloudevents\"\n"))).await;
    world.tick().await;
    let deliveries = world.pager.deliveries();
    assert_eq!(webhook_ids(&deliveries), ids);
    let events: Vec<_> = deliveries.iter().map(received::body).collect();
    for (event, (delivery, id)) in events.iter().zip(deliveries.iter().zip(&ids)) {
        assert_eq!(delivery.header("content-type"), Some("application/cloudevents+json; charset=utf-8"));
        assert_eq!(delivery.signature, Signature::Valid);
        assert_eq!((event["specversion"].as_str(), event["id"].as_str()), (Some("1.0"), Some(id.as_str())));
    }
    assert_eq!((&events[0]["type"], &events[0]["data"]), (&before["type"], &before["data"]));
    assert_eq!(events[0]["time"], before["timestamp"], "when it was decided");
}
