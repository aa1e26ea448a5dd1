//! `/api/v1`: the same JSON as the commands print with `--json` (docs/contract.md, section 6).
//!
//! A parameter that is unknown, unreadable or given twice is refused, since ignoring it would answer another question.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;
use serde::Serialize;

use super::query::{Invalid, Query};
use super::response::{bad_request, json, json_text, store_failed, unknown_account};
use super::site::Site;
use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::duration;
use crate::domain::time::Timestamp;
use crate::domain::time_arg;
use crate::domain::usable::NeededFlag;
use crate::report::{AccountSeries, Alerts, Deliveries, History, Report, UsableAccounts, UsableQuery};
use crate::store::StoreError;

/// As the command's `--since`.
const DELIVERIES_SINCE: TimeDelta = TimeDelta::days(7);

/// What all of the listener answers (OpenAPI 3.1); `tests/schemas.rs` writes it.
pub(super) const OPENAPI: &str = include_str!("../../docs/openapi.json");

/// `GET /api/v1/openapi.json`.
pub(super) async fn openapi(RawQuery(query): RawQuery) -> Response {
    match Query::parse(query.as_deref(), &[]) {
        Ok(_) => json_text(OPENAPI),
        Err(invalid) => bad_request(invalid.reason()),
    }
}

/// `GET /api/v1/status`.
pub(super) async fn status(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    if let Err(invalid) = Query::parse(query.as_deref(), &[]) {
        return bad_request(invalid.reason());
    }
    let load =
        async { Report::last_known(&site.begin_reading().await?, &site.config(), None, clock::now()).await };
    answer(load.await)
}

/// `GET /api/v1/alerts?since=7d`: the open alerts, and with `since` those that resolved since then.
pub(super) async fn alerts(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    let now = clock::now();
    let since = match Query::parse(query.as_deref(), &["since"]).and_then(|query| since(&query, now)) {
        Ok(since) => since,
        Err(invalid) => return bad_request(invalid.reason()),
    };
    let load = async { Alerts::load(&site.begin_reading().await?, &site.config(), since, now).await };
    answer(load.await)
}

/// `GET /api/v1/deliveries?since=7d`.
pub(super) async fn deliveries(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    let now = clock::now();
    let since = match Query::parse(query.as_deref(), &["since"]).and_then(|query| since(&query, now)) {
        Ok(since) => since.unwrap_or(now - DELIVERIES_SINCE),
        Err(invalid) => return bad_request(invalid.reason()),
    };
    let load = async { Deliveries::load(&site.begin_reading().await?, &[], since, now).await };
    answer(load.await)
}

/// `GET /api/v1/accounts/{id}/history?since=30d`.
pub(super) async fn history(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let now = clock::now();
    let since = match Query::parse(query.as_deref(), &["since"]).and_then(|query| since(&query, now)) {
        Ok(since) => since,
        Err(invalid) => return bad_request(invalid.reason()),
    };
    let load = async {
        let store = site.begin_reading().await?;
        let Some(record) = site.find_account(&store, &AccountId::new(id)).await? else { return Ok(None) };
        let snapshots = store.snapshots(&record.account).await?;
        let series = AccountSeries::load(&store, &record.account, since, now).await?;
        Ok(Some(History::new(&record, (&snapshots, &series), since, now)))
    };
    match load.await {
        Ok(Some(history)) => json(StatusCode::OK, &history),
        Ok(None) => unknown_account(),
        Err(error) => store_failed(&error),
    }
}

/// `GET /api/v1/usable?needs=video&for=2h`: 503 when no account is usable.
pub(super) async fn usable(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Response {
    let query = match Query::parse(query.as_deref(), &["needs", "for"]).and_then(|query| usable_query(&query))
    {
        Ok(query) => query,
        Err(invalid) => return bad_request(invalid.reason()),
    };
    let load = async {
        UsableAccounts::load(&site.begin_reading().await?, &site.config(), query, clock::now()).await
    };
    match load.await {
        Ok(accounts) if accounts.usable.is_empty() => json(StatusCode::SERVICE_UNAVAILABLE, &accounts),
        loaded => answer(loaded),
    }
}

fn usable_query(query: &Query) -> Result<UsableQuery, Invalid> {
    let needs = query.get("needs").map(|names| names.split(',').map(NeededFlag::parse).collect());
    let needs: Result<Vec<NeededFlag>, _> = needs.transpose().map(Option::unwrap_or_default);
    let valid_for = query.get("for").map(duration::parse).transpose();
    Ok(UsableQuery {
        needs: needs.map_err(|error| Invalid::new("needs", &error))?,
        valid_for: valid_for.map_err(|error| Invalid::new("for", &error))?.unwrap_or_default(),
    })
}

fn since(query: &Query, now: Timestamp) -> Result<Option<Timestamp>, Invalid> {
    let since = query.get("since").map(|since| time_arg::since(since, now)).transpose();
    since.map_err(|error| Invalid::new("since", &error))
}

fn answer<T: Serialize>(loaded: Result<T, StoreError>) -> Response {
    match loaded {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(error) => store_failed(&error),
    }
}
