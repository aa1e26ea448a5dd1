use super::super::{Announced, Announcement, NewMessage, Purged, Writer};
use super::{Home, account, at, days, ending, jobs, named, opened, receiver, telling};
use crate::domain::alert::{AlertId, Severity};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::message::{MessageId, Reason, Status};

const TABLES: [&str; 6] = ["alerts", "announcements", "changes", "messages", "snapshots", "runs"];

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
    writer.new_changes().await.unwrap().last().unwrap().id
}

/// Of everything, one that ended on `day` and was told.
async fn over(writer: &mut Writer, name: &str, day: i64) {
    let alert = AlertId::new(name);
    writer.open_alerts(&[opened(&alert, &ending(name, days(7)))], days(0)).await.unwrap();
    for status in [Status::Firing, Status::Resolved] {
        writer.record_announcements([telling(name, status, None, "mail", name)]).await.unwrap();
    }
    writer.resolve_alerts(&[super::over(&alert, "over", None)], days(day)).await.unwrap();
    writer.settle_alerts().await.unwrap();
    enqueue(writer, name).await;
    writer.delivered(&MessageId::new(name), days(day)).await.unwrap();
}

#[tokio::test]
async fn what_is_over_and_old_goes_with_what_hangs_on_it() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    over(&mut writer, "old", 9).await;
    over(&mut writer, "new", 10).await;
    enqueue(&mut writer, "refused").await;
    writer.given_up(&MessageId::new("refused"), "410", days(9)).await.unwrap();
    let id = change(&mut writer).await;
    let told = telling("new", Status::Firing, None, "mail", "m");
    writer.record_announcements([Announcement { what: Announced::Change(id), ..told }]).await.unwrap();
    writer.changes_announced(&[id]).await.unwrap();
    for (max_jobs, day) in [(1, 0), (2, 9), (3, 10)] {
        writer.begin_snapshots(&[(&account("1"), &jobs(max_jobs))], days(day)).await.unwrap();
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
async fn what_is_open_pending_unsettled_untold_or_present_stays_whatever_its_age() {
    let home = Home::watching(&["1", "2"]).await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&AlertId::new("A1"), &ending("1", days(7)))], days(0)).await.unwrap();
    writer.open_alerts(&[opened(&AlertId::new("A2"), &ending("2", days(7)))], days(0)).await.unwrap();
    writer.resolve_alerts(&[super::over(&AlertId::new("A2"), "over", None)], days(1)).await.unwrap();
    for alert in ["A1", "A2"] {
        writer.record_announcements([telling(alert, Status::Firing, None, "mail", "m")]).await.unwrap();
    }
    writer.settle_alerts().await.unwrap();
    enqueue(&mut writer, "m1").await;
    enqueue(&mut writer, "m2").await;
    writer.deferred(&MessageId::new("m2"), "busy", days(1)).await.unwrap();
    change(&mut writer).await;
    for id in ["1", "2"] {
        writer.begin_snapshots(&[(&account(id), &jobs(1))], days(0)).await.unwrap();
    }
    // An account that is watched no more comes back to what was known of it.
    writer.watch(&[named("1", "1")]).await.unwrap();
    writer.begin_run(days(0)).await.unwrap();
    writer.commit().await.unwrap();
    let before = counts(&home).await;
    assert_eq!(before, [2, 2, 1, 2, 2, 1], "{TABLES:?}");
    assert_eq!(purge(&home, 40_000).await, Purged::default());
    assert_eq!(counts(&home).await, before, "{TABLES:?}");
}

#[tokio::test]
async fn of_old_reminders_that_say_the_same_the_last_stays() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&AlertId::new("A1"), &ending("1", days(7)))], days(0)).await.unwrap();
    for to in ["mail", "pager"] {
        let told = telling("A1", Status::Firing, Some(days(7)), to, "m");
        writer.record_announcements([told.clone()]).await.unwrap();
        // On day 4 the end had moved for a while: what was told of another end is no repetition.
        for (day, end) in [(1, 7), (2, 7), (3, 7), (4, 6), (5, 7), (6, 7), (20, 7), (21, 7)] {
            let Announced::Alert { id, status, stage, .. } = told.what.clone() else { panic!("an alert") };
            let (reason, expires_at) = (Reason::Repeated, Some(days(end)));
            let what = Announced::Alert { id, status, reason, stage, expires_at };
            let again = Announcement { what, told_at: days(day), ..told.clone() };
            writer.record_announcements([again]).await.unwrap();
        }
    }
    writer.commit().await.unwrap();
    assert_eq!(purge(&home, 10).await, Purged { rows: 2 * 4, more: false });
    let sql = "SELECT told_at FROM announcements WHERE receiver = 'mail' ORDER BY id";
    let left: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&home.store.read).await.unwrap();
    let expected = [at(0), days(4), days(6), days(20), days(21)];
    assert_eq!(left, expected.map(|moment| moment.timestamp_millis()));
    assert_eq!(purge(&home, 10).await, Purged::default(), "nothing is left to do");
}

#[tokio::test]
async fn a_run_never_gets_the_number_of_one_that_was_purged() {
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
async fn a_replaced_snapshot_counts_from_the_last_look_that_saw_it() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.begin_snapshots(&[(&account("1"), &jobs(1))], days(0)).await.unwrap();
    writer.touch_snapshots(&[&account("1")], days(20)).await.unwrap();
    writer.begin_snapshots(&[(&account("1"), &jobs(2))], days(20)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(purge(&home, 20).await.rows, 0);
    assert_eq!(purge(&home, 21).await.rows, 1);
}

#[tokio::test]
async fn much_goes_in_batches_until_nothing_more_is_said_to_be_left() {
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
async fn the_file_gives_back_what_was_purged() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    for number in 0..40 {
        let id = format!("m{number}");
        enqueue(&mut writer, &id).await;
        writer.delivered(&MessageId::new(id), days(1)).await.unwrap();
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
async fn a_message_that_failed_is_kept_as_long_as_its_alerts_are_remembered() {
    let home = Home::watching(&["1"]).await;
    let (alert, failed) = (AlertId::new("A1"), MessageId::new("failed"));
    let mut writer = home.write().await;
    writer.open_alerts(&[opened(&alert, &ending("1", days(7)))], days(0)).await.unwrap();
    writer.record_announcements([telling("A1", Status::Firing, None, "mail", "failed")]).await.unwrap();
    enqueue(&mut writer, "failed").await;
    writer.given_up(&failed, "410", days(1)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(purge(&home, 5).await, Purged::default());

    let mut writer = home.write().await;
    enqueue(&mut writer, "later").await;
    writer.delivered(&MessageId::new("later"), days(6)).await.unwrap();
    assert!(writer.told(days(6)).await.unwrap().is_empty(), "due again, however old the failure is");
    writer.resolve_alerts(&[super::over(&alert, "over", None)], days(7)).await.unwrap();
    writer.settle_alerts().await.unwrap();
    writer.commit().await.unwrap();
    // The alert may open again, and then its resolved message must not go to a receiver that never got it.
    assert_eq!(purge(&home, 5).await, Purged::default());
    assert_eq!(purge(&home, 8).await, Purged { rows: 3, more: false }, "the alert and both messages");
}
