//! The credits of an account as MiniMax reports them.

use crate::domain::time::Timestamp;

/// What one answer says of an account's credits; every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountCredits {
    /// How many are left, a part of one rounded up.
    pub left: Option<u64>,
    /// The plan's end, if it is given.
    pub plan_ends_at: Option<Timestamp>,
    /// When some of them end, earliest first.
    pub ends: Vec<CreditEnd>,
    /// The name of the plan.
    pub plan: Option<String>,
}

/// When some credits end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CreditEnd {
    /// The moment.
    pub at: Timestamp,
    /// How many, if that is given.
    pub credits: Option<u64>,
}

/// How many credits were left at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CreditReading {
    /// When they were read.
    pub at: Timestamp,
    /// How many were left.
    pub credits: u64,
}
