//! `[plan]`: whether the plan of each subscription is watched.

use super::super::model::PlanWatch;
use super::super::table::Table;

/// Reads `[plan]`.
pub(super) fn read(mut table: Table<'_>) -> PlanWatch {
    let watch = table.flag("watch", true);
    table.finish();
    PlanWatch { watch }
}
