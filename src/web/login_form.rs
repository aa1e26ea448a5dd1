//! The page with the log-in form.

use axum::http::StatusCode;
use axum::response::Response;

use super::response::html;

const FORM: &str = include_str!("login.html");

/// Where the form says that the token was wrong.
const MESSAGE: &str = "<!-- message -->";

/// The form; after a wrong token, it says so.
pub(super) fn form(status: StatusCode, is_wrong: bool) -> Response {
    let message = if is_wrong { "<p class=\"problem\">This is not the token.</p>" } else { "" };
    html(status, FORM.replace(MESSAGE, message))
}
