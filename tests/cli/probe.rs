//! `config check --probe`: what answers is called good, what does not is named with a reason and a next step; nothing is
//! sent, nothing is stored, no secret is shown.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use minimax_watch::simulator::{
    self, Answer, Hook, Lapse, Mailbox, Missing, Record, Refusal, Security, Trouble,
};
use rustls::ServerConfig;
use serde_json::Value;

use crate::schema;
use crate::stage::{Ended, Stage, TOKEN, healthy};
use crate::tls::{PASSWORD, identity, mail, mailbox};

/// What makes a webhook's address a secret.
const URL_SECRET: &str = "T0pS3cretPath";

/// For what must come soon.
const PATIENCE: Duration = Duration::from_secs(20);

/// What no output may hold.
const SECRETS: [&str; 4] = [TOKEN, "s3cretT0ken", PASSWORD, URL_SECRET];

/// Probes for people and, with the same result, as JSON; the text with its lines joined.
fn probe(stage: &Stage, status: i32) -> (String, Value) {
    let json = stage.run(&["config", "check", "--probe", "--json"]);
    assert_eq!(json.status, Some(status), "{json:?}");
    let text = stage.run(&["--log-level", "trace", "config", "check", "--probe"]);
    assert_eq!(text.status, Some(status), "{text:?}");
    for ended in [&json, &text] {
        shows_no_secret(ended);
    }
    // A word that is longer stands alone.
    let fits = |line: &str| line.chars().count() <= 80 || line.split_whitespace().count() == 1;
    assert!(text.out.lines().skip(1).all(fits), "{}", text.out);
    assert!(!stage.store().exists(), "a store was made");
    (text.out.split_whitespace().collect::<Vec<_>>().join(" "), schema::valid("probe", &json.out))
}

