//! A hostile environment does not stop the program: pipes and devices as files, unread logs, early signals, system limits, and
//! stores that were tampered with.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::child::{TIMEOUT, within_timeout};
use crate::http_client::Client;
use crate::setup::{Ended, PROGRAM, Setup, healthy, mode};
use crate::simulator::{Answer, Record};

/// The default capacity of a pipe (pipe(7)).
const PIPE: usize = 64 << 10;

/// Waits for the process to end, and returns its exit status.
fn wait_for_exit(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        assert!(Instant::now() < deadline, "the process does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status().unwrap();
    assert!(kill.success());
}

fn make_pipe(setup: &Setup, name: &str) {
    assert!(Command::new("mkfifo").arg(setup.path(name)).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_or_configuration_that_is_not_a_regular_file_is_refused_by_name() {
    let setup = Setup::with(&["a"], "").await;
    std::fs::remove_file(setup.path("token")).unwrap();
    make_pipe(&setup, "token");
    for command in ["check", "run", "status"] {
        let refused = setup.run(&[command]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.err.contains("token is a named pipe, not a regular file"), "{}", refused.err);
    }
    for (file, kind) in [("/dev/zero", "a device"), ("token", "a named pipe"), (".", "a folder")] {
        let refused = setup.run(&["--config", file, "config", "check"]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.err.contains(&format!("{file}: is {kind}, not a regular file")), "{}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_with_a_named_pipe_is_refused_and_the_service_still_stops() {
    let setup = Setup::with(&["a"], "").await;
    let mut service = setup.serve(&[]);
    service.until("run finished");
    std::fs::remove_file(setup.path("token")).unwrap();
    make_pipe(&setup, "token");
    service.signal("HUP");
    service.until("is a named pipe, not a regular file");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn service_with_an_unread_log_keeps_working_and_stops_in_time() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&vec![b'x'; PIPE]).unwrap();
    let mut command = setup.process(PROGRAM, &["--log-level", "trace", "run"]);
    let mut child = command.stdout(Stdio::null()).stderr(writer).spawn().unwrap();
    within_timeout(setup.api.wait_for_requests(3)).await;
    signal(&child, "TERM");
    assert_eq!(wait_for_exit(&mut child), Some(0));
    drop(reader);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_with_a_timeout_ends_although_its_output_is_not_read() {
    let mut started = Vec::new();
    for format in ["table", "nagios", "json"] {
        let setup = Setup::with(&["a"], "").await;
        let (out, mut full_out) = std::io::pipe().unwrap();
        let (err, mut full_err) = std::io::pipe().unwrap();
        full_out.write_all(&vec![b'x'; PIPE]).unwrap();
        full_err.write_all(&vec![b'x'; PIPE]).unwrap();
        let mut command = setup.process(PROGRAM, &["check", "--timeout", "2s", "--format", format]);
        let child = command.stdout(full_out).stderr(full_err).spawn().unwrap();
        started.push((format, child, (setup, out, err)));
    }
    for (format, mut child, unread) in started {
        assert_eq!(wait_for_exit(&mut child), Some(3), "{format}");
        drop(unread);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_overwrites_nothing() {
    let setup = Setup::with(&["a"], "").await;
    for held in ["minimax-watch.toml", ".hidden"] {
        let folder = setup.path(&format!("demo-{held}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(held), "precious").unwrap();
        let refused = setup.run(&["demo", "--folder", folder.to_str().unwrap()]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.err.contains("is not empty") && refused.err.contains(held), "{}", refused.err);
        assert_eq!(std::fs::read_to_string(folder.join(held)).unwrap(), "precious");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_keeps_its_promises_and_serves_its_page() {
    let setup = Setup::with(&["a"], "").await;
    let page = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = setup.path("played");
    let arguments = ["demo", "--folder", folder.to_str().unwrap(), "--serve", &page.to_string()];
    let mut played = setup.start(&arguments);
    let (client, deadline) = (Client(page), Instant::now() + 4 * TIMEOUT);
    while TcpStream::connect(page).is_err() {
        assert!(Instant::now() < deadline, "the page was not served in time");
        std::thread::sleep(Duration::from_millis(100));
    }
    let overview = client.get("/");
    assert!(
        overview.body.contains("2 alerts are open; 1 of 4 accounts cannot take jobs</h1>"),
        "{overview:?}"
    );
    assert_eq!(client.get("/accounts/main/345678").status, 200);
    assert_eq!(std::fs::read_dir(folder.join("chats")).unwrap().count(), 34);
    let refused = setup.run(&["demo", "--serve", &page.to_string()]);
    assert!(refused.status == Some(3) && refused.err.contains("Address already in use"), "{refused:?}");
    assert_eq!(played.stop(), Some(0));
    let out = played.out();
    assert!(out.contains("Every promise of this demo was kept.\n"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrency_beyond_the_open_file_limit_is_capped_with_one_warning() {
    let names: Vec<String> = (0..150).map(|index| format!("a{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let setup = Setup::with(&names, "[api]\nconcurrency = 1024\n").await;
    let mut command = setup.process("prlimit", &["--nofile=128:128", PROGRAM, "check"]);
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
async fn store_error_for_lack_of_descriptors_says_so() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let mut notified = String::new();
    // Too few for the store and enough for the configuration: the number depends on the system.
    for limit in 8..36 {
        let mut command = setup.process("prlimit", &[&format!("--nofile={limit}:{limit}"), PROGRAM, "check"]);
        let ended = Ended::of(&command.output().unwrap());
        assert!(!ended.err.contains("may its user write"), "{limit}: {}", ended.err);
        assert!(!ended.err.contains("panicked"), "{limit}: {}", ended.err);
        notified.push_str(&ended.err);
    }
    assert!(notified.contains("too many files are open; lower [api].concurrency"), "{notified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_during_a_long_run_takes_over_between_its_checks() {
    let names: Vec<String> = (0..400).map(|index| format!("a{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let setup = Setup::with(&names, "").await;
    // With a yearly schedule the accounts are checked a tenth of a second apart, over forty seconds.
    let mut service = setup.serve(&[]);
    within_timeout(setup.api.wait_for_requests(3)).await;
    setup.configure(&names[..1], "");
    let started = Instant::now();
    service.signal("HUP");
    service.until("configuration reloaded");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}\n{}", started.elapsed(), service.log());
    service.until("run finished: 1 account checked, 1 ok");
    assert!(setup.api.request_count() < 390, "{}", setup.api.request_count());
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_logs_that_it_waits_for_the_checks_in_flight() {
    let setup = Setup::with(&["a"], "").await;
    setup.vendor.set_answer("a", Answer::hang());
    let mut service = setup.serve(&[]);
    within_timeout(setup.api.wait_for_requests(1)).await;
    service.signal("HUP");
    service.until("the new configuration takes over when the checks in flight have ended");
    service.until("configuration reloaded");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn signal_during_start_never_kills_the_service() {
    let setup = Setup::with(&["a"], "").await;
    for delay_ms in 2..14 {
        let mut command = setup.process(PROGRAM, &["run"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Until the program itself runs, the parent's signal handling applies.
        let deadline = Instant::now() + TIMEOUT;
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
        assert_eq!(wait_for_exit(&mut child), Some(0), "after {delay_ms} ms");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_trigger_in_the_store_is_refused_by_every_command() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let mut store = SqliteConnectOptions::new().filename(setup.store()).connect().await.unwrap();
    sqlx::raw_sql("CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM accounts; END")
        .execute(&mut store)
        .await
        .unwrap();
    store.close().await.unwrap();
    let before = std::fs::read(setup.store()).unwrap();
    for command in ["check", "run", "status", "alerts", "deliveries"] {
        let refused = setup.run(&[command]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.err.contains("the trigger `evil` on `runs`"), "{}", refused.err);
        assert!(std::fs::read(setup.store()).unwrap() == before, "`{command}` changed it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_that_others_can_read_or_replace_is_a_warning_with_the_mode() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let folder = setup.store().parent().unwrap().to_owned();
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&setup.store(), 0o644);
    set(&folder, 0o777);
    for command in [&["check"][..], &["config", "check"]] {
        let warned = setup.run(command);
        assert_eq!(warned.status, Some(0), "{warned:?}");
        let output = warned.out + &warned.err;
        let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            output.contains("(mode 0644): chmod 600") && output.contains("(mode 0777)"),
            "{command:?}: {output}"
        );
    }
    assert_eq!(mode(&setup.store()), 0o644, "the mode is not changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn dangling_link_is_named_with_its_target() {
    let setup = Setup::with(&["a"], "").await;
    std::fs::create_dir_all(setup.store().parent().unwrap()).unwrap();
    symlink("/nowhere/to/be/found.db", setup.store()).unwrap();
    for command in ["status", "check"] {
        let refused = setup.run(&[command]);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        let named = "is a link to /nowhere/to/be/found.db, which does not exist";
        assert!(refused.err.contains(named), "{command}: {}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_ca_certificates_name_the_package() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__API__BASE_URL", "https://localhost:1");
    let nowhere = setup.path("nowhere").display().to_string();
    setup.set("SSL_CERT_FILE", &nowhere);
    setup.set("SSL_CERT_DIR", &nowhere);
    let refused = setup.run(&["check"]);
    assert_eq!(refused.status, Some(3), "{refused:?}");
    assert!(refused.err.contains("package ca-certificates"), "{}", refused.err);
    assert!(refused.err.contains("SSL_CERT_FILE"), "{}", refused.err);
}

/// The program as an unprivileged user, so that limits apply; `None` where that is not possible.
fn as_unprivileged_user(setup: &Setup, limits: &[&str], arguments: &[&str]) -> Option<Command> {
    const USER: &str = "61234";
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    if !is_root {
        return None;
    }
    let folder = setup.path("");
    let owner = format!("{USER}:{USER}");
    assert!(Command::new("chown").arg("-R").arg(&owner).arg(&folder).status().unwrap().success());
    let identity = ["--reuid", USER, "--regid", USER, "--clear-groups", "prlimit"];
    let command = setup.process("setpriv", &[&identity[..], limits, &[PROGRAM], arguments].concat());
    let probe = Command::new("setpriv").args(&identity[..5]).arg(PROGRAM).arg("--version").output();
    probe.is_ok_and(|probe| probe.status.success()).then_some(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn check_without_a_free_thread_ends_with_one_line_and_unknown() {
    let setup = Setup::with(&["a"], "").await;
    for (format, to_stdout) in [("nagios", true), ("table", false)] {
        let arguments = ["check", "--timeout", "3s", "--format", format];
        let Some(mut command) = as_unprivileged_user(&setup, &["--nproc=1:1"], &arguments) else { return };
        let ended = Ended::of(&command.output().unwrap());
        assert_eq!(ended.status, Some(3), "{ended:?}");
        let (line, other) = if to_stdout { (&ended.out, &ended.err) } else { (&ended.err, &ended.out) };
        assert_eq!((line.lines().count(), other.as_str()), (1, ""), "{ended:?}");
        assert!(line.contains("threads") && line.contains("TasksMax="), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn service_makes_no_core_dump() {
    let setup = Setup::with(&["a"], "").await;
    let mut service = setup.serve(&[]);
    service.until("run finished");
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
async fn misplaced_secret_is_quoted_by_no_error() {
    let setup = Setup::with(&[], "").await;
    setup.vendor.put(Record::ending("a", healthy()));
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
        std::fs::write(setup.path("minimax-watch.toml"), text).unwrap();
        for command in [&["config", "check"][..], &["config", "show"], &["status"]] {
            let refused = setup.run(command);
            assert_eq!(refused.status, Some(3), "{wrong}: {refused:?}");
            let output = refused.out + &refused.err;
            assert!(!output.contains(secret), "{command:?} quotes it: {output}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_secret_files_and_links_are_refused_with_the_reason_and_64_kib_are_read() {
    let setup = Setup::with(&["a"], "").await;
    let socket = std::os::unix::net::UnixListener::bind(setup.path("socket")).unwrap();
    symlink("loop-b", setup.path("loop-a")).unwrap();
    symlink("loop-a", setup.path("loop-b")).unwrap();
    for (file, wrong) in [
        ("socket", "is a socket, not a regular file"),
        ("loop-a", "cannot be read: Too many levels of symbolic links"),
        ("/proc/self/mem", "cannot be read"),
    ] {
        let refused = setup.run(&["--config", file, "config", "check"]);
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
        setup.secret("token", &content);
        let checked = setup.run(&["config", "check"]);
        assert_eq!(checked.status, Some(if wrong.is_empty() { 0 } else { 3 }), "{}", checked.err);
        assert!(checked.err.contains(wrong) && !checked.err.contains("aaaaaaaa"), "{wrong}");
    }
}
