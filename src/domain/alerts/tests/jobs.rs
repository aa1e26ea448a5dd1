//! Alerts about jobs together with the other alerts of an account.

use chrono::TimeDelta;

use super::world::{World, at, failed, healthy};
use crate::domain::alerts::AccountJobs;
use crate::domain::alerts::AlertKind as Kind;
use crate::domain::jobs::{Job, JobCode, JobKey, JobsPolicy, UnseenJobs};
use crate::domain::observation::Outcome;

const POLICY: JobsPolicy = JobsPolicy { window: TimeDelta::hours(1), min_jobs: 3, failing: 0.5 };

/// The first record, whose jobs are watched, gets jobs of these codes, one each second up to this moment.
fn put(world: &mut World, seconds: i64, codes: &[u16]) {
    let job = |(index, code): (i64, &u16)| Job {
        key: JobKey::new(seconds * 100 + index),
        at: at(seconds - index),
        account: None,
        code: JobCode::new(*code).unwrap(),
        asks_for_work: true,
    };
    let jobs: Vec<Job> = (0..).zip(codes.iter().rev()).map(job).collect();
    world.jobs.insert(
        world.records[0].account.clone(),
        AccountJobs::new(&jobs, &UnseenJobs::default(), &POLICY, at(seconds)),
    );
}

fn watching() -> World {
    World::new(&["a", "b"]).with_policy(|policy| policy.jobs = Some(POLICY))
}

#[test]
fn healthy_account_whose_jobs_fail_alerts_until_they_succeed() {
    let mut world = watching();
    put(&mut world, 0, &[200, 403, 403]);
    assert_eq!(world.run_all(0, &healthy()), ["opened a jobs_failing"]);
    put(&mut world, 60, &[403, 403, 403]);
    assert_eq!(world.run_all(60, &healthy()), ["escalated a jobs_failing"]);
    put(&mut world, 120, &[403, 200]);
    assert!(world.run_all(120, &healthy()).is_empty());
    world.jobs.clear();
    assert!(world.run_all(180, &healthy()).is_empty(), "what says nothing resolves nothing");
    put(&mut world, 240, &[200, 200, 200]);
    assert_eq!(world.run_all(240, &healthy()), ["resolved a jobs_failing"]);
}

#[test]
fn jobs_of_no_known_account_alert_nothing() {
    // The list is among the records of a subscription that discovers its accounts, and has the id of those jobs.
    let mut world = World::new(&["", "a"]).with_policy(|policy| policy.jobs = Some(POLICY));
    put(&mut world, 0, &[403, 403, 412]);
    assert!(world.run_all(0, &healthy()).is_empty());
    assert!(world.alerts.is_empty());
}

#[test]
fn lack_of_credits_alerts_until_a_job_succeeds() {
    let mut world = watching();
    put(&mut world, 0, &[200, 412]);
    assert_eq!(world.run_all(0, &healthy()), ["opened a out_of_credits"]);
    put(&mut world, 60, &[412, 200]);
    assert_eq!(world.run_all(60, &healthy()), ["resolved a out_of_credits"]);
}

#[test]
fn open_alert_that_explains_it_hides_failing_jobs() {
    for outcome in [Outcome::AccountError, Outcome::Unauthorized, Outcome::SubscriptionLapsed] {
        let mut world = watching();
        put(&mut world, 0, &[403, 403, 403, 412]);
        // The explanation opens in the same evaluation.
        world.run_all(0, &failed(outcome));
        assert!(
            world.firing().iter().all(|(_, kind, _)| !matches!(kind, Kind::JobsFailing | Kind::OutOfCredits))
        );
        // The jobs so far stay explained when it ends.
        world.run_all(60, &healthy());
        assert!(world.account_alert(0, Kind::JobsFailing).is_none(), "{outcome}");
        world.run_all(90, &healthy());
        assert!(world.account_alert(0, Kind::JobsFailing).is_some(), "{outcome}");
        assert!(world.account_alert(0, Kind::OutOfCredits).is_some(), "{outcome}");
        world.run_all(120, &failed(outcome));
        assert!(world.account_alert(0, Kind::JobsFailing).is_none(), "{outcome}");
        let ended = world.alerts.iter().find(|alert| alert.condition.kind == Kind::JobsFailing).unwrap();
        assert!(ended.condition.detail.contains(outcome.as_str()), "{}", ended.condition.detail);
    }
}

#[test]
fn other_faults_explain_nothing() {
    let mut world = watching();
    put(&mut world, 0, &[403, 403, 403]);
    assert_eq!(
        world.run(0, &[(0, failed(Outcome::NotFound)), (1, healthy())]),
        ["opened a not_found", "opened a jobs_failing"]
    );
}

#[test]
fn jobs_that_are_no_longer_watched_end_their_alerts() {
    let mut world = watching();
    put(&mut world, 0, &[403, 403, 403, 412]);
    assert_eq!(world.run_all(0, &healthy()), ["opened a jobs_failing", "opened a out_of_credits"]);
    world.jobs.clear();
    world.policy.jobs = None;
    assert_eq!(world.tick(60), ["resolved a jobs_failing", "resolved a out_of_credits"]);
}
