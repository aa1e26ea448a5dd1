//! The migrations in `migrations/`, compiled into the program.
//!
//! Listed by hand: the macro that reads the folder needs a second build of SQLite for itself. A test compares this list with the folder.

use std::sync::LazyLock;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Every migration of this version.
pub(super) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    Migrator::with_migrations(vec![
        migration(1, "initial", include_str!("../../migrations/0001_initial.sql")),
        migration(2, "credit proof", include_str!("../../migrations/0002_credit_proof.sql")),
        migration(3, "purged jobs", include_str!("../../migrations/0003_purged_jobs.sql")),
        migration(4, "corrected jobs", include_str!("../../migrations/0004_corrected_jobs.sql")),
        migration(5, "unseen jobs", include_str!("../../migrations/0005_unseen_jobs.sql")),
    ])
});

fn migration(version: i64, description: &'static str, sql: &'static str) -> Migration {
    Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn list_holds_every_file_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let read = Migrator::new(folder).await.unwrap();
        let fields = |migrator: &Migrator| -> Vec<_> {
            let fields = |one: &Migration| (one.version, one.description.to_string(), one.checksum.to_vec());
            migrator.iter().map(fields).collect()
        };
        assert_eq!(fields(&MIGRATIONS), fields(&read));
    }
}
