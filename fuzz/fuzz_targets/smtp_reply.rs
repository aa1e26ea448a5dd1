//! Replies of a mail server, in pieces of any size.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::notify::properties::check_reply;

fuzz_target!(|input: &[u8]| {
    let Some((piece, bytes)) = input.split_first() else { return };
    check_reply(usize::from(*piece), bytes);
});
