//! Hangs and kills of the service: nothing is lost, and nothing is sent again.

use std::process::{Command, Stdio};

use crate::simulator::{Answer, Record};

use crate::machine::eventually;
use crate::operation::UNIT;
use crate::world::{DAY, ahead};
use crate::{ActResult, Setup, ensure};

/// The watchdog's limit in seconds, here much shorter than in the units.
const WATCHDOG: i64 = 3;

fn set_short_watchdog(setup: &Setup) -> Result<(), String> {
    let override_ = format!("[Service]\nWatchdogSec={WATCHDOG}s\nRestartSec=100ms\n");
    setup.machine.write("/run/systemd/system/minimax-watch.service.d/closely.conf", &override_);
    setup.machine.must(&["systemctl", "daemon-reload"])?;
    setup.machine.must(&["systemctl", "restart", UNIT]).map(drop)
}

fn restarts(setup: &Setup) -> u32 {
    setup.machine.property(UNIT, "NRestarts").parse().unwrap()
}

/// Waits until systemd has restarted the service and it is ready.
fn wait_for_restart(setup: &Setup, before: u32) -> Result<(), String> {
    eventually("a restart", || {
        (restarts(setup) > before && setup.machine.property(UNIT, "ActiveState") == "active").then_some(())
    })
}

pub(crate) fn slow_vendor(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    set_short_watchdog(setup)?;
    let (before, asked) = (world.counts(), world.api.request_count());
    world.vendor.set_all(Some(Answer::hang()));
    machine.must(&["systemctl", "reload", UNIT])?;
    world.wait_for_requests(machine, asked)?;
    // A request times out after twelve seconds: four times the watchdog's limit.
    let run = eventually("the end of the slow run", || {
        let journal = machine.journal(UNIT);
        let line = journal.lines().next_back()?.to_owned();
        line.contains("inconclusive").then_some(line)
    })?;
    ensure(restarts(setup) == 0, "no restart", machine.journal(UNIT))?;
    ensure(world.counts() == before, "no message", world.counts())?;
    world.vendor.set_all(None);
    machine.must(&["systemctl", "reload", UNIT])?;
    Ok(vec![run])
}

pub(crate) fn hanging_process(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let (before, restarts) = (world.counts(), restarts(setup));
    // The expiry comes while the process hangs.
    world.vendor.put(Record::ending("777777", ahead(30 * DAY)));
    machine.must(&["systemctl", "reload", UNIT])?;
    let before = world.received(before, 1)?;
    machine.must(&["systemctl", "kill", "--signal", "STOP", UNIT])?;
    wait_for_restart(setup, restarts)?;
    let journal = machine.journal(UNIT);
    let line =
        journal.lines().find(|line| line.to_lowercase().contains("watchdog timeout")).unwrap_or_default();
    ensure(!line.is_empty(), "systemd's log line about the watchdog", &journal)?;
    world.vendor.put(Record::ending("777777", ahead(-1)));
    machine.must(&["systemctl", "reload", UNIT])?;
    let received = world.received(before, 1)?;
    ensure(received == (before.0 + 1, before.1 + 1), "the new message and no repeated one", received)?;
    Ok(vec![line.to_owned()])
}

pub(crate) fn hanging_store(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let (before, restarts) = (world.counts(), restarts(setup));
    let process = machine.process_outside(UNIT).ok_or("the process is not seen from outside")?;
    // Every sync of the disk takes ten minutes.
    let tracer = Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-e",
            "trace=fdatasync,fsync",
            "-e",
            "inject=fdatasync,fsync:delay_enter=600000000",
        ])
        .args(["-o", "/dev/null", "-p", &process])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut tracer = match tracer {
        Ok(tracer) => tracer,
        Err(error) => return Err(format!("strace: {error}")),
    };
    eventually("a traced process", || {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        status.lines().any(|line| line == format!("TracerPid:\t{}", tracer.id())).then_some(())
    })?;
    world.vendor.put(Record::ending("777777", ahead(30 * DAY)));
    machine.must(&["systemctl", "kill", "--signal", "HUP", UNIT])?;
    let watchdog_timeouts = |journal: &str| {
        journal.lines().filter(|line| line.to_lowercase().contains("watchdog timeout")).count()
    };
    let watchdog =
        eventually("the watchdog", || (watchdog_timeouts(&machine.journal(UNIT)) == 2).then_some(()));
    // A traced process does not end before its tracer detaches.
    let _ = tracer.kill();
    let _ = tracer.wait();
    watchdog?;
    wait_for_restart(setup, restarts)?;
    // The run that hung stored nothing; its alert comes with the next run.
    machine.must(&["systemctl", "reload", UNIT])?;
    let received = world.received(before, 1)?;
    ensure(received == (before.0 + 1, before.1 + 1), "the new message once", received)?;
    let notified = world.received_about("studio-c");
    ensure(notified.last().is_some_and(|last| last.starts_with("resolved")), "a resolution", &notified)?;
    Ok(vec![format!("restarted by the watchdog; studio-c: {notified:?}")])
}

pub(crate) fn killed(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let (before, restarts) = (world.counts(), restarts(setup));
    // Another expiry than the one sent before, because one that returns is not sent again.
    world.vendor.put(Record::ending("777777", ahead(-2 * 3_600)));
    machine.must(&["systemctl", "kill", "--signal", "KILL", UNIT])?;
    wait_for_restart(setup, restarts)?;
    ensure(world.counts() == before, "a restart sends nothing", world.counts())?;
    machine.must(&["systemctl", "reload", UNIT])?;
    let received = world.received(before, 1)?;
    ensure(received == (before.0 + 1, before.1 + 1), "the new message once", received)?;
    machine.must(&["rm", "-r", "/run/systemd/system/minimax-watch.service.d"])?;
    machine.must(&["systemctl", "daemon-reload"])?;
    Ok(vec![format!("restarted; studio-c: {:?}", world.received_about("studio-c"))])
}
