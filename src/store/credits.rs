//! The credits of accounts: what is known of each, and the series of the numbers that were read.
//!
//! Guarantees: a number that is read again adds no row; the newest [`MAX_ROWS`] rows of an account stay, however often it is read. How old
//! they become is left to `purge`, what they mean to `domain::credits`.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, SqliteExecutor};

use super::columns::{Columns, from_row, keys_json, millis};
use super::{Store, StoreError, Writer};
use crate::domain::account::AccountKey;
use crate::domain::credits::{CreditReading, CreditsOutlook, CreditsState, Pace};
use crate::domain::time::Timestamp;

/// The most rows of one account that stay: more than a year of a number that moves each hour.
const MAX_ROWS: i64 = 10_000;
/// Of these, the newest by which a pace is judged: those of 7 days, read every ten minutes, are half as many.
const JUDGED: i64 = 2_000;

/// A number of credits, and the time in which it did not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditPeriod {
    /// The number.
    pub credits: u64,
    /// The name of the plan.
    pub plan: Option<String>,
    /// When the first of the credits end.
    pub ends_at: Option<Timestamp>,
    /// The first reading that showed it.
    pub first_read_at: Timestamp,
    /// The last one.
    pub last_read_at: Timestamp,
    /// How many readings did.
    pub readings: i64,
}

impl FromRow<'_, SqliteRow> for CreditPeriod {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let columns = Columns::new("credit_readings", row);
        Ok(Self {
            credits: credits(&columns)?,
            plan: columns.get("plan")?,
            ends_at: columns.optional_timestamp("ends_at")?,
            first_read_at: columns.timestamp("first_read_at")?,
            last_read_at: columns.timestamp("last_read_at")?,
            readings: columns.get("readings")?,
        })
    }
}

fn credits(columns: &Columns<'_>) -> sqlx::Result<u64> {
    columns.optional_amount("credits")?.ok_or_else(|| columns.unreadable("credits", "null"))
}

/// An account whose credits could not be read the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCreditsReading {
    /// The account.
    pub account: AccountKey,
    /// When they were last read.
    pub read_at: Option<Timestamp>,
    /// Why that failed.
    pub error: String,
    /// Whether there was an answer that is not understood.
    pub is_not_understood: bool,
}

from_row! {
    FailedCreditsReading: "credits"
        nested(account = "account") optional_timestamp(read_at) get(error = "failure", is_not_understood = "not_understood")
}

/// A row with the account that it is about.
struct CreditsRow {
    account: AccountKey,
    state: CreditsState,
}

from_row! {
    CreditsRow: "credits" nested(account = "account", state = "state")
}

impl FromRow<'_, SqliteRow> for CreditsState {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let columns = Columns::new("credits", row);
        let newest = columns.optional_timestamp("newest_at")?.zip(columns.optional_amount("newest")?);
        let newest = newest.map(|(at, credits)| CreditReading { at, credits });
        let proof = columns.optional_timestamp("proof_at")?.zip(columns.optional_amount("proof")?);
        let span: Option<i64> = columns.get("span_ms")?;
        let span = span.and_then(TimeDelta::try_milliseconds);
        let pace = columns.optional_amount("decrease")?.zip(span);
        let pace = pace.and_then(|(decrease, span)| Pace::from_parts(decrease, span));
        Ok(Self {
            asked_at: columns.optional_timestamp("asked_at")?,
            answered_at: columns.optional_timestamp("answered_at")?,
            paused_until: columns.optional_timestamp("paused_until")?,
            read_at: columns.optional_timestamp("read_at")?,
            outlook: newest.map(|newest| CreditsOutlook::new(newest, pace)),
            proof: proof.map(|(at, credits)| CreditReading { at, credits }),
            plan: columns.get("plan")?,
            plan_ends_at: columns.optional_timestamp("plan_ends_at")?,
            ends_at: columns.optional_timestamp("ends_at")?,
            dead_since: columns.optional_timestamp("dead_since")?,
            is_dead: columns.get("dead")?,
            session_error: columns.get("session_error")?,
            failure: columns.get("failure")?,
            is_not_understood: columns.get("not_understood")?,
        })
    }
}

