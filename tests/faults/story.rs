//! A small story in four chapters, each one `check`: the store is made; alerts open; one escalates and something changes; all
//! ends well. Any chapter can be lived through again from the store as it was before it, with a fault.

use std::collections::BTreeSet;
use std::path::Path;

use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::{Answer, Missing, Record, Refusal};
use tempfile::TempDir;

use crate::Terms;
use crate::chance::Chance;
use crate::remains::examine;
use crate::report::{Stop, Tally};
use crate::scene::{DAY, Heard, Scene, ahead};

/// The exit status of each chapter's `check`, when nothing disturbs it.
pub(crate) const CHAPTERS: [i32; 4] = [0, 2, 2, 0];

const LAST: usize = CHAPTERS.len() - 1;

pub(crate) struct Story {
    pub(crate) scene: Scene,
    /// The store and what had been heard before each chapter.
    before: Vec<(TempDir, Heard)>,
    /// What is told when nothing disturbs the telling from each chapter on.
    plain: Vec<Vec<String>>,
    /// The same moments in each telling.
    near: Timestamp,
    nearer: Timestamp,
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).into_iter().flatten() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

impl Story {
    /// Lives through it once without a fault.
    pub(crate) async fn open() -> Result<Self, Stop> {
        let scene = Scene::open().await;
        let mut story = Self {
            scene,
            before: Vec::new(),
            plain: Vec::new(),
            near: ahead(2 * DAY),
            nearer: ahead(DAY / 2),
        };
        for (chapter, status) in CHAPTERS.into_iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            copy(story.scene.stage.store().parent().unwrap(), folder.path());
            story.before.push((folder, story.scene.heard()));
            story.happens(chapter);
            story.scene.check(status).await?;
        }
        for chapter in 0..CHAPTERS.len() {
            story.rewind(chapter);
            let (_, heard) = story.goes_on(chapter, [0; 3]).await?;
            story.plain.push(words(&heard));
        }
        Ok(story)
    }

    /// What the vendor answers in that chapter.
    fn happens(&self, chapter: usize) {
        let Scene { stage, other, .. } = &self.scene;
        self.scene.all_well(if chapter == LAST { 60 * DAY } else { 20 * DAY });
        if (1..LAST).contains(&chapter) {
            stage.vendor.set("a", Answer::not_found(Missing::default()));
            stage.vendor.put(Record::ending("b", if chapter == 1 { self.near } else { self.nearer }));
            other.set_all(Some(Answer::unauthorized(Refusal::default())));
        }
        if chapter == 2 {
            stage.vendor.put(Record::ending("c", ahead(20 * DAY)).max_jobs(3).flag("supportVideo", false));
        }
    }

    /// Goes back to where that chapter begins.
    pub(crate) fn rewind(&self, chapter: usize) {
        let folder = self.scene.stage.store().parent().unwrap().to_owned();
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        copy(self.before[chapter].0.path(), &folder);
        self.scene.forget();
        self.scene.all_take();
        self.happens(chapter);
    }

    /// After a disturbed chapter: the store is sound, an undisturbed `check` catches up, the story ends, all was told, and it
    /// was what is told without a fault.
    pub(crate) async fn ends(&self, chapter: usize, excuses: [usize; 3]) -> Result<Tally, Stop> {
        let (tally, heard) = self.goes_on(chapter, excuses).await?;
        let (told, plain) = (words(&heard), &self.plain[chapter]);
        if told != *plain {
            return Err(Stop::Broken(format!(
                "without a fault it tells\n  {plain:?}\nand now it told\n  {told:?}"
            )));
        }
        Ok(tally)
    }

    async fn goes_on(&self, chapter: usize, excuses: [usize; 3]) -> Result<(Tally, Heard), Stop> {
        examine(&self.scene.stage.store()).await?;
        self.scene.all_take();
        self.scene.check(CHAPTERS[chapter]).await?;
        if chapter < LAST {
            self.happens(LAST);
            self.scene.check(CHAPTERS[LAST]).await?;
        }
        let mut heard = self.scene.heard();
        for (heard, before) in heard.iter_mut().zip(&self.before[chapter].1) {
            heard.splice(0..0, before.iter().cloned());
        }
        let tally = self.scene.judge(&heard, excuses).await?;
        let before: usize = self.before[chapter].1.iter().map(Vec::len).sum();
        Ok((Tally { rounds: 1, messages: tally.messages - before, examined: 2, ..tally }, heard))
    }
}

/// What the first receiver was told, without ids and moments, which differ from telling to telling.
fn words([heard, ..]: &Heard) -> Vec<String> {
    let ids: BTreeSet<&str> = heard.iter().map(|message| message.id.as_str()).collect();
    let once = ids.iter().filter_map(|id| heard.iter().find(|message| message.id == *id));
    let mut words = Vec::new();
    for message in once {
        words.extend(message.alerts.iter().map(|telling| {
            let facts = telling.facts.as_ref();
            let stage = facts.and_then(|facts| facts.stage).map(|stage| stage.to_string());
            let about = facts.map(|facts| facts.about.clone()).unwrap_or_default();
            format!("{:?} {about} {}", telling.reason, stage.unwrap_or_default())
        }));
        words.extend(message.changes.iter().map(|change| {
            let (what, _moment) = change.rsplit_once(' ').unwrap();
            what.to_owned()
        }));
    }
    words.sort_unstable();
    words
}

/// Which of `count` calls are disturbed: all, or some spread over them.
pub(crate) fn points(count: u64, some: u64, terms: Terms, chance: &mut Chance) -> Vec<u64> {
    if terms.full || count <= some {
        return (1..=count).collect();
    }
    (0..some).map(|part| chance.within(1 + part * count / some, 1 + (part + 1) * count / some)).collect()
}
