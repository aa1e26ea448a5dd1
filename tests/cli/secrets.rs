//! No secret is in an output, log, command line or store (docs/contract.md, section 3).

use chrono::TimeDelta;
use minimax_watch::clock;
use secrecy::SecretString;

use crate::chat_setup::Chats;
use crate::child::within_timeout;
use crate::mail::let_pauses_pass;
use crate::setup::{Setup, TOKEN};
use crate::simulator::{
    Alertmanager, ChatServer, ChatService, Record, Reply, Signature, SmtpSecurity, StatusCode, WebhookServer,
};
use crate::tls::{PASSWORD, identity, mail, mailbox};

/// The password at the Alertmanager, and the login as it is sent.
const SERIES_PASSWORD: &str = "sEr1esPassw0rd";
const SERIES_LOGIN: &str = "d2F0Y2g6c0VyMWVzUGFzc3cwcmQ=";
const SIGNING: &str = "whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Rz";

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_output_log_command_line_or_store() {
    let mut setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, Some(&SecretString::from(SIGNING))).await.unwrap();
    let (server, certificate) = identity();
    let mailbox = mailbox(&setup, SmtpSecurity::StartTls(server)).await;
    setup.secret("ca.pem", &certificate);
    let trusted = setup.path("ca.pem").display().to_string();
    setup.set("SSL_CERT_FILE", &trusted);
    setup.secret("smtp-password", PASSWORD);
    setup.secret("signing-secret", SIGNING);
    setup.secret("pager-url", hook.url().join("/hook/T0pS3cret").unwrap().as_str());
    let pager = "[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl_file = \"pager-url\"\nsecret_file = \"signing-secret\"\n";
    setup.secret("series-password", SERIES_PASSWORD);
    let server = Alertmanager::open_in_real_time().await.unwrap();
    server.require(&format!("Basic {SERIES_LOGIN}"));
    let series = format!(
        "[[receivers]]\nname = \"series\"\ntype = \"alertmanager\"\nurls = [\"{}\"]\nusername = \"watch\"\npassword_file = \"series-password\"\n",
        server.url()
    );
    setup.configure(&["a", "b"], &format!("{pager}{series}{}", mail(&mailbox, "starttls")));
    setup.vendor.put(
        Record::ending("a", clock::now() - TimeDelta::days(1))
            .plant("/jwt/token", serde_json::json!("MiniMaxT0ken")),
    );

    let mut service = setup.serve(&["--log-level", "trace"]);
    within_timeout(hook.wait_for(1)).await;
    within_timeout(mailbox.wait_for(1)).await;
    within_timeout(server.wait_for(1)).await;
    let echo = format!("no such user: {SERIES_PASSWORD} (Basic {SERIES_LOGIN})");
    server.set(Some(Reply::text(StatusCode::BAD_REQUEST, echo)));
    let command_line = std::fs::read(format!("/proc/{}/cmdline", service.pid())).unwrap_or_default();
    let while_running = setup.run(&["--log-level", "trace", "status", "--json"]);
    assert_eq!(service.stop(), Some(0));
    assert_eq!(hook.deliveries()[0].signature, Signature::Valid, "the signing secret was in use");
    assert!(mailbox.mails()[0].authenticated);

    let mut outputs = vec![
        ("command line", String::from_utf8_lossy(&command_line).into_owned()),
        ("stdout", service.out()),
        ("log", service.log()),
        ("status", format!("{while_running:?}")),
        ("mail", mailbox.mails()[0].text()),
        ("webhook", String::from_utf8_lossy(&hook.deliveries()[0].body).into_owned()),
        ("store", String::from_utf8_lossy(&std::fs::read(setup.store()).unwrap()).into_owned()),
    ];
    for (name, arguments) in [
        ("show", &["config", "show"][..]),
        ("config check", &["config", "check"]),
        ("probe", &["--log-level", "trace", "config", "check", "--probe"]),
        ("check", &["--log-level", "trace", "check", "--format", "json"]),
        ("notify test", &["--log-level", "trace", "notify", "test"]),
    ] {
        outputs.push((name, format!("{:?}", setup.run(arguments))));
    }
    hook.go_down();
    mailbox.go_down();
    outputs.push((
        "failed notify test",
        format!("{:?}", setup.run(&["--log-level", "trace", "notify", "test"])),
    ));
    outputs.push((
        "failed probe",
        format!("{:?}", setup.run(&["--log-level", "trace", "config", "check", "--probe"])),
    ));
    let token_secret = TOKEN.rsplit_once('-').unwrap().1;
    let signing_secret = SIGNING.trim_start_matches("whsec_");
    for (where_, text) in outputs {
        for secret in [
            token_secret,
            PASSWORD,
            SERIES_PASSWORD,
            SERIES_LOGIN,
            signing_secret,
            "T0pS3cret",
            "MiniMaxT0ken",
        ] {
            assert!(!text.contains(secret), "{where_} holds {secret}:\n{text}");
        }
    }
}

