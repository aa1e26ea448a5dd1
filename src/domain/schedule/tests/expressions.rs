//! What an expression means, and the errors of invalid ones.

use chrono::TimeDelta;
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::tests::mutated_text;

/// A Thursday.
const NEW_YEAR: &str = "2026-01-01T00:00:00Z";

fn in_utc(expression: &str, count: usize) -> Vec<String> {
    runs(expression, Tz::UTC, NEW_YEAR, count)
        .into_iter()
        .map(|run| run.strip_suffix(":00 +0000").unwrap().to_owned())
        .collect()
}

fn error(expression: &str) -> String {
    parse(expression, Tz::UTC, utc(NEW_YEAR)).unwrap_err().to_string()
}

#[test]
fn five_fields_mean_what_crontab_says() {
    for (expression, due) in [
        ("* * * * *", &["Thu 01-01 00:01", "Thu 01-01 00:02"][..]),
        ("*/15 * * * *", &["Thu 01-01 00:15", "Thu 01-01 00:30", "Thu 01-01 00:45", "Thu 01-01 01:00"]),
        ("*/40 * * * *", &["Thu 01-01 00:40", "Thu 01-01 01:00"]),
        ("10-40/15 3 * * *", &["Thu 01-01 03:10", "Thu 01-01 03:25", "Thu 01-01 03:40", "Fri 01-02 03:10"]),
        ("5/20 * * * *", &["Thu 01-01 00:05", "Thu 01-01 00:25", "Thu 01-01 00:45", "Thu 01-01 01:05"]),
        ("30,0 12,6 * * *", &["Thu 01-01 06:00", "Thu 01-01 06:30", "Thu 01-01 12:00"]),
        (
            "1,58-59,*/30 0 2 * *",
            &["Fri 01-02 00:00", "Fri 01-02 00:01", "Fri 01-02 00:30", "Fri 01-02 00:58"],
        ),
        ("07 08 09 010 *", &["Fri 10-09 08:07"]),
        ("0 0 1 feb *", &["Sun 02-01 00:00"]),
        ("0 0 1 Apr-JUN/2 *", &["Wed 04-01 00:00", "Mon 06-01 00:00", "Thu 04-01 00:00"]),
        ("0 0 1 jan,7-aug *", &["Wed 07-01 00:00", "Sat 08-01 00:00", "Fri 01-01 00:00"]),
        ("  0\t0   1 3\n* ", &["Sun 03-01 00:00"]),
    ] {
        assert_eq!(in_utc(expression, due.len()), due, "{expression}");
    }
}

#[test]
fn first_of_six_fields_is_the_second() {
    assert_eq!(
        runs("*/25 59 23 * * *", Tz::UTC, NEW_YEAR, 4),
        [
            "Thu 01-01 23:59:00 +0000",
            "Thu 01-01 23:59:25 +0000",
            "Thu 01-01 23:59:50 +0000",
            "Fri 01-02 23:59:00 +0000"
        ]
    );
}

#[test]
fn sunday_is_zero_and_seven_and_may_begin_or_end_a_range() {
    for (weekday, days) in [
        ("0", "Sun Sun"),
        ("7", "Sun Sun"),
        ("sun", "Sun Sun"),
        ("SUN,Wed", "Sun Wed Sun"),
        ("5-7", "Fri Sat Sun Fri"),
        ("fri-sun", "Fri Sat Sun Fri"),
        ("fri-7", "Fri Sat Sun Fri"),
        ("sun-tue", "Sun Mon Tue Sun"),
        ("0-2", "Sun Mon Tue Sun"),
        ("mon-fri", "Fri Mon Tue Wed Thu Fri Mon"),
        ("0-7", "Fri Sat Sun Mon Tue Wed Thu Fri"),
        ("1-7/3", "Sun Mon Thu Sun"),
        ("*/2", "Sat Sun Tue Thu Sat"),
        ("1/2", "Fri Mon Wed Fri"),
        ("7/2", "Sun Sun"),
    ] {
        let due = in_utc(&format!("0 0 * * {weekday}"), days.split(' ').count());
        let names: Vec<&str> = due.iter().map(|run| &run[..3]).collect();
        assert_eq!(names.join(" "), days, "{weekday}");
    }
}

