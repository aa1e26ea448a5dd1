//! The webhook body against docs/contract.md, section 4.

use serde_json::{Value, json};

use crate::domain::message::Message;
use crate::notify;
use crate::notify::tests::samples;

fn written(message: &Message) -> Value {
    let receiver = samples::receiver(samples::webhook());
    serde_json::from_slice(&notify::render(message, &samples::id(), &receiver, &[]).unwrap()).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_body_matches_its_snapshot() {
    for (name, message) in samples::all() {
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "../snapshots"}, {
            insta::assert_json_snapshot!(format!("{name}.json"), written(&message));
        });
    }
}

#[test]
fn expired_token_has_the_documented_body() {
    let alert =
        samples::expiry(chrono::TimeDelta::zero(), "expired", crate::domain::message::Reason::Escalated);
    let change = samples::changes().remove(2).1;
    let body = written(&samples::message(vec![alert], vec![change]));
    assert_eq!(
        body,
        json!({
            "type": "alert.firing",
            "timestamp": "2026-11-23T03:00:00Z",
            "data": {
                "receiver": "ops-mail",
                "severity": "critical",
                "summary": "studio-a: token expired 2026-11-23 03:00 UTC (and 1 change)",
                "alerts": [{
                    "id": "01JCZZZZZZZZZZZZZZZZZZZZZZ", "kind": "expiry", "status": "firing",
                    "reason": "escalated", "stage": "expired", "severity": "critical",
                    "subscription": "main", "account": {"id": "123456", "name": "studio-a"}, "affected": 1,
                    "opened_at": "2026-11-16T03:00:00Z", "resolved_at": null,
                    "expires_at": "2026-11-23T03:00:00Z",
                    "detail": "exp_Expire says 2026-11-23T03:00:00Z, exp says 2026-12-14T03:00:00Z; exp_Expire counts."
                }],
                "changes": [{
                    "kind": "max_jobs_changed", "severity": "warning", "subscription": "main",
                    "account": {"id": "123456", "name": "studio-a"},
                    "field": "maxJobs", "before": 3, "after": 1, "at": "2026-11-23T03:00:00Z"
                }],
                "truncated": 0,
                "silenced": 0
            }
        })
    );
}

#[test]
fn every_alert_has_every_member_and_only_delivery_failing_has_a_receiver() {
    for (name, alert) in samples::firing() {
        let body = written(&samples::message(vec![alert], Vec::new()));
        let mut members = vec![
            "account",
            "affected",
            "detail",
            "expires_at",
            "id",
            "kind",
            "opened_at",
            "reason",
            "resolved_at",
            "severity",
            "stage",
            "status",
            "subscription",
        ];
        if name == "delivery-failing" {
            members.insert(8, "receiver");
        }
        assert_eq!(keys(&body["data"]["alerts"][0]), members, "{name}");
    }
}

#[test]
fn type_prefers_firing_over_resolved_over_changed() {
    let types: Vec<_> = ["mixed", "not-found-resolved", "host-changed", "test"]
        .map(|name| {
            let message = samples::all().into_iter().find(|(found, _)| found == name).unwrap().1;
            written(&message)["type"].clone()
        })
        .to_vec();
    assert_eq!(types, ["alert.firing", "alert.resolved", "account.changed", "watch.test"]);
}

#[test]
fn same_message_gives_the_same_bytes() {
    let receiver = samples::receiver(samples::webhook());
    let body = || notify::render(&samples::mixed(), &samples::id(), &receiver, &[]).unwrap();
    assert_eq!(body(), body());
}
