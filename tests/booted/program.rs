//! A receiver of type `exec` under the packaged unit, with the drop-in of docs/service.md.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::machine::eventually;
use crate::operation::{CONFIG, UNIT};
use crate::{ActResult, Setup, ensure};

const PROGRAM: &str = "/usr/local/bin/notify-team";
/// Where `systemctl edit` keeps what is typed.
const DROP_INS: &str = "/etc/systemd/system/minimax-watch.service.d";
const SECRET: &str = "s3cretOfTheProgram";

/// Writes what it got and what it may do to the folder of the drop-in; `body` comes last.
const SCRIPT: &str = r#"#!/bin/sh
set -e
cd /var/cache/notify-team
cat > body.new
env > environment
ls /proc/self/fd > descriptors
grep -E '^Sig(Blk|Ign)' /proc/self/status > signals
cat /run/credentials/minimax-watch.service/secrets_team-key > key
{ touch /var/lib/elsewhere || echo refused; } > elsewhere 2> /dev/null
{ cat /home/ops/tool || echo invisible; } > home 2> /dev/null
# Memory that is writable and executable, as programs ask for that generate code.
perl -e 'print syscall(9, 0, 4096, 7, 34, -1, 0) > 0 ? "allowed" : "refused"' > generated-code
mv body.new body
"#;

/// The drop-in on the page.
fn drop_in() -> String {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/service.md")).unwrap();
    let (_, section) = page.split_once("## A program of yours under the unit").unwrap();
    let (_, block) = section.split_once("```ini\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

pub(crate) fn under_the_unit(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let before = world.counts();
    let config = fs::read_to_string(machine.path(CONFIG)).unwrap();
    machine.write(PROGRAM, SCRIPT);
    machine.must(&["chmod", "755", PROGRAM])?;
    machine.write("/home/ops/tool", "visible");
    machine.write("/etc/minimax-watch/secrets/team-key", SECRET);
    let receiver = format!("[[receivers]]\nname = \"team\"\ntype = \"exec\"\ncommand = [\"{PROGRAM}\"]\n");
    machine.write(CONFIG, &format!("{receiver}{config}"));
    machine.must(&["systemctl", "reload", UNIT])?;
    let failed = eventually("a failure without the drop-in", || {
        let journal = machine.journal(UNIT);
        journal
            .lines()
            .rev()
            .find(|line| line.contains("notify-team ended with exit status"))
            .map(str::to_owned)
    })?;
    machine.write(&format!("{DROP_INS}/override.conf"), &drop_in());
    machine.must(&["systemctl", "daemon-reload"])?;
    machine.must(&["systemctl", "restart", UNIT])?;
    let read = |name: &str| machine.run(&["cat", &format!("/var/cache/notify-team/{name}")]);
    let body = eventually("what the program wrote", || {
        Some(read("body")).filter(|ended| ended.status == Some(0)).map(|ended| ended.text)
    })?;
    let message: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    ensure(
        message["type"] == "alert.firing" && message["data"]["receiver"] == "team",
        "the alerts",
        &message,
    )?;
    for (name, expected) in [
        ("descriptors", "0\n1\n2\n3\n"),
        ("key", SECRET),
        ("elsewhere", "refused\n"),
        ("home", "invisible\n"),
    ] {
        ensure(read(name).text == expected, expected, (name, read(name).text))?;
    }
    // glibc lets children ignore signals of its own, 32 and 33; a static program needs only the first.
    let signals = read("signals").text;
    let signals = ["180000000", "080000000"].into_iter().fold(signals, |text, own| {
        text.replace(&format!("SigIgn:\t0000000{own}"), "SigIgn:\t0000000000000000")
    });
    let usual = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n";
    ensure(signals == usual, "no signal is blocked or ignored", &signals)?;
    if cfg!(target_arch = "x86_64") {
        ensure(
            read("generated-code").text == "allowed",
            "code may be generated",
            read("generated-code").text,
        )?;
    }
    let environment = read("environment").text;
    let names: BTreeSet<&str> =
        environment.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    let foreign: Vec<&&str> =
        names.iter().filter(|name| name.to_uppercase() == **name && !is_expected(name)).collect();
    ensure(
        foreign.is_empty() && names.contains("MINIMAX_WATCH_TITLE"),
        "its own variables only",
        &environment,
    )?;
    ensure(environment.contains("\nLANG=C.UTF-8\n"), "a language", &environment)?;
    ensure(world.counts() == before, "no other message", world.counts())?;
    let owned = machine.must(&["ls", "-l", "/var/cache/notify-team/"])?;
    machine.write(CONFIG, &config);
    machine.must(&["rm", "-r", PROGRAM, "/home/ops", "/etc/minimax-watch/secrets/team-key", DROP_INS])?;
    machine.must(&["systemctl", "daemon-reload"])?;
    machine.must(&["systemctl", "restart", UNIT])?;
    ensure(world.counts() == before, "no message after its removal", world.counts())?;
    machine.must(&["rm", "-r", "/var/cache/notify-team", "/var/cache/private/notify-team"])?;
    Ok(vec![failed, drop_in(), owned])
}

/// What a program may find; `PWD` is the shell's.
fn is_expected(name: &str) -> bool {
    matches!(name, "PATH" | "LANG" | "PWD" | "OLDPWD") || name.starts_with("MINIMAX_WATCH_")
}
