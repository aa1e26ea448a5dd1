//! The rule of `out_of_credits`, by examples and by properties of any evidence.

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;

use super::*;
use crate::domain::jobs::JobCode;
use OutOfCreditsDecision::{Firing, Resolved, SaysNothing};

const LOW: u64 = 100;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn at(minutes_ago: i64) -> Timestamp {
    now() - TimeDelta::minutes(minutes_ago)
}

fn job(minutes_ago: i64, code: u16) -> Job {
    Job {
        key: JobKey::new(minutes_ago * 1_000 + i64::from(code)),
        at: at(minutes_ago),
        account: None,
        code: JobCode::new(code).unwrap(),
        asks_for_work: true,
    }
}

fn jobs(minutes_ago_and_codes: &[(i64, u16)]) -> Vec<Job> {
    minutes_ago_and_codes.iter().map(|(minutes, code)| job(*minutes, *code)).collect()
}

fn decide(jobs_: &[(i64, u16)], reading: Option<(i64, u64)>) -> OutOfCreditsDecision {
    let evidence = JobEvidence::from_jobs(&jobs(jobs_), now());
    let reading = reading.map(|(minutes, credits)| CreditReading { at: at(minutes), credits });
    evaluate_out_of_credits(evidence.as_ref(), reading.filter(|reading| is_proof(*reading, LOW)), now())
}

#[test]
fn newest_evidence_of_either_source_decides() {
    let reading = |minutes, credits| CreditReading { at: at(minutes), credits };
    let refusal = |minutes| {
        Firing(OutOfCredits::Jobs(CreditRefusals {
            refused: 1,
            jobs: 1,
            since: at(minutes),
            newest_at: at(minutes),
        }))
    };
    for (jobs, read, expected) in [
        (&[][..], None, SaysNothing),
        (&[(20, 412)], None, refusal(20)),
        (&[(20, 200)], None, Resolved(CreditsReturned::Job(at(20)))),
        (&[(20, 403)], None, SaysNothing),
        (&[], Some((20, 0)), Firing(OutOfCredits::Reading(at(20)))),
        (&[], Some((20, 1)), SaysNothing),
        (&[], Some((20, LOW)), SaysNothing),
        (&[], Some((20, LOW + 1)), Resolved(CreditsReturned::Reading(reading(20, LOW + 1)))),
        (&[(20, 412)], Some((30, 500)), refusal(20)),
        (&[(20, 412)], Some((10, 500)), Resolved(CreditsReturned::Reading(reading(10, 500)))),
        (&[(20, 412)], Some((10, 50)), refusal(20)),
        (&[(20, 200)], Some((10, 0)), Firing(OutOfCredits::Reading(at(10)))),
        (&[(20, 200)], Some((30, 0)), Resolved(CreditsReturned::Job(at(20)))),
        (&[(20, 200)], Some((20, 0)), Resolved(CreditsReturned::Job(at(20)))),
        (&[(20, 412)], Some((20, 500)), Resolved(CreditsReturned::Reading(reading(20, 500)))),
        (&[(20, 412)], Some((-1, 500)), refusal(20)),
        (&[(-1, 412)], Some((20, 500)), Resolved(CreditsReturned::Reading(reading(20, 500)))),
    ] {
        assert_eq!(decide(jobs, read), expected, "{jobs:?} {read:?}");
    }
}

#[test]
fn refusals_are_counted_since_the_first_that_no_success_followed() {
    for (jobs_, (refused, all, since, newest)) in [
        (&[(20, 412), (10, 412)][..], (2, 2, 20, 10)),
        (&[(40, 412), (30, 200), (20, 412), (10, 500)], (1, 2, 20, 20)),
        (&[(30, 403), (20, 412), (15, 429), (10, 412)], (2, 2, 20, 10)),
    ] {
        let refusals = CreditRefusals { refused, jobs: all, since: at(since), newest_at: at(newest) };
        assert_eq!(
            JobEvidence::from_jobs(&jobs(jobs_), now()),
            Some(JobEvidence::Refused(refusals)),
            "{jobs_:?}"
        );
    }
}

#[test]
fn call_that_asks_for_no_work_proves_nothing() {
    for code in [200, 412] {
        let read = Job { asks_for_work: false, ..job(10, code) };
        assert_eq!(JobEvidence::from_jobs([&read], now()), None, "{code}");
    }
}

#[test]
fn sentences_name_the_evidence() {
    let detail = |jobs: &[(i64, u16)], reading| match decide(jobs, reading) {
        Firing(cause) => cause.detail(),
        Resolved(cause) => cause.detail(),
        SaysNothing => String::new(),
    };
    assert_eq!(
        detail(&[(30, 412), (20, 500), (10, 412)], None),
        "2 of 3 jobs were refused for lack of credits since 2026-11-23 06:45 UTC (code 412); useapi.net reports jobs up to 15 \
         minutes late."
    );
    assert!(detail(&[(30, 412)], None).starts_with("1 of 1 job was refused for lack of credits since "));
    assert_eq!(detail(&[], Some((15, 0))), "MiniMax reported 0 credits at 2026-11-23 07:00 UTC.");
    assert_eq!(detail(&[], Some((15, 500))), "MiniMax reported 500 credits at 2026-11-23 07:00 UTC.");
    assert_eq!(detail(&[(15, 201)], None), "A job succeeded at 2026-11-23 07:00 UTC.");
}

fn any_jobs() -> impl Strategy<Value = Vec<(i64, u16)>> {
    let codes = prop::sample::select(vec![200, 400, 403, 412, 429, 500]);
    prop::collection::vec((-5_i64..30, codes), 0..12)
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        (given, shuffled) in any_jobs().prop_flat_map(|given| {
            let twice = [given.clone(), given.clone()].concat();
            (Just(given), Just(twice).prop_shuffle())
        }),
    ) {
        let of = |given: &[(i64, u16)]| JobEvidence::from_jobs(&jobs(given), now());
        prop_assert_eq!(of(&given), of(&shuffled));
    }

    #[test]
    fn newest_success_or_refusal_is_the_evidence(given in any_jobs()) {
        let past = || given.iter().filter(|(minutes, _)| *minutes >= 0);
        let newest = past().filter(|(_, code)| [200, 412].contains(code)).min();
        match (JobEvidence::from_jobs(&jobs(&given), now()), newest) {
            (None, None) => {}
            (Some(JobEvidence::Succeeded(moment)), Some((minutes, 200))) => prop_assert_eq!(moment, at(*minutes)),
            (Some(JobEvidence::Refused(refusals)), Some((minutes, 412))) => {
                prop_assert_eq!(refusals.newest_at, at(*minutes));
                prop_assert!(refusals.since <= refusals.newest_at);
                prop_assert!(refusals.refused >= 1 && refusals.refused <= refusals.jobs);
            }
            (evidence, newest) => prop_assert!(false, "{:?} {:?}", evidence, newest),
        }
    }

    #[test]
    fn success_at_the_end_never_raises_an_alert(
        given in any_jobs(),
        reading in prop::option::of((0_i64..30, 0_u64..300)),
    ) {
        let more = [&given[..], &[(0, 200)]].concat();
        prop_assert!(matches!(decide(&more, reading), Resolved(_)));
    }
}
