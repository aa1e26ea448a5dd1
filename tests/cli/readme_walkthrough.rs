//! The walkthrough in docs/night.md: runs each command and compares its output with the page, except times and ids. The real
//! output is left in the build folder (`tmp/night.txt`), from which the page can be updated.

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use minimax_watch::clock;
use regex::Regex;

use crate::child::within_timeout;
use crate::setup::Setup;
use crate::simulator::{Record, SmtpSecurity};
use crate::tls::{PASSWORD, mail, mailbox};

/// The fenced blocks of one language in the page.
fn blocks(language: &str) -> Vec<String> {
    let night = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/night.md")).unwrap();
    let fence = format!("```{language}\n");
    night.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The text without times, durations and ids.
fn redacted(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d", "<time>"),
        (r"\b(?:msg_)?[0-9A-HJKMNP-TV-Z]{26}\b", "<id>"),
        (r"(in )?\b\d+ (days?|h|min|s)\b( \d+ (h|min))?( ago)?", "<while>"),
        (r"\bnow\b", "<while>"),
        (r"seen (once|<while>|\d+ times)", "seen <often>"),
    ]
    .iter()
    .fold(words, |text, (pattern, word)| Regex::new(pattern).unwrap().replace_all(&text, *word).into_owned())
}

/// The text part of a mail as a mail program shows it.
fn plain(mail: &str) -> String {
    let mail = mail.replace('\r', "");
    let part = mail.split("quoted-printable\n\n").nth(1).unwrap().split("\n--=_").next().unwrap();
    part.replace("--=20\n", "-- \n").replace("=\n", "")
}

#[tokio::test(flavor = "multi_thread")]
async fn walkthrough_in_the_documents_is_what_the_program_prints() {
    let mut setup = Setup::open().await;
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "*/15 * * * *");
    let inbox = mailbox(&setup, SmtpSecurity::None).await;
    let month = clock::now() + TimeDelta::days(21);
    let record = |id: &str, end| Record::ending(id, end).exp(Some(end)).max_jobs(3);
    setup.vendor.put(record("studio-a", clock::now() + TimeDelta::days(7) - TimeDelta::minutes(10)));
    setup.vendor.put(record("studio-b", month));
    setup.secret("smtp-password", PASSWORD);
    setup.configure(&["studio-a", "studio-b"], &mail(&inbox, "none"));
    setup.run(&["check"]);
    within_timeout(inbox.wait_for(1)).await;
    let alert = &inbox.mails()[0];
    let mut printed = vec![format!("Subject: {}\n\n{}", alert.subject(), plain(&alert.text()))];
    for block in blocks("console") {
        let command = block.lines().next().unwrap().strip_prefix("$ minimax-watch ").unwrap();
        if command == "check" {
            setup.vendor.put(record("studio-a", month + TimeDelta::days(9)));
        }
        let quoted: Vec<&str> = command.split('\'').collect();
        let arguments: Vec<&str> = match quoted.as_slice() {
            [plain] => plain.split(' ').collect(),
            [plain, reason, ..] => plain.split_whitespace().chain([*reason]).collect(),
            [] => Vec::new(),
        };
        printed.push(format!("$ minimax-watch {command}\n{}", setup.run(&arguments).out));
    }
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("night.txt"), printed.join("\n----\n")).unwrap();
    let blocks = [blocks("text"), blocks("console")].concat();
    assert_eq!(blocks.len(), 7, "a mail and six commands");
    for (blocks, printed) in blocks.iter().zip(&printed) {
        assert_eq!(
            redacted(blocks),
            redacted(printed),
            "docs/night.md has:\n{blocks}\nbut the program printed:\n{printed}"
        );
    }
    assert!(inbox.mails().len() >= 2, "the renewal was sent");
}
