//! Mails: one thread for each alert, one Message-ID for each mail, and what the server's answers lead to.

use std::time::Instant;

use minimax_watch::domain::alert::AlertKind;
use minimax_watch::simulator::{Answer, Mail, Record, Stage, Trouble};

use crate::world::{MAIL, PAGER, Settings, World, days, healthy, hours, minutes, start};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];

async fn mailed_world() -> World {
    let world = World::open(Settings::watching(STUDIO).receivers(&[MAIL])).await;
    world.all_healthy(STUDIO);
    world.run().await;
    world
}

fn header(mail: &Mail, name: &str) -> String {
    mail.header(name).unwrap_or_else(|| panic!("no {name} in {}", mail.text()))
}

#[tokio::test]
async fn all_mails_about_one_alert_hang_on_the_first() {
    let world = mailed_world().await;
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
            "[RESOLVED] studio-a: renewed, token now ends 2027-01-30 08:00 UTC",
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
async fn a_mail_says_that_it_is_automatic_who_wrote_it_and_was_sent_after_a_login() {
    let world = mailed_world().await;
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

/// The mails that arrive when the next conversation meets `trouble`, and how many were given up. Ends in peace.
async fn with_trouble(world: &World, trouble: Trouble) -> (Vec<Mail>, i64) {
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
async fn what_may_pass_is_sent_again() {
    let world = mailed_world().await;
    for trouble in [
        Trouble::refuse(Stage::Connect, 421),
        Trouble::drop(Stage::Connect),
        Trouble::refuse(Stage::Login, 535),
        Trouble::refuse(Stage::Sender, 450),
        Trouble::refuse(Stage::Recipient, 450),
        Trouble::drop(Stage::Recipient),
        Trouble::refuse(Stage::Content, 451),
        // 5.7.1: policies change.
        Trouble::refuse(Stage::Content, 554),
    ] {
        let (mails, failed) = with_trouble(&world, trouble).await;
        assert_eq!((mails.len(), failed), (1, 0), "{trouble:?}");
    }
}

#[tokio::test]
async fn a_refusal_that_passes_costs_no_mail() {
    let world = mailed_world().await;
    for trouble in [
        Trouble::refuse(Stage::Sender, 550),
        Trouble::refuse(Stage::Recipient, 550),
        Trouble::refuse(Stage::Content, 550),
    ] {
        let (mails, failed) = with_trouble(&world, trouble).await;
        assert_eq!((mails.len(), failed), (1, 0), "{trouble:?}");
    }
}

#[tokio::test]
async fn a_line_that_drops_after_the_final_dot_repeats_the_very_same_mail() {
    let (mails, failed) = with_trouble(&mailed_world().await, Trouble::drop(Stage::Content)).await;
    assert_eq!((mails.len(), failed), (2, 0));
    assert_eq!(mails[0].raw, mails[1].raw);
    assert_eq!(header(&mails[0], "Message-ID"), header(&mails[1], "Message-ID"));
}

#[tokio::test]
async fn one_bad_address_costs_the_others_nothing_and_is_visible() {
    let world = mailed_world().await;
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
        world.mailed(),
        [
            "[CRITICAL] studio-a: useapi.net knows no such account (404)",
            "[RESOLVED] studio-a: useapi.net knows the account again",
        ]
    );
    let unsettled = world.engine.store.unsettled_alerts().await.unwrap();
    assert!(
        unsettled.iter().all(|alert| alert.condition.kind == AlertKind::DeliveryFailing),
        "{unsettled:?}"
    );
}

#[tokio::test]
async fn a_recipient_that_is_accepted_again_gets_what_still_fires() {
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
    let told: Vec<_> = recipients(&world).into_iter().zip(world.mailed()).collect();
    let everybody = vec!["ops@example.com".to_owned(), "boss@example.com".to_owned()];
    let alert = "[CRITICAL] studio-a: useapi.net knows no such account (404)".to_owned();
    assert_eq!((told.len(), &told[1]), (2, &(everybody, alert)), "behind the change that was delivered");
}

#[tokio::test]
async fn a_check_leaves_the_queue_of_a_slow_server_to_the_next_one() {
    let mut world = World::open(Settings::watching(STUDIO).receivers(&[MAIL, PAGER])).await;
    world.all_healthy(STUDIO);
    world.run().await;
    world.mailbox.go_down();
    for jobs in [4, 5, 6, 7] {
        world.main.put(healthy("1").max_jobs(jobs));
        world.run().await;
    }
    world.live_until(start() + hours(2)).await;
    assert!(world.heard().iter().any(|line| line.contains("delivery_failing")));
    world.mailbox.come_back().unwrap();
    world.advance(hours(24));
    // The time is over before the first attempt, so the mail server gets one mail: also where that gives something new to send to
    // the other receiver.
    world.engine.deliver_until = Some(Instant::now());
    for waiting in [3, 2, 1, 0] {
        world.engine.tell().await.unwrap();
        assert_eq!(world.mailed().len(), 1);
        assert_eq!(world.engine.store.outbox(start()).await.unwrap().pending, waiting);
    }
    assert!(world.heard().iter().any(|line| line.contains("resolved delivery_failing")));
}

#[tokio::test]
async fn a_mail_server_that_was_down_for_days_gets_every_mail_in_order() {
    let world = mailed_world().await;
    world.mailbox.go_down();
    world.main.set("1", Answer::account_error("On hold"));
    world.run().await;
    world.live_until(start() + days(2)).await;
    world.main.put(healthy("1"));
    world.run().await;
    world.mailbox.come_back().unwrap();
    world.live_until(start() + days(4)).await;
    assert_eq!(
        world.mailed(),
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
async fn a_recipient_that_is_put_off_gets_the_mail_later_and_the_others_get_it_once_across_restarts() {
    let world = mailed_world().await;
    world.mailbox.refuse_recipient("boss@example.com", Some(450));
    world.main.remove("1");
    world.run().await;
    assert_eq!(recipients(&world), [["ops@example.com"]]);
    let world = world.restart().await;
    world.live_until(start() + minutes(3)).await;
    assert_eq!(recipients(&world), [["ops@example.com"]], "only the other one is asked for");
    assert_eq!(world.engine.store.outbox(start()).await.unwrap().pending, 1);

    // Whoever has it is not asked for again, whatever the server would say.
    world.mailbox.refuse_recipient("ops@example.com", Some(550));
    world.mailbox.refuse_recipient("boss@example.com", None);
    world.mailbox.next(Trouble::drop(Stage::Content));
    let world = world.restart().await;
    world.live_until(start() + hours(1)).await;
    let mails = world.mailbox.mails();
    assert_eq!(recipients(&world), [["ops@example.com"], ["boss@example.com"], ["boss@example.com"]]);
    assert!(mails.iter().all(|mail| mail.raw == mails[0].raw), "the same bytes to each");
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 0));
}
