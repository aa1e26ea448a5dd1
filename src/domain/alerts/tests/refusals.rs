use chrono::TimeDelta;

use super::world::{World, failed, healthy};
use crate::domain::alerts::AlertKind as Kind;
use crate::domain::observation::{Observation, Outcome};

fn checks(observations: &[Observation]) -> Vec<(usize, Observation)> {
    observations.iter().cloned().enumerate().collect()
}

#[test]
fn lapsed_plan_concerns_the_subscription_in_spite_of_an_ok_in_the_same_run() {
    let mut world = World::new(&["a", "b"]);
    let lapsed = || failed(Outcome::SubscriptionLapsed);
    assert_eq!(world.run(0, &checks(&[lapsed(), healthy()])), ["opened all subscription_lapsed"]);
    assert!(world.run(60, &checks(&[lapsed(), healthy()])).is_empty());
    assert_eq!(world.run(120, &checks(&[healthy(), healthy()])), ["resolved all subscription_lapsed"]);
}

/// The accounts, the answers in successive runs, and what is sent after each.
type Story<'a> = (&'a [&'a str], &'a [(&'a str, &'a [&'a str])]);

#[test]
fn refusal_concerns_an_account_only_when_a_sibling_is_healthy_in_the_same_run() {
    const BOTH: &[&str] = &["a", "b"];
    const LISTED: &[&str] = &["a", ""];
    // One letter for each account: r refused, k ok, u unavailable, n not found, m malformed, - not checked.
    let stories: &[Story<'_>] = &[
        (BOTH, &[("rr", &["opened all unauthorized"]), ("kk", &["resolved all unauthorized"])]),
        (BOTH, &[("rk", &["opened a unauthorized"]), ("kk", &["resolved a unauthorized"])]),
        (BOTH, &[("kk", &[]), ("ru", &["opened all unauthorized"])]),
        (BOTH, &[("kk", &[]), ("r-", &["opened all unauthorized"])]),
        (
            BOTH,
            &[
                ("rr", &["opened all unauthorized"]),
                ("rk", &["resolved all unauthorized", "opened a unauthorized"]),
            ],
        ),
        (
            BOTH,
            &[
                ("rr", &["opened all unauthorized"]),
                ("uk", &["resolved all unauthorized"]),
                ("uu", &[]),
                ("nu", &["opened a not_found"]),
                ("mu", &["opened a malformed"]),
            ],
        ),
        (
            BOTH,
            &[
                ("rr", &["opened all unauthorized"]),
                ("uk", &["resolved all unauthorized"]),
                ("rk", &["opened a unauthorized"]),
            ],
        ),
        (
            BOTH,
            &[
                ("rk", &["opened a unauthorized"]),
                ("ru", &[]),
                ("r-", &[]),
                ("-k", &[]),
                ("rk", &[]),
                ("uk", &[]),
                ("kk", &["resolved a unauthorized"]),
            ],
        ),
        (
            BOTH,
            &[
                ("rk", &["opened a unauthorized"]),
                ("rr", &["opened all unauthorized"]),
                ("kk", &["resolved a unauthorized", "resolved all unauthorized"]),
            ],
        ),
        (BOTH, &[("rn", &["opened b not_found", "opened all unauthorized"])]),
        (&["a"], &[("r", &["opened all unauthorized"]), ("u", &[]), ("k", &["resolved all unauthorized"])]),
        (LISTED, &[("rk", &["opened a unauthorized"]), ("kk", &["resolved a unauthorized"])]),
        (LISTED, &[("rr", &["opened all unauthorized"]), ("kk", &["resolved all unauthorized"])]),
        (LISTED, &[("kr", &[]), ("ku", &[])]),
        (&[""], &[("r", &["opened all unauthorized"]), ("u", &[]), ("k", &["resolved all unauthorized"])]),
    ];
    for (accounts, runs) in stories {
        let mut world = World::new(accounts);
        for (index, (answers, notified)) in (1_i64..).zip(*runs) {
            let seen = answers.chars().enumerate().filter_map(|(account, letter)| {
                let observation = match letter {
                    'r' => failed(Outcome::Unauthorized),
                    'u' => failed(Outcome::Unavailable),
                    'n' => failed(Outcome::NotFound),
                    'm' => failed(Outcome::Malformed),
                    'k' => healthy(),
                    _ => return None,
                };
                Some((account, observation))
            });
            let seen: Vec<_> = seen.collect();
            assert_eq!(world.run(index * 60, &seen), *notified, "{accounts:?}, run {index} of {runs:?}");
        }
    }
}

#[test]
fn confirmed_refusal_is_attributed_by_the_run_that_saw_it_first() {
    let mut world =
        World::new(&["a", "b"]).with_policy(|policy| policy.confirm_after = TimeDelta::seconds(10));
    assert!(world.run(0, &checks(&[failed(Outcome::Unauthorized), healthy()])).is_empty());
    world.check(10, &[(0, failed(Outcome::Unauthorized))]);
    assert_eq!(world.tick(10), ["opened a unauthorized"]);
}

#[test]
fn account_with_an_unconfirmed_fault_does_not_prove_the_token() {
    let mut world =
        World::new(&["a", "b"]).with_policy(|policy| policy.confirm_after = TimeDelta::seconds(10));
    world.run_all(0, &healthy());
    world.run(60, &checks(&[failed(Outcome::Unavailable), failed(Outcome::Unauthorized)]));
    assert_eq!(world.run_all(120, &failed(Outcome::Unauthorized)), ["opened all unauthorized"]);
    assert!(world.run_all(180, &failed(Outcome::Unauthorized)).is_empty());
    assert_eq!(world.subscription_alert(Kind::Unauthorized).unwrap().condition.affected, 2);
}
