//! Programs that take messages, refuse, hang and flood.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::config::{Channel, Exec, Receiver};
use crate::domain::clock::Clock;
use crate::notify::tests::samples::{self, id, now};
use crate::notify::{Attempt, Sender, probe, render};

/// A shell script in `folder`, run with `arguments`.
fn receiver(folder: &Path, script: &str, arguments: &[&str], timeout: Duration) -> Receiver {
    let program = folder.join("notify");
    // Written by another process: a program whose file is open for writing here cannot be run by a test beside this one.
    let text = format!("#!/bin/sh\n{script}\n");
    let written = std::process::Command::new("/bin/sh")
        .args(["-c", "printf %s \"$1\" > \"$2\"", "sh", &text])
        .arg(&program)
        .status()
        .unwrap();
    assert!(written.success());
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let arguments = arguments.iter().map(ToString::to_string).collect();
    samples::receiver(Channel::Exec(Exec { program: program.display().to_string(), arguments, timeout }))
}

async fn send(receiver: &Receiver, is_quoted: bool) -> Attempt {
    let sender = if is_quoted { Sender::quoting_responses() } else { Sender::over_network() };
    let body = render(&samples::mixed(), &id(), receiver, &[]).unwrap();
    sender.send(receiver, &id(), &body, &[], &Clock::fixed(now())).await.attempt
}

fn error(attempt: Attempt) -> String {
    let Attempt::Deferred { error, .. } = attempt else { panic!("{attempt:?}") };
    error
}

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_program_gets_the_json_and_variables_in_a_clean_environment() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"cat > "$1/body"; env > "$1/env"; printf '%s|' "$@" > "$1/arguments"; pwd > "$1/cwd""#;
    let at = folder.path().display().to_string();
    let receiver = receiver(folder.path(), script, &[&at, "a b; $(id)"], MINUTE);
    assert_eq!(send(&receiver, false).await, Attempt::Delivered);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("body").into_bytes(), render(&samples::mixed(), &id(), &receiver, &[]).unwrap());
    assert_eq!((read("arguments"), read("cwd")), (format!("{at}|a b; $(id)|"), "/\n".to_owned()));
    let environment = read("env");
    let names: std::collections::BTreeSet<&str> =
        environment.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    for name in ["MESSAGE_ID", "TYPE", "SEVERITY", "RECEIVER", "TITLE", "TEXT"] {
        assert!(names.contains(format!("MINIMAX_WATCH_{name}").as_str()), "{name}: {environment}");
    }
    assert!(environment.contains("\nMINIMAX_WATCH_TYPE=alert.firing\n"), "{environment}");
    assert!(!names.contains("HOME") && !names.contains("USER") && !names.contains("CARGO"), "{environment}");
}

#[tokio::test]
async fn every_other_status_is_temporary_and_output_is_quoted_only_at_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let refusing = receiver(folder.path(), "cat > /dev/null; echo first; echo hush >&2; exit 3", &[], MINUTE);
    assert_eq!(error(send(&refusing, false).await), "notify ended with exit status: 3");
    assert_eq!(error(send(&refusing, true).await), "notify ended with exit status: 3: hush");
    let deaf = receiver(folder.path(), "kill -9 $$", &[], MINUTE);
    assert_eq!(error(send(&deaf, false).await), "notify ended with signal: 9 (SIGKILL)");
    let Channel::Exec(mut exec) = deaf.channel.clone() else { panic!("exec") };
    exec.program = "/nonexistent/notify".to_owned();
    let absent = Receiver { channel: Channel::Exec(exec), ..deaf };
    assert!(error(send(&absent, false).await).starts_with("notify cannot be run: No such file"));
    let probed = probe(&absent).await.result.unwrap_err();
    assert_eq!(probed.message, "/nonexistent/notify cannot be run: No such file or directory");
}

#[tokio::test]
async fn a_program_that_ends_without_reading_its_input_is_judged_by_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = receiver(folder.path(), "exec 0<&-; exit 0", &[], MINUTE);
    assert_eq!(send(&receiver, false).await, Attempt::Delivered);
}

#[tokio::test]
async fn a_flood_of_output_is_read_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let script = "cat > /dev/null; head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 1";
    let error = error(send(&receiver(folder.path(), script, &[], MINUTE), true).await);
    assert!(error.chars().count() < 200, "{error}");
}

#[tokio::test]
async fn a_program_that_leaves_another_behind_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let receiver = receiver(folder.path(), "cat > /dev/null; sleep 20 & exit 0", &[], MINUTE);
    assert_eq!(send(&receiver, false).await, Attempt::Delivered);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn when_the_time_is_up_the_whole_group_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display().to_string();
    let script = r#"sleep 600 & echo $! > "$1/child"; wait"#;
    let receiver = receiver(folder.path(), script, &[&at], Duration::from_secs(1));
    assert_eq!(error(send(&receiver, false).await), "notify did not end in time, and was ended");
    let child: i32 = std::fs::read_to_string(folder.path().join("child")).unwrap().trim().parse().unwrap();
    // The kernel ends it at its next turn on a processor. Then it is gone, or a zombie that nobody has waited for yet.
    let status = || std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
    let is_gone = async {
        while !(status().is_empty() || status().contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), is_gone).await.is_ok(), "{}", status());
}
