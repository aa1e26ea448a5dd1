//! What the units allow the service to do, and where secrets are visible.

use crate::operation::{STORE, UNIT};
use crate::world::{PASSWORD, SIGNING, TOKEN};
use crate::{ActResult, Setup, ensure};

/// The highest exposure that `systemd-analyze security` may report.
const EXPOSURE: f32 = 1.5;

pub(crate) fn verified(setup: &Setup) -> ActResult {
    let machine = &setup.machine;
    let units = machine.must(&["sh", "-c", "dpkg -L minimax-watch | grep ^/usr/lib/systemd/system/."])?;
    let mut command = vec!["systemd-analyze", "verify", "--recursive-errors=no"];
    command.extend(units.lines());
    let verify = machine.run(&command);
    // The systemd of Debian 12 is older than these keys of 2023 and ignores them with a warning; no other output is allowed.
    let known =
        machine.run(&["systemctl", "show", UNIT, "--property=RestartSteps"]).text.contains("RestartSteps=8");
    let is_new = |line: &&str| line.contains("'RestartSteps'") || line.contains("'RestartMaxDelaySec'");
    let messages: Vec<&str> = verify.text.lines().filter(|line| known || !is_new(line)).collect();
    ensure(messages.is_empty() && (verify.status == Some(0) || !known), "no output", &verify)?;
    Ok(vec![units])
}

pub(crate) fn secrets(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let process = machine.property(UNIT, "MainPID");
    let address = world.hook.url().to_string();
    let mut searched = Vec::new();
    for (place, command) in [
        ("environment", format!("cat /proc/{process}/environ")),
        ("arguments", format!("cat /proc/{process}/cmdline")),
        ("unit", format!("systemctl show {UNIT}; systemctl cat {UNIT}")),
        ("journal", "journalctl --no-pager --output=export".to_owned()),
        ("state", "cat /var/lib/private/minimax-watch/*".to_owned()),
    ] {
        let text = machine.sh(&command).text;
        ensure(!text.is_empty(), "something to search", place)?;
        for secret in [TOKEN, PASSWORD, SIGNING, address.as_str(), TOKEN.trim_start_matches("user:")] {
            ensure(!text.contains(secret), "no secret", (place, secret))?;
        }
        searched.push(format!("{place} ({} bytes)", text.len()));
    }
    let own = as_its_user(setup, "cat /etc/minimax-watch/secrets/useapi-token");
    ensure(own.contains("Permission denied"), "the secret files are readable by root only", &own)?;
    Ok(vec![format!("not found in {}", searched.join(", "))])
}

pub(crate) fn writes(setup: &Setup) -> ActResult {
    let find = "find / \\( -path /proc -o -path /sys \\) -prune -o ! -type l -writable -print 2>/dev/null";
    let found = as_its_user(setup, find);
    let own = ["/var/lib/private/minimax-watch", "/tmp", "/var/tmp", "/dev/", "/run/"];
    let elsewhere: Vec<&str> =
        found.lines().filter(|path| !own.iter().any(|own| path.starts_with(own))).collect();
    ensure(elsewhere.is_empty(), "no other writable place", &elsewhere)?;
    ensure(found.lines().any(|path| path.ends_with("minimax-watch.db")), "its store", &found)?;
    for place in ["/etc/minimax-watch/x", "/usr/bin/x", "/var/log/x", "/home/x", "/boot/x"] {
        let tried = as_its_user(setup, &format!("touch {place} && echo written"));
        ensure(!tried.contains("written"), "a refusal", (place, &tried))?;
    }
    let mode = setup.machine.must(&["stat", "-c", "%a", STORE])?;
    ensure(mode.trim() == "600", "a store for its owner alone", &mode)?;
    Ok(vec![found])
}

pub(crate) fn exposure(setup: &Setup) -> ActResult {
    let mut seen = Vec::new();
    for unit in [UNIT, "minimax-watch@one", "minimax-watch-check"] {
        let unit = format!("{unit}.service");
        let text = setup.machine.must(&["systemd-analyze", "security", "--no-pager", &unit])?;
        let line = text.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_default();
        let level = line.split_once(": ").and_then(|(_, level)| level.split(' ').next()?.parse::<f32>().ok());
        ensure(level.is_some_and(|level| level <= EXPOSURE), "at most 1.5", line)?;
        seen.push(line.trim_start_matches(['→', ' ']).to_owned());
    }
    Ok(seen)
}

fn as_its_user(setup: &Setup, line: &str) -> String {
    as_the_user_of(setup, UNIT, line)
}

/// Runs a line of shell as the service's user, in the service's mount namespace.
pub(crate) fn as_the_user_of(setup: &Setup, unit: &str, line: &str) -> String {
    let process = setup.machine.property(unit, "MainPID");
    let id = setup.machine.must(&["stat", "-c", "%u", &format!("/proc/{process}")]).unwrap();
    let id = id.trim();
    let command = format!(
        "nsenter --target {process} --mount -- setpriv --reuid {id} --regid {id} --clear-groups \
         --no-new-privs --bounding-set=-all --inh-caps=-all -- sh -c '{line}'"
    );
    setup.machine.sh(&command).text
}
