//! What a store reads with: each statement by itself with one of a few connections, or all of them in one read transaction.
//!
//! Guarantees: reading methods are the same for both. A transaction that is dropped, also half-way through a statement, gives its connection
//! back. Leaves to the caller to drop it soon: the log cannot be restarted while one shows an earlier state.

use std::sync::Arc;

use futures_util::future::{self, BoxFuture};
use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use sqlx::query::QueryAs;
use sqlx::sqlite::{
    SqliteArguments, SqlitePool, SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo,
};
use sqlx::{Either, Execute, Executor, FromRow, SqlStr, Sqlite, Transaction};
use tokio::sync::{Mutex, mpsc};

use super::StoreError;

/// How many rows of a transaction wait to be taken: as many as the connection's thread reads ahead.
const ROWS_AT_ONCE: usize = 50;

/// The connections for reading, or one of them.
#[derive(Clone, Debug)]
pub(super) enum Readers {
    /// Each statement shows the newest state.
    Pool(SqlitePool),
    /// All statements show the state that the first one found.
    Transaction(Arc<Mutex<Transaction<'static, Sqlite>>>),
}

impl Readers {
    /// The same in one read transaction, which begins with its first statement.
    pub(super) async fn begin_reading(&self) -> sqlx::Result<Self> {
        match self {
            Self::Pool(pool) => Ok(Self::Transaction(Arc::new(Mutex::new(pool.begin().await?)))),
            Self::Transaction(_) => Ok(self.clone()),
        }
    }

    /// Passes each row to `take`, one at a time, without the detour of a stream from a transaction.
    pub(super) async fn each_row<T>(
        &self,
        query: QueryAs<'_, Sqlite, T, SqliteArguments>,
        take: impl FnMut(T),
    ) -> Result<(), StoreError>
    where
        T: Send + Unpin + for<'r> FromRow<'r, SqliteRow>,
    {
        match self {
            Self::Pool(pool) => for_each(query.fetch(pool), take).await,
            Self::Transaction(transaction) => {
                let mut transaction = transaction.lock().await;
                for_each(query.fetch(&mut **transaction), take).await
            }
        }
    }

    /// Waits for running statements, then closes the connections; the connection of a transaction is closed by its pool.
    pub(super) async fn close(&self) {
        match self {
            Self::Pool(pool) => pool.close().await,
            Self::Transaction(_) => {}
        }
    }
}

impl<'r> Executor<'r> for &'r Readers {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<SqliteQueryResult, SqliteRow>>>
    where
        'r: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        match self {
            Readers::Pool(pool) => pool.fetch_many(query),
            Readers::Transaction(transaction) => {
                // A stream cannot own the lock and what borrows from it; a future can.
                let (found, mut rows) = mpsc::channel(ROWS_AT_ONCE);
                let read = async move {
                    let mut transaction = transaction.lock().await;
                    let mut steps = transaction.fetch_many(query);
                    while let Some(step) = steps.next().await {
                        if found.send(step).await.is_err() {
                            break;
                        }
                    }
                };
                let rows = stream::poll_fn(move |context| rows.poll_recv(context));
                let read = stream::once(read).filter_map(|()| future::ready(None));
                stream::select(rows, read).boxed()
            }
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<SqliteRow>>>
    where
        'r: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        match self {
            Readers::Pool(pool) => pool.fetch_optional(query),
            Readers::Transaction(transaction) => {
                Box::pin(async move { transaction.lock().await.fetch_optional(query).await })
            }
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<SqliteStatement>>
    where
        'r: 'e,
    {
        match self {
            Readers::Pool(pool) => pool.prepare_with(sql, parameters),
            Readers::Transaction(transaction) => {
                Box::pin(async move { transaction.lock().await.prepare_with(sql, parameters).await })
            }
        }
    }
}

/// Passes each row to `take`, one at a time.
pub(super) async fn for_each<T>(
    rows: impl Stream<Item = sqlx::Result<T>>,
    mut take: impl FnMut(T),
) -> Result<(), StoreError> {
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        take(row);
    }
    Ok(())
}
