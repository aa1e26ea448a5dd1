//! Every named fault of the simulated servers against the real clients: each request ends in time, by its status line or code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::join_all;
use minimax_watch::api::{ApiToken, Client};
use minimax_watch::config::{
    self, Channel, Email, Endpoint, FetchMode, Origin, OwnTemplates, Receiver, Secret, Smtp, Tls, Webhook,
    WebhookFormat,
};
use minimax_watch::domain::account::{AccountId, ReceiverName};
use minimax_watch::domain::alerts::Severity;
use minimax_watch::domain::clock::Clock;
use minimax_watch::domain::message::MessageId;
use minimax_watch::domain::observation::Outcome;
use minimax_watch::domain::route::{Kinds, Route};
use minimax_watch::domain::supervisor::Supervisor;
use minimax_watch::domain::time_zone::TimeZone;
use minimax_watch::notify::{Attempt, Sender};
use rustls::pki_types::PrivateKeyDer;
use secrecy::SecretString;

use crate::faulty_http::{FaultyHttpServer, HttpFault};
use crate::named_faults::{HTTP_FAULTS, MAIL_FAULTS, NamedFault};
use crate::simulator::{InjectedFault, Login, Record, SmtpSecurity, SmtpServer, SmtpSetup, VirtualNow};
use crate::world::start;

/// The time limit of each client for one request.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Far more than that, for a busy machine, and far less than an endless answer takes.
const BOUND: Duration = Duration::from_secs(30);

fn pager(url: String) -> Receiver {
    let webhook = Webhook {
        endpoint: Endpoint {
            url: Secret { value: SecretString::from(url), origin: Origin::Inline },
            timeout: TIMEOUT,
            allow_http: false,
        },
        format: WebhookFormat::Standard,
        signing: Vec::new(),
        signing_origin: None,
        headers: Vec::new(),
    };
    Receiver {
        name: ReceiverName::new("pager"),
        route: Route { min_severity: Severity::Info, kinds: Kinds::All, accounts: globset::GlobSet::empty() },
        accounts: vec!["*".to_owned()],
        fallback: None,
        digest: None,
        timezone: TimeZone::UTC,
        quiet_hours: None,
        supervisor: Supervisor::Terminal,
        templates: OwnTemplates::default(),
        channel: Channel::Webhook(webhook),
    }
}

