//! By how much the clock of this machine differed from that of the API, at its latest answer with a `Date`.

use chrono::TimeDelta;
use sqlx::sqlite::SqliteExecutor;

use super::{Store, StoreError, Writer};

async fn clock_skew(executor: impl SqliteExecutor<'_>) -> Result<Option<TimeDelta>, StoreError> {
    let query = sqlx::query_scalar("SELECT clock_skew FROM purging WHERE only = 1");
    let seconds: Option<Option<i64>> = query.fetch_optional(executor).await?;
    Ok(seconds.flatten().and_then(TimeDelta::try_seconds))
}

impl Writer {
    /// As [`Store::clock_skew`].
    pub async fn clock_skew(&mut self) -> Result<Option<TimeDelta>, StoreError> {
        clock_skew(self.connection()).await
    }

    /// Saves it beside the `Date`, which is saved first.
    pub async fn save_clock_skew(&mut self, skew: TimeDelta) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE purging SET clock_skew = ? WHERE only = 1");
        self.execute(statement.bind(skew.num_seconds())).await
    }
}

impl Store {
    /// By how much this machine's clock was ahead; negative when it was behind. None before the first answer.
    pub async fn clock_skew(&self) -> Result<Option<TimeDelta>, StoreError> {
        clock_skew(&self.read).await
    }
}
