use serde_json::json;
use strum::IntoEnumIterator;

use super::super::StoredChange;
use super::{Home, account, at, named};
use crate::domain::alerts::Severity;
use crate::domain::change::{Change, ChangeKind};

fn change(id: &str, kind: ChangeKind, seconds: i64) -> Change {
    Change {
        account: account(id),
        kind,
        severity: Severity::Warning,
        field: "supportVideo".to_owned(),
        before: json!(true),
        after: json!(null),
        at: at(seconds),
    }
}

fn plain(changes: Vec<StoredChange>) -> Vec<Change> {
    changes.into_iter().map(|stored| stored.change).collect()
}

/// The changes of one account, oldest first.
async fn changes_of(home: &Home, id: &str) -> Vec<Change> {
    let mut changes = plain(home.store.changes_after(0).await.unwrap());
    changes.retain(|change| change.account == account(id));
    changes
}

#[tokio::test]
async fn every_kind_severity_and_value_reads_back_unchanged() {
    let home = Home::watching(&["1"]).await;
    let values =
        [json!(null), json!(false), json!(-3), json!("hailuoai.video"), json!("2026-11-23T07:15:00Z")];
    let mut kept = Vec::new();
    let mut writer = home.write().await;
    for (seconds, kind) in (0..).zip(ChangeKind::iter()) {
        for severity in Severity::iter() {
            for value in &values {
                let (before, after) = (value.clone(), json!({ "now": value }));
                let change = Change { severity, before, after, ..change("1", kind, seconds) };
                writer.record_changes(std::slice::from_ref(&change)).await.unwrap();
                kept.push(change);
            }
        }
    }
    writer.commit().await.unwrap();
    assert_eq!(changes_of(&home, "1").await, kept);
}

#[tokio::test]
async fn account_that_left_keeps_its_own_changes() {
    let home = Home::watching(&["1", "2"]).await;
    let (first, second) =
        (change("1", ChangeKind::HostChanged, 0), change("2", ChangeKind::CapabilityLost, 0));
    let mut writer = home.write().await;
    for change in [&first, &second] {
        writer.record_changes(std::slice::from_ref(change)).await.unwrap();
    }
    writer.watch(&[named("1", "1")]).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(changes_of(&home, "1").await, [first]);
    assert_eq!(changes_of(&home, "2").await, [second]);
    assert!(changes_of(&home, "3").await.is_empty());
}

#[tokio::test]
async fn change_is_unprocessed_until_it_is_marked() {
    let home = Home::watching(&["1", "2"]).await;
    let mut writer = home.write().await;
    assert!(writer.unprocessed_changes().await.unwrap().is_empty());
    let changes = [("2", 30), ("1", 20), ("1", 10)].map(|(id, s)| change(id, ChangeKind::HostChanged, s));
    for change in &changes {
        writer.record_changes(std::slice::from_ref(change)).await.unwrap();
    }
    let new = writer.unprocessed_changes().await.unwrap();
    assert_eq!(plain(new.clone()), changes, "in the order in which they were seen");
    writer.mark_changes_processed(&[new[0].id, new[2].id]).await.unwrap();
    assert_eq!(writer.unprocessed_changes().await.unwrap(), new[1..2], "one may wait longer than the next");
    writer.mark_changes_processed(&[new[1].id]).await.unwrap();
    assert!(writer.unprocessed_changes().await.unwrap().is_empty());
    writer.commit().await.unwrap();
    assert_eq!(changes_of(&home, "1").await.len(), 2, "processed is not deleted");
}
