//! Mail servers that lie, flood or are slow, met by the built program: what counts as delivered, what it costs, and whom a slow
//! one delays.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use minimax_watch::simulator::{Login, Mail, Mailbox, Record, Security, Setup, Stage as At, Trouble};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::stage::Stage;
use crate::tls::{PASSWORD, identity};

/// Who gets each mail.
pub(crate) const RECIPIENTS: [&str; 2] = ["ops@example.com", "night@example.com"];

/// How a connection is protected, as `smtp.tls` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    None,
    StartTls,
    Implicit,
}

/// A world in which one account's token has expired, and mail servers that want a log-in: each serves a receiver of its own.
pub(crate) struct Servers {
    pub(crate) stage: Stage,
    pub(crate) mailboxes: Vec<Mailbox>,
    /// Their part of the configuration.
    pub(crate) receivers: String,
}

/// What the store says of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) is_delivered: bool,
    pub(crate) attempts: u64,
    pub(crate) error: String,
}

impl Servers {
    /// Servers that meet each connection with these troubles; `smtp.timeout` is a second.
    pub(crate) async fn open(servers: &[(Protection, Vec<Trouble>)]) -> Self {
        let mut stage = Stage::open().await;
        let (tls, certificate) = identity();
        stage.secret("ca.pem", &certificate);
        stage.secret("smtp-password", PASSWORD);
        let trusted = stage.path("ca.pem").display().to_string();
        stage.set("SSL_CERT_FILE", &trusted);
        stage.vendor.put(Record::ending("a", minimax_watch::clock::now() - chrono::TimeDelta::days(1)));
        let (mut mailboxes, mut receivers) = (Vec::new(), String::new());
        for (number, (security, troubles)) in servers.iter().enumerate() {
            let (security, word) = match security {
                Protection::None => (Security::None, "none"),
                Protection::StartTls => (Security::StartTls(tls.clone()), "starttls"),
                Protection::Implicit => (Security::Implicit(tls.clone()), "implicit"),
            };
            let login = Login { username: "watch".to_owned(), password: SecretString::from(PASSWORD) };
            let setup = Setup { login: Some(login), security, ..Setup::default() };
            let mailbox = Mailbox::open(&stage.now, setup).await.unwrap();
            mailbox.set_all(troubles.clone());
            let to = format!("[\"{}\", \"{}\"]", RECIPIENTS[0], RECIPIENTS[1]);
            receivers += &receiver(&name(number), &mailbox, word, &to);
            mailboxes.push(mailbox);
        }
        stage.configure(&["a"], &receivers);
        Self { stage, mailboxes, receivers }
    }

