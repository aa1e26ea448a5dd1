//! What is due when clocks are moved: fixed times and intervals, each over gaps and repetitions of several zones.

use chrono_tz::Tz;

use super::*;

/// Each row: zone, expression, a moment, and the runs after it.
type Row<'a> = (Tz, &'a str, &'a str, &'a [&'a str]);

fn assert_rows(rows: &[Row]) {
    for (zone, expression, after, due) in rows {
        let seen: Vec<String> =
            runs(expression, *zone, after, due.len()).iter().map(|run| run.replace(":00 ", " ")).collect();
        assert_eq!(seen, *due, "`{expression}` in {zone} after {after}");
    }
}

const BERLIN: Tz = Tz::Europe__Berlin;
const NEW_YORK: Tz = Tz::America__New_York;
const LORD_HOWE: Tz = Tz::Australia__Lord_Howe;

#[test]
fn fixed_time_that_is_skipped_in_spring_is_due_once_when_the_clocks_move() {
    assert_rows(&[
        (
            BERLIN,
            "30 2 * * *",
            "2026-03-28T00:00:00Z",
            &["Sat 03-28 02:30 +0100", "Sun 03-29 03:00 +0200", "Mon 03-30 02:30 +0200"],
        ),
        (
            BERLIN,
            "0,30 1-3 29 * *",
            "2026-03-28T23:59:00Z",
            &[
                "Sun 03-29 01:00 +0100",
                "Sun 03-29 01:30 +0100",
                "Sun 03-29 03:00 +0200",
                "Sun 03-29 03:30 +0200",
                "Wed 04-29 01:00 +0200",
            ],
        ),
        (BERLIN, "59 2 29 3 *", "2026-03-29T00:59:59Z", &["Sun 03-29 03:00 +0200", "Mon 03-29 02:59 +0200"]),
        (BERLIN, "30 2 * * sun", "2026-03-29T01:00:00Z", &["Sun 04-05 02:30 +0200"]),
        (NEW_YORK, "30 2 * * *", "2026-03-07T12:00:00Z", &["Sun 03-08 03:00 -0400", "Mon 03-09 02:30 -0400"]),
        (
            NEW_YORK,
            "0 2,3 * * *",
            "2026-03-08T06:00:00Z",
            &["Sun 03-08 03:00 -0400", "Mon 03-09 02:00 -0400"],
        ),
        (
            LORD_HOWE,
            "15 2 * * *",
            "2026-10-02T12:00:00Z",
            &["Sat 10-03 02:15 +1030", "Sun 10-04 02:30 +1100", "Mon 10-05 02:15 +1100"],
        ),
        (LORD_HOWE, "45 2 * * *", "2026-10-03T12:00:00Z", &["Sun 10-04 02:45 +1100"]),
    ]);
}

#[test]
fn interval_has_no_extra_run_in_the_gap_of_spring() {
    assert_rows(&[
        (
            BERLIN,
            "*/30 * * * *",
            "2026-03-29T00:00:00Z",
            &["Sun 03-29 01:30 +0100", "Sun 03-29 03:00 +0200", "Sun 03-29 03:30 +0200"],
        ),
        (BERLIN, "15 * * * *", "2026-03-28T23:30:00Z", &["Sun 03-29 01:15 +0100", "Sun 03-29 03:15 +0200"]),
        (BERLIN, "5 */2 * * *", "2026-03-28T23:00:00Z", &["Sun 03-29 00:05 +0100", "Sun 03-29 04:05 +0200"]),
        (BERLIN, "*/20 2 * * *", "2026-03-28T23:00:00Z", &["Mon 03-30 02:00 +0200"]),
        (NEW_YORK, "@hourly", "2026-03-08T05:30:00Z", &["Sun 03-08 01:00 -0500", "Sun 03-08 03:00 -0400"]),
        (
            LORD_HOWE,
            "*/20 * * * *",
            "2026-10-03T15:10:00Z",
            &["Sun 10-04 02:40 +1100", "Sun 10-04 03:00 +1100"],
        ),
    ]);
}

#[test]
fn fixed_time_that_is_shown_twice_in_autumn_is_due_the_first_time() {
    assert_rows(&[
        (BERLIN, "30 2 * * *", "2026-10-24T12:00:00Z", &["Sun 10-25 02:30 +0200", "Mon 10-26 02:30 +0100"]),
        (
            BERLIN,
            "0,30 1-3 * * *",
            "2026-10-25T00:00:00Z",
            &["Sun 10-25 02:30 +0200", "Sun 10-25 03:00 +0100", "Sun 10-25 03:30 +0100"],
        ),
        // Asked in the second pass, when 02:45 has not come again.
        (BERLIN, "45 2 * * *", "2026-10-25T01:10:00Z", &["Mon 10-26 02:45 +0100"]),
        (BERLIN, "30 2 25 10 *", "2026-10-25T00:30:00Z", &["Mon 10-25 02:30 +0200"]),
        (NEW_YORK, "0 1 * * *", "2026-10-31T12:00:00Z", &["Sun 11-01 01:00 -0400", "Mon 11-02 01:00 -0500"]),
        (NEW_YORK, "0 2 * * *", "2026-11-01T05:30:00Z", &["Sun 11-01 02:00 -0500"]),
        (
            LORD_HOWE,
            "45 1 * * *",
            "2026-04-04T12:00:00Z",
            &["Sun 04-05 01:45 +1100", "Mon 04-06 01:45 +1030"],
        ),
    ]);
}

#[test]
fn an_interval_is_due_in_both_passes_of_autumn() {
    assert_rows(&[
        (
            BERLIN,
            "*/30 * * * *",
            "2026-10-24T23:59:00Z",
            &[
                "Sun 10-25 02:00 +0200",
                "Sun 10-25 02:30 +0200",
                "Sun 10-25 02:00 +0100",
                "Sun 10-25 02:30 +0100",
                "Sun 10-25 03:00 +0100",
            ],
        ),
        (BERLIN, "* 2 25 10 *", "2026-10-25T00:58:30Z", &["Sun 10-25 02:59 +0200", "Sun 10-25 02:00 +0100"]),
        // The next time on the wall is a year away; the second pass is not.
        (
            BERLIN,
            "*/59 2 25 10 *",
            "2026-10-25T00:59:00Z",
            &["Sun 10-25 02:00 +0100", "Sun 10-25 02:59 +0100", "Mon 10-25 02:00 +0200"],
        ),
        (
            NEW_YORK,
            "@hourly",
            "2026-11-01T04:30:00Z",
            &["Sun 11-01 01:00 -0400", "Sun 11-01 01:00 -0500", "Sun 11-01 02:00 -0500"],
        ),
        (
            LORD_HOWE,
            "*/20 * * * *",
            "2026-04-04T14:30:00Z",
            &["Sun 04-05 01:40 +1100", "Sun 04-05 01:40 +1030", "Sun 04-05 02:00 +1030"],
        ),
    ]);
}

#[test]
fn an_hourly_run_stays_an_hour_apart_through_a_whole_year() {
    for zone in [Tz::UTC, BERLIN, NEW_YORK] {
        let mut run = utc("2026-01-01T00:00:00Z");
        let schedule = parse("@hourly", zone, run).unwrap();
        for _ in 0..365 * 24 {
            let next = schedule.next_after(run).unwrap();
            assert_eq!((next - run).num_minutes(), 60, "{zone} after {run}");
            run = next;
        }
    }
}

#[test]
fn daily_schedule_runs_on_every_day_of_a_year_in_every_zone() {
    for zone in [Tz::UTC, BERLIN, NEW_YORK, LORD_HOWE, Tz::Africa__Cairo, Tz::Asia__Beirut] {
        for expression in ["@daily", "30 2 * * *", "0 1 * * *", "30 23 * * *"] {
            let days: Vec<String> = runs(expression, zone, "2025-12-31T23:59:59Z", 365)
                .into_iter()
                .map(|run| run[4..9].to_owned())
                .collect();
            let mut once = days.clone();
            once.dedup();
            assert_eq!(days, once, "`{expression}` in {zone}");
            assert_eq!(once.len(), 365, "`{expression}` in {zone}");
        }
    }
}

#[test]
fn run_at_a_skipped_midnight_is_due_at_the_end_of_the_gap() {
    assert_rows(&[
        (
            Tz::America__Sao_Paulo,
            "@daily",
            "2018-11-03T12:00:00Z",
            &["Sun 11-04 01:00 -0200", "Mon 11-05 00:00 -0200"],
        ),
        (Tz::America__Sao_Paulo, "@hourly", "2018-11-04T02:30:00Z", &["Sun 11-04 01:00 -0200"]),
        (Tz::America__Sao_Paulo, "0 0 * * sat", "2018-11-03T12:00:00Z", &["Sat 11-10 00:00 -0200"]),
        (
            Tz::Africa__Cairo,
            "0 0,1 * * *",
            "2026-04-23T12:00:00Z",
            &["Fri 04-24 01:00 +0300", "Sat 04-25 00:00 +0300"],
        ),
        (
            Tz::Asia__Beirut,
            "30 0 * * *",
            "2026-03-28T12:00:00Z",
            &["Sun 03-29 01:00 +0300", "Mon 03-30 00:30 +0300"],
        ),
        // In Greenland it is the last hour of the day that is skipped: Saturday's run comes on Sunday.
        (
            Tz::America__Nuuk,
            "30 23 * * sat",
            "2025-03-29T12:00:00Z",
            &["Sun 03-30 00:00 -0100", "Sat 04-05 23:30 -0100"],
        ),
    ]);
}

#[test]
fn repeated_last_hour_belongs_to_its_day_and_midnight_is_due_once() {
    assert_rows(&[
        (
            Tz::America__Sao_Paulo,
            "@daily",
            "2019-02-16T12:00:00Z",
            &["Sun 02-17 00:00 -0300", "Mon 02-18 00:00 -0300"],
        ),
        (
            Tz::America__Sao_Paulo,
            "30 23 * * *",
            "2019-02-16T12:00:00Z",
            &["Sat 02-16 23:30 -0200", "Sun 02-17 23:30 -0300"],
        ),
        (
            Tz::America__Sao_Paulo,
            "30 * * * *",
            "2019-02-17T01:00:00Z",
            &["Sat 02-16 23:30 -0200", "Sat 02-16 23:30 -0300", "Sun 02-17 00:30 -0300"],
        ),
        (
            Tz::Africa__Cairo,
            "0 23 * * *",
            "2026-10-29T12:00:00Z",
            &["Thu 10-29 23:00 +0300", "Fri 10-30 23:00 +0200"],
        ),
        (
            Tz::Asia__Beirut,
            "15 23 * * *",
            "2026-10-24T20:10:00Z",
            &["Sat 10-24 23:15 +0300", "Sun 10-25 23:15 +0200"],
        ),
    ]);
}

#[test]
fn day_that_samoa_skipped_is_one_gap() {
    let before = "2011-12-29T12:00:00Z";
    assert_rows(&[
        (
            Tz::Pacific__Apia,
            "0 12 * * *",
            before,
            &["Thu 12-29 12:00 -1000", "Sat 12-31 00:00 +1400", "Sat 12-31 12:00 +1400"],
        ),
        (Tz::Pacific__Apia, "0 6,12,18 30 12 *", before, &["Sat 12-31 00:00 +1400", "Sun 12-30 06:00 +1400"]),
        (
            Tz::Pacific__Apia,
            "@hourly",
            "2011-12-30T08:30:00Z",
            &["Thu 12-29 23:00 -1000", "Sat 12-31 00:00 +1400", "Sat 12-31 01:00 +1400"],
        ),
    ]);
}

#[test]
fn seconds_follow_the_same_rule() {
    let seen = runs("*/30 59 2 * * *", BERLIN, "2026-10-24T23:00:00Z", 4);
    let due = [
        "Sun 10-25 02:59:00 +0200",
        "Sun 10-25 02:59:30 +0200",
        "Sun 10-25 02:59:00 +0100",
        "Sun 10-25 02:59:30 +0100",
    ];
    assert_eq!(seen, due, "a `*` in the seconds makes an interval");
    let seen = runs("0,30 59 2 * * *", BERLIN, "2026-10-25T00:59:00Z", 2);
    assert_eq!(seen, ["Sun 10-25 02:59:30 +0200", "Mon 10-26 02:59:00 +0100"]);
    let seen = runs("15 59 2 * * *", BERLIN, "2026-03-29T00:00:00Z", 2);
    assert_eq!(seen, ["Sun 03-29 03:00:00 +0200", "Mon 03-30 02:59:15 +0200"]);
}
