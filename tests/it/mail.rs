//! Mails: one thread for each alert, one Message-ID for each mail, and the handling of the server's answers.

use std::time::Instant;

use minimax_watch::domain::alerts::AlertKind;

use crate::simulator::{Answer, InjectedFault, Mail, Record, SmtpStage};
use crate::world::{MAIL, PAGER, Settings, World, days, healthy, hours, minutes, start};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];

async fn world_with_mail() -> World {
    let world = World::open(Settings::watching(STUDIO).receivers(&[MAIL])).await;
    world.all_healthy(STUDIO);
    world.run().await;
    world
}

fn header(mail: &Mail, name: &str) -> String {
    mail.header(name).unwrap_or_else(|| panic!("no {name} in {}", mail.text()))
}

#[tokio::test]
async fn all_mails_about_one_alert_refer_to_the_first() {
    let world = world_with_mail().await;
    world.main.put(Record::ending("1", start() + days(30)));
    world.run().await;
    world.mailbox.forget();
    world.live_until(start() + days(28)).await;
    world.main.put(healthy("1"));
    world.run().await;
    let mails = world.mailbox.mails();
    let subjects: Vec<_> = mails.iter().map(|mail| header(mail, "Subject")).collect();
    assert_eq!(
        subjects,
        [
            "[WARNING] studio-a: token expires in 7 days",
            "[WARNING] studio-a: token expires in 3 days",
            "[RESOLVED] studio-a: renewed, token now expires 2027-01-30 08:00 UTC",
        ]
    );
    let first = header(&mails[0], "Message-ID");
    assert!(first.ends_with("@example.com>"), "{first}");
    assert_eq!(mails[0].header("References"), None);
    for mail in &mails[1..] {
        assert_eq!(header(mail, "References"), first);
        assert_eq!(header(mail, "In-Reply-To"), first);
        assert_ne!(header(mail, "Message-ID"), first);
    }
}

#[tokio::test]
async fn mail_is_marked_as_automatic_names_its_sender_and_is_sent_after_login() {
    let world = world_with_mail().await;
    world.main.remove("1");
    world.run().await;
    let mails = world.mailbox.mails();
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert!(mail.authenticated);
    assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("watch@example.com", ["ops@example.com".to_owned(), "boss@example.com".to_owned()].as_slice())
    );
    assert_eq!(header(mail, "Date"), "Sun, 01 Nov 2026 08:00:10 +0000");
    let text = mail.text();
    assert!(text.contains("text/plain") && text.contains("text/html"));
    assert!(text.contains("https://useapi.net/docs/start-here/setup-minimax"));
}

/// The mails that arrive when the next session meets `trouble`, and how many failed permanently. Leaves the world healthy.
async fn with_trouble(world: &World, trouble: InjectedFault) -> (Vec<Mail>, i64) {
    let begin = world.now();
    world.mailbox.next(trouble);
    world.main.remove("1");
    world.run().await;
    world.live_until(begin + minutes(10)).await;
    let outbox = world.engine.store.outbox(begin).await.unwrap();
    assert_eq!(outbox.pending, 0, "{trouble:?}");
    let mails = world.mailbox.mails();
    world.main.put(healthy("1"));
    world.run().await;
    world.advance(minutes(10));
    world.mailbox.forget();
    (mails, outbox.failed)
}

#[tokio::test]
async fn temporary_mail_faults_are_retried() {
    let world = world_with_mail().await;
    for trouble in [
        InjectedFault::refuse(SmtpStage::Connect, 421),
        InjectedFault::drop(SmtpStage::Connect),
        InjectedFault::refuse(SmtpStage::Login, 535),
        InjectedFault::refuse(SmtpStage::Sender, 450),
        InjectedFault::refuse(SmtpStage::Recipient, 450),
        InjectedFault::drop(SmtpStage::Recipient),
        InjectedFault::refuse(SmtpStage::Content, 451),
        // 5.7.1: policies change.
        InjectedFault::refuse(SmtpStage::Content, 554),
    ] {
        let (mails, failed) = with_trouble(&world, trouble).await;
        assert_eq!((mails.len(), failed), (1, 0), "{trouble:?}");
    }
}

#[tokio::test]
async fn temporary_refusal_loses_no_mail() {
    let world = world_with_mail().await;
    for trouble in [
        InjectedFault::refuse(SmtpStage::Sender, 550),
        InjectedFault::refuse(SmtpStage::Recipient, 550),
        InjectedFault::refuse(SmtpStage::Content, 550),
    ] {
        let (mails, failed) = with_trouble(&world, trouble).await;
        assert_eq!((mails.len(), failed), (1, 0), "{trouble:?}");
    }
}

#[tokio::test]
async fn connection_lost_after_the_final_dot_repeats_the_same_mail() {
    let (mails, failed) =
        with_trouble(&world_with_mail().await, InjectedFault::drop(SmtpStage::Content)).await;
    assert_eq!((mails.len(), failed), (2, 0));
    assert_eq!(mails[0].raw, mails[1].raw);
    assert_eq!(header(&mails[0], "Message-ID"), header(&mails[1], "Message-ID"));
}

