//! The clock is set while the service runs, by an hour and by thirty days, forth and back; and the machine is suspended.
//!
//! libfaketime moves only the wall clock of the process; its monotonic clock runs on, as a machine's does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minimax_watch::domain::message::Reason;

use crate::desk::DeskFault;
use crate::received::by_webhook;
use crate::report::{Stop, Tally};
use crate::scene::{DAY, Scene};
use crate::simulator::{Reply, StatusCode};
use crate::stored_state::examine;
use crate::verify::Notification;
use crate::{RunOptions, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "clock",
    fault: "the clock of `run` is set by an hour and by 30 days, there and back; suspend",
    run: |run_options| Box::pin(run(run_options)),
};

/// Where distributions keep libfaketime.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
];

/// The messages that the pager must get after one step of the clock.
enum ExpectedMessages {
    Nothing,
    /// This one for each account.
    Once(&'static str),
    /// Each of these as often as given, in any number of messages.
    All(&'static [(&'static str, usize)]),
}

struct Clock {
    scene: Scene,
    file: PathBuf,
    received: usize,
}

async fn run(run_options: RunOptions) -> Result<Tally, Stop> {
    let Some(library) = LIBRARIES.into_iter().find(|library| Path::new(library).exists()) else {
        return Err(Stop::Skipped("libfaketime is not installed".to_owned()));
    };
    let mut scene = Scene::open(run_options).await;
    let file = scene.setup.path("clock");
    std::fs::write(&file, "+0\n").unwrap();
    for (name, value) in [
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ] {
        scene.setup.set(name, value);
    }
    // Half an hour before the first stage.
    scene.all_healthy(7 * DAY + 1_800);
    let mut clock = Clock { scene, file, received: 0 };
    let mut service = clock.scene.setup.serve(&[]);
    let mut steps = 0;
    for (offset, expected) in [
        ("+0", ExpectedMessages::Nothing),
        ("-1h", ExpectedMessages::Nothing),
        ("-30d", ExpectedMessages::Nothing),
        ("+0", ExpectedMessages::Nothing),
        ("+1h", ExpectedMessages::Once("opened expiry 7d")),
        ("+0", ExpectedMessages::Nothing),
        ("+1h", ExpectedMessages::Nothing),
        ("+30d", ExpectedMessages::Once("escalated expiry expired")),
        ("+0", ExpectedMessages::Once("resolved expiry expired")),
        ("-30d", ExpectedMessages::Nothing),
        ("+30d", ExpectedMessages::Once("opened expiry expired")),
        ("+5d", ExpectedMessages::Once("repeated expiry 3d")),
        ("+6d", ExpectedMessages::Nothing),
        ("+0", ExpectedMessages::Once("resolved expiry 3d")),
    ] {
        clock.step(offset, &expected).await?;
        steps += 1;
    }
    let excuses = clock.check_pending_messages().await?;
    // After a suspend of days several stages were passed: only the nearest is sent.
    service.signal("STOP");
    clock.set("+6d");
    service.signal("CONT");
    clock.step("+6d", &ExpectedMessages::Once("opened expiry 3d")).await?;
    clock.set("+0");
    let status = service.stop();
    if status != Some(0) || service.log().contains("ERROR") {
        return Err(Stop::Violation(format!("the service ended with {status:?}:\n{}", service.log())));
    }
    examine(&clock.scene.setup.store()).await?;
    clock.scene.finish().await?;
    let mut received = clock.scene.received().await;
    // Corrections of what a wrong clock sent were counted by the steps above and belong to no alert's history.
    // `delivery_failing` of the desk is left out too: the desk itself is not notified of it, so the receivers differ.
    let of_receivers: BTreeSet<String> = received
        .iter()
        .flatten()
        .flat_map(|message| &message.alerts)
        .filter(|notification| is_about_a_receiver(notification))
        .map(|notification| notification.alert.clone())
        .collect();
    for message in received.iter_mut().flatten() {
        message.alerts.retain(|notification| {
            notification.reason != Reason::Repeated && !of_receivers.contains(&notification.alert)
        });
    }
    let tally = clock.scene.verify(&received, [0, excuses, 0]).await?;
    Ok(tally.plus(Tally { rounds: steps + 2, examined: 1, ..Tally::default() }))
}

