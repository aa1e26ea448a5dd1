//! Random expressions at random moments near moved clocks, compared with the crate `croner`, and with a
//! walk over every minute that applies only the rule.

use std::fmt::Write;

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _};
use croner::parser::CronParser;
use croner::{Cron, JobType};
use proptest::prelude::*;

use super::*;
use crate::domain::schedule::fields::Kind;
use crate::domain::time_zone::ClockChange;

/// Zones whose rules are old enough for the data of both libraries.
const ZONES: [Tz; 12] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::Europe__London,
    Tz::America__New_York,
    Tz::America__Santiago,
    Tz::America__Sao_Paulo,
    Tz::Australia__Lord_Howe,
    Tz::Australia__Sydney,
    Tz::Africa__Cairo,
    Tz::Asia__Beirut,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Chatham,
];

/// Five fields as typed, and perhaps the second.
#[derive(Clone, Debug)]
struct Typed {
    second: Option<String>,
    time: String,
    day: String,
    month: String,
    weekday: String,
}

impl Typed {
    fn expression(&self) -> String {
        self.with_weekday(&self.weekday)
    }

    fn with_weekday(&self, weekday: &str) -> String {
        let mut text = String::new();
        if let Some(second) = &self.second {
            write!(text, "{second} ").unwrap();
        }
        write!(text, "{} {} {} {weekday}", self.time, self.day, self.month).unwrap();
        text
    }

    /// The same for croner, to which only a bare `*` is unrestricted: where cronie's reading of `*/2` makes the
    /// difference between AND and OR, croner needs its `+`. By default it also rejects `5/15`.
    fn croner(&self) -> Cron {
        let restricted = |text: &str| text != "*";
        let stepped = |text: &str| text.starts_with("*/");
        let and = restricted(&self.day)
            && restricted(&self.weekday)
            && (stepped(&self.day) || stepped(&self.weekday));
        let weekday = if and { format!("+{}", self.weekday) } else { self.weekday.clone() };
        CronParser::builder().sloppy_ranges(true).build().parse(&self.with_weekday(&weekday)).unwrap()
    }

    fn ours(&self, zone: Tz, now: Timestamp) -> Option<Schedule> {
        match parse(&self.expression(), zone, now) {
            Ok(schedule) => Some(schedule),
            Err(ScheduleError::Never(_)) => None,
            Err(error) => panic!("{}: {error}", self.expression()),
        }
    }
}

