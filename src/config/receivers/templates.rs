//! Texts of the operator's own: the files that hold their templates.
//!
//! Leaves to `notify` whether they can be rendered.

use super::super::context::Context;
use super::super::model::{OwnTemplate, OwnTemplates};
use super::super::page::Page;
use super::super::regular_file;
use super::super::schema::{self, TableSchema};
use super::super::table::Table;
use super::super::values;

/// Bytes of a template.
const MAX_FILE: u64 = 64 * 1024;

/// The types whose texts can be replaced, all but the mail's by `text_template_file` alone.
const TYPES: [&str; 6] = ["email", "telegram", "ntfy", "discord", "slack", "webhook"];

const SUBJECT: &str = "subject_template_file";
const TEXT: &str = "text_template_file";
const HTML: &str = "html_template_file";

/// Reads the keys that a receiver of the type `kind` may have.
pub(super) fn read(table: &mut Table<'_>, kind: &str, context: &Context<'_>) -> OwnTemplates {
    if !TYPES.contains(&kind) {
        return OwnTemplates::default();
    }
    let text = template(table, TEXT, context);
    if kind != "email" {
        return OwnTemplates { text, ..OwnTemplates::default() };
    }
    OwnTemplates { subject: template(table, SUBJECT, context), text, html: template(table, HTML, context) }
}

/// The keys that [`read`] reads, added to `table`.
pub(super) fn schema(table: TableSchema, kind: &str) -> TableSchema {
    let keys: &[(&str, &str)] = match kind {
        "email" => &[(SUBJECT, "the subject"), (TEXT, "the text part"), (HTML, "the HTML part")],
        kind if TYPES.contains(&kind) => &[(TEXT, "the text")],
        _ => &[],
    };
    keys.iter().fold(table, |table, (key, part)| {
        let description =
            format!("A Jinja template of your own for {part}, in a file beside the configuration file.");
        table.key(key, &description, schema::path())
    })
}

/// Shows the keys that are given.
pub(in super::super) fn show(templates: &OwnTemplates, page: &mut Page) {
    for (key, template) in [(SUBJECT, &templates.subject), (TEXT, &templates.text), (HTML, &templates.html)] {
        if let Some(template) = template {
            page.text(key, &template.file.to_string_lossy());
        }
    }
}

fn template(table: &mut Table<'_>, key: &'static str, context: &Context<'_>) -> Option<OwnTemplate> {
    let field = table.text(key)?;
    let path = field.parse(|typed| values::path(typed, context.environment))?;
    let file = context.folder.join(path);
    let source = regular_file::read(&file, MAX_FILE).and_then(|(bytes, _)| regular_file::decode(bytes));
    let refuse = |error| field.place.problem(format!("{} {error}", file.display()));
    let source = source.map_err(refuse).ok()?;
    Some(OwnTemplate { key, file, source })
}
