//! The real steps and the model side by side: every event happens to both.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use chrono::{SubsecRound, TimeDelta};
use minimax_watch::domain::account::AccountKey;
use minimax_watch::domain::alerts::{Alert, AlertKind, Severity, Subject};
use minimax_watch::domain::message::Reason;
use minimax_watch::domain::silence::Matcher;
use minimax_watch::notify::Sender;
use minimax_watch::report::{Explanation, SimulatedAlert, Simulation, UsableAccounts, UsableQuery};
use minimax_watch::store::{Ack, NewSilence, Store};
use serde_json::json;

use super::course::{ACCOUNTS, Choice, Event, Fault, Outage, PlanAnswer, Trouble};
use super::desk::{Attempted, Desk, DeskType, read_messages};
use super::jobs::Statistics;
use super::model::{AccountRecord, Answer as Answered, Model, Moment, PlanSeen, Seen, Silence};
use super::vendor::Vendor;
use crate::received;
use crate::simulator::{
    Answer, Delivery, ErrorBody, LapsedBody, NotFoundBody, Refusal, Reply, StoredMessage, WebhookServer,
};
use crate::world::{DESK, World, days, hours, start};

/// A receiver is repaired after this outage: after seven days its messages would fail permanently, which has other tests.
const LONGEST_OUTAGE: TimeDelta = TimeDelta::days(3);

pub(super) struct Pair {
    world: World,
    model: Model,
    vendors: Vec<Vendor>,
    outage: Option<Outage>,
    plan: PlanAnswer,
    statistics: Statistics,
    choice: Choice,
    watched: usize,
    removed_account: Option<AccountRecord>,
    failing: [Option<(Moment, Trouble)>; 2],
    received: [SeenAttempts; 2],
    desk: Desk,
    /// Its configuration.
    desk_receiver: String,
    /// Its messages, and after how many requests they were read.
    desk_messages: (Vec<StoredMessage>, usize),
}

/// The attempts at one receiver that the model has been given.
#[derive(Default)]
struct SeenAttempts {
    /// The messages in the order of their first attempts.
    ids: Vec<String>,
    attempts: usize,
}

/// Messages to one receiver: when they were decided, and what they say.
pub(super) struct Forecast {
    pub(super) simulated: Vec<(Moment, String)>,
    pub(super) notified: Vec<(Moment, String)>,
}

impl Pair {
    pub(super) async fn open(desk: DeskType) -> Self {
        let choice = Choice::default();
        let mut world = World::open(choice.settings(ACCOUNTS.len(), DESK)).await;
        let (desk, desk_receiver) = Desk::open(desk, &world).await;
        world.reopen(choice.settings(ACCOUNTS.len(), &desk_receiver)).await;
        let vendors = [9, 30, 2].map(|left| Vendor::expiring_at(start() + days(left)));
        let model = Model::new(choice.policy(), &ACCOUNTS.map(|(_, name)| name));
        Self {
            world,
            model,
            vendors: vendors.into(),
            outage: None,
            plan: PlanAnswer { is_readable: true, is_active: true, has_service_in_error: false },
            statistics: Statistics::new(),
            choice,
            watched: ACCOUNTS.len(),
            removed_account: None,
            failing: [None, None],
            received: [SeenAttempts::default(), SeenAttempts::default()],
            desk,
            desk_receiver,
            desk_messages: (Vec::new(), 0),
        }
    }

    /// Makes the simulator answer as the vendor would now; returns what a check then shows.
    fn answer(&mut self) -> Vec<(&'static str, Seen)> {
        let now = self.world.now();
        for (vendor, (id, _)) in self.vendors.iter_mut().zip(ACCOUNTS) {
            vendor.set_now(now);
            match vendor.fault {
                None => self.world.main.put(vendor.record(id)),
                Some(Fault::NotFound) => {
                    self.world.main.set_answer(id, Answer::not_found(NotFoundBody::Json));
                }
                Some(Fault::Error) => self.world.main.set_answer(id, Answer::account_error("On hold")),
            }
        }
        let seen = |vendor: &Vendor| match (self.outage, vendor.fault) {
            (Some(Outage::Refused), _) => Seen::Refusal("unauthorized"),
            (Some(Outage::Lapsed), _) => Seen::Refusal("subscription_lapsed"),
            (Some(Outage::Unavailable | Outage::Limited), _) => Seen::Nothing,
            (None, Some(Fault::NotFound)) => Seen::Fault("not_found"),
            (None, Some(Fault::Error)) => Seen::Fault("account_error"),
            (None, None) => Seen::Healthy { shown: vendor.shown(), jobs: vendor.jobs },
        };
        ACCOUNTS[..self.watched]
            .iter()
            .zip(&self.vendors)
            .map(|((_, name), vendor)| (*name, seen(vendor)))
            .collect()
    }

