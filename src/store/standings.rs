//! What a batch of looks taught about its accounts, kept by a few statements whatever their number: each statement is a way
//! to another thread and back, which costs more than a row.
//!
//! Promises: an account that is calm has a row of looks, any other has none, and what the row said of its present snapshot is
//! carried over before it goes.

use serde::Serialize;

use super::looks::NO_CHECKS;
use super::rows::{millis, millis_of, to_json};
use super::{StoreError, Writer};
use crate::domain::account::AccountKey;
use crate::domain::observation::Outcome;
use crate::domain::standing::Standing;

/// What a look taught about an account.
#[derive(Clone, Copy, Debug)]
pub struct Taught<'a> {
    /// Which.
    pub account: &'a AccountKey,
    /// What is known of it now.
    pub standing: &'a Standing,
    /// What the look saw, in short, if the account is calm now.
    pub digest: Option<&'a str>,
}

/// The same by the names of the columns.
#[derive(Serialize)]
struct Row<'a> {
    subscription: &'a str,
    id: &'a str,
    outcome: Option<&'static str>,
    error: Option<&'a str>,
    checked_at: Option<i64>,
    verdict_run: Option<i64>,
    ok_run: Option<i64>,
    last_ok_at: Option<i64>,
    last_verdict_at: Option<i64>,
    no_verdict_since: Option<i64>,
    suspect: Option<&'static str>,
    suspect_since: Option<i64>,
    ask_at: Option<i64>,
    faults: String,
    ends_at: Option<i64>,
    end_missing: bool,
    expiries: String,
    digest: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(Taught { account, standing, digest }: Taught<'a>) -> Result<Self, StoreError> {
        let faults: Vec<&str> = standing.faults.iter().map(|fault| fault.kind().as_str()).collect();
        Ok(Self {
            subscription: account.subscription.as_str(),
            id: account.id.as_str(),
            outcome: standing.outcome.map(Outcome::as_str),
            error: standing.error.as_deref(),
            checked_at: millis_of(standing.checked_at),
            verdict_run: standing.verdict_run,
            ok_run: standing.ok_run,
            last_ok_at: millis_of(standing.last_ok_at),
            last_verdict_at: millis_of(standing.last_verdict_at),
            no_verdict_since: millis_of(standing.no_verdict_since),
            suspect: standing.suspicion.map(|suspicion| suspicion.fault.kind().as_str()),
            suspect_since: standing.suspicion.map(|suspicion| millis(suspicion.since)),
            ask_at: standing.suspicion.map(|suspicion| millis(suspicion.ask_at)),
            faults: faults.join(" "),
            ends_at: millis_of(standing.earliest_end()),
            end_missing: standing.end_missing,
            expiries: to_json("expiries", &standing.expiries)?,
            digest,
        })
    }
}

impl Writer {
    /// Keeps what looks taught, each about another account.
    pub async fn record_standings(
        &mut self,
        taught: impl IntoIterator<Item = Taught<'_>>,
    ) -> Result<(), StoreError> {
        let rows: Vec<Row<'_>> = taught.into_iter().map(Row::of).collect::<Result<_, _>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        let rows = to_json("accounts", &rows)?;
        self.stir(&rows).await?;
        sqlx::query(
            "UPDATE accounts SET outcome = e.value ->> 'outcome', error = e.value ->> 'error',
             checked_at = e.value ->> 'checked_at', verdict_run = e.value ->> 'verdict_run', ok_run = e.value ->> 'ok_run',
             last_ok_at = e.value ->> 'last_ok_at', last_verdict_at = e.value ->> 'last_verdict_at',
             no_verdict_since = e.value ->> 'no_verdict_since', suspect = e.value ->> 'suspect',
             suspect_since = e.value ->> 'suspect_since', ask_at = e.value ->> 'ask_at', faults = e.value ->> 'faults',
             ends_at = e.value ->> 'ends_at', end_missing = e.value ->> 'end_missing',
             expiries = e.value ->> 'expiries', calm = e.value ->> 'digest' IS NOT NULL
             FROM json_each(?1) e
             WHERE accounts.subscription = e.value ->> 'subscription' AND accounts.id = e.value ->> 'id'",
        )
        .bind(&rows)
        .execute(self.connection())
        .await?;
        sqlx::query(
            "INSERT INTO looks (account, digest, at, run, checks)
             SELECT a.key, e.value ->> 'digest', a.checked_at, a.ok_run, ?2 FROM json_each(?1) e CROSS JOIN accounts a
             ON a.subscription = e.value ->> 'subscription' AND a.id = e.value ->> 'id'
             WHERE e.value ->> 'digest' IS NOT NULL AND a.checked_at IS NOT NULL AND a.ok_run IS NOT NULL",
        )
        .bind(&rows)
        .bind(NO_CHECKS)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends the calm of the accounts that `rows` name: what their rows of looks say is carried over to where the rest is kept, but
    /// for the standing itself.
    async fn stir(&mut self, rows: &str) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE snapshots
             SET last_seen_at = MAX(last_seen_at, (SELECT l.at FROM looks l WHERE l.account = snapshots.account)),
                 checks = checks + (SELECT l.checks - ?2 FROM looks l WHERE l.account = snapshots.account)
             WHERE id IN (
                 SELECT a.snapshot FROM json_each(?1) e CROSS JOIN accounts a
                 ON a.subscription = e.value ->> 'subscription' AND a.id = e.value ->> 'id'
                 CROSS JOIN looks l ON l.account = a.key)",
        )
        .bind(rows)
        .bind(NO_CHECKS)
        .execute(self.connection())
        .await?;
        sqlx::query(
            "DELETE FROM looks WHERE account IN (
                 SELECT a.key FROM json_each(?) e CROSS JOIN accounts a
                 ON a.subscription = e.value ->> 'subscription' AND a.id = e.value ->> 'id')",
        )
        .bind(rows)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
