//! `kill -9` after a receiver has accepted a message and before it has answered: the only time at which a repeat is unavoidable.

use std::time::Duration;

use crate::simulator::{InjectedFault, Reply, SmtpStage};

use crate::desk::DeskFault;
use crate::report::{Stop, Tally};
use crate::story::{CHAPTERS, Story};
use crate::{RunOptions, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "kill-when-accepted",
    fault: "`kill -9` of `check` while a receiver has accepted a message and not yet answered",
    run: |run_options| Box::pin(run(run_options)),
};

async fn run(run_options: RunOptions) -> Result<Tally, Stop> {
    let story = Story::open(run_options).await?;
    let (mut tally, mut needed) = (Tally::default(), 0);
    for chapter in 1..CHAPTERS.len() {
        for receiver in 0..3 {
            let context = format!("chapter {chapter}, receiver {receiver}");
            tally = tally.plus(one(&story, chapter, receiver).await.map_err(|stop| stop.at(&context))?);
            // A message of several events that was cut off has not come as a whole: its repeat is its first.
            needed += usize::from(receiver != 1 || story.scene.desk.type_name() != "pagerduty");
        }
    }
    if tally.repeats < needed {
        return Err(Stop::Violation(format!("{needed} kills but only {} repeats", tally.repeats)));
    }
    Ok(tally)
}

async fn one(story: &Story, chapter: usize, receiver: usize) -> Result<Tally, Stop> {
    story.rewind(chapter);
    let scene = &story.scene;
    match receiver {
        0 => scene.pager.set(Some(Reply::hang())),
        1 => scene.desk.fail(DeskFault::Hangs),
        _ => scene.mailbox.set(Some(InjectedFault::hang(SmtpStage::Content))),
    }
    let count = scene.counts()[receiver];
    let mut check = scene.setup.start(&["check"]);
    let accepted = async {
        match receiver {
            0 => scene.pager.wait_for(count + 1).await,
            1 => scene.desk.wait_for(count + 1).await,
            _ => scene.mailbox.wait_for(count + 1).await,
        }
    };
    let accepted = tokio::time::timeout(Duration::from_secs(20), accepted).await;
    if accepted.is_err() || check.kill().is_some() {
        return Err(Stop::Violation(format!(
            "the check did not wait for an answer; its log:\n{}",
            check.log()
        )));
    }
    let tally = story.finish_and_compare(chapter, [1; 3]).await?;
    Ok(Tally { kills: 1, ..tally })
}
