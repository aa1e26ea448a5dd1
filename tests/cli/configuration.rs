//! Bad usage, bad configuration and a store that is none: exit status 3, and a sentence that helps (contract 2 and 3).

use minimax_watch::simulator::Hook;

use crate::schema::valid;
use crate::stage::{Stage, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn bad_usage_is_status_3_and_help_and_version_are_0() {
    let stage = Stage::open().await;
    for arguments in [
        &[][..],
        &["chek"],
        &["check", "--format", "xml"],
        &["check", "--nope"],
        &["status", "--json=maybe"],
        &["schedule", "--next", "0"],
        &["config"],
        &["notify"],
        &["--color", "blue", "status"],
    ] {
        let ended = stage.run(arguments);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{arguments:?}");
        assert!(ended.err.contains("Usage") || ended.err.contains("--help"), "{}", ended.err);
    }
    for arguments in [&["--help"][..], &["--version"], &["help"], &["check", "--help"], &["help", "run"]] {
        let ended = stage.run(arguments);
        assert_eq!((ended.status, ended.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    let version = stage.run(&["--version"]).out;
    assert_eq!(version, format!("minimax-watch {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_commands_help_has_an_example() {
    let stage = Stage::open().await;
    for command in [
        "",
        "run",
        "check",
        "status",
        "notify",
        "notify test",
        "schedule",
        "config",
        "config check",
        "config show",
        "demo",
    ] {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = stage.run(&arguments).out;
        let examples = help.lines().filter(|line| line.starts_with("  ") && line.contains("minimax-watch "));
        assert!(examples.count() > 0, "{help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_is_told_at_once_with_file_key_and_reason() {
    let stage = Stage::open().await;
    stage.configure(
        &["a"],
        "keeep = \"7d\"\n[schedule]\ncron = \"99 * * * *\"\ntimezone = \"Mars/Olympus\"\n\
         [[receivers]]\nname = \"x\"\ntype = \"pigeon\"\n[colours]\n",
    );
    let mut command = stage.command(&["config", "check"]);
    let output = command.env_remove("MINIMAX_WATCH__SCHEDULE__CRON").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(told.starts_with("minimax-watch: 5 problems with the configuration:\n"), "{told}");
    for problem in [
        "store.keeep: there is no such key; did you mean `keep`?",
        "schedule.cron: minute `99` is outside 0-59",
        "schedule.timezone: `Mars/Olympus` is not an IANA time zone",
        "receivers[0].type: `pigeon` is none of",
        "colours: there is no such key",
    ] {
        assert!(told.lines().any(|line| line.contains(&format!("minimax-watch.toml: {problem}"))), "{told}");
    }
    for command in
        [&["check"][..], &["run"], &["status"], &["schedule"], &["config", "show"], &["notify", "test"]]
    {
        let ended = stage.run(command);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{command:?}");
        assert!(ended.err.contains("store.keeep"), "{}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_file_must_be_there_and_a_monitor_is_told_on_stdout() {
    let stage = Stage::open().await;
    let ended = stage.run(&["--config", "absent.toml", "check"]);
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.err, "minimax-watch: absent.toml: there is no such file (named by --config)\n");
    let ended = stage.run(&["--config", "absent.toml", "check", "--format", "nagios"]);
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.out, "MINIMAX UNKNOWN - absent.toml: there is no such file (named by --config)\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_configuration_is_counted_and_its_next_run_told() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.configure(&["a", "b"], &webhook(&hook));
    let ended = stage.run(&["config", "check"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.out.contains(": good. 1 subscription, 2 accounts, 1 receiver; next run "), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_a_configuration_again() {
    let stage = Stage::with(&["a"], "").await;
    let shown = stage.run(&["config", "show"]);
    assert_eq!(shown.status, Some(0), "{shown:?}");
    std::fs::write(stage.path("shown.toml"), &shown.out).unwrap();
    assert_eq!(stage.run(&["--config", "shown.toml", "config", "show"]).out, shown.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_is_told_in_its_zone_and_in_utc() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "30 7 1 7 *");
    stage.set("MINIMAX_WATCH__SCHEDULE__TIMEZONE", "Asia/Kolkata");
    let ended = stage.run(&["schedule", "--next", "2"]);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!((ended.status, lines.len(), lines[0]), (Some(0), 3, "30 7 1 7 * in Asia/Kolkata"));
    for line in &lines[1..] {
        assert!(line.contains("-07-01 07:30:00 IST") && line.contains("-07-01T02:00:00Z  in "), "{line}");
    }
    let json = valid("schedule", &stage.run(&["schedule", "--next", "2", "--json"]).out);
    assert_eq!((&json["cron"], &json["timezone"]), (&"30 7 1 7 *".into(), &"Asia/Kolkata".into()));
    assert!(json["runs"][1]["local"].as_str().unwrap().ends_with("-07-01T07:30:00+05:30"), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_is_named_with_those_that_are_known() {
    let stage = Stage::with(&["studio-a"], "").await;
    stage.run(&["check"]);
    for command in ["check", "status"] {
        let ended = stage.run(&[command, "studio-b"]);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""));
        assert_eq!(ended.err, "minimax-watch: `studio-b` is no watched account (watched: studio-a)\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_store_is_left_as_it_was() {
    let stage = Stage::with(&["a"], "").await;
    std::fs::create_dir_all(stage.store().parent().unwrap()).unwrap();
    let garbage = b"certainly no database, ".repeat(300);
    std::fs::write(stage.store(), &garbage).unwrap();
    for command in [&["check"][..], &["check", "--dry-run"], &["status"], &["run"]] {
        let ended = stage.run(command);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{ended:?}");
        assert!(ended.err.contains("watch.db is not a database; it was left as it is"), "{}", ended.err);
    }
    assert_eq!(std::fs::read(stage.store()).unwrap(), garbage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_made_is_named() {
    let mut stage = Stage::with(&["a"], "").await;
    let file = stage.path("token");
    stage.set("MINIMAX_WATCH__STORE__PATH", file.join("watch.db").to_str().unwrap());
    for command in ["check", "run"] {
        let ended = stage.run(&[command]);
        assert_eq!(ended.status, Some(3), "{ended:?}");
        assert!(ended.err.contains("token/watch.db: "), "{}", ended.err);
    }
}
