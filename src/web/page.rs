//! `/`: for now the verdict, when it was last checked, and links to the rest.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::response::{html, store_failed};
use super::site::Site;
use crate::clock;
use crate::domain::time::{minute, relative};
use crate::report::Report;

/// `GET /`.
pub(super) async fn overview(State(site): State<Arc<Site>>) -> Response {
    let now = clock::now();
    let loaded = match site.store() {
        Ok(store) => Report::last_known(store, &site.config(), None, now).await,
        Err(error) => Err(error),
    };
    let report = match loaded {
        Ok(report) => report,
        Err(error) => return store_failed(&error),
    };
    let checked = report.last_run.and_then(|run| run.finished_at).map_or_else(
        || "Nothing was checked yet.".to_owned(),
        |at| format!("Last checked {} ({}).", minute(at), relative(at, now)),
    );
    let page = include_str!("overview.html");
    let page = page
        .replace("<!-- verdict -->", &report.verdict.as_str().to_uppercase())
        .replace("<!-- checked -->", &checked);
    html(StatusCode::OK, page)
}
