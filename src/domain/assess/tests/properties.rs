use chrono::TimeDelta;
use proptest::prelude::*;

use super::super::*;
use super::rehearsal::{Heard, World, at, bad, ends};
use crate::domain::alert::AlertKind as Kind;
use crate::domain::configuration::Configuration;
use crate::domain::expiry::Stage;
use crate::domain::message::{Reason, Status};
use crate::domain::observation::Observation;
use crate::domain::observation::Outcome;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// The stages of every test, tightest first, with their lead times.
const LEADS: [(i64, &str); 5] = [(0, "expired"), (HOUR, "1h"), (DAY, "1d"), (3 * DAY, "3d"), (7 * DAY, "7d")];

/// A run: how long after the one before, what each account answers, and whether the second receiver is silenced.
#[derive(Clone, Debug)]
struct Step {
    pause: i64,
    seen: Vec<Option<Observation>>,
    silenced: bool,
}

/// What one account answered so far, judged anew from the whole history each time.
#[derive(Clone, Debug, Default)]
struct Past {
    outcomes: Vec<(i64, Outcome)>,
    end: Option<i64>,
    endless: bool,
    /// The alert about the expiry: the lead time that is reached, and the expiry.
    alert: Option<(i64, i64)>,
}

impl Past {
    fn note(&mut self, seconds: i64, observation: &Observation) {
        self.outcomes.push((seconds, observation.outcome));
        if let Some(configuration) = &observation.configuration {
            let end = configuration.exp_expire.map(|end| (end - at(0)).num_seconds());
            self.end = end.or(self.end);
            self.endless = self.end.is_none();
        }
    }

    /// Lets the alert about the expiry follow the last known expiry.
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

    /// Whether since the last `ok` some unbroken row of this answer lasted long enough to be believed.
    fn believes(&self, fault: Outcome, confirm_after: i64) -> bool {
        let verdicts: Vec<_> = self.outcomes.iter().filter(|(_, outcome)| outcome.is_verdict()).collect();
        let since_ok = verdicts.rsplit(|(_, outcome)| *outcome == Outcome::Ok).next().unwrap_or_default();
        let mut rows = since_ok.chunk_by(|a, b| a.1 == b.1).filter(|row| row[0].1 == fault);
        rows.any(|row| row[row.len() - 1].0 - row[0].0 >= confirm_after)
    }

    /// How long the row of looks without a verdict is that the last look ends.
    fn silence(&self) -> Option<i64> {
        let row = self.outcomes.rsplit(|(_, outcome)| outcome.is_verdict()).next()?;
        Some(row.last()?.0 - row.first()?.0)
    }
}

fn observation() -> impl Strategy<Value = Observation> {
    prop_oneof![
        4 => prop::sample::select(vec![2 * DAY, 5 * DAY, 12 * DAY, 20 * DAY, 60 * DAY]).prop_map(ends),
        1 => Just(Observation::ok(Configuration::default())),
        4 => prop::sample::select(&Outcome::ALL[1..]).prop_map(bad),
        4 => prop::sample::select(vec![Outcome::Unauthorized, Outcome::Unavailable, Outcome::Malformed]).prop_map(bad),
    ]
}

