//! Which path is answered by what (docs/contract.md, section 6, and docs/openapi.json).

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};

use super::request::{HEALTHZ, ICON, LOGIN, METRICS, PAGE, READYZ, STYLE};
use super::response::{css, plain, svg};
use super::site::Site;
use super::{api, health, login, metrics, pages, vendor_reads};

/// All routes.
pub(super) fn router(site: Arc<Site>) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| router.route(path, methods))
        .fallback(async || plain(StatusCode::NOT_FOUND, "there is nothing here\n"))
        .with_state(site)
}

fn routes() -> [(&'static str, MethodRouter<Arc<Site>>); 17] {
    [
        (PAGE, get(pages::overview)),
        ("/accounts/{subscription}/{id}", get(pages::account)),
        (STYLE, get(async || css(include_str!("style.css")))),
        (ICON, get(async || svg(include_str!("icon.svg")))),
        (LOGIN, post(login::log_in)),
        (HEALTHZ, get(async || plain(StatusCode::OK, "ok\n"))),
        (READYZ, get(health::readiness)),
        (METRICS, get(metrics::metrics)),
        ("/api/v1/openapi.json", get(api::openapi)),
        ("/api/v1/status", get(api::status)),
        ("/api/v1/alerts", get(api::alerts)),
        ("/api/v1/deliveries", get(api::deliveries)),
        ("/api/v1/usable", get(api::usable)),
        ("/api/v1/accounts/{id}/history", get(api::history)),
        ("/v1/minimax/accounts", get(vendor_reads::accounts)),
        ("/v1/minimax/accounts/", get(vendor_reads::accounts)),
        ("/v1/minimax/accounts/{account}", get(vendor_reads::account)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::body::Body;
    use axum::http::Request;
    use axum::http::header::ALLOW;
    use serde_json::Value;
    use tokio::sync::watch;
    use tower::ServiceExt as _;

    use super::*;
    use crate::config;
    use crate::store::Store;
    use crate::web::api::OPENAPI;

    /// The methods of each path in the document, as `Allow` names them.
    fn documented() -> BTreeMap<String, String> {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let allowed = |item: &Value| {
            let methods: Vec<String> =
                item.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
            methods.join(",").replace("GET", "GET,HEAD")
        };
        document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(path, item)| (path.clone(), allowed(item)))
            .collect()
    }

    #[tokio::test]
    async fn the_document_has_every_route_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.db").display().to_string();
        let variables =
            [("USEAPI_TOKEN", "user:1234-abcdefgh"), ("MINIMAX_WATCH__STORE__PATH", path.as_str())];
        let environment = variables.into_iter().collect();
        let config = config::from_environment(&[], &environment, crate::clock::now()).unwrap().config;
        let store = Store::open(&config.store.path).await.unwrap();
        let site = Site::new(watch::channel(Arc::new(config)).1, store).unwrap();
        let mut served = BTreeMap::new();
        for (path, methods) in routes() {
            let request = Request::builder().method("PATCH").body(Body::empty()).unwrap();
            let Ok(refused) = methods.with_state(Arc::clone(&site)).oneshot(request).await;
            assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            served.insert(path.to_owned(), refused.headers()[ALLOW].to_str().unwrap().to_owned());
        }
        assert_eq!(documented(), served);
    }
}
