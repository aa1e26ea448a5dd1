//! Faulty, flooding and slow mail servers and the built program: what counts as delivered, and what they cost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::setup::Setup;
use crate::simulator::{InjectedFault, Login, Mail, Record, SmtpSecurity, SmtpServer, SmtpSetup, SmtpStage};
use crate::tls::{PASSWORD, identity};

/// The recipients of each mail.
pub(crate) const RECIPIENTS: [&str; 2] = ["ops@example.com", "night@example.com"];

/// The values of `smtp.tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    None,
    StartTls,
    Implicit,
}

/// A setup in which one account's token has expired, with mail servers that require a login, one for each receiver.
pub(crate) struct Servers {
    pub(crate) setup: Setup,
    pub(crate) mailboxes: Vec<SmtpServer>,
    /// The receivers' part of the configuration.
    pub(crate) receivers: String,
}

/// The stored state of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) is_delivered: bool,
    pub(crate) attempts: u64,
    pub(crate) error: String,
}

impl Servers {
    /// Servers that answer each connection with these faults; `smtp.timeout` is one second.
    pub(crate) async fn open(servers: &[(Protection, Vec<InjectedFault>)]) -> Self {
        let mut setup = Setup::open().await;
        let (tls, certificate) = identity();
        setup.secret("ca.pem", &certificate);
        setup.secret("smtp-password", PASSWORD);
        let trusted = setup.path("ca.pem").display().to_string();
        setup.set("SSL_CERT_FILE", &trusted);
        setup.vendor.put(Record::ending("a", minimax_watch::clock::now() - chrono::TimeDelta::days(1)));
        let (mut mailboxes, mut receivers) = (Vec::new(), String::new());
        for (number, (security, troubles)) in servers.iter().enumerate() {
            let (security, word) = match security {
                Protection::None => (SmtpSecurity::None, "none"),
                Protection::StartTls => (SmtpSecurity::StartTls(tls.clone()), "starttls"),
                Protection::Implicit => (SmtpSecurity::Implicit(tls.clone()), "implicit"),
            };
            let login = Login { username: "watch".to_owned(), password: SecretString::from(PASSWORD) };
            let requirements = SmtpSetup { login: Some(login), security, ..SmtpSetup::default() };
            let mailbox = SmtpServer::open(&setup.now, requirements).await.unwrap();
            mailbox.set_all(troubles.clone());
            let to = format!("[\"{}\", \"{}\"]", RECIPIENTS[0], RECIPIENTS[1]);
            receivers += &receiver(&name(number), &mailbox, word, &to);
            mailboxes.push(mailbox);
        }
        setup.configure(&["a"], &receivers);
        Self { setup, mailboxes, receivers }
    }

    /// The state of the one message of each receiver, in the order of the servers.
    pub(crate) fn deliveries(&self) -> Vec<Outcome> {
        let by_receiver = deliveries(&self.setup);
        (0..self.mailboxes.len())
            .map(|number| {
                let messages = &by_receiver[&name(number)];
                assert_eq!(messages.len(), 1, "{}: {messages:?}", name(number));
                messages[0].clone()
            })
            .collect()
    }
}

fn name(number: usize) -> String {
    format!("m{number:03}")
}

/// The configuration of a mail receiver with a login and a timeout of one second for each stage.
pub(crate) fn receiver(name: &str, mailbox: &SmtpServer, tls: &str, to: &str) -> String {
    format!(
        "[[receivers]]\nname = \"{name}\"\ntype = \"email\"\nfrom = \"watch@example.com\"\nto = {to}\nsmtp = {{ host = \"127.0.0.1\", \
         port = {}, tls = \"{tls}\", username = \"watch\", password_file = \"smtp-password\", timeout = \"1s\" }}\n",
        mailbox.address().port()
    )
}

