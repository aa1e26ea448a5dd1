//! The real thing and the model, side by side: what happens to one happens to the other.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use chrono::{SubsecRound, TimeDelta};
use minimax_watch::domain::account::AccountKey;
use minimax_watch::domain::alert::Subject;
use minimax_watch::domain::message::Reason;
use minimax_watch::domain::silence::Matcher;
use minimax_watch::notify::Sender;
use minimax_watch::report::{Explanation, SimulatedAlert, Simulation};
use minimax_watch::simulator::{Answer, Delivery, Hook, Lapse, Missing, Page, Refusal, Reply};
use minimax_watch::store::{Ack, NewSilence, Store};

use super::course::{ACCOUNTS, Choice, Event, Fault, Outage, Trouble};
use super::model::{Answer as Answered, Known, Model, Moment, Seen, Silence};
use super::vendor::Vendor;
use crate::heard;
use crate::world::{World, days, hours, start};

/// A receiver that is dead for longer than this is another story: its messages are given up.
const LONGEST_OUTAGE: TimeDelta = TimeDelta::days(3);

/// The real thing and the model, side by side.
pub(super) struct Pair {
    world: World,
    model: Model,
    vendors: Vec<Vendor>,
    outage: Option<Outage>,
    choice: Choice,
    watched: usize,
    parked: Option<Known>,
    failing: [Option<(Moment, Trouble)>; 2],
    heard: [Heard; 2],
}

/// What the model has heard of the attempts at one receiver.
#[derive(Default)]
struct Heard {
    /// The messages in the order of their first attempts.
    ids: Vec<String>,
    attempts: usize,
}

/// Messages to one receiver: when they were decided, and what they say.
pub(super) struct Foretold {
    pub(super) simulated: Vec<(Moment, String)>,
    pub(super) told: Vec<(Moment, String)>,
}

impl Pair {
    pub(super) async fn open() -> Self {
        let choice = Choice::default();
        let world = World::open(choice.settings(ACCOUNTS.len())).await;
        let vendors = [9, 30, 2].map(|left| Vendor::ending(start() + days(left)));
        let model = Model::new(choice.policy(), &ACCOUNTS.map(|(_, name)| name));
        Self {
            world,
            model,
            vendors: vendors.into(),
            outage: None,
            choice,
            watched: ACCOUNTS.len(),
            parked: None,
            failing: [None, None],
            heard: [Heard::default(), Heard::default()],
        }
    }

    /// Lets the simulator answer as the vendor would now; gives what is then seen.
    fn answer(&mut self) -> Vec<(&'static str, Seen)> {
        let now = self.world.now();
        for (vendor, (id, _)) in self.vendors.iter_mut().zip(ACCOUNTS) {
            vendor.move_on(now);
            match vendor.fault {
                None => self.world.main.put(vendor.record(id)),
                Some(Fault::NotFound) => self.world.main.set(id, Answer::not_found(Missing::Json)),
                Some(Fault::Error) => self.world.main.set(id, Answer::account_error("On hold")),
            }
        }
        let seen = |vendor: &Vendor| match (self.outage, vendor.fault) {
            (Some(Outage::Refused), _) => Seen::Refusal("unauthorized"),
            (Some(Outage::Lapsed), _) => Seen::Refusal("subscription_lapsed"),
            (Some(Outage::Unavailable | Outage::Limited), _) => Seen::Nothing,
            (None, Some(Fault::NotFound)) => Seen::Fault("not_found"),
            (None, Some(Fault::Error)) => Seen::Fault("account_error"),
            (None, None) => Seen::Well { shown: vendor.shown(), jobs: vendor.jobs },
        };
        ACCOUNTS[..self.watched]
            .iter()
            .zip(&self.vendors)
            .map(|((_, name), vendor)| (*name, seen(vendor)))
            .collect()
    }

    /// The first run, and what happens then.
    pub(super) async fn live(&mut self, events: Vec<Event>) {
        self.run().await;
        for event in events {
            self.happen(event).await;
        }
    }

