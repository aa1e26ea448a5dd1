//! Random mail servers and the built program: a mail counts as delivered exactly when the server answers the final dot by 250,
//! inside TLS where TLS is required; such a mail is never sent again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::mail::{Protection, RECIPIENTS, Servers, check, let_pauses_pass, message_id};
use crate::simulator::{InjectedFault, SmtpStage};

/// The number of servers in one run of the program; it delivers to all of them at once.
const SERVERS: usize = 80;

const STAGES: [SmtpStage; 8] = [
    SmtpStage::Connect,
    SmtpStage::Hello,
    SmtpStage::StartTls,
    SmtpStage::Login,
    SmtpStage::Sender,
    SmtpStage::Recipient,
    SmtpStage::Data,
    SmtpStage::Content,
];

/// What a server does at one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Usual,
    /// Bytes in one piece instead of the reply.
    Say(&'static [u8]),
    Delay,
    Hang,
    Drop,
    Flood,
    Refuse(u16),
}

/// Replies that are right at a stage, in various forms.
fn right_replies(at: SmtpStage) -> &'static [&'static [u8]] {
    match at {
        SmtpStage::Connect => &[b"220\r\n", b"220-hi\r\n220 there\r\n", b"220 f\xfcr Sie\r\n"],
        SmtpStage::Hello => &[
            b"250-x\r\n250-starttls\r\n250 auth plain\r\n",
            b"250-\xfc\r\n250-STARTTLS\r\n250-AUTH=LOGIN\r\n250 AUTH LOGIN\r\n",
        ],
        SmtpStage::StartTls => &[b"220\r\n", b"220-go\r\n220 on\r\n"],
        SmtpStage::Login => &[b"235\r\n", b"235-2.7.0 wel\r\n235 come\r\n"],
        SmtpStage::Sender => &[b"250\r\n", b"250-2.1.0 ok\r\n250 \r\n"],
        SmtpStage::Recipient => &[b"250\r\n", b"251 forwarded\r\n"],
        SmtpStage::Data => &[b"354\r\n", b"354-go\r\n354 on\r\n"],
        SmtpStage::Content => {
            &[b"250\r\n", b"250-2.0.0 f\xfcr\r\n250 immer\r\n", b"250 queued\r\n250 again\r\n"]
        }
    }
}

/// Replies that are right nowhere, or only at another stage. Each ends its line, because the final dot may be answered for ten
/// minutes.
const WRONG_REPLIES: &[&[u8]] = &[
    b"550 5.1.1 no\r\n",
    b"550 5.7.1 no\r\n",
    b"450 later\r\n",
    b"421 bye\r\n",
    b"200 ok\r\n",
    b"252 maybe\r\n",
    b"254 ok\r\n",
    b"299 ok\r\n",
    b"150 ok\r\n",
    b"999 ok\r\n",
    b"2500 ok\r\n",
    b"250-ok\r\n550 no\r\n",
    b"250-ok\r\n354 no\r\n",
    b"354-ok\r\n250 ok\r\n",
    b"334 \r\n",
    b"\r\n",
    b"ok\r\n",
    b"HTTP/1.1 400 Bad Request\r\n",
    b"\x16\x03\x03\x00\x02ok\r\n",
    b"\x15\x03\x03\x00\x02\x01\x00\r\n",
];

/// The right reply with the next answers appended, before they were asked for.
fn answers_ahead(at: SmtpStage) -> &'static [&'static [u8]] {
    match at {
        SmtpStage::Connect => {
            &[b"220 x\r\n250 AUTH PLAIN\r\n235 ok\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n221 e\r\n"]
        }
        SmtpStage::Hello => {
            &[b"250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n220 go\r\n250 AUTH PLAIN\r\n235 ok\r\n250 a\r\n"]
        }
        SmtpStage::StartTls => {
            &[b"220 go\r\n250 AUTH PLAIN\r\n235 ok\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n221 e\r\n"]
        }
        SmtpStage::Login => &[b"235 ok\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n221 e\r\n"],
        SmtpStage::Sender => &[b"250 a\r\n250 b\r\n354 c\r\n250 d\r\n221 e\r\n"],
        SmtpStage::Recipient => &[b"250 b\r\n354 c\r\n250 d\r\n221 e\r\n"],
        SmtpStage::Data => &[b"354 c\r\n250 d\r\n221 e\r\n", b"354 c\r\n250 d\r\n"],
        SmtpStage::Content => &[b"354 c\r\n250 d\r\n"],
    }
}