/// How a webhook attempt ends; `None` where that depends on which bytes arrive first.
fn expected_attempt(lie: &str) -> Option<&'static str> {
    Some(match lie {
        "early-answer" => return None,
        "stale-connection" | "interim" | "broken-headers" | "invalid-length" | "invalid-encoding"
        | "broken-chunks" | "line-feeds" | "cut-status" | "cut-body" | "endless-head" | "endless-body"
        | "dripping-head" | "dripping-body" => "delivered",
        "silence" | "no-answer" | "slow-answer" | "garbage" | "mail-server" | "interim-only"
        | "endless-interim" | "dripping-status" | "endless-wait" => "deferred",
        "endless-refusal" | "redirect" | "echo" | "blocked" => "refused",
        unknown => panic!("add how a delivery to `{unknown}` ends"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_to_each_faulty_receiver_ends_in_time_and_by_its_status_line() {
    let (begin, sender) = (Instant::now(), Sender::over_network());
    let attempts = HTTP_FAULTS.iter().map(async |lie: &NamedFault<HttpFault>| {
        let server = FaultyHttpServer::open(lie.fault, "{}").await.unwrap();
        let receiver = pager(server.url("/services/T0PsEcReT").into());
        let id = MessageId::new("msg_1");
        let sent = sender.send(&receiver, &id, b"{}", &[], &Clock::fixed(start())).await.attempt;
        let (kind, said) = match sent {
            Attempt::Delivered => ("delivered", String::new()),
            Attempt::Deferred { error, .. } => ("deferred", error),
            Attempt::Refused { error, .. } => ("refused", error),
            Attempt::Final { error } => ("final", error),
        };
        assert!(!said.contains("T0P") && !said.contains("services"), "{}: {said}", lie.name);
        let expected = expected_attempt(lie.name)?;
        let is_right = kind == expected && server.count() == 1;
        (!is_right).then(|| format!("{}: {kind} ({said}), asked {} times", lie.name, server.count()))
    });
    let wrong: Vec<String> = join_all(attempts).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(begin.elapsed() < BOUND);
}

/// The outcome of a check; `None` as above.
fn expected_outcome(lie: &str) -> Option<Outcome> {
    Some(match lie {
        "early-answer" => return None,
        "stale-connection" | "interim" | "broken-headers" => Outcome::Ok,
        "silence" | "no-answer" | "slow-answer" | "garbage" | "mail-server" | "interim-only"
        | "invalid-length" | "cut-status" | "cut-body" | "endless-interim" | "endless-head"
        | "dripping-status" | "dripping-head" | "dripping-body" => Outcome::Unavailable,
        "line-feeds" | "invalid-encoding" | "broken-chunks" | "endless-body" | "redirect" => {
            Outcome::Malformed
        }
        "endless-refusal" | "echo" => Outcome::NotFound,
        "blocked" => Outcome::Blocked,
        "endless-wait" => Outcome::RateLimited,
        unknown => panic!("add the outcome of a check of `{unknown}`"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn check_of_each_faulty_api_ends_in_time_and_believes_no_partial_answer() {
    let begin = Instant::now();
    let record = Record::ending("1", start() + TimeDelta::days(20)).to_json(start(), 0).to_string();
    let checks = HTTP_FAULTS.iter().map(async |lie: &NamedFault<HttpFault>| {
        let server = FaultyHttpServer::open(lie.fault, record.clone()).await.unwrap();
        let api = config::Api {
            base_url: server.url(""),
            timeout: TIMEOUT,
            concurrency: 1,
            max_body: 64 << 10,
            fetch: FetchMode::Each,
        };
        let client = Client::new(&api).unwrap();
        let token = ApiToken::from(SecretString::from("user:1-t"));
        // Twice, so that the second check may reuse the connection of the first.
        let mut wrong = None;
        for _ in 0..2 {
            let answer = client.account(&token, &AccountId::new("1"), None, &Clock::fixed(start())).await;
            let seen = answer.into_observation().unwrap();
            let is_right = expected_outcome(lie.name).is_none_or(|expected| seen.outcome == expected);
            wrong = wrong.or_else(|| (!is_right).then(|| format!("{}: {seen:?}", lie.name)));
        }
        wrong
    });
    let wrong: Vec<String> = join_all(checks).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(begin.elapsed() < BOUND);
}

/// How an attempt at a mail ends; `None` where it takes longer than a test may.
fn expected_mail_attempt(lie: &str) -> Option<&'static str> {
    Some(match lie {
        "slow-greeting" | "slow-dot" | "silent-dot" => return None,
        "not-utf8" | "bare-code" => "delivered",
        "early-plain-text" | "answers-ahead" | "not-smtp" | "endless-greeting" | "endless-reply"
        | "silent-greeting" | "cut-dot" | "accepted-at-data" | "go-ahead-after-dot" | "daily-limit"
        | "login-refused" | "busy" => "deferred",
        "refusal-in-latin-1" | "hello-refused" => "refused",
        unknown => panic!("add how a mail to `{unknown}` ends"),
    })
}

fn desk(server: &SmtpServer, lie: InjectedFault) -> Receiver {
    let login = lie.needs_login().then(|| config::Login {
        username: "watch".to_owned(),
        password: Secret { value: SecretString::from("simulated"), origin: Origin::Inline },
    });
    let email = Email {
        from: "watch@example.com".parse().unwrap(),
        to: vec!["ops@example.com".parse().unwrap()],
        smtp: Smtp {
            host: "127.0.0.1".to_owned(),
            port: server.address().port(),
            tls: if lie.needs_tls() { Tls::StartTls } else { Tls::None },
            login,
            hello: Some("watch.example.com".to_owned()),
            timeout: TIMEOUT,
        },
        allow_http: false,
    };
    Receiver { channel: Channel::Email(email), ..pager("http://127.0.0.1:9".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_to_each_faulty_server_ends_in_time_and_by_its_codes() {
    let (begin, sender) = (Instant::now(), Sender::over_network());
    let attempts = MAIL_FAULTS.iter().map(async |lie: &NamedFault<InjectedFault>| {
        let expected = expected_mail_attempt(lie.name)?;
        let login = lie
            .fault
            .needs_login()
            .then(|| Login { username: "watch".to_owned(), password: SecretString::from("simulated") });
        let security =
            if lie.fault.needs_tls() { SmtpSecurity::StartTls(identity()) } else { SmtpSecurity::None };
        let setup = SmtpSetup { login, security, ..SmtpSetup::default() };
        let server = SmtpServer::open(&VirtualNow::new(start()), setup).await.unwrap();
        server.set(Some(lie.fault));
        let (receiver, id) = (desk(&server, lie.fault), MessageId::new("msg_1"));
        let mail = b"Subject: test\r\n\r\ntest\r\n";
        let (kind, said) = match sender.send(&receiver, &id, mail, &[], &Clock::fixed(start())).await.attempt
        {
            Attempt::Delivered => ("delivered", String::new()),
            Attempt::Deferred { error, .. } => ("deferred", error),
            Attempt::Refused { error, .. } => ("refused", error),
            Attempt::Final { error } => ("final", error),
        };
        (kind != expected).then(|| format!("{}: {kind} ({said})", lie.name))
    });
    let wrong: Vec<String> = join_all(attempts).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(begin.elapsed() < BOUND);
}

/// A self-signed certificate.
fn identity() -> Arc<rustls::ServerConfig> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).unwrap())
}

#[test]
fn each_fault_has_a_unique_name_and_sentence() {
    let http = HTTP_FAULTS.iter().map(|lie| (lie.name, lie.sentence));
    let mail = MAIL_FAULTS.iter().map(|lie| (lie.name, lie.sentence));
    for lies in [http.collect::<Vec<_>>(), mail.collect()] {
        let mut seen = std::collections::BTreeSet::new();
        for (name, sentence) in &lies {
            assert!(seen.insert(name) && seen.insert(sentence), "{name} is there twice");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
        }
    }
    assert_eq!(NamedFault::find(HTTP_FAULTS, "silence").map(|lie| lie.name), Some("silence"));
    assert!(NamedFault::find(MAIL_FAULTS, "silence").is_none());
}