    async fn happen(&mut self, event: Event) {
        match event {
            Event::Pass(span) => self.pass(span).await,
            Event::Run => self.run().await,
            Event::Runs { every, count } => {
                for _ in 0..count {
                    self.pass(every).await;
                    self.run().await;
                }
            }
            Event::KilledRun => {
                let seen = self.answer();
                self.world.look().await;
                self.model.look(&seen, self.world.now(), false);
                self.restart().await;
            }
            Event::KilledSending => self.killed_sending().await,
            Event::Answers { account, fault } => self.vendors[account].fault = fault,
            Event::Renewed { account, for_days } => {
                let until = self.world.now() + days(for_days);
                self.vendors[account].ends.iter_mut().for_each(|end| *end = until.max(*end));
            }
            Event::Shown { account, which, shows } => self.vendors[account].shows[which] = shows,
            Event::Moved { account, which, to } => {
                // Some forms show whole seconds.
                self.vendors[account].ends[which] = (self.world.now() + to).trunc_subsecs(0);
            }
            Event::Jobs { account, jobs } => self.vendors[account].jobs = jobs,
            Event::Api(outage) => {
                if matches!(self.outage, Some(Outage::Limited)) {
                    // It is left alone for a while, of which the model knows nothing.
                    self.pass(TimeDelta::seconds(30)).await;
                }
                self.outage = outage;
                self.world.main.set_all(outage.map(|outage| match outage {
                    Outage::Refused => Answer::unauthorized(Refusal::WithCode),
                    Outage::Lapsed => Answer::lapsed(Lapse::Expired),
                    Outage::Unavailable => Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html),
                    Outage::Limited => Answer::from(Reply::status(StatusCode::TOO_MANY_REQUESTS)),
                }));
            }
            Event::Receiver { which, fails } => self.trouble(which, fails),
            Event::Restart => self.restart().await,
            Event::Down(span) => {
                self.world.advance(span);
                self.restart().await;
            }
            Event::Configured { choice, restart } => {
                self.choice = choice;
                self.configured(restart).await;
            }
            Event::Silence { glob, length, even_critical } => self.silence(glob, length, even_critical).await,
            Event::Acked => self.ack().await,
            Event::Clock(by) => {
                self.world.step_clock(by);
                self.tick().await;
            }
            Event::Watched(watched) => self.watch(watched).await,
        }
    }

    /// Says what is due, in the world and in the model, until the next moment; and so on for `span`.
    async fn pass(&mut self, span: TimeDelta) {
        let until = self.world.now() + span;
        loop {
            let next = self.tick().await;
            let Some(next) = next.filter(|next| *next <= until) else { break };
            assert!(next > self.world.now(), "the service would spin");
            self.world.at(next);
        }
        self.world.at(until);
        self.tick().await;
    }

    async fn tick(&mut self) -> Option<Moment> {
        self.heal_the_long_dead();
        let now = self.world.now();
        let next = self.world.tick().await;
        self.follow(now, None);
        if let Some(due) = self.model.next(now) {
            assert!(next.is_some_and(|next| next <= due), "{next:?}: it would sleep through {due}");
        }
        next
    }

    /// The model decides, hears what the receivers answered, and decides again, as the service does. The pager's answer may be
    /// another than its trouble gives.
    fn follow(&mut self, now: Moment, pager: Option<Answered>) {
        for _ in 0..=2 {
            self.model.announce(now);
            let answers = [pager.unwrap_or_else(|| self.answered(0)), self.answered(1)];
            let heard = [0, 1].map(|which| self.hear(which, answers[which]));
            if heard == [false, false] {
                break;
            }
        }
    }

    fn answered(&self, which: usize) -> Answered {
        match self.failing[which] {
            None => Answered::Taken,
            Some((_, Trouble::Status(410))) => Answered::Gone,
            Some((_, Trouble::Status(400..=404))) => Answered::Refused,
            Some((_, Trouble::Status(_) | Trouble::Closed | Trouble::Unreachable)) => Answered::Failing,
        }
    }

    /// Tells the model of the attempts at messages that it has decided; says whether there were any.
    fn hear(&mut self, which: usize, answer: Answered) -> bool {
        let attempts = self.hook(which).deliveries();
        let (decided, _) = self.model.messages(which);
        let before = self.heard[which].attempts;
        for attempt in &attempts[before..] {
            let heard = &mut self.heard[which];
            let id = attempt.header("webhook-id").unwrap();
            let known = heard.ids.iter().position(|known| known == id);
            let message = known.unwrap_or(heard.ids.len());
            if message >= decided {
                break;
            }
            if known.is_none() {
                heard.ids.push(id.to_owned());
            }
            heard.attempts += 1;
            self.model.answered(which, message, answer);
        }
        self.heard[which].attempts > before
    }

    async fn run(&mut self) {
        self.look_at_everything().await;
        self.tick().await;
    }

    async fn look_at_everything(&mut self) {
        let began = self.world.now();
        let seen = self.answer();
        self.world.look_twice().await;
        self.model.look(&seen, began, true);
    }

    async fn restart(&mut self) {
        self.configured(true).await;
    }

    async fn configured(&mut self, restart: bool) {
        let settings = self.choice.settings(self.watched);
        self.model.policy = self.choice.policy();
        if restart {
            self.world.reopen(settings).await;
        } else {
            self.world.reload(settings).await;
        }
        self.tick().await;
    }

    /// Dropping a future in its midst is what a kill leaves behind, but for the process.
    async fn killed_sending(&mut self) {
        self.look_at_everything().await;
        if matches!(self.answered(1), Answered::Refused | Answered::Gone) {
            // Nobody but the desk knows whether an answer that the kill cut off counts.
            self.trouble(1, None);
        }
        let pager = &self.world.pager;
        let sent = pager.count() + 1;
        pager.set(Some(Reply::hang()));
        tokio::select! {
            biased;
            () = pager.wait_for(sent) => {}
            _ = self.world.tick() => {}
        }
        self.follow(self.world.now(), Some(Answered::Failing));
        self.set_trouble(0);
        self.restart().await;
    }

    async fn silence(&mut self, glob: &'static str, length: TimeDelta, even_critical: bool) {
        let until = self.world.now() + length;
        let matcher = Matcher::new(&[glob.to_owned()], &[], []).unwrap();
        let silence = NewSilence { matcher, until, reason: "tests".to_owned(), even_critical };
        let mut writer = self.world.engine.store.write().await.unwrap();
        writer.add_silence(&silence, self.world.now()).await.unwrap();
        writer.commit().await.unwrap();
        self.model.silence(Silence { glob, until, even_critical });
        self.tick().await;
    }

    async fn ack(&mut self) {
        let ack = Ack { at: self.world.now(), reason: String::new() };
        let firing = self.world.engine.store.firing_alerts().await.unwrap();
        let mut writer = self.world.engine.store.write().await.unwrap();
        for alert in firing {
            writer.ack(&alert.id, &ack).await.unwrap();
        }
        writer.commit().await.unwrap();
        self.model.ack();
    }

    async fn watch(&mut self, watched: bool) {
        // What a cause that all share says of an account that comes and goes meanwhile has its own tests.
        let shared = self.outage.is_some() || self.model.is_shared_trouble();
        let count = if watched { ACCOUNTS.len() } else { ACCOUNTS.len() - 1 };
        if shared || count == self.watched {
            return;
        }
        self.watched = count;
        self.model.watch(ACCOUNTS[ACCOUNTS.len() - 1].1, watched, &mut self.parked);
        self.configured(false).await;
    }

    fn trouble(&mut self, which: usize, fails: Option<Trouble>) {
        if let Some((_, Trouble::Unreachable)) = self.failing[which] {
            self.hook(which).come_back().unwrap();
        }
        let since = self.failing[which].map_or(self.world.now(), |(since, _)| since);
        self.failing[which] = fails.map(|trouble| (since, trouble));
        if let Some(Trouble::Unreachable) = fails {
            self.hook(which).go_down();
        }
        self.set_trouble(which);
    }

    fn set_trouble(&self, which: usize) {
        self.hook(which).set(self.failing[which].and_then(|(_, trouble)| match trouble {
            Trouble::Status(status) => Some(Reply::status(StatusCode::from_u16(status).unwrap())),
            Trouble::Closed => Some(Reply::close()),
            Trouble::Unreachable => None,
        }));
    }

    fn heal_the_long_dead(&mut self) {
        let now = self.world.now();
        for which in 0..2 {
            let Some((since, _)) = &mut self.failing[which] else { continue };
            *since = now.min(*since);
            if now - *since > LONGEST_OUTAGE {
                self.trouble(which, None);
            }
        }
    }

    fn hook(&self, which: usize) -> &Hook {
        [&self.world.pager, &self.world.desk][which]
    }

    /// What is told within `span` if nothing but time passes: as simulated, and as it then is.
    pub(super) async fn foretold(mut self, span: TimeDelta) -> [Foretold; 2] {
        self.trouble(0, None);
        self.trouble(1, None);
        let before = [0, 1].map(|which| self.hook(which).count());
        let (now, engine) = (self.world.now(), &self.world.engine);
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        engine.store.copy_to(&copy).await.unwrap();
        let store = Store::open(&copy).await.unwrap();
        let mut rehearsal = engine.clone();
        (rehearsal.store, rehearsal.sender) = (store, Sender::rehearsal());
        let simulation = Simulation::of(&rehearsal, now, now + span, &|_| {}).await.unwrap();
        let mut fires = Vec::new();
        // What a permanently failed message said is sent again once its receiver takes another: a simulation sends and so knows,
        // an explanation does not.
        let has_lost = engine.store.outbox(start() - days(4_000)).await.unwrap().failed > 0;
        for known in engine.store.watched().await.unwrap() {
            let explained = Explanation::of(&engine.store, &engine.config, &known, now).await.unwrap();
            if !has_lost {
                explained_as_simulated(&known.account, &explained, &simulation);
            }
            let rules = explained.rules.into_iter().filter(|rule| rule.fires);
            fires.push((known.account, rules.map(|rule| rule.kind).collect::<BTreeSet<_>>()));
        }
        let mut foretold = [Vec::new(), Vec::new()];
        for message in simulation.messages {
            let which = usize::from(message.receiver.as_str() == "desk");
            foretold[which].push((message.at.trunc_subsecs(0), message.summary));
        }
        self.world.tick().await;
        for (account, explained) in fires {
            let (own, shared) =
                (Subject::Account(account.clone()), Subject::Subscription(account.subscription.clone()));
            let firing = self.world.engine.store.firing_alerts().await.unwrap().into_iter();
            let firing = firing.filter(|alert| [&own, &shared].contains(&&alert.condition.subject));
            assert_eq!(explained, firing.map(|alert| alert.condition.kind).collect(), "{}", account.id);
        }
        self.world.live_until(now + span).await;
        [0, 1].map(|which| {
            let bodies: Vec<_> =
                self.hook(which).deliveries().split_off(before[which]).iter().map(heard::body).collect();
            let told = bodies.iter().map(|body| {
                let summary = body["data"]["summary"].as_str().unwrap().to_owned();
                (body["timestamp"].as_str().unwrap().parse().unwrap(), summary)
            });
            Foretold { simulated: std::mem::take(&mut foretold[which]), told: told.collect() }
        })
    }

    /// Lets everything come to rest, and compares.
    pub(super) async fn finish(mut self) {
        self.trouble(0, None);
        self.trouble(1, None);
        self.pass(hours(20)).await;
        let waiting = self.world.engine.store.outbox(start() - days(4_000)).await.unwrap();
        let failed = [0, 1].map(|which| self.model.messages(which).1).iter().sum::<usize>();
        assert_eq!(waiting.pending, 0, "nothing waits");
        assert_eq!(usize::try_from(waiting.failed), Ok(failed), "what failed permanently");
        for which in 0..2 {
            assert_eq!(
                told(&self.hook(which).deliveries()),
                self.model.told[which],
                "what receiver {which} was told"
            );
        }
    }
}

