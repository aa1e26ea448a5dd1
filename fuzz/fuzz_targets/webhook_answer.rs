//! The response of a webhook receiver, in pieces of any size: status line, headers and body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::notify::properties::check_webhook_response;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, answer) = input;
    check_webhook_response(usize::from(piece), answer);
});
