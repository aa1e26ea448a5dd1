use super::super::{NewMessage, NotificationRow, NotificationSubject, Purged, Writer};
use super::{Home, account, at, days, ending, jobs, named, notification, opened, receiver};
use crate::domain::alerts::{AlertId, Severity};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::message::{MessageId, Reason, Status};

const TABLES: [&str; 6] = ["alerts", "notifications", "changes", "messages", "snapshots", "runs"];

async fn purge(home: &Home, before: i64) -> Purged {
    let mut writer = home.write().await;
    let purged = writer.purge(days(before)).await.unwrap();
    writer.commit().await.unwrap();
    purged
}

async fn counts(home: &Home) -> [i64; 6] {
    let mut counts = [0; 6];
    for (count, table) in counts.iter_mut().zip(TABLES) {
        *count = home.count(table).await;
    }
    counts
}

async fn enqueue(writer: &mut Writer, id: &str) {
    let message = NewMessage {
        id: MessageId::new(id),
        receiver: receiver("mail"),
        channel: "email",
        format: "mail",
        body: Some(vec![b'x'; 20_000]),
        content: super::content("a summary"),
    };
    writer.enqueue(&message, days(0)).await.unwrap();
}

async fn change(writer: &mut Writer) -> i64 {
    let change = Change {
        account: account("1"),
        kind: ChangeKind::HostChanged,
        severity: Severity::Info,
        field: "host".to_owned(),
        before: "a".into(),
        after: "b".into(),
        at: days(0),
    };
    writer.record_changes(std::slice::from_ref(&change)).await.unwrap();
    writer.unprocessed_changes().await.unwrap().last().unwrap().id
}

/// An alert that resolved on `day`, with its notifications and its delivered message.
async fn over(writer: &mut Writer, name: &str, day: i64) {
    let alert = AlertId::new(name);
    writer.open_alerts(&[opened(&alert, &ending(name, days(7)))], days(0)).await.unwrap();
    for status in [Status::Firing, Status::Resolved] {
        writer.insert_notifications([notification(name, status, None, "mail", name)]).await.unwrap();
    }
    writer.resolve_alerts(&[super::over(&alert, "over", None)], days(day)).await.unwrap();
    writer.close_notified_alerts().await.unwrap();
    enqueue(writer, name).await;
    writer.mark_delivered(&MessageId::new(name), days(day)).await.unwrap();
}

#[tokio::test]
async fn old_finished_rows_are_purged_with_their_dependents() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    over(&mut writer, "old", 9).await;
    over(&mut writer, "new", 10).await;
    enqueue(&mut writer, "refused").await;
    writer.mark_failed(&MessageId::new("refused"), "410", days(9)).await.unwrap();
    let id = change(&mut writer).await;
    let notified = notification("new", Status::Firing, None, "mail", "m");
    writer
        .insert_notifications([NotificationRow { subject: NotificationSubject::Change(id), ..notified }])
        .await
        .unwrap();
    writer.mark_changes_processed(&[id]).await.unwrap();
    for (max_jobs, day) in [(1, 0), (2, 9), (3, 10)] {
        writer.insert_snapshots(&[(&account("1"), &jobs(max_jobs))], days(day)).await.unwrap();
    }
    for day in [0, 9, 10] {
        writer.begin_run(days(day)).await.unwrap();
    }
    writer.commit().await.unwrap();
    assert_eq!(counts(&home).await, [2, 5, 1, 3, 3, 3], "{TABLES:?}");

    assert_eq!(purge(&home, 10).await, Purged { rows: 1 + 1 + 2 + 2 + 2, more: false });
    assert_eq!(counts(&home).await, [1, 2, 0, 1, 1, 1], "{TABLES:?}");
    assert_eq!(home.store.all_alerts().await.unwrap()[0].id, AlertId::new("new"));
    assert_eq!(home.store.snapshots(&account("1")).await.unwrap()[0].configuration, jobs(3));
    assert_eq!(purge(&home, 10).await, Purged::default(), "nothing is left to do");
}

#[tokio::test]
async fn open_pending_unprocessed_and_present_rows_stay_whatever_their_age() {
    let home = Home::watching(&["1", "2"]).await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&AlertId::new("A1"), &ending("1", days(7)))], days(0)).await.unwrap();
    writer.open_alerts(&[opened(&AlertId::new("A2"), &ending("2", days(7)))], days(0)).await.unwrap();
    writer.resolve_alerts(&[super::over(&AlertId::new("A2"), "over", None)], days(1)).await.unwrap();
    for alert in ["A1", "A2"] {
        writer.insert_notifications([notification(alert, Status::Firing, None, "mail", "m")]).await.unwrap();
    }
    writer.close_notified_alerts().await.unwrap();
    enqueue(&mut writer, "m1").await;
    enqueue(&mut writer, "m2").await;
    writer.schedule_retry(&MessageId::new("m2"), "busy", days(1)).await.unwrap();
    change(&mut writer).await;
    for id in ["1", "2"] {
        writer.insert_snapshots(&[(&account(id), &jobs(1))], days(0)).await.unwrap();
    }
    // The snapshot of an account that is no longer watched counts when the account returns.
    writer.watch(&[named("1", "1")]).await.unwrap();
    writer.begin_run(days(0)).await.unwrap();
    writer.commit().await.unwrap();
    let before = counts(&home).await;
    assert_eq!(before, [2, 2, 1, 2, 2, 1], "{TABLES:?}");
    assert_eq!(purge(&home, 40_000).await, Purged::default());
    assert_eq!(counts(&home).await, before, "{TABLES:?}");
}

