use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeZone as _, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;

fn quiet_hours(typed: &str, zone: Tz) -> QuietHours {
    QuietHours::parse(typed, TimeZone::named(zone.name()).unwrap()).unwrap()
}

fn utc(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

/// The end of the quiet hours that are in force at `now`, as the clocks then show it.
fn until(typed: &str, zone: Tz, now: &str) -> Option<String> {
    let until = quiet_hours(typed, zone).until(utc(now))?;
    Some(until.with_timezone(&zone).format("%m-%d %H:%M:%S %z").to_string())
}

#[test]
fn quiet_hours_last_from_their_begin_until_just_before_their_end() {
    for (typed, now, expected) in [
        ("22:00-07:00", "2026-11-28T20:59:59.999Z", None),
        ("22:00-07:00", "2026-11-28T21:00:00Z", Some("11-29 07:00:00 +0100")),
        ("22:00-07:00", "2026-11-29T05:59:59.999Z", Some("11-29 07:00:00 +0100")),
        ("22:00-07:00", "2026-11-29T06:00:00Z", None),
        ("12:30-14:00", "2026-11-28T11:29:00Z", None),
        ("12:30-14:00", "2026-11-28T11:30:00Z", Some("11-28 14:00:00 +0100")),
        ("12:30-14:00", "2026-11-28T13:00:00Z", None),
        ("00:00-06:00", "2026-11-28T23:00:00Z", Some("11-29 06:00:00 +0100")),
        ("18:00-00:00", "2026-11-28T22:59:00Z", Some("11-29 00:00:00 +0100")),
        ("18:00-00:00", "2026-11-28T23:00:00Z", None),
        ("07:01-07:00", "2026-11-28T06:00:00Z", None),
        ("07:01-07:00", "2026-11-28T06:01:00Z", Some("11-29 07:00:00 +0100")),
    ] {
        let found = until(typed, Tz::Europe__Berlin, now);
        assert_eq!(found.as_deref(), expected, "{typed} at {now}");
    }
}

#[test]
fn a_day_on_which_clocks_are_moved_has_one_interval() {
    for (typed, zone, now, expected) in [
        // In spring 02:00 to 03:00 is skipped at 01:00 UTC, in autumn it is shown twice from 00:00 UTC on.
        ("22:00-07:00", Tz::Europe__Berlin, "2026-03-28T21:00:00Z", Some("03-29 07:00:00 +0200")),
        ("22:00-07:00", Tz::Europe__Berlin, "2026-03-29T05:00:00Z", None),
        ("22:00-07:00", Tz::Europe__Berlin, "2026-10-24T20:00:00Z", Some("10-25 07:00:00 +0100")),
        ("22:00-07:00", Tz::Europe__Berlin, "2026-10-25T05:59:59Z", Some("10-25 07:00:00 +0100")),
        // A skipped end or begin counts when the clocks move.
        ("22:00-02:30", Tz::Europe__Berlin, "2026-03-29T00:59:59Z", Some("03-29 03:00:00 +0200")),
        ("22:00-02:30", Tz::Europe__Berlin, "2026-03-29T01:00:00Z", None),
        ("02:30-06:00", Tz::Europe__Berlin, "2026-03-29T00:59:59Z", None),
        ("02:30-06:00", Tz::Europe__Berlin, "2026-03-29T01:00:00Z", Some("03-29 06:00:00 +0200")),
        // Skipped as a whole.
        ("02:10-02:50", Tz::Europe__Berlin, "2026-03-29T00:59:59Z", None),
        ("02:10-02:50", Tz::Europe__Berlin, "2026-03-29T01:00:00Z", None),
        // Of an end or begin that is shown twice the first one counts.
        ("22:00-02:30", Tz::Europe__Berlin, "2026-10-25T00:29:59Z", Some("10-25 02:30:00 +0200")),
        ("22:00-02:30", Tz::Europe__Berlin, "2026-10-25T00:30:00Z", None),
        ("22:00-02:30", Tz::Europe__Berlin, "2026-10-25T01:10:00Z", None),
        ("02:30-06:00", Tz::Europe__Berlin, "2026-10-25T00:30:00Z", Some("10-25 06:00:00 +0100")),
        ("02:30-06:00", Tz::Europe__Berlin, "2026-10-25T01:10:00Z", Some("10-25 06:00:00 +0100")),
        ("02:10-02:50", Tz::Europe__Berlin, "2026-10-25T00:10:00Z", Some("10-25 02:50:00 +0200")),
        ("02:10-02:50", Tz::Europe__Berlin, "2026-10-25T01:10:00Z", None),
        // Half an hour.
        ("22:00-01:45", Tz::Australia__Lord_Howe, "2026-04-04T14:44:59Z", Some("04-05 01:45:00 +1100")),
        ("22:00-01:45", Tz::Australia__Lord_Howe, "2026-04-04T15:00:00Z", None),
        // Yesterday's last hour is shown again: its begin was at the first time.
        ("00:00-06:00", Tz::America__Sao_Paulo, "2018-02-18T02:30:00Z", None),
        ("23:30-06:00", Tz::America__Sao_Paulo, "2018-02-18T02:10:00Z", Some("02-18 06:00:00 -0300")),
        ("23:30-06:00", Tz::America__Sao_Paulo, "2018-02-18T01:29:00Z", None),
        // Midnight is skipped.
        ("00:00-06:00", Tz::America__Sao_Paulo, "2017-10-15T03:00:00Z", Some("10-15 06:00:00 -0200")),
        ("18:00-00:30", Tz::America__Sao_Paulo, "2017-10-15T02:59:59Z", Some("10-15 01:00:00 -0200")),
        // A whole day is skipped: two nights in one.
        ("22:00-07:00", Tz::Pacific__Apia, "2011-12-30T08:00:00Z", Some("12-31 07:00:00 +1400")),
        ("22:00-07:00", Tz::Pacific__Apia, "2011-12-30T16:59:59Z", Some("12-31 07:00:00 +1400")),
        ("22:00-07:00", Tz::Pacific__Apia, "2011-12-30T17:00:00Z", None),
    ] {
        assert_eq!(until(typed, zone, now).as_deref(), expected, "{typed} in {zone} at {now}");
    }
}

#[test]
fn anything_but_two_different_times_of_day_is_refused() {
    let refused = |typed: &str| QuietHours::parse(typed, TimeZone::UTC).unwrap_err().to_string();
    for typed in [
        "",
        "-",
        "22:00",
        "22-07",
        "22:00-",
        "22:00–07:00",
        "22:00 - 07:00",
        "22:00-24:00",
        "22:00-07:60",
        "9:00-10:00",
        "+9:00-10:00",
        "22:00-07:00-08:00",
        "22:00:00-07:00:00",
        "10pm-7am",
        "٢٢:00-07:00",
    ] {
        let form = format!("{} is not two times of day such as \"22:00-07:00\"", text::quoted(typed));
        assert_eq!(refused(typed), form);
    }
    assert_eq!(
        refused("22:00-22:00"),
        "\"22:00-22:00\" begins and ends at the same time: give two times, or leave the key out"
    );
}

#[test]
fn quiet_hours_are_displayed_as_typed() {
    assert_eq!(quiet_hours("22:00-07:05", Tz::UTC).to_string(), "22:00-07:05");
}

#[test]
fn a_clock_outside_the_calendar_has_no_quiet_hours_and_no_panic() {
    let quiet = quiet_hours("22:00-07:00", Tz::Europe__Berlin);
    for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        assert_eq!(quiet.until(now), None);
    }
}

