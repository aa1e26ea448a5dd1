//! `kill -9` after a receiver has taken a message and before it has said so: the one moment in which a repeat cannot be avoided.

use std::time::Duration;

use minimax_watch::simulator::{Reply, Stage as Smtp, Trouble};

use crate::report::{Stop, Tally};
use crate::story::{CHAPTERS, Story};
use crate::{Scenario, Terms};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "kill-when-taken",
    fault: "`kill -9` of `check` while a receiver has taken a message and not yet answered",
    run: |terms| Box::pin(run(terms)),
};

async fn run(_: Terms) -> Result<Tally, Stop> {
    let story = Story::open().await?;
    let mut tally = Tally::default();
    for chapter in 1..CHAPTERS.len() {
        for receiver in 0..3 {
            let place = format!("chapter {chapter}, receiver {receiver}");
            tally = tally.plus(one(&story, chapter, receiver).await.map_err(|stop| stop.at(&place))?);
        }
    }
    if tally.repeats < tally.kills {
        return Err(Stop::Broken(format!(
            "{} kills and {} repeats: what was taken came once only?",
            tally.kills, tally.repeats
        )));
    }
    Ok(tally)
}

async fn one(story: &Story, chapter: usize, receiver: usize) -> Result<Tally, Stop> {
    story.rewind(chapter);
    let scene = &story.scene;
    match receiver {
        0 => scene.pager.set(Some(Reply::hang())),
        1 => scene.desk.set(Some(Reply::hang())),
        _ => scene.mailbox.set(Some(Trouble::hang(Smtp::Content))),
    }
    let heard = scene.counts()[receiver];
    let mut check = scene.stage.start(&["check"]);
    let taken = async {
        match receiver {
            0 => scene.pager.wait_for(heard + 1).await,
            1 => scene.desk.wait_for(heard + 1).await,
            _ => scene.mailbox.wait_for(heard + 1).await,
        }
    };
    let taken = tokio::time::timeout(Duration::from_secs(20), taken).await;
    if taken.is_err() || check.kill().is_some() {
        return Err(Stop::Broken(format!("it did not wait for an answer; its log:\n{}", check.log())));
    }
    let tally = story.ends(chapter, [1; 3]).await?;
    Ok(Tally { kills: 1, ..tally })
}
