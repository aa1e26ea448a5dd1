//! A kill or a disk error at one system call after the other: at each commit, at each send, at each answer.

use std::path::PathBuf;

use crate::random::SeededRandom;
use crate::report::{Stop, Tally};
use crate::story::{CHAPTERS, Story, points};
use crate::strace::{Call, available};
use crate::{RunOptions, Scenario};

pub(crate) const COMMITS: Scenario = Scenario {
    name: "kill-at-commits",
    fault: "`kill -9` of `check` at each write, sync, cut and removal of the store's files",
    run: |run_options| {
        let calls = &["pwrite64", "fsync", "fdatasync", "ftruncate", "unlink"];
        Box::pin(each(run_options, Fault { on_store: true, calls, effect: KILL, lasts: false }))
    },
};

pub(crate) const SENDS: Scenario = Scenario {
    name: "kill-at-sends",
    fault: "`kill -9` of `check` at each connect, send and receive on its sockets",
    run: |run_options| {
        let calls = &["connect", "sendto", "writev", "recvfrom"];
        Box::pin(each(run_options, Fault { on_store: false, calls, effect: KILL, lasts: false }))
    },
};

pub(crate) const BROKEN_DISK: Scenario = Scenario {
    name: "disk-errors",
    fault: "EIO at each single write and sync of the store's files under `check`",
    run: |run_options| {
        let calls = &["pwrite64", "fsync", "fdatasync"];
        Box::pin(each(run_options, Fault { on_store: true, calls, effect: "error=EIO", lasts: false }))
    },
};

pub(crate) const FULL_DISK: Scenario = Scenario {
    name: "disk-fills-up",
    fault: "ENOSPC at each write of the store's files under `check`, and at all that follow",
    run: |run_options| {
        let calls = &["pwrite64"];
        Box::pin(each(run_options, Fault { on_store: true, calls, effect: "error=ENOSPC", lasts: true }))
    },
};

const KILL: &str = "signal=SIGKILL";

/// How many calls of a kind get the fault in a chapter, when not all do.
const SOME: u64 = 4;

/// The fault that each of the calls gets in turn.
#[derive(Clone, Copy)]
struct Fault {
    /// Whether only calls on the store's files count. Sockets have no path.
    on_store: bool,
    calls: &'static [&'static str],
    effect: &'static str,
    /// Whether every later call gets it too.
    lasts: bool,
}

async fn each(run_options: RunOptions, fault: Fault) -> Result<Tally, Stop> {
    available()?;
    let mut random = SeededRandom::new(run_options.seed);
    let story = Story::open(run_options).await?;
    let file = story.scene.setup.store();
    let files = ["db", "db-wal", "db-journal"].map(|end| file.with_extension(end));
    let paths: Vec<PathBuf> = files.into_iter().filter(|_| fault.on_store).collect();
    let (mut tally, mut missed) = (Tally::default(), 0);
    for name in fault.calls {
        let call = Call { name, paths: paths.clone() };
        for chapter in 0..CHAPTERS.len() {
            story.rewind(chapter);
            let count = call.count(&story.scene.setup);
            for nth in points(count, SOME, run_options, &mut random) {
                let context = format!("chapter {chapter}, {} at {name} {nth} of {count}", fault.effect);
                match one(&story, &call, chapter, fault, nth).await.map_err(|stop| stop.at(&context))? {
                    Some(more) => tally = tally.plus(more),
                    None => missed += 1,
                }
            }
        }
    }
    // Which thread makes a call varies, so the last calls of a count may not be reached. Most must be, or the scenario would prove
    // nothing.
    if missed * 4 > tally.rounds {
        return Err(Stop::Violation(format!("{missed} faults did not happen, only {} did", tally.rounds)));
    }
    Ok(tally)
}

/// `None` when the fault did not happen.
async fn one(
    story: &Story,
    call: &Call,
    chapter: usize,
    fault: Fault,
    nth: u64,
) -> Result<Option<Tally>, Stop> {
    story.rewind(chapter);
    let when = format!("{}:when={nth}{}", fault.effect, if fault.lasts { "+" } else { "" });
    let (ended, was_injected) = call.disturb(&story.scene.setup, &when);
    let understood =
        ["disk I/O error", "database or disk is full"].iter().any(|words| ended.err.contains(words));
    match ended.status {
        None if fault.effect == KILL => {}
        // Not reached, or SQLite succeeds without the call: a checkpoint that failed at the end is made up later.
        Some(status) if status == CHAPTERS[chapter] => {}
        Some(3) if was_injected && understood => {}
        _ => {
            return Err(Stop::Violation(format!(
                "it should have been killed or have reported the disk error: {ended:?}"
            )));
        }
    }
    let kills = usize::from(ended.status.is_none());
    let tally =
        story.finish_and_compare(chapter, [1; 3]).await.map_err(|stop| stop.at(&format!("{ended:?}")))?;
    Ok(was_injected.then_some(Tally { kills, ..tally }))
}
