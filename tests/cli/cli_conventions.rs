//! What holds for every command: it ends with a documented status and a message when it fails, never panics, prints JSON on
//! request, and its help fits a terminal.
//!
//! The commands are those that `--help` lists, and their arguments are the examples of their own help, so that a new command
//! is covered without a change here.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use chrono::TimeDelta;
use minimax_watch::clock;

use crate::child::within_timeout;
use crate::schema::valid;
use crate::setup::{Ended, PROGRAM, Setup, webhook};
use crate::simulator::{Record, WebhookServer};

fn help(command: &[String]) -> String {
    let output = Command::new(PROGRAM).args(command).arg("--help").output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every command and sub-command as its arguments; the first is the program itself, without any.
pub(crate) fn commands() -> Vec<Vec<String>> {
    let (mut found, mut queue) = (Vec::new(), vec![Vec::new()]);
    while let Some(command) = queue.pop() {
        let text = help(&command);
        let listed = text.split("\nCommands:\n").nth(1).unwrap_or_default();
        let entries = listed.lines().take_while(|line| !line.is_empty());
        let names = entries.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
            queue.push([command.as_slice(), &[name.to_owned()]].concat());
        }
        found.push(command);
    }
    found
}

/// The examples in a command's help, each as one line for a shell.
fn examples(command: &[String]) -> Vec<String> {
    let text = help(command).replace("\\\n", " ");
    let after =
        text.split_once("\nExample").or_else(|| text.split_once("\nBegin with")).unwrap_or_default().1;
    let lines = after.lines().filter(|line| line.starts_with("  ") && line.contains("minimax-watch "));
    lines.map(|line| line.trim().to_owned()).collect()
}

/// They take longer than a moment; `service` and `demo` have tests of their own.
const LONG: [&str; 2] = ["run", "demo"];

fn is_long(example: &str) -> bool {
    LONG.iter().any(|long| example.contains(&format!("minimax-watch {long}")) || example.ends_with(" run"))
}

/// The setup in which the examples work, with names that not every locale can write.
async fn setup_for_examples() -> Setup {
    let mut setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    let secret = "whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Q=";
    let mail = "[[receivers]]\nname = \"ops-mail\"\ntype = \"email\"\nfrom = \"w@example.com\"\nto = [\"o@example.com\"]\n\
                smtp = { host = \"127.0.0.1\", port = 9, tls = \"none\" }\n";
    setup.configure(&[], &format!("{}secret_file = \"webhook-secret\"\n{mail}", webhook(&hook)));
    let accounts: String = NAMES.iter().fold(String::new(), |text, name| {
        text + &format!("[[subscriptions.accounts]]\nid = \"id-{}\"\nname = \"{name}\"\n", name.len())
    });
    let text = std::fs::read_to_string(setup.path("minimax-watch.toml")).unwrap();
    std::fs::write(setup.path("minimax-watch.toml"), text.replace("[store]", &(accounts + "[store]")))
        .unwrap();
    for name in NAMES {
        let record = Record::ending(format!("id-{}", name.len()), clock::now() + TimeDelta::days(2));
        setup.vendor.put(record);
    }
    setup.secret("webhook-secret", secret);
    setup.secret("body.json", "{}");
    setup.set("RUST_BACKTRACE", "0");
    std::fs::create_dir(setup.path("bin")).unwrap();
    std::os::unix::fs::symlink(PROGRAM, setup.path("bin/minimax-watch")).unwrap();
    let path = format!("{}:/usr/bin:/bin", setup.path("bin").display());
    setup.set("PATH", &path);
    assert_eq!(setup.run(&["check"]).status, Some(1));
    setup
}

const NAMES: [&str; 2] = ["studio-a", "Stüdio 東京 – 🎬"];

