//! A delivery is valid exactly if the reference library signs it with that id, time stamp and body.

#![no_main]

use chrono::{TimeDelta, TimeZone, Utc};
use libfuzzer_sys::fuzz_target;
use minimax_watch::notify::{ReceivedDelivery, verify};
use secrecy::SecretString;
use standardwebhooks::Webhook;

const SECRET: &str = "whsec_cGxhY2Vob2xkZXItcGxhY2Vob2xkZXI=";

fuzz_target!(|input: (&str, &str, &str, &[u8])| {
    let (id, timestamp, signature, body) = input;
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    let secrets = [SecretString::from(SECRET)];
    let sign = |seconds| Webhook::new(SECRET).unwrap().sign(id.trim(), seconds, body);
    let tolerance = Some(TimeDelta::minutes(5));

    // The fuzzer can learn the true signature from a comparison; any other one must be refused.
    let received = ReceivedDelivery { id, timestamp, signature, body };
    for allowed in [tolerance, None] {
        if let Ok(at) = verify(&received, &secrets, allowed, now) {
            assert!(signature.contains(&sign(at.timestamp()).unwrap()), "{received:?}");
        }
    }

    // Only text can be signed.
    let Ok(signature) = sign(now.timestamp()) else { return };
    let timestamp = now.timestamp().to_string();
    let signed = ReceivedDelivery { id, timestamp: &timestamp, signature: &signature, body };
    assert_eq!(verify(&signed, &secrets, tolerance, now), Ok(now), "{signed:?}");
    assert!(verify(&signed, &secrets, tolerance, now + TimeDelta::minutes(6)).is_err(), "{signed:?}");
    let longer = [body, b"."].concat();
    assert!(verify(&ReceivedDelivery { body: &longer, ..signed }, &secrets, None, now).is_err(), "{signed:?}");
});