impl Clock {
    /// Replaces the file in one step: a file that is being written would read as another time.
    fn set(&self, offset: &str) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{offset}\n")).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
    }

    /// Sets the clock and waits for the expected messages; then a few runs must send nothing.
    async fn step(&mut self, offset: &str, expected: &ExpectedMessages) -> Result<(), Stop> {
        self.set(offset);
        match *expected {
            ExpectedMessages::Nothing => {}
            ExpectedMessages::Once(words) => self.wait_for_messages(offset, &[(words, 6)]).await?,
            ExpectedMessages::All(words) => self.wait_for_messages(offset, words).await?,
        }
        self.assert_silent(offset).await
    }

    /// Waits until the pager got all of these messages since the last call.
    async fn wait_for_messages(&mut self, offset: &str, due: &[(&str, usize)]) -> Result<(), Stop> {
        let pager = &self.scene.pager;
        let all = async {
            loop {
                let count = pager.count();
                let line = lines(&self.scene).split_off(self.received).concat();
                if due.iter().all(|(words, times)| line.matches(words).count() == *times) {
                    return count;
                }
                pager.wait_for(count + 1).await;
            }
        };
        let Ok(received) = tokio::time::timeout(Duration::from_secs(30), all).await else {
            let lines = lines(&self.scene).split_off(self.received);
            return Err(Stop::Violation(format!("set to {offset}, expected {due:?}, got {lines:?}")));
        };
        self.received = received;
        Ok(())
    }

    /// Asserts that three runs send nothing.
    async fn assert_silent(&self, offset: &str) -> Result<(), Stop> {
        let api = &self.scene.setup.api;
        let runs = api.wait_for_requests(api.request_count() + 3 * 7);
        let ran = tokio::time::timeout(Duration::from_secs(90), runs).await;
        let count = self.scene.pager.count();
        match (ran, count == self.received) {
            (Ok(()), true) => Ok(()),
            (Ok(()), false) => {
                let lines = lines(&self.scene).split_off(self.received);
                Err(Stop::Violation(format!("set to {offset}, expected nothing, got {lines:?}")))
            }
            (Err(_), _) => Err(Stop::Violation(format!("set to {offset}, the runs stopped"))),
        }
    }

    /// A clock step neither delays pending messages nor makes them fail permanently; returns how many attempts failed.
    async fn check_pending_messages(&mut self) -> Result<usize, Stop> {
        let desk = &self.scene.desk;
        let before = desk.count();
        desk.fail(DeskFault::Replies(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
        self.step("+30d", &ExpectedMessages::Once("opened expiry expired")).await?;
        self.step("+60d", &ExpectedMessages::All(&[("opened delivery_failing", 1)])).await?;
        let desk = &self.scene.desk;
        let failed = desk.count() - before;
        desk.accept_all();
        // A fast clock deferred the messages by hours; by the right clock they are due.
        self.step(
            "+0",
            &ExpectedMessages::All(&[("resolved expiry expired", 6), ("resolved delivery_failing", 1)]),
        )
        .await?;
        let desk = &self.scene.desk;
        let both = tokio::time::timeout(Duration::from_secs(20), desk.wait_for(before + failed + 2)).await;
        if both.is_err() {
            return Err(Stop::Violation("the pending messages for the desk were not delivered".to_owned()));
        }
        Ok(failed)
    }
}

fn is_about_a_receiver(notification: &Notification) -> bool {
    notification.facts.as_ref().is_some_and(|facts| facts.about.starts_with("delivery_failing"))
}

/// The messages of the pager, one line each.
fn lines(scene: &Scene) -> Vec<String> {
    let word = |notification: &Notification| {
        let facts = notification.facts.as_ref().unwrap();
        let kind = facts.about.split(' ').next().unwrap_or_default();
        let stage = facts.stage.map(|stage| stage.to_string()).unwrap_or_default();
        format!("{} {kind} {stage}; ", format!("{:?}", notification.reason).to_lowercase())
    };
    let messages = by_webhook(&scene.pager.deliveries());
    messages.iter().map(|message| message.alerts.iter().map(word).collect()).collect()
}
