//! Mail servers that take their time: one delivery each, and nothing else waits for them.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{SubsecRound, TimeDelta};
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Mailbox, Record, Stage as At, Trouble};

use crate::child::within_patience;
use crate::mail::{Protection, Servers, check, deliveries, let_pauses_pass, message_id, receiver};
use crate::notified::Manager;
use crate::stage::webhook;

/// One server that takes mails and never answers the final dot.
async fn never_answering_the_dot() -> Servers {
    Servers::open(&[(Protection::StartTls, vec![Trouble::hang(At::Content)])]).await
}

fn the_first(mailbox: &Mailbox, count: usize) -> Vec<String> {
    let mails = mailbox.mails();
    assert!(mails.len() >= count, "{} mails", mails.len());
    mails.iter().take(count).map(message_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_dot_answered_later_than_smtp_timeout_allows_elsewhere_is_one_delivery() {
    let slow = Duration::from_millis(2_500);
    let plans = [Protection::None, Protection::StartTls, Protection::Implicit]
        .map(|tls| (tls, vec![Trouble::delay(At::Content, slow)]));
    let servers = Servers::open(&plans).await;
    for _ in 0..2 {
        check(&servers.stage, &[]);
        for (delivery, mailbox) in servers.deliveries().iter().zip(&servers.mailboxes) {
            assert_eq!(
                (delivery.is_delivered, delivery.attempts, mailbox.count()),
                (true, 1, 1),
                "{delivery:?}"
            );
        }
        let_pauses_pass(&servers.stage).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_final_dot_delays_neither_other_receivers_nor_the_expiry_clock_nor_the_watchdog() {
    let mut servers = never_answering_the_dot().await;
    servers.stage.set("WATCHDOG_USEC", "600000");
    let manager = Manager::of(&mut servers.stage);
    let hook = Hook::open(&servers.stage.now, None).await.unwrap();
    servers.stage.configure(&["a", "b"], &(servers.receivers.clone() + &webhook(&hook)));
    let ends = clock::now().trunc_subsecs(0) + TimeDelta::seconds(9);
    servers.stage.vendor.put(Record::ending("b", ends));
    let mut service = servers.stage.serve(&[]);
    let mailbox = &servers.mailboxes[0];
    within_patience(mailbox.wait_for(1)).await;
    within_patience(hook.wait_for(1)).await;
    assert!(clock::now() < ends, "the machine is too slow for this test");
    let pings = manager.pings();
    let before = pings.load(Ordering::Relaxed);
    within_patience(hook.wait_for(2)).await;
    let late = clock::now() - ends;
    assert!(late >= TimeDelta::zero() && late < TimeDelta::seconds(6), "{late}");
    let told = String::from_utf8_lossy(&hook.deliveries()[1].body).into_owned();
    assert!(told.contains("\"stage\":\"expired\"") && told.contains("\"id\":\"b\""), "{told}");
    let pinged = pings.load(Ordering::Relaxed) - before;
    assert!(pinged >= 3, "{pinged} signs of life while the mail server was silent");
    let waiting = &deliveries(&servers.stage)["m000"];
    let attempts: Vec<_> = waiting.iter().map(|message| (message.is_delivered, message.attempts)).collect();
    assert_eq!(attempts, [(false, 1), (false, 0)], "its own messages wait in their order");

    assert_eq!(service.kill(), None);
    mailbox.set(None);
    let mut service = servers.stage.serve(&[]);
    within_patience(mailbox.wait_for(3)).await;
    let ids = the_first(mailbox, 3);
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    service.until("message delivered");
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
    assert_eq!((mailbox.count(), hook.count()), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_final_dot_holds_the_end_of_the_service_up_for_a_bounded_time() {
    let servers = never_answering_the_dot().await;
    let mailbox = &servers.mailboxes[0];
    let mut service = servers.stage.serve(&[]);
    within_patience(mailbox.wait_for(1)).await;
    let begun = Instant::now();
    assert_eq!(service.stop(), Some(0));
    // The units give it `TimeoutStopSec=30`.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(!servers.deliveries()[0].is_delivered);
    mailbox.set(None);
    let mut service = servers.stage.serve(&[]);
    within_patience(mailbox.wait_for(2)).await;
    let ids = the_first(mailbox, 2);
    assert_eq!(ids[0], ids[1]);
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_with_a_deadline_ends_in_time_during_a_slow_final_dot_and_the_repeat_is_the_same_mail() {
    let servers = never_answering_the_dot().await;
    let mailbox = &servers.mailboxes[0];
    let (ended, took) = check(&servers.stage, &["--timeout", "2s"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    let waiting = servers.deliveries();
    assert_eq!((waiting[0].is_delivered, waiting[0].attempts, mailbox.count()), (false, 1, 1), "{waiting:?}");
    mailbox.set(None);
    let (ended, _) = check(&servers.stage, &[]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(servers.deliveries()[0].is_delivered);
    let ids = the_first(mailbox, 2);
    assert_eq!((&ids[0], mailbox.count()), (&ids[1], 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_slow_at_each_recipient_gets_its_mail_and_delays_its_own_receiver_alone() {
    let plan = |slow| (Protection::None, vec![Trouble::delay(At::Recipient, slow)]);
    let plans =
        [plan(Duration::from_millis(700)), plan(Duration::from_secs(30)), (Protection::None, Vec::new())];
    let servers = Servers::open(&plans).await;
    let to = "[\"ops@example.com\", \"night@example.com\", \"boss@example.com\"]";
    let receivers: Vec<_> = servers
        .mailboxes
        .iter()
        .enumerate()
        .map(|(number, mailbox)| receiver(&format!("m{number:03}"), mailbox, "none", to))
        .collect();
    servers.stage.configure(&["a"], &receivers.concat());
    let mut service = servers.stage.serve(&[]);
    let [slow, too_slow, quick] = [&servers.mailboxes[0], &servers.mailboxes[1], &servers.mailboxes[2]];
    within_patience(quick.wait_for(1)).await;
    assert_eq!((slow.count(), too_slow.count()), (0, 0), "who is quick waits for nobody");
    within_patience(slow.wait_for(1)).await;
    assert_eq!(slow.mails()[0].to.len(), 3);
    service.until("message not taken by m001");
    service.kill();
    assert!(servers.deliveries()[1].error.contains("no answer in time"), "{:?}", servers.deliveries());
}
