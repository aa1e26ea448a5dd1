//! A webhook's answer: status line, headers and body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::notify::properties::check_webhook_answer;

fuzz_target!(|input: (u16, Option<&str>, Option<&str>, Option<u64>, &[u8])| {
    let (status, content_type, retry_after, length, body) = input;
    check_webhook_answer(100 + status % 900, [content_type, retry_after], length, body);
});
