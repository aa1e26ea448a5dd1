//! What the log-in form sends.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Extension, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{Response as HttpResponse, StatusCode};
use axum::response::Response;
use url::form_urlencoded;

use super::guesses::Guess;
use super::pages::login_form;
use super::request::{MAX_BODY, PAGE, Peer};
use super::response::{plain, too_many};
use super::session;
use super::site::Site;
use crate::clock;

/// `POST /login`: starts a session when the token is right.
pub(super) async fn log_in(
    State(site): State<Arc<Site>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let config = site.config();
    let Some(token) = config.http.as_ref().and_then(|http| http.token.as_ref()) else {
        return plain(StatusCode::NOT_FOUND, "no token is configured, so there is nothing to log in to\n");
    };
    if !is_form(&headers) {
        return plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send the form as application/x-www-form-urlencoded\n",
        );
    }
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n");
    };
    let given = form_urlencoded::parse(&body).find(|(name, _)| name == "token").map(|(_, value)| value);
    let given = given.unwrap_or_default();
    match site.guesses.verify(peer, given.trim(), &token.value).await {
        Guess::Right => {
            let cookie = session::set_cookie(&token.value, clock::now(), is_behind_tls(&headers));
            redirect(&cookie)
        }
        Guess::Wrong => login_form(&site.templates, StatusCode::UNAUTHORIZED, PAGE, true)
            .unwrap_or_else(|| plain(StatusCode::UNAUTHORIZED, "this is not the token\n")),
        Guess::TooMany => too_many(),
    }
}

/// To the page, by a relative path, so that it works behind a proxy too.
fn redirect(cookie: &str) -> Response {
    let response = HttpResponse::builder().status(StatusCode::SEE_OTHER).header(LOCATION, "./");
    let response = response.header(SET_COOKIE, cookie).body(Body::empty());
    response
        .unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "the session could not be started\n"))
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Whether a proxy says that the browser speaks TLS to it.
fn is_behind_tls(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto") == Some(&HeaderValue::from_static("https"))
}
