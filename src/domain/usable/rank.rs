//! The order of usable accounts, best first.

use std::cmp::Reverse;

use crate::domain::account::AccountKey;
use crate::domain::time::Timestamp;

/// The place of a usable account: the smaller, the better. Accounts that are equally good are ordered by subscription and id, so
/// that the order is the same each time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsableRank {
    // The order of the fields is the rule: trials last, no warning first, then the latest expiry, then more jobs.
    trial: bool,
    has_warning: bool,
    expires_at: Reverse<Option<Timestamp>>,
    max_jobs: Reverse<Option<i64>>,
    account: AccountKey,
}

impl UsableRank {
    /// The rank of a usable account. An unknown expiry comes behind every known one.
    pub const fn new(
        account: AccountKey,
        trial: bool,
        has_warning: bool,
        expires_at: Option<Timestamp>,
        max_jobs: Option<i64>,
    ) -> Self {
        Self { trial, has_warning, expires_at: Reverse(expires_at), max_jobs: Reverse(max_jobs), account }
    }
}
