//! What `check` prints for people and for monitors, and what it does not do when told not to.

use std::process::Stdio;

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Answer, Hook, Record};

use crate::stage::{Stage, healthy, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn the_table_fits_80_columns_and_cuts_nothing() {
    let long = "an-account-with-a-name-that-is-far-too-long-for-any-table";
    let stage = Stage::with(&["a", long, "sick"], "").await;
    stage.vendor.put(
        Record::ending(long, clock::now() + TimeDelta::hours(70))
            .flag("supportMusic", true)
            .flag("supportAgent", true),
    );
    stage.vendor.put(
        Record::ending("sick", healthy()).error("The session expired, log in again. ".repeat(4).as_str()),
    );
    let check = stage.run(&["check"]);
    for line in check.out.lines() {
        assert!(line.chars().count() <= 80, "{line}\n{}", check.out);
    }
    assert!(check.out.starts_with("ACCOUNT "), "{}", check.out);
    let column =
        check.out.lines().map(|line| line.chars().take(24).collect::<String>().trim_end().to_owned());
    assert!(column.collect::<String>().contains(long), "{}", check.out);
    assert!(check.out.contains("CRITICAL sick: account_error since "), "{}", check.out);
    assert_eq!(check.err, "", "the alerts are in the result: no log repeats them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_gets_one_line_with_performance_data_and_details_after_it() {
    let stage = Stage::open().await;
    stage.configure(&["a|b"], "");
    let with_own = std::fs::read_to_string(stage.path("minimax-watch.toml"))
        .unwrap()
        .replace("id = \"a|b\"", "id = \"a|b\"\nlead_times = [\"10d\", \"12h\"]");
    std::fs::write(stage.path("minimax-watch.toml"), with_own).unwrap();
    stage.vendor.put(Record::ending("a|b", clock::now() + TimeDelta::days(9)).max_jobs(3));
    let check = stage.run(&["check", "--format", "nagios"]);
    assert_eq!(check.status, Some(1), "{check:?}");
    let lines: Vec<&str> = check.out.lines().collect();
    let (text, data) = lines[0].split_once(" | ").unwrap();
    assert_eq!(text, "MINIMAX WARNING - a/b: token ends in 8 days 23 h");
    let left: i64 =
        data.strip_prefix("'a/b token_left'=").unwrap().split_once('s').unwrap().0.parse().unwrap();
    assert!(
        (TimeDelta::days(8).num_seconds()..TimeDelta::days(9).num_seconds() + 1).contains(&left),
        "{left}"
    );
    assert!(data.ends_with("s;864000:;86400: 'a/b max_jobs'=3;;;0"), "the account's own thresholds: {data}");
    assert_eq!(lines[1..], ["WARNING: a/b: token ends in 8 days 23 h"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_says_nothing_when_all_is_well_and_everything_otherwise() {
    let stage = Stage::with(&["a"], "").await;
    let check = stage.run(&["check", "--quiet"]);
    assert_eq!((check.status, check.out.as_str(), check.err.as_str()), (Some(0), "", ""));
    stage.vendor.set("a", Answer::account_error("on hold"));
    let check = stage.run(&["check", "-q"]);
    assert_eq!(check.status, Some(2));
    assert!(check.out.contains("account_error"), "{}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_it_would_tell_and_stores_and_sends_nothing() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", healthy()));
    stage.configure(&["a"], &webhook(&hook));
    let dry = stage.run(&["check", "--dry-run"]);
    assert_eq!(dry.status, Some(0), "{dry:?}");
    assert!(!stage.store().exists() && !stage.path("state").exists(), "not even a folder");
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let before = std::fs::read(stage.store()).unwrap();
    stage.vendor.set("a", Answer::account_error("on hold"));
    let dry = stage.run(&["check", "--dry-run"]);
    assert_eq!(dry.status, Some(2), "{dry:?}");
    assert!(
        dry.err.contains("would tell pager: a: useapi.net reports the MiniMax account in error"),
        "{}",
        dry.err
    );
    assert!(std::fs::read(stage.store()).unwrap() == before, "the store is the same, byte for byte");
    assert_eq!(hook.count(), 0);
    assert_eq!(stage.run(&["check"]).status, Some(2));
    assert_eq!(hook.count(), 1, "and then for real");
}

#[tokio::test(flavor = "multi_thread")]
async fn colour_is_for_terminals_or_for_whoever_insists() {
    let stage = Stage::with(&["a"], "").await;
    for (arguments, variable, colored) in [
        (&["check"][..], "", false),
        (&["check", "--color", "always"], "", true),
        (&["check", "--color", "always"], "1", true),
        (&["check", "--color", "never"], "", false),
    ] {
        let output = stage.command(arguments).env("NO_COLOR", variable).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(text.contains('\u{1b}'), colored, "{arguments:?} {variable:?}: {text}");
        assert!(text.contains("OK "), "colour never carries the meaning alone: {text}");
    }
}

/// `script` (util-linux) lends a terminal; where it is missing this test has nothing to say.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_there_is_colour_unless_no_color_is_set() {
    let stage = Stage::with(&["a"], "").await;
    let program = env!("CARGO_BIN_EXE_minimax-watch");
    let path = "/usr/bin:/bin";
    let on_terminal = |no_color: &str| {
        let shell = format!("NO_COLOR={no_color} '{program}' check; '{program}' status >/dev/null");
        let mut script = std::process::Command::new("script");
        script
            .env_clear()
            .envs(stage.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.env("PATH", path).current_dir(stage.path("")).args(["-qec", &shell, "/dev/null"]);
        script
            .stdin(Stdio::null())
            .output()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (Ok(plain), Ok(colored)) = (on_terminal("1"), on_terminal("")) else { return };
    assert!(plain.contains(" OK ") && !plain.contains("\u{1b}["), "{plain:?}");
    assert!(colored.contains("\u{1b}["), "{colored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_only_for_terminals() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "1s");
    stage.vendor.set("a", Answer::account_error("on hold"));
    let check = stage.run(&["check"]);
    assert_eq!((check.status, check.err.as_str()), (Some(2), ""), "asked again, and no bar in a log file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_is_no_failure() {
    let stage = Stage::with(&["a"], "").await;
    stage.run(&["check"]);
    for arguments in [&["status"][..], &["status", "--json"], &["config", "show"], &["schedule"], &["--help"]]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_minimax-watch"));
        command
            .env_clear()
            .envs(stage.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(stage.path("")).args(arguments).stderr(Stdio::piped());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_behind_stdout_is_told() {
    let stage = Stage::with(&["a"], "").await;
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_minimax-watch"));
    command.env_clear().envs(stage.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child =
        command.current_dir(stage.path("")).arg("schedule").stdout(full).stderr(Stdio::piped()).spawn();
    let output = child.unwrap().wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    assert!(told.starts_with("minimax-watch: cannot write the result to stdout: No space left"), "{told}");
}