fn step(accounts: usize) -> impl Strategy<Value = Step> {
    let pause = prop::sample::select(vec![0, 1, 9, 10, 900, HOUR - 1, HOUR, DAY, 4 * DAY]);
    let each = prop::collection::vec(prop::option::weighted(0.8, observation()), accounts);
    // Often everybody sees the same: outages and refusals are shared.
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

/// A subscription and, beside it, what a reader of the contract would note down.
struct Trial {
    world: World,
    pasts: Vec<Past>,
    confirm_after: i64,
    now: i64,
}

impl Trial {
    fn new(accounts: usize, confirm_after: i64, repeats: bool) -> Self {
        let mut world = World::of(&["a", "b", "c"][..accounts]).with(|policy| {
            policy.confirm_after = TimeDelta::seconds(confirm_after);
            policy.repeat_every = repeats.then(|| TimeDelta::days(1));
        });
        world.silenced = [(0, false), (1, false)].into();
        Self { world, pasts: vec![Past::default(); accounts], confirm_after, now: 0 }
    }

    fn go(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.now += step.pause;
        self.world.silenced.insert(1, step.silenced);
        self.world.assess(self.now);
        self.pasts.iter_mut().for_each(|past| past.follow_the_expiry(self.now));
        let looks: Vec<_> = step
            .seen
            .iter()
            .enumerate()
            .filter_map(|(index, seen)| seen.clone().map(|observation| (index, observation)))
            .collect();
        for (index, observation) in &looks {
            self.pasts[*index].note(self.now, observation);
        }
        self.pasts.iter_mut().for_each(|past| past.follow_the_expiry(self.now));
        let before = self.world.alerts.clone();
        self.world.run(self.now, &looks);
        if looks.iter().all(|(_, observation)| !observation.outcome.is_verdict()) {
            let ended =
                |alert: &&Alert| self.world.alerts.iter().any(|now| now.id == alert.id && !now.is_firing());
            let ended = before.iter().filter(|alert| alert.is_firing()).find(ended);
            prop_assert!(ended.is_none(), "no answer, and {:?} ended", ended);
        }
        self.nothing_is_left_to_say()?;
        self.what_fires_is_what_the_contract_says()?;
        self.refusals_have_the_right_subject(&looks, &before)?;
        self.everybody_knows()
    }

    /// One pass settles everything, and telling it once is enough.
    fn nothing_is_left_to_say(&mut self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.world.transitions(self.now), vec![]);
        let again = self.world.tick(self.now);
        prop_assert!(again.is_empty(), "told twice: {:?}", again);
        Ok(())
    }

    fn what_fires_is_what_the_contract_says(&self) -> Result<(), TestCaseError> {
        let world = &self.world;
        let anybody = |fault| self.pasts.iter().any(|past| past.believes(fault, self.confirm_after));
        for (index, past) in self.pasts.iter().enumerate() {
            let own = |kind| world.of_account(index, kind).is_some();
            let believes = |fault| past.believes(fault, self.confirm_after);
            prop_assert_eq!(own(Kind::NotFound), believes(Outcome::NotFound));
            prop_assert_eq!(own(Kind::AccountError), believes(Outcome::AccountError));
            prop_assert_eq!(own(Kind::ExpiryUnknown), past.endless);
            prop_assert_eq!(
                own(Kind::Malformed)
                    || (believes(Outcome::Malformed) && world.of_all(Kind::Malformed).is_some()),
                believes(Outcome::Malformed)
            );
            prop_assert!(!own(Kind::SubscriptionLapsed));
            prop_assert!(!own(Kind::Unauthorized) || believes(Outcome::Unauthorized));
            let long = past.silence().is_some_and(|length| length >= HOUR);
            prop_assert!(!long || own(Kind::Unreachable) || world.of_all(Kind::Unreachable).is_some());
            prop_assert!(!own(Kind::Unreachable) || long);
            let answers = past.outcomes.last().is_some_and(|(_, outcome)| outcome.is_verdict());
            prop_assert!(!answers || world.of_all(Kind::Unreachable).is_none());
            self.the_expiry_clock_is_right(index)?;
        }
        for (fault, kind) in [
            (Outcome::Unauthorized, Kind::Unauthorized),
            (Outcome::SubscriptionLapsed, Kind::SubscriptionLapsed),
            (Outcome::Malformed, Kind::Malformed),
        ] {
            prop_assert!(anybody(fault) || world.of_all(kind).is_none());
        }
        Ok(())
    }

    fn the_expiry_clock_is_right(&self, index: usize) -> Result<(), TestCaseError> {
        let fires = self.world.of_account(index, Kind::Expiry).map(|alert| &alert.condition);
        let seen = fires.map(|condition| (condition.stage, condition.expires_at, condition.severity));
        let expected = self.pasts[index].alert.map(|(lead, end)| {
            let stage = LEADS.iter().find(|(seconds, _)| *seconds == lead).map(|(_, stage)| stage);
            let severity = if lead <= DAY { Severity::Critical } else { Severity::Warning };
            (stage.map(|stage| stage.parse::<Stage>().unwrap()), Some(at(end)), severity)
        });
        prop_assert_eq!(seen, expected);
        Ok(())
    }

    fn refusals_have_the_right_subject(
        &self,
        looks: &[(usize, Observation)],
        before: &[Alert],
    ) -> Result<(), TestCaseError> {
        let well = looks.iter().any(|(_, observation)| observation.outcome == Outcome::Ok);
        let mut opened = self.world.alerts[before.len()..].iter().map(|alert| &alert.condition);
        let own = opened.any(|condition| {
            condition.kind == Kind::Unauthorized && matches!(condition.subject, Subject::Account(_))
        });
        prop_assert!(well || !own, "nobody was well in this run");
        let refused = |fault| {
            let seen = move |(_, observation): &&(usize, Observation)| observation.outcome == fault;
            let believed = move |index: &usize| self.pasts[*index].believes(fault, self.confirm_after);
            looks.iter().filter(seen).map(|(index, _)| *index).filter(believed)
        };
        for index in refused(Outcome::Unauthorized) {
            let own = self.world.of_account(index, Kind::Unauthorized).is_some();
            prop_assert!(own || (!well && self.world.of_all(Kind::Unauthorized).is_some()));
        }
        prop_assert!(!well || self.world.of_all(Kind::Unauthorized).is_none());
        if refused(Outcome::SubscriptionLapsed).next().is_some() {
            prop_assert!(self.world.of_all(Kind::SubscriptionLapsed).is_some());
        }
        Ok(())
    }

    /// Everybody who was told of a fire knows its end; the one who is never silenced knows of every fire.
    fn everybody_knows(&self) -> Result<(), TestCaseError> {
        for alert in &self.world.alerts {
            for receiver in 0..2 {
                let told = self.world.told(receiver, alert, at(self.now));
                prop_assert!(alert.is_firing() || told.is_none_or(|told| told.status == Status::Resolved));
                if receiver == 0 && alert.is_firing() {
                    let told = told.expect("a firing alert is told");
                    prop_assert!(told.stage >= alert.condition.stage);
                    prop_assert!(told.severity >= Some(alert.condition.severity));
                }
            }
        }
        Ok(())
    }
}

