use chrono::TimeDelta;
use strum::IntoEnumIterator;

use super::super::Writer;
use super::{
    Home, account, at, broken, days, ending, main_subscription, notification, opened, over, receiver,
};
use crate::domain::alerts::{Alert, AlertId, AlertKind, Condition, Resolution, Severity, Subject};
use crate::domain::lead_times::Stage;
use crate::domain::message::Status;

fn id(text: &str) -> AlertId {
    AlertId::new(text)
}

async fn resolve(writer: &mut Writer, alert: &str, seconds: i64) {
    writer.resolve_alerts(&[over(&id(alert), "resolved", None)], at(seconds)).await.unwrap();
}

/// Ends it by a later end.
async fn renew(writer: &mut Writer, alert: &str, seconds: i64) {
    writer.resolve_alerts(&[over(&id(alert), "renewed", Some(days(30)))], at(seconds)).await.unwrap();
}

/// An alert that was open from `opened` to `opened` and a second.
async fn past(writer: &mut Writer, alert: &str, condition: &Condition, opened: i64) {
    writer.open_alerts(&[super::opened(&id(alert), condition)], at(opened)).await.unwrap();
    renew(writer, alert, opened + 1).await;
}

async fn open_ids(writer: &mut Writer) -> Vec<String> {
    writer.unclosed_alerts().await.unwrap().into_iter().map(|alert| alert.id.to_string()).collect()
}

fn firing(text: &str, condition: &Condition, opened: i64) -> Alert {
    Alert {
        id: id(text),
        condition: condition.clone(),
        opened_at: at(opened),
        resolved_at: None,
        renewed_until: None,
        reached_at: at(opened),
        resolution: None,
    }
}

fn subjects() -> [Subject; 3] {
    [
        Subject::Account(account("main")),
        Subject::Subscription(main_subscription()),
        Subject::Receiver(receiver("main")),
    ]
}

#[tokio::test]
async fn alerts_of_every_subject_and_kind_read_back_unchanged() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let mut kept = Vec::new();
    for subject in subjects() {
        for kind in AlertKind::iter() {
            let name = format!("A{:02}", kept.len());
            let condition = broken(subject.clone(), kind);
            writer.open_alerts(&[opened(&id(&name), &condition)], at(0)).await.unwrap();
            kept.push(firing(&name, &condition, 0));
        }
    }
    assert_eq!(writer.unclosed_alerts().await.unwrap(), kept);
    writer.commit().await.unwrap();
    assert_eq!(home.store.firing_alerts().await.unwrap(), kept);
    assert_eq!(home.store.all_alerts().await.unwrap(), kept);
}

#[tokio::test]
async fn at_most_one_alert_fires_for_each_subject_and_kind() {
    let home = Home::new().await;
    for subject in subjects() {
        let mut writer = home.write().await;
        let condition = broken(subject, AlertKind::Unreachable);
        writer.open_alerts(&[opened(&id("A1"), &condition)], at(0)).await.unwrap();
        assert!(writer.open_alerts(&[opened(&id("A2"), &condition)], at(1)).await.is_err(), "a second fires");
        resolve(&mut writer, "A1", 2).await;
        writer.open_alerts(&[opened(&id("A2"), &condition)], at(3)).await.unwrap();
    }
}

#[tokio::test]
async fn alert_is_updated_and_resolves_once() {
    let home = Home::new().await;
    let before = ending("1", days(7));
    let after = Condition {
        stage: Some(Stage::Expired),
        severity: Severity::Critical,
        expires_at: Some(days(6)),
        detail: "token expired".to_owned(),
        affected: 2,
        ..before.clone()
    };
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &before)], at(0)).await.unwrap();
    writer.open_alerts(&[opened(&id("A2"), &ending("2", days(7)))], at(0)).await.unwrap();
    writer.update_alert(&id("A1"), &after, at(0)).await.unwrap();
    assert_eq!(
        writer.unclosed_alerts().await.unwrap(),
        [firing("A1", &after, 0), firing("A2", &ending("2", days(7)), 0)]
    );
    writer.resolve_alerts(&[over(&id("A1"), "renewed", Some(days(30)))], at(60)).await.unwrap();
    writer.resolve_alerts(&[over(&id("A1"), "again", None)], at(120)).await.unwrap();
    writer.commit().await.unwrap();
    let over = Alert {
        condition: Condition { detail: "renewed".to_owned(), ..after.clone() },
        resolved_at: Some(at(60)),
        renewed_until: Some(days(30)),
        resolution: Some(Resolution::Ended),
        ..firing("A1", &after, 0)
    };
    assert_eq!(home.store.all_alerts().await.unwrap()[0], over);
    assert_eq!(home.store.firing_alerts().await.unwrap(), [firing("A2", &ending("2", days(7)), 0)]);
}

