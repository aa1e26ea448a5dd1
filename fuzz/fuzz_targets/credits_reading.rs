//! What the vendor's response about an account's credits changes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::engine::properties::check_credits_reading;

const STATUSES: [u16; 8] = [200, 200, 200, 400, 401, 429, 502, 596];

fuzz_target!(|input: &[u8]| {
    let Some((kind, body)) = input.split_first() else { return };
    check_credits_reading(STATUSES[usize::from(*kind) % STATUSES.len()], *kind >= 128, body);
});
