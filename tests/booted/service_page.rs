//! The commands under "As a service" in docs/service.md, run as written, in a folder of root's.

use std::fs;

use crate::{ActResult, Setup, ensure};

/// The lines of the first block under the heading.
fn lines() -> Vec<String> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/service.md")).unwrap();
    let (_, section) = page.split_once("## As a service").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(str::to_owned).collect()
}

fn freshly_installed(setup: &Setup) -> Result<(), String> {
    let enabled = setup.machine.run(&["systemctl", "is-enabled", "minimax-watch"]).text;
    ensure(enabled.trim() == "disabled", "installation starts nothing", &enabled)?;
    let secrets = setup.machine.must(&["stat", "-c", "%a %U", "/etc/minimax-watch/secrets"])?;
    ensure(secrets.trim() == "700 root", "a folder for root alone", &secrets)
}

pub(crate) fn as_written(setup: &Setup) -> ActResult {
    let lines = lines();
    ensure(lines.len() == 10, "ten lines", &lines)?;
    let Setup { machine, world, .. } = setup;
    setup.previous();
    for (name, secret) in world.secrets() {
        machine.write(&format!("/srv/{name}"), &format!("{secret}\n"));
    }
    let store = "/var/lib/minimax-watch/minimax-watch.db";
    machine.write("/srv/edited.toml", &world.configuration(store, ""));
    // An editor that needs no terminal.
    machine.write("/usr/local/bin/editor", "#!/bin/sh\ncp /srv/edited.toml \"$1\"\n");
    machine.must(&["chmod", "755", "/usr/local/bin/editor"])?;
    let mut seen = Vec::new();
    for line in &lines {
        let ended = machine.sh(line);
        ensure(ended.status == Some(0), &format!("success of `{line}`"), &ended)?;
        if line.starts_with("apt") {
            freshly_installed(setup)?;
        }
        seen.push(format!("# {}", line.split('#').next().unwrap_or_default().trim_end()));
        let shown: Vec<&str> = ended.text.lines().filter(|line| !line.trim().is_empty()).collect();
        seen.extend(shown.iter().rev().take(12).rev().map(|line| format!("    {line}")));
    }
    // One message from `notify test`, then one about the expired account; the restart and the reload of the ten lines send nothing.
    let received = world.received((0, 0), 2)?;
    ensure(received == (2, 2), "a test message and one alert, each by webhook and mail", received)?;
    ensure(
        world.received_about("studio-b") == ["firing expired"],
        "one alert",
        world.received_about("studio-b"),
    )?;
    let mail = world.mailbox.mails().last().unwrap().subject();
    ensure(mail == "[CRITICAL] studio-b: token expired", "the alert's mail", &mail)?;
    ensure(machine.property("minimax-watch", "ActiveState") == "active", "a service", &seen)?;
    seen.push(format!("mail: {mail}"));
    Ok(seen)
}
