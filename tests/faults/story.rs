//! A story in four chapters of one `check` each: the store is created; alerts open; one escalates and a setting changes; all
//! resolve. Each chapter can be repeated with a fault, from the store as it was before.

use std::collections::BTreeSet;
use std::path::Path;

use minimax_watch::domain::time::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use crate::RunOptions;
use crate::random::SeededRandom;
use crate::report::{Stop, Tally};
use crate::scene::{DAY, Heard, Scene, ahead};
use crate::simulator::{Answer, NotFoundBody, Record, Refusal};
use crate::stored_state::examine;

/// The exit status of each chapter's `check` without a fault.
pub(crate) const CHAPTERS: [i32; 4] = [0, 2, 2, 0];

const LAST: usize = CHAPTERS.len() - 1;

pub(crate) struct Story {
    pub(crate) scene: Scene,
    /// The store and the received messages before each chapter.
    before: Vec<(TempDir, Heard)>,
    /// What is sent from each chapter on without a fault.
    undisturbed: Vec<Vec<String>>,
    /// The expiries are the same in each repetition.
    first_expiry: Timestamp,
    nearer_expiry: Timestamp,
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).into_iter().flatten() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

impl Story {
    /// Plays the story once without a fault.
    pub(crate) async fn open(run_options: RunOptions) -> Result<Self, Stop> {
        let scene = Scene::open(run_options).await;
        let mut story = Self {
            scene,
            before: Vec::new(),
            undisturbed: Vec::new(),
            first_expiry: ahead(2 * DAY),
            nearer_expiry: ahead(DAY / 2),
        };
        for (chapter, status) in CHAPTERS.into_iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            copy(story.scene.setup.store().parent().unwrap(), folder.path());
            story.before.push((folder, story.scene.received().await));
            story.set_up(chapter);
            story.scene.check(status).await?;
        }
        for chapter in 0..CHAPTERS.len() {
            story.rewind(chapter);
            let (_, received) = story.catch_up(chapter, [0; 3]).await?;
            story.undisturbed.push(summaries(&received));
        }
        Ok(story)
    }

    /// Sets the vendor's answers for that chapter.
    fn set_up(&self, chapter: usize) {
        let Scene { setup, other, .. } = &self.scene;
        self.scene.all_healthy(if chapter == LAST { 60 * DAY } else { 20 * DAY });
        if (1..LAST).contains(&chapter) {
            setup.vendor.set_answer("a", Answer::not_found(NotFoundBody::default()));
            setup
                .vendor
                .put(Record::ending("b", if chapter == 1 { self.first_expiry } else { self.nearer_expiry }));
            other.set_all(Some(Answer::unauthorized(Refusal::default())));
            let services = json!({"Kling API": {"total": 2, "error": 1}});
            setup.vendor.set_account_info(Some(Answer::account_info(false, &services)));
        }
        if chapter == 2 {
            setup.vendor.put(Record::ending("c", ahead(20 * DAY)).max_jobs(3).flag("supportVideo", false));
        }
    }

    /// Restores the state at the beginning of that chapter.
    pub(crate) fn rewind(&self, chapter: usize) {
        let folder = self.scene.setup.store().parent().unwrap().to_owned();
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        copy(self.before[chapter].0.path(), &folder);
        self.scene.forget();
        self.scene.all_accept();
        self.set_up(chapter);
    }

    /// After a chapter with a fault: verifies that the store is sound, that a `check` catches up, and that in the end the same was
    /// sent as without a fault.
    pub(crate) async fn finish_and_compare(
        &self,
        chapter: usize,
        excuses: [usize; 3],
    ) -> Result<Tally, Stop> {
        let (tally, received) = self.catch_up(chapter, excuses).await?;
        let (notified, undisturbed) = (summaries(&received), &self.undisturbed[chapter]);
        if notified != *undisturbed {
            return Err(Stop::Violation(format!(
                "without a fault it sends\n  {undisturbed:?}\nand now it sent\n  {notified:?}"
            )));
        }
        Ok(tally)
    }

    async fn catch_up(&self, chapter: usize, excuses: [usize; 3]) -> Result<(Tally, Heard), Stop> {
        examine(&self.scene.setup.store()).await?;
        self.scene.desk.settle().await;
        self.scene.all_accept();
        self.scene.check(CHAPTERS[chapter]).await?;
        if chapter < LAST {
            self.set_up(LAST);
            self.scene.check(CHAPTERS[LAST]).await?;
        }
        let mut received = self.scene.received().await;
        for (received, before) in received.iter_mut().zip(&self.before[chapter].1) {
            received.splice(0..0, before.iter().cloned());
        }
        let tally = self.scene.verify(&received, excuses).await?;
        let before: usize = self.before[chapter].1.iter().map(Vec::len).sum();
        Ok((Tally { rounds: 1, messages: tally.messages - before, examined: 2, ..tally }, received))
    }
}

/// What the first receiver got, without ids and times, which differ in each repetition.
fn summaries([received, ..]: &Heard) -> Vec<String> {
    let ids: BTreeSet<&str> = received.iter().map(|message| message.id.as_str()).collect();
    let once = ids.iter().filter_map(|id| received.iter().find(|message| message.id == *id));
    let mut summaries = Vec::new();
    for message in once {
        summaries.extend(message.alerts.iter().map(|notification| {
            let facts = notification.facts.as_ref();
            let stage = facts.and_then(|facts| facts.stage).map(|stage| stage.to_string());
            let about = facts.map(|facts| facts.about.clone()).unwrap_or_default();
            format!("{:?} {about} {}", notification.reason, stage.unwrap_or_default())
        }));
        summaries.extend(message.changes.iter().map(|change| {
            let (what, _moment) = change.rsplit_once(' ').unwrap();
            what.to_owned()
        }));
    }
    summaries.sort_unstable();
    summaries
}

/// Which of `count` calls get the fault: all, or some spread over them.
pub(crate) fn points(count: u64, some: u64, run_options: RunOptions, random: &mut SeededRandom) -> Vec<u64> {
    if run_options.full || count <= some {
        return (1..=count).collect();
    }
    (0..some).map(|part| random.within(1 + part * count / some, 1 + (part + 1) * count / some)).collect()
}
