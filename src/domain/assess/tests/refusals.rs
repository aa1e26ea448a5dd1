use chrono::TimeDelta;

use super::rehearsal::{World, bad, well};
use crate::domain::alert::AlertKind as Kind;
use crate::domain::observation::{Observation, Outcome};

fn looks(observations: &[Observation]) -> Vec<(usize, Observation)> {
    observations.iter().cloned().enumerate().collect()
}

#[test]
fn a_plan_that_lapsed_is_the_subscriptions_even_beside_an_ok() {
    let mut world = World::of(&["a", "b"]);
    let lapsed = || bad(Outcome::SubscriptionLapsed);
    assert_eq!(world.run(0, &looks(&[lapsed(), well()])), ["opened all subscription_lapsed"]);
    assert!(world.run(60, &looks(&[lapsed(), well()])).is_empty());
    assert_eq!(world.run(120, &looks(&[well(), well()])), ["resolved all subscription_lapsed"]);
}

/// What the accounts answer in successive runs, and what is told in each.
type Story<'a> = (&'a [&'a str], &'a [(&'a str, &'a [&'a str])]);

#[test]
fn a_refusal_is_the_accounts_own_only_when_a_sibling_is_well_in_the_same_run() {
    const BOTH: &[&str] = &["a", "b"];
    const LISTED: &[&str] = &["a", ""];
    // One letter for each member: r refused, k ok, u unavailable, n not found, m malformed, - not looked at.
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
    for (members, runs) in stories {
        let mut world = World::of(members);
        for (index, (answers, told)) in (1_i64..).zip(*runs) {
            let seen = answers.chars().enumerate().filter_map(|(member, letter)| {
                let observation = match letter {
                    'r' => bad(Outcome::Unauthorized),
                    'u' => bad(Outcome::Unavailable),
                    'n' => bad(Outcome::NotFound),
                    'm' => bad(Outcome::Malformed),
                    'k' => well(),
                    _ => return None,
                };
                Some((member, observation))
            });
            let seen: Vec<_> = seen.collect();
            assert_eq!(world.run(index * 60, &seen), *told, "{members:?}, run {index} of {runs:?}");
        }
    }
}

#[test]
fn a_confirmed_refusal_is_judged_by_the_run_that_raised_it() {
    let mut world = World::of(&["a", "b"]).with(|policy| policy.confirm_after = TimeDelta::seconds(10));
    assert!(world.run(0, &looks(&[bad(Outcome::Unauthorized), well()])).is_empty());
    world.look(10, &[(0, bad(Outcome::Unauthorized))]);
    assert_eq!(world.tick(10), ["opened a unauthorized"]);
}

#[test]
fn an_account_that_is_itself_suspected_proves_no_token() {
    let mut world = World::of(&["a", "b"]).with(|policy| policy.confirm_after = TimeDelta::seconds(10));
    world.run_all(0, &well());
    world.run(60, &looks(&[bad(Outcome::Unavailable), bad(Outcome::Unauthorized)]));
    assert_eq!(world.run_all(120, &bad(Outcome::Unauthorized)), ["opened all unauthorized"]);
    assert!(world.run_all(180, &bad(Outcome::Unauthorized)).is_empty());
    assert_eq!(world.of_all(Kind::Unauthorized).unwrap().condition.affected, 2);
}
