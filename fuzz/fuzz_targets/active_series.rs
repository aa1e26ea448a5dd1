//! The list of firing series that an Alertmanager answers with.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::notify::properties::check_active_series;

fuzz_target!(|body: &[u8]| check_active_series(body));
