//! What a simulation and explanations foresee, beside what is then sent.

use std::collections::BTreeSet;

use chrono::{SubsecRound, TimeDelta};
use minimax_watch::domain::account::AccountKey;
use minimax_watch::domain::alerts::{AlertKind, Subject};
use minimax_watch::domain::message::Reason;
use minimax_watch::notify::Sender;
use minimax_watch::report::{Explanation, SimulatedAlert, Simulation};
use minimax_watch::store::Store;

use super::super::model::Moment;
use super::Pair;
use crate::world::{days, start};

/// Messages to one receiver: when they were decided, and what they say.
pub(in crate::agreement) struct Forecast {
    pub(in crate::agreement) simulated: Vec<(Moment, String)>,
    pub(in crate::agreement) notified: Vec<(Moment, String)>,
}

impl Pair {
    /// The messages within `duration` if nothing but time passes: as simulated, and as then sent.
    pub(in crate::agreement) async fn forecast(mut self, duration: TimeDelta) -> [Forecast; 2] {
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
    // No step wakes for what time alone does to jobs and credits. It shows when something else wakes one, and of that an explanation knows
    // what concerns its account.
    let is_by_time = |kind: AlertKind| {
        matches!(kind, AlertKind::JobsFailing | AlertKind::OutOfCredits | AlertKind::CreditsLow)
    };
    let mut all = simulated.iter().chain(&notified);
    if all.any(|(_, _, kind, reason, _)| is_by_time(*kind) && *reason != Reason::Repeated.as_str()) {
        simulated.retain(|(_, _, kind, ..)| !is_by_time(*kind));
        notified.retain(|(_, _, kind, ..)| !is_by_time(*kind));
    }
    simulated.sort();
    notified.sort();
    assert_eq!(notified, simulated, "{}", account.id);
}
