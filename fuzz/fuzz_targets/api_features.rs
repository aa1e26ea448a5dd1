//! The vendor's response about an account's credits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::api::properties::check_features;

const STATUSES: [u16; 8] = [200, 200, 200, 200, 400, 401, 502, 596];

fuzz_target!(|input: &[u8]| {
    let Some((status, body)) = input.split_first() else { return };
    check_features(STATUSES[usize::from(*status) % STATUSES.len()], body);
});
