//! Accounts: who is watched, and what is known of each.

use std::collections::BTreeMap;

use futures_util::{Stream, StreamExt, TryStreamExt};
use sqlx::SqliteConnection;

use super::rows::{json, millis, moment, moment_of, to_json, word};
use super::{AT_ONCE, Store, StoreError, Writer};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::expiry_tracking::TrackedExpiries;
use crate::domain::observation::Outcome;
use crate::domain::standing::{Fault, Known, Standing, Suspicion};
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
    expiries: String,
}

impl AccountRow {
    fn read(self) -> Result<Known, StoreError> {
        let suspicion = match (&self.suspect, self.suspect_since, self.ask_at) {
            (Some(fault), Some(since), Some(ask_at)) => Some(Suspicion {
                fault: word("accounts.suspect", fault, Fault::from_word)?,
                since: moment("accounts.suspect_since", since)?,
                ask_at: moment("accounts.ask_at", ask_at)?,
            }),
            _ => None,
        };
        let faults = self
            .faults
            .split_whitespace()
            .map(|fault| word("accounts.faults", fault, Fault::from_word))
            .collect::<Result<_, _>>()?;
        let last_ok_at = moment_of("accounts.last_ok_at", self.last_ok_at)?;
        let mut expiries: TrackedExpiries = json("accounts.expiries", &self.expiries)?;
        // What the last healthy look could read was seen then, also where only its row of looks moved.
        if let Some(at) = last_ok_at {
            expiries.seen_again(at);
        }
        let standing = Standing {
            outcome: self
                .outcome
                .map(|outcome| word("accounts.outcome", &outcome, Outcome::from_word))
                .transpose()?,
            error: self.error,
            checked_at: moment_of("accounts.checked_at", self.checked_at)?,
            verdict_run: self.verdict_run,
            ok_run: self.ok_run,
            last_ok_at,
            last_verdict_at: moment_of("accounts.last_verdict_at", self.last_verdict_at)?,
            no_verdict_since: moment_of("accounts.no_verdict_since", self.no_verdict_since)?,
            suspicion,
            faults,
            end: moment_of("accounts.ends_at", self.ends_at)?,
            end_missing: self.end_missing,
            expiries,
        };
        let account = AccountKey {
            subscription: SubscriptionName::new(self.subscription),
            id: AccountId::new(self.id),
        };
        let configuration = self
            .configuration
            .map(|configuration| json("snapshots.configuration", &configuration))
            .transpose()?;
        Ok(Known { account, name: self.name, standing, configuration })
    }
}

/// The columns of [`AccountRow`], as a literal so that each query stays one. Of a calm account, its row in looks has the last word.
macro_rules! known {
    ($from:literal, $tail:literal) => {
        concat!(
            "SELECT a.subscription, a.id, a.name, s.configuration, a.outcome, a.error,
            coalesce(l.at, a.checked_at) AS checked_at, coalesce(l.run, a.verdict_run) AS verdict_run,
            coalesce(l.run, a.ok_run) AS ok_run, coalesce(l.at, a.last_ok_at) AS last_ok_at,
            coalesce(l.at, a.last_verdict_at) AS last_verdict_at, a.no_verdict_since, a.suspect, a.suspect_since, a.ask_at,
            a.faults, a.ends_at, a.end_missing, a.expiries FROM ",
            $from,
            " LEFT JOIN snapshots s ON s.id = a.snapshot LEFT JOIN looks l ON l.account = a.key ",
            $tail
        )
    };
}

/// Row by row: of many accounts two forms of each would be much.
fn watched(connection: &mut SqliteConnection) -> impl Stream<Item = Result<Known, StoreError>> {
    sqlx::query_as(known!("accounts a", "WHERE a.watched = 1 ORDER BY a.subscription, a.id"))
        .fetch(connection)
        .map(|row: Result<AccountRow, _>| row?.read())
}

