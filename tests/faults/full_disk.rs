//! A disk that is really full: the store is on a small file system, which is filled up and cleared again.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::simulator::{Answer, NotFoundBody};

use crate::child::Service;
use crate::report::{Stop, Tally};
use crate::scene::Scene;
use crate::stored_state::examine;
use crate::{RunOptions, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "full-disk",
    fault: "the file system of the store is full: at a `check`, while `run` goes on, and when `run` is started",
    run: |run_options| Box::pin(run(run_options)),
};

/// `run` retries after fifteen seconds.
const TIMEOUT: Duration = Duration::from_secs(40);

/// A file system in memory; dropping it unmounts it.
struct SmallDisk(PathBuf);

impl SmallDisk {
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

    /// Fills the file system to the last byte.
    fn fill(&self) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        let block = [0; 512];
        while file.write_all(&block).is_ok() {}
    }

    fn clear(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A process that still runs keeps it busy; then it is unmounted when that process ends.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

async fn run(run_options: RunOptions) -> Result<Tally, Stop> {
    let scene = Scene::open(run_options).await;
    let disk = SmallDisk::mount(scene.setup.store().parent().unwrap())?;
    scene.check(0).await?;
    at_a_check(&scene, &disk).await?;
    while_running(&scene, &disk).await?;
    at_the_start(&scene, &disk).await?;
    scene.finish().await?;
    let tally = scene.verify(&scene.received().await, [0; 3]).await?;
    Ok(tally.plus(Tally { rounds: 3, examined: 3, ..Tally::default() }))
}

fn remove_account(scene: &Scene, account: &str) {
    scene.setup.vendor.set_answer(account, Answer::not_found(NotFoundBody::Json));
}

async fn at_a_check(scene: &Scene, disk: &SmallDisk) -> Result<(), Stop> {
    remove_account(scene, "a");
    disk.fill();
    let check = scene.setup.run(&["check"]);
    let is_reported = check.err.contains("full") || check.err.contains("No space left on device");
    if check.status != Some(3) || !is_reported || scene.counts() != [0; 3] {
        return Err(Stop::Violation(format!("expected status 3 and the reason: {check:?}")));
    }
    examine(&scene.setup.store()).await?;
    disk.clear();
    scene.check(2).await?;
    wait_for_all(scene, 1).await
}

async fn while_running(scene: &Scene, disk: &SmallDisk) -> Result<(), Stop> {
    let mut service = scene.setup.serve(&[]);
    service.until("run finished");
    disk.fill();
    remove_account(scene, "b");
    service.until("ERROR");
    examine(&scene.setup.store()).await?;
    let before = scene.counts();
    if before != [1; 3] {
        return Err(Stop::Violation("a message was sent that could not be recorded".to_owned()));
    }
    disk.clear();
    wait_for_all(scene, 2).await?;
    stop_service(service)
}

async fn at_the_start(scene: &Scene, disk: &SmallDisk) -> Result<(), Stop> {
    remove_account(scene, "c");
    disk.fill();
    let mut service = scene.setup.serve(&[]);
    service.until("ERROR");
    disk.clear();
    service.until("watching");
    wait_for_all(scene, 3).await?;
    stop_service(service)?;
    examine(&scene.setup.store()).await
}

async fn wait_for_all(scene: &Scene, count: usize) -> Result<(), Stop> {
    let all = async {
        scene.pager.wait_for(count).await;
        scene.desk.wait_for(count).await;
        scene.mailbox.wait_for(count).await;
    };
    match tokio::time::timeout(TIMEOUT, all).await {
        Ok(()) if scene.counts() == [count; 3] => Ok(()),
        _ => Err(Stop::Violation(format!(
            "expected {count} messages to each receiver, got {:?}",
            scene.counts()
        ))),
    }
}

fn stop_service(mut service: Service) -> Result<(), Stop> {
    match service.stop() {
        Some(0) => Ok(()),
        status => Err(Stop::Violation(format!("the service ended with {status:?}:\n{}", service.log()))),
    }
}
