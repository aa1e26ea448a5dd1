//! The plan of a subscription at useapi.net, as `GET /v2/account` shows it (docs/vendor-api.md, "More calls").
//!
//! Guarantees: a reading that failed changes neither what is known of the plan nor any alert; a plan that turns inactive counts once
//! a second reading confirms it, as a 402 does. Leaves the alerts to `alerts`.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::failing_period::FailingPeriod;
use super::time::Timestamp;

/// The vendor's name for the service that this program watches begins with it.
const WATCHED_SERVICE: &str = "minimax";

/// What the vendor says of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// `subscriptionIsActive`.
    pub is_active: bool,
    /// `subscriptions`: how many were bought.
    pub subscriptions: Option<u32>,
    /// `maxAccountsPerAPI`: how many accounts of one service may be set up.
    pub max_accounts: Option<u32>,
    /// `sub`: the day of the last renewal.
    pub renewed_on: Option<NaiveDate>,
    /// `accounts`, by the vendor's name of the service, in alphabetical order.
    pub services: Vec<ServiceAccounts>,
}

/// How many accounts of one service are set up at useapi.net.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServiceAccounts {
    /// The vendor's name of the service: printable, of bounded length.
    pub name: String,
    /// All accounts.
    pub total: u32,
    /// Those in error.
    pub in_error: u32,
}

impl ServiceAccounts {
    fn is_watched(&self) -> bool {
        self.name.to_lowercase().starts_with(WATCHED_SERVICE)
    }
}

impl Plan {
    /// The accounts of the service that this program watches.
    pub fn watched_service(&self) -> Option<&ServiceAccounts> {
        self.services.iter().find(|service| service.is_watched())
    }

    /// The other services with accounts in error.
    pub fn services_in_error(&self) -> impl Iterator<Item = &ServiceAccounts> {
        self.services.iter().filter(|service| !service.is_watched() && service.in_error > 0)
    }
}

/// One answer to `GET /v2/account`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanReading {
    /// The vendor described the plan.
    Plan(Plan),
    /// It did not, so nothing is known.
    Failed(PlanFailure),
}

/// Why a plan could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFailure {
    /// The reason: printable, of bounded length, without secrets.
    pub error: String,
    /// Whether there was an answer that is not understood.
    pub is_malformed: bool,
    /// For how long readings have failed, once it is stored.
    #[serde(default)]
    pub period: Option<FailingPeriod>,
}

impl PlanFailure {
    /// A failure that is not stored yet.
    pub const fn new(error: String, is_malformed: bool) -> Self {
        Self { error, is_malformed, period: None }
    }
}

/// What is known of the plan of one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanState {
    /// The plan as it was last read.
    pub plan: Option<Plan>,
    /// When that was.
    pub read_at: Option<Timestamp>,
    /// The first reading of the present series that showed an inactive plan.
    pub inactive_since: Option<Timestamp>,
    /// Whether a second reading confirmed that.
    pub is_lapsed: bool,
    /// Why the last reading failed, if it did.
    pub failure: Option<PlanFailure>,
}

impl PlanState {
    /// The state after `reading`, which arrived at `now`. An inactive plan is confirmed by a reading this much later; zero: at once.
    #[must_use]
    pub fn after(&self, reading: PlanReading, confirm_after: TimeDelta, now: Timestamp) -> Self {
        let plan = match reading {
            PlanReading::Failed(failure) => {
                let before = self.failure.as_ref().and_then(|failure| failure.period);
                let period = Some(FailingPeriod::extended(before, now));
                return Self { failure: Some(PlanFailure { period, ..failure }), ..self.clone() };
            }
            PlanReading::Plan(plan) => plan,
        };
        // A clock that was set back must not delay the confirmation.
        let inactive_since = (!plan.is_active).then(|| self.inactive_since.unwrap_or(now).min(now));
        let is_confirmed = inactive_since.is_some_and(|since| {
            self.is_lapsed
                || confirm_after.is_zero()
                || (self.inactive_since.is_some() && now - since >= confirm_after)
        });
        Self { plan: Some(plan), read_at: Some(now), inactive_since, is_lapsed: is_confirmed, failure: None }
    }

