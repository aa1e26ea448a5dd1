//! Every command's manners: whatever stands around it, it ends with a sensible status and a word, and never panics.
//!
//! The commands are those that `--help` lists, so that a new one is covered by itself; what they are given are the
//! examples of their own help.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Record};

use crate::child::within_patience;
use crate::stage::{Ended, PROGRAM, Stage, webhook};

fn help(words: &[String]) -> String {
    let output = Command::new(PROGRAM).args(words).arg("--help").output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The words of every command, those of commands within commands included; the first is the program's own, without any.
pub(crate) fn commands() -> Vec<Vec<String>> {
    let (mut found, mut left) = (Vec::new(), vec![Vec::new()]);
    while let Some(words) = left.pop() {
        let text = help(&words);
        let listed = text.split("\nCommands:\n").nth(1).unwrap_or_default();
        let entries = listed.lines().take_while(|line| !line.is_empty());
        let names = entries.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
            left.push([words.as_slice(), &[name.to_owned()]].concat());
        }
        found.push(words);
    }
    found
}

/// The examples in a command's help, each one line for a shell.
fn examples(words: &[String]) -> Vec<String> {
    let text = help(words).replace("\\\n", " ");
    let behind =
        text.split_once("\nExample").or_else(|| text.split_once("\nBegin with")).unwrap_or_default().1;
    let lines = behind.lines().filter(|line| line.starts_with("  ") && line.contains("minimax-watch "));
    lines.map(|line| line.trim().to_owned()).collect()
}

/// Neither ends by itself in a moment; `service` and `demo` have tests of their own.
const LONG: [&str; 2] = ["run", "demo"];

/// A world in which the examples mean something, with names that not every locale can write.
async fn world() -> Stage {
    let mut stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    let secret = "whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Q=";
    let mail = "[[receivers]]\nname = \"ops-mail\"\ntype = \"email\"\nfrom = \"w@example.com\"\nto = [\"o@example.com\"]\n\
                smtp = { host = \"127.0.0.1\", port = 9, tls = \"none\" }\n";
    stage.configure(&[], &format!("{}secret_file = \"webhook-secret\"\n{mail}", webhook(&hook)));
    let accounts: String = NAMES.iter().fold(String::new(), |text, name| {
        text + &format!("[[subscriptions.accounts]]\nid = \"id-{}\"\nname = \"{name}\"\n", name.len())
    });
    let text = std::fs::read_to_string(stage.path("minimax-watch.toml")).unwrap();
    std::fs::write(stage.path("minimax-watch.toml"), text.replace("[store]", &(accounts + "[store]")))
        .unwrap();
    for name in NAMES {
        let record = Record::ending(format!("id-{}", name.len()), clock::now() + TimeDelta::days(2));
        stage.vendor.put(record);
    }
    stage.secret("webhook-secret", secret);
    stage.secret("body.json", "{}");
    stage.set("RUST_BACKTRACE", "0");
    std::fs::create_dir(stage.path("bin")).unwrap();
    std::os::unix::fs::symlink(PROGRAM, stage.path("bin/minimax-watch")).unwrap();
    let path = format!("{}:/usr/bin:/bin", stage.path("bin").display());
    stage.set("PATH", &path);
    assert_eq!(stage.run(&["check"]).status, Some(1));
    stage
}

const NAMES: [&str; 2] = ["studio-a", "Stüdio 東京 – 🎬"];