const ZONES: [Tz; 10] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__Santiago,
    Tz::America__Sao_Paulo,
    Tz::Australia__Lord_Howe,
    Tz::Africa__Cairo,
    Tz::Asia__Beirut,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Chatham,
];

const MINUTE: TimeDelta = TimeDelta::minutes(1);

fn wall(zone: Tz, moment: Timestamp) -> NaiveDateTime {
    zone.from_utc_datetime(&moment.naive_utc()).naive_local()
}

/// Whether each minute from `first` on is quiet, by a walk over the latest time that the clocks have shown so far.
fn walked(typed: (u32, u32), zone: Tz, first: Timestamp, minutes: i64) -> Vec<bool> {
    let (begin, end) = typed;
    let before = first - TimeDelta::hours(30);
    let mut latest = wall(zone, before);
    let walk = (0..30 * 60 + minutes).map(|minute| {
        latest = latest.max(wall(zone, before + MINUTE * i32::try_from(minute).unwrap()));
        let shown = latest.hour() * 60 + latest.minute();
        if begin < end { (begin..end).contains(&shown) } else { shown >= begin || shown < end }
    });
    walk.skip(30 * 60).collect()
}

/// A zone, and a minute some hours before its clocks are moved, or anywhere.
fn moment() -> impl Strategy<Value = (Tz, Timestamp)> {
    let shift = prop_oneof![3 => -12_i64..0, 1 => -4_000_i64..4_000];
    (prop::sample::select(ZONES.to_vec()), 2015..2036_i32, prop::sample::select(vec![1_u32, 6]), shift)
        .prop_map(|(zone, year, month, hours)| {
            let midnight =
                |year, month| NaiveDate::from_ymd_opt(year, month, 1).unwrap().and_time(NaiveTime::MIN);
            let ours = TimeZone::named(zone.name()).unwrap();
            let change = ours.next_clock_change(midnight(year, month), midnight(year + 1, 1));
            let base = change.map_or(midnight(year, month), |change| change.at).and_utc();
            (zone, base + TimeDelta::hours(hours))
        })
}

/// A minute of the day, often one at which clocks are moved.
fn minute_of_day() -> impl Strategy<Value = u32> {
    prop_oneof![2 => 0..240_u32, 1 => 1_320..1_440_u32, 1 => 0..1_440_u32]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn quiet_minutes_near_moved_clocks_equal_those_of_a_walk_over_every_minute(
        (zone, first) in moment(),
        begin in minute_of_day(),
        end in minute_of_day(),
    ) {
        prop_assume!(begin != end);
        prop_assert!(first.year() < 2037, "the second library knows the zones' rules until then");
        let time = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let quiet_hours = quiet_hours(&format!("{}-{}", time(begin), time(end)), zone);
        let minutes = 18 * 60;
        let expected = walked((begin, end), zone, first, minutes);
        let moments: Vec<_> = (0..).map(|minute| first + MINUTE * minute).take(expected.len()).collect();
        for (index, (moment, is_quiet)) in moments.iter().zip(&expected).enumerate() {
            let until = quiet_hours.until(*moment);
            prop_assert_eq!(until.is_some(), *is_quiet, "{} in {} at {}", quiet_hours, zone, moment);
            let next = expected[index..].iter().position(|is_quiet| !is_quiet);
            if let (Some(until), Some(distance)) = (until, next) {
                prop_assert_eq!(until, moments[index + distance], "{} in {} at {}", quiet_hours, zone, moment);
            }
        }
    }
}
