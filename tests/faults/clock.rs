//! A clock that is set while the service runs: an hour and thirty days, there and back, and a machine that slept.
//!
//! libfaketime moves the wall clock of the process alone; its steady clock goes on, as a machine's does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minimax_watch::domain::message::Reason;
use minimax_watch::simulator::{Reply, StatusCode};

use crate::heard::by_webhook;
use crate::judge::Telling;
use crate::remains::examine;
use crate::report::{Stop, Tally};
use crate::scene::{DAY, Scene};
use crate::{Scenario, Terms};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "clock",
    fault: "the clock of `run` is set by an hour and by 30 days, there and back; suspend",
    run: |terms| Box::pin(run(terms)),
};

/// Where distributions keep it.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
];

/// What the pager is to hear of one step.
enum Hears {
    Nothing,
    /// This of each account.
    Once(&'static str),
    /// Each of these as often as it says, in any number of messages.
    All(&'static [(&'static str, usize)]),
}

struct Clock {
    scene: Scene,
    file: PathBuf,
    heard: usize,
}

async fn run(_: Terms) -> Result<Tally, Stop> {
    let Some(library) = LIBRARIES.into_iter().find(|library| Path::new(library).exists()) else {
        return Err(Stop::Skipped("libfaketime is not installed".to_owned()));
    };
    let mut scene = Scene::open().await;
    let file = scene.stage.path("clock");
    std::fs::write(&file, "+0\n").unwrap();
    for (name, value) in [
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ] {
        scene.stage.set(name, value);
    }
    // Half an hour before the first rung.
    scene.all_well(7 * DAY + 1_800);
    let mut clock = Clock { scene, file, heard: 0 };
    let mut service = clock.scene.stage.serve(&[]);
    let mut steps = 0;
    for (offset, hears) in [
        ("+0", Hears::Nothing),
        ("-1h", Hears::Nothing),
        ("-30d", Hears::Nothing),
        ("+0", Hears::Nothing),
        ("+1h", Hears::Once("opened expiry 7d")),
        ("+0", Hears::Nothing),
        ("+1h", Hears::Nothing),
        ("+30d", Hears::Once("escalated expiry expired")),
        ("+0", Hears::Once("resolved expiry expired")),
        ("-30d", Hears::Nothing),
        ("+30d", Hears::Once("opened expiry expired")),
        ("+5d", Hears::Once("repeated expiry 3d")),
        ("+6d", Hears::Nothing),
        ("+0", Hears::Once("resolved expiry 3d")),
    ] {
        clock.step(offset, &hears).await?;
        steps += 1;
    }
    let excuses = clock.behind_a_dead_receiver().await?;
    // A machine that slept for days finds several rungs crossed: only the tightest is told.
    service.signal("STOP");
    clock.set("+6d");
    service.signal("CONT");
    clock.step("+6d", &Hears::Once("opened expiry 3d")).await?;
    clock.set("+0");
    let status = service.stop();
    if status != Some(0) || service.log().contains("ERROR") {
        return Err(Stop::Broken(format!("the service ended with {status:?}:\n{}", service.log())));
    }
    examine(&clock.scene.stage.store()).await?;
    clock.scene.settle().await?;
    let mut heard = clock.scene.heard();
    // What was told by a wrong clock is set right once; the steps above have counted that, and no life is told by it.
    // Nor is the desk's failing held against the story that all receivers share: the desk itself is not notified of it.
    let of_receivers: BTreeSet<String> = heard
        .iter()
        .flatten()
        .flat_map(|message| &message.alerts)
        .filter(|telling| is_about_a_receiver(telling))
        .map(|telling| telling.alert.clone())
        .collect();
    for message in heard.iter_mut().flatten() {
        message
            .alerts
            .retain(|telling| telling.reason != Reason::Repeated && !of_receivers.contains(&telling.alert));
    }
    let tally = clock.scene.judge(&heard, [0, excuses, 0]).await?;
    Ok(tally.plus(Tally { rounds: steps + 2, examined: 1, ..Tally::default() }))
}

