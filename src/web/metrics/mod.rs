//! `/metrics`: every number, in the format that the client asks for (docs/metrics.md).

mod collector;
mod format;

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{ACCEPT, HeaderMap, HeaderValue, VARY};
use axum::response::Response;

use super::query::Query;
use super::response::{bad_request, cannot_be_written, store_failed, text_as};
use super::site::Site;
use crate::clock;
use crate::report::Metrics;
use collector::MetricsCollector;
use format::Format;

/// `GET /metrics`.
pub(super) async fn metrics(
    State(site): State<Arc<Site>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(invalid) = Query::parse(query.as_deref(), &[]) {
        return bad_request(invalid.reason());
    }
    let load = async { Metrics::load(&site.begin_reading().await?, &site.config(), clock::now()).await };
    let metrics = match load.await {
        Ok(metrics) => metrics,
        Err(error) => return store_failed(&error),
    };
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let format = Format::preferred(accepted);
    match format.encode(MetricsCollector::new(metrics)) {
        Ok(text) => {
            let mut response = text_as(StatusCode::OK, format.media_type(), text);
            response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
            response
        }
        Err(error) => {
            tracing::error!("the metrics cannot be written: {error}");
            cannot_be_written()
        }
    }
}