fn shows_no_secret(ended: &Ended) {
    for secret in SECRETS {
        assert!(!ended.out.contains(secret) && !ended.err.contains(secret), "{secret}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_subscription_is_asked_once_and_its_accounts_are_compared() {
    let stage = Stage::with(&["a", "b"], "").await;
    let (text, json) = probe(&stage, 0);
    let asked = stage.api.requests();
    assert_eq!(asked.len(), 2, "one request for each of two probes: {asked:?}");
    let address = stage.api.address();
    assert!(text.contains("minimax-watch.toml: good. 1 subscription, 2 accounts, 0 receivers"), "{text}");
    let tried = format!("tried GET the list of accounts from {address}, token from file ");
    assert!(text.contains(&format!("subscription main: good {tried}")), "{text}");
    assert!(text.contains("seen token accepted, 2 accounts listed 1 probe: all good."), "{text}");
    assert!(text.contains("There are no receivers"), "{text}");
    assert_eq!((&json["good"], &json["subscriptions"][0]["listed"]), (&true.into(), &2.into()));

    stage.vendor.remove("b");
    stage.vendor.put(Record::ending("c", healthy()));
    let (text, json) = probe(&stage, 3);
    assert!(
        text.contains(
            "token accepted, 2 accounts listed; of the configured ones `b` is missing; \
             listed but not configured, so not watched: `c` next Compare id `b`"
        ),
        "{text}"
    );
    assert_eq!(json["subscriptions"][0]["missing"][0]["id"], "b");
    assert_eq!(json["subscriptions"][0]["not_configured"][0], "c");

    for id in 0..30 {
        stage.vendor.put(Record::ending(format!("{id:02}-{}", "x".repeat(900)), healthy()));
    }
    let (text, json) = probe(&stage, 3);
    let first = format!("so not watched: `00-{}…`, ", "x".repeat(76));
    assert!(text.contains(&first) && text.contains("x…` and 21 more"), "{text}");
    assert_eq!(json["subscriptions"][0]["not_configured"].as_array().map(Vec::len), Some(31));

    stage.vendor.set_list(Some(Answer::not_found(Missing::Sentence)));
    let (text, _) = probe(&stage, 3);
    assert!(text.contains("seen an answer that lists no accounts next Set up an account"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_refuses_is_told_with_a_next_step() {
    let stage = Stage::with(&["a"], "").await;
    for (answer, outcome, seen, next) in [
        (Answer::unauthorized(Refusal::default()), "unauthorized", "401", "Put the current API token"),
        (Answer::lapsed(Lapse::Expired), "subscription_lapsed", "402", "Renew the subscription"),
        (Answer::not_json(), "malformed", "", "is not one of its lists"),
        (Answer::close(), "unavailable", "connection cut", "[api].base_url is right"),
    ] {
        stage.vendor.set_list(Some(answer));
        let (text, json) = probe(&stage, 3);
        assert!(text.contains("subscription main: FAILED") && text.contains("1 of 1 probe failed"), "{text}");
        let one = &json["subscriptions"][0];
        assert_eq!((one["outcome"].as_str(), &one["listed"]), (Some(outcome), &Value::Null), "{one}");
        assert!(one["seen"].as_str().unwrap().contains(seen), "{one}");
        assert!(one["next"].as_str().unwrap().contains(next), "{one}");
    }
    stage.vendor.set_list(None);
    stage.secret("token", "user:1234-0ther-s3cretT0ken");
    let (text, _) = probe(&stage, 3);
    assert!(
        text.contains("401") && text.contains("token of this useapi.net subscription into file"),
        "{text}"
    );
    stage.api.go_down();
    let (text, _) = probe(&stage, 3);
    assert!(text.contains("cannot connect: ") && text.contains("this machine reaches 127.0.0.1:"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_is_told_and_nobody_is_asked() {
    let stage = Stage::with(&["a"], "[nonsense]\nx = 1\n").await;
    let refused = stage.run(&["config", "check", "--probe"]);
    assert_eq!((refused.status, stage.api.request_count()), (Some(3), 0), "{refused:?}");
    assert!(refused.err.contains("nonsense"), "{}", refused.err);
    let refused = stage.run(&["config", "check", "--json"]);
    assert_eq!(refused.status, Some(3));
    assert!(refused.err.contains("--probe"), "{}", refused.err);
}

/// A webhook whose address is a secret, and a mail server with a log-in, each greeted.
fn receivers(hook_url: &str, mailbox: &Mailbox, tls: &str) -> String {
    assert!(hook_url.contains(URL_SECRET));
    let pager = format!(
        "[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{hook_url}\"\ntimeout = \"2s\"\n"
    );
    pager + &mail(mailbox, tls)
}

fn receiver<'a>(json: &'a Value, name: &str) -> &'a Value {
    json["receivers"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()
}

fn failed(json: &Value, name: &str, seen: &str, next: &str) {
    let one = receiver(json, name);
    assert_eq!(one["good"], false, "{one}");
    assert!(one["seen"].as_str().unwrap().contains(seen), "{one}");
    assert!(one["next"].as_str().unwrap().contains(next), "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_are_greeted_over_tls_and_get_neither_mail_nor_request() {
    for (word, secured) in [
        ("starttls", Security::StartTls as fn(Arc<ServerConfig>) -> Security),
        ("implicit", Security::Implicit),
    ] {
        let mut stage = Stage::with(&["a"], "").await;
        let (server, certificate) = identity();
        let mailbox = mailbox(&stage, secured(Arc::clone(&server))).await;
        let door = Door::open(server);
        stage.secret("smtp-password", PASSWORD);
        stage.secret("ca.pem", &certificate);
        stage.secret("other-ca.pem", &identity().1);
        stage.configure(&["a"], &receivers(&door.url(), &mailbox, word));

        let trusted = stage.path("ca.pem").display().to_string();
        stage.set("SSL_CERT_FILE", &trusted);
        let (text, json) = probe(&stage, 0);
        assert_eq!(json["receivers"].as_array().unwrap().len(), 2);
        assert!(text.contains("certificate trusted, logged in as `watch`"), "{text}");
        assert!(text.contains("receiver pager: good") && text.contains("3 probes: all good."), "{text}");
        assert_eq!(receiver(&json, "pager")["address"], door.address.to_string());
        assert_eq!(mailbox.connection_count(), 2, "one greeting a probe");

        let other = stage.path("other-ca.pem").display().to_string();
        stage.set("SSL_CERT_FILE", &other);
        let (text, json) = probe(&stage, 3);
        failed(&json, "pager", "invalid peer certificate", "certificate is in date");
        failed(&json, "ops-mail", "certificate", "See that smtp.host names the host as its");
        assert!(text.contains("2 of 3 probes failed"), "{text}");
        let heard = [door.heard(), door.heard(), door.heard(), door.heard()];
        assert_eq!((mailbox.count(), heard), (0, [0; 4]), "a mail or a request went out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_cannot_be_reached_are_told_apart() {
    let stage = Stage::with(&["a"], "").await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    let url = hook.url().join(URL_SECRET).unwrap().to_string();
    let mailbox = mailbox(&stage, Security::None).await;
    stage.secret("smtp-password", PASSWORD);
    let plain = receivers(&url, &mailbox, "none");
    stage.configure(&["a"], &plain);
    let (text, _) = probe(&stage, 0);
    assert!(text.contains("connected, unencrypted") && text.contains("no TLS, logged in"), "{text}");

    stage.configure(&["a"], &receivers(&url, &mailbox, "starttls"));
    failed(&probe(&stage, 3).1, "ops-mail", "does not offer STARTTLS", "usually 465");

    stage.configure(&["a"], &plain);
    stage.secret("smtp-password", "wr0ng-s3cretT0ken");
    failed(&probe(&stage, 3).1, "ops-mail", "logging in: 535", "current password into file ");

    mailbox.set(Some(Trouble::refuse(simulator::Stage::Connect, 421)));
    failed(&probe(&stage, 3).1, "ops-mail", "connecting: 421", "that the server runs");

    mailbox.go_down();
    hook.go_down();
    let (_, json) = probe(&stage, 3);
    failed(&json, "ops-mail", "refused", "587 with starttls");
    failed(&json, "pager", "refused", "that the receiver runs");
    assert_eq!(json["subscriptions"][0]["good"], true, "{json}");

    let nobody = "https://someone:wr0ng-s3cretT0ken@hooks.invalid/T0pS3cretPath";
    stage.secret("pager-url", nobody);
    let nowhere = plain
        .replace(&format!("url = \"{url}\""), "url_file = \"pager-url\"")
        .replace("\"127.0.0.1\"", "\"smtp.invalid\"")
        .replace("\"none\"", "\"starttls\"");
    stage.configure(&["a"], &nowhere);
    let (_, json) = probe(&stage, 3);
    failed(&json, "ops-mail", "DNS: ", "getent hosts smtp.invalid");
    failed(&json, "pager", "DNS: ", "getent hosts hooks.invalid");
    assert_eq!((mailbox.count(), hook.count()), (0, 0), "a mail or a request went out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_says_nothing_holds_nobody_up() {
    let stage = Stage::with(&["a"], "").await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/{URL_SECRET}", silent.local_addr().unwrap());
    stage.configure(
        &["a"],
        &format!("[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{url}\"\ntimeout = \"1s\"\n"),
    );
    failed(&probe(&stage, 3).1, "pager", "no answer in time", "that the receiver runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_hears_a_greeting_a_log_in_and_a_farewell() {
    let stage = Stage::with(&["a"], "").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    stage.secret("smtp-password", PASSWORD);
    let smtp = format!(
        "smtp = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\", username = \"watch\", password_file = \"smtp-password\" }}"
    );
    let receiver =
        "[[receivers]]\nname = \"m\"\ntype = \"email\"\nfrom = \"w@example.com\"\nto = [\"o@example.com\"]\n";
    stage.configure(&["a"], &format!("{receiver}{smtp}\n"));
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let (mut writer, mut heard) = (stream.try_clone().unwrap(), Vec::new());
        writer.write_all(b"220 here\r\n").unwrap();
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let verb = line.split(' ').next().unwrap().to_owned();
            let reply = match verb.as_str() {
                "EHLO" => "250-here\r\n250 AUTH PLAIN\r\n",
                "AUTH" => "235 come in\r\n",
                _ => "221 bye\r\n",
            };
            heard.push(verb);
            writer.write_all(reply.as_bytes()).unwrap();
        }
        heard
    });
    let ended = stage.run(&["config", "check", "--probe"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(server.join().unwrap(), ["EHLO", "AUTH", "QUIT"]);
}

/// A webhook's TLS server that says of each connection how many bytes came after the handshake.
struct Door {
    address: SocketAddr,
    heard: Receiver<usize>,
}

impl Door {
    fn open(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut said = Vec::new();
                let _ = rustls::Stream::new(&mut session, &mut stream).read_to_end(&mut said);
                let _ = tell.send(said.len());
            }
        });
        Self { address, heard }
    }

    fn url(&self) -> String {
        format!("https://{}/{URL_SECRET}?key={URL_SECRET}", self.address)
    }

    /// What the next connection said, once it is over.
    fn heard(&self) -> usize {
        self.heard.recv_timeout(PATIENCE).unwrap()
    }
}
