//! What is known of the plan of each subscription.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, SqliteExecutor};

use super::columns::{Columns, from_row, millis, to_json};
use super::{Store, StoreError, Writer};
use crate::domain::account::SubscriptionName;
use crate::domain::plan::PlanState;

from_row! {
    PlanState: "plans"
        optional_json(plan, failure) optional_timestamp(read_at, inactive_since) get(is_lapsed = "lapsed")
}

/// A row with the subscription that it is about.
struct PlanRow {
    subscription: SubscriptionName,
    state: PlanState,
}

impl FromRow<'_, SqliteRow> for PlanRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            subscription: Columns::new("plans", row).get("subscription")?,
            state: PlanState::from_row(row)?,
        })
    }
}

async fn plan_states(
    executor: impl SqliteExecutor<'_>,
) -> Result<BTreeMap<SubscriptionName, PlanState>, StoreError> {
    let rows: Vec<PlanRow> = sqlx::query_as(
        "SELECT subscription, plan, read_at, inactive_since, lapsed, failure FROM plans ORDER BY subscription",
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (row.subscription, row.state)).collect())
}

impl Writer {
    /// What is known of each plan.
    pub async fn plan_states(&mut self) -> Result<BTreeMap<SubscriptionName, PlanState>, StoreError> {
        plan_states(self.connection()).await
    }

    /// Saves what is known of one plan in place of what was known before.
    pub async fn save_plan_state(
        &mut self,
        subscription: &SubscriptionName,
        state: &PlanState,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO plans (subscription, plan, read_at, inactive_since, lapsed, failure) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (subscription) DO UPDATE
             SET plan = ?2, read_at = ?3, inactive_since = ?4, lapsed = ?5, failure = ?6",
        )
        .bind(subscription.as_str())
        .bind(state.plan.as_ref().map(to_json).transpose()?)
        .bind(state.read_at.map(millis))
        .bind(state.inactive_since.map(millis))
        .bind(state.is_lapsed)
        .bind(state.failure.as_ref().map(to_json).transpose()?);
        self.execute(statement).await
    }

    /// Deletes what is known of every plan.
    pub async fn remove_plans(&mut self) -> Result<(), StoreError> {
        self.execute(sqlx::query("DELETE FROM plans")).await
    }

    /// Deletes what is known of plans of subscriptions that are not watched, so that it does not count when they return.
    pub async fn remove_unwatched_plans(&mut self) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "DELETE FROM plans WHERE NOT EXISTS (
                 SELECT 1 FROM subscriptions s WHERE s.name = plans.subscription AND s.membership_hash IS NOT '')",
        );
        self.execute(statement).await
    }
}

impl Store {
    /// What is known of each plan.
    pub async fn plan_states(&self) -> Result<BTreeMap<SubscriptionName, PlanState>, StoreError> {
        plan_states(&self.read).await
    }
}
