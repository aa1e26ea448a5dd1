//! The vendor's response about jobs.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::api::properties::check_job_stats;

const STATUSES: [u16; 8] = [200, 200, 200, 200, 401, 429, 502, 596];

fuzz_target!(|input: &[u8]| {
    let Some((status, body)) = input.split_first() else { return };
    check_job_stats(STATUSES[usize::from(*status) % STATUSES.len()], body);
});
