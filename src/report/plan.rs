//! The plan of a subscription, as `status` and `explain` print it.

use std::fmt::Write as _;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::account::SubscriptionName;
use crate::domain::plan::{Plan, PlanState};
use crate::domain::time::{Timestamp, seconds};

/// The plan of one subscription, by the last answer of `GET /v2/account`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlanReport {
    /// The subscription whose token reads it.
    pub subscription: SubscriptionName,
    /// `subscriptionIsActive`; `null` before the first answer.
    pub active: Option<bool>,
    /// How many subscriptions were bought.
    pub subscriptions: Option<u32>,
    /// How many MiniMax accounts are set up.
    pub accounts: Option<u32>,
    /// How many accounts of one service may be set up.
    pub max_accounts: Option<u32>,
    /// The day of the last renewal, `YYYY-MM-DD`.
    #[schemars(with = "Option<String>")]
    pub renewed_on: Option<NaiveDate>,
    /// Other services with accounts in error.
    pub services_in_error: Vec<ServiceReport>,
    /// When this was read.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub read_at: Option<Timestamp>,
    /// Why the last reading failed, if it did.
    pub error: Option<String>,
}

/// A service with accounts in error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ServiceReport {
    /// The vendor's name of it.
    pub name: String,
    /// How many of its accounts are in error.
    pub in_error: u32,
    /// How many it has.
    pub total: u32,
}

impl PlanReport {
    /// The report of `state`.
    pub fn new(subscription: &SubscriptionName, state: &PlanState) -> Self {
        let plan = state.plan.as_ref();
        let services = plan.into_iter().flat_map(Plan::services_in_error);
        let services = services.map(|service| ServiceReport {
            name: service.name.clone(),
            in_error: service.in_error,
            total: service.total,
        });
        Self {
            subscription: subscription.clone(),
            active: plan.map(|plan| plan.is_active),
            subscriptions: plan.and_then(|plan| plan.subscriptions),
            accounts: plan.and_then(|plan| plan.watched_service()).map(|service| service.total),
            max_accounts: plan.and_then(|plan| plan.max_accounts),
            renewed_on: plan.and_then(|plan| plan.renewed_on),
            services_in_error: services.collect(),
            read_at: state.read_at,
            error: state.failure.as_ref().map(|failure| failure.error.clone()),
        }
    }

    /// `active, 1 subscription, 2 of 3 MiniMax accounts, renewed 2026-11-15`.
    pub fn sentence(&self) -> String {
        let mut text = match self.active {
            Some(true) => "active".to_owned(),
            Some(false) => "not active".to_owned(),
            None => "not known".to_owned(),
        };
        if let Some(count) = self.subscriptions {
            let _ = write!(text, ", {count} {}", if count == 1 { "subscription" } else { "subscriptions" });
        }
        let _ = match (self.accounts, self.max_accounts) {
            (Some(accounts), Some(max)) => write!(text, ", {accounts} of {max} MiniMax accounts"),
            (Some(accounts), None) => write!(text, ", {accounts} MiniMax accounts"),
            (None, Some(max)) => write!(text, ", at most {max} MiniMax accounts"),
            (None, None) => Ok(()),
        };
        if let Some(day) = self.renewed_on {
            let _ = write!(text, ", renewed {day}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::{PlanFailure, ServiceAccounts};

    #[test]
    fn sentence_leaves_out_what_is_not_known() {
        let name = SubscriptionName::new("main");
        let service = |name: &str| ServiceAccounts { name: name.to_owned(), total: 2, in_error: 1 };
        let plan = Plan {
            is_active: true,
            subscriptions: Some(1),
            max_accounts: Some(3),
            renewed_on: NaiveDate::from_ymd_opt(2026, 11, 15),
            services: vec![service("Kling API"), service("MiniMax API")],
        };
        let state = PlanState { plan: Some(plan.clone()), ..PlanState::default() };
        let report = PlanReport::new(&name, &state);
        assert_eq!(report.sentence(), "active, 1 subscription, 2 of 3 MiniMax accounts, renewed 2026-11-15");
        assert_eq!(report.services_in_error.len(), 1);
        let bare = Plan {
            is_active: false,
            subscriptions: Some(2),
            max_accounts: Some(6),
            renewed_on: None,
            services: Vec::new(),
        };
        let state = PlanState { plan: Some(bare), ..PlanState::default() };
        assert_eq!(
            PlanReport::new(&name, &state).sentence(),
            "not active, 2 subscriptions, at most 6 MiniMax accounts"
        );
        let failure = PlanFailure::new("502 Bad Gateway".to_owned(), false);
        let state = PlanState { failure: Some(failure), ..PlanState::default() };
        let report = PlanReport::new(&name, &state);
        assert_eq!(
            (report.sentence().as_str(), report.error.as_deref()),
            ("not known", Some("502 Bad Gateway"))
        );
    }
}
