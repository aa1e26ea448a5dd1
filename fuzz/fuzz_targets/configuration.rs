//! A configuration file; its first line may be `NAME=VALUE`, an environment variable.

#![no_main]

use libfuzzer_sys::fuzz_target;
use minimax_watch::config::properties::check_configuration;

fuzz_target!(|input: &str| {
    let (first, rest) = input.split_once('\n').unwrap_or((input, ""));
    match first.split_once('=') {
        // An environment variable cannot contain NUL.
        Some((name, value)) if !name.is_empty() && !first.contains('\0') => {
            check_configuration(rest, (name, value))
        }
        _ => check_configuration(input, ("API__TIMEOUT", "5s")),
    }
});
