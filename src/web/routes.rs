//! Which path is answered by what (docs/contract.md, section 6).

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::request::{HEALTHZ, ICON, LOGIN, METRICS, PAGE, READYZ, STYLE};
use super::response::{css, plain, svg};
use super::site::Site;
use super::{api, health, login, metrics, pages, vendor_reads};

/// All routes.
pub(super) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route(PAGE, get(pages::overview))
        .route("/accounts/{subscription}/{id}", get(pages::account))
        .route(STYLE, get(async || css(include_str!("style.css"))))
        .route(ICON, get(async || svg(include_str!("icon.svg"))))
        .route(LOGIN, post(login::log_in))
        .route(HEALTHZ, get(async || plain(StatusCode::OK, "ok\n")))
        .route(READYZ, get(health::readiness))
        .route(METRICS, get(metrics::metrics))
        .route("/api/v1/status", get(api::status))
        .route("/api/v1/alerts", get(api::alerts))
        .route("/api/v1/deliveries", get(api::deliveries))
        .route("/api/v1/usable", get(api::usable))
        .route("/api/v1/accounts/{id}/history", get(api::history))
        .route("/v1/minimax/accounts", get(vendor_reads::accounts))
        .route("/v1/minimax/accounts/", get(vendor_reads::accounts))
        .route("/v1/minimax/accounts/{account}", get(vendor_reads::account))
        .fallback(async || plain(StatusCode::NOT_FOUND, "there is nothing here\n"))
        .with_state(site)
}
