//! `config check --probe`: each probe is ok, or failed with a reason and a hint; nothing is sent or stored, no secret is shown.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustls::ServerConfig;
use serde_json::Value;

use crate::schema;
use crate::setup::{Ended, Setup, TOKEN, healthy};
use crate::simulator::{
    self, Answer, InjectedFault, LapsedBody, NotFoundBody, Record, Refusal, SmtpSecurity, SmtpServer,
    WebhookServer,
};
use crate::tls::{PASSWORD, identity, mail, mailbox};

/// The secret part of the webhook's address.
const URL_SECRET: &str = "T0pS3cretPath";

/// A limit for what must come soon.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Secrets that no output may contain.
const SECRETS: [&str; 4] = [TOKEN, "s3cretT0ken", PASSWORD, URL_SECRET];

/// Probes with text and with JSON output; returns the text with its lines joined, and the JSON.
fn probe(setup: &Setup, status: i32) -> (String, Value) {
    let json = setup.run(&["config", "check", "--probe", "--json"]);
    assert_eq!(json.status, Some(status), "{json:?}");
    let text = setup.run(&["--log-level", "trace", "config", "check", "--probe"]);
    assert_eq!(text.status, Some(status), "{text:?}");
    for ended in [&json, &text] {
        shows_no_secret(ended);
    }
    // A longer word has a line of its own.
    let fits = |line: &str| line.chars().count() <= 80 || line.split_whitespace().count() == 1;
    assert!(text.out.lines().skip(1).all(fits), "{}", text.out);
    assert!(!setup.store().exists(), "a store was made");
    (text.out.split_whitespace().collect::<Vec<_>>().join(" "), schema::valid("probe", &json.out))
}