#[tokio::test]
async fn last_of_old_identical_reminders_stays() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&AlertId::new("A1"), &ending("1", days(7)))], days(0)).await.unwrap();
    for to in ["mail", "pager"] {
        let notified = notification("A1", Status::Firing, Some(days(7)), to, "m");
        writer.insert_notifications([notified.clone()]).await.unwrap();
        // On day 4 the expiry was another one: a notification of it is not a repetition.
        for (day, end) in [(1, 7), (2, 7), (3, 7), (4, 6), (5, 7), (6, 7), (20, 7), (21, 7)] {
            let NotificationSubject::Alert { id, status, stage, .. } = notified.subject.clone() else {
                panic!("an alert")
            };
            let (reason, expires_at) = (Reason::Repeated, Some(days(end)));
            let subject = NotificationSubject::Alert { id, status, reason, stage, expires_at };
            let again = NotificationRow { subject, notified_at: days(day), ..notified.clone() };
            writer.insert_notifications([again]).await.unwrap();
        }
    }
    writer.commit().await.unwrap();
    assert_eq!(purge(&home, 10).await, Purged { rows: 2 * 4, more: false });
    let sql = "SELECT notified_at FROM notifications WHERE receiver = 'mail' ORDER BY id";
    let left: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&home.store.read).await.unwrap();
    let expected = [at(0), days(4), days(6), days(20), days(21)];
    assert_eq!(left, expected.map(|moment| moment.timestamp_millis()));
    assert_eq!(purge(&home, 10).await, Purged::default(), "nothing is left to do");
}

#[tokio::test]
async fn number_of_a_purged_run_is_never_used_again() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    let mut last = 0;
    for _ in 0..3 {
        last = writer.begin_run(days(0)).await.unwrap();
    }
    writer.purge(days(400)).await.unwrap();
    assert_eq!(writer.begin_run(days(0)).await.unwrap(), last + 1);
}

#[tokio::test]
async fn replaced_snapshot_ages_from_the_last_check_that_saw_it() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.insert_snapshots(&[(&account("1"), &jobs(1))], days(0)).await.unwrap();
    writer.touch_snapshots(&[&account("1")], days(20)).await.unwrap();
    writer.insert_snapshots(&[(&account("1"), &jobs(2))], days(20)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(purge(&home, 20).await.rows, 0);
    assert_eq!(purge(&home, 21).await.rows, 1);
}

#[tokio::test]
async fn large_backlog_is_purged_in_batches() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    for seconds in 0..1_201 {
        writer.begin_run(at(seconds)).await.unwrap();
    }
    writer.commit().await.unwrap();
    let mut batches = Vec::new();
    loop {
        let purged = purge(&home, 10).await;
        batches.push(purged.rows);
        if !purged.more {
            break;
        }
    }
    assert_eq!(batches, [500, 500, 200], "the last run stays");
}

#[tokio::test]
async fn purging_shrinks_the_file() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    for number in 0..40 {
        let id = format!("m{number}");
        enqueue(&mut writer, &id).await;
        writer.mark_delivered(&MessageId::new(id), days(1)).await.unwrap();
    }
    writer.commit().await.unwrap();
    let sql = "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count";
    let (before, _): (i64, i64) = sqlx::query_as(sql).fetch_one(&home.store.read).await.unwrap();
    assert_eq!(purge(&home, 10).await.rows, 40);
    let (after, free): (i64, i64) = sqlx::query_as(sql).fetch_one(&home.store.read).await.unwrap();
    assert!(after < before - 150, "{before} pages became {after}");
    assert_eq!(free, 0);
}

#[tokio::test]
async fn failed_message_stays_as_long_as_its_alerts() {
    let home = Home::watching(&["1"]).await;
    let (alert, failed) = (AlertId::new("A1"), MessageId::new("failed"));
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&alert, &ending("1", days(7)))], days(0)).await.unwrap();
    writer.insert_notifications([notification("A1", Status::Firing, None, "mail", "failed")]).await.unwrap();
    enqueue(&mut writer, "failed").await;
    writer.mark_failed(&failed, "410", days(1)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(purge(&home, 5).await, Purged::default());

    let mut writer = home.write().await;
    enqueue(&mut writer, "later").await;
    writer.mark_delivered(&MessageId::new("later"), days(6)).await.unwrap();
    assert!(writer.notified(days(6)).await.unwrap().is_empty(), "due again, however old the failure is");
    writer.resolve_alerts(&[super::over(&alert, "over", None)], days(7)).await.unwrap();
    writer.close_notified_alerts().await.unwrap();
    writer.commit().await.unwrap();
    // The alert may open again, and then its resolved message must not go to a receiver that never got it.
    assert_eq!(purge(&home, 5).await, Purged::default());
    assert_eq!(purge(&home, 8).await, Purged { rows: 3, more: false }, "the alert and both messages");
}
