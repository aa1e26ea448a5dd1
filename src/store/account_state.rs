//! The state of accounts: how a row is read, and how the rows of a batch of checks are written.
//!
//! Guarantees: a stable account has a row in `unchanged_checks`, any other account has none.

use serde_json::{Value, json};

use super::columns::{Columns, from_row, millis, to_json};
use super::{StoreError, Writer};
use crate::domain::account::AccountKey;
use crate::domain::account_state::{AccountRecord, AccountState, UnconfirmedFault};
use crate::domain::expiry_tracking::TrackedExpiries;
use crate::domain::time::Timestamp;

/// The state of one account after a check.
#[derive(Clone, Copy, Debug)]
pub struct StateRow<'a> {
    /// The account.
    pub account: &'a AccountKey,
    /// Its state.
    pub account_state: &'a AccountState,
    /// The checksum of what the check saw, if the account is stable now.
    pub checksum: Option<&'a str>,
}

from_row! {
    AccountRecord: "accounts" nested(account, account_state) get(name); "snapshots" optional_json(configuration)
}

from_row! {
    AccountState: "accounts"
        parse_optional(outcome) get(error, auth_run, last_ok_run, expiry_missing) parse_set(faults)
        optional_timestamp(checked_at, last_ok_at, last_conclusive_at, unreachable_since, expires_at)
        unconfirmed_fault(unconfirmed) tracked_expiries(expiries)
}

impl Columns<'_> {
    fn unconfirmed_fault(&self, _field: &str) -> sqlx::Result<Option<UnconfirmedFault>> {
        let fault = self.parse_optional("unconfirmed_fault")?;
        let since = self.optional_timestamp("unconfirmed_since")?;
        let recheck_at = self.optional_timestamp("recheck_at")?;
        let unconfirmed = fault.zip(since).zip(recheck_at);
        Ok(unconfirmed.map(|((fault, since), recheck_at)| UnconfirmedFault { fault, since, recheck_at }))
    }

    fn tracked_expiries(&self, column: &str) -> sqlx::Result<TrackedExpiries> {
        let mut expiries: TrackedExpiries = self.json(column)?;
        // The last ok check saw the same expiries, even if it moved only the account's row in `unchanged_checks`.
        if let Some(at) = self.optional_timestamp("last_ok_at")? {
            expiries.touch(at);
        }
        Ok(expiries)
    }
}

impl StateRow<'_> {
    /// The values by the names of their columns, and the checksum.
    fn to_json(self) -> sqlx::Result<Value> {
        let Self { account, account_state: state, checksum } = self;
        let millis = |time: Option<Timestamp>| time.map(millis);
        let faults: Vec<&str> = state.faults.iter().map(|fault| fault.kind().as_str()).collect();
        Ok(json!({
            "subscription": account.subscription,
            "id": account.id,
            "outcome": state.outcome,
            "error": state.error,
            "checked_at": millis(state.checked_at),
            "auth_run": state.auth_run,
            "last_ok_run": state.last_ok_run,
            "last_ok_at": millis(state.last_ok_at),
            "last_conclusive_at": millis(state.last_conclusive_at),
            "unreachable_since": millis(state.unreachable_since),
            "unconfirmed_fault": state.unconfirmed.map(|unconfirmed| unconfirmed.fault.kind()),
            "unconfirmed_since": millis(state.unconfirmed.map(|unconfirmed| unconfirmed.since)),
            "recheck_at": millis(state.unconfirmed.map(|unconfirmed| unconfirmed.recheck_at)),
            "faults": faults.join(" "),
            "expires_at": millis(state.earliest_expiry()),
            "expiry_missing": state.expiry_missing,
            "expiries": to_json(&state.expiries)?,
            "checksum": checksum,
        }))
    }
}

impl Writer {
    /// Saves the states of different accounts by four statements, whatever their number: a statement costs a switch
    /// to SQLite's thread and back, which costs more than a row.
    pub async fn save_account_states(
        &mut self,
        states: impl IntoIterator<Item = StateRow<'_>>,
    ) -> Result<(), StoreError> {
        let rows: Vec<Value> = states.into_iter().map(StateRow::to_json).collect::<Result<_, _>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        let rows = to_json(&rows)?;
        self.end_unchanged(&rows).await?;
        let statement = sqlx::query(
            "UPDATE accounts SET outcome = e.value ->> 'outcome', error = e.value ->> 'error',
             checked_at = e.value ->> 'checked_at', auth_run = e.value ->> 'auth_run', last_ok_run = e.value ->> 'last_ok_run',
             last_ok_at = e.value ->> 'last_ok_at', last_conclusive_at = e.value ->> 'last_conclusive_at',
             unreachable_since = e.value ->> 'unreachable_since', unconfirmed_fault = e.value ->> 'unconfirmed_fault',
             unconfirmed_since = e.value ->> 'unconfirmed_since', recheck_at = e.value ->> 'recheck_at', faults = e.value ->> 'faults',
             expires_at = e.value ->> 'expires_at', expiry_missing = e.value ->> 'expiry_missing',
             expiries = e.value ->> 'expiries', stable = e.value ->> 'checksum' IS NOT NULL
             FROM json_each(?1) e
             WHERE accounts.subscription = e.value ->> 'subscription' AND accounts.id = e.value ->> 'id'",
        );
        self.execute(statement.bind(&rows)).await?;
        self.begin_unchanged(&rows).await
    }
}
