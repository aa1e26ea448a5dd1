//! The vendor's response about one account, and the repair of its JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::api::properties::{check_repair, check_response};

/// A configuration, each kind of refusal, and undocumented statuses.
const STATUSES: [u16; 16] = [200, 200, 200, 204, 302, 401, 402, 403, 404, 418, 429, 500, 502, 596, 600, 999];

fuzz_target!(|input: &[u8]| {
    let Some((status, body)) = input.split_first() else { return };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    check_response(status, std::str::from_utf8(body).ok(), body);
    check_repair(body);
});
