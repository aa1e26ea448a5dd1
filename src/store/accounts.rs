//! Accounts: who is watched, and what is known of each.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::rows::{json, millis, millis_of, moment, moment_of, to_json, word};
use super::{Store, StoreError, Writer};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::observation::Outcome;
use crate::domain::standing::{Fault, Known, RunId, Standing, Suspicion};
use crate::domain::time::Timestamp;

/// An account that is to be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Which.
    pub account: AccountKey,
    /// The operator's name for it.
    pub name: String,
    /// Whether it was found in the list rather than named in the configuration.
    pub discovered: bool,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    subscription: String,
    id: String,
    name: String,
    configuration: Option<String>,
    outcome: Option<String>,
    error: Option<String>,
    checked_at: Option<i64>,
    verdict_run: Option<i64>,
    ok_run: Option<i64>,
    last_ok_at: Option<i64>,
    last_verdict_at: Option<i64>,
    no_verdict_since: Option<i64>,
    suspect: Option<String>,
    suspect_since: Option<i64>,
    ask_at: Option<i64>,
    faults: String,
    ends_at: Option<i64>,
    end_missing: bool,
    highest_end: Option<i64>,
    stepped_back_to: Option<i64>,
}

impl AccountRow {
    fn read(self) -> Result<Known, StoreError> {
        let suspicion = match (&self.suspect, self.suspect_since, self.ask_at) {
            (Some(fault), Some(since), Some(ask_at)) => Some(Suspicion {
                fault: word("suspect", fault, Fault::from_word)?,
                since: moment("suspect_since", since)?,
                ask_at: moment("ask_at", ask_at)?,
            }),
            _ => None,
        };
        let faults = self
            .faults
            .split_whitespace()
            .map(|fault| word("faults", fault, Fault::from_word))
            .collect::<Result<_, _>>()?;
        let standing = Standing {
            outcome: self.outcome.map(|outcome| word("outcome", &outcome, Outcome::from_word)).transpose()?,
            error: self.error,
            checked_at: moment_of("checked_at", self.checked_at)?,
            verdict_run: self.verdict_run,
            ok_run: self.ok_run,
            last_ok_at: moment_of("last_ok_at", self.last_ok_at)?,
            last_verdict_at: moment_of("last_verdict_at", self.last_verdict_at)?,
            no_verdict_since: moment_of("no_verdict_since", self.no_verdict_since)?,
            suspicion,
            faults,
            end: moment_of("ends_at", self.ends_at)?,
            end_missing: self.end_missing,
            highest_end: moment_of("highest_end", self.highest_end)?,
            stepped_back_to: moment_of("stepped_back_to", self.stepped_back_to)?,
        };
        let account = AccountKey {
            subscription: SubscriptionName::new(self.subscription),
            id: AccountId::new(self.id),
        };
        let configuration =
            self.configuration.map(|configuration| json("configuration", &configuration)).transpose()?;
        Ok(Known { account, name: self.name, standing, configuration })
    }
}

/// The columns of [`AccountRow`], as a literal so that each query stays one.
macro_rules! known {
    ($tail:literal) => {
        concat!(
            "SELECT a.subscription, a.id, a.name, s.configuration, a.outcome, a.error, a.checked_at, a.verdict_run, a.ok_run,
            a.last_ok_at, a.last_verdict_at, a.no_verdict_since, a.suspect, a.suspect_since, a.ask_at, a.faults,
            a.ends_at, a.end_missing, a.highest_end, a.stepped_back_to
            FROM accounts a LEFT JOIN snapshots s ON s.id = a.snapshot ",
            $tail
        )
    };
}

async fn watched(connection: &mut SqliteConnection) -> Result<Vec<Known>, StoreError> {
    let rows: Vec<AccountRow> = sqlx::query_as(known!("WHERE a.watched = 1 ORDER BY a.subscription, a.id"))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(AccountRow::read).collect()
}

/// Keys as JSON, for statements about many at once.
fn keys<'a>(accounts: impl IntoIterator<Item = &'a AccountKey>) -> Result<String, StoreError> {
    let keys: Vec<[&str; 2]> =
        accounts.into_iter().map(|account| [account.subscription.as_str(), account.id.as_str()]).collect();
    to_json("accounts", &keys)
}

