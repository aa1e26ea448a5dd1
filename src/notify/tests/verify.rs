use chrono::{TimeDelta, TimeZone, Utc};
use secrecy::SecretString;

use crate::domain::time::Timestamp;
use crate::notify::{Received, Refusal, verify};

/// The example of the specification's reference libraries.
const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
const SECONDS: &str = "1649367553";

const GOOD: Received<'_> = Received { id: ID, timestamp: SECONDS, signature: SIGNATURE, body: BODY };

fn signed() -> Timestamp {
    Utc.timestamp_opt(1_649_367_553, 0).unwrap()
}

fn secrets(secrets: &[&str]) -> Vec<SecretString> {
    secrets.iter().map(|secret| SecretString::from(*secret)).collect()
}

fn verdict(received: &Received<'_>) -> Result<Timestamp, Refusal> {
    verify(received, &secrets(&[SECRET]), Some(TimeDelta::minutes(5)), signed())
}

#[test]
fn the_example_of_the_reference_libraries_is_valid() {
    assert_eq!(verdict(&GOOD), Ok(signed()));
    let several = format!("v1a,abc v1,{} {SIGNATURE}", "A".repeat(44));
    assert_eq!(verdict(&Received { signature: &several, ..GOOD }), Ok(signed()), "one of several is enough");
    let spaced = Received { id: " msg_27UH4WbU6Z5A5EzD8u03UvzRbpk\r\n", timestamp: " 1649367553\n", ..GOOD };
    assert_eq!(verdict(&spaced), Ok(signed()), "as headers are copied");
    let rotation = secrets(&["whsec_b2xk", SECRET]);
    assert_eq!(verify(&GOOD, &rotation, None, signed()), Ok(signed()), "one secret of several is enough");
}

#[test]
fn whatever_was_changed_is_told_by_its_reason() {
    let longer = [BODY, b"\n"].concat();
    let longer_twice = [BODY, b"\r\n"].concat();
    for (name, received, refusal) in [
        ("another id", Received { id: "msg_1", ..GOOD }, Refusal::Mismatch),
        ("another time", Received { timestamp: "1649367554", ..GOOD }, Refusal::Mismatch),
        ("another body", Received { body: b"{}", ..GOOD }, Refusal::Mismatch),
        ("a line break", Received { body: &longer, ..GOOD }, Refusal::LineBreak),
        ("another line break", Received { body: &longer_twice, ..GOOD }, Refusal::LineBreak),
        ("no text", Received { body: b"\xff", ..GOOD }, Refusal::Body),
        ("no time", Received { timestamp: "2022-04-07T21:39:13Z", ..GOOD }, Refusal::Timestamp),
        ("least time", Received { timestamp: "-9223372036854775808", ..GOOD }, Refusal::Milliseconds),
        ("milliseconds", Received { timestamp: "1649367553000", ..GOOD }, Refusal::Milliseconds),
        ("no signature", Received { signature: "", ..GOOD }, Refusal::Malformed),
        ("no version", Received { signature: &SIGNATURE[3..], ..GOOD }, Refusal::Malformed),
        ("cut short", Received { signature: &SIGNATURE[..20], ..GOOD }, Refusal::Malformed),
        ("a flipped bit", Received { signature: &SIGNATURE.replace("tZ", "tY"), ..GOOD }, Refusal::Mismatch),
    ] {
        assert_eq!(verdict(&received), Err(refusal), "{name}");
    }
    let wrong = verify(&GOOD, &secrets(&["whsec_b2xk"]), None, signed());
    assert_eq!(wrong, Err(Refusal::Mismatch));
}

#[test]
fn too_old_and_too_new_are_told_with_both_moments_unless_any_time_is_allowed() {
    let secrets = secrets(&[SECRET]);
    let tolerance = TimeDelta::minutes(5);
    for (off, valid) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)] {
        let now = signed() + TimeDelta::seconds(off);
        assert_eq!(verify(&GOOD, &secrets, Some(tolerance), now).is_ok(), valid, "{off}");
        assert!(verify(&GOOD, &secrets, None, now).is_ok(), "{off}");
    }
    let told = |now| verify(&GOOD, &secrets, Some(tolerance), now).unwrap_err().to_string();
    insta::assert_snapshot!(told(signed() + TimeDelta::days(3)), @"the signature fits, but it was signed 2022-04-07 21:39 UTC, 3 days ago (5m is allowed)");
    insta::assert_snapshot!(told(signed() - TimeDelta::hours(1)), @"the signature fits, but it was signed 2022-04-07 21:39 UTC, 1 h ahead of the clock here (5m is allowed)");
}
