//! The rule of `jobs_failing`, by examples and by properties of any jobs.

use chrono::{TimeZone, Utc};
use proptest::prelude::*;

use super::*;

const POLICY: JobsPolicy = JobsPolicy { window: TimeDelta::hours(1), min_jobs: 3, failing: 0.5 };

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

/// A job that was answered so many minutes before `now`, with a key of its own.
fn job(minutes_ago: i64, code: u16) -> Job {
    Job {
        key: JobKey::new(minutes_ago * 1_000 + i64::from(code)),
        at: now() - TimeDelta::minutes(minutes_ago),
        account: None,
        code: JobCode::new(code).unwrap(),
        asks_for_work: true,
    }
}

fn decide(jobs: &[(i64, u16)]) -> JobsDecision {
    let jobs: Vec<Job> = jobs.iter().map(|(minutes, code)| job(*minutes, *code)).collect();
    evaluate(&jobs, &POLICY, now())
}

/// The alert's sentence and severity.
fn firing(jobs: &[(i64, u16)]) -> (String, Severity) {
    match decide(jobs) {
        JobsDecision::Firing(failing) => (failing.detail(), failing.severity),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn sentence_says_how_many_of_how_many_since_when_with_which_codes() {
    let (detail, severity) = firing(&[(50, 200), (40, 403), (30, 596), (20, 403), (10, 403), (9, 403)]);
    assert_eq!(
        detail,
        "5 of 6 jobs failed since 2026-11-23 06:25 UTC (codes 403, 596); useapi.net reports jobs up to 15 minutes late."
    );
    assert_eq!(severity, Severity::Warning);
    let (detail, severity) = firing(&[(30, 500), (20, 500), (10, 500)]);
    assert!(detail.starts_with("3 of 3 jobs failed since 2026-11-23 06:45 UTC (code 500); "), "{detail}");
    assert_eq!(severity, Severity::Critical);
}

#[test]
fn many_codes_are_counted_instead_of_named() {
    let jobs: Vec<(i64, u16)> = (0..9).map(|number| (10 + i64::from(number), 500 + number)).collect();
    let (detail, _) = firing(&jobs);
    assert!(detail.contains("(codes 500, 501, 502, 503, 504, 505 and 3 more)"), "{detail}");
}

#[test]
fn alert_fires_from_the_share_on_and_only_if_the_newest_job_failed() {
    assert!(matches!(decide(&[(40, 200), (30, 200), (20, 403), (10, 403)]), JobsDecision::Firing(_)));
    assert_eq!(decide(&[(40, 403), (30, 200), (20, 403), (10, 200)]), JobsDecision::SaysNothing);
    let below = decide(&[(50, 200), (40, 200), (30, 200), (20, 403), (10, 403)]);
    assert!(matches!(below, JobsDecision::Recovered(Recovery::BelowShare(_))), "{below:?}");
}

#[test]
fn fewer_jobs_than_the_minimum_say_nothing() {
    assert_eq!(decide(&[]), JobsDecision::SaysNothing);
    assert_eq!(decide(&[(20, 403), (10, 403)]), JobsDecision::SaysNothing);
    assert_eq!(decide(&[(20, 200), (10, 200)]), JobsDecision::SaysNothing);
    let only_one = JobsPolicy { min_jobs: 0, ..POLICY };
    assert_eq!(evaluate(&[], &only_one, now()), JobsDecision::SaysNothing);
    let JobsDecision::Firing(failing) = evaluate(&[job(10, 596)], &only_one, now()) else { unreachable!() };
    assert!(failing.detail().starts_with("1 of 1 job failed since "), "{}", failing.detail());
}

#[test]
fn jobs_that_do_not_count_neither_raise_nor_hide_an_alert() {
    let not_counted = [(9, 400), (8, 401), (7, 402), (6, 404), (5, 412), (4, 422), (3, 429)];
    assert_eq!(decide(&not_counted), JobsDecision::SaysNothing);
    let failed = [(30, 403), (20, 403), (10, 403)];
    assert_eq!(decide(&[&failed[..], &not_counted].concat()), decide(&failed));
}

#[test]
fn window_ends_where_the_data_end() {
    // Reported 15 minutes late: the whole hour before that counts.
    assert!(matches!(decide(&[(74, 403), (40, 403), (16, 403)]), JobsDecision::Firing(_)));
    assert_eq!(decide(&[(75, 403), (40, 403), (16, 403)]), JobsDecision::SaysNothing);
    // Reported sooner: the hour before the newest job.
    assert!(matches!(decide(&[(64, 403), (40, 403), (5, 403)]), JobsDecision::Firing(_)));
    assert_eq!(decide(&[(65, 403), (40, 403), (5, 403)]), JobsDecision::SaysNothing);
}

#[test]
fn old_jobs_raise_no_alert() {
    let month = 30 * 24 * 60;
    assert_eq!(decide(&[(month + 2, 403), (month + 1, 403), (month, 403)]), JobsDecision::SaysNothing);
}

#[test]
fn newest_successes_end_an_alert_however_far_apart_they_are() {
    let rare = decide(&[(900, 403), (600, 200), (300, 200), (10, 200)]);
    assert_eq!(rare, JobsDecision::Recovered(Recovery::NewestSucceeded(3)));
    let JobsDecision::Recovered(recovery) = rare else { unreachable!() };
    assert_eq!(recovery.detail(), "The newest 3 jobs succeeded.");
    assert_eq!(decide(&[(600, 403), (300, 200), (10, 200)]), JobsDecision::SaysNothing);
    // Although most of the window failed.
    let failed: Vec<(i64, u16)> = (20..40).map(|minutes| (minutes, 403)).collect();
    let recovered = decide(&[&failed[..], &[(12, 200), (11, 200), (10, 200)]].concat());
    assert_eq!(recovered, JobsDecision::Recovered(Recovery::NewestSucceeded(3)));
}

#[test]
fn window_below_the_share_ends_an_alert() {
    let JobsDecision::Recovered(recovery) = decide(&[(40, 200), (30, 200), (20, 200), (10, 403)]) else {
        unreachable!()
    };
    assert_eq!(recovery.detail(), "Only 1 of 4 jobs failed since 2026-11-23 06:35 UTC.");
}

#[test]
fn share_is_reached_exactly() {
    let policy = JobsPolicy { failing: 0.1, ..POLICY };
    let mut jobs: Vec<Job> = (20..47).map(|minutes| job(minutes, 200)).collect();
    jobs.extend((10..13).map(|minutes| job(minutes, 403)));
    assert!(matches!(evaluate(&jobs, &policy, now()), JobsDecision::Firing(_)), "3 of 30");
    jobs.push(job(19, 200));
    assert!(matches!(evaluate(&jobs, &policy, now()), JobsDecision::Recovered(_)), "3 of 31");
}

#[test]
fn success_at_the_same_moment_as_a_failure_is_the_newer_one() {
    assert_eq!(decide(&[(20, 403), (20, 500), (10, 403), (10, 200)]), JobsDecision::SaysNothing);
}

fn any_job() -> impl Strategy<Value = Job> {
    let codes = prop::sample::select(vec![200, 201, 400, 403, 404, 412, 429, 500, 596]);
    (-30_i64..200, codes, any::<bool>(), 0_i64..3).prop_map(|(minutes, code, asks_for_work, number)| Job {
        key: JobKey::new(number + job(minutes, code).key.hash() * 3),
        asks_for_work: asks_for_work || number > 0,
        ..job(minutes, code)
    })
}

fn any_policy() -> impl Strategy<Value = JobsPolicy> {
    (1_i64..300, 0_u32..5, 0.05..=1.0_f64).prop_map(|(minutes, min_jobs, failing)| JobsPolicy {
        window: TimeDelta::minutes(minutes),
        min_jobs,
        failing,
    })
}

fn counts(job: &Job) -> bool {
    matches!(job.result(), JobResult::Succeeded | JobResult::Failed)
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        (jobs, shuffled) in prop::collection::vec(any_job(), 0..20).prop_flat_map(|jobs| {
            let twice = [jobs.clone(), jobs.clone()].concat();
            (Just(jobs), Just(twice).prop_shuffle())
        }),
        policy in any_policy(),
    ) {
        prop_assert_eq!(evaluate(&jobs, &policy, now()), evaluate(&shuffled, &policy, now()));
    }

    #[test]
    fn jobs_that_do_not_count_or_lie_in_the_future_change_nothing(
        jobs in prop::collection::vec(any_job(), 0..20),
        policy in any_policy(),
    ) {
        let counted: Vec<Job> = jobs.iter().filter(|job| counts(job) && job.at <= now()).cloned().collect();
        prop_assert_eq!(evaluate(&jobs, &policy, now()), evaluate(&counted, &policy, now()));
    }

    #[test]
    fn alert_that_fires_is_true_and_recent(
        jobs in prop::collection::vec(any_job(), 0..20),
        policy in any_policy(),
    ) {
        let JobsDecision::Firing(failing) = evaluate(&jobs, &policy, now()) else { return Ok(()) };
        let JobCounts { failed, counted, since } = failing.counts;
        prop_assert!(failed >= 1 && failed <= counted && counted >= policy.min_jobs);
        prop_assert!(f64::from(failed) >= policy.failing * f64::from(counted) - 1e-9);
        prop_assert!(since <= now() && since > now() - policy.window - MAX_DATA_DELAY);
        prop_assert_eq!(failing.severity == Severity::Critical, failed == counted);
        prop_assert!(!failing.codes.is_empty());
        prop_assert!(failing.codes.iter().all(|code| jobs.iter().any(|job| job.code == *code && counts(job))));
    }

    #[test]
    fn successes_at_the_end_never_raise_an_alert_and_enough_of_them_end_it(
        jobs in prop::collection::vec(any_job(), 0..20),
        policy in any_policy(),
        successes in 1_u32..6,
    ) {
        let jobs: Vec<Job> = jobs.into_iter().filter(|job| job.at < now()).collect();
        let key = |number: u32| JobKey::new(i64::MAX - i64::from(number));
        let newest = (0..successes).map(|number| Job { key: key(number), ..job(0, 200) });
        let more: Vec<Job> = jobs.iter().cloned().chain(newest).collect();
        let decision = evaluate(&more, &policy, now());
        prop_assert!(!matches!(decision, JobsDecision::Firing(_)), "{:?}", decision);
        if successes >= policy.min_jobs.max(1) {
            prop_assert!(matches!(decision, JobsDecision::Recovered(_)), "{:?}", decision);
        }
    }

    #[test]
    fn failures_at_the_end_never_end_an_alert_that_fires(
        jobs in prop::collection::vec(any_job(), 0..20),
        policy in any_policy(),
    ) {
        let jobs: Vec<Job> = jobs.into_iter().filter(|job| job.at < now() - MAX_DATA_DELAY).collect();
        if matches!(evaluate(&jobs, &policy, now()), JobsDecision::Firing(_)) {
            let at = now() - MAX_DATA_DELAY;
            let failure = Job { key: JobKey::new(i64::MAX), at, ..job(0, 500) };
            let more: Vec<Job> = jobs.iter().cloned().chain([failure]).collect();
            prop_assert!(matches!(evaluate(&more, &policy, now()), JobsDecision::Firing(_)));
        }
    }
}
