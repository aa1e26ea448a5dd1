//! Virtual time: from one due moment to the next, with the steps that the service would take then.

use std::fs;
use std::io::Write;

use super::scene::Scene;
use super::story::Event;
use crate::domain::time::Timestamp;
use crate::engine::Scope;
use crate::output;

/// Where the play stands.
pub(super) struct Timeline<'a> {
    scene: &'a Scene,
    next_run: Option<Timestamp>,
    next_word: Option<Timestamp>,
    next_attempt: Option<Timestamp>,
    runs: usize,
    mails: usize,
    hooks: usize,
}

impl<'a> Timeline<'a> {
    /// At the beginning: the first run is due at once.
    pub(super) async fn new(scene: &'a Scene) -> anyhow::Result<Self> {
        scene.engine.watch().await?;
        Ok(Self {
            scene,
            next_run: Some(scene.start),
            next_word: None,
            next_attempt: None,
            runs: 0,
            mails: 0,
            hooks: 0,
        })
    }

    /// Lets time pass until `until`, moment by moment.
    pub(super) async fn play_until(&mut self, until: Timestamp) -> anyhow::Result<()> {
        while let Some(moment) = [self.next_run, self.next_word, self.next_attempt]
            .into_iter()
            .flatten()
            .min()
            .filter(|next| *next <= until)
        {
            self.play(moment).await?;
        }
        self.scene.now.set(until);
        Ok(())
    }

    async fn play(&mut self, moment: Timestamp) -> anyhow::Result<()> {
        let engine = &self.scene.engine;
        let mut now = moment;
        self.scene.now.set(now);
        if self.next_run.is_some_and(|due| due <= now) {
            self.runs += 1;
            self.next_run = engine.config.schedule.schedule.next_after(now);
            let pass = engine.check(&Scope::Everything, now, &|_, _| {}).await?;
            if pass.doubts {
                now += engine.config.alerts.confirm_after;
                self.scene.now.set(now);
                engine.confirm(pass.run, None, now, &|_, _| {}).await?;
            }
        }
        let (announced, delivery) = engine.tell().await?;
        self.next_word = announced.next;
        self.next_attempt = delivery.next;
        self.show()
    }

    /// Says what happens on stage.
    pub(super) fn say(&self, event: &Event) -> anyhow::Result<()> {
        output::print(&format!("{}  {}\n", stamp(self.scene.now.now()), event.says))
    }

    /// Prints and keeps what the receivers got since the last time.
    fn show(&mut self) -> anyhow::Result<()> {
        for mail in self.scene.mailbox.mails().into_iter().skip(self.mails) {
            self.mails += 1;
            fs::write(self.scene.folder.join(format!("mails/{:02}.eml", self.mails)), &mail.raw)?;
            output::print(&format!("{}    ops-mail  {}\n", stamp(mail.at), mail.subject()))?;
        }
        for delivery in self.scene.pager.deliveries().into_iter().skip(self.hooks) {
            self.hooks += 1;
            let mut file =
                fs::File::create(self.scene.folder.join(format!("webhooks/{:02}.json", self.hooks)))?;
            file.write_all(&delivery.body)?;
            let body: serde_json::Value = serde_json::from_slice(&delivery.body)?;
            let word = |pointer: &str| {
                body.pointer(pointer).and_then(|word| word.as_str()).unwrap_or_default().to_owned()
            };
            output::print(&format!(
                "{}    pager     {}: {}\n",
                stamp(delivery.at),
                word("/type"),
                word("/data/summary")
            ))?;
        }
        Ok(())
    }

    /// How many runs there were, and how many messages arrived.
    pub(super) async fn end(self) -> anyhow::Result<(usize, usize)> {
        self.scene.engine.purge(self.scene.now.now()).await?;
        Ok((self.runs, self.mails + self.hooks))
    }
}

fn stamp(moment: Timestamp) -> String {
    moment.format("%m-%d %H:%M:%S").to_string()
}
