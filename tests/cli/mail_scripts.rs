//! Random mail servers, met by the built program: delivered is what was answered by 250 to the final dot, inside TLS where TLS
//! is required, and nothing else; and such a mail never comes again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use minimax_watch::simulator::{Stage as At, Trouble};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::mail::{Protection, RECIPIENTS, Servers, check, let_pauses_pass, message_id};

/// Servers in one run of the program: all of them are met at once.
const SERVERS: usize = 80;

const STAGES: [At; 8] =
    [At::Connect, At::Hello, At::StartTls, At::Login, At::Sender, At::Recipient, At::Data, At::Content];

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

/// Replies that are right at a stage, as servers word them.
fn right(at: At) -> &'static [&'static [u8]] {
    match at {
        At::Connect => &[b"220\r\n", b"220-hi\r\n220 there\r\n", b"220 f\xfcr Sie\r\n"],
        At::Hello => &[
            b"250-x\r\n250-starttls\r\n250 auth plain\r\n",
            b"250-\xfc\r\n250-STARTTLS\r\n250-AUTH=LOGIN\r\n250 AUTH LOGIN\r\n",
        ],
        At::StartTls => &[b"220\r\n", b"220-go\r\n220 on\r\n"],
        At::Login => &[b"235\r\n", b"235-2.7.0 wel\r\n235 come\r\n"],
        At::Sender => &[b"250\r\n", b"250-2.1.0 ok\r\n250 \r\n"],
        At::Recipient => &[b"250\r\n", b"251 forwarded\r\n"],
        At::Data => &[b"354\r\n", b"354-go\r\n354 on\r\n"],
        At::Content => &[b"250\r\n", b"250-2.0.0 f\xfcr\r\n250 immer\r\n", b"250 queued\r\n250 again\r\n"],
    }
}

/// What is right nowhere, or at another stage alone. Each ends a line: the final dot may be answered for ten minutes.
const WRONG: &[&[u8]] = &[
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

/// What goes on at a stage and then says more than was asked for: the next answers, in one piece with this one.
fn early(at: At) -> &'static [&'static [u8]] {
    match at {
        At::Connect => {
            &[b"220 x\r\n250 AUTH PLAIN\r\n235 ok\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n221 e\r\n"]
        }
        At::Hello => {
            &[b"250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n220 go\r\n250 AUTH PLAIN\r\n235 ok\r\n250 a\r\n"]
        }
        At::StartTls => {
            &[b"220 go\r\n250 AUTH PLAIN\r\n235 ok\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n221 e\r\n"]
        }
        At::Login => &[b"235 ok\r\n250 a\r\n250 b\r\n354 c\r\n250 d\r\n221 e\r\n"],
        At::Sender => &[b"250 a\r\n250 b\r\n354 c\r\n250 d\r\n221 e\r\n"],
        At::Recipient => &[b"250 b\r\n354 c\r\n250 d\r\n221 e\r\n"],
        At::Data => &[b"354 c\r\n250 d\r\n221 e\r\n", b"354 c\r\n250 d\r\n"],
        At::Content => &[b"354 c\r\n250 d\r\n"],
    }
}

fn act(at: At) -> impl Strategy<Value = Act> {
    let say = |replies: &'static [&'static [u8]]| prop::sample::select(replies).prop_map(Act::Say);
    // Waiting for an answer to the final dot takes ten minutes.
    let silence = if at == At::Content { Act::Drop } else { Act::Hang };
    // Most conversations are to come as far as the mail, and many of those to end there in a lie.
    let (wrong, ahead) = match at {
        At::Content => (30, 5),
        At::Data => (3, 15),
        At::StartTls => (2, 6),
        At::Connect | At::Hello | At::Login | At::Sender | At::Recipient => (2, 2),
    };
    prop_oneof![
        60 => Just(Act::Usual),
        25 => say(right(at)),
        4 => Just(Act::Delay),
        wrong => say(WRONG),
        ahead => say(early(at)),
        1 => Just(silence),
        1 => Just(Act::Drop),
        1 => Just(Act::Flood),
        2 => prop::sample::select(vec![421_u16, 450, 451, 535, 550, 552, 554]).prop_map(Act::Refuse),
    ]
}

