use chrono::TimeDelta;

use super::super::{NotificationRow, NotificationSubject};
use super::{Home, account, at, days, ending, notification, opened, over, receiver};
use crate::domain::alerts::{AlertId, AlertKind, Condition, Severity, Subject};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::lead_times::Stage;
use crate::domain::message::{MessageId, Reason, Status};
use crate::domain::notification::NotifiedState;

const WEEK: Option<Stage> = Some(Stage::Lead(TimeDelta::days(7)));
const DAY: Option<Stage> = Some(Stage::Lead(TimeDelta::days(1)));

fn id(text: &str) -> AlertId {
    AlertId::new(text)
}

/// One telling of A1 to `mail`, `seconds` after the beginning.
fn of_a1(
    status: Status,
    stage: Option<Stage>,
    severity: Severity,
    end: i64,
    seconds: i64,
) -> NotificationRow {
    let mut notification = notification("A1", status, Some(days(end)), "mail", "m");
    if let NotificationSubject::Alert { stage: notified, .. } = &mut notification.subject {
        *notified = stage;
    }
    NotificationRow { severity, notified_at: at(seconds), ..notification }
}

#[tokio::test]
async fn notifications_fold_in_the_order_in_which_they_were_written() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    assert!(writer.notified(at(10_000_000)).await.unwrap().is_empty());
    // The second has an earlier time: the clock had been set back.
    for notified in [
        of_a1(Status::Firing, WEEK, Severity::Warning, 7, 100),
        of_a1(Status::Firing, DAY, Severity::Critical, 7, 50),
        of_a1(Status::Resolved, DAY, Severity::Critical, 7, 70),
    ] {
        writer.insert_notifications([notified]).await.unwrap();
    }
    let notified = writer.notified(at(10_000_000)).await.unwrap();
    let expected = NotifiedState {
        status: Status::Resolved,
        at: at(70),
        stage: DAY,
        severity: Some(Severity::Critical),
    };
    assert_eq!(notified.into_iter().collect::<Vec<_>>(), [((id("A1"), receiver("mail")), expected)]);
}

#[tokio::test]
async fn notification_of_a_nearer_expiry_than_the_present_one_does_not_count() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(5)))], at(0)).await.unwrap();
    let notified = of_a1(Status::Firing, Some(Stage::Expired), Severity::Critical, 5, 0);
    writer.insert_notifications([notified]).await.unwrap();
    let key = (id("A1"), receiver("mail"));
    assert_eq!(writer.notified(at(10_000_000)).await.unwrap()[&key].stage, Some(Stage::Expired));
    writer.update_alert(&id("A1"), &ending("1", days(9)), at(1)).await.unwrap();
    let notified = writer.notified(at(10_000_000)).await.unwrap()[&key];
    assert_eq!(notified, NotifiedState { status: Status::Firing, at: at(0), stage: None, severity: None });
}

#[tokio::test]
async fn notified_state_is_separate_for_each_receiver_and_alert() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    for (alert, account) in [("A1", "1"), ("A2", "2"), ("A3", "3")] {
        writer.open_alerts(&[opened(&id(alert), &ending(account, days(7)))], at(0)).await.unwrap();
    }
    let end = Some(days(7));
    for (alert, to, status) in [
        ("A2", "pager", Status::Firing),
        ("A1", "pager", Status::Firing),
        ("A1", "mail", Status::Firing),
        ("A1", "pager", Status::Resolved),
    ] {
        writer.insert_notifications([notification(alert, status, end, to, "m")]).await.unwrap();
    }
    let beliefs: Vec<(String, String, Status)> = writer
        .notified(at(10_000_000))
        .await
        .unwrap()
        .into_iter()
        .map(|((alert, to), notified)| (alert.to_string(), to.to_string(), notified.status))
        .collect();
    let expected =
        [("A1", "mail", Status::Firing), ("A1", "pager", Status::Resolved), ("A2", "pager", Status::Firing)];
    assert_eq!(beliefs, expected.map(|(alert, to, status)| (alert.to_owned(), to.to_owned(), status)));
}

#[tokio::test]
async fn closed_alert_has_no_notified_state() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    let notified = notification("A1", Status::Resolved, Some(days(7)), "mail", "m");
    writer.insert_notifications([notified]).await.unwrap();
    writer.resolve_alerts(&[over(&id("A1"), "renewed", None)], at(1)).await.unwrap();
    assert_eq!(writer.notified(at(10_000_000)).await.unwrap().len(), 1);
    writer.close_notified_alerts().await.unwrap();
    assert!(writer.notified(at(10_000_000)).await.unwrap().is_empty());
}

