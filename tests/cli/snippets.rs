//! The lines that docs/service.md gives to cron and to monitors, run as those run them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Answer, Record};

use crate::perfdata::parsed;
use crate::stage::{Ended, PROGRAM, Stage, healthy};

/// The blocks of one language in docs/service.md, its paths replaced by those of the stage.
fn blocks(stage: &Stage, language: &str) -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/service.md")).unwrap();
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    let here = |name: &str| stage.path(name).display().to_string();
    let placed = blocks.map(|block| {
        block
            .replace("/usr/bin/minimax-watch", PROGRAM)
            .replace("/etc/minimax-watch/minimax-watch.toml", &here("minimax-watch.toml"))
            .replace("/var/backups/minimax-watch", &here("backups"))
    });
    placed.collect()
}

/// The commands of the crontab lines that hold `words`, as crontab(5) reads them.
fn cron(stage: &Stage, words: &str) -> String {
    let blocks = blocks(stage, "crontab").concat();
    let line = blocks.lines().find(|line| line.contains(words)).unwrap();
    let command = line.splitn(6, ' ').nth(5).unwrap();
    let unescaped = command.replace("\\%", "\u{0}");
    assert!(!unescaped.contains('%'), "a bare % is a line break to cron: {line}");
    unescaped.replace('\u{0}', "%")
}

/// As cron does: `/bin/sh -c`, in the home folder, with next to no environment.
fn by_shell(stage: &Stage, command: &str) -> Ended {
    let mut shell = stage.process("/bin/sh", &["-c", command]);
    Ended::of(&shell.env("PATH", "/usr/bin:/bin").current_dir("/").output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cron_line_is_silent_while_all_is_well_and_prints_what_is_not() {
    let stage = Stage::with(&["a"], "").await;
    let line = cron(&stage, "check");
    let fine = by_shell(&stage, &line);
    assert_eq!((fine.status, fine.out.as_str(), fine.err.as_str()), (Some(0), "", ""), "nothing to mail");
    stage.vendor.set("a", Answer::account_error("on hold"));
    let bad = by_shell(&stage, &line);
    assert_eq!((bad.status, bad.err.as_str()), (Some(2), ""));
    assert!(bad.out.contains("CRITICAL a: account_error since "), "{}", bad.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cron_lines_for_backups_make_one_a_day_and_forget_the_old() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let (backup, removal) = (cron(&stage, "backup"), cron(&stage, "find"));
    let told = by_shell(&stage, &backup);
    assert!(told.err.contains("there is no folder "), "{told:?}");
    fs::create_dir(stage.path("backups")).unwrap();
    fs::set_permissions(stage.path("backups"), fs::Permissions::from_mode(0o700)).unwrap();
    let made = by_shell(&stage, &backup);
    assert_eq!((made.status, made.out.as_str(), made.err.as_str()), (Some(0), "", ""));
    let again = by_shell(&stage, &backup);
    assert!(again.status == Some(3) && again.err.contains("it is there already"), "{again:?}");
    let old = stage.path("backups/2020-01-01.db");
    fs::write(&old, "").unwrap();
    assert!(Command::new("touch").args(["-d", "2020-01-01"]).arg(&old).status().unwrap().success());
    assert_eq!(by_shell(&stage, &removal).status, Some(0));
    let left: Vec<_> = fs::read_dir(stage.path("backups")).unwrap().collect();
    assert!(!old.exists() && left.len() == 1, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_host_gets_status_text_and_data_from_the_snippets() {
    let stage = Stage::with(&["a", "b"], "").await;
    let [nagios] = blocks(&stage, "nagios").try_into().unwrap();
    let line = nagios.lines().find_map(|line| line.trim().strip_prefix("command_line ")).unwrap().to_owned();
    let [icinga] = blocks(&stage, "icinga2").try_into().unwrap();
    let array = icinga.split("command = [").nth(1).unwrap().split(']').next().unwrap();
    let words: Vec<String> = array.split(',').map(|word| word.trim().trim_matches('"').to_owned()).collect();
    for block in [&nagios, &icinga] {
        assert_eq!(block.matches('{').count(), block.matches('}').count(), "{block}");
    }
    // Nagios gives the line to a shell, its macros replaced; Icinga runs the words, its arguments after them.
    let by_nagios = |accounts: &str| by_shell(&stage, line.trim().replace("$ARG1$", accounts).as_str());
    let by_icinga = |accounts: &[&str]| {
        let arguments: Vec<&str> =
            words[1..].iter().map(String::as_str).chain(accounts.iter().copied()).collect();
        Ended::of(&stage.process(&words[0], &arguments).output().unwrap())
    };
    for (left, status, word) in [
        (TimeDelta::days(20), 0, "OK"),
        (TimeDelta::days(2), 1, "WARNING"),
        (TimeDelta::hours(12), 2, "CRITICAL"),
    ] {
        stage.vendor.put(Record::ending("b", clock::now() + left).max_jobs(3));
        for ended in [by_nagios(""), by_icinga(&[])] {
            let (text, data) = parsed(&ended.out);
            assert_eq!((ended.status, ended.err.as_str()), (Some(status), ""), "{ended:?}");
            assert!(text.starts_with(&format!("MINIMAX {word} - ")), "{text}");
            let labels: Vec<&str> = data.iter().map(|one| one.label.as_str()).collect();
            assert_eq!(labels, ["a token_left", "a max_jobs", "b token_left", "b max_jobs"]);
        }
        for ended in [by_nagios("a"), by_icinga(&["a"])] {
            assert_eq!((ended.status, parsed(&ended.out).1.len()), (Some(0), 2), "only what was asked for");
        }
    }
    stage.vendor.put(Record::ending("b", healthy()));
    let mut service = stage.serve(&[]);
    service.until("watching");
    let refused = by_nagios("");
    assert_eq!(refused.status, Some(3));
    assert!(refused.out.starts_with("MINIMAX UNKNOWN - the store ") && refused.out.contains("is in use by"));
    assert_eq!(service.stop(), Some(0));
}
