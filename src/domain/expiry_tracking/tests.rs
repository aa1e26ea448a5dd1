use chrono::{TimeZone, Utc};

use super::*;

fn at(hours: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::hours(hours)
}

fn ladder() -> Ladder {
    Ladder::new([7, 3, 1].map(TimeDelta::days).to_vec())
}

fn read(hours: i64) -> Reading {
    Reading::Read(at(hours))
}

fn unreadable() -> Reading {
    Reading::Unreadable("Invalid Date".to_owned())
}

/// What counts, in hours from the first answer, after each of these answers: `exp_Expire`, then `exp`.
fn counting(source: EndSource, answers: &[(Reading, Reading)]) -> Vec<Option<i64>> {
    let mut tracked = TrackedExpiries::default();
    answers
        .iter()
        .map(|(exp_expire, exp)| {
            let seen = Readings { exp_expire: exp_expire.clone(), exp: exp.clone() };
            tracked = tracked.track(&seen, (source, &ladder()), at(0)).0;
            tracked.effective(source).map(|expiry| (expiry.at - at(0)).num_hours())
        })
        .collect()
}

const DAY: i64 = 24;

#[test]
fn a_missing_or_unreadable_value_is_no_renewal() {
    for gone in [Reading::Missing, unreadable()] {
        for source in [EndSource::ExpExpire, EndSource::Earliest] {
            let answers =
                [(read(12), read(22 * DAY)), (gone.clone(), read(22 * DAY)), (gone.clone(), gone.clone())];
            assert_eq!(counting(source, &answers), [Some(12), Some(12), Some(12)], "{source:?} {gone:?}");
        }
        let answers = [(read(22 * DAY), read(12)), (read(22 * DAY), gone.clone())];
        assert_eq!(counting(EndSource::Exp, &answers), [Some(12), Some(12)], "{gone:?}");
    }
}

#[test]
fn the_other_replaces_it_when_it_shows_a_renewal_until_the_configured_one_returns() {
    for source in [EndSource::ExpExpire, EndSource::Earliest] {
        let answers = [
            (read(12), read(22 * DAY)),
            (Reading::Missing, read(22 * DAY)),
            (Reading::Missing, read(30 * DAY)),
            (Reading::Missing, Reading::Missing),
            (read(12), read(30 * DAY)),
        ];
        let counts = [Some(12), Some(12), Some(30 * DAY), Some(30 * DAY), Some(12)];
        assert_eq!(counting(source, &answers), counts, "{source:?}");
    }
}

#[test]
fn a_later_value_that_is_near_or_hardly_later_replaces_nothing() {
    let near = [(read(12), read(2 * DAY)), (Reading::Missing, read(6 * DAY))];
    assert_eq!(counting(EndSource::ExpExpire, &near), [Some(12), Some(12)]);
    let mut tracked = TrackedExpiries::default();
    let later = at(22 * DAY) + TimeDelta::minutes(59);
    for (exp_expire, exp) in [(read(12), read(22 * DAY)), (Reading::Missing, Reading::Read(later))] {
        tracked = tracked.track(&Readings { exp_expire, exp }, (EndSource::ExpExpire, &ladder()), at(0)).0;
    }
    assert_eq!(tracked.effective(EndSource::ExpExpire).map(|expiry| expiry.at), Some(at(12)));
}

#[test]
fn without_a_value_then_the_first_one_afterwards_is_the_one_to_compare_with() {
    let answers = [
        (read(12), Reading::Missing),
        (Reading::Missing, read(22 * DAY)),
        (Reading::Missing, read(22 * DAY)),
        (Reading::Missing, read(29 * DAY)),
    ];
    assert_eq!(counting(EndSource::ExpExpire, &answers), [Some(12), Some(12), Some(12), Some(29 * DAY)]);
}

#[test]
fn the_earlier_of_its_last_value_and_the_others_counts() {
    let answers =
        [(read(20 * DAY), read(22 * DAY)), (unreadable(), read(2 * DAY)), (unreadable(), Reading::Missing)];
    assert_eq!(counting(EndSource::ExpExpire, &answers), [Some(20 * DAY), Some(2 * DAY), Some(2 * DAY)]);
}

#[test]
fn a_member_that_was_never_readable_is_replaced_by_the_other() {
    let answers =
        [(unreadable(), read(9 * DAY)), (Reading::Missing, read(8 * DAY)), (read(12), read(8 * DAY))];
    assert_eq!(counting(EndSource::ExpExpire, &answers), [Some(9 * DAY), Some(8 * DAY), Some(12)]);
}