/// The example in a shell, absolute paths moved into the stage: no test writes to `/usr`.
fn shell(stage: &Stage, example: &str) -> Command {
    let mut line = example.to_owned();
    for top in ["/usr/", "/var/", "/etc/"] {
        line = line.replace(top, &format!("{}{top}", stage.path("root").display()));
    }
    // Where an example sends its output is its own affair: what is judged is the program.
    let line = line.split(" | ").next().unwrap().split(" >").next().unwrap().to_owned();
    let mut command = stage.process("timeout", &["60", "sh", "-c", &line]);
    command.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn ended(mut command: Command) -> Ended {
    Ended::of(&command.spawn().unwrap().wait_with_output().unwrap())
}

/// A status of the contract, a word when it failed, and nothing of a panic.
fn is_well_behaved(what: &str, ended: &Ended) {
    assert!(matches!(ended.status, Some(0..=3)), "{what}: {ended:?}");
    assert!(!ended.err.contains("sh: "), "{what} is nothing for a shell: {ended:?}");
    assert!(!ended.err.contains("panicked") && !ended.out.contains("panicked"), "{what}: {ended:?}");
    let silent = ended.out.is_empty() && ended.err.is_empty();
    assert!(ended.status != Some(3) || !silent, "{what} failed without a word");
}

fn short_ones() -> Vec<Vec<String>> {
    let all = commands();
    assert!(all.len() > 15, "{all:?}");
    all.into_iter().filter(|words| words.first().is_none_or(|word| !LONG.contains(&word.as_str()))).collect()
}

#[test]
fn every_help_has_an_example_and_fits_any_terminal() {
    for words in commands() {
        let text = help(&words);
        assert!(!examples(&words).is_empty(), "{words:?} has no example:\n{text}");
        assert!(
            examples(&words).iter().any(|example| example.contains(&words.join(" "))),
            "{words:?}:\n{text}"
        );
        let behind = text.split_once("\nExample").unwrap_or_default().1;
        for line in behind.lines() {
            assert!(line.chars().count() <= 80, "{words:?}: {line}");
        }
        for width in ["0", "1", "20", "none"] {
            let output = Command::new(PROGRAM).args(&words).arg("--help").env("COLUMNS", width).output();
            is_well_behaved(&format!("{words:?} --help"), &Ended::of(&output.unwrap()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_ends_well_whatever_becomes_of_its_output() {
    let stage = world().await;
    for words in short_ones() {
        for example in
            examples(&words).into_iter().chain([format!("minimax-watch {} --help", words.join(" "))])
        {
            if LONG.iter().any(|long| example.contains(&format!("minimax-watch {long}"))) {
                continue;
            }
            let plain = ended(shell(&stage, &example));
            is_well_behaved(&example, &plain);

            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut unread = shell(&stage, &example);
            unread.stdout(writer);
            let unread = ended(unread);
            is_well_behaved(&example, &Ended { out: "-".to_owned(), ..unread });

            let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
            let mut unwritten = shell(&stage, &example);
            unwritten.stdout(full());
            let unwritten = ended(unwritten);
            is_well_behaved(&example, &unwritten);
            if !plain.out.is_empty() {
                assert_eq!(unwritten.status, Some(3), "{example}: {unwritten:?}");
                assert!(unwritten.err.contains("minimax-watch: "), "{example}: {unwritten:?}");
            }

            let mut mute = shell(&stage, &example);
            mute.stderr(full());
            is_well_behaved(&example, &Ended { out: "-".to_owned(), ..ended(mute) });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_speaks_utf_8_without_colour_in_any_locale() {
    let stage = world().await;
    for words in short_ones() {
        for example in examples(&words) {
            if LONG.iter().any(|long| example.contains(&format!("minimax-watch {long}"))) {
                continue;
            }
            for (variable, locale) in
                [("LANG", "C"), ("LC_ALL", "de_DE.ISO-8859-1"), ("LC_ALL", "no\u{fffd}ne")]
            {
                let mut command = shell(&stage, &example);
                command.env("NO_COLOR", "1").env("TERM", "dumb").env(variable, locale);
                let ended = ended(command);
                is_well_behaved(&example, &ended);
                assert!(!(ended.out + &ended.err).contains('\u{1b}'), "{example} colours");
            }
        }
    }
    for arguments in [&["status"][..], &["status", "--json"], &["check", "--format", "nagios"], &["check"]] {
        let mut command = stage.process(PROGRAM, arguments);
        let ended = Ended::of(&command.env("LANG", "C").output().unwrap());
        // A table breaks names between lines.
        let joined: String = ended.out.split_whitespace().collect();
        for part in ["Stüdio", "東京", "🎬"] {
            assert!(joined.contains(part), "{arguments:?}: {}", ended.out);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_are_not_utf_8_are_refused_in_words_or_taken_as_paths() {
    let stage = world().await;
    let odd = OsStr::from_bytes(b"odd-\xff\xfe");
    for words in short_ones() {
        let what = format!("{words:?} with bytes that are no text");
        let mut last = stage.process(PROGRAM, &[]);
        last.args(&words).arg(odd).stdin(Stdio::null());
        let mut option = stage.process(PROGRAM, &[]);
        option.args(&words).arg("--config").arg(odd).stdin(Stdio::null());
        let mut variable = stage.process(PROGRAM, &[]);
        variable.args(&words).env("MINIMAX_WATCH_CONFIG", odd).env("NO_COLOR", odd).stdin(Stdio::null());
        for command in [&mut last, &mut option, &mut variable] {
            let output = command.output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            is_well_behaved(&what, &Ended { status: output.status.code(), out, err });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_log_cannot_be_written_goes_on_and_ends_in_order() {
    let mut stage = world().await;
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let looks = stage.api.request_count();
    let mut command = stage.process(PROGRAM, &["--log-level", "trace", "run"]);
    let mut child = command.stdout(Stdio::null()).stderr(full).spawn().unwrap();
    within_patience(stage.api.wait_for_requests(looks + 1)).await;
    let signal = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", child.id())).status();
    assert!(signal.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
