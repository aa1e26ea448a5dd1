//! What receivers got, as lines that are short enough to compare: `opened expiry 7d warning studio-a`.

use serde_json::Value;

use crate::simulator::{Delivery, Mail, Signature};

/// One webhook body, parsed.
pub(crate) fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

/// The content of each delivery on one line. Asserts that each is a POST of JSON with a valid signature.
pub(crate) fn lines(deliveries: &[Delivery]) -> Vec<String> {
    deliveries
        .iter()
        .map(|delivery| {
            assert_eq!(delivery.method, "POST");
            assert_eq!(delivery.header("content-type"), Some("application/json"));
            assert_eq!(
                delivery.header("user-agent"),
                Some(concat!("minimax-watch/", env!("CARGO_PKG_VERSION")))
            );
            assert!(delivery.header("webhook-id").is_some());
            assert!(matches!(delivery.signature, Signature::Valid | Signature::Unchecked));
            line(&body(delivery))
        })
        .collect()
}

/// The content of one message: its alerts and changes, joined by ` + `, in an order that does not depend on ids.
pub(crate) fn line(message: &Value) -> String {
    let data = &message["data"];
    let mut entries: Vec<String> = array(&data["alerts"]).iter().map(alert).collect();
    entries.extend(array(&data["changes"]).iter().map(change));
    entries.sort();
    entries.join(" + ")
}

/// `opened unauthorized critical main(3)`: an account or receiver by its name, a subscription with the number of affected accounts.
fn alert(alert: &Value) -> String {
    let subject = match alert["account"]["name"].as_str().or(alert["receiver"].as_str()) {
        Some(name) => name.to_owned(),
        None => format!("{}({})", word(&alert["subscription"]), alert["affected"]),
    };
    let stage = alert["stage"].as_str().map(|stage| format!("{stage} ")).unwrap_or_default();
    let (reason, kind, severity) = (word(&alert["reason"]), word(&alert["kind"]), word(&alert["severity"]));
    format!("{reason} {kind} {stage}{severity} {subject}")
}

/// `max_jobs_changed warning studio-a maxJobs 3>1`.
fn change(change: &Value) -> String {
    let (kind, severity, field) = (word(&change["kind"]), word(&change["severity"]), word(&change["field"]));
    let (name, before, after) = (word(&change["account"]["name"]), &change["before"], &change["after"]);
    format!("{kind} {severity} {name} {field} {before}>{after}")
}

/// The subjects of mails.
pub(crate) fn subjects(mails: &[Mail]) -> Vec<String> {
    mails.iter().map(|mail| mail.header("Subject").unwrap()).collect()
}

pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap()
}