/// What an explanation says will be told of an account is what a simulation finds in the messages; the first of the
/// reminders each, and as much as an explanation holds.
fn explained_as_simulated(account: &AccountKey, explained: &Explanation, simulation: &Simulation) {
    let concerns = |alert: &&SimulatedAlert| {
        let is_own = alert.account.as_ref().is_none_or(|of| of.id == account.id);
        alert.receiver.is_none() && alert.subscription.as_ref() == Some(&account.subscription) && is_own
    };
    let mut reminded = BTreeSet::new();
    let mut simulated = Vec::new();
    for message in simulation.messages.iter().filter(|message| !message.waiting) {
        for alert in message.alerts.iter().filter(concerns) {
            let key = (message.receiver.clone(), alert.kind);
            if alert.reason != Reason::Repeated || reminded.insert(key) {
                let stage = alert.stage.clone();
                simulated.push((
                    message.at,
                    message.receiver.clone(),
                    alert.kind,
                    alert.reason.as_str(),
                    stage,
                ));
            }
        }
    }
    let told = explained.next.iter().filter_map(|next| {
        Some((next.at, next.receiver.clone()?, next.kind?, next.reason?.as_str(), next.stage.clone()))
    });
    let mut told: Vec<_> = told.collect();
    if let Some(last) = explained.next.last().filter(|_| explained.next.len() == Explanation::MOST) {
        // The rest of its last moment may be cut off, as is what comes later.
        simulated.retain(|(at, ..)| *at < last.at);
        told.retain(|(at, ..)| *at < last.at);
    }
    simulated.sort();
    told.sort();
    assert_eq!(told, simulated, "{}", account.id);
}

/// The messages of `deliveries` in the order of their first attempts. A repeat has the same bytes, and comes before
/// anything newer was sent.
fn told(deliveries: &[Delivery]) -> Vec<(Moment, String)> {
    let mut told: Vec<&Delivery> = Vec::new();
    for delivery in deliveries {
        let id = delivery.header("webhook-id");
        match told.iter().find(|known| known.header("webhook-id") == id) {
            Some(known) => {
                assert_eq!(known.body, delivery.body, "the same id, the same bytes");
                assert_eq!(told.last().unwrap().header("webhook-id"), id, "order holds");
            }
            None => told.push(delivery),
        }
    }
    let moment = |body: &serde_json::Value| body["timestamp"].as_str().unwrap().parse().unwrap();
    told.iter()
        .map(|delivery| heard::body(delivery))
        .map(|body| (moment(&body), heard::line(&body)))
        .collect()
}
