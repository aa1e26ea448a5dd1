//! A disk that is really full: a small file system of its own around the store, filled up and cleared again.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use minimax_watch::simulator::{Answer, Missing};

use crate::child::Service;
use crate::remains::examine;
use crate::report::{Stop, Tally};
use crate::scene::Scene;
use crate::{Scenario, Terms};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "full-disk",
    fault: "the file system of the store is full: at a `check`, while `run` goes on, and when `run` is started",
    run: |terms| Box::pin(run(terms)),
};

/// `run` tries again after fifteen seconds.
const SOON: Duration = Duration::from_secs(40);

/// A file system in memory, gone when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(folder: &Path) -> Result<Self, Stop> {
        std::fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs"]).arg(folder);
        match mount.output() {
            Ok(mounted) if mounted.status.success() => Ok(Self(folder.to_owned())),
            Ok(mounted) => {
                let words = String::from_utf8_lossy(&mounted.stderr).trim().to_owned();
                Err(Stop::Skipped(format!("a file system of its own cannot be mounted: {words}")))
            }
            Err(error) => Err(Stop::Skipped(format!("mount: {error}"))),
        }
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        let block = [0; 512];
        while file.write_all(&block).is_ok() {}
    }

    fn clear(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // A process that lingers keeps it busy; then it goes with that.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

async fn run(_: Terms) -> Result<Tally, Stop> {
    let scene = Scene::open().await;
    let disk = Small::mount(scene.stage.store().parent().unwrap())?;
    scene.check(0).await?;
    at_a_check(&scene, &disk).await?;
    while_it_runs(&scene, &disk).await?;
    at_the_start(&scene, &disk).await?;
    scene.settle().await?;
    let tally = scene.judge(&scene.heard(), [0; 3]).await?;
    Ok(tally.plus(Tally { rounds: 3, examined: 3, ..Tally::default() }))
}

fn vanishes(scene: &Scene, account: &str) {
    scene.stage.vendor.set(account, Answer::not_found(Missing::Json));
}

async fn at_a_check(scene: &Scene, disk: &Small) -> Result<(), Stop> {
    vanishes(scene, "a");
    disk.fill();
    let check = scene.stage.run(&["check"]);
    let is_told = check.err.contains("full") || check.err.contains("No space left on device");
    if check.status != Some(3) || !is_told || scene.counts() != [0; 3] {
        return Err(Stop::Broken(format!("status 3 and the reason were due: {check:?}")));
    }
    examine(&scene.stage.store()).await?;
    disk.clear();
    scene.check(2).await?;
    everybody_hears(scene, 1).await
}

async fn while_it_runs(scene: &Scene, disk: &Small) -> Result<(), Stop> {
    let mut service = scene.stage.serve(&[]);
    service.until("run done");
    disk.fill();
    vanishes(scene, "b");
    service.until("ERROR");
    examine(&scene.stage.store()).await?;
    let before = scene.counts();
    if before != [1; 3] {
        return Err(Stop::Broken("something was sent that could not be written down".to_owned()));
    }
    disk.clear();
    everybody_hears(scene, 2).await?;
    ends(service)
}

async fn at_the_start(scene: &Scene, disk: &Small) -> Result<(), Stop> {
    vanishes(scene, "c");
    disk.fill();
    let mut service = scene.stage.serve(&[]);
    service.until("ERROR");
    disk.clear();
    service.until("watching");
    everybody_hears(scene, 3).await?;
    ends(service)?;
    examine(&scene.stage.store()).await
}

async fn everybody_hears(scene: &Scene, count: usize) -> Result<(), Stop> {
    let all = async {
        scene.pager.wait_for(count).await;
        scene.desk.wait_for(count).await;
        scene.mailbox.wait_for(count).await;
    };
    match tokio::time::timeout(SOON, all).await {
        Ok(()) if scene.counts() == [count; 3] => Ok(()),
        _ => Err(Stop::Broken(format!("{count} messages to each were due, there came {:?}", scene.counts()))),
    }
}

fn ends(mut service: Service) -> Result<(), Stop> {
    match service.stop() {
        Some(0) => Ok(()),
        status => Err(Stop::Broken(format!("it ended with {status:?}:\n{}", service.log()))),
    }
}
