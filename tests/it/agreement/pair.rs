//! The real steps and the model side by side: every event happens to both.

mod credits;
mod forecast;
mod operator;
mod receivers;
mod usable;

use axum::http::StatusCode;
use chrono::{SubsecRound, TimeDelta};
use serde_json::json;

pub(super) use self::receivers::webhook_attempts;
use self::receivers::{SeenAttempts, notified};
use super::course::{ACCOUNTS, Choice, Event, Fault, Outage, PlanAnswer, Trouble};
use super::credits::CreditsChoice;
use super::desk::{Desk, DeskType};
use super::jobs::Statistics;
use super::model::{AccountRecord, Answer as Answered, Model, Moment, PlanSeen, Seen};
use super::vendor::Vendor;
use crate::simulator::{Answer, ErrorBody, LapsedBody, NotFoundBody, Refusal, Reply, StoredMessage};
use crate::world::{DESK, World, days, hours, start};

pub(super) struct Pair {
    world: World,
    model: Model,
    vendors: Vec<Vendor>,
    outage: Option<Outage>,
    plan: PlanAnswer,
    statistics: Statistics,
    choice: Choice,
    /// Whether this course reads credits at all.
    has_credits: bool,
    /// The questions for credits that the model has been given.
    credits_asked: usize,
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

impl Pair {
    pub(super) async fn open(desk: DeskType, credits: CreditsChoice) -> Self {
        let choice = Choice { credits, ..Choice::default() };
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
            has_credits: credits.is_watched,
            credits_asked: 0,
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
            self.world.main.set_features(id, vendor.credits.answer(now));
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
                self.read_credits(&seen, self.world.now(), false);
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
            Event::Credits { .. } if !self.has_credits => {}
            Event::Credits { account, changes, apart, is_run } => {
                for change in changes {
                    self.pass(apart).await;
                    self.change_credits(account, change);
                    if is_run {
                        self.run().await;
                    }
                }
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
                self.choice.credits.is_watched &= self.has_credits;
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
        self.read_credits(&seen, began, true);
    }

    /// The model reads the jobs that a run began to read then.
    fn read_jobs(&mut self, began: Moment) {
        let shown = self.statistics.shown().filter(|_| self.outage.is_none());
        self.model.read_jobs(shown.map(|rows| (rows, self.statistics.unreadable())), began);
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