impl Clock {
    /// In one move: a file that is just being written reads as another time.
    fn set(&self, offset: &str) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{offset}\n")).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
    }

    /// Sets the clock, and waits for what it has to say, or for a few runs without a word.
    async fn step(&mut self, offset: &str, hears: &Hears) -> Result<(), Stop> {
        self.set(offset);
        match *hears {
            Hears::Nothing => {}
            Hears::Once(words) => self.hear(offset, &[(words, 6)]).await?,
            Hears::All(words) => self.hear(offset, words).await?,
        }
        self.quiet(offset).await
    }

    /// Waits until the pager has heard all of this since it was last asked.
    async fn hear(&mut self, offset: &str, due: &[(&str, usize)]) -> Result<(), Stop> {
        let pager = &self.scene.pager;
        let all = async {
            loop {
                let count = pager.count();
                let line = lines(&self.scene).split_off(self.heard).concat();
                if due.iter().all(|(words, times)| line.matches(words).count() == *times) {
                    return count;
                }
                pager.wait_for(count + 1).await;
            }
        };
        let Ok(heard) = tokio::time::timeout(Duration::from_secs(30), all).await else {
            let lines = lines(&self.scene).split_off(self.heard);
            return Err(Stop::Broken(format!("set to {offset}, {due:?} was due, it said {lines:?}")));
        };
        self.heard = heard;
        Ok(())
    }

    /// Three runs go by, and nothing is heard.
    async fn quiet(&self, offset: &str) -> Result<(), Stop> {
        let api = &self.scene.stage.api;
        let runs = api.wait_for_requests(api.request_count() + 3 * 7);
        let ran = tokio::time::timeout(Duration::from_secs(90), runs).await;
        let count = self.scene.pager.count();
        match (ran, count == self.heard) {
            (Ok(()), true) => Ok(()),
            (Ok(()), false) => {
                let lines = lines(&self.scene).split_off(self.heard);
                Err(Stop::Broken(format!("set to {offset}, nothing was due: {lines:?}")))
            }
            (Err(_), _) => Err(Stop::Broken(format!("set to {offset}, the runs stopped"))),
        }
    }

    /// What waits for a receiver is not held off, nor given up, by a clock that jumps; gives how many attempts failed.
    async fn behind_a_dead_receiver(&mut self) -> Result<usize, Stop> {
        let desk = &self.scene.desk;
        let before = desk.count();
        desk.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
        self.step("+30d", &Hears::Once("opened expiry expired")).await?;
        self.step("+60d", &Hears::All(&[("opened delivery_failing", 1)])).await?;
        let desk = &self.scene.desk;
        let failed = desk.count() - before;
        desk.set(None);
        // It was put off by a clock that ran ahead, for hours; by the right one it is due.
        self.step("+0", &Hears::All(&[("resolved expiry expired", 6), ("resolved delivery_failing", 1)]))
            .await?;
        let desk = &self.scene.desk;
        let both = tokio::time::timeout(Duration::from_secs(20), desk.wait_for(before + failed + 2)).await;
        if both.is_err() {
            return Err(Stop::Broken("what waited for the desk did not come".to_owned()));
        }
        Ok(failed)
    }
}

fn is_about_a_receiver(telling: &Telling) -> bool {
    telling.facts.as_ref().is_some_and(|facts| facts.about.starts_with("delivery_failing"))
}

/// What the pager heard, a line for each message.
fn lines(scene: &Scene) -> Vec<String> {
    let word = |telling: &Telling| {
        let facts = telling.facts.as_ref().unwrap();
        let kind = facts.about.split(' ').next().unwrap_or_default();
        let stage = facts.stage.map(|stage| stage.to_string()).unwrap_or_default();
        format!("{} {kind} {stage}; ", format!("{:?}", telling.reason).to_lowercase())
    };
    let messages = by_webhook(&scene.pager.deliveries());
    messages.iter().map(|message| message.alerts.iter().map(word).collect()).collect()
}