#[tokio::test]
async fn one_refused_address_does_not_stop_the_others_and_is_counted() {
    let world = world_with_mail().await;
    world.mailbox.refuse_recipient("boss@example.com", Some(550));
    world.main.remove("1");
    world.run().await;
    world.live_until(start() + hours(1)).await;
    let mails = world.mailbox.mails();
    assert_eq!((mails.len(), mails[0].to.as_slice()), (1, ["ops@example.com".to_owned()].as_slice()));
    assert_eq!(world.engine.store.outbox(start()).await.unwrap().failed, 1);

    // The recipient that got the alert also gets the resolved mail.
    world.main.put(healthy("1"));
    world.run().await;
    world.live_until(start() + hours(2)).await;
    assert_eq!(
        world.received_mail(),
        [
            "[CRITICAL] studio-a: useapi.net knows no such account (404)",
            "[RESOLVED] studio-a: useapi.net knows the account again",
        ]
    );
    let open = world.engine.store.write().await.unwrap().unclosed_alerts().await.unwrap();
    assert!(open.iter().all(|alert| alert.condition.kind == AlertKind::DeliveryFailing), "{open:?}");
}

#[tokio::test]
async fn recipient_that_is_accepted_again_gets_the_firing_alerts() {
    let both = &[("1", "studio-a"), ("2", "studio-b")];
    let world = World::open(Settings::watching(both).receivers(&[MAIL])).await;
    world.all_healthy(both);
    world.run().await;
    world.mailbox.refuse_recipient("boss@example.com", Some(550));
    world.main.remove("1");
    world.run().await;
    world.live_until(start() + hours(1)).await;
    assert_eq!(world.engine.store.outbox(start()).await.unwrap().failed, 1);
    world.mailbox.forget();
    world.mailbox.refuse_recipient("boss@example.com", None);
    world.main.put(healthy("2").max_jobs(9));
    world.run().await;
    world.live_until(start() + hours(2)).await;
    let mails: Vec<_> = recipients(&world).into_iter().zip(world.received_mail()).collect();
    let both_recipients = vec!["ops@example.com".to_owned(), "boss@example.com".to_owned()];
    let alert = "[CRITICAL] studio-a: useapi.net knows no such account (404)".to_owned();
    assert_eq!(
        (mails.len(), &mails[1]),
        (2, &(both_recipients, alert)),
        "after the change that was delivered"
    );
}

#[tokio::test]
async fn check_past_its_delivery_time_leaves_the_queue_to_the_next_check() {
    let mut world = World::open(Settings::watching(STUDIO).receivers(&[MAIL, PAGER])).await;
    world.all_healthy(STUDIO);
    world.run().await;
    world.mailbox.go_down();
    for jobs in [4, 5, 6, 7] {
        world.main.put(healthy("1").max_jobs(jobs));
        world.run().await;
    }
    world.live_until(start() + hours(2)).await;
    assert!(world.received().iter().any(|line| line.contains("delivery_failing")));
    world.mailbox.come_back().unwrap();
    world.advance(hours(24));
    // The delivery time is over before the first attempt, so the mail server gets one mail, also when that delivery causes a new
    // message to the other receiver.
    world.engine.deliver_until = Some(Instant::now());
    for waiting in [3, 2, 1, 0] {
        world.engine.notify_and_deliver().await.unwrap();
        assert_eq!(world.received_mail().len(), 1);
        assert_eq!(world.engine.store.outbox(start()).await.unwrap().pending, waiting);
    }
    assert!(world.received().iter().any(|line| line.contains("resolved delivery_failing")));
}

#[tokio::test]
async fn mail_server_that_was_down_for_days_gets_every_mail_in_order() {
    let world = world_with_mail().await;
    world.mailbox.go_down();
    world.main.set_answer("1", Answer::account_error("On hold"));
    world.run().await;
    world.live_until(start() + days(2)).await;
    world.main.put(healthy("1"));
    world.run().await;
    world.mailbox.come_back().unwrap();
    world.live_until(start() + days(4)).await;
    assert_eq!(
        world.received_mail(),
        [
            "[CRITICAL] studio-a: useapi.net reports the MiniMax account in error",
            "[RESOLVED] studio-a: the MiniMax account is no longer in error",
        ]
    );
}

/// The recipients of each mail so far, in their order.
fn recipients(world: &World) -> Vec<Vec<String>> {
    world.mailbox.mails().into_iter().map(|mail| mail.to).collect()
}

#[tokio::test]
async fn deferred_recipient_gets_the_mail_later_and_the_others_get_it_once_across_restarts() {
    let world = world_with_mail().await;
    world.mailbox.refuse_recipient("boss@example.com", Some(450));
    world.main.remove("1");
    world.run().await;
    assert_eq!(recipients(&world), [["ops@example.com"]]);
    let world = world.restart().await;
    world.live_until(start() + minutes(3)).await;
    assert_eq!(recipients(&world), [["ops@example.com"]], "only the other recipient is asked for");
    assert_eq!(world.engine.store.outbox(start()).await.unwrap().pending, 1);

    // A recipient that has the mail is not asked for again, whatever the server would answer.
    world.mailbox.refuse_recipient("ops@example.com", Some(550));
    world.mailbox.refuse_recipient("boss@example.com", None);
    world.mailbox.next(InjectedFault::drop(SmtpStage::Content));
    let world = world.restart().await;
    world.live_until(start() + hours(1)).await;
    let mails = world.mailbox.mails();
    assert_eq!(recipients(&world), [["ops@example.com"], ["boss@example.com"], ["boss@example.com"]]);
    assert!(mails.iter().all(|mail| mail.raw == mails[0].raw), "the same bytes to each");
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 0));
}
