//! What surrounds the program does not hold it up: files that are no files, logs that nobody reads, signals that come early, limits
//! of the system, stores that others changed.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use minimax_watch::simulator::{Answer, Record};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::child::{PATIENCE, within_patience};
use crate::stage::{Ended, PROGRAM, Stage, healthy, mode};

/// What a pipe holds by default (pipe(7)).
const PIPE: usize = 64 << 10;

/// Its exit status; it must end in time.
fn end(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status().unwrap();
    assert!(kill.success());
}

fn pipe_at(stage: &Stage, name: &str) {
    assert!(Command::new("mkfifo").arg(stage.path(name)).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_or_a_configuration_that_is_no_regular_file_is_refused_by_name() {
    let stage = Stage::with(&["a"], "").await;
    std::fs::remove_file(stage.path("token")).unwrap();
    pipe_at(&stage, "token");
    for command in ["check", "run", "status"] {
        let refused = stage.run(&[command]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.err.contains("token is a named pipe, not a regular file"), "{}", refused.err);
    }
    for (file, kind) in [("/dev/zero", "a device"), ("token", "a named pipe"), (".", "a folder")] {
        let refused = stage.run(&["--config", file, "config", "check"]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.err.contains(&format!("{file}: is {kind}, not a regular file")), "{}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_that_meets_a_named_pipe_is_refused_and_the_service_still_stops() {
    let stage = Stage::with(&["a"], "").await;
    let mut service = stage.serve(&[]);
    service.until("run done");
    std::fs::remove_file(stage.path("token")).unwrap();
    pipe_at(&stage, "token");
    service.signal("HUP");
    service.until("is a named pipe, not a regular file");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_log_nobody_reads_goes_on_and_stops_in_time() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&vec![b'x'; PIPE]).unwrap();
    let mut command = stage.process(PROGRAM, &["--log-level", "trace", "run"]);
    let mut child = command.stdout(Stdio::null()).stderr(writer).spawn().unwrap();
    within_patience(stage.api.wait_for_requests(3)).await;
    signal(&child, "TERM");
    assert_eq!(end(&mut child), Some(0));
    drop(reader);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_with_a_deadline_ends_although_nobody_reads_its_output() {
    let stage = Stage::with(&["a"], "").await;
    for format in ["table", "nagios", "json"] {
        let (out, mut full_out) = std::io::pipe().unwrap();
        let (err, mut full_err) = std::io::pipe().unwrap();
        full_out.write_all(&vec![b'x'; PIPE]).unwrap();
        full_err.write_all(&vec![b'x'; PIPE]).unwrap();
        let mut command = stage.process(PROGRAM, &["check", "--timeout", "2s", "--format", format]);
        let mut child = command.stdout(full_out).stderr(full_err).spawn().unwrap();
        assert_eq!(end(&mut child), Some(3), "{format}");
        drop((out, err));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_overwrites_nothing() {
    let stage = Stage::with(&["a"], "").await;
    for held in ["minimax-watch.toml", ".hidden"] {
        let folder = stage.path(&format!("demo-{held}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(held), "precious").unwrap();
        let refused = stage.run(&["demo", "--folder", folder.to_str().unwrap()]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.err.contains("is not empty") && refused.err.contains(held), "{}", refused.err);
        assert_eq!(std::fs::read_to_string(folder.join(held)).unwrap(), "precious");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_checks_at_once_than_open_files_allow_are_capped_with_one_warning() {
    let names: Vec<String> = (0..150).map(|index| format!("a{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stage = Stage::with(&names, "[api]\nconcurrency = 1024\n").await;
    let mut command = stage.process("prlimit", &["--nofile=128:128", PROGRAM, "check"]);
    let ended = Ended::of(&command.output().unwrap());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(
        ended.err.matches("[api].concurrency = 1024 needs more open files").count(),
        1,
        "{}",
        ended.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_opened_for_want_of_descriptors_says_so() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let mut told = String::new();
    // Few enough for the store, and enough for the configuration: which number that is depends on the system.
    for limit in 8..36 {
        let mut command = stage.process("prlimit", &[&format!("--nofile={limit}:{limit}"), PROGRAM, "check"]);
        let ended = Ended::of(&command.output().unwrap());
        assert!(!ended.err.contains("may its user write"), "{limit}: {}", ended.err);
        assert!(!ended.err.contains("panicked"), "{limit}: {}", ended.err);
        told.push_str(&ended.err);
    }
    assert!(told.contains("too many files are open; lower [api].concurrency"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_during_a_long_run_takes_over_between_its_checks() {
    let names: Vec<String> = (0..400).map(|index| format!("a{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stage = Stage::with(&names, "").await;
    // The schedule is yearly: its accounts are asked a tenth of a second apart, for forty seconds.
    let mut service = stage.serve(&[]);
    within_patience(stage.api.wait_for_requests(3)).await;
    stage.configure(&names[..1], "");
    let begun = Instant::now();
    service.signal("HUP");
    service.until("configuration reloaded");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}\n{}", begun.elapsed(), service.log());
    service.until("run done: 1 account checked, 1 ok");
    assert!(stage.api.request_count() < 390, "{}", stage.api.request_count());
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_says_that_it_waits_for_the_checks_in_flight() {
    let stage = Stage::with(&["a"], "").await;
    stage.vendor.set("a", Answer::hang());
    let mut service = stage.serve(&[]);
    within_patience(stage.api.wait_for_requests(1)).await;
    service.signal("HUP");
    service.until("the new configuration takes over when the checks in flight have ended");
    service.until("configuration reloaded");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_in_the_first_moments_never_kills_the_service() {
    let stage = Stage::with(&["a"], "").await;
    for delay_ms in 2..14 {
        let mut command = stage.process(PROGRAM, &["run"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Until the program itself runs, its signals are the parent's affair.
        let deadline = Instant::now() + PATIENCE;
        let has_begun = || {
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:\t")).unwrap_or_default();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t")).unwrap_or_default();
            // The bit of SIGHUP is the lowest.
            [blocked, caught].iter().any(|mask| u64::from_str_radix(mask, 16).unwrap_or(0) & 1 == 1)
        };
        while !has_begun() && Instant::now() < deadline {}
        std::thread::sleep(Duration::from_millis(delay_ms - 2));
        signal(&child, "HUP");
        signal(&child, "TERM");
        assert_eq!(end(&mut child), Some(0), "after {delay_ms} ms");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_somebody_put_into_the_store_is_refused_by_every_command() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let mut store = SqliteConnectOptions::new().filename(stage.store()).connect().await.unwrap();
    sqlx::raw_sql("CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM accounts; END")
        .execute(&mut store)
        .await
        .unwrap();
    store.close().await.unwrap();
    let before = std::fs::read(stage.store()).unwrap();
    for command in ["check", "run", "status", "alerts", "deliveries"] {
        let refused = stage.run(&[command]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.err.contains("the trigger `evil` on `runs`"), "{}", refused.err);
        assert!(std::fs::read(stage.store()).unwrap() == before, "`{command}` changed it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_store_that_others_can_read_or_replace_is_a_warning_with_the_mode() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let folder = stage.store().parent().unwrap().to_owned();
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&stage.store(), 0o644);
    set(&folder, 0o777);
    for command in [&["check"][..], &["config", "check"]] {
        let warned = stage.run(command);
        assert_eq!(warned.status, Some(0), "{warned:?}");
        let said = warned.out + &warned.err;
        assert!(
            said.contains("(mode 0644): chmod 600") && said.contains("(mode 0777)"),
            "{command:?}: {said}"
        );
    }
    assert_eq!(mode(&stage.store()), 0o644, "it only says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_leads_nowhere_is_named_with_its_target() {
    let stage = Stage::with(&["a"], "").await;
    std::fs::create_dir_all(stage.store().parent().unwrap()).unwrap();
    symlink("/nowhere/to/be/found.db", stage.store()).unwrap();
    for command in ["status", "check"] {
        let refused = stage.run(&[command]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        let named = "is a link to /nowhere/to/be/found.db, which does not exist";
        assert!(refused.err.contains(named), "{command}: {}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_certificates_names_the_package() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__API__BASE_URL", "https://localhost:1");
    let nowhere = stage.path("nowhere").display().to_string();
    stage.set("SSL_CERT_FILE", &nowhere);
    stage.set("SSL_CERT_DIR", &nowhere);
    let refused = stage.run(&["check"]);
    assert_eq!(refused.status, Some(3), "{refused:?}");
    assert!(refused.err.contains("package ca-certificates"), "{}", refused.err);
    assert!(refused.err.contains("SSL_CERT_FILE"), "{}", refused.err);
}

/// The program as a user of its own, so that the limits of root do not apply; nothing where that cannot be tried.
fn as_nobody(stage: &Stage, limits: &[&str], arguments: &[&str]) -> Option<Command> {
    const SOMEBODY: &str = "61234";
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    if !is_root {
        return None;
    }
    let folder = stage.path("");
    let owner = format!("{SOMEBODY}:{SOMEBODY}");
    assert!(Command::new("chown").arg("-R").arg(&owner).arg(&folder).status().unwrap().success());
    let identity = ["--reuid", SOMEBODY, "--regid", SOMEBODY, "--clear-groups", "prlimit"];
    let command = stage.process("setpriv", &[&identity[..], limits, &[PROGRAM], arguments].concat());
    let probe = Command::new("setpriv").args(&identity[..5]).arg(PROGRAM).arg("--version").output();
    probe.is_ok_and(|probe| probe.status.success()).then_some(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_may_start_no_thread_ends_with_one_line_and_unknown() {
    let stage = Stage::with(&["a"], "").await;
    for (format, to_stdout) in [("nagios", true), ("table", false)] {
        let arguments = ["check", "--timeout", "3s", "--format", format];
        let Some(mut command) = as_nobody(&stage, &["--nproc=1:1"], &arguments) else { return };
        let ended = Ended::of(&command.output().unwrap());
        assert_eq!(ended.status, Some(3), "{ended:?}");
        let (line, other) = if to_stdout { (&ended.out, &ended.err) } else { (&ended.err, &ended.out) };
        assert_eq!((line.lines().count(), other.as_str()), (1, ""), "{ended:?}");
        assert!(line.contains("threads") && line.contains("TasksMax="), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_of_a_service_goes_into_no_core_dump() {
    let stage = Stage::with(&["a"], "").await;
    let mut service = stage.serve(&[]);
    service.until("run done");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.pid())).unwrap();
    let core: Vec<&str> = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(core[4..6], ["0", "0"], "{limits}");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_wrong_place_is_quoted_by_no_error() {
    let stage = Stage::with(&[], "").await;
    stage.vendor.put(Record::ending("a", healthy()));
    for (wrong, secret) in [
        ("[[subscriptions]]\nname = 'x'\ntoken_file = '4242-s3cretHeart'\ndiscover = true\n", "s3cretHeart"),
        (
            "[[subscriptions]]\nname = 'user:4242-s3cretHeart'\ntoken_file = 'token'\ndiscover = true\n",
            "s3cretHeart",
        ),
        ("[schedule]\ntimezone = 'user:4242-s3cretHeart'\n", "s3cretHeart"),
        ("[api]\nmax_body = '4242-s3cretHeart'\n", "s3cretHeart"),
        ("[[receivers]]\nname = 'https://ops:hunter2@example.com'\n", "hunter2"),
        ("[expiry]\nsource = 'whsec_aHVudGVyMg=='\n", "aHVudGVyMg"),
        ("'user:4242-s3cretHeart' = 1\n", "s3cretHeart"),
    ] {
        let text =
            format!("{wrong}[[subscriptions]]\nname = \"main\"\ntoken_file = \"token\"\ndiscover = true\n");
        std::fs::write(stage.path("minimax-watch.toml"), text).unwrap();
        for command in [&["config", "check"][..], &["config", "show"], &["status"]] {
            let refused = stage.run(command);
            assert_eq!(refused.status, Some(3), "{wrong}: {refused:?}");
            let said = refused.out + &refused.err;
            assert!(!said.contains(secret), "{command:?} quotes it: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_secret_files_and_links_are_refused_with_what_is_wrong_and_64_kib_are_read() {
    let stage = Stage::with(&["a"], "").await;
    let socket = std::os::unix::net::UnixListener::bind(stage.path("socket")).unwrap();
    symlink("loop-b", stage.path("loop-a")).unwrap();
    symlink("loop-a", stage.path("loop-b")).unwrap();
    for (file, wrong) in [
        ("socket", "is a socket, not a regular file"),
        ("loop-a", "cannot be read: Too many levels of symbolic links"),
        ("/proc/self/mem", "cannot be read"),
    ] {
        let refused = stage.run(&["--config", file, "config", "check"]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.err.contains(&format!("{file}: {wrong}")), "{}", refused.err);
    }
    drop(socket);
    let token = |length: usize| format!("user:1-{}", "a".repeat(length - 7));
    for (content, wrong) in [
        (token(64 << 10), ""),
        (token((64 << 10) + 1), "is too large: more than 64 KiB"),
        (String::new(), "is empty"),
        ("\n".to_owned(), "is empty"),
        ("\u{feff}".to_owned(), "is empty"),
        ("\u{feff}\n".to_owned(), "is empty"),
    ] {
        stage.secret("token", &content);
        let checked = stage.run(&["config", "check"]);
        assert_eq!(checked.status, Some(if wrong.is_empty() { 0 } else { 3 }), "{}", checked.err);
        assert!(checked.err.contains(wrong) && !checked.err.contains("aaaaaaaa"), "{wrong}");
    }
}
