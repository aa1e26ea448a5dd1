//! `[store]`: where everything is stored, and for how long.

use std::path::PathBuf;

use chrono::TimeDelta;

use super::super::context::Context;
use super::super::environment::Environment;
use super::super::model::Store;
use super::super::schema::{self, TableSchema};
use super::super::secret_shape::is_certainly_secret;
use super::super::table::Table;
use super::super::values;

const FILE: &str = "minimax-watch.db";

const KEEP: TimeDelta = TimeDelta::days(400);
const SHORTEST_KEEP: TimeDelta = TimeDelta::days(1);
const LONGEST_KEEP: TimeDelta = TimeDelta::days(36_500);

/// The program's folder in the user's state folder.
const FOLDER: &str = "minimax-watch";

pub(super) fn read(mut table: Table<'_>, context: &Context<'_>) -> Option<Store> {
    let path = if let Some(field) = table.text("path") {
        field.parse(|typed| resolve(typed, context))
    } else {
        let missing = "is missing, and none of STATE_DIRECTORY, XDG_STATE_HOME and HOME is set";
        let path = default_path(context.environment).ok_or_else(|| missing.to_owned()).and_then(file);
        path.map_err(|reason| table.problem("path", reason)).ok()
    };
    let keep = table.duration("keep", KEEP, SHORTEST_KEEP..=LONGEST_KEEP);
    table.finish();
    Some(Store { path: path?, keep })
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    TableSchema::new("Where everything is stored, and for how long.")
        .key(
            "path",
            "The database. A relative path starts in $STATE_DIRECTORY, else beside the configuration file. Default: \
             minimax-watch.db in $STATE_DIRECTORY, else in ~/.local/state/minimax-watch.",
            schema::path().example(FILE),
        )
        .key(
            "keep",
            "How long resolved alerts, delivered messages, run records and replaced snapshots are kept.",
            schema::duration(KEEP, &(SHORTEST_KEEP..=LONGEST_KEEP)),
        )
}

fn resolve(typed: &str, context: &Context<'_>) -> Result<PathBuf, String> {
    if is_certainly_secret(typed) {
        return Err("looks like a secret: give the path of a file".to_owned());
    }
    let path = values::path(typed, context.environment)?;
    let folder = state_directory(context.environment).unwrap_or_else(|| context.folder.to_owned());
    file(folder.join(path))
}

/// The same path, which must not be a folder.
fn file(path: PathBuf) -> Result<PathBuf, String> {
    if path.is_dir() { Err(format!("{} is a folder; name a file in it", path.display())) } else { Ok(path) }
}

/// The store in systemd's folder, else in the user's (XDG Base Directory Specification).
fn default_path(environment: &Environment) -> Option<PathBuf> {
    let xdg = || environment.path("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let home = || environment.path("HOME").map(|home| home.join(".local/state"));
    let of_user = || xdg().or_else(home).map(|state| state.join(FOLDER));
    state_directory(environment).or_else(of_user).map(|folder| folder.join(FILE))
}

/// systemd's folder; the first, when a unit has several.
fn state_directory(environment: &Environment) -> Option<PathBuf> {
    let folders = environment.path("STATE_DIRECTORY")?;
    std::env::split_paths(&folders).find(|folder| !folder.as_os_str().is_empty())
}