async fn astir(connection: &mut SqliteConnection, horizon: Timestamp) -> Result<Vec<Known>, StoreError> {
    let rows = sqlx::query_as(known!(
        "(SELECT key FROM accounts INDEXED BY accounts_astir WHERE watched = 1 AND (calm = 0 OR end_missing = 1)
          UNION SELECT key FROM accounts WHERE watched = 1 AND ends_at <= ?
          UNION SELECT m.key FROM alerts f CROSS JOIN accounts m ON m.subscription = f.subscription AND m.id = f.account
                WHERE f.settled = 0 AND m.watched = 1) AS k CROSS JOIN accounts a ON a.key = k.key",
        "ORDER BY a.subscription, a.id"
    ))
    .bind(millis(horizon))
    .fetch(connection);
    // Neither time nor a cause asks for the configuration, and of ten thousand that is most of what is known.
    let without = |known: Known| Known { configuration: None, ..known };
    rows.map(|row: Result<AccountRow, _>| row?.read().map(without)).try_collect().await
}

async fn next_end(
    connection: &mut SqliteConnection,
    horizon: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let end: Option<i64> =
        sqlx::query_scalar("SELECT MIN(ends_at) FROM accounts WHERE watched = 1 AND ends_at > ?")
            .bind(millis(horizon))
            .fetch_one(connection)
            .await?;
    moment_of("accounts.ends_at", end)
}

/// Keys as JSON, for statements about many at once.
pub(super) fn keys<'a>(accounts: impl IntoIterator<Item = &'a AccountKey>) -> Result<String, StoreError> {
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
        let mut new = Vec::new();
        for wanted in wanted {
            let Watched { account, name, discovered } = wanted;
            let is = present.remove(account);
            if is.is_none_or(|is| is != (name.clone(), true, *discovered)) {
                new.push(wanted);
            }
        }
        self.begin_to_watch(new).await?;
        for (account, _) in present.iter().filter(|(_, (_, watched, _))| *watched) {
            sqlx::query("UPDATE accounts SET watched = 0 WHERE subscription = ? AND id = ?")
                .bind(account.subscription.as_str())
                .bind(account.id.as_str())
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Those of `ids` that are not watched: accounts that a list holds and nobody knew of.
    pub async fn unwatched(
        &mut self,
        subscription: &SubscriptionName,
        ids: &[&AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        let unwatched: Vec<String> = sqlx::query_scalar(
            "SELECT e.value FROM json_each(?1) e WHERE NOT EXISTS (
                 SELECT 1 FROM accounts a WHERE a.subscription = ?2 AND a.id = e.value AND a.watched = 1)",
        )
        .bind(to_json("accounts", &ids)?)
        .bind(subscription.as_str())
        .fetch_all(self.connection())
        .await?;
        Ok(unwatched.into_iter().map(AccountId::new).collect())
    }

    /// Begins to watch accounts that are not watched, or by another name or for another reason.
    pub async fn begin_to_watch(
        &mut self,
        wanted: impl IntoIterator<Item = &Watched>,
    ) -> Result<(), StoreError> {
        let row = |Watched { account, name, discovered }: &Watched| {
            (account.subscription.to_string(), account.id.to_string(), name.clone(), *discovered)
        };
        let mut wanted = wanted.into_iter();
        loop {
            let rows: Vec<_> = wanted.by_ref().take(AT_ONCE).map(row).collect();
            if rows.is_empty() {
                return Ok(());
            }
            // Without the WHERE, what follows would be taken for the condition of a join.
            sqlx::query(
                "INSERT INTO accounts (subscription, id, name, discovered, watched)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 1 FROM json_each(?) WHERE TRUE
                 ON CONFLICT (subscription, id)
                 DO UPDATE SET name = excluded.name, watched = 1, discovered = excluded.discovered,
                               faults = iif(watched, faults, ''), suspect = iif(watched, suspect, NULL),
                               suspect_since = iif(watched, suspect_since, NULL), ask_at = iif(watched, ask_at, NULL),
                               no_verdict_since = iif(watched, no_verdict_since, NULL)",
            )
            .bind(to_json("accounts", &rows)?)
            .execute(self.connection())
            .await?;
        }
    }

    /// What is known of every watched account, lists included.
    pub async fn watched(&mut self) -> Result<Vec<Known>, StoreError> {
        watched(self.connection()).try_collect().await
    }

    /// What is known of every watched account about which there may be something to say: that is not calm, whose token ends by
    /// `horizon`, or that has an alert; lists included. Their configurations are left out.
    pub async fn astir(&mut self, horizon: Timestamp) -> Result<Vec<Known>, StoreError> {
        astir(self.connection(), horizon).await
    }

    /// The first end of a watched account's token after `horizon`.
    pub async fn next_end(&mut self, horizon: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        next_end(self.connection(), horizon).await
    }

    /// What is known of one account, watched or not.
    pub async fn known(&mut self, account: &AccountKey) -> Result<Option<Known>, StoreError> {
        let row: Option<AccountRow> =
            sqlx::query_as(known!("accounts a", "WHERE a.subscription = ? AND a.id = ?"))
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
            "accounts a",
            "WHERE (a.subscription, a.id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
        ))
        .bind(keys(accounts)?)
        .fetch_all(self.connection())
        .await?;
        rows.into_iter().map(|row| row.read().map(|known| (known.account.clone(), known))).collect()
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
}