#[test]
fn another_source_is_neither_a_renewal_nor_a_step_back() {
    let seen = Readings { exp_expire: read(12), exp: read(22 * DAY) };
    let (tracked, back) = TrackedExpiries::default().track(&seen, (EndSource::ExpExpire, &ladder()), at(0));
    assert_eq!((tracked.effective(EndSource::Exp).map(|expiry| expiry.at), back), (Some(at(22 * DAY)), None));
    let (_, back) = tracked.track(&seen, (EndSource::Exp, &ladder()), at(1));
    assert_eq!(back, None);
}

#[test]
fn less_than_an_hour_backwards_is_no_step_back_but_many_of_them_are() {
    let mut tracked = TrackedExpiries::default();
    let mut told = Vec::new();
    for minutes in [0, -59, 0, -30, -60, -61, -119, -120] {
        let exp_expire = Reading::Read(at(DAY) + TimeDelta::minutes(minutes));
        let seen = Readings { exp_expire, exp: Reading::Missing };
        let (next, back) = tracked.track(&seen, (EndSource::ExpExpire, &ladder()), at(0));
        told.extend(
            back.map(|(before, after)| ((before - at(DAY)).num_minutes(), (after - at(DAY)).num_minutes())),
        );
        tracked = next;
    }
    assert_eq!(told, [(0, -60), (-60, -120)]);
}

/// The steps back of `exp_Expire`, in hours, that answers with these values at these hours make.
fn steps_back(answers: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut tracked = TrackedExpiries::default();
    let mut steps = Vec::new();
    for (hour, value) in answers {
        let seen = Readings { exp_expire: read(*value), exp: Reading::Missing };
        let (next, step) = tracked.track(&seen, (EndSource::ExpExpire, &ladder()), at(*hour));
        steps.extend(step.map(|(before, after)| ((before - at(0)).num_hours(), (after - at(0)).num_hours())));
        tracked = next;
    }
    steps
}

#[test]
fn old_and_new_in_turn_are_one_step_back_and_one_wrong_value_hides_no_later_ones() {
    let (old, new) = (20 * DAY, 30 * DAY);
    let in_turn: Vec<(i64, i64)> =
        (0..100).map(|hour| (hour, if hour % 2 == 0 { new } else { old })).collect();
    assert_eq!(steps_back(&in_turn), [(new, old)]);

    let wrong = 9_000 * DAY;
    let renewed = 60 * DAY;
    let answers = [(0, new), (1, wrong), (2, new), (3, new), (27 * DAY, renewed), (28 * DAY, old)];
    assert_eq!(steps_back(&answers), [(wrong, new), (renewed, old)]);
    // Whether an unchanged answer was looked at or not, and however the clock ran.
    let later = [
        (0, 30 * DAY),
        (1, wrong),
        (2, 30 * DAY),
        (3 * DAY, 20 * DAY),
        (10 * DAY, 25 * DAY),
        (10 * DAY + 1, 21 * DAY),
    ];
    let reported = [(wrong, 30 * DAY), (30 * DAY, 20 * DAY), (25 * DAY, 21 * DAY)];
    assert_eq!(steps_back(&later), reported);
    let with_unchanged = [&later[..4], &[(5 * DAY, 20 * DAY)], &later[4..]].concat();
    assert_eq!(steps_back(&with_unchanged), reported);
    let ahead = [
        (500 * DAY, wrong),
        (500 * DAY + 1, 60 * DAY),
        (1, 60 * DAY),
        (3 * DAY, 70 * DAY),
        (5 * DAY, 60 * DAY),
    ];
    assert_eq!(steps_back(&ahead), [(wrong, 60 * DAY), (70 * DAY, 60 * DAY)]);
    let within_a_day = [(0, new), (1, wrong), (2, new), (25, wrong), (26, new)];
    assert_eq!(steps_back(&within_a_day), [(wrong, new)]);
}

#[test]
fn values_that_jitter_while_old_and_new_take_turns_are_one_step_back() {
    let mut tracked = TrackedExpiries::default();
    let mut steps = 0;
    for turn in 0..20 {
        let value = at(if turn % 2 == 0 { 720 } else { 480 }) + TimeDelta::minutes(turn % 3);
        for hour in 0..30 {
            let seen = Readings {
                exp_expire: Reading::Read(value + TimeDelta::seconds(hour)),
                exp: Reading::Missing,
            };
            let (next, step) = tracked.track(&seen, (EndSource::ExpExpire, &ladder()), at(turn * 30 + hour));
            steps += usize::from(step.is_some());
            tracked = next;
        }
    }
    assert_eq!(steps, 1);
}
