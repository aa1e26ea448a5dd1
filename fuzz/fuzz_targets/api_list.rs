//! The vendor's response about all accounts, in pieces of any size.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::api::properties::check_list;

const STATUSES: [u16; 8] = [200, 200, 200, 200, 200, 404, 429, 502];

fuzz_target!(|input: &[u8]| {
    let [status, piece, body @ ..] = input else { return };
    check_list(STATUSES[usize::from(*status) % STATUSES.len()], usize::from(*piece), body);
});