/// A server: its TLS, whether it puts the second recipient off at first, and what it does at each stage.
fn server() -> impl Strategy<Value = (Protection, bool, Vec<Act>)> {
    let tls = prop::sample::select(vec![
        Protection::None,
        Protection::StartTls,
        Protection::StartTls,
        Protection::Implicit,
    ]);
    (tls, prop::bool::weighted(0.3), STAGES.map(act).into_iter().collect::<Vec<_>>())
}

fn trouble(at: At, act: Act) -> Option<Trouble> {
    Some(match act {
        Act::Usual => return None,
        Act::Say(bytes) => Trouble::say(at, bytes),
        Act::Delay => Trouble::delay(at, Duration::from_millis(300)),
        Act::Hang => Trouble::hang(at),
        Act::Drop => Trouble::drop(at),
        Act::Flood => Trouble::flood(at, b"250-more and more and more and more and more\r\n"),
        Act::Refuse(code) => Trouble::refuse(at, code),
    })
}

/// Whether the final dot of a mail that the server keeps is answered by 250.
fn says_250_to_the_dot(act: Act) -> bool {
    match act {
        Act::Usual | Act::Delay => true,
        Act::Say(bytes) => right(At::Content).contains(&bytes),
        Act::Hang | Act::Drop | Act::Flood | Act::Refuse(_) => false,
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where these tests read the environment")]
fn given_seed() -> Option<u64> {
    std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn delivered_is_exactly_what_was_answered_by_250_to_the_final_dot_inside_required_tls() {
    let seed = given_seed().unwrap_or_else(|| RandomState::new().hash_one(()));
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    let scripts = prop::collection::vec(server(), SERVERS).new_tree(&mut runner).unwrap().current();
    let plans: Vec<_> = scripts
        .iter()
        .map(|(tls, _, acts)| {
            (*tls, STAGES.iter().zip(acts).filter_map(|(at, act)| trouble(*at, *act)).collect::<Vec<_>>())
        })
        .collect();
    let servers = Servers::open(&plans).await;
    let put_off = |is_put_off: bool| is_put_off.then_some(450);
    for (mailbox, (_, is_put_off, _)) in servers.mailboxes.iter().zip(&scripts) {
        mailbox.refuse_recipient(RECIPIENTS[1], put_off(*is_put_off));
    }
    let mut delivered = 0;
    // A third one would raise `delivery_failing` for refusals, which the other receivers are sent.
    for round in 1..=2 {
        let (checked, took) = check(&servers.stage, &[]);
        assert_eq!(checked.status, Some(2), "{checked:?}");
        assert!(took < Duration::from_mins(1), "{took:?}");
        delivered = 0;
        for ((delivery, mailbox), (tls, is_put_off, acts)) in
            servers.deliveries().iter().zip(&servers.mailboxes).zip(&scripts)
        {
            mailbox.refuse_recipient(RECIPIENTS[1], None);
            let mails = mailbox.mails();
            let at_the_dot = acts.last().copied().unwrap_or(Act::Usual);
            let is_taken = says_250_to_the_dot(at_the_dot);
            let taken = RECIPIENTS.map(|recipient| {
                let with_it =
                    mails.iter().filter(|mail| is_taken && mail.to.iter().any(|to| to == recipient));
                with_it.count()
            });
            let case = || {
                let acts: Vec<_> = STAGES.iter().zip(acts).filter(|(_, act)| **act != Act::Usual).collect();
                format!(
                    "round {round}, {tls:?} {is_put_off} {acts:?}: {delivery:?} {taken:?}; the same again: PROPTEST_RNG_SEED={seed}"
                )
            };
            assert_eq!(taken == [1, 1], delivery.is_delivered, "{}", case());
            assert!(taken.iter().all(|times| *times <= 1), "{}", case());
            assert!(taken[0] >= taken[1], "{}", case());
            for mail in &mails {
                assert_eq!(mail.encrypted, *tls != Protection::None, "{}", case());
                assert_eq!(message_id(mail), message_id(&mails[0]), "{}", case());
            }
            delivered += usize::from(delivery.is_delivered);
        }
        let_pauses_pass(&servers.stage).await;
    }
    assert!(delivered > 0 && delivered < SERVERS, "the scripts are one-sided: {delivered} of {SERVERS}");
}
