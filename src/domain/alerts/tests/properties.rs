use chrono::TimeDelta;
use proptest::prelude::*;
use strum::IntoEnumIterator;

use super::super::*;
use super::world::{SentNotification, World, at, expiring_at, failed};
use crate::domain::alerts::AlertKind as Kind;
use crate::domain::configuration::Configuration;
use crate::domain::lead_times::Stage;
use crate::domain::message::{Reason, Status};
use crate::domain::observation::Observation;
use crate::domain::observation::Outcome;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// The stages of every test with their lead times, most severe first.
const LEADS: [(i64, &str); 5] = [(0, "expired"), (HOUR, "1h"), (DAY, "1d"), (3 * DAY, "3d"), (7 * DAY, "7d")];

/// A run: how long after the previous one, what each account answers, and whether the second receiver is silenced.
#[derive(Clone, Debug)]
struct Step {
    pause: i64,
    seen: Vec<Option<Observation>>,
    silenced: bool,
}

/// What one account answered so far. It is evaluated from the whole history each time.
#[derive(Clone, Debug, Default)]
struct History {
    outcomes: Vec<(i64, Outcome)>,
    end: Option<i64>,
    expiry_missing: bool,
    /// The alert about the expiry: the lead time that is reached, and the expiry.
    alert: Option<(i64, i64)>,
}

impl History {
    fn record_check(&mut self, seconds: i64, observation: &Observation) {
        self.outcomes.push((seconds, observation.outcome));
        if let Some(configuration) = &observation.configuration {
            let end = configuration.exp_expire.map(|end| (end - at(0)).num_seconds());
            self.end = end.or(self.end);
            self.expiry_missing = self.end.is_none();
        }
    }

    /// Updates the expected expiry alert from the last known expiry.
    fn follow_the_expiry(&mut self, now: i64) {
        let Some(end) = self.end else { return };
        let left = end - now;
        let has_left = |lead: i64| left - lead >= HOUR.max(lead / 10);
        let within = LEADS.iter().map(|(lead, _)| *lead).find(|lead| left <= *lead);
        self.alert = match self.alert {
            None => within.map(|lead| (lead, end)),
            Some(_) if has_left(7 * DAY) => None,
            Some((reached, _)) if has_left(reached) => Some((within.unwrap_or(7 * DAY), end)),
            Some((reached, _)) => Some((within.unwrap_or(reached).min(reached), end)),
        };
    }

    /// Whether since the last `ok` an unbroken series of this outcome lasted long enough to be confirmed.
    fn is_confirmed(&self, fault: Outcome, confirm_after: i64) -> bool {
        let verdicts: Vec<_> = self.outcomes.iter().filter(|(_, outcome)| outcome.is_conclusive()).collect();
        let since_ok = verdicts.rsplit(|(_, outcome)| *outcome == Outcome::Ok).next().unwrap_or_default();
        let mut rows = since_ok.chunk_by(|a, b| a.1 == b.1).filter(|row| row[0].1 == fault);
        rows.any(|row| row[row.len() - 1].0 - row[0].0 >= confirm_after)
    }

    /// How long the series of inconclusive checks up to the last check is.
    fn unreachable_for(&self) -> Option<i64> {
        let row = self.outcomes.rsplit(|(_, outcome)| outcome.is_conclusive()).next()?;
        Some(row.last()?.0 - row.first()?.0)
    }
}

fn observation() -> impl Strategy<Value = Observation> {
    prop_oneof![
        4 => prop::sample::select(vec![2 * DAY, 5 * DAY, 12 * DAY, 20 * DAY, 60 * DAY]).prop_map(expiring_at),
        1 => Just(Observation::ok(Configuration::default())),
        4 => prop::sample::select(Outcome::iter().skip(1).collect::<Vec<_>>()).prop_map(failed),
        4 => prop::sample::select(vec![Outcome::Unauthorized, Outcome::Unavailable, Outcome::Malformed]).prop_map(failed),
    ]
}

fn step(accounts: usize) -> impl Strategy<Value = Step> {
    let pause = prop::sample::select(vec![0, 1, 9, 10, 900, HOUR - 1, HOUR, DAY, 4 * DAY]);
    let each = prop::collection::vec(prop::option::weighted(0.8, observation()), accounts);
    // Often all accounts answer the same: outages and refusals are shared.
    let shared = observation().prop_map(move |seen| vec![Some(seen); accounts]);
    (pause, prop_oneof![2 => each, 1 => shared], any::<bool>()).prop_map(|(pause, seen, silenced)| Step {
        pause,
        seen,
        silenced,
    })
}

fn story() -> impl Strategy<Value = (usize, Vec<Step>)> {
    (1_usize..4).prop_flat_map(|accounts| (Just(accounts), prop::collection::vec(step(accounts), 1..40)))
}

