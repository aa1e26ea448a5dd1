use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;

use super::*;
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::change::ChangeKind;
use crate::domain::configuration::EndSource;
use crate::domain::expiry::Ladder;

fn policy() -> Policy {
    Policy {
        source: EndSource::ExpExpire,
        ladder: Ladder::new(vec![TimeDelta::days(7)]),
        ladders: std::collections::BTreeMap::new(),
        confirm_after: TimeDelta::seconds(10),
        unreachable_after: TimeDelta::hours(1),
        repeat_every: None,
    }
}

fn at(seconds: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn nobody() -> Known {
    Known {
        account: AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("1")),
        name: "studio-a".to_owned(),
        standing: Standing::default(),
        configuration: None,
    }
}

fn ending(days: i64) -> Observation {
    let exp_expire = Some(at(days * 86_400));
    Observation::ok(Configuration { exp_expire, ..Configuration::default() })
}

/// The account after one look, as the store would hold it, and what the look had to say.
fn after(known: &Known, observation: &Observation, seconds: i64) -> (Known, Vec<Change>) {
    let lesson = known.learn(Look { observation, at: at(seconds), run: seconds }, &policy());
    let configuration = observation.configuration.clone().or_else(|| known.configuration.clone());
    (Known { standing: lesson.standing, configuration, ..known.clone() }, lesson.changes)
}

#[test]
fn a_bad_verdict_is_believed_when_it_is_seen_again_after_the_pause() {
    let refused = Observation::failed(Outcome::Unauthorized, "401");
    let (once, _) = after(&nobody(), &refused, 0);
    assert!(once.standing.faults.is_empty());
    assert_eq!(once.standing.suspicion.map(|suspicion| suspicion.ask_at), Some(at(10)));
    let (early, _) = after(&once, &refused, 9);
    assert!(early.standing.faults.is_empty(), "9 s are not 10 s");
    let (twice, _) = after(&early, &refused, 10);
    assert_eq!(twice.standing.faults, BTreeSet::from([Fault::Unauthorized]));
    assert_eq!(twice.standing.suspicion, None);
}

#[test]
fn a_bad_verdict_that_goes_away_leaves_nothing() {
    let (once, _) = after(&nobody(), &Observation::failed(Outcome::NotFound, "404"), 0);
    let (well, _) = after(&once, &ending(30), 10);
    assert_eq!((well.standing.faults.len(), well.standing.suspicion), (0, None));
}

#[test]
fn another_bad_verdict_has_to_be_confirmed_on_its_own() {
    let (once, _) = after(&nobody(), &Observation::failed(Outcome::NotFound, "404"), 0);
    let (other, _) = after(&once, &Observation::failed(Outcome::AccountError, "596"), 10);
    assert!(other.standing.faults.is_empty());
    assert_eq!(other.standing.suspicion.map(|s| (s.fault, s.ask_at)), Some((Fault::AccountError, at(20))));
}

#[test]
fn without_a_pause_the_first_bad_verdict_is_believed() {
    let policy = Policy { confirm_after: TimeDelta::zero(), ..policy() };
    let observation = Observation::failed(Outcome::NotFound, "404");
    let lesson = nobody().learn(Look { observation: &observation, at: at(0), run: 1 }, &policy);
    assert_eq!(lesson.standing.faults, BTreeSet::from([Fault::NotFound]));
}

#[test]
fn a_look_without_a_verdict_moves_no_belief_and_puts_the_question_off() {
    let (once, _) = after(&nobody(), &Observation::failed(Outcome::NotFound, "404"), 0);
    for outcome in [Outcome::Unavailable, Outcome::RateLimited, Outcome::Blocked] {
        let (unsure, changes) = after(&once, &Observation::failed(outcome, "later"), 10);
        assert!(changes.is_empty());
        assert_eq!(unsure.standing.suspicion.map(|s| (s.since, s.ask_at)), Some((at(0), at(20))));
        assert_eq!(unsure.standing.last_verdict_at, Some(at(0)));
        assert_eq!(unsure.standing.no_verdict_since, Some(at(10)));
    }
}

