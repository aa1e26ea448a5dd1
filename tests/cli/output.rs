//! What `check` prints for people and for monitors, and what `--quiet` and `--dry-run` leave out.

use std::process::Stdio;

use chrono::TimeDelta;
use minimax_watch::clock;

use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Answer, Record, WebhookServer};

#[tokio::test(flavor = "multi_thread")]
async fn table_fits_80_columns_and_truncates_nothing() {
    let long = "an-account-with-a-name-that-is-far-too-long-for-any-table";
    let setup = Setup::with(&["a", long, "sick"], "").await;
    setup.vendor.put(
        Record::ending(long, clock::now() + TimeDelta::hours(70))
            .flag("supportMusic", true)
            .flag("supportAgent", true),
    );
    setup.vendor.put(
        Record::ending("sick", healthy()).error("The session expired, log in again. ".repeat(4).as_str()),
    );
    let check = setup.run(&["check"]);
    for line in check.out.lines() {
        assert!(line.chars().count() <= 80, "{line}\n{}", check.out);
    }
    assert!(check.out.starts_with("ACCOUNT "), "{}", check.out);
    let column =
        check.out.lines().map(|line| line.chars().take(24).collect::<String>().trim_end().to_owned());
    assert!(column.collect::<String>().contains(long), "{}", check.out);
    assert!(check.out.contains("CRITICAL sick: account_error since "), "{}", check.out);
    assert_eq!(check.err, "", "the log does not repeat the alerts of the result");
}

#[tokio::test(flavor = "multi_thread")]
async fn nagios_output_is_one_line_with_performance_data_then_details() {
    let setup = Setup::open().await;
    setup.configure(&["a|b"], "");
    let with_own = std::fs::read_to_string(setup.path("minimax-watch.toml"))
        .unwrap()
        .replace("id = \"a|b\"", "id = \"a|b\"\nlead_times = [\"10d\", \"12h\"]");
    std::fs::write(setup.path("minimax-watch.toml"), with_own).unwrap();
    setup.vendor.put(Record::ending("a|b", clock::now() + TimeDelta::days(9)).max_jobs(3));
    let check = setup.run(&["check", "--format", "nagios"]);
    assert_eq!(check.status, Some(1), "{check:?}");
    let lines: Vec<&str> = check.out.lines().collect();
    let (text, data) = lines[0].split_once(" | ").unwrap();
    assert_eq!(text, "MINIMAX WARNING - a/b: token expires in 8 days 23 h");
    let left: i64 =
        data.strip_prefix("'a/b token_left'=").unwrap().split_once('s').unwrap().0.parse().unwrap();
    assert!(
        (TimeDelta::days(8).num_seconds()..TimeDelta::days(9).num_seconds() + 1).contains(&left),
        "{left}"
    );
    assert!(data.ends_with("s;864000:;86400: 'a/b max_jobs'=3;;;0"), "the account's own thresholds: {data}");
    assert_eq!(lines[1..], ["WARNING: a/b: token expires in 8 days 23 h"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_without_receivers_prints_nothing_when_all_is_well_and_everything_otherwise() {
    let setup = Setup::with(&["a"], "").await;
    let check = setup.run(&["check", "--quiet"]);
    assert_eq!((check.status, check.out.as_str(), check.err.as_str()), (Some(0), "", ""));
    setup.vendor.set_answer("a", Answer::account_error("on hold"));
    let check = setup.run(&["check", "-q"]);
    assert_eq!(check.status, Some(2));
    assert!(check.out.contains("account_error"), "{}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_prints_what_it_would_send_and_stores_and_sends_nothing() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", healthy()));
    setup.configure(&["a"], &webhook(&hook));
    let dry = setup.run(&["check", "--dry-run"]);
    assert_eq!(dry.status, Some(0), "{dry:?}");
    assert!(!setup.store().exists() && !setup.path("state").exists(), "nothing is created");
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let before = std::fs::read(setup.store()).unwrap();
    setup.vendor.set_answer("a", Answer::account_error("on hold"));
    let dry = setup.run(&["check", "--dry-run"]);
    assert_eq!(dry.status, Some(2), "{dry:?}");
    assert!(
        dry.err.contains("would notify pager: a: useapi.net reports the MiniMax account in error"),
        "{}",
        dry.err
    );
    assert!(std::fs::read(setup.store()).unwrap() == before, "the store is unchanged");
    assert_eq!(hook.count(), 0);
    assert_eq!(setup.run(&["check"]).status, Some(2));
    assert_eq!(hook.count(), 1, "a real check sends it");
}

#[tokio::test(flavor = "multi_thread")]
async fn colour_needs_a_terminal_or_an_option() {
    let setup = Setup::with(&["a"], "").await;
    for (arguments, variable, colored) in [
        (&["check"][..], "", false),
        (&["check", "--color", "always"], "", true),
        (&["check", "--color", "always"], "1", true),
        (&["check", "--color", "never"], "", false),
    ] {
        let output = setup.command(arguments).env("NO_COLOR", variable).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(text.contains('\u{1b}'), colored, "{arguments:?} {variable:?}: {text}");
        assert!(text.contains("OK "), "the text has the meaning without colour: {text}");
    }
}

/// `script` (util-linux) provides a terminal; where it is missing this test does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn terminal_output_is_coloured_unless_no_color_is_set() {
    let setup = Setup::with(&["a"], "").await;
    let program = env!("CARGO_BIN_EXE_minimax-watch");
    let path = "/usr/bin:/bin";
    let on_terminal = |no_color: &str| {
        let shell = format!("NO_COLOR={no_color} '{program}' check; '{program}' status >/dev/null");
        let mut script = std::process::Command::new("script");
        script
            .env_clear()
            .envs(setup.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.env("PATH", path).current_dir(setup.path("")).args(["-qec", &shell, "/dev/null"]);
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
async fn progress_is_shown_on_terminals_only() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "1s");
    setup.vendor.set_answer("a", Answer::account_error("on hold"));
    let check = setup.run(&["check"]);
    assert_eq!(
        (check.status, check.err.as_str()),
        (Some(2), ""),
        "no progress bar in a log file during the confirmation"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_pipe_is_not_a_failure() {
    let setup = Setup::with(&["a"], "").await;
    setup.run(&["check"]);
    for arguments in [&["status"][..], &["status", "--json"], &["config", "show"], &["schedule"], &["--help"]]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_minimax-watch"));
        command
            .env_clear()
            .envs(setup.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(setup.path("")).args(arguments).stderr(Stdio::piped());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_behind_stdout_is_reported() {
    let setup = Setup::with(&["a"], "").await;
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_minimax-watch"));
    command.env_clear().envs(setup.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child =
        command.current_dir(setup.path("")).arg("schedule").stdout(full).stderr(Stdio::piped()).spawn();
    let output = child.unwrap().wait_with_output().unwrap();
    let notified = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        notified.starts_with("minimax-watch: cannot write the result to stdout: No space left"),
        "{notified}"
    );
}