#[tokio::test]
async fn every_stage_reads_back_unchanged() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let leads = [TimeDelta::days(7), TimeDelta::hours(36), TimeDelta::seconds(90), TimeDelta::zero()];
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    for stage in leads.map(Stage::Lead).into_iter().chain([Stage::Expired]).map(Some).chain([None]) {
        let condition = Condition { stage, ..ending("1", days(7)) };
        writer.update_alert(&id("A1"), &condition, at(0)).await.unwrap();
        assert_eq!(writer.unclosed_alerts().await.unwrap()[0].condition.stage, stage);
    }
}

#[tokio::test]
async fn expiry_that_comes_back_reopens_its_alert() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    writer.resolve_alerts(&[over(&id("A1"), "renewed", Some(days(30)))], at(1)).await.unwrap();
    writer.close_notified_alerts().await.unwrap();
    assert!(open_ids(&mut writer).await.is_empty());
    assert_eq!(
        writer.reopen_alert(&ending("1", days(7))).await.unwrap().map(|alert| alert.id),
        Some(id("A1"))
    );
    let expected = Condition { detail: "renewed".to_owned(), ..ending("1", days(7)) };
    let fires_on = Alert { resolution: Some(Resolution::Ended), ..firing("A1", &expected, 0) };
    assert_eq!(writer.unclosed_alerts().await.unwrap(), [fires_on]);
    assert_eq!(
        writer.reopen_alert(&ending("1", days(7))).await.unwrap().map(|alert| alert.id),
        None,
        "it fires already"
    );
}

#[tokio::test]
async fn expiry_that_was_notified_reopens_its_alert() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    let notified = notification("A1", Status::Firing, Some(days(7)), "mail", "m1");
    writer.insert_notifications([notified]).await.unwrap();
    writer.update_alert(&id("A1"), &ending("1", days(5)), at(0)).await.unwrap();
    renew(&mut writer, "A1", 1).await;
    assert_eq!(
        writer.reopen_alert(&ending("1", days(6))).await.unwrap().map(|alert| alert.id),
        None,
        "no notification had that expiry"
    );
    assert_eq!(
        writer.reopen_alert(&ending("1", days(7))).await.unwrap().map(|alert| alert.id),
        Some(id("A1"))
    );
}

#[tokio::test]
async fn alert_that_no_renewal_resolved_stays_resolved() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    resolve(&mut writer, "A1", 1).await;
    assert_eq!(
        writer.reopen_alert(&ending("1", days(7))).await.unwrap().map(|alert| alert.id),
        None,
        "nobody watched it any more"
    );
}

#[tokio::test]
async fn only_an_alert_of_the_same_subject_kind_and_expiry_reopens() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let other_kind = Condition { kind: AlertKind::ExpiryUnknown, ..ending("1", days(7)) };
    let no_end = Condition { expires_at: None, ..ending("1", days(7)) };
    past(&mut writer, "A1", &ending("2", days(7)), 0).await;
    past(&mut writer, "A2", &ending("1", days(8)), 0).await;
    past(&mut writer, "A3", &other_kind, 0).await;
    past(&mut writer, "A4", &no_end, 0).await;
    let notified = notification("A3", Status::Firing, Some(days(7)), "mail", "m1");
    writer.insert_notifications([notified]).await.unwrap();
    assert_eq!(writer.reopen_alert(&ending("1", days(7))).await.unwrap().map(|alert| alert.id), None);
    assert_eq!(
        writer.reopen_alert(&no_end).await.unwrap().map(|alert| alert.id),
        None,
        "no end is nobody's end"
    );
}

#[tokio::test]
async fn newest_of_several_alerts_with_the_expiry_reopens() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let end = ending("1", days(7));
    for (alert, opened) in [("A3", 10), ("A2", 30), ("A1", 20)] {
        past(&mut writer, alert, &end, opened).await;
    }
    assert_eq!(writer.reopen_alert(&end).await.unwrap().map(|alert| alert.id), Some(id("A2")));
    writer.commit().await.unwrap();
    assert_eq!(home.store.firing_alerts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn firing_alert_is_never_closed_and_an_unnotified_resolved_one_is_at_once() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&id("A1"), &ending("1", days(7)))], at(0)).await.unwrap();
    past(&mut writer, "A2", &ending("2", days(7)), 0).await;
    assert_eq!(open_ids(&mut writer).await, ["A1", "A2"]);
    writer.close_notified_alerts().await.unwrap();
    assert_eq!(open_ids(&mut writer).await, ["A1"]);
}

#[tokio::test]
async fn alert_is_closed_when_every_notified_receiver_was_sent_its_resolution() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    past(&mut writer, "A1", &ending("1", days(7)), 0).await;
    let end = Some(days(7));
    for (status, to, closed) in [
        (Status::Firing, "mail", false),
        // A receiver that left the configuration counts: it may come back.
        (Status::Firing, "removed", false),
        (Status::Resolved, "mail", false),
        (Status::Firing, "mail", false),
        (Status::Resolved, "removed", false),
        (Status::Resolved, "mail", true),
    ] {
        writer.insert_notifications([notification("A1", status, end, to, "m")]).await.unwrap();
        writer.close_notified_alerts().await.unwrap();
        assert_eq!(open_ids(&mut writer).await.is_empty(), closed, "after {to} was sent {status:?}");
    }
}
