//! Arbitrary responses of a receiver, and arbitrary deliveries to verify.

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use secrecy::SecretString;

use crate::notify::properties::{check_active_series, check_webhook_response};
use crate::notify::{ReceivedDelivery, verify};
use crate::tests::mutated;

proptest! {
    #[test]
    fn unsigned_delivery_is_never_valid(
        id in any::<String>(),
        timestamp in prop_oneof![any::<String>(), "[-+ ]?[0-9]{0,40}", Just("1795418100".to_owned())],
        signature in prop_oneof![any::<String>(), "(v1,[A-Za-z0-9+/]{43}= ?){0,40}"],
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let received = ReceivedDelivery { id: &id, timestamp: &timestamp, signature: &signature, body: &body };
        let secrets = [SecretString::from("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")];
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let refusal = verify(&received, &secrets, Some(TimeDelta::minutes(5)), now).unwrap_err().to_string();
        prop_assert!(!signature.starts_with("v1,") || !refusal.contains(signature.trim()));
        prop_assert!(refusal.len() < 300, "{}", refusal);
    }

    #[test]
    fn any_list_of_series_is_read_as_a_whole_or_not_at_all(
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            mutated(r#"[{"labels":{"alertname":"MiniMaxWatch","kind":"expiry"},"status":{"state":"active"}},{"labels":{}}]"#),
            mutated(r#"[{"annotations":{},"labels":{"account":"\u00e9\"","stale":"true"},"endsAt":"2026-11-23T07:15:00.000Z"}]"#),
        ],
    ) {
        check_active_series(&body);
    }

    #[test]
    fn any_response_is_bounded_printable_and_classified_by_its_status_line(
        piece in 1_usize..50,
        answer in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            mutated(
                "HTTP/1.1 404 no /T000hush\r\ncontent-type: text/html; charset=utf-8\r\nretry-after: Sun, 06 Nov 2094 08:49:37 GMT\r\n\
                 content-length: 66\r\n\r\n<html>no such path /T000hush?key=T000hush cGxhY2Vob2xkZXI=</html>"
            ),
            mutated("HTTP/1.1 100 x\r\n\r\nHTTP/1.0 200\r\ntransfer-encoding: chunked\r\n\r\n5\r\nT000h\r\n0\r\n\r\n"),
        ],
    ) {
        check_webhook_response(piece, &answer);
    }
}

#[test]
fn large_headers_and_responses_are_read_in_linear_time() {
    const LARGE: usize = 1 << 18;
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    let secrets = [SecretString::from("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")];
    let signature = format!("v1,{} ", "A".repeat(44));
    for run in [signature.as_str(), "9", " ", "-", "Sun, ", "(", "\u{202e}", "T000hush", ";", "<"] {
        let run = run.repeat(LARGE / run.len());
        for begin in ["HTTP/1.1 ", "HTTP/1.1 503 ", "HTTP/1.1 503\r\nretry-after: ", "HTTP/1.1 503\r\n\r\n"] {
            check_webhook_response(4_096, format!("{begin}{run}").as_bytes());
        }
        for (timestamp, signature) in [(run.as_str(), "v1,"), ("1795418100", run.as_str())] {
            let received = ReceivedDelivery { id: &run, timestamp, signature, body: run.as_bytes() };
            assert!(verify(&received, &secrets, None, now).is_err());
        }
    }
}
