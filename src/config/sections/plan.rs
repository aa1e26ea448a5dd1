//! `[plan]`: whether the plan of each subscription is watched.

use super::super::model::PlanWatch;
use super::super::schema::{self, TableSchema};
use super::super::table::Table;

/// Reads `[plan]`.
pub(super) fn read(mut table: Table<'_>) -> PlanWatch {
    let watch = table.flag("watch", true);
    table.finish();
    PlanWatch { watch }
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    TableSchema::new("The plan of each subscription at useapi.net.").key(
        "watch",
        "Read it once in each run, beside the checks (GET /v2/account): a plan that is not active is an alert.",
        schema::flag(true),
    )
}
