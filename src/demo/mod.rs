//! `demo`: a month in seconds, with nothing but loopback.
//!
//! Promises: the very same steps as the service, a real store, a real SMTP conversation, real signed webhooks; only the
//! vendor is built in and the time is virtual. It judges itself: see `promises`.

mod promises;
mod scene;
mod story;
mod timeline;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{Datelike, DurationRound, TimeDelta};

use crate::clock;
use crate::domain::time::minute;
use crate::output;

use scene::Scene;
use timeline::Timeline;

/// How long the story is.
const MONTH: TimeDelta = TimeDelta::days(30);

/// The years that it can be played in: an expiry before 2001 or after 2100 is not read, and HTTP has no date before 1970.
const YEARS: RangeInclusive<i32> = 2002..=2098;

/// Plays the month into `folder`, or into a new temporary one, which is left behind; says whether every promise was kept.
pub async fn run(folder: Option<&Path>) -> anyhow::Result<bool> {
    let now = clock::now();
    anyhow::ensure!(
        YEARS.contains(&now.year()),
        "the clock of this machine shows {}: the demo needs a year from {} to {}; set the clock and try again",
        minute(now),
        YEARS.start(),
        YEARS.end()
    );
    let folder = lay(folder)?;
    // The month ends now, so that `status` on the store that is left behind tells of days that make sense.
    let start = (now - MONTH).duration_trunc(TimeDelta::hours(1))?;
    let scene = Scene::open(&folder, start).await?;
    let mut timeline = Timeline::new(&scene).await?;
    output::print(&format!(
        "A month in seconds: {} to {}. Everything stays on this machine.\n\
         4 accounts of 2 subscriptions at a built-in useapi.net, looked at every hour;\n\
         2 receivers: `ops-mail` by SMTP, `pager` by signed webhook.\n\n",
        minute(start),
        minute(start + MONTH)
    ))?;
    for event in story::events() {
        timeline.play_until(start + event.after).await?;
        timeline.say(&event)?;
        (event.act)(&scene)?;
    }
    timeline.play_until(start + MONTH).await?;
    let (runs, told) = timeline.end().await?;
    let verdict = promises::judge(&scene, start).await?;
    let config = folder.join("minimax-watch.toml");
    output::print(&format!(
        "\n{runs} runs, {} requests to the API, {told} messages delivered.\n\
         store     {}\n\
         mails     {}\n\
         webhooks  {}\n\
         look on   minimax-watch --config {} status\n\n{verdict}",
        scene.vendor.request_count(),
        scene.engine.config.store.path.display(),
        folder.join("mails").display(),
        folder.join("webhooks").display(),
        config.display(),
    ))?;
    scene.engine.store.close().await;
    Ok(verdict.kept())
}

/// Makes the folder; refuses one that holds anything: the files of a demo have the names that a real installation has.
fn lay(folder: Option<&Path>) -> anyhow::Result<PathBuf> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => tempfile::Builder::new().prefix("minimax-watch-demo-").tempdir()?.keep(),
    };
    let unusable = || format!("cannot use the folder {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(unusable)?;
    let mut entries = std::fs::read_dir(&folder).with_context(unusable)?;
    if let Some(entry) = entries.next().transpose().with_context(unusable)? {
        let name = entry.file_name();
        anyhow::bail!(
            "the folder {} is not empty: it holds {}. The demo overwrites nothing: name a new folder",
            folder.display(),
            name.display()
        );
    }
    for part in ["mails", "webhooks"] {
        std::fs::create_dir_all(folder.join(part))
            .with_context(|| format!("cannot make {}", folder.join(part).display()))?;
    }
    Ok(folder)
}
