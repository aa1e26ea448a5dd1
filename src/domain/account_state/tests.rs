use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use strum::IntoEnumIterator;

use super::*;
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::change::ChangeKind;
use crate::domain::configuration::ExpirySource;
use crate::domain::lead_times::LeadTimes;

fn policy() -> Policy {
    Policy {
        source: ExpirySource::ExpExpire,
        lead_times: LeadTimes::new(vec![TimeDelta::days(7)]),
        lead_times_by_account: std::collections::BTreeMap::new(),
        confirm_after: TimeDelta::seconds(10),
        unreachable_after: TimeDelta::hours(1),
        repeat_every: None,
        jobs: None,
        credits: None,
    }
}

fn at(seconds: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn new_account() -> AccountRecord {
    AccountRecord {
        account: AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("1")),
        name: "studio-a".to_owned(),
        account_state: AccountState::default(),
        configuration: None,
    }
}

fn expiring_in_days(days: i64) -> Observation {
    let exp_expire = Some(at(days * 86_400));
    Observation::ok(Configuration { exp_expire, ..Configuration::default() })
}

/// The account after one check, as the store would hold it, and the changes that the check saw.
fn after_check(
    record: &AccountRecord,
    observation: &Observation,
    seconds: i64,
) -> (AccountRecord, Vec<Change>) {
    let update = record.apply_check(Check { observation, at: at(seconds), run: seconds }, &policy());
    let configuration = observation.configuration.clone().or_else(|| record.configuration.clone());
    (AccountRecord { account_state: update.account_state, configuration, ..record.clone() }, update.changes)
}

/// The state of a stable account after another check with the same result, as the store writes it.
fn touched(state: &AccountState, at: Timestamp, run: RunId) -> AccountState {
    let mut expiries = state.expiries.clone();
    expiries.touch(at);
    AccountState {
        expiries,
        checked_at: Some(at),
        last_ok_at: Some(at),
        last_conclusive_at: Some(at),
        auth_run: Some(run),
        last_ok_run: Some(run),
        ..state.clone()
    }
}

#[test]
fn fault_is_confirmed_by_a_second_check_after_the_pause() {
    let refused = Observation::failed(Outcome::Unauthorized, "401");
    let (once, _) = after_check(&new_account(), &refused, 0);
    assert!(once.account_state.faults.is_empty());
    assert_eq!(once.account_state.unconfirmed.map(|unconfirmed| unconfirmed.recheck_at), Some(at(10)));
    let (early, _) = after_check(&once, &refused, 9);
    assert!(early.account_state.faults.is_empty(), "9 s are not 10 s");
    let (twice, _) = after_check(&early, &refused, 10);
    assert_eq!(twice.account_state.faults, BTreeSet::from([Fault::Unauthorized]));
    assert_eq!(twice.account_state.unconfirmed, None);
}

#[test]
fn unconfirmed_fault_is_dropped_by_an_ok() {
    let (once, _) = after_check(&new_account(), &Observation::failed(Outcome::NotFound, "404"), 0);
    let (healthy, _) = after_check(&once, &expiring_in_days(30), 10);
    assert_eq!((healthy.account_state.faults.len(), healthy.account_state.unconfirmed), (0, None));
}

#[test]
fn another_fault_needs_its_own_confirmation() {
    let (once, _) = after_check(&new_account(), &Observation::failed(Outcome::NotFound, "404"), 0);
    let (other, _) = after_check(&once, &Observation::failed(Outcome::AccountError, "596"), 10);
    assert!(other.account_state.faults.is_empty());
    assert_eq!(
        other.account_state.unconfirmed.map(|s| (s.fault, s.recheck_at)),
        Some((Fault::AccountError, at(20)))
    );
}

#[test]
fn first_check_confirms_a_fault_without_a_pause() {
    let policy = Policy { confirm_after: TimeDelta::zero(), ..policy() };
    let observation = Observation::failed(Outcome::NotFound, "404");
    let update = new_account().apply_check(Check { observation: &observation, at: at(0), run: 1 }, &policy);
    assert_eq!(update.account_state.faults, BTreeSet::from([Fault::NotFound]));
}

#[test]
fn inconclusive_check_changes_no_fault_and_defers_the_confirmation() {
    let (once, _) = after_check(&new_account(), &Observation::failed(Outcome::NotFound, "404"), 0);
    for outcome in [Outcome::Unavailable, Outcome::RateLimited, Outcome::Blocked] {
        let (unsure, changes) = after_check(&once, &Observation::failed(outcome, "later"), 10);
        assert!(changes.is_empty());
        assert_eq!(unsure.account_state.unconfirmed.map(|s| (s.since, s.recheck_at)), Some((at(0), at(20))));
        assert_eq!(unsure.account_state.last_conclusive_at, Some(at(0)));
        assert_eq!(unsure.account_state.unreachable_since, Some(at(10)));
    }
}

#[test]
fn alternating_expiry_is_one_step_back_for_each_depth() {
    let mut record = new_account();
    let mut notified = Vec::new();
    for (seconds, days) in [30, 5, 30, 5, 30, 5, 3, 30, 5].into_iter().enumerate() {
        let (next, changes) = after_check(&record, &expiring_in_days(days), i64::try_from(seconds).unwrap());
        notified.extend(changes.into_iter().map(|change| (change.kind, change.after)));
        record = next;
    }
    let back =
        |days: i64| (ChangeKind::ExpiryMovedBack, crate::domain::time::rfc3339(at(days * 86_400)).into());
    assert_eq!(notified, [back(5), back(3)], "each depth once");
    let (renewed, _) = after_check(&record, &expiring_in_days(31), 20);
    let (_, again) = after_check(&renewed, &expiring_in_days(5), 21);
    assert_eq!(again.len(), 1, "a new latest expiry starts again");
}

