//! `[store]`: where everything is kept, and for how long.

use std::path::PathBuf;

use chrono::TimeDelta;

use super::super::environment::Environment;
use super::super::model::Store;
use super::super::reader::Table;
use super::super::secret_shape::is_certainly_secret;
use super::{Setting, bounds};

const FILE: &str = "minimax-watch.db";

/// The program's folder below the user's state.
const FOLDER: &str = "minimax-watch";

/// Reads the section.
pub(super) fn read(mut table: Table<'_>, setting: &Setting<'_>) -> Option<Store> {
    let path = if table.has("path") {
        table.text("path").and_then(|field| field.read(|typed| given(&typed, setting)))
    } else {
        let path = usual(setting.environment);
        if path.is_none() {
            table.problem("path", "is missing, and none of STATE_DIRECTORY, XDG_STATE_HOME and HOME is set");
        }
        path
    };
    let within = (TimeDelta::days(1), TimeDelta::days(36_500));
    let keep = bounds::length_or(&mut table, "keep", TimeDelta::days(400), within);
    table.finish();
    Some(Store { path: path?, keep: keep? })
}

fn given(typed: &str, setting: &Setting<'_>) -> Result<PathBuf, &'static str> {
    if typed.is_empty() {
        return Err("is empty");
    }
    if is_certainly_secret(typed) {
        return Err("looks like a secret: give the path of a file");
    }
    if typed.contains('\0') {
        return Err("holds a control character");
    }
    let folder = state_directory(setting.environment).unwrap_or_else(|| setting.folder.to_owned());
    Ok(folder.join(typed))
}

/// Where the store is when nobody says: systemd's folder, else the user's (XDG Base Directory Specification).
fn usual(environment: &Environment) -> Option<PathBuf> {
    let xdg = || environment.path("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let home = || environment.path("HOME").map(|home| home.join(".local/state"));
    let users = || xdg().or_else(home).map(|state| state.join(FOLDER));
    state_directory(environment).or_else(users).map(|folder| folder.join(FILE))
}

/// systemd's folder; the first, when a unit has several.
fn state_directory(environment: &Environment) -> Option<PathBuf> {
    let folders = environment.path("STATE_DIRECTORY")?;
    std::env::split_paths(&folders).find(|folder| !folder.as_os_str().is_empty())
}
