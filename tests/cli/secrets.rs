//! No secret is in an output, log, command line or store (docs/contract.md, section 3).

use chrono::TimeDelta;
use minimax_watch::clock;
use secrecy::SecretString;

use crate::child::within_timeout;
use crate::setup::{Setup, TOKEN};
use crate::simulator::{Record, Signature, SmtpSecurity, WebhookServer};
use crate::tls::{PASSWORD, identity, mail, mailbox};

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
    setup.configure(&["a", "b"], &format!("{pager}{}", mail(&mailbox, "starttls")));
    setup.vendor.put(
        Record::ending("a", clock::now() - TimeDelta::days(1))
            .plant("/jwt/token", serde_json::json!("MiniMaxT0ken")),
    );

    let mut service = setup.serve(&["--log-level", "trace"]);
    within_timeout(hook.wait_for(1)).await;
    within_timeout(mailbox.wait_for(1)).await;
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
        for secret in [token_secret, PASSWORD, signing_secret, "T0pS3cret", "MiniMaxT0ken"] {
            assert!(!text.contains(secret), "{where_} holds {secret}:\n{text}");
        }
    }
}
