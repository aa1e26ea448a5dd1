//! The headers of a signed webhook: nothing that was not signed is valid.

#![no_main]

use chrono::{TimeDelta, TimeZone, Utc};
use libfuzzer_sys::fuzz_target;
use minimax_watch::notify::{Received, verify};
use secrecy::SecretString;

fuzz_target!(|input: (&str, &str, &str, &[u8])| {
    let (id, timestamp, signature, body) = input;
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    let secrets = [SecretString::from("whsec_cGxhY2Vob2xkZXItcGxhY2Vob2xkZXI=")];
    let received = Received { id, timestamp, signature, body };
    assert!(verify(&received, &secrets, Some(TimeDelta::minutes(5)), now).is_err());
    assert!(verify(&received, &secrets, None, now).is_err());
});
