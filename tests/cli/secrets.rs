//! No secret leaves by output, log, command line or store (docs/contract.md, section 3).

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Record, Security, Signature};
use secrecy::SecretString;

use crate::child::within_patience;
use crate::stage::{Stage, TOKEN};
use crate::tls::{PASSWORD, identity, mail, mailbox};

const SIGNING: &str = "whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Rz";

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_output_log_command_line_or_store() {
    let mut stage = Stage::open().await;
    let hook = Hook::open(&stage.now, Some(&SecretString::from(SIGNING))).await.unwrap();
    let (server, certificate) = identity();
    let mailbox = mailbox(&stage, Security::StartTls(server)).await;
    stage.secret("ca.pem", &certificate);
    let trusted = stage.path("ca.pem").display().to_string();
    stage.set("SSL_CERT_FILE", &trusted);
    stage.secret("smtp-password", PASSWORD);
    stage.secret("signing-secret", SIGNING);
    stage.secret("pager-url", hook.url().join("/hook/T0pS3cret").unwrap().as_str());
    let pager = "[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl_file = \"pager-url\"\nsecret_file = \"signing-secret\"\n";
    stage.configure(&["a", "b"], &format!("{pager}{}", mail(&mailbox, "starttls")));
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)).token("MiniMaxT0ken"));

    let mut service = stage.serve(&["--log-level", "trace"]);
    within_patience(hook.wait_for(1)).await;
    within_patience(mailbox.wait_for(1)).await;
    let command_line = std::fs::read(format!("/proc/{}/cmdline", service.pid())).unwrap_or_default();
    let while_running = stage.run(&["--log-level", "trace", "status", "--json"]);
    assert_eq!(service.stop(), Some(0));
    assert_eq!(hook.deliveries()[0].signature, Signature::Valid, "the secrets were in use");
    assert!(mailbox.mails()[0].authenticated);

    let mut said = vec![
        ("command line", String::from_utf8_lossy(&command_line).into_owned()),
        ("stdout", service.out()),
        ("log", service.log()),
        ("status", format!("{while_running:?}")),
        ("mail", mailbox.mails()[0].text()),
        ("webhook", String::from_utf8_lossy(&hook.deliveries()[0].body).into_owned()),
        ("store", String::from_utf8_lossy(&std::fs::read(stage.store()).unwrap()).into_owned()),
    ];
    for (name, arguments) in [
        ("show", &["config", "show"][..]),
        ("config check", &["config", "check"]),
        ("probe", &["--log-level", "trace", "config", "check", "--probe"]),
        ("check", &["--log-level", "trace", "check", "--format", "json"]),
        ("notify test", &["--log-level", "trace", "notify", "test"]),
    ] {
        said.push((name, format!("{:?}", stage.run(arguments))));
    }
    hook.go_down();
    mailbox.go_down();
    said.push((
        "failed notify test",
        format!("{:?}", stage.run(&["--log-level", "trace", "notify", "test"])),
    ));
    said.push((
        "failed probe",
        format!("{:?}", stage.run(&["--log-level", "trace", "config", "check", "--probe"])),
    ));
    let tokens_heart = TOKEN.rsplit_once('-').unwrap().1;
    let signings_heart = SIGNING.trim_start_matches("whsec_");
    for (where_, text) in said {
        for secret in [tokens_heart, PASSWORD, signings_heart, "T0pS3cret", "MiniMaxT0ken"] {
            assert!(!text.contains(secret), "{where_} holds {secret}:\n{text}");
        }
    }
}
