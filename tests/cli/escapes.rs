//! Ids with terminal control characters: `discover` takes them from the API, and every output escapes them.

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::domain::text::is_invisible;
use serde_json::Value;

use crate::child::within_timeout;
use crate::setup::{Setup, webhook};
use crate::simulator::{Record, SmtpSecurity, WebhookServer};
use crate::tls::{PASSWORD, mail, mailbox};

const HOSTILE: &str = "a\u{1b}]0;owned\u{7}\u{1b}[2J\nCRITICAL fake\u{ad}\u{2060}\u{202e}\u{9b}31m\u{e0041}";

fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c != '\n' && is_invisible(c))
}

async fn setup_with_hostile_id(more: &str) -> Setup {
    let setup = Setup::open().await;
    setup.configure(&[], more);
    let path = setup.path("minimax-watch.toml");
    let configuration = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, configuration.replace("token_file", "discover = true\ntoken_file")).unwrap();
    setup.vendor.put(Record::ending(HOSTILE, clock::now() - TimeDelta::hours(1)));
    setup
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_lets_an_id_control_the_terminal_or_forge_a_line() {
    let setup = setup_with_hostile_id("").await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    let inbox = mailbox(&setup, SmtpSecurity::None).await;
    setup.secret("smtp-password", PASSWORD);
    let path = setup.path("minimax-watch.toml");
    let configuration = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{configuration}{}{}", webhook(&hook), mail(&inbox, "none"))).unwrap();
    for command in [
        &["--log-level", "trace", "check"][..],
        &["check", "--quiet"],
        &["check", "--dry-run"],
        &["check", "--format", "nagios"],
        &["status"],
        &["usable"],
        &["alerts"],
        &["deliveries"],
        &["simulate"],
        &["explain", HOSTILE],
        &["history", HOSTILE],
        &["explain", "nobody"],
        &["status", "no\u{1b}[31mbody\nat all"],
        &["usable", "--needs", "no\u{1b}[31mflag\nat all"],
        &["ack", "x\u{7}\u{202e}"],
        &["silence", "add", HOSTILE, "--for", "4h", "--reason", "a\u{1b}c"],
        &["silence", "list"],
    ] {
        let ended = setup.run(command);
        for text in [&ended.out, &ended.err] {
            assert!(is_printable(text), "{command:?}: {text:?}");
            assert!(!text.lines().any(|line| line.starts_with("CRITICAL fake")), "{command:?}: {text}");
        }
    }
    let status = setup.run(&["status"]).out.replace('\n', "");
    assert!(status.contains("\\u{1b}]0;owned"), "{status}");
    within_timeout(inbox.wait_for(1)).await;
    let text = inbox.mails()[0].text().replace("=\r\n", "");
    assert!(text.contains("u{1b}") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
    let json: Value = serde_json::from_str(&setup.run(&["status", "--json"]).out).unwrap();
    assert_eq!(json["accounts"][0]["id"], HOSTILE, "JSON carries the value itself");
    let body: Value = serde_json::from_slice(&hook.deliveries()[0].body).unwrap();
    assert_eq!(body["data"]["alerts"][0]["account"]["id"], HOSTILE);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_log_of_a_service_is_printable_at_every_level() {
    let setup = setup_with_hostile_id("").await;
    let mut service = setup.serve(&["--log-level", "trace", "--log-format", "text"]);
    let line = service.until("run finished");
    assert_eq!(service.stop(), Some(0));
    assert!(is_printable(&line), "{line:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_ids_are_shortened_for_people_and_whole_in_json() {
    let setup = setup_with_hostile_id("").await;
    let long = "7".repeat(900);
    setup.vendor.remove(HOSTILE);
    setup.vendor.put(Record::ending(long.as_str(), clock::now() - TimeDelta::hours(1)));
    let check = setup.run(&["check"]);
    assert!(check.out.contains('…') && check.out.len() < 2_000, "{}", check.out);
    let nagios = setup.run(&["check", "--format", "nagios"]).out;
    assert!(nagios.contains('…') && nagios.len() < 2_000, "{nagios}");
    let json: Value = serde_json::from_str(&setup.run(&["status", "--json"]).out).unwrap();
    assert_eq!(json["accounts"][0]["id"], long);
}

#[tokio::test(flavor = "multi_thread")]
async fn first_line_for_monitors_stays_below_4_kb_and_counts_the_rest() {
    let setup = Setup::open().await;
    let names: Vec<String> = (0..150).map(|n| format!("a-studio-with-quite-a-long-name-{n:03}-é")).collect();
    let accounts: Vec<&str> = names.iter().map(String::as_str).collect();
    for name in &accounts {
        setup.vendor.put(Record::ending(*name, clock::now() - TimeDelta::hours(1)));
    }
    setup.configure(&accounts, "");
    let check = setup.run(&["check", "--format", "nagios"]);
    assert_eq!(check.status, Some(2));
    let first = check.out.lines().next().unwrap();
    assert!(first.len() < 4_096, "{}", first.len());
    assert!(first.starts_with("MINIMAX CRITICAL - ") && first.contains("and 145 more"), "{first}");
    assert!(first.contains("more accounts below)"), "{first}");
    let (shown, rest) =
        (crate::perfdata::parsed(&check.out).1.len(), check.out.matches("token_left").count());
    assert!(shown > 20 && rest == 150, "{shown} in the first line, {rest} in all");
    let details = check.out.split(" | ").nth(1).unwrap();
    assert!(details.len() < 8_192 && details.contains("more: minimax-watch status"), "{details}");
}