#[tokio::test]
async fn alert_without_expiry_or_stage_has_a_notified_state() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let subject = Subject::Receiver(receiver("pager"));
    let condition = super::broken(subject, AlertKind::DeliveryFailing);
    writer.open_alerts(&[opened(&id("A1"), &condition)], at(0)).await.unwrap();
    writer.insert_notifications([notification("A1", Status::Firing, None, "mail", "m")]).await.unwrap();
    let notified = writer.notified(at(10_000_000)).await.unwrap()[&(id("A1"), receiver("mail"))];
    assert_eq!((notified.stage, notified.severity), (None, Some(Severity::Warning)));
}

#[tokio::test]
async fn thread_refers_once_to_the_first_message_of_each_alert() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    for alert in ["A1", "A2", "A3", "A4"] {
        writer.open_alerts(&[opened(&id(alert), &ending(alert, days(7)))], at(0)).await.unwrap();
    }
    let end = Some(days(7));
    for (alert, to, message) in [
        ("A1", "pager", "m0"),
        ("A2", "mail", "m1"),
        ("A1", "mail", "m2"),
        ("A3", "mail", "m2"),
        ("A1", "mail", "m3"),
        ("A2", "mail", "m3"),
    ] {
        writer.insert_notifications([notification(alert, Status::Firing, end, to, message)]).await.unwrap();
    }
    let asked = ["A3", "A4", "A1", "A2"].map(id);
    let first = writer.first_messages(&receiver("mail"), &asked).await.unwrap();
    assert_eq!(first, ["m2", "m1"].map(MessageId::new), "in the order of the alerts, each message once");
    assert!(writer.first_messages(&receiver("slack"), &asked).await.unwrap().is_empty());
}

#[tokio::test]
async fn notification_of_every_reason_and_of_a_change_is_stored() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    for reason in [Reason::Opened, Reason::Escalated, Reason::Repeated, Reason::Resolved] {
        let mut notified = notification("A1", Status::Firing, None, "mail", "m");
        if let NotificationSubject::Alert { reason: why, .. } = &mut notified.subject {
            *why = reason;
        }
        writer.insert_notifications([notified]).await.unwrap();
    }
    let change = Change {
        account: account("1"),
        kind: ChangeKind::MaxJobsChanged,
        severity: Severity::Info,
        field: "maxJobs".to_owned(),
        before: 1.into(),
        after: 3.into(),
        at: at(0),
    };
    writer.record_changes(std::slice::from_ref(&change)).await.unwrap();
    let change = writer.unprocessed_changes().await.unwrap()[0].id;
    let notified = NotificationRow {
        subject: NotificationSubject::Change(change),
        ..notification("A1", Status::Firing, None, "mail", "m")
    };
    writer.insert_notifications([notified]).await.unwrap();
    let receivers = writer.receivers_of_unprocessed_changes().await.unwrap();
    assert_eq!(receivers, [(change, receiver("mail"))].into(), "notifications of alerts are not among them");
    writer.mark_changes_processed(&[change]).await.unwrap();
    assert!(writer.receivers_of_unprocessed_changes().await.unwrap().is_empty());
    writer.commit().await.unwrap();
    let sql = "SELECT COALESCE(reason, 'change') FROM notifications ORDER BY id";
    let reasons: Vec<String> = sqlx::query_scalar(sql).fetch_all(&home.store.read).await.unwrap();
    assert_eq!(reasons, ["opened", "escalated", "repeated", "resolved", "change"]);
}

#[tokio::test]
async fn notification_of_a_missing_alert_or_change_is_refused() {
    let home = Home::new().await;
    let alert = notification("A1", Status::Firing, None, "mail", "m");
    let change = NotificationRow { subject: NotificationSubject::Change(7), ..alert.clone() };
    for notified in [alert, change] {
        assert!(home.write().await.insert_notifications([notified.clone()]).await.is_err(), "{notified:?}");
    }
}

#[tokio::test]
async fn updated_alert_does_not_change_what_was_notified() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let condition = ending("1", days(7));
    writer.open_alerts(&[opened(&id("A1"), &condition)], at(0)).await.unwrap();
    writer.insert_notifications([of_a1(Status::Firing, WEEK, Severity::Warning, 7, 0)]).await.unwrap();
    let graver = Condition { stage: DAY, severity: Severity::Critical, ..condition };
    writer.update_alert(&id("A1"), &graver, at(0)).await.unwrap();
    let notified = writer.notified(at(10_000_000)).await.unwrap()[&(id("A1"), receiver("mail"))];
    assert_eq!((notified.stage, notified.severity), (WEEK, Some(Severity::Warning)));
}
