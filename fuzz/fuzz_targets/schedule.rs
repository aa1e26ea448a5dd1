//! Cron expressions: parsed or rejected; each next run is strictly later than the given time.

#![no_main]

use chrono::{TimeZone as _, Utc};
use libfuzzer_sys::fuzz_target;
use minimax_watch::domain::schedule::Schedule;
use minimax_watch::domain::time_zone::TimeZone;

/// One zone for each kind of clock change: none, an hour, half an hour, a whole day.
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"];

fuzz_target!(|input: (u8, i64, String)| {
    let (zone, seconds, expression) = input;
    let name = ZONES[usize::from(zone) % ZONES.len()];
    let Some(zone) = TimeZone::named(name) else { panic!("{name} is not known") };
    // A century around the present: other years have their own tests.
    let Some(now) = Utc.timestamp_opt(seconds.rem_euclid(3_155_760_000), 0).single() else { return };
    let Ok(schedule) = Schedule::parse(&expression, zone, now) else { return };
    let mut at = now;
    for _ in 0..3 {
        let Some(next) = schedule.next_after(at) else { return };
        assert!(next > at, "{expression:?} in {name} after {at}");
        at = next;
    }
});