/// Replies of every kind that repeat the secrets of the service.
fn echoes(service: ChatService) -> [Reply; 4] {
    let echo = service.echo();
    let json = serde_json::json!({
        "ok": false, "error_code": 400, "description": echo, "message": echo, "error": echo, "errors": [echo],
    });
    [
        Reply::json(StatusCode::BAD_REQUEST, json.to_string()),
        Reply::json(StatusCode::TOO_MANY_REQUESTS, json.to_string()),
        Reply::text(StatusCode::NOT_FOUND, echo.clone()),
        Reply::html(StatusCode::OK, format!("<pre>{echo}</pre>")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_chats_and_pagers_are_in_no_output_log_command_line_or_store() {
    let Chats { setup, servers, program, .. } = Chats::open().await;
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    let mut outputs = Vec::new();
    let mut service = setup.serve(&["--log-level", "trace"]);
    for server in &servers {
        within_timeout(server.wait_for(1)).await;
    }
    within_timeout(program.wait_for(1)).await;
    let command_line = std::fs::read(format!("/proc/{}/cmdline", service.pid())).unwrap_or_default();
    outputs.push(("command line", String::from_utf8_lossy(&command_line).into_owned()));
    assert_eq!(service.stop(), Some(0));
    outputs.extend([("stdout", service.out()), ("log", service.log())]);
    for server in &servers {
        let posts = server.posts();
        assert!(posts.iter().all(crate::simulator::Post::is_accepted), "the secrets were in use: {posts:?}");
        outputs.extend(posts.into_iter().map(|post| ("message", post.text)));
    }
    outputs.extend(program.runs().into_iter().map(|run| ("input", String::from_utf8(run.body).unwrap())));
    for (name, arguments) in [
        ("show", &["config", "show"][..]),
        ("config check", &["config", "check"]),
        ("probe", &["--log-level", "trace", "config", "check", "--probe"]),
    ] {
        outputs.push((name, format!("{:?}", setup.run(arguments))));
    }
    let test = ["--log-level", "trace", "notify", "test"];
    let check = ["--log-level", "trace", "check", "--format", "json"];
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(90)));
    for round in 0..4 {
        for server in &servers {
            server.set(Some(echoes(server.service())[round].clone()));
        }
        let tested = setup.run(&test);
        let quoted = tested.out.lines().filter(|line| line.contains("no route for …")).count();
        assert_eq!((tested.status, quoted), (Some(3), if round < 2 { 4 } else { 0 }), "{tested:?}");
        outputs.push(("notify test", format!("{tested:?}")));
        outputs.push(("check", format!("{:?}", setup.run(&check))));
        let_pauses_pass(&setup).await;
    }
    servers.iter().for_each(ChatServer::go_down);
    outputs.push(("failed notify test", format!("{:?}", setup.run(&test))));
    outputs.push(("failed probe", format!("{:?}", setup.run(&["config", "check", "--probe"]))));
    outputs.push(("deliveries", format!("{:?}", setup.run(&["deliveries", "--json"]))));
    for file in ["watch.db", "watch.db-wal"] {
        let bytes = std::fs::read(setup.store().with_file_name(file)).unwrap_or_default();
        outputs.push(("store", String::from_utf8_lossy(&bytes).into_owned()));
    }
    for (place, text) in &outputs {
        for secret in ChatService::ALL.iter().flat_map(|service| service.secrets()) {
            assert!(!text.contains(secret), "{place} holds {secret}:\n{text}");
        }
    }
}
