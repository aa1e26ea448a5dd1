//! `explain` on a large store: fast, and from a copy that leaves the store unchanged.

use std::time::{Duration, Instant};

use minimax_watch::report::Explanation;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::simulator::Record;
use crate::world::{DESK, PAGER, Settings, World, days, healthy, start};

/// A year of resolved alerts of each account, with their messages.
const YEAR: &str = "
    INSERT INTO alerts (id, subscription, account, kind, severity, detail, affected, opened_at, resolved_at, reached_at, closed)
        SELECT a.id || '-' || n.value, a.subscription, a.id, 'not_found', 'critical', 'x', 1, n.value, n.value + 1, n.value, 1
        FROM accounts a CROSS JOIN json_each('[1,2,3,4,5,6,7,8,9,10,11,12]') n WHERE a.id <> '';
    INSERT INTO notifications (alert, receiver, reason, status, severity, notified_at, message)
        SELECT id, 'pager', 'opened', 'firing', severity, opened_at, 'm-' || id FROM alerts WHERE closed = 1;
    INSERT INTO messages (id, receiver, channel, format, summary, state, created_at, finished_at, body, content)
        SELECT 'm-' || id, 'pager', 'webhook', 'standard', 'x', 'delivered', opened_at, opened_at, zeroblob(2000), '{}'
        FROM alerts WHERE closed = 1;";

#[tokio::test]
async fn explanation_is_fast_on_a_large_store_and_leaves_it_unchanged() {
    let ids: Vec<String> = (0..1_000).map(|id| id.to_string()).collect();
    let accounts: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
    let settings = Settings::watching(&accounts).api("fetch = \"list\"").alerts("repeat_every = \"24h\"");
    let world = World::open(settings.receivers(&[PAGER, DESK])).await;
    for id in &ids {
        world.main.put(healthy(id));
    }
    world.main.put(Record::ending("7", start() + days(5)));
    world.main.remove("8");
    world.run().await;
    let options = SqliteConnectOptions::new().filename(world.folder().join("watch.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(YEAR).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let alerts = world.engine.store.all_alerts().await.unwrap();
    for (id, upcoming) in [("7", 11), ("8", 3), ("9", 1)] {
        let watched = world.engine.store.watched().await.unwrap();
        let record = watched.iter().find(|record| record.account.id.as_str() == id).unwrap();
        let began = Instant::now();
        let explanation = Explanation::new(&world.engine, record, true, world.now()).await.unwrap();
        let took = began.elapsed();
        assert_eq!(explanation.next.len(), upcoming, "{:?}", explanation.next);
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    assert_eq!(world.engine.store.all_alerts().await.unwrap(), alerts);
}