async fn credits_states(
    executor: impl SqliteExecutor<'_>,
) -> Result<BTreeMap<AccountKey, CreditsState>, StoreError> {
    let rows: Vec<CreditsRow> = sqlx::query_as(
        "SELECT a.id, c.* FROM credits c CROSS JOIN accounts a ON a.subscription = c.subscription AND a.id = c.account
         WHERE a.watched = 1 ORDER BY c.subscription, c.account",
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (row.account, row.state)).collect())
}

/// A number as a column holds it.
fn amount(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Writer {
    /// What is known of the credits of each watched account.
    pub async fn credits_states(&mut self) -> Result<BTreeMap<AccountKey, CreditsState>, StoreError> {
        credits_states(self.connection()).await
    }

    /// Saves what is known of the credits of one account in place of what was known before.
    pub async fn save_credits_state(
        &mut self,
        account: &AccountKey,
        state: &CreditsState,
    ) -> Result<(), StoreError> {
        let pace = state.outlook.and_then(|outlook| outlook.pace).map(Pace::parts);
        let newest = state.outlook.map(|outlook| outlook.newest);
        let statement = sqlx::query(
            "INSERT INTO credits (subscription, account, asked_at, answered_at, paused_until, read_at, newest_at, newest, decrease, span_ms,
                                  plan, plan_ends_at, ends_at, dead_since, dead, session_error, failure, not_understood,
                                  proof_at, proof)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
             ON CONFLICT (subscription, account) DO UPDATE
             SET asked_at = ?3, answered_at = ?4, paused_until = ?5, read_at = ?6, newest_at = ?7, newest = ?8, decrease = ?9,
                 span_ms = ?10, plan = ?11, plan_ends_at = ?12, ends_at = ?13, dead_since = ?14, dead = ?15, session_error = ?16,
                 failure = ?17, not_understood = ?18, proof_at = ?19, proof = ?20",
        )
        .bind(account.subscription.as_str())
        .bind(account.id.as_str())
        .bind(state.asked_at.map(millis))
        .bind(state.answered_at.map(millis))
        .bind(state.paused_until.map(millis))
        .bind(state.read_at.map(millis))
        .bind(newest.map(|newest| millis(newest.at)))
        .bind(newest.map(|newest| amount(newest.credits)))
        .bind(pace.map(|(decrease, _)| amount(decrease)))
        .bind(pace.map(|(_, span)| span.num_milliseconds()))
        .bind(&state.plan)
        .bind(state.plan_ends_at.map(millis))
        .bind(state.ends_at.map(millis))
        .bind(state.dead_since.map(millis))
        .bind(state.is_dead)
        .bind(&state.session_error)
        .bind(&state.failure)
        .bind(state.is_not_understood)
        .bind(state.proof.map(|proof| millis(proof.at)))
        .bind(state.proof.map(|proof| amount(proof.credits)));
        self.execute(statement).await
    }

    /// Adds one reading to the series of an account: to its newest row when that shows the same.
    pub async fn add_credit_reading(
        &mut self,
        account: &AccountKey,
        credits: u64,
        (plan, ends_at): (Option<&str>, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (subscription, id) = (account.subscription.as_str(), account.id.as_str());
        let statement = sqlx::query(
            "UPDATE credit_readings SET last_read_at = ?6, readings = readings + 1
             WHERE id = (SELECT MAX(id) FROM credit_readings WHERE subscription = ?1 AND account = ?2)
             AND credits = ?3 AND plan IS ?4 AND ends_at IS ?5 AND last_read_at <= ?6",
        );
        let statement = statement.bind(subscription).bind(id).bind(amount(credits)).bind(plan);
        if self.rows_affected(statement.bind(ends_at.map(millis)).bind(millis(now))).await? > 0 {
            return Ok(());
        }
        let statement = sqlx::query(
            "INSERT INTO credit_readings (subscription, account, credits, plan, ends_at, first_read_at, last_read_at, readings)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1)",
        );
        let statement = statement.bind(subscription).bind(id).bind(amount(credits)).bind(plan);
        self.execute(statement.bind(ends_at.map(millis)).bind(millis(now))).await?;
        let statement = sqlx::query(
            "DELETE FROM credit_readings WHERE subscription = ?1 AND account = ?2 AND id <= (
                 SELECT id FROM credit_readings WHERE subscription = ?1 AND account = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
        );
        self.execute(statement.bind(subscription).bind(id).bind(MAX_ROWS)).await
    }

    /// The numbers of an account since `since` and up to `now`, each when it was first and last read; a number that was first read before
    /// that was the same at `since`. What a clock that ran ahead wrote is left out.
    pub async fn credit_readings_since(
        &mut self,
        account: &AccountKey,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<CreditReading>, StoreError> {
        let query = sqlx::query(
            "SELECT credits, first_read_at, last_read_at FROM credit_readings
             WHERE subscription = ?1 AND account = ?2 ORDER BY id DESC LIMIT ?3",
        );
        let query = query.bind(account.subscription.as_str()).bind(account.id.as_str()).bind(JUDGED);
        let mut newest_first = query.fetch(self.connection());
        let mut readings = Vec::new();
        let mut earliest = now;
        while let Some(row) = newest_first.try_next().await? {
            let columns = Columns::new("credit_readings", &row);
            let last_read_at = columns.timestamp("last_read_at")?;
            if last_read_at > earliest {
                continue;
            }
            // Most rows of the account are older: they are not even read.
            if last_read_at < since {
                break;
            }
            let credits = credits(&columns)?;
            earliest = columns.timestamp("first_read_at")?;
            readings.push(CreditReading { at: last_read_at, credits });
            readings.push(CreditReading { at: earliest.max(since), credits });
        }
        Ok(readings)
    }

    /// Deletes what is known of the credits of every account; the series stay.
    pub async fn remove_credits(&mut self) -> Result<(), StoreError> {
        self.execute(sqlx::query("DELETE FROM credits")).await
    }

    /// Deletes what is known of the credits of accounts that are not watched, so that it does not count when they return.
    pub async fn remove_unwatched_credits(&mut self) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "DELETE FROM credits WHERE NOT EXISTS (
                 SELECT 1 FROM accounts a WHERE a.subscription = credits.subscription AND a.id = credits.account AND a.watched = 1)",
        );
        self.execute(statement).await
    }
}

