//! What a message says of several alerts and changes.

use super::*;

fn dated(severity: Severity, resolved: bool) -> Alert {
    alert(stage("3d"), severity, resolved)
}

fn change(severity: Severity) -> Change {
    Change {
        account: account("a"),
        kind: ChangeKind::HostChanged,
        severity,
        field: "jwt.host".to_owned(),
        before: "a".into(),
        after: "b".into(),
        at: at(0),
    }
}

fn message(alerts: &[Alert], changes: &[Change]) -> Option<Message> {
    let batch = NotificationBatch {
        alerts: alerts.iter().map(|alert| (alert, Reason::Opened)).collect(),
        changes: changes.iter().collect(),
        silenced: 0,
    };
    batch.message(&ReceiverName::new("pager"), |key| key.id.to_string(), at(0))
}

#[test]
fn type_and_severity_of_a_message_follow_firing_alerts_then_changes_then_resolved_alerts() {
    use Severity::{Critical, Info, Warning};
    for (alerts, changes, expected) in [
        (vec![], vec![], None),
        (vec![dated(Critical, true), dated(Warning, false)], vec![], Some((MessageType::Firing, Warning))),
        (vec![dated(Warning, false)], vec![change(Info)], Some((MessageType::Firing, Warning))),
        (vec![dated(Warning, false)], vec![change(Critical)], Some((MessageType::Firing, Critical))),
        (vec![dated(Critical, true)], vec![], Some((MessageType::Resolved, Critical))),
        (vec![dated(Critical, true)], vec![change(Info)], Some((MessageType::Resolved, Info))),
        (vec![], vec![change(Info), change(Warning)], Some((MessageType::Changed, Warning))),
    ] {
        let message = message(&alerts, &changes);
        assert_eq!(message.map(|message| (message.kind, message.data.severity)), expected);
    }
}

#[test]
fn message_lists_a_hundred_of_each_and_counts_the_rest() {
    let mut alerts = vec![dated(Severity::Warning, false); 101];
    alerts.push(dated(Severity::Critical, false));
    alerts.push(dated(Severity::Critical, true));
    let data = message(&alerts, &vec![change(Severity::Info); 103]).unwrap().data;
    assert_eq!((data.alerts.len(), data.changes.len(), data.truncated), (100, 100, 6));
    assert_eq!(data.alerts[0].severity, Severity::Critical, "the most severe are listed");
    assert!(data.summary.ends_with("(and 101 alerts, 1 resolved, 103 changes)"), "{}", data.summary);
}

#[test]
fn alerts_of_equal_severity_are_sorted_by_account_after_those_of_the_subscription() {
    let mut whole = dated(Severity::Warning, false);
    whole.condition.subject = Subject::Subscription(account("a").subscription);
    let of = |id: &str| {
        let mut alert = dated(Severity::Warning, false);
        alert.condition.subject = Subject::Account(account(id));
        alert
    };
    let data = message(&[of("b"), of("a"), whole], &[]).unwrap().data;
    let notified: Vec<_> =
        data.alerts.iter().map(|entry| entry.account.as_ref().map(|of| of.id.as_str())).collect();
    assert_eq!(notified, [None, Some("a"), Some("b")]);
}

#[test]
fn renewed_alert_shows_its_new_expiry() {
    let mut renewed = alert(stage("3d"), Severity::Warning, true);
    renewed.renewed_until = Some(at(30 * DAY));
    let entry = alert_entry(&renewed, Some(Reason::Resolved), |_| "studio-a".to_owned());
    assert_eq!((entry.status, entry.expires_at), (Status::Resolved, Some(at(30 * DAY))));
    assert_eq!(entry.account.map(|account| account.name), Some("studio-a".to_owned()));
}
