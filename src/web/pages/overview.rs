//! `/`: what is wrong, when it was last checked, and every account, worst first.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::account_row::AccountRow;
use super::alert_card::AlertCard;
use super::expiry_chart::ExpiryChart;
use super::filter::{AccountFilter, Pages};
use super::freshness::Freshness;
use super::message_row::MessageRow;
use super::notices::{Notice, notices};
use crate::clock;
use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::alerts::Alert;
use crate::domain::time::Timestamp;
use crate::report::{AccountDetails, AccountReport, Alerts, CurrentAlerts, Report};
use crate::store::StoreError;
use crate::web::response::{bad_request, store_failed};
use crate::web::site::Site;

/// The most alerts and messages that are shown; the rest is counted.
const MAX_ALERTS: usize = 20;
const MAX_MESSAGES: u32 = 10;

/// What the template shows.
#[derive(Serialize)]
struct Overview {
    /// From this page to the root of the listener.
    root: &'static str,
    verdict: &'static str,
    headline: String,
    freshness: Freshness,
    warnings: Vec<Notice>,
    /// What needs no action; at the end of the page.
    remarks: Vec<Notice>,
    alerts: Vec<AlertCard>,
    unlisted_alerts: usize,
    filter: AccountFilter,
    total: usize,
    pages: Pages,
    accounts: Vec<AccountRow>,
    watches_jobs: bool,
    watches_credits: bool,
    chart: ExpiryChart,
    messages: Vec<MessageRow>,
    version: &'static str,
}

/// `GET /?q=&show=&page=`.
pub(in crate::web) async fn overview(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    let filter = match AccountFilter::parse(query.as_deref()) {
        Ok(filter) => filter,
        Err(invalid) => return bad_request(invalid.reason()),
    };
    match Overview::load(&site, filter, clock::now()).await {
        Ok(overview) => site.templates.page(StatusCode::OK, "overview.html", &overview),
        Err(error) => store_failed(&error),
    }
}

impl Overview {
    async fn load(site: &Site, filter: AccountFilter, now: Timestamp) -> Result<Self, StoreError> {
        let (store, config) = (site.begin_reading().await?, site.config());
        let current = CurrentAlerts::load(&store, &config, None, now).await?;
        let mut report = Report::without_configurations(&store, &config, &current, now).await?;
        let (alerts, unlisted_alerts) = most_severe(&current.alerts);
        let alerts = Alerts::of(&store, &config, &alerts, now).await?.alerts;
        let headline = headline(&report);
        let accounts = std::mem::take(&mut report.accounts);
        let total = accounts.len();
        let chart = expiry_chart(&accounts, &config, now);
        let (listed, pages) = filter.select(accounts);
        let keys: Vec<_> = listed.iter().map(AccountReport::key).collect();
        let details = AccountDetails::load(&store, &config, (&keys, &current), now).await?;
        let messages = store.newest_messages(MAX_MESSAGES).await?;
        drop(store);
        let (remarks, warnings) = notices(&report).into_iter().partition(Notice::is_remark);
        let has_receivers = !config.receivers.is_empty();
        let row = |(account, key): (&AccountReport, &AccountKey)| {
            details.get(key).map(|details| AccountRow::new(account, details, &config, now))
        };
        Ok(Self {
            root: "",
            verdict: report.verdict.as_str(),
            headline,
            freshness: Freshness::new(&report, &config),
            warnings,
            remarks,
            alerts: alerts.iter().map(|alert| AlertCard::new(alert, has_receivers, now)).collect(),
            unlisted_alerts,
            filter,
            total,
            pages,
            accounts: listed.iter().zip(&keys).filter_map(row).collect(),
            watches_jobs: config.jobs.watch,
            watches_credits: config.credits.watch,
            chart,
            messages: messages.iter().map(|message| MessageRow::new(message, now)).collect(),
            version: env!("CARGO_PKG_VERSION"),
        })
    }
}

/// The most severe of the open alerts, and how many more there are.
fn most_severe(open: &[Alert]) -> (Vec<Alert>, usize) {
    let mut alerts: Vec<&Alert> = open.iter().collect();
    alerts.sort_by_key(|alert| Reverse(alert.condition.severity));
    alerts.truncate(MAX_ALERTS);
    (alerts.into_iter().cloned().collect(), open.len().saturating_sub(MAX_ALERTS))
}

fn expiry_chart(accounts: &[AccountReport], config: &Config, now: Timestamp) -> ExpiryChart {
    let policy = config.policy();
    let expiry = |account: &AccountReport| Some((account.expires_at?, policy.lead_times(&account.key())));
    ExpiryChart::new(accounts.iter().filter_map(expiry), now)
}

/// The state of everything in a few words.
fn headline(report: &Report) -> String {
    let unusable = report.accounts.iter().filter(|account| account.usable == Some(false)).count();
    let total = report.accounts.len();
    if report.overdue.is_some() {
        return if report.last_finished_at.is_none() {
            "Nothing was checked yet"
        } else {
            "Nothing is being watched"
        }
        .to_owned();
    }
    let alerts = match report.alerts.len() {
        0 if total == 0 => return "No accounts are known".to_owned(),
        0 => "No alert is open".to_owned(),
        1 => "1 alert is open".to_owned(),
        many => format!("{many} alerts are open"),
    };
    match (unusable, total) {
        (0, _) => alerts,
        (1, 1) => format!("{alerts}; the account cannot take jobs"),
        (unusable, total) => format!("{alerts}; {unusable} of {total} accounts cannot take jobs"),
    }
}