fn shows_no_secret(ended: &Ended) {
    for secret in SECRETS {
        assert!(!ended.out.contains(secret) && !ended.err.contains(secret), "{secret}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_subscription_is_probed_once_and_its_accounts_are_compared() {
    let setup = Setup::with(&["a", "b"], "").await;
    let (text, json) = probe(&setup, 0);
    let asked = setup.api.requests();
    assert_eq!(asked.len(), 2, "one request for each of two probes: {asked:?}");
    let address = setup.api.address();
    assert!(text.contains("minimax-watch.toml: valid. 1 subscription, 2 accounts, 0 receivers"), "{text}");
    let action = format!("action GET the account list from {address}, token from file ");
    assert!(text.contains(&format!("subscription main: ok {action}")), "{text}");
    assert!(text.contains("result token accepted, 2 accounts listed 1 probe: all ok."), "{text}");
    assert!(text.contains("No receivers configured"), "{text}");
    assert_eq!((&json["ok"], &json["subscriptions"][0]["listed"]), (&true.into(), &2.into()));

    setup.vendor.remove("b");
    setup.vendor.put(Record::ending("c", healthy()));
    let (text, json) = probe(&setup, 3);
    assert!(
        text.contains(
            "token accepted, 2 accounts listed; `b` is configured but not listed; \
             listed but not configured, so not watched: `c` hint Compare the id `b`"
        ),
        "{text}"
    );
    assert_eq!(json["subscriptions"][0]["missing"][0]["id"], "b");
    assert_eq!(json["subscriptions"][0]["not_configured"][0], "c");

    for id in 0..30 {
        setup.vendor.put(Record::ending(format!("{id:02}-{}", "x".repeat(900)), healthy()));
    }
    let (text, json) = probe(&setup, 3);
    let first = format!("so not watched: `00-{}…`, ", "x".repeat(76));
    assert!(text.contains(&first) && text.contains("x…` and 21 more"), "{text}");
    assert_eq!(json["subscriptions"][0]["not_configured"].as_array().map(Vec::len), Some(31));

    setup.vendor.set_list(Some(Answer::not_found(NotFoundBody::Sentence)));
    let (text, _) = probe(&setup, 3);
    assert!(text.contains("result an answer that lists no accounts hint Set up an account"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_of_the_api_comes_with_a_hint() {
    let setup = Setup::with(&["a"], "").await;
    for (answer, outcome, seen, next) in [
        (Answer::unauthorized(Refusal::default()), "unauthorized", "401", "Put the current API token"),
        (Answer::lapsed(LapsedBody::Expired), "subscription_lapsed", "402", "Renew the subscription"),
        (Answer::not_json(), "malformed", "", "is not an account list"),
        (Answer::close(), "unavailable", "connection cut", "Check [api].base_url"),
    ] {
        setup.vendor.set_list(Some(answer));
        let (text, json) = probe(&setup, 3);
        assert!(text.contains("subscription main: FAILED") && text.contains("1 of 1 probe failed"), "{text}");
        let one = &json["subscriptions"][0];
        assert_eq!((one["outcome"].as_str(), &one["listed"]), (Some(outcome), &Value::Null), "{one}");
        assert!(one["result"].as_str().unwrap().contains(seen), "{one}");
        assert!(one["hint"].as_str().unwrap().contains(next), "{one}");
    }
    setup.vendor.set_list(None);
    setup.secret("token", "user:1234-0ther-s3cretT0ken");
    let (text, _) = probe(&setup, 3);
    assert!(
        text.contains("401") && text.contains("token of this useapi.net subscription into file"),
        "{text}"
    );
    setup.api.go_down();
    let (text, _) = probe(&setup, 3);
    assert!(
        text.contains("cannot connect: ") && text.contains("this machine can reach 127.0.0.1:"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_configuration_is_reported_and_nothing_is_probed() {
    let setup = Setup::with(&["a"], "[nonsense]\nx = 1\n").await;
    let refused = setup.run(&["config", "check", "--probe"]);
    assert_eq!((refused.status, setup.api.request_count()), (Some(3), 0), "{refused:?}");
    assert!(refused.err.contains("nonsense"), "{}", refused.err);
}

/// The configuration of a webhook with a secret address and of a mail server with a login.
fn receivers(hook_url: &str, mailbox: &SmtpServer, tls: &str) -> String {
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
    assert_eq!(one["ok"], false, "{one}");
    assert!(one["result"].as_str().unwrap().contains(seen), "{one}");
    assert!(one["hint"].as_str().unwrap().contains(next), "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_are_probed_over_tls_and_get_neither_mail_nor_request() {
    for (word, secured) in [
        ("starttls", SmtpSecurity::StartTls as fn(Arc<ServerConfig>) -> SmtpSecurity),
        ("implicit", SmtpSecurity::Implicit),
    ] {
        let mut setup = Setup::with(&["a"], "").await;
        let (server, certificate) = identity();
        let mailbox = mailbox(&setup, secured(Arc::clone(&server))).await;
        let tls_server = TlsServer::open(server);
        setup.secret("smtp-password", PASSWORD);
        setup.secret("ca.pem", &certificate);
        setup.secret("other-ca.pem", &identity().1);
        setup.configure(&["a"], &receivers(&tls_server.url(), &mailbox, word));

        let trusted = setup.path("ca.pem").display().to_string();
        setup.set("SSL_CERT_FILE", &trusted);
        let (text, json) = probe(&setup, 0);
        assert_eq!(json["receivers"].as_array().unwrap().len(), 2);
        assert!(text.contains("certificate trusted, logged in as `watch`"), "{text}");
        assert!(text.contains("receiver pager: ok") && text.contains("3 probes: all ok."), "{text}");
        assert_eq!(receiver(&json, "pager")["address"], tls_server.address.to_string());
        assert_eq!(mailbox.connection_count(), 2, "one connection for each probe");

        let other = setup.path("other-ca.pem").display().to_string();
        setup.set("SSL_CERT_FILE", &other);
        let (text, json) = probe(&setup, 3);
        failed(&json, "pager", "invalid peer certificate", "has not expired");
        failed(&json, "ops-mail", "certificate", "Check that smtp.host is the name in the");
        assert!(text.contains("2 of 3 probes failed"), "{text}");
        let received =
            [tls_server.received(), tls_server.received(), tls_server.received(), tls_server.received()];
        assert_eq!((mailbox.count(), received), (0, [0; 4]), "a mail or a request went out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_receivers_have_different_hints() {
    let setup = Setup::with(&["a"], "").await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    let url = hook.url().join(URL_SECRET).unwrap().to_string();
    let mailbox = mailbox(&setup, SmtpSecurity::None).await;
    setup.secret("smtp-password", PASSWORD);
    let plain = receivers(&url, &mailbox, "none");
    setup.configure(&["a"], &plain);
    let (text, _) = probe(&setup, 0);
    assert!(text.contains("connected, unencrypted") && text.contains("no TLS, logged in"), "{text}");

    setup.configure(&["a"], &receivers(&url, &mailbox, "starttls"));
    failed(&probe(&setup, 3).1, "ops-mail", "does not offer STARTTLS", "usually 465");

    setup.configure(&["a"], &plain);
    setup.secret("smtp-password", "wr0ng-s3cretT0ken");
    failed(&probe(&setup, 3).1, "ops-mail", "logging in: 535", "current password into file ");

    mailbox.set(Some(InjectedFault::refuse(simulator::SmtpStage::Connect, 421)));
    failed(&probe(&setup, 3).1, "ops-mail", "connecting: 421", "that the server runs");

    mailbox.go_down();
    hook.go_down();
    let (_, json) = probe(&setup, 3);
    failed(&json, "ops-mail", "refused", "587 with starttls");
    failed(&json, "pager", "refused", "that the receiver runs");
    assert_eq!(json["subscriptions"][0]["ok"], true, "{json}");

    let nobody = "https://someone:wr0ng-s3cretT0ken@hooks.invalid/T0pS3cretPath";
    setup.secret("pager-url", nobody);
    let nowhere = plain
        .replace(&format!("url = \"{url}\""), "url_file = \"pager-url\"")
        .replace("\"127.0.0.1\"", "\"smtp.invalid\"")
        .replace("\"none\"", "\"starttls\"");
    setup.configure(&["a"], &nowhere);
    let (_, json) = probe(&setup, 3);
    failed(&json, "ops-mail", "DNS: ", "getent hosts smtp.invalid");
    failed(&json, "pager", "DNS: ", "getent hosts hooks.invalid");
    assert_eq!((mailbox.count(), hook.count()), (0, 0), "a mail or a request went out");
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_receiver_fails_its_probe_in_time() {
    let setup = Setup::with(&["a"], "").await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/{URL_SECRET}", silent.local_addr().unwrap());
    setup.configure(
        &["a"],
        &format!("[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{url}\"\ntimeout = \"1s\"\n"),
    );
    failed(&probe(&setup, 3).1, "pager", "no answer in time", "that the receiver runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn probe_of_a_mail_server_sends_ehlo_auth_and_quit() {
    let setup = Setup::with(&["a"], "").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    setup.secret("smtp-password", PASSWORD);
    let smtp = format!(
        "smtp = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\", username = \"watch\", password_file = \"smtp-password\" }}"
    );
    let receiver =
        "[[receivers]]\nname = \"m\"\ntype = \"email\"\nfrom = \"w@example.com\"\nto = [\"o@example.com\"]\n";
    setup.configure(&["a"], &format!("{receiver}{smtp}\n"));
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let (mut writer, mut verbs) = (stream.try_clone().unwrap(), Vec::new());
        writer.write_all(b"220 here\r\n").unwrap();
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let verb = line.split(' ').next().unwrap().to_owned();
            let reply = match verb.as_str() {
                "EHLO" => "250-here\r\n250 AUTH PLAIN\r\n",
                "AUTH" => "235 come in\r\n",
                _ => "221 bye\r\n",
            };
            verbs.push(verb);
            writer.write_all(reply.as_bytes()).unwrap();
        }
        verbs
    });
    let ended = setup.run(&["config", "check", "--probe"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(server.join().unwrap(), ["EHLO", "AUTH", "QUIT"]);
}

/// A TLS server for a webhook that counts the bytes after the handshake of each connection.
struct TlsServer {
    address: SocketAddr,
    received: Receiver<usize>,
}

impl TlsServer {
    fn open(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut bytes = Vec::new();
                let _ = rustls::Stream::new(&mut session, &mut stream).read_to_end(&mut bytes);
                let _ = sender.send(bytes.len());
            }
        });
        Self { address, received }
    }

    fn url(&self) -> String {
        format!("https://{}/{URL_SECRET}?key={URL_SECRET}", self.address)
    }

    /// The bytes of the next connection, once it is closed.
    fn received(&self) -> usize {
        self.received.recv_timeout(TIMEOUT).unwrap()
    }
}
