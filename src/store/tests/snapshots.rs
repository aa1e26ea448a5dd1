use super::super::Snapshot;
use super::{Home, account, at, jobs, named, record};

#[tokio::test]
async fn unchanged_check_adds_no_row_and_a_change_adds_one() {
    let home = Home::watching(&["1", "2"]).await;
    let mut writer = home.write().await;
    writer.insert_snapshots(&[(&account("1"), &jobs(3))], at(0)).await.unwrap();
    writer.insert_snapshots(&[(&account("2"), &jobs(9))], at(0)).await.unwrap();
    for seconds in [900, 1800] {
        writer.touch_snapshots(&[&account("1")], at(seconds)).await.unwrap();
    }
    writer.insert_snapshots(&[(&account("1"), &jobs(1))], at(2700)).await.unwrap();
    writer.touch_snapshots(&[&account("1")], at(3600)).await.unwrap();
    writer.commit().await.unwrap();

    let snapshot = |max_jobs, first, last, checks| Snapshot {
        configuration: jobs(max_jobs),
        first_seen_at: at(first),
        last_seen_at: at(last),
        checks,
    };
    let expected = [snapshot(3, 0, 1800, 3), snapshot(1, 2700, 3600, 2)];
    assert_eq!(home.store.snapshots(&account("1")).await.unwrap(), expected);
    assert_eq!(home.store.newest_snapshots(&account("1"), 2).await.unwrap(), expected);
    assert_eq!(home.store.newest_snapshots(&account("1"), 1).await.unwrap(), expected[1..]);
    assert_eq!(home.store.snapshots(&account("2")).await.unwrap(), [snapshot(9, 0, 0, 1)]);
    let known = record(&mut home.write().await, &account("1")).await.unwrap();
    assert_eq!(known.configuration, Some(jobs(1)), "the last one is the present one");
}

#[tokio::test]
async fn clock_that_was_set_back_shortens_no_snapshot() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.insert_snapshots(&[(&account("1"), &jobs(3))], at(900)).await.unwrap();
    writer.touch_snapshots(&[&account("1")], at(0)).await.unwrap();
    writer.commit().await.unwrap();
    let [snapshot] = &home.store.snapshots(&account("1")).await.unwrap()[..] else { panic!("one snapshot") };
    assert_eq!((snapshot.last_seen_at, snapshot.checks), (at(900), 2));
}

#[tokio::test]
async fn account_without_a_snapshot_has_no_configuration() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.touch_snapshots(&[&account("1")], at(0)).await.unwrap();
    assert_eq!(record(&mut writer, &account("1")).await.unwrap().configuration, None);
    writer.commit().await.unwrap();
    assert!(home.store.snapshots(&account("1")).await.unwrap().is_empty());
    assert!(home.store.snapshots(&account("never watched")).await.unwrap().is_empty());
}

#[tokio::test]
async fn snapshot_of_an_unknown_account_is_refused() {
    let home = Home::watching(&["1"]).await;
    assert!(home.write().await.insert_snapshots(&[(&account("2"), &jobs(1))], at(0)).await.is_err());
}

#[tokio::test]
async fn account_that_left_keeps_its_snapshots() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.insert_snapshots(&[(&account("1"), &jobs(3))], at(0)).await.unwrap();
    writer.watch(&[named("2", "2")]).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(home.store.snapshots(&account("1")).await.unwrap().len(), 1);
}