/// The stored state of every message, by receiver, oldest first.
pub(crate) fn deliveries(setup: &Setup) -> BTreeMap<String, Vec<Outcome>> {
    let listed = setup.run(&["deliveries", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let mut by_receiver: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for message in listed["deliveries"].as_array().unwrap() {
        by_receiver.entry(message["receiver"].as_str().unwrap().to_owned()).or_default().push(Outcome {
            is_delivered: message["state"] == "delivered",
            attempts: message["attempts"].as_u64().unwrap(),
            error: message["last_error"].as_str().unwrap_or_default().to_owned(),
        });
    }
    by_receiver
}

/// Makes every pending message due now: the real pauses are minutes and hours.
pub(crate) async fn let_pauses_pass(setup: &Setup) {
    let mut connection = SqliteConnectOptions::new().filename(setup.store()).connect().await.unwrap();
    sqlx::query("UPDATE messages SET next_attempt_at = created_at WHERE state = 'pending'")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Runs a check; returns its result and how long it took.
pub(crate) fn check(setup: &Setup, options: &[&str]) -> (crate::setup::Ended, Duration) {
    let started = Instant::now();
    let ended = setup.run(&[&["check"], options].concat());
    (ended, started.elapsed())
}

pub(crate) fn message_id(mail: &Mail) -> String {
    mail.header("Message-ID").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_before_tls_is_not_an_answer_and_the_mail_is_retried() {
    const AFTER: &str = "the server sent plain text after its agreement to STARTTLS";
    const EARLY: &str = "the server answered before it was asked";
    const HELLO: SmtpStage = SmtpStage::Hello;
    let cases: [(SmtpStage, &[u8], &str); 10] = [
        (SmtpStage::StartTls, b"220 go on\r\n250 queued\r\n", AFTER),
        (SmtpStage::StartTls, b"220 go on\r\n235 welcome\r\n", AFTER),
        (SmtpStage::StartTls, b"220 go on\r\n354 go on\r\n", AFTER),
        (
            SmtpStage::StartTls,
            b"220 go on\r\n250 x\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 queued\r\n221 bye\r\n",
            AFTER,
        ),
        (SmtpStage::StartTls, b"220-go\r\n220 on\r\n250-x\r\n", AFTER),
        (SmtpStage::StartTls, b"220 go on\r\n2", AFTER),
        (SmtpStage::Connect, b"220 x\r\n250-x\r\n250 STARTTLS\r\n", EARLY),
        (SmtpStage::Connect, b"220 x\r\n250", EARLY),
        (HELLO, b"250-x\r\n250 STARTTLS\r\n220 go on\r\n", EARLY),
        (HELLO, b"250-x\r\n250 STARTTLS\r\n220 go on\r\n250-x\r\n250 AUTH PLAIN\r\n235 ok\r\n", EARLY),
    ];
    let plans = cases.map(|(at, bytes, _)| (Protection::StartTls, vec![InjectedFault::say(at, bytes)]));
    let servers = Servers::open(&plans).await;
    let (checked, _) = check(&servers.setup, &[]);
    assert_eq!(checked.status, Some(2), "{checked:?}");
    for ((delivery, mailbox), (at, bytes, words)) in
        servers.deliveries().iter().zip(&servers.mailboxes).zip(cases)
    {
        let text = String::from_utf8_lossy(bytes);
        assert!(!delivery.is_delivered && delivery.error.contains(words), "{at:?} {text:?}: {delivery:?}");
        assert_eq!((mailbox.count(), delivery.attempts), (0, 1), "{at:?} {text:?}");
        mailbox.set(None);
    }
    let_pauses_pass(&servers.setup).await;
    check(&servers.setup, &[]);
    for (delivery, mailbox) in servers.deliveries().iter().zip(&servers.mailboxes) {
        assert!(delivery.is_delivered, "{delivery:?}");
        let mails = mailbox.mails();
        assert!(matches!(mails.as_slice(), [mail] if mail.encrypted && mail.authenticated));
    }
}

/// Bytes for a flood: more than all buffers on the way hold.
fn endless(piece: &str) -> &'static [u8] {
    piece.repeat(65_536 / piece.len()).into_bytes().leak()
}

/// Lets the service deliver to all these servers at once; none may cost memory or time, and none may count as delivered.
async fn assert_survived_by_the_service(plans: &[(Protection, Vec<InjectedFault>)]) {
    const MAX_KIB: u64 = 12 * 1024;
    let servers = Servers::open(plans).await;
    let mut service = servers.setup.serve(&[]);
    service.until("watching");
    let started = Instant::now();
    for _ in plans {
        service.until("message not accepted");
    }
    let took = started.elapsed();
    let peak = service.peak_memory();
    assert_eq!(service.stop(), Some(0), "the service stops when asked");
    assert!(peak < MAX_KIB, "{peak} KiB");
    assert!(took < Duration::from_secs(20), "{took:?} for a limit of a second for each stage");
    for (delivery, (tls, troubles)) in servers.deliveries().iter().zip(plans) {
        let words =
            ["its reply is longer than 32 KiB", "no answer in time", "plain text after", "not an SMTP reply"];
        assert!(!delivery.is_delivered, "{tls:?}, {troubles:?}");
        assert!(words.iter().any(|words| delivery.error.contains(words)), "{tls:?}: {delivery:?}");
    }
    assert!(servers.mailboxes.iter().all(|mailbox| mailbox.count() == 0));
}

const TENTH: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
async fn endless_reply_before_tls_costs_neither_memory_nor_time() {
    let greetings = endless("220-more and more\r\n");
    let mut plans = Vec::new();
    for tls in [Protection::None, Protection::StartTls] {
        for trouble in [
            InjectedFault::flood(SmtpStage::Connect, endless("a")),
            InjectedFault::flood(SmtpStage::Connect, endless("220 aaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
            InjectedFault::flood(SmtpStage::Connect, greetings),
            InjectedFault::flood(SmtpStage::Hello, endless("250-more and more\r\n")),
            InjectedFault::drip(SmtpStage::Connect, b"220-a\r\n", TENTH),
            InjectedFault::drip(SmtpStage::Hello, b"250 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", TENTH),
        ] {
            plans.push((tls, vec![trouble]));
        }
    }
    plans.push((
        Protection::StartTls,
        vec![InjectedFault::flood(SmtpStage::StartTls, endless("220 aaaaaaaaaaaaaaaaaaaaaaa"))],
    ));
    assert_survived_by_the_service(&plans).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_reply_inside_tls_costs_neither_memory_nor_time() {
    let mut plans = vec![(
        Protection::Implicit,
        vec![InjectedFault::flood(SmtpStage::Connect, endless("220-more and more\r\n"))],
    )];
    for tls in [Protection::StartTls, Protection::Implicit] {
        for trouble in [
            InjectedFault::flood(SmtpStage::Login, endless("235-more and more\r\n")),
            InjectedFault::flood(SmtpStage::Sender, endless("a")),
            InjectedFault::flood(SmtpStage::Recipient, endless("250-more and more\r\n")),
            InjectedFault::flood(SmtpStage::Data, endless("354-more and more\r\n")),
            InjectedFault::flood(SmtpStage::Content, endless("250-more and more\r\n")),
            InjectedFault::drip(SmtpStage::Login, b"235-a\r\n", TENTH),
            InjectedFault::drip(SmtpStage::Recipient, b"250 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", TENTH),
        ] {
            plans.push((tls, vec![trouble]));
        }
    }
    assert_survived_by_the_service(&plans).await;
}
