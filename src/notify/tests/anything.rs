//! Whatever comes back from a receiver, and whatever claims to come from us.

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use secrecy::SecretString;

use crate::notify::properties::check_webhook_answer;
use crate::notify::{Received, verify};
use crate::tests::{mutated, mutated_text};

proptest! {
    #[test]
    fn nothing_that_was_not_signed_is_valid(
        id in any::<String>(),
        timestamp in prop_oneof![any::<String>(), "[-+ ]?[0-9]{0,40}", Just("1795418100".to_owned())],
        signature in prop_oneof![any::<String>(), "(v1,[A-Za-z0-9+/]{43}= ?){0,40}"],
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let received = Received { id: &id, timestamp: &timestamp, signature: &signature, body: &body };
        let secrets = [SecretString::from("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")];
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let refusal = verify(&received, &secrets, Some(TimeDelta::minutes(5)), now).unwrap_err().to_string();
        prop_assert!(!signature.starts_with("v1,") || !refusal.contains(signature.trim()));
        prop_assert!(refusal.len() < 300, "{}", refusal);
    }

    #[test]
    fn any_answer_is_bounded_printable_and_decided_by_its_status_line(
        status in 100_u16..1_000,
        content_type in prop::option::of(prop_oneof![any::<String>(), mutated_text("text/html; charset=utf-8")]),
        retry_after in prop::option::of(prop_oneof![any::<String>(), mutated_text("Sun, 06 Nov 2094 08:49:37 GMT")]),
        length in any::<Option<u64>>(),
        body in mutated("<html>no such path /T000hush?key=T000hush cGxhY2Vob2xkZXI=</html>"),
    ) {
        check_webhook_answer(status, [content_type.as_deref(), retry_after.as_deref()], length, &body);
    }
}

#[test]
fn large_headers_and_answers_are_read_in_linear_time() {
    const LARGE: usize = 1 << 18;
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    let secrets = [SecretString::from("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")];
    let signature = format!("v1,{} ", "A".repeat(44));
    for run in [signature.as_str(), "9", " ", "-", "Sun, ", "(", "\u{202e}", "T000hush", ";", "<"] {
        let run = run.repeat(LARGE / run.len());
        check_webhook_answer(503, [Some(&run), Some(&run)], None, run.as_bytes());
        for (timestamp, signature) in [(run.as_str(), "v1,"), ("1795418100", run.as_str())] {
            let received = Received { id: &run, timestamp, signature, body: run.as_bytes() };
            assert!(verify(&received, &secrets, None, now).is_err());
        }
    }
}
