//! `demo`: a month in seconds, with nothing but loopback.
//!
//! Guarantees: the same steps as the service, a real store, real SMTP sessions and real signed webhooks; only the API is built in
//! and the time is virtual. It checks its own result: see `expectations`.

mod expectations;
mod scene;
mod serve;
mod story;
mod timeline;

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{Datelike, DurationRound, TimeDelta};

use crate::clock;
use crate::domain::time::{Timestamp, minute};
use crate::output;

use expectations::Verdict;
use scene::Scene;
use story::Event;
use timeline::{Played, Timeline};

const MONTH: TimeDelta = TimeDelta::days(30);

/// How long the story goes on when its page is served.
const AFTERMATH: TimeDelta = TimeDelta::hours(3);

/// The years that the demo works in: an expiry before 2001 or after 2100 is not read, and HTTP has no date before 1970.
const YEARS: RangeInclusive<i32> = 2002..=2098;

/// Writes the month into `folder`, or into a new temporary one, which is kept; returns whether every promise was kept. With `serve`, its
/// page is served there until the process is asked to end.
pub async fn run(folder: Option<&Path>, serve: Option<SocketAddr>) -> anyhow::Result<bool> {
    let now = clock::now();
    anyhow::ensure!(
        YEARS.contains(&now.year()),
        "the clock of this machine shows {}: the demo needs a year from {} to {}; set the clock and try again",
        minute(now),
        YEARS.start(),
        YEARS.end()
    );
    // Before the month, since nobody wants to wait for this error.
    let serve = serve.map(serve::find_port).transpose()?;
    let folder = prepare_folder(folder)?;
    // All of it ends now, so that `status` on the store and the page show recent days.
    let aftermath = if serve.is_some() { AFTERMATH } else { TimeDelta::zero() };
    let start = (now - MONTH - aftermath).duration_trunc(TimeDelta::hours(1))?;
    let scene = Scene::open(&folder, start).await?;
    let mut timeline = Timeline::new(&scene).await?;
    print_introduction(start)?;
    play_events(&mut timeline, &scene, story::events()).await?;
    timeline.advance_to(start + MONTH).await?;
    let played = timeline.finish().await?;
    let verdict = expectations::verify(&scene, start, &played).await?;
    print_summary(&scene, &played, &verdict)?;
    if let Some(listen) = serve {
        output::print("\nThe month is over; now something is wrong again, as the page shows:\n")?;
        play_events(&mut timeline, &scene, story::aftermath()).await?;
        timeline.advance_to(start + MONTH + AFTERMATH).await?;
        serve::serve(&scene.engine, listen).await?;
    }
    scene.engine.store.close().await;
    Ok(verdict.kept())
}

fn print_introduction(start: Timestamp) -> anyhow::Result<()> {
    output::print(&format!(
        "A month in seconds: {} to {}. Everything stays on this machine.\n\
         4 accounts of 2 subscriptions at a built-in useapi.net, checked every hour;\n\
         4 receivers: `ops-mail` by SMTP, `pager` by signed webhook, and what is critical to\n\
         `telegram` and `phone` (ntfy).\n\n",
        minute(start),
        minute(start + MONTH)
    ))
}

/// Lets each of `events` happen at its time.
async fn play_events(timeline: &mut Timeline<'_>, scene: &Scene, events: Vec<Event>) -> anyhow::Result<()> {
    for event in events {
        timeline.advance_to(scene.start + event.after).await?;
        timeline.say(&event)?;
        (event.act)(scene);
        if event.asks_usable {
            timeline.ask_usable().await?;
        }
    }
    Ok(())
}

fn print_summary(scene: &Scene, played: &Played, verdict: &Verdict) -> anyhow::Result<()> {
    let folder = &scene.folder;
    output::print(&format!(
        "\n{} runs, {} requests to the API, {} messages delivered.\n\
         store     {}\n\
         mails     {}\n\
         webhooks  {}\n\
         chats     {}\n\
         explore   minimax-watch --config {} status\n\n{verdict}",
        played.runs,
        scene.vendor.requested_paths().len(),
        played.messages,
        scene.engine.config.store.path.display(),
        folder.join("mails").display(),
        folder.join("webhooks").display(),
        folder.join("chats").display(),
        folder.join("minimax-watch.toml").display(),
    ))
}

/// Creates the folder. Refuses one that is not empty, since the files of a demo have the names of a real installation.
fn prepare_folder(folder: Option<&Path>) -> anyhow::Result<PathBuf> {
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
    for part in ["mails", "webhooks", "chats"] {
        std::fs::create_dir_all(folder.join(part))
            .with_context(|| format!("cannot make {}", folder.join(part).display()))?;
    }
    Ok(folder)
}
