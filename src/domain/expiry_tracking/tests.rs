use chrono::{TimeZone, Utc};

use super::*;

fn at(hours: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::hours(hours)
}

fn lead_times() -> LeadTimes {
    LeadTimes::new([7, 3, 1].map(TimeDelta::days).to_vec())
}

fn read(hours: i64) -> Reading {
    Reading::Read(at(hours))
}

fn unreadable() -> Reading {
    Reading::Unreadable("Invalid Date".to_owned())
}

/// The expiry that counts after each of these answers (`exp_Expire`, then `exp`), in hours from the first answer.
fn counting(source: ExpirySource, answers: &[(Reading, Reading)]) -> Vec<Option<i64>> {
    let mut tracked = TrackedExpiries::default();
    answers
        .iter()
        .map(|(exp_expire, exp)| {
            let readings = [exp_expire.clone(), exp.clone()];
            tracked = tracked.track(&readings, (source, &lead_times()), at(0)).0;
            tracked.effective(source).map(|expiry| (expiry.at - at(0)).num_hours())
        })
        .collect()
}

const DAY: i64 = 24;

#[test]
fn missing_or_unreadable_value_is_not_a_renewal() {
    for absent in [Reading::Missing, unreadable()] {
        for source in [ExpirySource::ExpExpire, ExpirySource::Earliest] {
            let answers = [
                (read(12), read(22 * DAY)),
                (absent.clone(), read(22 * DAY)),
                (absent.clone(), absent.clone()),
            ];
            assert_eq!(counting(source, &answers), [Some(12), Some(12), Some(12)], "{source:?} {absent:?}");
        }
        let answers = [(read(22 * DAY), read(12)), (read(22 * DAY), absent.clone())];
        assert_eq!(counting(ExpirySource::Exp, &answers), [Some(12), Some(12)], "{absent:?}");
    }
}

#[test]
fn other_member_replaces_the_configured_one_only_by_a_renewal_and_until_it_returns() {
    for source in [ExpirySource::ExpExpire, ExpirySource::Earliest] {
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
fn later_value_within_a_lead_time_or_within_an_hour_replaces_nothing() {
    let near = [(read(12), read(2 * DAY)), (Reading::Missing, read(6 * DAY))];
    assert_eq!(counting(ExpirySource::ExpExpire, &near), [Some(12), Some(12)]);
    let mut tracked = TrackedExpiries::default();
    let later = at(22 * DAY) + TimeDelta::minutes(59);
    for (exp_expire, exp) in [(read(12), read(22 * DAY)), (Reading::Missing, Reading::Read(later))] {
        tracked = tracked.track(&[exp_expire, exp], (ExpirySource::ExpExpire, &lead_times()), at(0)).0;
    }
    assert_eq!(tracked.effective(ExpirySource::ExpExpire).map(|expiry| expiry.at), Some(at(12)));
}

#[test]
fn first_value_of_the_other_member_is_compared_when_it_had_none_before() {
    let answers = [
        (read(12), Reading::Missing),
        (Reading::Missing, read(22 * DAY)),
        (Reading::Missing, read(22 * DAY)),
        (Reading::Missing, read(29 * DAY)),
    ];
    assert_eq!(counting(ExpirySource::ExpExpire, &answers), [Some(12), Some(12), Some(12), Some(29 * DAY)]);
}

#[test]
fn earlier_of_the_last_value_and_the_other_members_value_counts() {
    let answers =
        [(read(20 * DAY), read(22 * DAY)), (unreadable(), read(2 * DAY)), (unreadable(), Reading::Missing)];
    assert_eq!(counting(ExpirySource::ExpExpire, &answers), [Some(20 * DAY), Some(2 * DAY), Some(2 * DAY)]);
}

#[test]
fn member_that_was_never_readable_is_replaced_by_the_other() {
    let answers =
        [(unreadable(), read(9 * DAY)), (Reading::Missing, read(8 * DAY)), (read(12), read(8 * DAY))];
    assert_eq!(counting(ExpirySource::ExpExpire, &answers), [Some(9 * DAY), Some(8 * DAY), Some(12)]);
}

#[test]
fn another_source_is_neither_a_renewal_nor_a_step_back() {
    let readings = [read(12), read(22 * DAY)];
    let (tracked, step_back) =
        TrackedExpiries::default().track(&readings, (ExpirySource::ExpExpire, &lead_times()), at(0));
    assert_eq!(
        (tracked.effective(ExpirySource::Exp).map(|expiry| expiry.at), step_back),
        (Some(at(22 * DAY)), None)
    );
    let (_, step_back) = tracked.track(&readings, (ExpirySource::Exp, &lead_times()), at(1));
    assert_eq!(step_back, None);
}

#[test]
fn small_steps_back_are_reported_when_they_add_up_to_an_hour() {
    let mut tracked = TrackedExpiries::default();
    let mut steps = Vec::new();
    for minutes in [0, -59, 0, -30, -60, -61, -119, -120] {
        let exp_expire = Reading::Read(at(DAY) + TimeDelta::minutes(minutes));
        let readings = [exp_expire, Reading::Missing];
        let (next, step_back) = tracked.track(&readings, (ExpirySource::ExpExpire, &lead_times()), at(0));
        steps.extend(
            step_back
                .map(|(before, after)| ((before - at(DAY)).num_minutes(), (after - at(DAY)).num_minutes())),
        );
        tracked = next;
    }
    assert_eq!(steps, [(0, -60), (-60, -120)]);
}

/// The steps back of `exp_Expire`, in hours, that answers with these values at these hours make.
fn steps_back(answers: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut tracked = TrackedExpiries::default();
    let mut steps = Vec::new();
    for (hour, value) in answers {
        let readings = [read(*value), Reading::Missing];
        let (next, step) = tracked.track(&readings, (ExpirySource::ExpExpire, &lead_times()), at(*hour));
        steps.extend(step.map(|(before, after)| ((before - at(0)).num_hours(), (after - at(0)).num_hours())));
        tracked = next;
    }
    steps
}

#[test]
fn alternating_values_are_one_step_back_and_a_wrong_value_hides_no_later_step() {
    let (old, new) = (20 * DAY, 30 * DAY);
    let in_turn: Vec<(i64, i64)> =
        (0..100).map(|hour| (hour, if hour % 2 == 0 { new } else { old })).collect();
    assert_eq!(steps_back(&in_turn), [(new, old)]);

    let wrong = 9_000 * DAY;
    let renewed = 60 * DAY;
    let answers = [(0, new), (1, wrong), (2, new), (3, new), (27 * DAY, renewed), (28 * DAY, old)];
    assert_eq!(steps_back(&answers), [(wrong, new), (renewed, old)]);
    // The result is the same with and without checks of unchanged values, and under clock skew.
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
fn jittering_alternating_values_are_one_step_back() {
    let mut tracked = TrackedExpiries::default();
    let mut steps = 0;
    for turn in 0..20 {
        let value = at(if turn % 2 == 0 { 720 } else { 480 }) + TimeDelta::minutes(turn % 3);
        for hour in 0..30 {
            let readings = [Reading::Read(value + TimeDelta::seconds(hour)), Reading::Missing];
            let (next, step) =
                tracked.track(&readings, (ExpirySource::ExpExpire, &lead_times()), at(turn * 30 + hour));
            steps += usize::from(step.is_some());
            tracked = next;
        }
    }
    assert_eq!(steps, 1);
}
