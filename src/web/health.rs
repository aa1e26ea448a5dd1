//! `/readyz`: whether the service is able to do its work, with the reasons when it is not.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::response::{json, store_unreadable};
use super::site::Site;
use crate::clock;
use crate::report::Health;

/// `GET /readyz`.
pub(super) async fn readiness(State(site): State<Arc<Site>>) -> Response {
    let load = async { Health::load(site.store()?, &site.config(), clock::now()).await };
    match site.health.get(load).await {
        Some(health) => {
            let status = if health.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            json(status, &health)
        }
        None => store_unreadable(),
    }
}
