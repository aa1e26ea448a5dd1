//! `status --json` and `check --format json` have the shape of docs/contract.md, section 7.

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::domain::time::rfc3339;
use serde_json::{Value, json};

use crate::schema::valid;
use crate::setup::Setup;
use crate::simulator::Record;

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_status_print_the_object_of_the_contract() {
    let setup = Setup::with(&["123456", "fine"], "").await;
    let (end, other) = (clock::now() + TimeDelta::days(2), clock::now() + TimeDelta::days(23));
    setup.vendor.put(Record::ending("123456", end).exp(Some(other)).flag("supportChat", false));
    let check = setup.run(&["check", "--format", "json"]);
    let status = setup.run(&["status", "--json"]);
    assert_eq!((check.status, status.status), (Some(1), Some(1)));
    let [check, status] = [check, status].map(|ended| valid("status", &ended.out));
    for report in [&check, &status] {
        assert_eq!(
            keys(report),
            [
                "accounts",
                "alerts",
                "clock_skew_seconds",
                "generated_at",
                "last_run",
                "outbox",
                "plans",
                "unassigned_jobs",
                "verdict"
            ]
        );
        assert_eq!(keys(&report["last_run"]), ["checked", "finished_at", "ok", "started_at"]);
        assert_eq!((&report["last_run"]["checked"], &report["last_run"]["ok"]), (&json!(2), &json!(2)));
        assert_eq!(report["outbox"], json!({"pending": 0, "failed": 0}));
        assert_eq!(report["verdict"], "warning");
        let account = &report["accounts"][0];
        let checked_at = account["checked_at"].clone();
        let read = |at| json!({"at": rfc3339(at), "seen_at": checked_at, "state": "read", "text": null});
        assert_eq!(
            *account,
            json!({
                "subscription": "main", "id": "123456", "name": "123456", "outcome": "ok", "verdict": "warning", "usable": true,
                "checked_at": checked_at, "last_ok_at": checked_at, "expires_at": rfc3339(end),
                "expiries": {"exp_Expire": read(end), "exp": read(other)},
                "max_jobs": 1, "host": "hailuoai.video",
                "capabilities": {"supportVideo": true, "supportChat": false, "supportAudio": true},
                "error": null, "alerts": ["expiry"]
            })
        );
        assert_eq!(report["accounts"][1]["verdict"], "ok");
        let alert = &report["alerts"][0];
        let (id, opened_at) = (alert["id"].clone(), alert["opened_at"].clone());
        let detail = alert["detail"].clone();
        assert!(id.is_string() && opened_at.is_string() && detail.is_string(), "{alert}");
        assert_eq!(
            *alert,
            json!({
                "id": id, "kind": "expiry", "status": "firing", "reason": null, "stage": "3d", "severity": "warning",
                "subscription": "main", "account": {"id": "123456", "name": "123456"}, "affected": 1,
                "opened_at": opened_at, "resolved_at": null, "expires_at": rfc3339(end), "detail": detail
            })
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn report_holds_only_the_named_accounts() {
    let setup = Setup::with(&["a", "b"], "").await;
    let check = setup.run(&["check", "b", "--format", "json"]);
    let report = valid("status", &check.out);
    assert_eq!(report["accounts"].as_array().unwrap().len(), 1);
    assert_eq!((&report["accounts"][0]["id"], &report["last_run"]["checked"]), (&json!("b"), &json!(1)));
    assert_eq!(setup.api.requests_for("a").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_run_everything_is_unknown() {
    let setup = Setup::with(&["a"], "").await;
    let status = setup.run(&["status", "--json"]);
    let report = valid("status", &status.out);
    assert_eq!(status.status, Some(3));
    assert_eq!((&report["verdict"], &report["last_run"]), (&json!("unknown"), &Value::Null));
    assert!(!setup.store().exists(), "a reading command creates no store");
}