    /// Whether the last reading showed an inactive plan, and a second one is to confirm it.
    pub const fn awaits_confirmation(&self) -> bool {
        self.inactive_since.is_some() && !self.is_lapsed && self.failure.is_none()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn plan(is_active: bool) -> PlanReading {
        PlanReading::Plan(Plan {
            is_active,
            subscriptions: Some(1),
            max_accounts: Some(3),
            renewed_on: None,
            services: Vec::new(),
        })
    }

    fn failed() -> PlanReading {
        PlanReading::Failed(PlanFailure::new("502 Bad Gateway".to_owned(), false))
    }

    fn at(seconds: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 28, 0, 0, 0).unwrap() + TimeDelta::seconds(seconds)
    }

    const CONFIRM_AFTER: TimeDelta = TimeDelta::seconds(10);

    fn after(readings: &[(i64, PlanReading)]) -> PlanState {
        let read = |state: PlanState, (seconds, reading): &(i64, PlanReading)| {
            state.after(reading.clone(), CONFIRM_AFTER, at(*seconds))
        };
        readings.iter().fold(PlanState::default(), read)
    }

    #[test]
    fn inactive_plan_counts_when_a_later_reading_confirms_it() {
        assert!(after(&[(0, plan(false))]).awaits_confirmation());
        assert!(after(&[(0, plan(false)), (9, plan(false))]).awaits_confirmation());
        let lapsed = after(&[(0, plan(false)), (10, plan(false))]);
        assert!(lapsed.is_lapsed && !lapsed.awaits_confirmation());
        assert_eq!(lapsed.inactive_since, Some(at(0)));
        assert!(PlanState::default().after(plan(false), TimeDelta::zero(), at(0)).is_lapsed);
    }

    #[test]
    fn active_plan_ends_both_the_doubt_and_the_lapse() {
        for readings in [
            vec![(0, plan(false)), (10, plan(true))],
            vec![(0, plan(false)), (10, plan(false)), (20, plan(true))],
        ] {
            let state = after(&readings);
            assert_eq!((state.inactive_since, state.is_lapsed), (None, false));
        }
        assert!(after(&[(0, plan(false)), (10, plan(true)), (20, plan(false))]).awaits_confirmation());
    }

    #[test]
    fn failed_reading_changes_nothing_but_the_failure() {
        let lapsed = after(&[(0, plan(false)), (10, plan(false))]);
        let failed = lapsed.after(failed(), CONFIRM_AFTER, at(20));
        assert_eq!(PlanState { failure: None, ..failed.clone() }, lapsed);
        assert!(failed.failure.is_some());
    }

    #[test]
    fn clock_that_is_set_back_confirms_by_the_next_two_readings() {
        let state = after(&[(3_600, plan(false)), (0, plan(false))]);
        assert!(state.awaits_confirmation());
        assert!(state.after(plan(false), CONFIRM_AFTER, at(10)).is_lapsed);
    }

    #[test]
    fn only_other_services_are_in_error() {
        let service = |name: &str, in_error| ServiceAccounts { name: name.to_owned(), total: 3, in_error };
        let services = vec![service("Kling API", 1), service("MiniMax API", 2), service("Mureka API", 0)];
        let PlanReading::Plan(plan) = plan(true) else { unreachable!() };
        let plan = Plan { services, ..plan };
        assert_eq!(plan.services_in_error().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Kling API"]);
        assert_eq!(plan.watched_service().map(|one| one.in_error), Some(2));
    }

    proptest! {
        #[test]
        fn lapse_needs_two_inactive_readings_without_an_active_one_between(
            readings in prop::collection::vec((0..60_i64, 0..3_u8), 0..20)
        ) {
            let mut now = 0;
            let (mut state, mut since) = (PlanState::default(), None);
            for (later, kind) in readings {
                now += later;
                let reading = match kind { 0 => plan(true), 1 => plan(false), _ => failed() };
                state = state.after(reading, CONFIRM_AFTER, at(now));
                match kind {
                    0 => since = None,
                    1 => since = Some(since.unwrap_or(now)),
                    _ => {}
                }
                prop_assert_eq!(state.inactive_since, since.map(at));
                prop_assert!(!state.is_lapsed || since.is_some_and(|since| now - since >= 10));
                prop_assert!(kind != 1 || state.is_lapsed == since.is_some_and(|since| now - since >= 10));
            }
        }
    }
}