fn field(number: BoxedStrategy<u32>, last: u32) -> BoxedStrategy<String> {
    let step = 1..=last;
    let pair = (number.clone(), number.clone()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![
        4 => number.clone().prop_map(|n| n.to_string()),
        2 => Just("*".to_owned()),
        2 => step.clone().prop_map(|step| format!("*/{step}")),
        1 => pair.clone().prop_map(|(a, b)| format!("{a}-{b}")),
        1 => (pair.clone(), step).prop_map(|((a, b), step)| format!("{a}-{b}/{step}")),
        2 => (number, pair).prop_map(|(n, (a, b))| format!("{n},{a}-{b}")),
    ]
    .boxed()
}

/// `5/15` too; not for weekdays, where croner's week ends with Sunday and ours with Saturday.
fn stepped_field(number: BoxedStrategy<u32>, last: u32) -> BoxedStrategy<String> {
    let from = (number.clone(), 1..=last).prop_map(|(n, step)| format!("{n}/{step}"));
    prop_oneof![12 => field(number, last), 1 => from].boxed()
}

/// Mostly `*`, so that the moments near the jump are not all missed.
fn seldom(field: BoxedStrategy<String>) -> BoxedStrategy<String> {
    prop_oneof![4 => Just("*".to_owned()), 1 => field].boxed()
}

fn typed() -> impl Strategy<Value = Typed> {
    let minute = || prop_oneof![Just(0_u32), Just(30_u32), 0..=59_u32].boxed();
    let hour = prop_oneof![5 => 0..=3_u32, 1 => 22..=23_u32, 1 => 0..=23_u32].boxed();
    let plain = (minute(), hour.clone()).prop_map(|(minute, hour)| format!("{minute} {hour}"));
    let time = (stepped_field(minute(), 59), stepped_field(hour, 23))
        .prop_map(|(minute, hour)| format!("{minute} {hour}"));
    let names = prop::sample::select(vec!["sun", "mon-fri", "FRI-Sun", "Sun-tue", "sat,7", "5-7"]);
    let weekday = prop_oneof![2 => field((0..=7_u32).boxed(), 7), 1 => names.prop_map(str::to_owned)].boxed();
    let month_names = prop::sample::select(vec!["mar,oct", "Apr", "sep-NOV"]);
    let month =
        prop_oneof![2 => stepped_field((1..=12_u32).boxed(), 12), 1 => month_names.prop_map(str::to_owned)];
    (
        prop::option::weighted(0.2, stepped_field(minute(), 59)),
        prop_oneof![1 => plain, 2 => time],
        seldom(stepped_field((1..=31_u32).boxed(), 31)),
        seldom(month.boxed()),
        seldom(weekday),
    )
        .prop_map(|(second, time, day, month, weekday)| Typed { second, time, day, month, weekday })
}

fn midnight(year: i32, month: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(year, month, 1).unwrap().and_hms_opt(0, 0, 0).unwrap()
}

fn next_clock_change(zone: Tz, from: NaiveDateTime, until: NaiveDateTime) -> Option<ClockChange> {
    TimeZone::named(zone.name()).unwrap().next_clock_change(from, until)
}

/// A zone and a whole second from a day and a half before to half a day after its clocks are moved, or anywhere.
fn moment() -> impl Strategy<Value = (Tz, Timestamp)> {
    let near = -129_600_i64..43_200;
    let close = -7_200_i64..7_200;
    let shift = prop_oneof![2 => near, 2 => close, 1 => -15_000_000_i64..15_000_000];
    (prop::sample::select(ZONES.to_vec()), 2015..2036_i32, prop::sample::select(vec![1_u32, 6]), shift)
        .prop_map(|(zone, year, month, seconds)| {
            let (from, until) = (midnight(year, month), midnight(year + 1, 1));
            let base = next_clock_change(zone, from, until).map_or(from, |change| change.at);
            (zone, (base + TimeDelta::seconds(seconds)).and_utc())
        })
}

fn following(schedule: &Schedule, after: Timestamp) -> impl Iterator<Item = Timestamp> {
    std::iter::successors(schedule.next_after(after), |run| schedule.next_after(*run))
}

/// Whether the clock shows this time for the second time.
fn is_second_pass(run: &DateTime<Tz>) -> bool {
    match run.timezone().from_local_datetime(&run.naive_local()) {
        LocalResult::Ambiguous(_, second) => second == *run,
        LocalResult::Single(_) | LocalResult::None => false,
    }
}

/// Every run within `(after, until]` by the bare rule, minute by minute.
fn walked(cron: &Cron, kind: Kind, zone: Tz, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    const MINUTE: TimeDelta = TimeDelta::minutes(1);
    let matches = |wall: NaiveDateTime| cron.is_time_matching(&wall.and_utc()).unwrap();
    let wall_at = |moment: Timestamp| moment.with_timezone(&zone).naive_local();

    let mut moment = after - TimeDelta::hours(4) - TimeDelta::seconds(after.timestamp().rem_euclid(60));
    let mut highest = wall_at(moment);
    let mut due = Vec::new();
    while moment + MINUTE <= until {
        moment += MINUTE;
        let wall = wall_at(moment);
        let is_due = match kind {
            Kind::Interval => matches(wall),
            // Every minute that the wall shows, or should have shown, for the first time.
            Kind::Fixed => std::iter::successors(Some(highest + MINUTE), |minute| Some(*minute + MINUTE))
                .take_while(|minute| *minute <= wall)
                .any(matches),
        };
        if is_due && moment > after {
            due.push(moment);
        }
        highest = highest.max(wall);
    }
    due
}

proptest! {
    /// Ours differs from croner in one thing by design: for croner only a single time of day is fixed, for us (as for
    /// cronie) a list or range is too. Only for such expressions, the comparison leaves out croner's runs in a second pass and our
    /// runs that replace skipped ones.
    #[test]
    fn next_runs_equal_those_of_croner((zone, after) in moment(), typed in typed()) {
        let Some(schedule) = typed.ours(zone, after) else { return Ok(()) };
        let cron = typed.croner();
        let differs = schedule.fields.kind() == Kind::Fixed && cron.determine_job_type() == JobType::IntervalWildcard;

        let ours = following(&schedule, after)
            .map(|run| run.with_timezone(&zone))
            .filter(|run| !differs || cron.is_time_matching(run).unwrap());
        let croner_runs =
            cron.iter_after(after.with_timezone(&zone)).filter(|run| !differs || !is_second_pass(run));
        // Our calendar ends with 2100, croner's does not.
        let both_know = |run: &DateTime<Tz>| run.year() < 2100;
        let ours: Vec<_> = ours.take_while(both_know).take(5).collect();
        let croner_runs: Vec<_> = croner_runs.take_while(both_know).take(5).collect();
        prop_assert_eq!(ours, croner_runs, "`{}`", typed.expression());
    }

    #[test]
    fn runs_near_moved_clocks_equal_those_of_a_walk_over_every_minute((zone, after) in moment(), typed in typed()) {
        let typed = Typed { second: None, ..typed };
        let Some(schedule) = typed.ours(zone, after) else { return Ok(()) };
        let until = after + TimeDelta::hours(8);
        let ours: Vec<Timestamp> = following(&schedule, after).take_while(|run| *run <= until).collect();
        prop_assert_eq!(ours, walked(&typed.croner(), schedule.fields.kind(), zone, after, until));
    }

    #[test]
    fn runs_move_forward_and_match_the_wall_clock_unless_they_end_a_gap((zone, after) in moment(), typed in typed()) {
        let Some(schedule) = typed.ours(zone, after) else { return Ok(()) };
        let cron = typed.croner();
        let mut last = after;
        for run in following(&schedule, after).take(5) {
            prop_assert!(run > last);
            let second_before = run.naive_utc() - TimeDelta::seconds(1);
            let ends_a_gap = schedule.fields.kind() == Kind::Fixed
                && next_clock_change(zone, second_before, run.naive_utc())
                    .is_some_and(|shift| shift.wall_before < shift.wall_after);
            prop_assert!(ends_a_gap || cron.is_time_matching(&run.with_timezone(&zone)).unwrap());
            last = run;
        }
    }

    #[test]
    fn next_run_is_the_same_from_any_moment_before_it(
        (zone, after) in moment(), typed in typed(), part in 0.0..1.0_f64,
    ) {
        let Some(schedule) = typed.ours(zone, after) else { return Ok(()) };
        let mut last = after;
        for run in following(&schedule, after).take(3) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any moment in between")]
            let between = TimeDelta::milliseconds(((run - last).num_milliseconds() as f64 * part) as i64);
            for asked in [run - TimeDelta::milliseconds(1), run - TimeDelta::seconds(1), last + between] {
                prop_assert_eq!(schedule.next_after(asked), Some(run), "asked at {}", asked);
            }
            last = run;
        }
    }
}
