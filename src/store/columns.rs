//! Between columns and values: times are UTC milliseconds, names and enums are text, everything else is JSON.
//!
//! Guarantees: a value that this program never writes is an error that names its column, and never a panic.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteRow, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, FromRow, Row, Sqlite, Type};

use crate::domain::account::{AccountId, AccountKey, ReceiverName, SubscriptionName};
use crate::domain::alerts::AlertId;
use crate::domain::message::MessageId;
use crate::domain::time::{Timestamp, is_in_calendar};

/// This program writes no longer duration.
const MAX_DURATION: TimeDelta = TimeDelta::days(36_525);

/// The columns of one row. Its errors name the table, too.
pub(super) struct Columns<'r> {
    table: &'r str,
    row: &'r SqliteRow,
}

impl<'r> Columns<'r> {
    pub(super) const fn new(table: &'r str, row: &'r SqliteRow) -> Self {
        Self { table, row }
    }

    /// A column of which every value is valid.
    pub(super) fn get<T: Decode<'r, Sqlite> + Type<Sqlite>>(&self, column: &str) -> sqlx::Result<T> {
        self.row.try_get(column).map_err(|error| match error {
            sqlx::Error::ColumnDecode { source, .. } => self.unreadable(column, source),
            other => other,
        })
    }

    pub(super) fn timestamp(&self, column: &str) -> sqlx::Result<Timestamp> {
        self.convert(column, timestamp)
    }

    pub(super) fn optional_timestamp(&self, column: &str) -> sqlx::Result<Option<Timestamp>> {
        self.convert_optional(column, timestamp)
    }

    /// A duration in milliseconds.
    pub(super) fn duration(&self, column: &str) -> sqlx::Result<TimeDelta> {
        self.convert(column, |millis: i64| {
            let duration = TimeDelta::try_milliseconds(millis);
            duration.filter(|duration| (TimeDelta::zero()..=MAX_DURATION).contains(duration))
        })
    }

    /// A number of things.
    pub(super) fn count(&self, column: &str) -> sqlx::Result<u32> {
        self.convert(column, |count: i64| u32::try_from(count).ok())
    }

    /// A number that is not negative; null stays none.
    pub(super) fn optional_amount(&self, column: &str) -> sqlx::Result<Option<u64>> {
        self.convert_optional(column, |amount: i64| u64::try_from(amount).ok())
    }

    /// An enum or another value, by its text.
    pub(super) fn parse<T: FromStr>(&self, column: &str) -> sqlx::Result<T> {
        self.convert(column, |text: &str| text.parse().ok())
    }

    pub(super) fn parse_optional<T: FromStr>(&self, column: &str) -> sqlx::Result<Option<T>> {
        self.convert_optional(column, |text: &str| text.parse().ok())
    }

    /// Several of them, separated by spaces.
    pub(super) fn parse_set<T: FromStr + Ord>(&self, column: &str) -> sqlx::Result<BTreeSet<T>> {
        self.convert(column, |text: &str| text.split_whitespace().map(|part| part.parse().ok()).collect())
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> sqlx::Result<T> {
        self.convert(column, |json: &str| serde_json::from_str(json).ok())
    }

    pub(super) fn optional_json<T: DeserializeOwned>(&self, column: &str) -> sqlx::Result<Option<T>> {
        self.convert_optional(column, |json: &str| serde_json::from_str(json).ok())
    }

    /// A value that takes several columns.
    pub(super) fn nested<T: FromRow<'r, SqliteRow>>(&self, _field: &str) -> sqlx::Result<T> {
        T::from_row(self.row)
    }

    /// That a column holds what this program never writes.
    pub(super) fn unreadable(&self, column: &str, value: impl Display) -> sqlx::Error {
        let index = format!("{}.{column}", self.table);
        sqlx::Error::ColumnDecode { index, source: value.to_string().into() }
    }

    fn convert<V, T>(&self, column: &str, convert: impl FnOnce(V) -> Option<T>) -> sqlx::Result<T>
    where
        V: Decode<'r, Sqlite> + Type<Sqlite> + Display + Copy,
    {
        self.convert_optional(column, convert)?.ok_or_else(|| self.unreadable(column, "null"))
    }

    /// What `convert` makes of the column's value; an error when it makes nothing of it. Null stays none.
    fn convert_optional<V, T>(
        &self,
        column: &str,
        convert: impl FnOnce(V) -> Option<T>,
    ) -> sqlx::Result<Option<T>>
    where
        V: Decode<'r, Sqlite> + Type<Sqlite> + Display + Copy,
    {
        let Some(value) = self.get::<Option<V>>(column)? else { return Ok(None) };
        convert(value).map(Some).ok_or_else(|| self.unreadable(column, value))
    }
}

/// Defines how a type is read from a row: each field by a method of [`Columns`], from the column of its name or from another one.
/// Before its fields stands the table, which errors name: `from_row! { Snapshot: "snapshots" json(configuration) get(checks) }`.
macro_rules! from_row {
    (@column $field:ident) => { stringify!($field) };
    (@column $field:ident $column:literal) => { $column };
    ($type:ident: $($table:literal $($read:ident($($field:ident $(= $column:literal)?),+))+);+) => {
        impl sqlx::FromRow<'_, sqlx::sqlite::SqliteRow> for $type {
            fn from_row(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Self> {
                Ok(Self {
                    $($($($field: Columns::new($table, row).$read(from_row!(@column $field $($column)?))?,)+)+)+
                })
            }
        }
    };
}
pub(super) use from_row;

/// A time as its column holds it.
pub(super) const fn millis(time: Timestamp) -> i64 {
    time.timestamp_millis()
}

/// Refuses times outside the calendar, so that arithmetic with times cannot overflow anywhere.
fn timestamp(millis: i64) -> Option<Timestamp> {
    DateTime::from_timestamp_millis(millis).filter(|time| is_in_calendar(*time))
}

pub(super) fn to_json(value: &impl Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Keys as a JSON array of `[subscription, id]`, for statements about many accounts at once.
pub(super) fn keys_json<'a>(accounts: impl IntoIterator<Item = &'a AccountKey>) -> sqlx::Result<String> {
    let keys: Vec<[&str; 2]> =
        accounts.into_iter().map(|account| [account.subscription.as_str(), account.id.as_str()]).collect();
    to_json(&keys)
}

from_row! { AccountKey: "accounts" get(subscription, id) }

/// Any text is a name.
macro_rules! decode_name {
    ($($name:ty),+) => {$(
        impl Type<Sqlite> for $name {
            fn type_info() -> SqliteTypeInfo {
                <str as Type<Sqlite>>::type_info()
            }
        }

        impl<'r> Decode<'r, Sqlite> for $name {
            fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
                Ok(Self::new(<&str as Decode<Sqlite>>::decode(value)?))
            }
        }
    )+};
}

decode_name!(SubscriptionName, AccountId, ReceiverName, AlertId, MessageId);