/// A subscription, and beside it what the contract expects of it.
struct TestRun {
    world: World,
    histories: Vec<History>,
    confirm_after: i64,
    now: i64,
}

impl TestRun {
    fn new(accounts: usize, confirm_after: i64, repeats: bool) -> Self {
        let mut world = World::new(&["a", "b", "c"][..accounts]).with_policy(|policy| {
            policy.confirm_after = TimeDelta::seconds(confirm_after);
            policy.repeat_every = repeats.then(|| TimeDelta::days(1));
        });
        world.silenced = [(0, false), (1, false)].into();
        Self { world, histories: vec![History::default(); accounts], confirm_after, now: 0 }
    }

    fn advance(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.now += step.pause;
        self.world.silenced.insert(1, step.silenced);
        self.world.update_alerts(self.now);
        self.histories.iter_mut().for_each(|history| history.follow_the_expiry(self.now));
        let checks: Vec<_> = step
            .seen
            .iter()
            .enumerate()
            .filter_map(|(index, seen)| seen.clone().map(|observation| (index, observation)))
            .collect();
        for (index, observation) in &checks {
            self.histories[*index].record_check(self.now, observation);
        }
        self.histories.iter_mut().for_each(|history| history.follow_the_expiry(self.now));
        let before = self.world.alerts.clone();
        self.world.run(self.now, &checks);
        if checks.iter().all(|(_, observation)| !observation.outcome.is_conclusive()) {
            let ended =
                |alert: &&Alert| self.world.alerts.iter().any(|now| now.id == alert.id && !now.is_firing());
            let ended = before.iter().filter(|alert| alert.is_firing()).find(ended);
            prop_assert!(ended.is_none(), "{:?} resolved by an inconclusive check", ended);
        }
        self.nothing_is_due()?;
        self.firing_alerts_match_the_contract()?;
        self.refusals_have_the_right_subject(&checks, &before)?;
        self.receivers_are_up_to_date()
    }

    /// After one evaluation no transition and no notification is due.
    fn nothing_is_due(&mut self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.world.transitions(self.now), vec![]);
        let again = self.world.tick(self.now);
        prop_assert!(again.is_empty(), "sent twice: {:?}", again);
        Ok(())
    }

    fn firing_alerts_match_the_contract(&self) -> Result<(), TestCaseError> {
        let world = &self.world;
        let any_account =
            |fault| self.histories.iter().any(|history| history.is_confirmed(fault, self.confirm_after));
        for (index, history) in self.histories.iter().enumerate() {
            let own = |kind| world.account_alert(index, kind).is_some();
            let is_confirmed = |fault| history.is_confirmed(fault, self.confirm_after);
            prop_assert_eq!(own(Kind::NotFound), is_confirmed(Outcome::NotFound));
            prop_assert_eq!(own(Kind::AccountError), is_confirmed(Outcome::AccountError));
            prop_assert_eq!(own(Kind::ExpiryUnknown), history.expiry_missing);
            prop_assert_eq!(
                own(Kind::Malformed)
                    || (is_confirmed(Outcome::Malformed)
                        && world.subscription_alert(Kind::Malformed).is_some()),
                is_confirmed(Outcome::Malformed)
            );
            prop_assert!(!own(Kind::SubscriptionLapsed));
            prop_assert!(!own(Kind::Unauthorized) || is_confirmed(Outcome::Unauthorized));
            let long = history.unreachable_for().is_some_and(|length| length >= HOUR);
            prop_assert!(
                !long || own(Kind::Unreachable) || world.subscription_alert(Kind::Unreachable).is_some()
            );
            prop_assert!(!own(Kind::Unreachable) || long);
            let answers = history.outcomes.last().is_some_and(|(_, outcome)| outcome.is_conclusive());
            prop_assert!(!answers || world.subscription_alert(Kind::Unreachable).is_none());
            self.expiry_alert_matches_the_contract(index)?;
        }
        for (fault, kind) in [
            (Outcome::Unauthorized, Kind::Unauthorized),
            (Outcome::SubscriptionLapsed, Kind::SubscriptionLapsed),
            (Outcome::Malformed, Kind::Malformed),
        ] {
            prop_assert!(any_account(fault) || world.subscription_alert(kind).is_none());
        }
        Ok(())
    }

    fn expiry_alert_matches_the_contract(&self, index: usize) -> Result<(), TestCaseError> {
        let fires = self.world.account_alert(index, Kind::Expiry).map(|alert| &alert.condition);
        let seen = fires.map(|condition| (condition.stage, condition.expires_at, condition.severity));
        let expected = self.histories[index].alert.map(|(lead, end)| {
            let stage = LEADS.iter().find(|(seconds, _)| *seconds == lead).map(|(_, stage)| stage);
            let severity = if lead <= DAY { Severity::Critical } else { Severity::Warning };
            (stage.map(|stage| stage.parse::<Stage>().unwrap()), Some(at(end)), severity)
        });
        prop_assert_eq!(seen, expected);
        Ok(())
    }

    fn refusals_have_the_right_subject(
        &self,
        checks: &[(usize, Observation)],
        before: &[Alert],
    ) -> Result<(), TestCaseError> {
        let healthy = checks.iter().any(|(_, observation)| observation.outcome == Outcome::Ok);
        let mut opened = self.world.alerts[before.len()..].iter().map(|alert| &alert.condition);
        let own = opened.any(|condition| {
            condition.kind == Kind::Unauthorized && matches!(condition.subject, Subject::Account(_))
        });
        prop_assert!(healthy || !own, "no account was healthy in this run");
        let refused = |fault| {
            let seen = move |(_, observation): &&(usize, Observation)| observation.outcome == fault;
            let is_confirmed =
                move |index: &usize| self.histories[*index].is_confirmed(fault, self.confirm_after);
            checks.iter().filter(seen).map(|(index, _)| *index).filter(is_confirmed)
        };
        for index in refused(Outcome::Unauthorized) {
            let own = self.world.account_alert(index, Kind::Unauthorized).is_some();
            prop_assert!(own || (!healthy && self.world.subscription_alert(Kind::Unauthorized).is_some()));
        }
        prop_assert!(!healthy || self.world.subscription_alert(Kind::Unauthorized).is_none());
        if refused(Outcome::SubscriptionLapsed).next().is_some() {
            prop_assert!(self.world.subscription_alert(Kind::SubscriptionLapsed).is_some());
        }
        Ok(())
    }

    /// Every receiver that was sent an alert was sent its resolution; the one that is never silenced was sent every alert.
    fn receivers_are_up_to_date(&self) -> Result<(), TestCaseError> {
        for alert in &self.world.alerts {
            for receiver in 0..2 {
                let notified = self.world.notified(receiver, alert, at(self.now));
                prop_assert!(
                    alert.is_firing() || notified.is_none_or(|notified| notified.status == Status::Resolved)
                );
                if receiver == 0 && alert.is_firing() {
                    let notified = notified.expect("a firing alert is sent");
                    prop_assert!(notified.stage >= alert.condition.stage);
                    prop_assert!(notified.severity >= Some(alert.condition.severity));
                }
            }
        }
        Ok(())
    }
}

