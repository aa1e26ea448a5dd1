//! Whatever the vendor shows of the two expiries, there is no all-clear while the token may expire.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::world::{World, at, expiring_at};
use crate::domain::alerts::Transition;
use crate::domain::alerts::{AlertKind, Resolution, Severity};
use crate::domain::configuration::{Configuration, ExpirySource};
use crate::domain::lead_times::{LeadTimes, Stage};
use crate::domain::message::Reason;
use crate::domain::observation::Observation;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// What one answer shows of one value, in seconds from the start or from the answer.
#[derive(Clone, Copy, Debug)]
enum Shown {
    At(i64),
    InFromNow(i64),
    Nothing,
    Nonsense,
}

impl Shown {
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

/// A run: how long after the previous one, and what it shows of `exp_Expire` and of `exp`.
type Step = (i64, Shown, Shown);

fn shown() -> impl Strategy<Value = Shown> {
    let near = prop::sample::select(vec![HOUR, 12 * HOUR, 2 * DAY, 5 * DAY, 9 * DAY, 22 * DAY]);
    prop_oneof![
        3 => near.clone().prop_map(Shown::At),
        2 => (near, prop::sample::select(vec![-HOUR, -61, 61, HOUR])).prop_map(|(end, by)| Shown::At(end + by)),
        1 => (0..31 * DAY).prop_map(Shown::At),
        2 => (0..12 * DAY).prop_map(Shown::InFromNow),
        3 => Just(Shown::Nothing),
        2 => Just(Shown::Nonsense),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (prop::sample::select(vec![60, 900, HOUR, 11 * HOUR, DAY, 3 * DAY]), shown(), shown())
}

fn source() -> impl Strategy<Value = ExpirySource> {
    prop::sample::select(vec![ExpirySource::ExpExpire, ExpirySource::Exp, ExpirySource::Earliest])
}

fn lead_times() -> impl Strategy<Value = LeadTimes> {
    let days = |days: &[i64]| LeadTimes::new(days.iter().copied().map(TimeDelta::days).collect());
    prop::sample::select(vec![
        LeadTimes::new([168, 72, 24, 1].map(TimeDelta::hours).to_vec()),
        days(&[10, 2]),
        LeadTimes::new(vec![TimeDelta::hours(2)]),
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
fn nearest(answers: &[[Option<i64>; 2]], source: ExpirySource) -> Option<i64> {
    let (own, other) = match source {
        ExpirySource::ExpExpire => (last(answers, 0), last(answers, 1)),
        ExpirySource::Exp => (last(answers, 1), last(answers, 0)),
        ExpirySource::Earliest => return [0, 1].into_iter().filter_map(|which| last(answers, which)).min(),
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
        lead_times in lead_times(),
    ) {
        let longest = lead_times.as_slice()[0].num_seconds();
        let mut world = World::new(&["a"]).with_policy(|policy| (policy.source, policy.lead_times) = (source, lead_times));
        let (mut now, mut answers, mut times) = (0, Vec::new(), Vec::new());
        for step in &steps {
            let until = now + step.0;
            let counts = world.records[0].account_state.expires_at.map(|end| (end - at(0)).num_seconds());
            if let Some(end) = counts.filter(|end| now < *end && *end <= until) {
                world.tick(end);
                let sent = world.sent.iter().any(|sent| sent.alert.condition.stage == Some(Stage::Expired));
                prop_assert!(sent, "expired is sent at its moment");
                let notified = world.account_alert(0, AlertKind::Expiry).and_then(|alert| world.notified(0, alert, at(end)));
                prop_assert_eq!(notified.and_then(|notified| notified.stage), Some(Stage::Expired));
            }
            now = until;
            world.tick(now);
            let fired = world.account_alert(0, AlertKind::Expiry).cloned();
            answers.push([step.1.value(now), step.2.value(now)]);
            times.push(now);
            world.run_all(now, &answer(step, now));
            let fires = world.account_alert(0, AlertKind::Expiry);
            if let Some(fires) = fires {
                let ahead = fires.condition.stage == Some(Stage::Expired)
                    && fires.condition.expires_at.is_some_and(|end| end - at(now) >= TimeDelta::hours(1));
                prop_assert!(!ahead, "the alert says expired, but the token is valid");
            }
            let (Some(fired), None) = (fired, fires) else { continue };
            let renewed = [0, 1].map(|which| is_renewed_by_other(&answers, which, longest, &times));
            let by_other = match source {
                ExpirySource::ExpExpire => renewed[0],
                ExpirySource::Exp => renewed[1],
                ExpirySource::Earliest => renewed[0] || renewed[1],
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
    fn shifting_expiry_sends_one_message_and_keeps_its_acknowledgement(
        left in 0..7 * DAY,
        runs in prop::collection::vec((60..4 * HOUR, -1_799_i64..1_800), 1..40),
    ) {
        let mut world = World::new(&["a"]);
        let (mut now, mut sent) = (0, world.run_all(0, &expiring_at(left)).len());
        prop_assert_eq!(sent, 1);
        let stage = world.alerts[0].condition.stage;
        for (pause, jitter) in runs {
            // About as far away as at first, so it never reaches a more severe stage.
            now += pause;
            world.check(now, &[(0, answer(&(pause, Shown::InFromNow(left + jitter), Shown::Nothing), now))]);
            let before = world.alerts.clone();
            for transition in world.transitions(now) {
                let escalates = transition.escalated_alert(&before).is_some();
                let Transition::Update(..) = transition else {
                    return Err(TestCaseError::fail(format!("more than updates: {transition:?}")));
                };
                if escalates {
                    sent += 1;
                }
            }
            world.tick(now);
        }
        let jittered = world.alerts[0].condition.stage != stage;
        prop_assert!(world.sent.len() == sent && sent <= 1 + usize::from(jittered), "{sent}");
        prop_assert!(world.sent.iter().all(|sent| sent.reason != Reason::Resolved));
    }
}

#[test]
fn jittering_expiry_is_one_alert_with_one_message_for_each_stage() {
    let mut world = World::new(&["a"]);
    let end = 8 * DAY;
    let mut sent = Vec::new();
    for run in 0..9 * 96 {
        let by = [0, 61, -61, 3_000, -500][usize::try_from(run % 5).unwrap()];
        sent.extend(world.run_all(run * 900, &expiring_at(end + by)));
    }
    let stages =
        ["opened a expiry 7d", "escalated a expiry 3d", "escalated a expiry 1d", "escalated a expiry 1h"];
    assert_eq!(sent, [&stages[..], &["escalated a expiry expired"]].concat());
    assert_eq!(world.firing(), [("a".to_owned(), AlertKind::Expiry, Severity::Critical)]);
}