impl Store {
    /// What is known of every watched account, lists included.
    pub async fn watched(&self) -> Result<Vec<Known>, StoreError> {
        watched(&mut *self.read.acquire().await?).try_collect().await
    }

    /// Gives what is known of every watched account to `take`, lists included, one after the other: many are much.
    pub async fn each_watched(&self, mut take: impl FnMut(Known)) -> Result<(), StoreError> {
        let mut connection = self.read.acquire().await?;
        let mut members = std::pin::pin!(watched(&mut connection));
        while let Some(known) = members.try_next().await? {
            take(known);
        }
        Ok(())
    }

    /// As [`Writer::astir`].
    pub async fn astir(&self, horizon: Timestamp) -> Result<Vec<Known>, StoreError> {
        astir(&mut *self.read.acquire().await?, horizon).await
    }

    /// As [`Writer::next_end`].
    pub async fn next_end(&self, horizon: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        next_end(&mut *self.read.acquire().await?, horizon).await
    }

    /// Every watched account, without the lists.
    pub async fn watched_keys(&self) -> Result<Vec<AccountKey>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT subscription, json_group_array(id) FROM accounts WHERE watched = 1 AND id <> '' GROUP BY subscription",
        )
        .fetch_all(&self.read)
        .await?;
        let mut keys = Vec::new();
        for (subscription, ids) in rows {
            let subscription = SubscriptionName::new(subscription);
            let ids: Vec<String> = json("accounts.id", &ids)?;
            keys.extend(ids.into_iter().map(|id| AccountKey::new(&subscription, &AccountId::new(id))));
        }
        Ok(keys)
    }

    /// The accounts that are to be asked again by `now`.
    pub async fn doubted(&self, now: Timestamp) -> Result<Vec<AccountKey>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT subscription, id FROM accounts WHERE watched = 1 AND ask_at IS NOT NULL AND ask_at <= ? ORDER BY subscription, id",
        )
        .bind(millis(now))
        .fetch_all(&self.read)
        .await?;
        let key = |(subscription, id)| AccountKey {
            subscription: SubscriptionName::new(subscription),
            id: AccountId::new(id),
        };
        Ok(rows.into_iter().map(key).collect())
    }

    /// Whether an account that is watched was not well when last looked at, or never looked at.
    pub async fn is_anybody_unwell(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM accounts INDEXED BY accounts_astir
                            WHERE watched = 1 AND (calm = 0 OR end_missing = 1) AND outcome IS NOT 'ok')",
        )
        .fetch_one(&self.read)
        .await?)
    }

    /// Whether the last look at an account that is watched was not wanted by the vendor, or not even made.
    pub async fn is_anybody_rate_limited(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM accounts INDEXED BY accounts_astir
                            WHERE watched = 1 AND (calm = 0 OR end_missing = 1) AND outcome = 'rate_limited')",
        )
        .fetch_one(&self.read)
        .await?)
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
            "accounts a",
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
        moment_of("accounts.ask_at", ask)
    }
}