    /// What became of the one message of each receiver, in the order of the servers.
    pub(crate) fn deliveries(&self) -> Vec<Outcome> {
        let by_receiver = deliveries(&self.stage);
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

/// A mail receiver's part of the configuration, with a log-in and a second for each stage.
pub(crate) fn receiver(name: &str, mailbox: &Mailbox, tls: &str, to: &str) -> String {
    format!(
        "[[receivers]]\nname = \"{name}\"\ntype = \"email\"\nfrom = \"watch@example.com\"\nto = {to}\nsmtp = {{ host = \"127.0.0.1\", \
         port = {}, tls = \"{tls}\", username = \"watch\", password_file = \"smtp-password\", timeout = \"1s\" }}\n",
        mailbox.address().port()
    )
}

/// What the store says of every message, by receiver, oldest first.
pub(crate) fn deliveries(stage: &Stage) -> BTreeMap<String, Vec<Outcome>> {
    let listed = stage.run(&["deliveries", "--json"]);
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

/// Lets the pauses between attempts pass: they are real minutes and hours.
pub(crate) async fn let_pauses_pass(stage: &Stage) {
    let mut connection = SqliteConnectOptions::new().filename(stage.store()).connect().await.unwrap();
    sqlx::query("UPDATE messages SET next_attempt_at = created_at WHERE state = 'pending'")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Runs a check, and says how long it took.
pub(crate) fn check(stage: &Stage, options: &[&str]) -> (crate::stage::Ended, Duration) {
    let begun = Instant::now();
    let ended = stage.run(&[&["check"], options].concat());
    (ended, begun.elapsed())
}

pub(crate) fn message_id(mail: &Mail) -> String {
    mail.header("Message-ID").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_before_tls_is_no_answer_and_the_mail_waits_for_an_honest_server() {
    const AFTER: &str = "the server sent plain text after its agreement to STARTTLS";
    const EARLY: &str = "the server answered before it was asked";
    const HELLO: At = At::Hello;
    let lies: [(At, &[u8], &str); 10] = [
        (At::StartTls, b"220 go on\r\n250 queued\r\n", AFTER),
        (At::StartTls, b"220 go on\r\n235 welcome\r\n", AFTER),
        (At::StartTls, b"220 go on\r\n354 go on\r\n", AFTER),
        (
            At::StartTls,
            b"220 go on\r\n250 x\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 queued\r\n221 bye\r\n",
            AFTER,
        ),
        (At::StartTls, b"220-go\r\n220 on\r\n250-x\r\n", AFTER),
        (At::StartTls, b"220 go on\r\n2", AFTER),
        (At::Connect, b"220 x\r\n250-x\r\n250 STARTTLS\r\n", EARLY),
        (At::Connect, b"220 x\r\n250", EARLY),
        (HELLO, b"250-x\r\n250 STARTTLS\r\n220 go on\r\n", EARLY),
        (HELLO, b"250-x\r\n250 STARTTLS\r\n220 go on\r\n250-x\r\n250 AUTH PLAIN\r\n235 ok\r\n", EARLY),
    ];
    let plans = lies.map(|(at, bytes, _)| (Protection::StartTls, vec![Trouble::say(at, bytes)]));
    let servers = Servers::open(&plans).await;
    let (checked, _) = check(&servers.stage, &[]);
    assert_eq!(checked.status, Some(2), "{checked:?}");
    for ((delivery, mailbox), (at, bytes, words)) in
        servers.deliveries().iter().zip(&servers.mailboxes).zip(lies)
    {
        let lie = String::from_utf8_lossy(bytes);
        assert!(!delivery.is_delivered && delivery.error.contains(words), "{at:?} {lie:?}: {delivery:?}");
        assert_eq!((mailbox.count(), delivery.attempts), (0, 1), "{at:?} {lie:?}");
        mailbox.set(None);
    }
    let_pauses_pass(&servers.stage).await;
    check(&servers.stage, &[]);
    for (delivery, mailbox) in servers.deliveries().iter().zip(&servers.mailboxes) {
        assert!(delivery.is_delivered, "{delivery:?}");
        let mails = mailbox.mails();
        assert!(matches!(mails.as_slice(), [mail] if mail.encrypted && mail.authenticated));
    }
}

/// More than all buffers on the way hold, again and again.
fn endless(piece: &str) -> &'static [u8] {
    piece.repeat(65_536 / piece.len()).into_bytes().leak()
}

/// The most memory that a process ever had, in KiB.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The service meets these servers at once, and what became of them; none may cost memory or time.
async fn met_by_the_service(plans: &[(Protection, Vec<Trouble>)]) {
    const MAX_KIB: u64 = 40 * 1024;
    let servers = Servers::open(plans).await;
    let mut service = servers.stage.serve(&[]);
    service.until("watching");
    let begun = Instant::now();
    for _ in plans {
        service.until("message not taken");
    }
    let took = begun.elapsed();
    let peak = peak_memory(service.pid());
    assert_eq!(service.stop(), Some(0), "it did not end by itself");
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
async fn a_reply_without_an_end_before_tls_costs_neither_memory_nor_time() {
    let greetings = endless("220-more and more\r\n");
    let mut plans = Vec::new();
    for tls in [Protection::None, Protection::StartTls] {
        for trouble in [
            Trouble::flood(At::Connect, endless("a")),
            Trouble::flood(At::Connect, endless("220 aaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
            Trouble::flood(At::Connect, greetings),
            Trouble::flood(At::Hello, endless("250-more and more\r\n")),
            Trouble::drip(At::Connect, b"220-a\r\n", TENTH),
            Trouble::drip(At::Hello, b"250 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", TENTH),
        ] {
            plans.push((tls, vec![trouble]));
        }
    }
    plans.push((
        Protection::StartTls,
        vec![Trouble::flood(At::StartTls, endless("220 aaaaaaaaaaaaaaaaaaaaaaa"))],
    ));
    met_by_the_service(&plans).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_without_an_end_inside_tls_costs_neither_memory_nor_time() {
    let mut plans =
        vec![(Protection::Implicit, vec![Trouble::flood(At::Connect, endless("220-more and more\r\n"))])];
    for tls in [Protection::StartTls, Protection::Implicit] {
        for trouble in [
            Trouble::flood(At::Login, endless("235-more and more\r\n")),
            Trouble::flood(At::Sender, endless("a")),
            Trouble::flood(At::Recipient, endless("250-more and more\r\n")),
            Trouble::flood(At::Data, endless("354-more and more\r\n")),
            Trouble::flood(At::Content, endless("250-more and more\r\n")),
            Trouble::drip(At::Login, b"235-a\r\n", TENTH),
            Trouble::drip(At::Recipient, b"250 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", TENTH),
        ] {
            plans.push((tls, vec![trouble]));
        }
    }
    met_by_the_service(&plans).await;
}
