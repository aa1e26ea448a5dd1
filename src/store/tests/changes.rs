use serde_json::json;

use super::super::StoredChange;
use super::{Home, account, at, named};
use crate::domain::alert::Severity;
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

#[tokio::test]
async fn every_kind_severity_and_value_comes_back_as_it_was_kept() {
    let home = Home::watching(&["1"]).await;
    let values =
        [json!(null), json!(false), json!(-3), json!("hailuoai.video"), json!("2026-11-23T07:15:00Z")];
    let mut kept = Vec::new();
    let mut writer = home.write().await;
    for (seconds, kind) in (0..).zip(ChangeKind::ALL) {
        for severity in Severity::ALL {
            for value in &values {
                let (before, after) = (value.clone(), json!({ "now": value }));
                let change = Change { severity, before, after, ..change("1", kind, seconds) };
                writer.record_changes(std::slice::from_ref(&change)).await.unwrap();
                kept.push(change);
            }
        }
    }
    writer.commit().await.unwrap();
    assert_eq!(plain(home.store.changes(&account("1")).await.unwrap()), kept);
}

#[tokio::test]
async fn an_account_has_its_own_changes_even_when_it_is_watched_no_more() {
    let home = Home::watching(&["1", "2"]).await;
    let (first, second) =
        (change("1", ChangeKind::HostChanged, 0), change("2", ChangeKind::CapabilityLost, 0));
    let mut writer = home.write().await;
    for change in [&first, &second] {
        writer.record_changes(std::slice::from_ref(change)).await.unwrap();
    }
    writer.watch(&[named("1", "1")]).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(plain(home.store.changes(&account("1")).await.unwrap()), [first]);
    assert_eq!(plain(home.store.changes(&account("2")).await.unwrap()), [second]);
    assert!(home.store.changes(&account("3")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_change_is_new_until_it_was_considered() {
    let home = Home::watching(&["1", "2"]).await;
    let mut writer = home.write().await;
    assert!(writer.new_changes().await.unwrap().is_empty());
    let changes = [("2", 30), ("1", 20), ("1", 10)].map(|(id, s)| change(id, ChangeKind::HostChanged, s));
    for change in &changes {
        writer.record_changes(std::slice::from_ref(change)).await.unwrap();
    }
    let new = writer.new_changes().await.unwrap();
    assert_eq!(plain(new.clone()), changes, "in the order in which they were seen");
    writer.changes_announced(&[new[0].id, new[2].id]).await.unwrap();
    assert_eq!(writer.new_changes().await.unwrap(), new[1..2], "one may wait longer than the next");
    writer.changes_announced(&[new[1].id]).await.unwrap();
    assert!(writer.new_changes().await.unwrap().is_empty());
    writer.commit().await.unwrap();
    assert_eq!(home.store.changes(&account("1")).await.unwrap().len(), 2, "told is not forgotten");
}