    /// What a read of the plan shows now.
    fn plan_seen(&self) -> Option<PlanSeen> {
        let PlanAnswer { is_readable, is_active, has_service_in_error } = self.plan;
        let can_be_read = is_readable && self.outage.is_none();
        can_be_read.then_some(PlanSeen { is_active, has_service_in_error })
    }

    /// Runs once, then plays the events.
    pub(super) async fn live(&mut self, events: Vec<Event>) {
        self.run().await;
        for event in events {
            self.happen(event).await;
            self.assert_usable_agrees().await;
        }
    }

    async fn happen(&mut self, event: Event) {
        match event {
            Event::Wait(duration) => self.pass(duration).await,
            Event::Run => self.run().await,
            Event::Runs { every, count } => {
                for _ in 0..count {
                    self.pass(every).await;
                    self.run().await;
                }
            }
            Event::KilledRun => {
                let seen = self.answer();
                self.world.start_run().await;
                self.model.check(&seen, self.world.now(), false);
                self.model.read_plan(self.plan_seen(), self.world.now(), false);
                self.read_jobs(self.world.now());
                self.restart().await;
            }
            Event::KilledSending => self.kill_while_sending().await,
            Event::Answers { account, fault } => self.vendors[account].fault = fault,
            Event::Renewed { account, for_days } => {
                let until = self.world.now() + days(for_days);
                self.vendors[account].expiries.iter_mut().for_each(|expiry| *expiry = until.max(*expiry));
            }
            Event::Shown { account, which, shows } => self.vendors[account].shows[which] = shows,
            Event::Moved { account, which, to } => {
                // Some forms show whole seconds.
                self.vendors[account].expiries[which] = (self.world.now() + to).trunc_subsecs(0);
            }
            Event::Jobs { account, jobs } => self.vendors[account].jobs = jobs,
            Event::Sent { jobs, is_run } => {
                self.statistics.add(&jobs, self.world.now());
                self.world.main.set_job_stats(self.statistics.answer());
                if is_run {
                    self.run().await;
                }
            }
            Event::Statistics(form) => {
                self.statistics.set_form(form);
                self.world.main.set_job_stats(self.statistics.answer());
            }
            Event::Api(outage) => {
                if matches!(self.outage, Some(Outage::Limited)) {
                    // The checks wait for the rate limit, which the model does not cover.
                    self.pass(TimeDelta::seconds(30)).await;
                }
                self.outage = outage;
                self.world.main.set_all(outage.map(|outage| match outage {
                    Outage::Refused => Answer::unauthorized(Refusal::WithCode),
                    Outage::Lapsed => Answer::lapsed(LapsedBody::Expired),
                    Outage::Unavailable => Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html),
                    Outage::Limited => Answer::from(Reply::status(StatusCode::TOO_MANY_REQUESTS)),
                }));
            }
            Event::Plan(plan) => {
                self.plan = plan;
                let services =
                    json!({"Kling API": {"total": 2, "error": i32::from(plan.has_service_in_error)}});
                let answer = Answer::account_info(plan.is_active, &services);
                let unreadable = || Reply::json(StatusCode::OK, "{\"subscriptionIsActive\":0}").into();
                let answer = if plan.is_readable { answer } else { unreadable() };
                self.world.main.set_account_info(Some(answer));
            }
            Event::Receiver { which, fails } => self.trouble(which, fails),
            Event::Restart => self.restart().await,
            Event::Down(duration) => {
                self.world.advance(duration);
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

    /// Lets `duration` pass: at each time that the steps ask for, the world and the model send what is due.
    async fn pass(&mut self, duration: TimeDelta) {
        let until = self.world.now() + duration;
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
        self.repair_long_outages();
        let now = self.world.now();
        let next = self.world.tick().await;
        self.follow(now, None).await;
        if let Some(due) = self.model.next(now) {
            assert!(next.is_some_and(|next| next <= due), "{next:?}: the service would sleep past {due}");
        }
        next
    }

    /// The model decides, records what the receivers answered, and decides again, as the service does. `pager` overrides the
    /// pager's answer.
    async fn follow(&mut self, now: Moment, pager: Option<Answered>) {
        self.read_desk().await;
        for _ in 0..=2 {
            self.model.evaluate_alerts(now);
            let answers = [pager.unwrap_or_else(|| self.expected_answer(0)), self.expected_answer(1)];
            let received = [0, 1].map(|which| self.record_attempts(which, answers[which]));
            if received == [false, false] {
                break;
            }
        }
    }

    fn expected_answer(&self, which: usize) -> Answered {
        match self.failing[which] {
            None => Answered::Taken,
            // A program has no such answers.
            Some(_) if which == 1 && matches!(self.desk, Desk::Program(_)) => Answered::Failing,
            Some((_, Trouble::Status(410))) => Answered::Gone,
            Some((_, Trouble::Status(400..=404))) => Answered::Refused,
            Some((_, Trouble::Status(_) | Trouble::Closed | Trouble::Unreachable)) => Answered::Failing,
        }
    }

    /// Gives the model the attempts at messages that it has decided; returns whether there were any.
    fn record_attempts(&mut self, which: usize, answer: Answered) -> bool {
        let attempts = self.attempts(which);
        let (decided, _) = self.model.messages(which);
        let before = self.received[which].attempts;
        for (id, ..) in &attempts[before..] {
            let received = &mut self.received[which];
            let known = received.ids.iter().position(|known| known == id);
            let message = known.unwrap_or(received.ids.len());
            if message >= decided {
                break;
            }
            if known.is_none() {
                received.ids.push(id.to_owned());
            }
            received.attempts += 1;
            self.model.answered(which, message, answer);
        }
        self.received[which].attempts > before
    }

    async fn run(&mut self) {
        self.check_all().await;
        self.tick().await;
    }

    async fn check_all(&mut self) {
        let began = self.world.now();
        let seen = self.answer();
        self.world.check_all().await;
        self.model.check(&seen, began, true);
        self.model.read_plan(self.plan_seen(), began, true);
        self.read_jobs(began);
    }

    /// The model reads the jobs that a run began to read then.
    fn read_jobs(&mut self, began: Moment) {
        let rows = self.statistics.shown().filter(|_| self.outage.is_none());
        self.model.read_jobs(rows, began);
    }

    async fn restart(&mut self) {
        self.configured(true).await;
    }

    async fn configured(&mut self, restart: bool) {
        let settings = self.choice.settings(self.watched, &self.desk_receiver);
        self.model.policy = self.choice.policy();
        if restart {
            self.world.reopen(settings).await;
        } else {
            self.world.reload(settings).await;
        }
        self.tick().await;
    }

    /// Drops the future while it sends: that leaves behind what a kill would.
    async fn kill_while_sending(&mut self) {
        self.check_all().await;
        if matches!(self.expected_answer(1), Answered::Refused | Answered::Gone) {
            // Whether an answer that the kill cut off was recorded cannot be known here.
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
        self.follow(self.world.now(), Some(Answered::Failing)).await;
        self.apply_trouble(0);
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
        // Accounts that join or leave during a subscription-wide fault have their own tests.
        let shared = self.outage.is_some() || self.model.has_subscription_fault();
        let count = if watched { ACCOUNTS.len() } else { ACCOUNTS.len() - 1 };
        if shared || count == self.watched {
            return;
        }
        self.watched = count;
        self.model.watch(ACCOUNTS[ACCOUNTS.len() - 1].1, watched, &mut self.removed_account);
        self.configured(false).await;
    }

    /// `usable` and the open alerts do not disagree: an account is listed with an alert about its jobs only if the model allows a
    /// trial, and with no other alert that speaks against it.
    async fn assert_usable_agrees(&self) {
        let (engine, now) = (&self.world.engine, self.world.now());
        let firing = self.world.firing().await;
        let query = UsableQuery::default();
        let report = UsableAccounts::load(&engine.store, &engine.config, query, now).await.unwrap();
        assert_eq!(report.usable.len() + report.unusable.len(), self.watched);
        assert!(report.usable.is_sorted_by_key(|offer| offer.trial), "trials are last");
        for offer in &report.usable {
            let account = AccountKey::new(&offer.subscription, &offer.id);
            let subjects = [Subject::Account(account.clone()), Subject::Subscription(account.subscription)];
            let open = firing.iter().filter(|alert| subjects.contains(&alert.condition.subject));
            let (about_jobs, others): (Vec<_>, Vec<_>) = open.partition(|alert| {
                matches!(alert.condition.kind, AlertKind::JobsFailing | AlertKind::OutOfCredits)
            });
            assert_eq!(!about_jobs.is_empty(), offer.trial, "{} {about_jobs:?}", offer.name);
            let is_against = |alert: &&&Alert| {
                alert.condition.kind != AlertKind::Expiry && alert.condition.severity == Severity::Critical
            };
            assert_eq!(others.iter().find(is_against), None, "{}", offer.name);
            assert_eq!(offer.trial, self.model.trial(&offer.name, now) == Some(true), "{}", offer.name);
        }
        for account in report.unusable {
            let by_jobs_alone = account.reasons.iter().all(|reason| {
                reason.contains("the alert jobs_failing is open")
                    || reason.contains("the alert out_of_credits is open")
            });
            let trial = self.model.trial(&account.account.name, now);
            assert!(!by_jobs_alone || trial == Some(false), "{}: a trial is due", account.account.name);
        }
    }

    fn trouble(&mut self, which: usize, fails: Option<Trouble>) {
        if let Some((_, Trouble::Unreachable)) = self.failing[which] {
            match which {
                0 => self.world.pager.come_back().unwrap(),
                _ => self.desk.come_back(&self.world),
            }
        }
        let since = self.failing[which].map_or(self.world.now(), |(since, _)| since);
        self.failing[which] = fails.map(|trouble| (since, trouble));
        if let Some(Trouble::Unreachable) = fails {
            match which {
                0 => self.world.pager.go_down(),
                _ => self.desk.go_down(&self.world),
            }
        }
        self.apply_trouble(which);
    }

    fn apply_trouble(&self, which: usize) {
        let trouble = self.failing[which].map(|(_, trouble)| trouble);
        if which == 1 {
            return self.desk.apply(&self.world, trouble);
        }
        self.world.pager.set(trouble.and_then(|trouble| match trouble {
            Trouble::Status(status) => Some(Reply::status(StatusCode::from_u16(status).unwrap())),
            Trouble::Closed => Some(Reply::close()),
            Trouble::Unreachable => None,
        }));
    }

    fn repair_long_outages(&mut self) {
        let now = self.world.now();
        for which in 0..2 {
            let Some((since, _)) = &mut self.failing[which] else { continue };
            *since = now.min(*since);
            if now - *since > LONGEST_OUTAGE {
                self.trouble(which, None);
            }
        }
    }

    /// The attempts at one receiver so far; those at the desk, up to the last [`Self::read_desk`].
    fn attempts(&self, which: usize) -> Vec<Attempted> {
        match which {
            0 => webhook_attempts(&self.world.pager),
            _ => self.desk.attempts(&self.world, &self.desk_messages.0),
        }
    }

    /// Reads what the desk may have received since the last time.
    async fn read_desk(&mut self) {
        let count = self.desk.count(&self.world);
        if matches!(self.desk, Desk::Service(_)) && count > self.desk_messages.1 {
            read_messages(&self.world, &mut self.desk_messages.0).await;
            self.desk_messages.1 = count;
        }
    }

    /// The messages within `duration` if nothing but time passes: as simulated, and as then sent.
    pub(super) async fn forecast(mut self, duration: TimeDelta) -> [Forecast; 2] {
        self.trouble(0, None);
        self.trouble(1, None);
        self.read_desk().await;
        let before = [0, 1].map(|which| self.attempts(which).len());
        let (now, engine) = (self.world.now(), &self.world.engine);
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        engine.store.copy_to(&copy).await.unwrap();
        let store = Store::open(&copy).await.unwrap();
        let mut dry_run = engine.clone();
        (dry_run.store, dry_run.sender) = (store, Sender::dry_run());
        let simulation = Simulation::run(&dry_run, now, now + duration, &|_| {}).await.unwrap();
        let mut fires = Vec::new();
        // The content of a permanently failed message is sent again once its receiver accepts another. A simulation sends and so
        // knows of that; an explanation does not.
        let has_lost = engine.store.outbox(start() - days(4_000)).await.unwrap().failed > 0;
        for known in engine.store.watched().await.unwrap() {
            let explained = Explanation::new(engine, &known, true, now).await.unwrap();
            if !has_lost {
                assert_explanation_matches_simulation(&known.account, &explained, &simulation);
            }
            let rules = explained.rules.into_iter().filter(|rule| rule.fires);
            fires.push((known.account, rules.map(|rule| rule.kind).collect::<BTreeSet<_>>()));
        }
        let mut forecast = [Vec::new(), Vec::new()];
        for message in simulation.messages {
            let which = usize::from(message.receiver.as_str() == "desk");
            forecast[which].push((message.at.trunc_subsecs(0), message.summary));
        }
        self.world.tick().await;
        for (account, explained) in fires {
            let (own, shared) =
                (Subject::Account(account.clone()), Subject::Subscription(account.subscription.clone()));
            let firing = self.world.engine.store.firing_alerts().await.unwrap().into_iter();
            let firing = firing.filter(|alert| [&own, &shared].contains(&&alert.condition.subject));
            assert_eq!(explained, firing.map(|alert| alert.condition.kind).collect(), "{}", account.id);
        }
        self.world.live_until(now + duration).await;
        self.read_desk().await;
        [0, 1].map(|which| {
            let attempts = self.attempts(which).split_off(before[which]);
            let notified = attempts.iter().map(|(_, body, _)| {
                let summary = body["data"]["summary"].as_str().unwrap().to_owned();
                (body["timestamp"].as_str().unwrap().parse().unwrap(), summary)
            });
            Forecast { simulated: std::mem::take(&mut forecast[which]), notified: notified.collect() }
        })
    }

    /// Repairs the receivers, lets every delivery finish, and compares.
    pub(super) async fn finish(mut self) {
        self.trouble(0, None);
        self.trouble(1, None);
        self.pass(hours(20)).await;
        let waiting = self.world.engine.store.outbox(start() - days(4_000)).await.unwrap();
        let failed = [0, 1].map(|which| self.model.messages(which).1).iter().sum::<usize>();
        assert_eq!(waiting.pending, 0, "no message is pending");
        assert_eq!(usize::try_from(waiting.failed), Ok(failed), "permanently failed messages");
        for which in 0..2 {
            assert_eq!(
                notified(&self.attempts(which)),
                self.model.notified[which],
                "messages to receiver {which}"
            );
        }
    }
}

/// The upcoming notifications in an explanation are those that a simulation finds: of reminders the first one, and as many
/// entries as an explanation holds.
fn assert_explanation_matches_simulation(
    account: &AccountKey,
    explained: &Explanation,
    simulation: &Simulation,
) {
    let concerns = |alert: &&SimulatedAlert| {
        let is_own = alert.account.as_ref().is_none_or(|of| of.id == account.id);
        alert.receiver.is_none() && alert.subscription.as_ref() == Some(&account.subscription) && is_own
    };
    let mut reminded = BTreeSet::new();
    let mut simulated = Vec::new();
    for message in simulation.messages.iter().filter(|message| !message.already_queued) {
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
    let notified = explained.next.iter().filter_map(|next| {
        Some((next.at, next.receiver.clone()?, next.kind?, next.reason?.as_str(), next.stage.clone()))
    });
    let mut notified: Vec<_> = notified.collect();
    if let Some(last) = explained.next.last().filter(|_| explained.next.len() == Explanation::MAX_NEXT) {
        // The explanation is cut off at its limit, perhaps within its last second.
        simulated.retain(|(at, ..)| *at < last.at);
        notified.retain(|(at, ..)| *at < last.at);
    }
    simulated.sort();
    notified.sort();
    assert_eq!(notified, simulated, "{}", account.id);
}

/// The messages of `attempts` in the order of their first attempts. A repeat has the same bytes and comes before any newer
/// message.
fn notified(attempts: &[Attempted]) -> Vec<(Moment, String)> {
    let mut notified: Vec<&Attempted> = Vec::new();
    for attempt in attempts {
        let (id, _, bytes) = attempt;
        match notified.iter().find(|(known, ..)| known == id) {
            Some((_, _, known)) => {
                assert_eq!(known, bytes, "the same id, the same bytes");
                assert_eq!(notified.last().unwrap().0, *id, "messages keep their order");
            }
            None => notified.push(attempt),
        }
    }
    let moment = |body: &serde_json::Value| body["timestamp"].as_str().unwrap().parse().unwrap();
    notified.iter().map(|(_, body, _)| (moment(body), received::line(body))).collect()
}

/// The attempts at a webhook, whose body is the content.
pub(super) fn webhook_attempts(webhook: &WebhookServer) -> Vec<Attempted> {
    let attempt = |delivery: &Delivery| {
        let id = delivery.header("webhook-id").unwrap().to_owned();
        (id, received::body(delivery), delivery.body.to_vec())
    };
    webhook.deliveries().iter().map(attempt).collect()
}
