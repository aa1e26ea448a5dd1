//! `/accounts/{subscription}/{id}`: one account, and what happened to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::account_row::AccountRow;
use super::alert_card::AlertCard;
use super::freshness::Freshness;
use super::notices::{Notice, failed_readings};
use super::timeline::{MAX_SNAPSHOTS, Timeline, timeline};
use crate::clock;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::text;
use crate::domain::time::{Timestamp, dated};
use crate::report::{
    AccountDetails, AccountReport, AccountSeries, Alerts, CreditsReport, CurrentAlerts, ExpiryReport,
    History, Report,
};
use crate::store::StoreError;
use crate::web::response::store_failed;
use crate::web::site::Site;

/// From these pages to the root of the listener.
const ROOT: &str = "../../";

/// Days of jobs and credits that are shown.
const MAX_DAYS: usize = 30;

/// What the template shows.
#[derive(Serialize)]
struct AccountPage {
    root: &'static str,
    account: AccountRow,
    freshness: Freshness,
    /// What cannot be read, and so is not known.
    notices: Vec<Notice>,
    alerts: Vec<AlertCard>,
    /// Labels and values.
    facts: Vec<(&'static str, String)>,
    watches_jobs: bool,
    timeline: Timeline,
    /// Days and sentences.
    jobs: Vec<(String, String)>,
    credits: Vec<(String, String)>,
    version: &'static str,
}

/// An account that is not watched.
#[derive(Serialize)]
struct Unknown {
    root: &'static str,
    id: String,
    version: &'static str,
}

/// `GET /accounts/{subscription}/{id}`.
pub(in crate::web) async fn account(
    State(site): State<Arc<Site>>,
    Path((subscription, id)): Path<(String, String)>,
) -> Response {
    let key = AccountKey::new(&SubscriptionName::new(subscription), &AccountId::new(id));
    let version = env!("CARGO_PKG_VERSION");
    match AccountPage::load(&site, &key, clock::now()).await {
        Ok(Some(page)) => site.templates.page(StatusCode::OK, "account.html", &page),
        Ok(None) => {
            let unknown = Unknown { root: ROOT, id: text::name(key.id.as_str()), version };
            site.templates.page(StatusCode::NOT_FOUND, "unknown.html", &unknown)
        }
        Err(error) => store_failed(&error),
    }
}

impl AccountPage {
    async fn load(site: &Site, key: &AccountKey, now: Timestamp) -> Result<Option<Self>, StoreError> {
        let (store, config) = (site.begin_reading().await?, site.config());
        let wanted = BTreeSet::from([key.clone()]);
        let current = CurrentAlerts::load(&store, &config, Some(&wanted), now).await?;
        let report = Report::with_alerts(&store, &config, &wanted, &current, now).await?;
        let keys = std::slice::from_ref(key);
        let mut details = AccountDetails::load(&store, &config, (keys, &current), now).await?;
        let (Some(account), Some(details)) = (report.accounts.first(), details.remove(key)) else {
            return Ok(None);
        };
        let snapshots = store.newest_snapshots(key, MAX_SNAPSHOTS).await?;
        let series = AccountSeries::load(&store, key, None, now).await?;
        let history = History::new(&details.record, (&snapshots, &series), None, now);
        let alerts = Alerts::of(&store, &config, &current.alerts, now).await?.alerts;
        let timeline = timeline(&store, key, &history).await?;
        drop(store);
        let has_receivers = !config.receivers.is_empty();
        let days = history.jobs.iter().rev().take(MAX_DAYS);
        let credits = history.credits.iter().rev().take(MAX_DAYS);
        Ok(Some(Self {
            root: ROOT,
            account: AccountRow::new(account, &details, &config, now),
            freshness: Freshness::new(&report, &config),
            notices: failed_readings(&report),
            alerts: alerts.iter().map(|alert| AlertCard::new(alert, has_receivers, now)).collect(),
            facts: facts(account, &details, now),
            watches_jobs: config.jobs.watch,
            timeline,
            jobs: days.map(|day| (day.day.to_string(), day.sentence())).collect(),
            credits: credits.map(|day| (day.day.to_string(), day.sentence())).collect(),
            version: env!("CARGO_PKG_VERSION"),
        }))
    }
}

fn facts(account: &AccountReport, details: &AccountDetails, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut add = |label, value: Option<String>| facts.extend(value.map(|value| (label, value)));
    let checked = account.checked_at.map(|at| dated(at, now));
    let outcome = account.outcome.map(|outcome| outcome.to_string());
    add("Last check", checked.zip(outcome).map(|(checked, outcome)| format!("{outcome}, {checked}")));
    add("Last ok", account.last_ok_at.map(|at| dated(at, now)));
    add("Error", account.error.as_deref().map(text::one_line));
    let expiry = |report: &ExpiryReport| match (report.at, &report.text) {
        (Some(at), None) => Some(dated(at, now)),
        (_, Some(unreadable)) => Some(format!("unreadable: {}", text::quoted(unreadable))),
        (None, None) => None,
    };
    add("jwt.exp_Expire", expiry(&account.expiries.exp_expire));
    add("jwt.exp", expiry(&account.expiries.exp));
    add("Host", account.host.as_deref().map(text::name));
    if let Some(credits) = &details.credits {
        add_credits(&mut add, credits, now);
    }
    facts
}

fn add_credits(add: &mut impl FnMut(&'static str, Option<String>), credits: &CreditsReport, now: Timestamp) {
    add("Credits", credits.credits.map(|credits| credits.to_string()));
    add("Credits read", credits.read_at.map(|at| dated(at, now)));
    add("Credits spent per day", credits.per_day.map(|credits| credits.to_string()));
    add("Credits run out", credits.runs_out_at.map(|at| dated(at, now)));
    add("First credits end", credits.ends_at.map(|at| dated(at, now)));
    add("Plan", credits.plan.as_deref().map(text::name));
    add("Plan ends", credits.plan_ends_at.map(|at| dated(at, now)));
    add("Session error", credits.session_error.as_deref().map(text::one_line));
    add("Last reading of credits", credits.error.as_deref().map(text::one_line));
}
