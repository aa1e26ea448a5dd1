//! The template engine with what every template may use: the advice, and the filters for marks and wrapping.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};

use super::error::RenderError;
use super::marks;
use super::wrap::{keep_together, pad, wrap};
use crate::domain::supervisor::Supervisor;

/// The template with the advice for each kind of alert and change.
const ADVICE: &str = include_str!("advice.jinja");

/// An engine without templates but the advice, which names the commands that fit `supervisor`. A variable that does not exist is an
/// error; minijinja escapes by the extension of a template's name.
pub fn templates<'a>(supervisor: Supervisor) -> Result<Environment<'a>, RenderError> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    templates.set_syntax(syntax.build()?);
    templates.add_filter("wrap", |text: &str, indent: Option<usize>| wrap(text, indent.unwrap_or(0)));
    templates.add_filter("keep_together", keep_together);
    templates.add_filter("pad", pad);
    templates.add_filter("bold", marks::bold);
    templates.add_filter("code", marks::code);
    templates.add_filter("commands", marks::commands);
    templates.add_global("restart", supervisor.restart());
    templates.add_global("and_reload", supervisor.and_reload());
    templates.add_global("and_restart", supervisor.and_restart());
    templates.add_global("log", supervisor.log());
    templates.add_template("advice.jinja", ADVICE)?;
    Ok(templates)
}
