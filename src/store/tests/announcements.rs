use chrono::TimeDelta;

use super::super::{Announced, Announcement};
use super::{Home, account, at, days, ending, opened, over, receiver, telling};
use crate::domain::alert::{AlertId, AlertKind, Condition, Severity, Subject};
use crate::domain::announce::Told;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::expiry::Stage;
use crate::domain::message::{MessageId, Reason, Status};

const WEEK: Option<Stage> = Some(Stage::Lead(TimeDelta::days(7)));
const DAY: Option<Stage> = Some(Stage::Lead(TimeDelta::days(1)));

fn id(text: &str) -> AlertId {
    AlertId::new(text)
}

/// One telling of A1 to `mail`, `seconds` after the beginning.
fn of_a1(status: Status, stage: Option<Stage>, severity: Severity, end: i64, seconds: i64) -> Announcement {
    let mut telling = telling("A1", status, Some(days(end)), "mail", "m");
    if let Announced::Alert { stage: told, .. } = &mut telling.what {
        *told = stage;
    }
    Announcement { severity, told_at: at(seconds), ..telling }
}

#[tokio::test]
async fn tellings_fold_in_the_order_in_which_they_were_written() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    assert!(writer.told(at(10_000_000)).await.unwrap().is_empty());
    // The second was told at an earlier moment: by then the clock had been set back.
    for told in [
        of_a1(Status::Firing, WEEK, Severity::Warning, 7, 100),
        of_a1(Status::Firing, DAY, Severity::Critical, 7, 50),
        of_a1(Status::Resolved, DAY, Severity::Critical, 7, 70),
    ] {
        writer.record_announcements([told]).await.unwrap();
    }
    let told = writer.told(at(10_000_000)).await.unwrap();
    let expected =
        Told { status: Status::Resolved, at: at(70), stage: DAY, severity: Some(Severity::Critical) };
    assert_eq!(told.into_iter().collect::<Vec<_>>(), [((id("A1"), receiver("mail")), expected)]);
}

#[tokio::test]
async fn what_was_told_of_a_nearer_end_than_the_present_one_does_not_count() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(5)))], at(0)).await.unwrap();
    let told = of_a1(Status::Firing, Some(Stage::Expired), Severity::Critical, 5, 0);
    writer.record_announcements([told]).await.unwrap();
    let key = (id("A1"), receiver("mail"));
    assert_eq!(writer.told(at(10_000_000)).await.unwrap()[&key].stage, Some(Stage::Expired));
    writer.update_alert(&id("A1"), &ending("1", days(9)), at(1)).await.unwrap();
    let told = writer.told(at(10_000_000)).await.unwrap()[&key];
    assert_eq!(told, Told { status: Status::Firing, at: at(0), stage: None, severity: None });
}

#[tokio::test]
async fn each_receiver_and_each_alert_has_its_own_belief() {
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
        writer.record_announcements([telling(alert, status, end, to, "m")]).await.unwrap();
    }
    let beliefs: Vec<(String, String, Status)> = writer
        .told(at(10_000_000))
        .await
        .unwrap()
        .into_iter()
        .map(|((alert, to), told)| (alert.to_string(), to.to_string(), told.status))
        .collect();
    let expected =
        [("A1", "mail", Status::Firing), ("A1", "pager", Status::Resolved), ("A2", "pager", Status::Firing)];
    assert_eq!(beliefs, expected.map(|(alert, to, status)| (alert.to_owned(), to.to_owned(), status)));
}

#[tokio::test]
async fn a_settled_alert_is_asked_about_no_more() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    let told = telling("A1", Status::Resolved, Some(days(7)), "mail", "m");
    writer.record_announcements([told]).await.unwrap();
    writer.resolve_alerts(&[over(&id("A1"), "renewed", None)], at(1)).await.unwrap();
    assert_eq!(writer.told(at(10_000_000)).await.unwrap().len(), 1);
    writer.settle_alerts().await.unwrap();
    assert!(writer.told(at(10_000_000)).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_alert_without_end_or_stage_is_believed_as_well() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let subject = Subject::Receiver(receiver("pager"));
    let condition = super::broken(subject, AlertKind::DeliveryFailing);
    writer.open_alerts(&[opened(&id("A1"), &condition)], at(0)).await.unwrap();
    writer.record_announcements([telling("A1", Status::Firing, None, "mail", "m")]).await.unwrap();
    let told = writer.told(at(10_000_000)).await.unwrap()[&(id("A1"), receiver("mail"))];
    assert_eq!((told.stage, told.severity), (None, Some(Severity::Warning)));
}

#[tokio::test]
async fn a_thread_hangs_on_the_first_message_about_each_alert_once() {
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
        writer.record_announcements([telling(alert, Status::Firing, end, to, message)]).await.unwrap();
    }
    let asked = ["A3", "A4", "A1", "A2"].map(id);
    let first = writer.first_messages(&receiver("mail"), &asked).await.unwrap();
    assert_eq!(first, ["m2", "m1"].map(MessageId::new), "in the order of the alerts, each message once");
    assert!(writer.first_messages(&receiver("slack"), &asked).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_reason_and_every_change_can_be_told() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    for reason in [Reason::Opened, Reason::Escalated, Reason::Repeated, Reason::Resolved] {
        let mut told = telling("A1", Status::Firing, None, "mail", "m");
        if let Announced::Alert { reason: why, .. } = &mut told.what {
            *why = reason;
        }
        writer.record_announcements([told]).await.unwrap();
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
    let change = writer.new_changes().await.unwrap()[0].id;
    let told =
        Announcement { what: Announced::Change(change), ..telling("A1", Status::Firing, None, "mail", "m") };
    writer.record_announcements([told]).await.unwrap();
    writer.commit().await.unwrap();
    let sql = "SELECT COALESCE(reason, 'change') FROM announcements ORDER BY id";
    let reasons: Vec<String> = sqlx::query_scalar(sql).fetch_all(&home.store.read).await.unwrap();
    assert_eq!(reasons, ["opened", "escalated", "repeated", "resolved", "change"]);
}

#[tokio::test]
async fn nothing_is_told_of_an_alert_or_a_change_that_does_not_exist() {
    let home = Home::new().await;
    let alert = telling("A1", Status::Firing, None, "mail", "m");
    let change = Announcement { what: Announced::Change(7), ..alert.clone() };
    for told in [alert, change] {
        assert!(home.write().await.record_announcements([told.clone()]).await.is_err(), "{told:?}");
    }
}

#[tokio::test]
async fn a_condition_that_moved_is_no_second_telling() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let condition = ending("1", days(7));
    writer.open_alerts(&[opened(&id("A1"), &condition)], at(0)).await.unwrap();
    writer.record_announcements([of_a1(Status::Firing, WEEK, Severity::Warning, 7, 0)]).await.unwrap();
    let graver = Condition { stage: DAY, severity: Severity::Critical, ..condition };
    writer.update_alert(&id("A1"), &graver, at(0)).await.unwrap();
    let told = writer.told(at(10_000_000)).await.unwrap()[&(id("A1"), receiver("mail"))];
    assert_eq!((told.stage, told.severity), (WEEK, Some(Severity::Warning)));
}
