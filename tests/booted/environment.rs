//! Starts in difficult environments: without a network, on a separate file system, and on a full one.

use crate::machine::eventually;
use crate::operation::UNIT;
use crate::{ActResult, Setup, ensure};

const STATE: &str = "/var/lib/private/minimax-watch";

pub(crate) fn before_the_network(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let before = world.counts();
    world.api.go_down();
    machine.must(&["systemctl", "restart", UNIT])?;
    machine.must(&["systemctl", "reload", UNIT])?;
    let run = eventually("a run without answers", || {
        let journal = machine.journal(UNIT);
        let line = journal.lines().next_back()?.to_owned();
        line.contains("3 inconclusive").then_some(line)
    })?;
    ensure(machine.property(UNIT, "ActiveState") == "active", "a service", machine.journal(UNIT))?;
    world.api.come_back().map_err(|error| error.to_string())?;
    machine.must(&["systemctl", "restart", UNIT])?;
    let well = eventually("a run at once, since no account was healthy", || {
        let journal = machine.journal(UNIT);
        let line = journal.lines().next_back()?.to_owned();
        line.contains("3 ok").then_some(line)
    })?;
    ensure(world.counts() == before, "no message", world.counts())?;
    Ok(vec![run, well])
}

pub(crate) fn on_a_disk_of_its_own(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let before = world.counts();
    machine.must(&["systemctl", "stop", UNIT])?;
    machine.must(&["cp", "-a", STATE, "/var/lib/private/kept"])?;
    // The file system is full, and systemd aborts the start after five seconds unless the service asks for more time.
    machine.must(&["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", STATE])?;
    machine.must(&["sh", "-c", &format!("cp -a /var/lib/private/kept/. {STATE}/")])?;
    machine.must(&["sh", "-c", &format!("head -c 2m /dev/zero > {STATE}/full 2>/dev/null || true")])?;
    let hasty = "[Service]\nTimeoutStartSec=5s\n";
    machine.write("/run/systemd/system/minimax-watch.service.d/hasty.conf", hasty);
    machine.must(&["systemctl", "daemon-reload"])?;
    machine.must(&["systemctl", "start", "--no-block", UNIT])?;
    let waits = eventually("a status text about the full disk", || {
        Some(machine.property(UNIT, "StatusText")).filter(|status| status.starts_with("cannot start yet: "))
    })?;
    machine.must(&["mount", "-o", "remount,size=16m", STATE])?;
    let process = machine.property(UNIT, "MainPID");
    eventually("a start when there is room", || {
        (machine.property(UNIT, "ActiveState") == "active").then_some(())
    })?;
    ensure(
        machine.property(UNIT, "MainPID") == process,
        "the start that waited, not another one",
        machine.journal(UNIT),
    )?;
    ensure(world.counts() == before, "no message", world.counts())?;
    let status = machine.property(UNIT, "StatusText");
    machine.must(&["systemctl", "stop", UNIT])?;
    machine.must(&["umount", STATE])?;
    machine.must(&["rm", "-r", "/var/lib/private/kept", "/run/systemd/system/minimax-watch.service.d"])?;
    machine.must(&["systemctl", "daemon-reload"])?;
    machine.must(&["systemctl", "start", UNIT])?;
    Ok(vec![waits, status])
}