#[test]
fn day_matches_one_of_two_restricted_fields_and_a_star_restricts_nothing() {
    for (days, due) in [
        ("13 * fri", &["Fri 01-02", "Fri 01-09", "Tue 01-13", "Fri 01-16"][..]),
        ("1-31 * mon", &["Fri 01-02", "Sat 01-03", "Sun 01-04"]),
        ("1,*/31 * mon", &["Mon 01-05", "Mon 01-12", "Mon 01-19", "Mon 01-26", "Sun 02-01"]),
        ("* * fri", &["Fri 01-02", "Fri 01-09"]),
        ("13 * *", &["Tue 01-13", "Fri 02-13"]),
        ("*/2 * mon", &["Mon 01-05", "Mon 01-19", "Mon 02-09"]),
        ("13 * */5", &["Fri 02-13", "Fri 03-13", "Sun 09-13"]),
    ] {
        let expected: Vec<String> = due.iter().map(|day| format!("{day} 00:00")).collect();
        assert_eq!(in_utc(&format!("0 0 {days}"), due.len()), expected, "{days}");
    }
}

#[test]
fn at_words_abbreviate_five_fields() {
    for (word, first) in [
        ("@yearly", "Fri 01-01 00:00"),
        ("@annually", "Fri 01-01 00:00"),
        ("@monthly", "Sun 02-01 00:00"),
        ("@weekly", "Sun 01-04 00:00"),
        ("@daily", "Fri 01-02 00:00"),
        (" @Midnight ", "Fri 01-02 00:00"),
        ("@hourly", "Thu 01-01 01:00"),
    ] {
        assert_eq!(in_utc(word, 1), [first], "{word}");
    }
}

#[test]
fn error_quotes_the_offending_part() {
    for (expression, reason) in [
        ("", "the expression is empty"),
        (" \t", "the expression is empty"),
        ("75 * * * *", "minute `75` is outside 0-59"),
        ("0 10-24 * * *", "hour `24` is outside 0-23"),
        ("0 0 0 * *", "day of month `0` is outside 1-31"),
        ("0 0 * 13 *", "month `13` is outside 1-12"),
        ("0 0 * * 8", "weekday `8` is outside 0-7"),
        ("60 0 0 * * *", "second `60` is outside 0-59"),
        ("99999999999 * * * *", "minute `99999999999` is outside 0-59"),
        ("0 22-4 * * *", "hour `22-4` runs backwards; write it as two ranges"),
        ("0 0 * * sat-mon", "weekday `sat-mon` runs backwards; write it as two ranges"),
        ("*/90 * * * *", "the step of minute `*/90` is outside 1-59"),
        ("0 */0 * * *", "the step of hour `*/0` is outside 1-23"),
        (
            "0 0 * * monday",
            "unknown weekday `monday`; names are the first three letters in English, such as `sun`",
        ),
        ("0 0 1 mai *", "unknown month `mai`; names are the first three letters in English, such as `jan`"),
        (
            "@reboot",
            "`@reboot` is not supported: it has no time on a calendar. At each start the service checks what is due",
        ),
        (
            "@fortnightly",
            "unknown `@fortnightly`; use @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly",
        ),
        (
            "0 * * *",
            "`0 * * *` has 4 fields; five (minute hour day month weekday) or six (second first) are expected",
        ),
        ("0 0 31 2 *", "`0 0 31 2 *` has no run within five years"),
        ("0 0 30-31 feb *", "`0 0 30-31 feb *` has no run within five years"),
    ] {
        assert_eq!(error(expression), reason, "{expression}");
    }
    assert!(error("0 0 0 1 1 * 2026").contains("has 7 fields"));
    assert!(error("@every 5m").contains("unknown `@every 5m`"));
}

#[test]
fn syntax_of_other_dialects_is_malformed() {
    for minute in
        ["?", "a", "jan", "-5", "5-", "1-2-3", "*-5", "5-*", "**", "*/", "/5", "*/5/5", "+5", "1,", ",", "~"]
    {
        let reason = error(&format!("{minute} * * * *"));
        assert!(reason.starts_with(&format!("minute `{minute}` is not `*`, a number")), "{minute}: {reason}");
    }
    for day in ["L", "15W", "?", "h"] {
        assert!(error(&format!("0 0 {day} * *")).starts_with("day of month"), "{day}");
    }
    for weekday in ["5#3", "5L", "?", "mon#1", "٣"] {
        assert!(error(&format!("0 0 * * {weekday}")).starts_with("weekday"), "{weekday}");
    }
}

#[test]
fn leap_day_is_accepted_unless_the_next_one_is_eight_years_away() {
    assert_eq!(in_utc("0 0 29 2 *", 1), ["Tue 02-29 00:00"]);
    // 2100 is not a leap year: after 2096 the next one is eight years away.
    let late = utc("2096-03-01T00:00:00Z");
    assert_eq!(
        parse("0 0 29 2 *", Tz::UTC, late).unwrap_err(),
        ScheduleError::Never("0 0 29 2 *".to_owned())
    );
}

