//! The page with the log-in form. It says nothing about what is watched, nor the version.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::template::Templates;
use crate::web::request::{ACCOUNTS, PAGE};

/// What the template shows.
#[derive(Serialize)]
struct LoginForm {
    /// From the page that was asked for to the root of the listener.
    root: String,
    is_wrong: bool,
    /// Empty: not said here.
    version: &'static str,
}

/// The form in place of the page at `path`; none when nothing there is a page for people. After a wrong token, it says so.
pub(in crate::web) fn login_form(
    templates: &Templates,
    status: StatusCode,
    path: &str,
    is_wrong: bool,
) -> Option<Response> {
    let is_page = path == PAGE || path.starts_with(ACCOUNTS);
    let root = "../".repeat(path.matches('/').count().saturating_sub(1));
    is_page.then(|| templates.page(status, "login.html", &LoginForm { root, is_wrong, version: "" }))
}