impl Writer {
    /// Makes exactly `wanted` the watched accounts; what is known of the others stays, and counts again when they return,
    /// but for bad verdicts and silences: those are too old to be believed unseen. Writes only what differs.
    pub async fn watch(&mut self, wanted: &[Watched]) -> Result<(), StoreError> {
        let rows: Vec<(String, String, String, bool, bool)> =
            sqlx::query_as("SELECT subscription, id, name, watched, discovered FROM accounts")
                .fetch_all(self.connection())
                .await?;
        let mut present: BTreeMap<AccountKey, (String, bool, bool)> = rows
            .into_iter()
            .map(|(subscription, id, name, watched, discovered)| {
                let key =
                    AccountKey { subscription: SubscriptionName::new(subscription), id: AccountId::new(id) };
                (key, (name, watched, discovered))
            })
            .collect();
        for Watched { account, name, discovered } in wanted {
            let is = present.remove(account);
            if is.is_none_or(|is| is != (name.clone(), true, *discovered)) {
                self.watch_one(account, name, *discovered).await?;
            }
        }
        for (account, _) in present.iter().filter(|(_, (_, watched, _))| *watched) {
            sqlx::query("UPDATE accounts SET watched = 0 WHERE subscription = ? AND id = ?")
                .bind(account.subscription.as_str())
                .bind(account.id.as_str())
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Adds an account that a list holds; one that the configuration names stays as it is.
    pub async fn watch_found(&mut self, found: &Watched) -> Result<(), StoreError> {
        let known: Option<bool> =
            sqlx::query_scalar("SELECT watched FROM accounts WHERE subscription = ? AND id = ?")
                .bind(found.account.subscription.as_str())
                .bind(found.account.id.as_str())
                .fetch_optional(self.connection())
                .await?;
        if known == Some(true) { Ok(()) } else { self.watch_one(&found.account, &found.name, true).await }
    }

    async fn watch_one(
        &mut self,
        account: &AccountKey,
        name: &str,
        discovered: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO accounts (subscription, id, name, watched, discovered) VALUES (?, ?, ?, 1, ?)
             ON CONFLICT (subscription, id)
             DO UPDATE SET name = excluded.name, watched = 1, discovered = excluded.discovered,
                           faults = iif(watched, faults, ''), suspect = iif(watched, suspect, NULL),
                           suspect_since = iif(watched, suspect_since, NULL), ask_at = iif(watched, ask_at, NULL),
                           no_verdict_since = iif(watched, no_verdict_since, NULL)",
        )
        .bind(account.subscription.as_str())
        .bind(account.id.as_str())
        .bind(name)
        .bind(discovered)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// What is known of every watched account, lists included.
    pub async fn watched(&mut self) -> Result<Vec<Known>, StoreError> {
        watched(self.connection()).await
    }

    /// What is known of one account, watched or not.
    pub async fn known(&mut self, account: &AccountKey) -> Result<Option<Known>, StoreError> {
        let row: Option<AccountRow> = sqlx::query_as(known!("WHERE a.subscription = ? AND a.id = ?"))
            .bind(account.subscription.as_str())
            .bind(account.id.as_str())
            .fetch_optional(self.connection())
            .await?;
        row.map(AccountRow::read).transpose()
    }

    /// What is known of each of `accounts`, watched or not.
    pub async fn known_of(
        &mut self,
        accounts: impl IntoIterator<Item = &AccountKey>,
    ) -> Result<BTreeMap<AccountKey, Known>, StoreError> {
        let rows: Vec<AccountRow> = sqlx::query_as(known!(
            "WHERE (a.subscription, a.id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
        ))
        .bind(keys(accounts)?)
        .fetch_all(self.connection())
        .await?;
        rows.into_iter().map(|row| row.read().map(|known| (known.account.clone(), known))).collect()
    }

    /// Keeps that `accounts`, which were well already, were seen unchanged at `now`: what [`Standing::still_well`] says, and
    /// one look more of their present snapshots. A clock that was set back does not shorten those.
    pub async fn still_well(
        &mut self,
        accounts: &[&AccountKey],
        now: Timestamp,
        run: RunId,
    ) -> Result<(), StoreError> {
        let keys = keys(accounts.iter().copied())?;
        sqlx::query(
            "UPDATE accounts SET checked_at = ?1, last_ok_at = ?1, last_verdict_at = ?1, verdict_run = ?2, ok_run = ?2
             WHERE (subscription, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?3))",
        )
        .bind(millis(now))
        .bind(run)
        .bind(&keys)
        .execute(self.connection())
        .await?;
        sqlx::query(
            "UPDATE snapshots SET last_seen_at = MAX(last_seen_at, ?1), checks = checks + 1 WHERE id IN (
                 SELECT snapshot FROM accounts
                 WHERE (subscription, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2)))",
        )
        .bind(millis(now))
        .bind(&keys)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Lets go of one bad verdict that was believed of an account.
    pub async fn forget_fault(&mut self, account: &AccountKey, fault: Fault) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE accounts SET faults = trim(replace(' ' || faults || ' ', ' ' || ? || ' ', ' '))
             WHERE subscription = ? AND id = ?",
        )
        .bind(fault.kind().as_str())
        .bind(account.subscription.as_str())
        .bind(account.id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Keeps what a look taught about an account.
    pub async fn record_standing(
        &mut self,
        account: &AccountKey,
        standing: &Standing,
    ) -> Result<(), StoreError> {
        let faults: Vec<String> = standing.faults.iter().map(ToString::to_string).collect();
        sqlx::query(
            "UPDATE accounts SET outcome = ?, error = ?, checked_at = ?, verdict_run = ?, ok_run = ?, last_ok_at = ?,
             last_verdict_at = ?, no_verdict_since = ?, suspect = ?, suspect_since = ?, ask_at = ?, faults = ?,
             ends_at = ?, end_missing = ?, highest_end = ?, stepped_back_to = ?
             WHERE subscription = ? AND id = ?",
        )
        .bind(standing.outcome.map(Outcome::as_str))
        .bind(&standing.error)
        .bind(millis_of(standing.checked_at))
        .bind(standing.verdict_run)
        .bind(standing.ok_run)
        .bind(millis_of(standing.last_ok_at))
        .bind(millis_of(standing.last_verdict_at))
        .bind(millis_of(standing.no_verdict_since))
        .bind(standing.suspicion.map(|suspicion| suspicion.fault.kind().as_str()))
        .bind(standing.suspicion.map(|suspicion| millis(suspicion.since)))
        .bind(standing.suspicion.map(|suspicion| millis(suspicion.ask_at)))
        .bind(faults.join(" "))
        .bind(millis_of(standing.end))
        .bind(standing.end_missing)
        .bind(millis_of(standing.highest_end))
        .bind(millis_of(standing.stepped_back_to))
        .bind(account.subscription.as_str())
        .bind(account.id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

impl Store {
    /// What is known of every watched account, lists included.
    pub async fn watched(&self) -> Result<Vec<Known>, StoreError> {
        watched(&mut *self.read.acquire().await?).await
    }

    /// The name of every account that is watched or once was, and whether it is.
    pub async fn names(&self) -> Result<Vec<(AccountKey, String, bool)>, StoreError> {
        let rows: Vec<(String, String, String, bool)> = sqlx::query_as(
            "SELECT subscription, id, name, watched FROM accounts WHERE id <> '' ORDER BY subscription, id",
        )
        .fetch_all(&self.read)
        .await?;
        let named = |(subscription, id, name, watched)| {
            let key =
                AccountKey { subscription: SubscriptionName::new(subscription), id: AccountId::new(id) };
            (key, name, watched)
        };
        Ok(rows.into_iter().map(named).collect())
    }

    /// What is known of each of `accounts`, watched or not.
    pub async fn known_of(&self, accounts: &[AccountKey]) -> Result<Vec<Known>, StoreError> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<AccountRow> = sqlx::query_as(known!(
            "WHERE (a.subscription, a.id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
        ))
        .bind(keys(accounts)?)
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(AccountRow::read).collect()
    }

    /// The accounts of a subscription that were found in its list.
    pub async fn discovered(&self, subscription: &SubscriptionName) -> Result<Vec<AccountId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM accounts WHERE subscription = ? AND discovered = 1 AND watched = 1 AND id <> '' ORDER BY id",
        )
        .bind(subscription.as_str())
        .fetch_all(&self.read)
        .await?;
        Ok(ids.into_iter().map(AccountId::new).collect())
    }

    /// The next moment at which an account is to be asked again about a bad verdict.
    pub async fn next_question(&self) -> Result<Option<Timestamp>, StoreError> {
        let ask: Option<i64> =
            sqlx::query_scalar("SELECT MIN(ask_at) FROM accounts WHERE watched = 1 AND ask_at IS NOT NULL")
                .fetch_one(&self.read)
                .await?;
        moment_of("ask_at", ask)
    }
}
