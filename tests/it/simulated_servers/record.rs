//! The account configurations of the simulated vendor.

use chrono::{TimeZone, Utc};

use minimax_watch::domain::time::Timestamp;
use serde_json::json;

use crate::simulator::Record;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

#[test]
fn record_is_the_documented_example_by_default() {
    let record = Record::new("123456").to_json(now(), 1);
    assert_eq!(record["account"], "123456");
    assert_eq!(record["jwt"]["token"], "abc…secured…xyz");
    assert_eq!(record["jwt"]["exp"].to_string(), "1734858598.864");
    assert_eq!(record["jwt"]["iat"].to_string(), "1732266598.864");
    assert_eq!(record["jwt"]["exp_Expire"], "2024-12-01T00:00:00.000Z");
    assert_eq!(record["jwt"]["user"]["deviceID"], "123456789");
    assert_eq!(record["maxJobs"], 1);
    for flag in ["supportVideo", "supportChat", "supportAudio"] {
        assert_eq!(record[flag], true, "{flag}");
    }
    assert_eq!(record.get("supportMusic"), None);
    assert_eq!(record.get("error"), None);
}

#[test]
fn flag_is_true_false_or_absent() {
    let record = Record::new("1").flag("supportVideo", false).flag("supportChat", None);
    let record = record.flag("supportAgent", true).to_json(now(), 1);
    assert_eq!(record["supportVideo"], false);
    assert_eq!(record.get("supportChat"), None);
    assert_eq!(record["supportAgent"], true);
}

#[test]
fn stamped_error_differs_in_each_response() {
    let record = Record::new("1").stamped_error("Session expired");
    let texts: Vec<_> = (1..=3).map(|ordinal| record.to_json(now(), ordinal)["error"].clone()).collect();
    assert_eq!(texts[0], "Session expired [2026-11-23T07:15:00.001Z]");
    assert!(texts[0] != texts[1] && texts[1] != texts[2], "{texts:?}");
}

#[test]
fn any_json_can_be_set_anywhere() {
    let record = Record::new("1")
        .plant("/jwt/exp", json!("soon"))
        .plant("/a~1b/c", json!([1]))
        .plant("/maxJobs", None)
        .plant("/account/id", json!(7))
        .to_json(now(), 1);
    assert_eq!(record["jwt"]["exp"], "soon");
    assert_eq!(record["a/b"]["c"], json!([1]));
    assert_eq!(record.get("maxJobs"), None);
    assert_eq!(record["account"], json!({"id": 7}));
    assert_eq!(Record::new("1").plant("", json!([])).to_json(now(), 1), json!([]));
}
