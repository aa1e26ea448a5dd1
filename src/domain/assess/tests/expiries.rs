//! Whatever the vendor shows of the two expiries, there is no all-clear while the token may die.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::rehearsal::{World, at, ends};
use crate::domain::alert::{AlertKind, Resolution, Severity};
use crate::domain::assess::{Transition, gets_graver};
use crate::domain::configuration::{Configuration, EndSource};
use crate::domain::expiry::{Ladder, Stage};
use crate::domain::message::Reason;
use crate::domain::observation::Observation;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// What one answer shows of one value, in seconds from the beginning or from the answer.
#[derive(Clone, Copy, Debug)]
enum Shows {
    At(i64),
    InFromNow(i64),
    Nothing,
    Nonsense,
}

impl Shows {
    fn value(self, now: i64) -> Option<i64> {
        match self {
            Self::At(end) => Some(end),
            Self::InFromNow(left) => Some(now + left),
            Self::Nothing | Self::Nonsense => None,
        }
    }

    fn text(self) -> Option<String> {
        matches!(self, Self::Nonsense).then(|| "Invalid Date".to_owned())
    }
}

/// A run: how long after the one before, and what it shows of `exp_Expire` and of `exp`.
type Step = (i64, Shows, Shows);

fn shows() -> impl Strategy<Value = Shows> {
    let near = prop::sample::select(vec![HOUR, 12 * HOUR, 2 * DAY, 5 * DAY, 9 * DAY, 22 * DAY]);
    prop_oneof![
        3 => near.clone().prop_map(Shows::At),
        2 => (near, prop::sample::select(vec![-HOUR, -61, 61, HOUR])).prop_map(|(end, by)| Shows::At(end + by)),
        1 => (0..31 * DAY).prop_map(Shows::At),
        2 => (0..12 * DAY).prop_map(Shows::InFromNow),
        3 => Just(Shows::Nothing),
        2 => Just(Shows::Nonsense),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (prop::sample::select(vec![60, 900, HOUR, 11 * HOUR, DAY, 3 * DAY]), shows(), shows())
}

fn source() -> impl Strategy<Value = EndSource> {
    prop::sample::select(vec![EndSource::ExpExpire, EndSource::Exp, EndSource::Earliest])
}

fn ladder() -> impl Strategy<Value = Ladder> {
    let days = |days: &[i64]| Ladder::new(days.iter().copied().map(TimeDelta::days).collect());
    prop::sample::select(vec![
        Ladder::new([168, 72, 24, 1].map(TimeDelta::hours).to_vec()),
        days(&[10, 2]),
        Ladder::new(vec![TimeDelta::hours(2)]),
    ])
}

fn answer((_, exp_expire, exp): &Step, now: i64) -> Observation {
    Observation::ok(Configuration {
        exp_expire: exp_expire.value(now).map(at),
        exp: exp.value(now).map(at),
        exp_expire_unreadable: exp_expire.text(),
        exp_unreadable: exp.text(),
        ..Configuration::default()
    })
}

/// The last value that was readable of one of the two, in all answers so far.
fn last(answers: &[[Option<i64>; 2]], which: usize) -> Option<i64> {
    answers.iter().rev().find_map(|answer| answer[which])
}

/// The nearest expiry that is known of the configured source.
fn nearest(answers: &[[Option<i64>; 2]], source: EndSource) -> Option<i64> {
    let (own, other) = match source {
        EndSource::ExpExpire => (last(answers, 0), last(answers, 1)),
        EndSource::Exp => (last(answers, 1), last(answers, 0)),
        EndSource::Earliest => return [0, 1].into_iter().filter_map(|which| last(answers, which)).min(),
    };
    own.or(other)
}

/// Whether the other value shows a renewal since this one was last readable.
fn is_renewed_by_other(answers: &[[Option<i64>; 2]], which: usize, longest: i64, times: &[i64]) -> bool {
    let Some(readable) = answers.iter().rposition(|answer| answer[which].is_some()) else { return false };
    let mut others = (readable..answers.len()).filter_map(|at| Some((answers[at][1 - which]?, times[at])));
    let Some((then, _)) = others.next() else { return false };
    others.any(|(other, now)| other - then >= HOUR && other - now > longest)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn no_all_clear_while_the_nearest_known_expiry_is_near(
        steps in prop::collection::vec(step(), 1..30),
        source in source(),
        ladder in ladder(),
    ) {
        let longest = ladder.leads()[0].num_seconds();
        let mut world = World::of(&["a"]).with(|policy| (policy.source, policy.ladder) = (source, ladder));
        let (mut now, mut answers, mut times) = (0, Vec::new(), Vec::new());
        for step in &steps {
            let until = now + step.0;
            let counts = world.members[0].standing.end.map(|end| (end - at(0)).num_seconds());
            if let Some(end) = counts.filter(|end| now < *end && *end <= until) {
                world.tick(end);
                let heard = world.heard.iter().any(|heard| heard.alert.condition.stage == Some(Stage::Expired));
                prop_assert!(heard, "expired is sent at its moment");
                let told = world.of_account(0, AlertKind::Expiry).and_then(|alert| world.told(0, alert, at(end)));
                prop_assert_eq!(told.and_then(|told| told.stage), Some(Stage::Expired));
            }
            now = until;
            world.tick(now);
            let fired = world.of_account(0, AlertKind::Expiry).cloned();
            answers.push([step.1.value(now), step.2.value(now)]);
            times.push(now);
            world.run_all(now, &answer(step, now));
            let fires = world.of_account(0, AlertKind::Expiry);
            if let Some(fires) = fires {
                let ahead = fires.condition.stage == Some(Stage::Expired)
                    && fires.condition.expires_at.is_some_and(|end| end - at(now) >= TimeDelta::hours(1));
                prop_assert!(!ahead, "it says expired of a token that lives");
            }
            let (Some(fired), None) = (fired, fires) else { continue };
            let renewed = [0, 1].map(|which| is_renewed_by_other(&answers, which, longest, &times));
            let by_other = match source {
                EndSource::ExpExpire => renewed[0],
                EndSource::Exp => renewed[1],
                EndSource::Earliest => renewed[0] || renewed[1],
            };
            let nearest = nearest(&answers, source);
            prop_assert!(
                by_other || nearest.is_some_and(|end| end - now > longest),
                "an all-clear while {nearest:?} is near at {now}"
            );
            let ended = world.alerts.iter().find(|alert| alert.id == fired.id).and_then(|alert| alert.resolution);
            prop_assert!(matches!(ended, Some(Resolution::Renewed | Resolution::RenewedByOther)));
        }
    }

    #[test]
    fn sliding_expiry_gives_one_message_and_keeps_its_acknowledgement(
        left in 0..7 * DAY,
        runs in prop::collection::vec((60..4 * HOUR, -1_799_i64..1_800), 1..40),
    ) {
        let mut world = World::of(&["a"]);
        let (mut now, mut heard) = (0, world.run_all(0, &ends(left)).len());
        prop_assert_eq!(heard, 1);
        let stage = world.alerts[0].condition.stage;
        for (pause, jitter) in runs {
            // As far off as at first, give or take; it never comes nearer than a stage that was reached.
            now += pause;
            world.look(now, &[(0, answer(&(pause, Shows::InFromNow(left + jitter), Shows::Nothing), now))]);
            let before = world.alerts.clone();
            for transition in world.transitions(now) {
                let escalates = gets_graver(&transition, &before).is_some();
                let Transition::Update(..) = transition else {
                    return Err(TestCaseError::fail(format!("no single alert: {transition:?}")));
                };
                if escalates {
                    heard += 1;
                }
            }
            world.tick(now);
        }
        let jittered = world.alerts[0].condition.stage != stage;
        prop_assert!(world.heard.len() == heard && heard <= 1 + usize::from(jittered), "{heard}");
        prop_assert!(world.heard.iter().all(|heard| heard.reason != Reason::Resolved));
    }
}

#[test]
fn jittering_expiry_is_one_alert_with_one_message_for_each_stage() {
    let mut world = World::of(&["a"]);
    let end = 8 * DAY;
    let mut heard = Vec::new();
    for run in 0..9 * 96 {
        let by = [0, 61, -61, 3_000, -500][usize::try_from(run % 5).unwrap()];
        heard.extend(world.run_all(run * 900, &ends(end + by)));
    }
    let stages =
        ["opened a expiry 7d", "escalated a expiry 3d", "escalated a expiry 1d", "escalated a expiry 1h"];
    assert_eq!(heard, [&stages[..], &["escalated a expiry expired"]].concat());
    assert_eq!(world.firing(), [("a".to_owned(), AlertKind::Expiry, Severity::Critical)]);
}
