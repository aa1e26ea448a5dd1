use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};

use super::Home;

#[tokio::test]
async fn a_store_whose_file_is_gone_cannot_be_written_to() {
    let home = Home::new().await;
    assert_eq!(home.store.find_write_obstacle().await, None);
    std::fs::remove_file(home.path()).unwrap();
    assert!(home.store.find_write_obstacle().await.is_some());
}

/// The thread that asks may be busy with something else at any moment.
#[tokio::test]
async fn asking_for_an_obstacle_holds_no_lock_while_it_waits_to_go_on() {
    let home = Home::new().await;
    let options = SqliteConnectOptions::new().filename(home.path()).busy_timeout(Duration::from_millis(500));
    let mut other = options.connect().await.unwrap();
    let mut asking = pin!(home.store.find_write_obstacle());
    loop {
        if let Some(obstacle) = asking.as_mut().now_or_never() {
            assert_eq!(obstacle, None);
            break;
        }
        other.execute(sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK")).await.unwrap();
    }
}
