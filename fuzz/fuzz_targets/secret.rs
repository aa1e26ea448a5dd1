//! The content of a secret file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::config::properties::check_secret;

fuzz_target!(|content: &[u8]| check_secret(content));
