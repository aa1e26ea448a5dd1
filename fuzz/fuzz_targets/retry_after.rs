//! `Retry-After`: a positive wait, or none.

#![no_main]

use chrono::{TimeDelta, TimeZone, Utc};
use libfuzzer_sys::fuzz_target;
use minimax_watch::domain::retry_after;

fuzz_target!(|header: &str| {
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    if let Some(wait) = retry_after::wait(header, now) {
        assert!(wait > TimeDelta::zero(), "{header:?}");
    }
});