/// The reasons that `receiver` heard about each alert make one life: opened, then graver or reminded, then ended.
fn lives_are_whole(world: &World) -> Result<(), TestCaseError> {
    for alert in &world.alerts {
        for receiver in 0..2 {
            let heard =
                world.heard.iter().filter(|heard| heard.receiver == receiver && heard.alert.id == alert.id);
            let reasons: Vec<Reason> = heard.map(|heard| heard.reason).collect();
            let Some(first) = reasons.first() else { continue };
            prop_assert_eq!(*first, Reason::Opened);
            prop_assert_eq!(reasons.last(), Some(&Reason::Resolved));
            let twice = reasons.windows(2).any(|pair| pair == [Reason::Resolved, Reason::Resolved]);
            prop_assert!(!twice, "an end told twice: {:?}", reasons);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_is_seen_the_alerts_say_what_the_contract_says(
        (accounts, steps) in story(),
        confirm_after in prop::sample::select(vec![0, 10]),
        repeats: bool,
    ) {
        let mut trial = Trial::new(accounts, confirm_after, repeats);
        for step in &steps {
            trial.go(step)?;
        }
        let renewed = Step { pause: DAY, seen: vec![Some(ends(900 * DAY)); accounts], silenced: true };
        trial.go(&renewed)?;
        prop_assert_eq!(trial.world.firing(), vec![]);
        lives_are_whole(&trial.world)?;
    }

    #[test]
    fn ends_that_come_and_go_are_told_a_bounded_number_of_times(
        near in -2 * DAY..8 * DAY,
        other in -2 * DAY..16 * DAY,
        turns in prop::collection::vec((1_usize..5, any::<bool>()), 1..60),
    ) {
        let mut world = World::of(&["a"]);
        let mut hours = 0;
        for (pause, first) in turns {
            hours += i64::try_from(pause).unwrap();
            world.run_all(hours * HOUR, &ends(if first { near } else { other }));
        }
        prop_assert!(world.heard.len() <= 20, "{:?}", world.heard.iter().map(Heard::words).collect::<Vec<_>>());
        prop_assert!(world.changes.len() <= 1);
    }
}