/// Each receiver was sent an alert in order: opened, then escalated or repeated, then resolved.
fn notifications_are_in_order(world: &World) -> Result<(), TestCaseError> {
    for alert in &world.alerts {
        for receiver in 0..2 {
            let sent =
                world.sent.iter().filter(|sent| sent.receiver == receiver && sent.alert.id == alert.id);
            let reasons: Vec<Reason> = sent.map(|sent| sent.reason).collect();
            let Some(first) = reasons.first() else { continue };
            prop_assert_eq!(*first, Reason::Opened);
            prop_assert_eq!(reasons.last(), Some(&Reason::Resolved));
            let twice = reasons.windows(2).any(|pair| pair == [Reason::Resolved, Reason::Resolved]);
            prop_assert!(!twice, "resolved twice: {:?}", reasons);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn alerts_match_the_contract_for_any_sequence_of_runs(
        (accounts, steps) in story(),
        confirm_after in prop::sample::select(vec![0, 10]),
        repeats: bool,
    ) {
        let mut test_run = TestRun::new(accounts, confirm_after, repeats);
        for step in &steps {
            test_run.advance(step)?;
        }
        let renewed = Step { pause: DAY, seen: vec![Some(expiring_at(900 * DAY)); accounts], silenced: true };
        test_run.advance(&renewed)?;
        prop_assert_eq!(test_run.world.firing(), vec![]);
        notifications_are_in_order(&test_run.world)?;
    }

    #[test]
    fn alternating_expiries_are_notified_a_bounded_number_of_times(
        near in -2 * DAY..8 * DAY,
        other in -2 * DAY..16 * DAY,
        turns in prop::collection::vec((1_usize..5, any::<bool>()), 1..60),
    ) {
        let mut world = World::new(&["a"]);
        let mut hours = 0;
        for (pause, first) in turns {
            hours += i64::try_from(pause).unwrap();
            world.run_all(hours * HOUR, &expiring_at(if first { near } else { other }));
        }
        prop_assert!(world.sent.len() <= 20, "{:?}", world.sent.iter().map(SentNotification::summary).collect::<Vec<_>>());
        prop_assert!(world.changes.len() <= 1);
    }
}
