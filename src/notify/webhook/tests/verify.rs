use chrono::{TimeDelta, TimeZone, Utc};
use secrecy::SecretString;

use crate::domain::time::Timestamp;
use crate::notify::{ReceivedDelivery, VerifyError, verify};

/// The example of the specification's reference libraries.
const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
const SECONDS: &str = "1649367553";

const GOOD: ReceivedDelivery<'_> =
    ReceivedDelivery { id: ID, timestamp: SECONDS, signature: SIGNATURE, body: BODY };

fn signed() -> Timestamp {
    Utc.timestamp_opt(1_649_367_553, 0).unwrap()
}

fn secrets(secrets: &[&str]) -> Vec<SecretString> {
    secrets.iter().map(|secret| SecretString::from(*secret)).collect()
}

fn verify_when_signed(received: &ReceivedDelivery<'_>) -> Result<Timestamp, VerifyError> {
    verify(received, &secrets(&[SECRET]), Some(TimeDelta::minutes(5)), signed())
}

#[test]
fn example_of_the_reference_libraries_is_valid() {
    assert_eq!(verify_when_signed(&GOOD), Ok(signed()));
    let several = format!("v1a,abc v1,{} {SIGNATURE}", "A".repeat(44));
    assert_eq!(
        verify_when_signed(&ReceivedDelivery { signature: &several, ..GOOD }),
        Ok(signed()),
        "one of several is enough"
    );
    let spaced =
        ReceivedDelivery { id: " msg_27UH4WbU6Z5A5EzD8u03UvzRbpk\r\n", timestamp: " 1649367553\n", ..GOOD };
    assert_eq!(verify_when_signed(&spaced), Ok(signed()), "as headers are copied");
    let rotation = secrets(&["whsec_b2xk", SECRET]);
    assert_eq!(verify(&GOOD, &rotation, None, signed()), Ok(signed()), "one secret of several is enough");
}

#[test]
fn each_kind_of_invalid_delivery_has_its_reason() {
    let longer = [BODY, b"\n"].concat();
    let longer_twice = [BODY, b"\r\n"].concat();
    for (name, received, error) in [
        ("another id", ReceivedDelivery { id: "msg_1", ..GOOD }, VerifyError::Mismatch),
        ("another time", ReceivedDelivery { timestamp: "1649367554", ..GOOD }, VerifyError::Mismatch),
        ("another body", ReceivedDelivery { body: b"{}", ..GOOD }, VerifyError::Mismatch),
        ("a line break", ReceivedDelivery { body: &longer, ..GOOD }, VerifyError::LineBreak),
        ("another line break", ReceivedDelivery { body: &longer_twice, ..GOOD }, VerifyError::LineBreak),
        ("no text", ReceivedDelivery { body: b"\xff", ..GOOD }, VerifyError::Body),
        ("no time", ReceivedDelivery { timestamp: "2022-04-07T21:39:13Z", ..GOOD }, VerifyError::Timestamp),
        (
            "least time",
            ReceivedDelivery { timestamp: "-9223372036854775808", ..GOOD },
            VerifyError::Milliseconds,
        ),
        ("milliseconds", ReceivedDelivery { timestamp: "1649367553000", ..GOOD }, VerifyError::Milliseconds),
        ("no signature", ReceivedDelivery { signature: "", ..GOOD }, VerifyError::Malformed),
        ("no version", ReceivedDelivery { signature: &SIGNATURE[3..], ..GOOD }, VerifyError::Malformed),
        ("cut short", ReceivedDelivery { signature: &SIGNATURE[..20], ..GOOD }, VerifyError::Malformed),
        (
            "a flipped bit",
            ReceivedDelivery { signature: &SIGNATURE.replace("tZ", "tY"), ..GOOD },
            VerifyError::Mismatch,
        ),
    ] {
        assert_eq!(verify_when_signed(&received), Err(error), "{name}");
    }
    let wrong = verify(&GOOD, &secrets(&["whsec_b2xk"]), None, signed());
    assert_eq!(wrong, Err(VerifyError::Mismatch));
}

#[test]
fn time_outside_the_tolerance_is_an_error_with_both_times() {
    let secrets = secrets(&[SECRET]);
    let tolerance = TimeDelta::minutes(5);
    for (off, valid) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)] {
        let now = signed() + TimeDelta::seconds(off);
        assert_eq!(verify(&GOOD, &secrets, Some(tolerance), now).is_ok(), valid, "{off}");
        assert!(verify(&GOOD, &secrets, None, now).is_ok(), "{off}");
    }
    let error = |now| verify(&GOOD, &secrets, Some(tolerance), now).unwrap_err().to_string();
    insta::assert_snapshot!(error(signed() + TimeDelta::days(3)), @"the signature matches, but it was signed 2022-04-07 21:39 UTC, 3 days ago (5m is allowed)");
    insta::assert_snapshot!(error(signed() - TimeDelta::hours(1)), @"the signature matches, but it was signed 2022-04-07 21:39 UTC, 1 h ahead of this machine's clock (5m is allowed)");
}
