//! The templates of the pages, parsed once.

use axum::http::StatusCode;
use axum::response::Response;
use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use crate::domain::supervisor::Supervisor;
use crate::notify;
use crate::web::response::{cannot_be_written, html};

const FILES: [(&str, &str); 6] = [
    ("layout.html", include_str!("templates/layout.html")),
    ("parts.html", include_str!("templates/parts.html")),
    ("overview.html", include_str!("templates/overview.html")),
    ("account.html", include_str!("templates/account.html")),
    ("login.html", include_str!("templates/login.html")),
    ("unknown.html", include_str!("templates/unknown.html")),
];

/// The templates.
#[derive(Debug)]
pub(in crate::web) struct Templates(Environment<'static>);

impl Templates {
    /// Parses them. They share the advice of messages, which names the commands that fit `supervisor`.
    pub(in crate::web) fn new(supervisor: Supervisor) -> Result<Self, notify::RenderError> {
        let mut templates = notify::templates(supervisor)?;
        templates.add_filter("with_code", with_code);
        for (name, text) in FILES {
            templates.add_template(name, text)?;
        }
        Ok(Self(templates))
    }

    /// The page `name` with what it shows.
    pub(super) fn page(&self, status: StatusCode, name: &str, view: &impl Serialize) -> Response {
        let page = self.0.get_template(name).and_then(|template| template.render(Serde(view)));
        match page {
            Ok(page) => html(status, page),
            Err(error) => {
                tracing::error!("the page {name} cannot be rendered: {error}");
                cannot_be_written()
            }
        }
    }
}

/// A text of ours with what stands between two backticks as code. Everything is escaped.
fn with_code(text: &str) -> Value {
    let mut markup = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        let escaped = part.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        if index % 2 == 1 {
            markup.push_str("<code>");
            markup.push_str(&escaped);
            markup.push_str("</code>");
        } else {
            markup.push_str(&escaped);
        }
    }
    Value::from_safe_string(markup)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_and_nothing_else_is_markup() {
        let marked = with_code("run `check <id>` & wait");
        assert_eq!(marked.as_str(), Some("run <code>check &lt;id&gt;</code> &amp; wait"));
    }
}
