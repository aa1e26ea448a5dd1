//! The cron lines and monitor definitions of docs/service.md, run as cron, Nagios and Icinga run them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;
use minimax_watch::clock;

use crate::perfdata::parsed;
use crate::setup::{Ended, PROGRAM, Setup, healthy};
use crate::simulator::{Answer, Record};

/// The blocks of one language in docs/service.md, with the paths of the setup.
fn blocks(setup: &Setup, language: &str) -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/service.md")).unwrap();
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    let here = |name: &str| setup.path(name).display().to_string();
    let with_paths = blocks.map(|block| {
        block
            .replace("/usr/bin/minimax-watch", PROGRAM)
            .replace("/etc/minimax-watch/minimax-watch.toml", &here("minimax-watch.toml"))
            .replace("/var/backups/minimax-watch", &here("backups"))
    });
    with_paths.collect()
}

/// The command of the crontab line that contains `words`, as crontab(5) reads it.
fn cron(setup: &Setup, words: &str) -> String {
    let blocks = blocks(setup, "crontab").concat();
    let line = blocks.lines().find(|line| line.contains(words)).unwrap();
    let command = line.splitn(6, ' ').nth(5).unwrap();
    let unescaped = command.replace("\\%", "\u{0}");
    assert!(!unescaped.contains('%'), "a bare % is a line break to cron: {line}");
    unescaped.replace('\u{0}', "%")
}

/// As cron does: `/bin/sh -c` with an almost empty environment.
fn run_as_cron(setup: &Setup, command: &str) -> Ended {
    let mut shell = setup.process("/bin/sh", &["-c", command]);
    Ended::of(&shell.env("PATH", "/usr/bin:/bin").current_dir("/").output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn cron_line_prints_nothing_while_all_is_well_and_otherwise_the_alert() {
    let setup = Setup::with(&["a"], "").await;
    let line = cron(&setup, "check");
    let fine = run_as_cron(&setup, &line);
    assert_eq!((fine.status, fine.out.as_str(), fine.err.as_str()), (Some(0), "", ""), "nothing to mail");
    setup.vendor.set_answer("a", Answer::account_error("on hold"));
    let bad = run_as_cron(&setup, &line);
    assert_eq!((bad.status, bad.err.as_str()), (Some(2), ""));
    assert!(bad.out.contains("CRITICAL a: account_error since "), "{}", bad.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn cron_lines_make_one_backup_a_day_and_delete_old_ones() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let (backup, removal) = (cron(&setup, "backup"), cron(&setup, "find"));
    let notified = run_as_cron(&setup, &backup);
    assert!(notified.err.contains("does not exist; create it first"), "{notified:?}");
    fs::create_dir(setup.path("backups")).unwrap();
    fs::set_permissions(setup.path("backups"), fs::Permissions::from_mode(0o700)).unwrap();
    let made = run_as_cron(&setup, &backup);
    assert_eq!((made.status, made.out.as_str(), made.err.as_str()), (Some(0), "", ""));
    let again = run_as_cron(&setup, &backup);
    assert!(again.status == Some(3) && again.err.contains("it already exists"), "{again:?}");
    let old = setup.path("backups/2020-01-01.db");
    fs::write(&old, "").unwrap();
    assert!(Command::new("touch").args(["-d", "2020-01-01"]).arg(&old).status().unwrap().success());
    assert_eq!(run_as_cron(&setup, &removal).status, Some(0));
    let left: Vec<_> = fs::read_dir(setup.path("backups")).unwrap().collect();
    assert!(!old.exists() && left.len() == 1, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plugin_host_gets_status_text_and_data_from_the_snippets() {
    let setup = Setup::with(&["a", "b"], "").await;
    let [nagios] = blocks(&setup, "nagios").try_into().unwrap();
    let line = nagios.lines().find_map(|line| line.trim().strip_prefix("command_line ")).unwrap().to_owned();
    let [icinga] = blocks(&setup, "icinga2").try_into().unwrap();
    let array = icinga.split("command = [").nth(1).unwrap().split(']').next().unwrap();
    let words: Vec<String> = array.split(',').map(|word| word.trim().trim_matches('"').to_owned()).collect();
    for block in [&nagios, &icinga] {
        assert_eq!(block.matches('{').count(), block.matches('}').count(), "{block}");
    }
    // Nagios passes the line with its macros replaced to a shell; Icinga runs the words with the arguments appended.
    let by_nagios = |accounts: &str| run_as_cron(&setup, line.trim().replace("$ARG1$", accounts).as_str());
    let by_icinga = |accounts: &[&str]| {
        let arguments: Vec<&str> =
            words[1..].iter().map(String::as_str).chain(accounts.iter().copied()).collect();
        Ended::of(&setup.process(&words[0], &arguments).output().unwrap())
    };
    for (left, status, word) in [
        (TimeDelta::days(20), 0, "OK"),
        (TimeDelta::days(2), 1, "WARNING"),
        (TimeDelta::hours(12), 2, "CRITICAL"),
    ] {
        setup.vendor.put(Record::ending("b", clock::now() + left).max_jobs(3));
        for ended in [by_nagios(""), by_icinga(&[])] {
            let (text, data) = parsed(&ended.out);
            assert_eq!((ended.status, ended.err.as_str()), (Some(status), ""), "{ended:?}");
            assert!(text.starts_with(&format!("MINIMAX {word} - ")), "{text}");
            let labels: Vec<&str> = data.iter().map(|one| one.label.as_str()).collect();
            assert_eq!(labels, ["a token_left", "a max_jobs", "b token_left", "b max_jobs"]);
        }
        for ended in [by_nagios("a"), by_icinga(&["a"])] {
            assert_eq!((ended.status, parsed(&ended.out).1.len()), (Some(0), 2), "only the named account");
        }
    }
    setup.vendor.put(Record::ending("b", healthy()));
    let mut service = setup.serve(&[]);
    service.until("watching");
    let refused = by_nagios("");
    assert_eq!(refused.status, Some(3));
    assert!(refused.out.starts_with("MINIMAX UNKNOWN - the store ") && refused.out.contains("is in use by"));
    assert_eq!(service.stop(), Some(0));
}
