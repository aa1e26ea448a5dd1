//! The text of an expiry.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::api::properties::check_expiry_text;

fuzz_target!(|text: &str| check_expiry_text(text));
