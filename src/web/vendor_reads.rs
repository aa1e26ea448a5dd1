//! The vendor's two reads of configurations, answered from the last snapshot: a client changes host and token.
//!
//! Members that are never stored are absent (docs/vendor-api.md). A snapshot is served however old it is, with its age; a 404 says that the
//! last conclusive check did, or that no configuration was ever seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{AGE, HeaderValue, LAST_MODIFIED};
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::response::{compact_json, plain, store_failed};
use super::site::Site;
use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::report::{VendorConfiguration, VendorSnapshot, VendorSnapshots};

const NOT_FOUND: &str = "Configuration not found. To create configuration use POST /accounts.";

/// `GET /v1/minimax/accounts/{account}`.
pub(super) async fn account(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Response {
    let load = async {
        let store = site.begin_reading().await?;
        let Some(record) = site.find_account(&store, &AccountId::new(id)).await? else { return Ok(None) };
        VendorSnapshot::load(&store, record).await
    };
    match load.await {
        Ok(Some(snapshot)) => answer(&snapshot.configuration, Some((snapshot.seen_at, snapshot.changed_at))),
        Ok(None) => plain(StatusCode::NOT_FOUND, NOT_FOUND),
        Err(error) => store_failed(&error),
    }
}

/// `GET /v1/minimax/accounts`: the age is that of the oldest one, the change the latest one.
pub(super) async fn accounts(State(site): State<Arc<Site>>) -> Response {
    let load = async { VendorSnapshots::load(&site.begin_reading().await?, &site.config()).await };
    let snapshots = match load.await {
        Ok(snapshots) => snapshots,
        Err(error) => return store_failed(&error),
    };
    let seen_at = snapshots.by_account.values().map(|snapshot| snapshot.seen_at).min();
    let configurations: BTreeMap<&AccountId, &VendorConfiguration> =
        snapshots.by_account.iter().map(|(id, snapshot)| (id, &snapshot.configuration)).collect();
    answer(&configurations, seen_at.zip(snapshots.changed_at))
}

fn answer(body: &impl Serialize, times: Option<(Timestamp, Timestamp)>) -> Response {
    let mut response = compact_json(StatusCode::OK, body);
    let Some((seen_at, changed_at)) = times else { return response };
    let age = (clock::now() - seen_at).num_seconds().max(0).to_string();
    let changed_at = httpdate::fmt_http_date(changed_at.into());
    let headers: [(HeaderName, String); 2] = [(AGE, age), (LAST_MODIFIED, changed_at)];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
