//! `type = "exec"`: a program of the operator's, and its arguments.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::TimeDelta;

use super::super::model::Exec;
use super::super::page::Page;
use super::super::place::Field;
use super::super::schema::{self, TableSchema};
use super::super::secret_shape::is_secret;
use super::super::table::Table;
use super::super::values::TIMEOUTS;

/// Longer than a request: a program may try several ways.
const TIMEOUT: TimeDelta = TimeDelta::minutes(1);

/// Reads the keys of this type.
pub(super) fn read(mut table: Table<'_>) -> Option<Exec> {
    if !table.has("command") {
        table.place.problem("command is missing: give command = [\"/path/of/a/program\", \"argument\"]");
    }
    let command = table.texts("command").and_then(|typed| command(&typed));
    let timeout = table.duration("timeout", TIMEOUT, TIMEOUTS).to_std().unwrap_or_default();
    table.finish();
    let (program, arguments) = command?;
    Some(Exec { program, arguments, timeout })
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    TableSchema::new("A program of your own, which gets the JSON of a webhook on its standard input.")
        .required(
            "command",
            "A program by its whole path, and its arguments; no shell runs it.",
            schema::list(schema::text()),
        )
        .key("timeout", "Time limit for one run.", schema::duration(TIMEOUT, &TIMEOUTS))
}

/// Shows the keys of this type.
pub(super) fn show(exec: &Exec, page: &mut Page) {
    page.list("command", std::iter::once(&exec.program).chain(&exec.arguments));
    page.timeout("timeout", exec.timeout);
}

/// The program, by its whole path, and its arguments.
fn command(typed: &Field<'_, Vec<Field<'_, String>>>) -> Option<(String, Vec<String>)> {
    let Some((program, arguments)) = typed.value.split_first() else {
        typed.place.problem("is empty: give the path of a program");
        return None;
    };
    for argument in arguments {
        if argument.value.contains('\0') {
            argument.place.problem("holds a NUL character");
        } else if is_secret(&argument.value) {
            argument.place.problem(
                "looks like a secret, and everybody on this machine can read a program's arguments: let the program read a file",
            );
        }
    }
    let path = Path::new(&program.value);
    if !path.is_absolute() || program.value.contains('\0') {
        program
            .place
            .problem("must be the whole path of a program: no shell runs it, and PATH is not searched");
        return None;
    }
    // A missing program is not a problem of the whole configuration: deliveries wait until it is there.
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    if metadata.is_none_or(|metadata| metadata.permissions().mode() & 0o111 == 0) {
        program
            .place
            .warning(format!("there is no program at {}: install it, or correct the path", path.display()));
    }
    Some((program.value.clone(), arguments.iter().map(|argument| argument.value.clone()).collect()))
}
