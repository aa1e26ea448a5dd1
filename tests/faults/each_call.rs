//! A blow, or an error of the disk, at one system call after the other: at each commit, at each send, at each answer.

use std::path::PathBuf;

use crate::chance::Chance;
use crate::report::{Stop, Tally};
use crate::story::{CHAPTERS, Story, points};
use crate::strace::{Call, available};
use crate::{Scenario, Terms};

pub(crate) const COMMITS: Scenario = Scenario {
    name: "kill-at-commits",
    fault: "`kill -9` of `check` at each write, sync, cut and removal of the store's files",
    run: |terms| {
        Box::pin(each(terms, Disk::Store, &["pwrite64", "fsync", "fdatasync", "ftruncate", "unlink"], KILL))
    },
};

pub(crate) const SENDS: Scenario = Scenario {
    name: "kill-at-sends",
    fault: "`kill -9` of `check` at each connect, send and receive on its sockets",
    run: |terms| Box::pin(each(terms, Disk::None, &["connect", "sendto", "writev", "recvfrom"], KILL)),
};

pub(crate) const BROKEN_DISK: Scenario = Scenario {
    name: "disk-errors",
    fault: "EIO at each write and sync of the store's files under `check`",
    run: |terms| Box::pin(each(terms, Disk::Store, &["pwrite64", "fsync", "fdatasync"], "error=EIO")),
};

pub(crate) const FULL_DISK: Scenario = Scenario {
    name: "disk-full-once",
    fault: "ENOSPC at each write of the store's files under `check`",
    run: |terms| Box::pin(each(terms, Disk::Store, &["pwrite64"], "error=ENOSPC")),
};

const KILL: &str = "signal=SIGKILL";

/// How many calls of a kind are disturbed in a chapter, when not all are.
const SOME: u64 = 4;

/// On which files a call counts.
#[derive(Clone, Copy)]
enum Disk {
    Store,
    /// Sockets have no path.
    None,
}

async fn each(
    terms: Terms,
    disk: Disk,
    names: &'static [&'static str],
    effect: &'static str,
) -> Result<Tally, Stop> {
    available()?;
    let mut chance = Chance::new(terms.seed);
    let story = Story::open().await?;
    let paths: Vec<PathBuf> = match disk {
        Disk::Store => {
            let file = story.scene.stage.store();
            ["db", "db-wal", "db-journal"].map(|end| file.with_extension(end)).to_vec()
        }
        Disk::None => Vec::new(),
    };
    let (mut tally, mut missed) = (Tally::default(), 0);
    for name in names {
        let call = Call { name, paths: paths.clone() };
        for chapter in 0..CHAPTERS.len() {
            story.rewind(chapter);
            let count = call.count(&story.scene.stage);
            for nth in points(count, SOME, terms, &mut chance) {
                let place = format!("chapter {chapter}, {effect} at {name} {nth} of {count}");
                match one(&story, &call, chapter, effect, nth).await.map_err(|stop| stop.at(&place))? {
                    Some(more) => tally = tally.plus(more),
                    None => missed += 1,
                }
            }
        }
    }
    // Which thread makes a call is not always the same, so the last of a count may not be reached; most are, or this proves
    // nothing.
    if missed * 4 > tally.rounds {
        return Err(Stop::Broken(format!("{missed} faults did not happen, only {} did", tally.rounds)));
    }
    Ok(tally)
}

/// None when the fault did not happen.
async fn one(
    story: &Story,
    call: &Call,
    chapter: usize,
    effect: &str,
    nth: u64,
) -> Result<Option<Tally>, Stop> {
    story.rewind(chapter);
    let (ended, was_hit) = call.disturb(&story.scene.stage, effect, nth);
    let understood = ["disk I/O error", "database or disk is full", "No space left", "Input/output error"];
    match ended.status {
        None if effect == KILL => {}
        Some(status) if status == CHAPTERS[chapter] => {}
        Some(3) if was_hit && understood.iter().any(|words| ended.err.contains(words)) => {}
        _ => return Err(Stop::Broken(format!("it should have died or said what ails the disk: {ended:?}"))),
    }
    let kills = usize::from(ended.status.is_none());
    let tally = story.ends(chapter, [1; 3]).await.map_err(|stop| stop.at(&format!("{ended:?}")))?;
    Ok(was_hit.then_some(Tally { kills, ..tally }))
}