fn act(at: SmtpStage) -> impl Strategy<Value = Act> {
    let say = |replies: &'static [&'static [u8]]| prop::sample::select(replies).prop_map(Act::Say);
    // A hang at the final dot would take ten minutes.
    let silence = if at == SmtpStage::Content { Act::Drop } else { Act::Hang };
    // Most sessions should reach the mail, and many of those should go wrong there.
    let (wrong, ahead) = match at {
        SmtpStage::Content => (30, 5),
        SmtpStage::Data => (3, 15),
        SmtpStage::StartTls => (2, 6),
        SmtpStage::Connect
        | SmtpStage::Hello
        | SmtpStage::Login
        | SmtpStage::Sender
        | SmtpStage::Recipient => (2, 2),
    };
    prop_oneof![
        60 => Just(Act::Usual),
        25 => say(right_replies(at)),
        4 => Just(Act::Delay),
        wrong => say(WRONG_REPLIES),
        ahead => say(answers_ahead(at)),
        1 => Just(silence),
        1 => Just(Act::Drop),
        1 => Just(Act::Flood),
        2 => prop::sample::select(vec![421_u16, 450, 451, 535, 550, 552, 554]).prop_map(Act::Refuse),
    ]
}

/// A server: its TLS, whether it defers the second recipient at first, and what it does at each stage.
fn server() -> impl Strategy<Value = (Protection, bool, Vec<Act>)> {
    let tls = prop::sample::select(vec![
        Protection::None,
        Protection::StartTls,
        Protection::StartTls,
        Protection::Implicit,
    ]);
    (tls, prop::bool::weighted(0.3), STAGES.map(act).into_iter().collect::<Vec<_>>())
}

fn trouble(at: SmtpStage, act: Act) -> Option<InjectedFault> {
    Some(match act {
        Act::Usual => return None,
        Act::Say(bytes) => InjectedFault::say(at, bytes),
        Act::Delay => InjectedFault::delay(at, Duration::from_millis(300)),
        Act::Hang => InjectedFault::hang(at),
        Act::Drop => InjectedFault::drop(at),
        Act::Flood => InjectedFault::flood(at, b"250-more and more and more and more and more\r\n"),
        Act::Refuse(code) => InjectedFault::refuse(at, code),
    })
}

/// Whether the server answers the final dot by 250.
fn accepts_final_dot(act: Act) -> bool {
    match act {
        Act::Usual | Act::Delay => true,
        Act::Say(bytes) => right_replies(SmtpStage::Content).contains(&bytes),
        Act::Hang | Act::Drop | Act::Flood | Act::Refuse(_) => false,
    }
}

#[expect(clippy::disallowed_methods, reason = "the only place where these tests read the environment")]
fn seed_from_environment() -> Option<u64> {
    std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_delivered_exactly_when_the_final_dot_is_answered_by_250_inside_required_tls() {
    let seed = seed_from_environment().unwrap_or_else(|| RandomState::new().hash_one(()));
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    let scripts = prop::collection::vec(server(), SERVERS).new_tree(&mut runner).unwrap().current();
    let plans: Vec<_> = scripts
        .iter()
        .map(|(tls, _, acts)| {
            (*tls, STAGES.iter().zip(acts).filter_map(|(at, act)| trouble(*at, *act)).collect::<Vec<_>>())
        })
        .collect();
    let servers = Servers::open(&plans).await;
    let deferred = |is_deferred: bool| is_deferred.then_some(450);
    for (mailbox, (_, is_deferred, _)) in servers.mailboxes.iter().zip(&scripts) {
        mailbox.refuse_recipient(RECIPIENTS[1], deferred(*is_deferred));
    }
    let mut delivered = 0;
    // A third round would raise `delivery_failing` for refusals, which is sent to the other receivers.
    for round in 1..=2 {
        let (checked, took) = check(&servers.setup, &[]);
        assert_eq!(checked.status, Some(2), "{checked:?}");
        assert!(took < Duration::from_mins(1), "{took:?}");
        delivered = 0;
        for ((delivery, mailbox), (tls, is_deferred, acts)) in
            servers.deliveries().iter().zip(&servers.mailboxes).zip(&scripts)
        {
            mailbox.refuse_recipient(RECIPIENTS[1], None);
            let mails = mailbox.mails();
            let at_the_dot = acts.last().copied().unwrap_or(Act::Usual);
            let is_accepted = accepts_final_dot(at_the_dot);
            let accepted = RECIPIENTS.map(|recipient| {
                let with_it =
                    mails.iter().filter(|mail| is_accepted && mail.to.iter().any(|to| to == recipient));
                with_it.count()
            });
            let case = || {
                let acts: Vec<_> = STAGES.iter().zip(acts).filter(|(_, act)| **act != Act::Usual).collect();
                format!(
                    "round {round}, {tls:?} {is_deferred} {acts:?}: {delivery:?} {accepted:?}; to repeat: PROPTEST_RNG_SEED={seed}"
                )
            };
            assert_eq!(accepted == [1, 1], delivery.is_delivered, "{}", case());
            assert!(accepted.iter().all(|times| *times <= 1), "{}", case());
            assert!(accepted[0] >= accepted[1], "{}", case());
            for mail in &mails {
                assert_eq!(mail.encrypted, *tls != Protection::None, "{}", case());
                assert_eq!(message_id(mail), message_id(&mails[0]), "{}", case());
            }
            delivered += usize::from(delivery.is_delivered);
        }
        let_pauses_pass(&servers.setup).await;
    }
    assert!(delivered > 0 && delivered < SERVERS, "the scripts are one-sided: {delivered} of {SERVERS}");
}
