//! What befalls a service: hangs and kills. Nothing is lost by them, and nothing told again.

use std::process::{Command, Stdio};

use minimax_watch::simulator::{Answer, Record};

use crate::life::UNIT;
use crate::machine::eventually;
use crate::world::{DAY, ahead};
use crate::{Seen, Stage, ensure};

/// How long the watchdog waits here, instead of minutes.
const WATCHDOG: i64 = 3;

fn watch_closely(stage: &Stage) -> Result<(), String> {
    let override_ = format!("[Service]\nWatchdogSec={WATCHDOG}s\nRestartSec=100ms\n");
    stage.machine.write("/run/systemd/system/minimax-watch.service.d/closely.conf", &override_);
    stage.machine.must(&["systemctl", "daemon-reload"])?;
    stage.machine.must(&["systemctl", "restart", UNIT]).map(drop)
}

fn restarts(stage: &Stage) -> u32 {
    stage.machine.property(UNIT, "NRestarts").parse().unwrap()
}

/// Waits until it was started anew and is ready.
fn started_anew(stage: &Stage, before: u32) -> Result<(), String> {
    eventually("a new start", || {
        (restarts(stage) > before && stage.machine.property(UNIT, "ActiveState") == "active").then_some(())
    })
}

pub(crate) fn slow_vendor(stage: &Stage) -> Seen {
    let Stage { machine, world, .. } = stage;
    watch_closely(stage)?;
    let (before, asked) = (world.counts(), world.api.request_count());
    world.vendor.set_all(Some(Answer::hang()));
    machine.must(&["systemctl", "reload", UNIT])?;
    world.asked(machine, asked)?;
    // An answer is given up after twelve seconds: four times what the watchdog waits.
    let run = eventually("the end of the slow run", || {
        let journal = machine.journal(UNIT);
        let line = journal.lines().next_back()?.to_owned();
        line.contains("without a verdict").then_some(line)
    })?;
    ensure(restarts(stage) == 0, "no restart", machine.journal(UNIT))?;
    ensure(world.counts() == before, "no message", world.counts())?;
    world.vendor.set_all(None);
    machine.must(&["systemctl", "reload", UNIT])?;
    Ok(vec![run])
}

pub(crate) fn hanging_process(stage: &Stage) -> Seen {
    let Stage { machine, world, .. } = stage;
    let (before, restarts) = (world.counts(), restarts(stage));
    // Its end comes while the process hangs.
    world.vendor.put(Record::ending("777777", ahead(30 * DAY)));
    machine.must(&["systemctl", "reload", UNIT])?;
    let before = world.heard(before, 1)?;
    machine.must(&["systemctl", "kill", "--signal", "STOP", UNIT])?;
    started_anew(stage, restarts)?;
    let journal = machine.journal(UNIT);
    let line =
        journal.lines().find(|line| line.to_lowercase().contains("watchdog timeout")).unwrap_or_default();
    ensure(!line.is_empty(), "systemd's word about the watchdog", &journal)?;
    world.vendor.put(Record::ending("777777", ahead(-1)));
    machine.must(&["systemctl", "reload", UNIT])?;
    let heard = world.heard(before, 1)?;
    ensure(heard == (before.0 + 1, before.1 + 1), "the news and nothing again", heard)?;
    Ok(vec![line.to_owned()])
}

pub(crate) fn hanging_store(stage: &Stage) -> Seen {
    let Stage { machine, world, .. } = stage;
    let (before, restarts) = (world.counts(), restarts(stage));
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
    let barked = |journal: &str| {
        journal.lines().filter(|line| line.to_lowercase().contains("watchdog timeout")).count()
    };
    let noticed = eventually("the watchdog", || (barked(&machine.journal(UNIT)) == 2).then_some(()));
    // Who is traced does not die before its tracer lets go.
    let _ = tracer.kill();
    let _ = tracer.wait();
    noticed?;
    started_anew(stage, restarts)?;
    // The run that hung never was; its news comes with the next one.
    machine.must(&["systemctl", "reload", UNIT])?;
    let heard = world.heard(before, 1)?;
    ensure(heard == (before.0 + 1, before.1 + 1), "the news once", heard)?;
    let told = world.told_of("studio-c");
    ensure(told.last().is_some_and(|last| last.starts_with("resolved")), "its end", &told)?;
    Ok(vec![format!("restarted by the watchdog; studio-c: {told:?}")])
}

pub(crate) fn killed(stage: &Stage) -> Seen {
    let Stage { machine, world, .. } = stage;
    let (before, restarts) = (world.counts(), restarts(stage));
    // Another expiry than the one sent before: one that comes back is not sent again.
    world.vendor.put(Record::ending("777777", ahead(-2 * 3_600)));
    machine.must(&["systemctl", "kill", "--signal", "KILL", UNIT])?;
    started_anew(stage, restarts)?;
    ensure(world.counts() == before, "a new start says nothing", world.counts())?;
    machine.must(&["systemctl", "reload", UNIT])?;
    let heard = world.heard(before, 1)?;
    ensure(heard == (before.0 + 1, before.1 + 1), "the news once", heard)?;
    machine.must(&["rm", "-r", "/run/systemd/system/minimax-watch.service.d"])?;
    machine.must(&["systemctl", "daemon-reload"])?;
    Ok(vec![format!("started anew; studio-c: {:?}", world.told_of("studio-c"))])
}
