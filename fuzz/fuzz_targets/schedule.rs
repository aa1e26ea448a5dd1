//! Cron expressions: read or refused, and the next runs strictly after the moment asked about.

#![no_main]

use chrono::{TimeZone, Utc};
use chrono_tz::Tz;
use libfuzzer_sys::fuzz_target;
use minimax_watch::domain::schedule::Schedule;

/// One with each kind of jump: none, an hour, half an hour, a whole day.
const ZONES: [Tz; 4] = [Tz::UTC, Tz::Europe__Berlin, Tz::Australia__Lord_Howe, Tz::Pacific__Apia];

fuzz_target!(|input: (u8, i64, String)| {
    let (zone, seconds, expression) = input;
    let zone = ZONES[usize::from(zone) % ZONES.len()];
    // A century around the present: other clocks have tests of their own.
    let Some(now) = Utc.timestamp_opt(seconds.rem_euclid(3_155_760_000), 0).single() else { return };
    let Ok(schedule) = Schedule::parse(&expression, zone, now) else { return };
    let mut moment = now;
    for _ in 0..3 {
        let Some(next) = schedule.next_after(moment) else { return };
        assert!(next > moment, "{expression:?} in {zone} after {moment}");
        moment = next;
    }
});
