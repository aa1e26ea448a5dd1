//! Virtual time: from one due moment to the next, with the same steps as the service.

use std::fs;

use serde_json::Value;

use super::scene::Scene;
use super::story::Event;
use crate::domain::time::Timestamp;
use crate::engine::{NextStep, Run, Scope};
use crate::output;
use crate::report::{UsableAccounts, UsableQuery};
use crate::simulator::ChatServer;

/// What a finished timeline leaves for the closing lines and the promises.
pub(super) struct Played {
    /// The number of runs.
    pub(super) runs: usize,
    /// The number of delivered messages.
    pub(super) messages: usize,
    /// The names of the accounts that were usable, by each time that somebody asked, best first.
    pub(super) usable: Vec<Vec<String>>,
}

/// The position in the month.
pub(super) struct Timeline<'a> {
    scene: &'a Scene,
    next_run: Option<Timestamp>,
    next_evaluation: Option<Timestamp>,
    next_attempt: Option<Timestamp>,
    runs: usize,
    mails: usize,
    hooks: usize,
    telegrams: usize,
    ntfys: usize,
    usable: Vec<Vec<String>>,
}

impl<'a> Timeline<'a> {
    /// The first run is due at once.
    pub(super) async fn new(scene: &'a Scene) -> anyhow::Result<Self> {
        scene.engine.watch().await?;
        Ok(Self {
            scene,
            next_run: Some(scene.start),
            next_evaluation: None,
            next_attempt: None,
            runs: 0,
            mails: 0,
            hooks: 0,
            telegrams: 0,
            ntfys: 0,
            usable: Vec::new(),
        })
    }

    /// Advances the clock to `until`, and does everything that is due meanwhile.
    pub(super) async fn advance_to(&mut self, until: Timestamp) -> anyhow::Result<()> {
        while let Some(moment) = [self.next_run, self.next_evaluation, self.next_attempt]
            .into_iter()
            .flatten()
            .min()
            .filter(|next| *next <= until)
        {
            self.do_due_steps(moment).await?;
        }
        self.scene.now.set(until);
        Ok(())
    }

    async fn do_due_steps(&mut self, moment: Timestamp) -> anyhow::Result<()> {
        let engine = &self.scene.engine;
        let mut now = moment;
        self.scene.now.set(now);
        if self.next_run.is_some_and(|due| due <= now) {
            self.runs += 1;
            self.next_run = engine.config.schedule.schedule.next_after(now);
            let mut run = Run::start(Scope::Everything);
            while let NextStep::WaitUntil(until, _) = run.advance(engine, now, &|_, _| {}).await? {
                now = until;
                self.scene.now.set(now);
            }
        }
        let (evaluated, delivery) = engine.notify_and_deliver().await?;
        self.next_evaluation = evaluated.next;
        self.next_attempt = delivery.next;
        self.show()
    }

    /// Prints an event.
    pub(super) fn say(&self, event: &Event) -> anyhow::Result<()> {
        output::print(&format!("{}  {}\n", stamp(self.scene.now.now()), event.text))
    }

    /// Prints which accounts can take jobs now.
    pub(super) async fn ask_usable(&mut self) -> anyhow::Result<()> {
        let (engine, now) = (&self.scene.engine, self.scene.now.now());
        let query = UsableQuery::default();
        let report = UsableAccounts::load(&engine.store, &engine.config, query, now).await?;
        let usable: Vec<String> = report.usable.into_iter().map(|offer| offer.name).collect();
        output::print(&format!("{}    usable    {}\n", stamp(now), usable.join(", ")))?;
        for unusable in report.unusable {
            let (name, reasons) = (unusable.account.name, unusable.reasons.join("; "));
            output::print(&format!("{}    unusable  {name}: {reasons}\n", stamp(now)))?;
        }
        self.usable.push(usable);
        Ok(())
    }

    /// Prints and saves the messages that arrived since the last call.
    fn show(&mut self) -> anyhow::Result<()> {
        for mail in self.scene.mailbox.mails().into_iter().skip(self.mails) {
            self.mails += 1;
            fs::write(self.scene.folder.join(format!("mails/{:02}.eml", self.mails)), &mail.raw)?;
            output::print(&format!("{}    ops-mail  {}\n", stamp(mail.at), mail.subject()))?;
        }
        for delivery in self.scene.pager.deliveries().into_iter().skip(self.hooks) {
            self.hooks += 1;
            let file = self.scene.folder.join(format!("webhooks/{:02}.json", self.hooks));
            fs::write(file, &delivery.body)?;
            let body: Value = serde_json::from_slice(&delivery.body)?;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (at, kind) = (stamp(delivery.at), text(&body["type"]));
            output::print(&format!("{at}    pager     {kind}: {}\n", text(&body["data"]["summary"])))?;
        }
        self.telegrams = self.show_chat("telegram", &self.scene.telegram, self.telegrams)?;
        self.ntfys = self.show_chat("phone", &self.scene.ntfy, self.ntfys)?;
        Ok(())
    }

    /// Prints and saves the messages of a chat after the first `seen`, and returns how many there are.
    fn show_chat(&self, name: &str, chat: &ChatServer, seen: usize) -> anyhow::Result<usize> {
        let messages = chat.messages();
        for (index, message) in messages.iter().enumerate().skip(seen) {
            let file = self.scene.folder.join(format!("chats/{name}-{:02}.txt", index + 1));
            fs::write(file, format!("{}\n\n{}\n", message.title, message.text))?;
            output::print(&format!("{}    {name:<8}  {}\n", stamp(message.at), message.title))?;
        }
        Ok(messages.len())
    }

    /// Purges as the service does, and says what was played so far.
    pub(super) async fn finish(&self) -> anyhow::Result<Played> {
        self.scene.engine.purge(self.scene.now.now()).await?;
        let messages = self.mails + self.hooks + self.telegrams + self.ntfys;
        Ok(Played { runs: self.runs, messages, usable: self.usable.clone() })
    }
}

fn stamp(moment: Timestamp) -> String {
    moment.format("%m-%d %H:%M:%S").to_string()
}
