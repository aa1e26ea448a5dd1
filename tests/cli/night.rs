//! The night of docs/night.md, lived through: each command really run, each answer as it is written there but for times
//! and ids. What was really printed is left in the build folder (`tmp/night.txt`), for whoever has to write it anew.

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Record, Security};
use regex::Regex;

use crate::child::within_patience;
use crate::stage::Stage;
use crate::tls::{PASSWORD, mail, mailbox};

/// The fenced blocks of one language in the page.
fn told(language: &str) -> Vec<String> {
    let night = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/night.md")).unwrap();
    let fence = format!("```{language}\n");
    night.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The words, without what differs from night to night.
fn redacted(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d", "<time>"),
        (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "<id>"),
        (r"(in )?\b\d+ (days?|h|min|s)\b( \d+ (h|min))?( ago)?", "<while>"),
        (r"\bnow\b", "<while>"),
        (r"seen (once|<while>|\d+ times)", "seen <often>"),
    ]
    .iter()
    .fold(words, |text, (pattern, word)| Regex::new(pattern).unwrap().replace_all(&text, *word).into_owned())
}

/// What a mail program shows of a mail's text part.
fn plain(mail: &str) -> String {
    let mail = mail.replace('\r', "");
    let part = mail.split("quoted-printable\n\n").nth(1).unwrap().split("\n--=_").next().unwrap();
    part.replace("--=20\n", "-- \n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_is_as_it_is_told() {
    let mut stage = Stage::open().await;
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "*/15 * * * *");
    let inbox = mailbox(&stage, Security::None).await;
    let month = clock::now() + TimeDelta::days(21);
    let record = |id: &str, end| Record::ending(id, end).exp(Some(end)).max_jobs(3);
    stage.vendor.put(record("studio-a", clock::now() - TimeDelta::minutes(5)));
    stage.vendor.put(record("studio-b", month));
    stage.secret("smtp-password", PASSWORD);
    stage.configure(
        &["studio-a", "studio-b"],
        &format!("[expiry]\nlead_times = [\"3d\"]\n{}", mail(&inbox, "none")),
    );
    stage.run(&["check"]);
    within_patience(inbox.wait_for(1)).await;
    let alert = &inbox.mails()[0];
    let mut lived = vec![format!("Subject: {}\n\n{}", alert.subject(), plain(&alert.text()))];
    for block in told("console") {
        let command = block.lines().next().unwrap().strip_prefix("$ minimax-watch ").unwrap();
        if command == "check" {
            stage.vendor.put(record("studio-a", month + TimeDelta::days(9)));
        }
        let quoted: Vec<&str> = command.split('\'').collect();
        let arguments: Vec<&str> = match quoted.as_slice() {
            [plain] => plain.split(' ').collect(),
            [plain, reason, ..] => plain.split_whitespace().chain([*reason]).collect(),
            [] => Vec::new(),
        };
        lived.push(format!("$ minimax-watch {command}\n{}", stage.run(&arguments).out));
    }
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("night.txt"), lived.join("\n----\n")).unwrap();
    let told = [told("text"), told("console")].concat();
    assert_eq!(told.len(), 7, "a mail and six commands");
    for (told, lived) in told.iter().zip(&lived) {
        assert_eq!(redacted(told), redacted(lived), "docs/night.md tells:\n{told}\nbut:\n{lived}");
    }
    assert!(inbox.mails().len() >= 2, "the renewal was told");
}
