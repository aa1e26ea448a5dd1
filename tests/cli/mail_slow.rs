//! Slow mail servers: each mail is delivered once, and nothing else waits for them.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{SubsecRound, TimeDelta};
use minimax_watch::clock;

use crate::child::within_timeout;
use crate::mail::{Protection, Servers, check, deliveries, let_pauses_pass, message_id, receiver};
use crate::service_manager::Manager;
use crate::setup::webhook;
use crate::simulator::{InjectedFault, Record, SmtpServer, SmtpStage, WebhookServer};

/// A server that never answers the final dot.
async fn server_that_never_answers_the_final_dot() -> Servers {
    Servers::open(&[(Protection::StartTls, vec![InjectedFault::hang(SmtpStage::Content)])]).await
}

fn first_message_ids(mailbox: &SmtpServer, count: usize) -> Vec<String> {
    let mails = mailbox.mails();
    assert!(mails.len() >= count, "{} mails", mails.len());
    mails.iter().take(count).map(message_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn final_dot_answered_after_smtp_timeout_is_one_delivery() {
    let slow = Duration::from_millis(2_500);
    let plans = [Protection::None, Protection::StartTls, Protection::Implicit]
        .map(|tls| (tls, vec![InjectedFault::delay(SmtpStage::Content, slow)]));
    let servers = Servers::open(&plans).await;
    for _ in 0..2 {
        check(&servers.setup, &[]);
        for (delivery, mailbox) in servers.deliveries().iter().zip(&servers.mailboxes) {
            assert_eq!(
                (delivery.is_delivered, delivery.attempts, mailbox.count()),
                (true, 1, 1),
                "{delivery:?}"
            );
        }
        let_pauses_pass(&servers.setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_final_dot_delays_neither_other_receivers_nor_the_expiry_clock_nor_the_watchdog() {
    let mut servers = server_that_never_answers_the_final_dot().await;
    servers.setup.set("WATCHDOG_USEC", "600000");
    let manager = Manager::of(&mut servers.setup);
    let hook = WebhookServer::open(&servers.setup.now, None).await.unwrap();
    servers.setup.configure(&["a", "b"], &(servers.receivers.clone() + &webhook(&hook)));
    let expires_at = clock::now().trunc_subsecs(0) + TimeDelta::seconds(9);
    servers.setup.vendor.put(Record::ending("b", expires_at));
    let mut service = servers.setup.serve(&[]);
    let mailbox = &servers.mailboxes[0];
    within_timeout(mailbox.wait_for(1)).await;
    within_timeout(hook.wait_for(1)).await;
    assert!(clock::now() < expires_at, "the machine is too slow for this test");
    let pings = manager.pings();
    let before = pings.load(Ordering::Relaxed);
    within_timeout(hook.wait_for(2)).await;
    let late = clock::now() - expires_at;
    assert!(late >= TimeDelta::zero() && late < TimeDelta::seconds(6), "{late}");
    let service_manager = String::from_utf8_lossy(&hook.deliveries()[1].body).into_owned();
    assert!(
        service_manager.contains("\"stage\":\"expired\"") && service_manager.contains("\"id\":\"b\""),
        "{service_manager}"
    );
    let pinged = pings.load(Ordering::Relaxed) - before;
    assert!(pinged >= 3, "{pinged} watchdog pings while the mail server was silent");
    let waiting = &deliveries(&servers.setup)["m000"];
    let attempts: Vec<_> = waiting.iter().map(|message| (message.is_delivered, message.attempts)).collect();
    assert_eq!(attempts, [(false, 1), (false, 0)], "its own messages wait in order");

    assert_eq!(service.kill(), None);
    mailbox.set(None);
    let mut service = servers.setup.serve(&[]);
    within_timeout(mailbox.wait_for(3)).await;
    let ids = first_message_ids(mailbox, 3);
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    service.until("message delivered");
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
    assert_eq!((mailbox.count(), hook.count()), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_final_dot_delays_the_stop_of_the_service_for_a_bounded_time() {
    let servers = server_that_never_answers_the_final_dot().await;
    let mailbox = &servers.mailboxes[0];
    let mut service = servers.setup.serve(&[]);
    within_timeout(mailbox.wait_for(1)).await;
    let started = Instant::now();
    assert_eq!(service.stop(), Some(0));
    // The units set `TimeoutStopSec=30`.
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(!servers.deliveries()[0].is_delivered);
    mailbox.set(None);
    let mut service = servers.setup.serve(&[]);
    within_timeout(mailbox.wait_for(2)).await;
    let ids = first_message_ids(mailbox, 2);
    assert_eq!(ids[0], ids[1]);
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_with_a_timeout_ends_in_time_during_a_slow_final_dot_and_repeats_the_same_mail() {
    let servers = server_that_never_answers_the_final_dot().await;
    let mailbox = &servers.mailboxes[0];
    let (ended, took) = check(&servers.setup, &["--timeout", "2s"]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    let waiting = servers.deliveries();
    assert_eq!((waiting[0].is_delivered, waiting[0].attempts, mailbox.count()), (false, 1, 1), "{waiting:?}");
    mailbox.set(None);
    let (ended, _) = check(&servers.setup, &[]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(servers.deliveries()[0].is_delivered);
    let ids = first_message_ids(mailbox, 2);
    assert_eq!((&ids[0], mailbox.count()), (&ids[1], 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn server_slow_at_each_recipient_gets_its_mail_and_delays_only_its_own_receiver() {
    let plan = |slow| (Protection::None, vec![InjectedFault::delay(SmtpStage::Recipient, slow)]);
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
    servers.setup.configure(&["a"], &receivers.concat());
    let mut service = servers.setup.serve(&[]);
    let [slow, too_slow, quick] = [&servers.mailboxes[0], &servers.mailboxes[1], &servers.mailboxes[2]];
    within_timeout(quick.wait_for(1)).await;
    assert_eq!((slow.count(), too_slow.count()), (0, 0), "a fast server does not wait for the others");
    within_timeout(slow.wait_for(1)).await;
    assert_eq!(slow.mails()[0].to.len(), 3);
    service.until("message not accepted by m001");
    service.kill();
    assert!(servers.deliveries()[1].error.contains("no answer in time"), "{:?}", servers.deliveries());
}
