//! Whether a store's schema is the one that the migrations create.
//!
//! Guarantees: whatever another program added that would run or fail with our statements (a trigger, a view, a
//! virtual table, an index on our tables, a changed table) is found by name before anything is written. Other plain
//! tables and their indexes are allowed: backup tools add such. Until the first release a migration may be edited: a store of
//! another development version is then refused and left unchanged.

use std::collections::BTreeMap;

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::columns::{Columns, from_row};

/// One migration that was applied to a store.
pub(super) struct Applied {
    pub(super) version: i64,
    pub(super) checksum: Vec<u8>,
}

from_row! { Applied: "_sqlx_migrations" get(version, checksum) }

/// The type, table and SQL of each object, by its name.
type Objects = BTreeMap<String, (String, String, String)>;

/// Without what SQLite and the migrator keep for themselves.
const OBJECTS: &str = "SELECT name, type, tbl_name, COALESCE(sql, '') FROM sqlite_schema
    WHERE NOT (type IN ('table', 'index') AND (name LIKE 'sqlite\\_%' ESCAPE '\\' OR tbl_name = '_sqlx_migrations'))";

/// The first difference between the store on `connection` and one with the `applied` ones of `migrations`.
pub(super) async fn find_alteration(
    connection: &mut SqliteConnection,
    applied: &[Applied],
    migrations: &Migrator,
) -> Result<Option<String>, sqlx::Error> {
    let found = read_objects(connection).await?;
    let mut memory = SqliteConnectOptions::new().in_memory(true).connect().await?;
    for migration in migrations.iter().filter(|known| applied.iter().any(|one| one.version == known.version))
    {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut memory).await?;
    }
    let expected = read_objects(&mut memory).await?;
    memory.close().await?;
    Ok(difference(&found, &expected))
}

fn difference(found: &Objects, expected: &Objects) -> Option<String> {
    for (name, object) in found {
        let (kind, table, sql) = object;
        match expected.get(name) {
            Some(known) if known == object => {}
            Some(_) => {
                return Some(format!("the {kind} `{name}` differs from the one that minimax-watch creates"));
            }
            None if kind == "table" && !is_virtual(sql) => {}
            None if kind == "index" && !expected.contains_key(table) => {}
            None => {
                return Some(format!(
                    "it holds the {kind} `{name}` on `{table}`, which minimax-watch does not create"
                ));
            }
        }
    }
    let missing = expected.iter().find(|(name, _)| !found.contains_key(*name));
    missing.map(|(name, (kind, ..))| format!("the {kind} `{name}` is missing"))
}

fn is_virtual(sql: &str) -> bool {
    sql.split_whitespace().nth(1).is_some_and(|word| word.eq_ignore_ascii_case("virtual"))
}

async fn read_objects(connection: &mut SqliteConnection) -> Result<Objects, sqlx::Error> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(OBJECTS).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(name, kind, table, sql)| (name, (kind, table, sql))).collect())
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
        assert!(written.is_ok() || std::fs::read(&path).unwrap() == before, "it stays as it was");
        written
    }

    #[tokio::test]
    async fn objects_of_another_program_are_refused_by_name() {
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
                "the table `runs` differs from the one that minimax-watch creates",
            ),
            ("DROP INDEX alerts_firing", "the index `alerts_firing` is missing"),
        ] {
            let refused = altered(sql).await.unwrap_err().to_string();
            assert!(refused.contains(named) && refused.contains("left as it is"), "{sql}: {refused}");
        }
    }

    #[tokio::test]
    async fn tables_of_backup_tools_are_allowed() {
        altered("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); CREATE INDEX s ON _litestream_seq (seq)")
            .await
            .unwrap();
    }
}