#[test]
fn ok_without_an_expiry_keeps_the_last_known_one() {
    let (record, _) = after_check(&new_account(), &expiring_in_days(5), 0);
    let (without, changes) = after_check(&record, &Observation::ok(Configuration::default()), 1);
    assert!(changes.is_empty());
    assert_eq!(
        (without.account_state.expires_at, without.account_state.expiry_missing),
        (Some(at(5 * 86_400)), false)
    );
}

#[test]
fn choosing_another_source_is_neither_a_renewal_nor_a_step_back() {
    let both =
        Configuration { exp_expire: Some(at(900_000)), exp: Some(at(1_000)), ..Configuration::default() };
    let (record, _) = after_check(&new_account(), &Observation::ok(both.clone()), 0);
    let policy = Policy { source: ExpirySource::Exp, ..policy() };
    let observation = Observation::ok(both);
    let update = record.apply_check(Check { observation: &observation, at: at(1), run: 2 }, &policy);
    assert_eq!(update.changes, []);
    assert_eq!(update.account_state.expires_at, Some(at(1_000)));
}

fn observation() -> impl Strategy<Value = Observation> {
    prop_oneof![
        (1_i64..40).prop_map(expiring_in_days),
        prop::sample::select(Outcome::iter().skip(1).collect::<Vec<_>>())
            .prop_map(|outcome| Observation::failed(outcome, "…")),
    ]
}

proptest! {
    #[test]
    fn fault_is_confirmed_only_after_two_checks_that_saw_it(checks in prop::collection::vec(observation(), 1..30)) {
        let mut record = new_account();
        let mut seen: Vec<Outcome> = Vec::new();
        for (index, observation) in checks.iter().enumerate() {
            let (next, _) = after_check(&record, observation, i64::try_from(index).unwrap() * 7);
            seen.push(observation.outcome);
            for fault in next.account_state.faults.difference(&record.account_state.faults) {
                let shown = seen.iter().filter(|outcome| Fault::from_outcome(**outcome) == Some(*fault)).count();
                prop_assert!(shown >= 2);
            }
            if !observation.outcome.is_conclusive() {
                prop_assert_eq!(&next.account_state.faults, &record.account_state.faults);
                prop_assert_eq!(next.account_state.expires_at, record.account_state.expires_at);
            }
            prop_assert_eq!(observation.outcome == Outcome::Ok, next.account_state.last_ok_at == Some(at(i64::try_from(index).unwrap() * 7)));
            record = next;
        }
    }
}

proptest! {
    /// The store relies on this for stable accounts.
    #[test]
    fn check_with_the_same_result_only_touches_a_stable_account(
        checks in proptest::collection::vec((0_usize..7, 0_i64..40), 1..12),
        later in 1_i64..1_000_000,
    ) {
        let mut record = new_account();
        let mut seconds = 0;
        for (seen, days) in checks {
            seconds += 7;
            let observation = match Outcome::iter().nth(seen).unwrap() {
                Outcome::Ok if days == 0 => Observation::ok(Configuration::default()),
                Outcome::Ok => expiring_in_days(days),
                outcome => Observation::failed(outcome, "no"),
            };
            record = after_check(&record, &observation, seconds).0;
            if record.account_state.is_stable() {
                prop_assert_eq!(&record.configuration, &observation.configuration);
                let (again, changes) = after_check(&record, &observation, seconds + later);
                let still = touched(&record.account_state, at(seconds + later), seconds + later);
                prop_assert_eq!((again.account_state, changes), (still, Vec::new()));
            } else {
                prop_assert!(seen != 0 || !record.account_state.expiries.is_stable(), "a healthy account is stable");
            }
        }
    }
}

#[test]
fn last_conclusive_check_is_known_behind_inconclusive_ones() {
    let failed = |outcome: Outcome| Observation::failed(outcome, outcome.as_str());
    let down = || failed(Outcome::Unavailable);
    for (checks, expected) in [
        (vec![], None),
        (vec![(0, down())], None),
        (vec![(0, expiring_in_days(20))], Some((0, Some(Outcome::Ok)))),
        (vec![(0, expiring_in_days(20)), (60, down())], Some((0, Some(Outcome::Ok)))),
        (
            vec![(0, expiring_in_days(20)), (60, failed(Outcome::NotFound))],
            Some((60, Some(Outcome::NotFound))),
        ),
        // Awaiting its confirmation, then confirmed.
        (
            vec![(0, expiring_in_days(20)), (60, failed(Outcome::NotFound)), (90, down())],
            Some((60, Some(Outcome::NotFound))),
        ),
        (
            vec![(0, failed(Outcome::NotFound)), (60, failed(Outcome::NotFound)), (90, down())],
            Some((60, Some(Outcome::NotFound))),
        ),
        // Two faults are confirmed, and which one was seen last is not stored.
        (
            [Outcome::NotFound, Outcome::NotFound, Outcome::AccountError, Outcome::AccountError]
                .into_iter()
                .zip([0, 60, 120, 180])
                .map(|(outcome, at)| (at, failed(outcome)))
                .chain([(240, down())])
                .collect(),
            Some((180, None)),
        ),
    ] {
        let record = checks.iter().fold(new_account(), |record, (seconds, observation)| {
            after_check(&record, observation, *seconds).0
        });
        let found = record.account_state.last_conclusive().map(|check| (check.at, check.outcome));
        assert_eq!(found, expected.map(|(seconds, outcome)| (at(seconds), outcome)), "{checks:?}");
    }
}

#[test]
fn each_fault_has_the_outcome_that_shows_it() {
    for fault in Fault::iter() {
        assert_eq!(fault.outcome().and_then(Fault::from_outcome), Some(fault));
    }
}