#[test]
fn ends_of_the_calendar_have_no_run_and_do_not_panic() {
    let schedule = parse("30 2 * * *", Tz::Europe__Berlin, utc(NEW_YEAR)).unwrap();
    assert_eq!(schedule.next_after(Timestamp::MAX_UTC), None);
    assert_eq!(schedule.next_after(utc("2100-12-31T23:00:00Z")), None);
    assert!(schedule.next_after(Timestamp::MIN_UTC).is_none());
    for clock in
        ["1969-12-31T23:59:59Z", "1901-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "2150-06-01T00:00:00Z"]
            .map(utc)
    {
        assert!(parse("*/15 * * * *", Tz::Europe__Berlin, clock).is_ok(), "{clock}");
        assert!(parse("0 0 30 2 *", Tz::Europe__Berlin, clock).is_err(), "{clock}");
    }
    for clock in [Timestamp::MIN_UTC, Timestamp::MAX_UTC] {
        assert!(parse("* * * * *", Tz::UTC, clock).is_ok(), "{clock}");
    }
}

#[test]
fn schedule_keeps_the_expression_as_typed() {
    let schedule = parse(" @Daily ", Tz::Europe__Berlin, utc(NEW_YEAR)).unwrap();
    assert_eq!((schedule.expression(), schedule.zone().name()), (" @Daily ", "Europe/Berlin"));
}

#[test]
fn run_is_strictly_after_the_given_moment() {
    let schedule = parse("* * * * * *", Tz::UTC, utc(NEW_YEAR)).unwrap();
    for (after, next) in [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"),
        ("2026-01-01T00:00:00.001Z", "2026-01-01T00:00:01Z"),
        ("2026-01-01T00:00:00.999Z", "2026-01-01T00:00:01Z"),
        ("2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
    ] {
        assert_eq!(schedule.next_after(utc(after)), Some(utc(next)), "{after}");
    }
}

#[test]
fn overlong_expression_is_refused_before_it_is_parsed() {
    assert_eq!(error(&" ".repeat(1 << 20)), "the expression has 1048576 characters; at most 1000 are read");
    for piece in ["1,", "*/1,", "* ", "9", "@", "-", "/", "fri-"] {
        assert!(error(&piece.repeat((1 << 20) / piece.len())).contains("at most 1000"), "{piece}");
    }
    let numbers = |last: u32| (0..=last).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    let longest = format!("{0} {0} {1} * * *", numbers(59), numbers(23));
    assert!(parse(&longest, Tz::UTC, utc(NEW_YEAR)).is_ok(), "every number in a list");
}

proptest! {
    #[test]
    fn any_expression_has_strictly_later_runs_or_a_bounded_error(
        typed in prop_oneof![
            any::<String>(),
            "[-0-9*/, a-zA-Z@]{0,60}",
            mutated_text("*/15 1-5,7 1,15 jan-mar fri-sun"),
            mutated_text("@daily"),
        ],
        zone in prop::sample::select(vec![Tz::UTC, Tz::Europe__Berlin, Tz::Australia__Lord_Howe, Tz::Pacific__Apia]),
        seconds in 0_i64..3_155_760_000,
    ) {
        let now = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        match parse(&typed, zone, now) {
            Ok(schedule) => {
                let next = schedule.next_after(now).unwrap();
                prop_assert!(next > now, "{typed}: {next}");
                prop_assert!(schedule.next_after(next).is_none_or(|later| later > next), "{}", typed);
                prop_assert_eq!(schedule.last_until(next), Some(next), "{}", typed);
            }
            // It quotes the expression once.
            Err(error) => prop_assert!(error.to_string().len() <= 3_000, "{}", error),
        }
    }
}

#[test]
fn interval_of_an_irregular_schedule_includes_the_pause_until_the_second_run_after_it() {
    // The 1st of January is a Thursday.
    for (expression, moment, hours) in [
        ("0 * * * *", "2026-01-01T07:00:00Z", 1),
        ("0 * * * *", "2026-01-01T07:59:59Z", 1),
        ("0 9-17 * * *", "2026-01-01T12:30:00Z", 1),
        ("0 9-17 * * *", "2026-01-01T23:00:00Z", 16),
        ("0 9-17 * * *", "2026-01-02T09:30:00Z", 16),
        ("0 9-17 * * *", "2026-01-02T10:00:00Z", 1),
        ("0 9 * * 1-5", "2026-01-03T12:00:00Z", 72),
        ("@daily", "2026-01-03T12:00:00Z", 24),
    ] {
        let moment = utc(moment);
        let schedule = parse(expression, Tz::UTC, moment).unwrap();
        assert_eq!(schedule.interval_at(moment), TimeDelta::hours(hours), "{expression} at {moment}");
    }
}