#[test]
fn an_end_that_goes_back_and_forth_is_told_once() {
    let mut known = nobody();
    let mut told = Vec::new();
    for (seconds, days) in [30, 5, 30, 5, 30, 5, 3, 30, 5].into_iter().enumerate() {
        let (next, changes) = after(&known, &ending(days), i64::try_from(seconds).unwrap());
        told.extend(changes.into_iter().map(|change| (change.kind, change.after)));
        known = next;
    }
    let back =
        |days: i64| (ChangeKind::ExpiryMovedBack, crate::domain::time::rfc3339(at(days * 86_400)).into());
    assert_eq!(told, [back(5), back(3)], "each depth once");
    let (renewed, _) = after(&known, &ending(31), 20);
    let (_, again) = after(&renewed, &ending(5), 21);
    assert_eq!(again.len(), 1, "a later end than ever arms it anew");
}

#[test]
fn a_healthy_look_without_an_end_keeps_the_last_known_one() {
    let (known, _) = after(&nobody(), &ending(5), 0);
    let (without, changes) = after(&known, &Observation::ok(Configuration::default()), 1);
    assert!(changes.is_empty());
    assert_eq!((without.standing.end, without.standing.end_missing), (Some(at(5 * 86_400)), false));
}

#[test]
fn choosing_another_source_is_neither_a_renewal_nor_a_step_back() {
    let both =
        Configuration { exp_expire: Some(at(900_000)), exp: Some(at(1_000)), ..Configuration::default() };
    let (known, _) = after(&nobody(), &Observation::ok(both.clone()), 0);
    let policy = Policy { source: EndSource::Exp, ..policy() };
    let observation = Observation::ok(both);
    let lesson = known.learn(Look { observation: &observation, at: at(1), run: 2 }, &policy);
    assert_eq!(lesson.changes, []);
    assert_eq!(lesson.standing.end, Some(at(1_000)));
}

fn observation() -> impl Strategy<Value = Observation> {
    prop_oneof![
        (1_i64..40).prop_map(ending),
        prop::sample::select(&Outcome::ALL[1..]).prop_map(|outcome| Observation::failed(outcome, "…")),
    ]
}

proptest! {
    #[test]
    fn a_fault_is_only_ever_believed_after_two_looks_that_showed_it(looks in prop::collection::vec(observation(), 1..30)) {
        let mut known = nobody();
        let mut seen: Vec<Outcome> = Vec::new();
        for (index, observation) in looks.iter().enumerate() {
            let (next, _) = after(&known, observation, i64::try_from(index).unwrap() * 7);
            seen.push(observation.outcome);
            for fault in next.standing.faults.difference(&known.standing.faults) {
                let shown = seen.iter().filter(|outcome| Fault::of(**outcome) == Some(*fault)).count();
                prop_assert!(shown >= 2);
            }
            if !observation.outcome.is_verdict() {
                prop_assert_eq!(&next.standing.faults, &known.standing.faults);
                prop_assert_eq!(next.standing.end, known.standing.end);
            }
            prop_assert_eq!(observation.outcome == Outcome::Ok, next.standing.last_ok_at == Some(at(i64::try_from(index).unwrap() * 7)));
            known = next;
        }
    }
}

proptest! {
    /// What the store leaves out for calm accounts.
    #[test]
    fn another_look_that_sees_the_same_teaches_a_calm_account_nothing(
        looks in proptest::collection::vec((0_usize..7, 0_i64..40), 1..12),
        later in 1_i64..1_000_000,
    ) {
        let mut known = nobody();
        let mut seconds = 0;
        for (seen, days) in looks {
            seconds += 7;
            let observation = match Outcome::ALL[seen] {
                Outcome::Ok if days == 0 => Observation::ok(Configuration::default()),
                Outcome::Ok => ending(days),
                outcome => Observation::failed(outcome, "no"),
            };
            known = after(&known, &observation, seconds).0;
            if known.standing.is_calm() {
                prop_assert_eq!(&known.configuration, &observation.configuration);
                let (again, changes) = after(&known, &observation, seconds + later);
                let still = known.standing.still_calm(at(seconds + later), seconds + later);
                prop_assert_eq!((again.standing, changes), (still, Vec::new()));
            } else {
                prop_assert!(seen != 0 || !known.standing.expiries.is_settled(), "who answered well is calm");
            }
        }
    }
}
