//! A webhook's answer, which arrives in pieces: status line, headers and body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::notify::properties::check_webhook_answer;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, answer) = input;
    check_webhook_answer(usize::from(piece), answer);
});