impl Store {
    /// As [`Writer::credits_states`].
    pub async fn credits_states(&self) -> Result<BTreeMap<AccountKey, CreditsState>, StoreError> {
        credits_states(&self.read).await
    }

    /// What is known of the credits of those of `accounts` that are watched.
    pub async fn credits_states_of(
        &self,
        accounts: &[AccountKey],
    ) -> Result<BTreeMap<AccountKey, CreditsState>, StoreError> {
        let rows: Vec<CreditsRow> = sqlx::query_as(
            "SELECT a.id, c.* FROM json_each(?) e CROSS JOIN accounts a ON a.subscription = e.value ->> 0 AND a.id = e.value ->> 1
             CROSS JOIN credits c ON c.subscription = a.subscription AND c.account = a.id WHERE a.watched = 1",
        )
        .bind(keys_json(accounts)?)
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(|row| (row.account, row.state)).collect())
    }

    /// The watched accounts whose last reading failed.
    pub async fn failed_credits_readings(&self) -> Result<Vec<FailedCreditsReading>, StoreError> {
        let query = sqlx::query_as(
            "SELECT a.subscription, a.id, c.read_at, c.failure, c.not_understood
             FROM credits c CROSS JOIN accounts a ON a.subscription = c.subscription AND a.id = c.account
             WHERE a.watched = 1 AND c.failure IS NOT NULL ORDER BY c.subscription, c.account",
        );
        Ok(query.fetch_all(&self.read).await?)
    }

    /// Whether anything is known of the credits of an account.
    pub async fn has_credits(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM credits)").fetch_one(&self.read).await?)
    }

    /// The series of an account, oldest first.
    pub async fn credit_periods(&self, account: &AccountKey) -> Result<Vec<CreditPeriod>, StoreError> {
        let query = sqlx::query_as(
            "SELECT credits, plan, ends_at, first_read_at, last_read_at, readings FROM credit_readings
             WHERE subscription = ?1 AND account = ?2 ORDER BY id",
        );
        Ok(query.bind(account.subscription.as_str()).bind(account.id.as_str()).fetch_all(&self.read).await?)
    }
}