/// The example in a shell, with absolute paths moved into the setup: no test writes to `/usr`.
fn shell(setup: &Setup, example: &str) -> Command {
    let mut line = example.to_owned();
    for top in ["/usr/", "/var/", "/etc/"] {
        line = line.replace(top, &format!("{}{top}", setup.path("root").display()));
    }
    // The redirection of an example is not tested, only the program is.
    let line = line.split(" | ").next().unwrap().split(" >").next().unwrap().to_owned();
    let mut command = setup.process("timeout", &["60", "sh", "-c", &line]);
    command.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn ended(mut command: Command) -> Ended {
    Ended::of(&command.spawn().unwrap().wait_with_output().unwrap())
}

/// Asserts a documented status, a message if the command failed, and no panic.
fn assert_ends_well(what: &str, ended: &Ended) {
    assert!(matches!(ended.status, Some(0..=3)), "{what}: {ended:?}");
    assert!(!ended.err.contains("sh: "), "a shell does not run {what}: {ended:?}");
    assert!(!ended.err.contains("panicked") && !ended.out.contains("panicked"), "{what}: {ended:?}");
    let silent = ended.out.is_empty() && ended.err.is_empty();
    assert!(ended.status != Some(3) || !silent, "{what} failed without a message");
}

fn short_commands() -> Vec<Vec<String>> {
    let all = commands();
    assert!(all.len() > 15, "{all:?}");
    all.into_iter()
        .filter(|command| command.first().is_none_or(|name| !LONG.contains(&name.as_str())))
        .collect()
}

#[test]
fn every_help_page_has_an_example_and_fits_80_columns() {
    for command in commands() {
        let text = help(&command);
        assert!(!examples(&command).is_empty(), "{command:?} has no example:\n{text}");
        assert!(
            examples(&command).iter().any(|example| example.contains(&command.join(" "))),
            "{command:?}:\n{text}"
        );
        for width in ["0", "1", "20", "none", "80", "200"] {
            let output = Command::new(PROGRAM).args(&command).arg("--help").env("COLUMNS", width).output();
            let ended = Ended::of(&output.unwrap());
            assert_ends_well(&format!("{command:?} --help"), &ended);
            if ["none", "80", "200"].contains(&width) {
                for line in ended.out.lines().chain(text.lines()) {
                    assert!(line.chars().count() <= 80, "{command:?} in {width} columns: {line}");
                }
            }
        }
    }
}

#[test]
fn options_of_all_commands_are_explained_by_the_main_help_and_named_by_the_others() {
    let main = help(&[]);
    for option in
        ["-c, --config <FILE>", "--json", "--log-level <LEVEL>", "--log-format <FORMAT>", "--color <WHEN>"]
    {
        assert!(main.contains(option), "{main}");
    }
    for command in commands().into_iter().filter(|command| !command.is_empty()) {
        let text = help(&command);
        assert!(text.contains("\nOptions of all commands: --config, --log-level,"), "{text}");
        assert!(!text.contains("<LEVEL>") && !text.contains("Possible values:\n          - off"), "{text}");
        let options = text.lines().skip_while(|line| *line != "Options:").take_while(|line| !line.is_empty());
        let own = command.last().is_some_and(|name| matches!(name.as_str(), "check" | "verify" | "add"));
        assert!(own || options.count() < 14, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn config_has_a_short_form_before_and_after_the_command() {
    let setup = Setup::with(&["a"], "").await;
    std::fs::rename(setup.path("minimax-watch.toml"), setup.path("other.toml")).unwrap();
    for arguments in [["-c", "other.toml", "schedule"], ["schedule", "-c", "other.toml"]] {
        let ended = setup.run(&arguments);
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_prints_a_result_prints_it_as_json() {
    let setup = setup_for_examples().await;
    let verify =
        ["--secret-file", "webhook-secret", "--id", "msg_1", "--timestamp", "1", "--signature", "v1,x"];
    let add = ["silence", "add", "studio-a", "--for", "4h", "--reason", "x"];
    let deliveries = valid("deliveries", &setup.run(&["deliveries", "pager", "--json"]).out);
    let delivered = deliveries["deliveries"][0]["id"].as_str().unwrap().to_owned();
    for (arguments, schema, status) in [
        (&["check"][..], "status", 1),
        (&["status"], "status", 1),
        (&["usable"], "usable", 0),
        (&["health"], "health", 0),
        (&["alerts"], "alerts", 0),
        (&["ack", "studio-a"], "alerts", 0),
        (&["deliveries"], "deliveries", 0),
        (&["resend", &delivered], "resend", 0),
        (&["history", "studio-a"], "history", 0),
        (&["explain", "studio-a"], "explain", 0),
        (&["simulate", "--for", "2d"], "simulate", 0),
        (&add, "silences", 0),
        (&["silence", "list"], "silences", 0),
        (&["silence", "end", "1"], "silences", 0),
        (&["notify", "test", "pager"], "notify-test", 3),
        (&[&["webhook", "verify"][..], &verify].concat(), "webhook-verify", 3),
        (&["schedule"], "schedule", 0),
        (&["config", "check"], "config-check", 0),
        (&["config", "show"], "config-show", 0),
        (&["backup", "copy.db"], "backup", 0),
        (&["completions", "bash"], "files", 0),
        (&["man"], "files", 0),
    ] {
        let mut after = setup.process(PROGRAM, &[arguments, &["--json"]].concat());
        let after = Ended::of(&after.stdin(Stdio::null()).output().unwrap());
        assert_eq!(after.status, Some(status), "{arguments:?}: {after:?}");
        let json = valid(schema, &after.out);
        match schema {
            "config-show" => assert_eq!(json["configuration"]["subscriptions"][0]["name"], "main", "{json}"),
            "config-check" => assert_eq!((&json["accounts"], &json["receivers"]), (&2.into(), &2.into())),
            "alerts" if arguments[0] == "ack" => assert!(json["alerts"][0]["acknowledged"]["at"].is_string()),
            "notify-test" => assert_eq!(json["receivers"][0]["result"], "failed", "its server is gone"),
            _ => {}
        }
    }
    // What it prints is a schema itself.
    let [plain, json] =
        [&["config", "schema"][..], &["config", "schema", "--json"]].map(|arguments| setup.run(arguments));
    let schema = serde_json::from_str::<serde_json::Value>(&json.out).unwrap();
    assert_eq!((plain.out, schema["title"].as_str()), (json.out, Some("minimax-watch.toml")));
    for arguments in [&["--json", "status"][..], &["--json", "silence", "list"]] {
        serde_json::from_str::<serde_json::Value>(&setup.run(arguments).out).unwrap();
    }
    let contradiction = setup.run(&["check", "--json", "--format", "nagios"]);
    assert_eq!(contradiction.status, Some(3), "{contradiction:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_ends_well_even_if_its_output_is_closed_or_full() {
    let setup = setup_for_examples().await;
    for command in short_commands() {
        for example in
            examples(&command).into_iter().chain([format!("minimax-watch {} --help", command.join(" "))])
        {
            if is_long(&example) {
                continue;
            }
            let plain = ended(shell(&setup, &example));
            assert_ends_well(&example, &plain);

            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut unread = shell(&setup, &example);
            unread.stdout(writer);
            let unread = ended(unread);
            assert_ends_well(&example, &Ended { out: "-".to_owned(), ..unread });

            let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
            let mut unwritten = shell(&setup, &example);
            unwritten.stdout(full());
            let unwritten = ended(unwritten);
            assert_ends_well(&example, &unwritten);
            if !plain.out.is_empty() {
                assert_eq!(unwritten.status, Some(3), "{example}: {unwritten:?}");
                assert!(unwritten.err.contains("minimax-watch: "), "{example}: {unwritten:?}");
            }

            let mut mute = shell(&setup, &example);
            mute.stderr(full());
            assert_ends_well(&example, &Ended { out: "-".to_owned(), ..ended(mute) });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_prints_utf_8_without_colour_in_any_locale() {
    let setup = setup_for_examples().await;
    // Locales belong to the program and not to a command: each example runs in one of them.
    let locales = [("LANG", "C"), ("LC_ALL", "de_DE.ISO-8859-1"), ("LC_ALL", "no\u{fffd}ne")];
    let examples = short_commands().into_iter().flat_map(|command| examples(&command));
    let examples = examples.filter(|example| !is_long(example));
    for (example, (variable, locale)) in examples.zip(locales.into_iter().cycle()) {
        let mut command = shell(&setup, &example);
        command.env("NO_COLOR", "1").env("TERM", "dumb").env(variable, locale);
        let ended = ended(command);
        assert_ends_well(&example, &ended);
        assert!(!(ended.out + &ended.err).contains('\u{1b}'), "{example} prints colour");
    }
    let tables = [&["status"][..], &["status", "--json"], &["check", "--format", "nagios"], &["check"]];
    for (arguments, (variable, locale)) in
        tables.iter().flat_map(|table| locales.map(|locale| (table, locale)))
    {
        let mut command = setup.process(PROGRAM, arguments);
        let ended = Ended::of(&command.env(variable, locale).output().unwrap());
        // A table breaks names between lines.
        let joined: String = ended.out.split_whitespace().collect();
        for part in ["Stüdio", "東京", "🎬"] {
            assert!(joined.contains(part), "{arguments:?}: {}", ended.out);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_are_not_utf_8_are_refused_with_a_message_or_taken_as_paths() {
    let setup = setup_for_examples().await;
    let odd = OsStr::from_bytes(b"odd-\xff\xfe");
    for command in short_commands() {
        let what = format!("{command:?} with bytes that are not UTF-8");
        let mut last = setup.process(PROGRAM, &[]);
        last.args(&command).arg(odd).stdin(Stdio::null());
        let mut option = setup.process(PROGRAM, &[]);
        option.args(&command).arg("--config").arg(odd).stdin(Stdio::null());
        let mut variable = setup.process(PROGRAM, &[]);
        variable.args(&command).env("MINIMAX_WATCH_CONFIG", odd).env("NO_COLOR", odd).stdin(Stdio::null());
        for process in [&mut last, &mut option, &mut variable] {
            let output = process.output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            assert_ends_well(&what, &Ended { status: output.status.code(), out, err });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_log_cannot_be_written_keeps_checking_and_stops_in_order() {
    let mut setup = setup_for_examples().await;
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let requests = setup.api.request_count();
    let mut command = setup.process(PROGRAM, &["--log-level", "trace", "run"]);
    let mut child = command.stdout(Stdio::null()).stderr(full).spawn().unwrap();
    within_timeout(setup.api.wait_for_requests(requests + 1)).await;
    let signal = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", child.id())).status();
    assert!(signal.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
