//! Ids that hold what drives a terminal: they come from the API by `discover`, and reach people through every printer.

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::domain::text::is_unseen;
use minimax_watch::simulator::{Hook, Record, Security};
use serde_json::Value;

use crate::child::within_patience;
use crate::stage::{Stage, webhook};
use crate::tls::{PASSWORD, mail, mailbox};

const HOSTILE: &str = "a\u{1b}]0;owned\u{7}\u{1b}[2J\nCRITICAL fake\u{ad}\u{2060}\u{202e}\u{9b}31m\u{e0041}";

fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c != '\n' && is_unseen(c))
}

async fn hostile(more: &str) -> Stage {
    let stage = Stage::open().await;
    stage.configure(&[], more);
    let path = stage.path("minimax-watch.toml");
    let configuration = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, configuration.replace("token_file", "discover = true\ntoken_file")).unwrap();
    stage.vendor.put(Record::ending(HOSTILE, clock::now() - TimeDelta::hours(1)));
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn no_printer_lets_an_id_drive_the_terminal_or_forge_a_line() {
    let stage = hostile("").await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    let inbox = mailbox(&stage, Security::None).await;
    stage.secret("smtp-password", PASSWORD);
    let path = stage.path("minimax-watch.toml");
    let configuration = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{configuration}{}{}", webhook(&hook), mail(&inbox, "none"))).unwrap();
    for command in [
        &["--log-level", "trace", "check"][..],
        &["check", "--quiet"],
        &["check", "--dry-run"],
        &["check", "--format", "nagios"],
        &["status"],
        &["alerts"],
        &["deliveries"],
        &["simulate"],
        &["explain", HOSTILE],
        &["history", HOSTILE],
        &["explain", "nobody"],
        &["status", "no\u{1b}[31mbody\nat all"],
        &["ack", "x\u{7}\u{202e}"],
        &["silence", "add", HOSTILE, "--for", "4h", "--reason", "a\u{1b}c"],
        &["silence", "list"],
    ] {
        let ended = stage.run(command);
        for text in [&ended.out, &ended.err] {
            assert!(is_printable(text), "{command:?}: {text:?}");
            assert!(!text.lines().any(|line| line.starts_with("CRITICAL fake")), "{command:?}: {text}");
        }
    }
    let status = stage.run(&["status"]).out.replace('\n', "");
    assert!(status.contains("\\u{1b}]0;owned"), "{status}");
    within_patience(inbox.wait_for(1)).await;
    let text = inbox.mails()[0].text().replace("=\r\n", "");
    assert!(text.contains("u{1b}") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
    let json: Value = serde_json::from_str(&stage.run(&["status", "--json"]).out).unwrap();
    assert_eq!(json["accounts"][0]["id"], HOSTILE, "JSON carries the value itself");
    let body: Value = serde_json::from_slice(&hook.deliveries()[0].body).unwrap();
    assert_eq!(body["data"]["alerts"][0]["account"]["id"], HOSTILE);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_log_of_a_service_is_printable_at_every_level() {
    let stage = hostile("").await;
    let mut service = stage.serve(&["--log-level", "trace", "--log-format", "text"]);
    let line = service.until("run done");
    assert_eq!(service.stop(), Some(0));
    assert!(is_printable(&line), "{line:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_ids_are_shortened_for_people_and_whole_in_json() {
    let stage = hostile("").await;
    let long = "7".repeat(900);
    stage.vendor.remove(HOSTILE);
    stage.vendor.put(Record::ending(long.as_str(), clock::now() - TimeDelta::hours(1)));
    let check = stage.run(&["check"]);
    assert!(check.out.contains('…') && check.out.len() < 2_000, "{}", check.out);
    let nagios = stage.run(&["check", "--format", "nagios"]).out;
    assert!(nagios.contains('…') && nagios.len() < 2_000, "{nagios}");
    let json: Value = serde_json::from_str(&stage.run(&["status", "--json"]).out).unwrap();
    assert_eq!(json["accounts"][0]["id"], long);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_line_for_monitors_stays_below_4_kb_and_counts_the_rest() {
    let stage = Stage::open().await;
    let names: Vec<String> = (0..150).map(|n| format!("a-studio-with-quite-a-long-name-{n:03}-é")).collect();
    let accounts: Vec<&str> = names.iter().map(String::as_str).collect();
    for name in &accounts {
        stage.vendor.put(Record::ending(*name, clock::now() - TimeDelta::hours(1)));
    }
    stage.configure(&accounts, "");
    let check = stage.run(&["check", "--format", "nagios"]);
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
