//! Whether a store's tables, indexes and triggers are those that the migrations make.
//!
//! Guarantees: whatever another program put into a store that would run or fail with our statements (a trigger, a view, a virtual
//! table, an index on our tables, a changed table) is found by name before anything is written. Further plain tables and their own
//! indexes are left alone: backup tools keep such.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::content::Applied;
use super::open::MIGRATIONS;

/// Name, and what defines it.
type Objects = BTreeMap<String, Object>;

#[derive(Debug, PartialEq, Eq)]
struct Object {
    kind: String,
    table: String,
    sql: String,
}

/// What SQLite and the migrator keep for themselves is not compared.
const OBJECTS: &str = "SELECT name, type, tbl_name, COALESCE(sql, '') FROM sqlite_schema
    WHERE NOT (type IN ('table', 'index') AND (name LIKE 'sqlite\\_%' ESCAPE '\\' OR tbl_name = '_sqlx_migrations'))";

/// What differs between the store on `connection` and one with the migrations `applied`, if anything does. Another version's
/// store is not compared: it is refused as such.
pub(super) async fn alteration(
    connection: &mut SqliteConnection,
    applied: &[Applied],
) -> Result<Option<String>, sqlx::Error> {
    let is_ours = |of: &Applied| {
        MIGRATIONS.iter().any(|known| known.version == of.version && *known.checksum == *of.checksum)
    };
    if !applied.iter().all(is_ours) {
        return Ok(None);
    }
    let found = objects(connection).await?;
    Ok(difference(&found, &expected(applied).await?))
}

fn difference(found: &Objects, expected: &Objects) -> Option<String> {
    for (name, object) in found {
        let Object { kind, table, sql } = object;
        match expected.get(name) {
            Some(known) if known == object => {}
            Some(_) => return Some(format!("the {kind} `{name}` is not as minimax-watch makes it")),
            None if kind == "table" && !is_virtual(sql) => {}
            None if kind == "index" && !expected.contains_key(table) => {}
            None => {
                return Some(format!(
                    "it holds the {kind} `{name}` on `{table}`, which minimax-watch does not make"
                ));
            }
        }
    }
    let missing = expected.iter().find(|(name, _)| !found.contains_key(*name));
    missing.map(|(name, object)| format!("the {} `{name}` is missing", object.kind))
}

fn is_virtual(sql: &str) -> bool {
    sql.split_whitespace().nth(1).is_some_and(|word| word.eq_ignore_ascii_case("virtual"))
}

/// What the migrations `applied` make, in memory.
async fn expected(applied: &[Applied]) -> Result<Objects, sqlx::Error> {
    let options = SqliteConnectOptions::new().in_memory(true);
    let mut memory = options.connect().await?;
    for migration in MIGRATIONS.iter().filter(|known| applied.iter().any(|of| of.version == known.version)) {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut memory).await?;
    }
    let objects = objects(&mut memory).await?;
    memory.close().await?;
    Ok(objects)
}

async fn objects(connection: &mut SqliteConnection) -> Result<Objects, sqlx::Error> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(OBJECTS).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(name, kind, table, sql)| (name, Object { kind, table, sql })).collect())
}

#[cfg(test)]
mod tests {
    use crate::store::{Store, StoreError};

    use super::*;

    async fn altered(sql: &'static str) -> Result<(), StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.db");
        Store::open(&path).await.unwrap().close().await;
        let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let before = std::fs::read(&path).unwrap();
        let (written, read) =
            (Store::open(&path).await.map(drop), Store::open_existing(&path).await.map(drop));
        assert_eq!(
            written.as_ref().err().map(ToString::to_string),
            read.as_ref().err().map(ToString::to_string),
            "readers and writers say the same"
        );
        assert!(written.is_ok() || std::fs::read(&path).unwrap() == before, "it is left as it was");
        written
    }

    #[tokio::test]
    async fn what_another_program_put_into_a_store_is_refused_by_name() {
        for (sql, named) in [
            (
                "CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM alerts; END",
                "the trigger `evil` on `runs`",
            ),
            (
                "CREATE TRIGGER sqlx AFTER INSERT ON _sqlx_migrations BEGIN DELETE FROM alerts; END",
                "the trigger `sqlx`",
            ),
            ("CREATE VIEW peek AS SELECT * FROM alerts", "the view `peek`"),
            ("CREATE UNIQUE INDEX odd ON runs (checked)", "the index `odd` on `runs`"),
            ("CREATE VIRTUAL TABLE words USING fts5 (word)", "the table `words`"),
            (
                "ALTER TABLE runs ADD COLUMN twice INTEGER AS (checked * 2)",
                "the table `runs` is not as minimax-watch makes it",
            ),
            ("DROP INDEX alerts_firing", "the index `alerts_firing` is missing"),
        ] {
            let refused = altered(sql).await.unwrap_err().to_string();
            assert!(refused.contains(named) && refused.contains("left as it is"), "{sql}: {refused}");
        }
    }

    #[tokio::test]
    async fn tables_of_backup_tools_are_left_alone() {
        altered("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); CREATE INDEX s ON _litestream_seq (seq)")
            .await
            .unwrap();
    }
}
