//! Finds the configuration file.
//!
//! Guarantees: a file that an option or a variable names must exist; one in the usual places may. Leaves reading it to `file`.

use std::path::{Path, PathBuf};

use super::diagnostics::{Problem, Problems};
use super::environment::Environment;

/// The variable that names the file when the option does not.
pub const FILE_VARIABLE: &str = "MINIMAX_WATCH_CONFIG";

/// Where a file is searched when none is named, in this order.
pub const USUAL_PLACES: [&str; 2] = ["minimax-watch.toml", "/etc/minimax-watch/minimax-watch.toml"];

/// Where the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This file, and what the environment overrides.
    File(PathBuf),
    /// No file was found: the environment alone.
    None,
}

/// Finds the configuration file: `named` (the option), else [`FILE_VARIABLE`], else one of [`USUAL_PLACES`].
///
/// # Errors
/// When a named file does not exist.
pub fn find(named: Option<&Path>, environment: &Environment) -> Result<Source, Problems> {
    find_among(named, environment, &USUAL_PLACES.map(PathBuf::from))
}

fn find_among(
    named: Option<&Path>,
    environment: &Environment,
    usual: &[PathBuf],
) -> Result<Source, Problems> {
    if let Some(path) = named {
        return required(path, "--config");
    }
    if let Some(path) = environment.path(FILE_VARIABLE) {
        return required(&path, FILE_VARIABLE);
    }
    let found = usual.iter().find(|path| may_exist(path));
    Ok(found.map_or(Source::None, |path| Source::File(with_folder(path))))
}

/// With the folder when it is the folder that this user may not read: in a container nobody sees which one is current.
fn with_folder(path: &Path) -> PathBuf {
    let full = if path.try_exists().is_err() { std::path::absolute(path).ok() } else { None };
    full.unwrap_or_else(|| path.to_owned())
}

fn required(path: &Path, named_by: &str) -> Result<Source, Problems> {
    if may_exist(path) {
        return Ok(Source::File(path.to_owned()));
    }
    let reason = format!("there is no such file (named by {named_by})");
    Err(Problem::new(path.display().to_string(), "", reason).into())
}

/// A file that this user may not see counts as existing: reading it then says why it fails.
fn may_exist(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_wins_over_the_variable_which_wins_over_the_usual_places() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["option", "variable", "second"] {
            std::fs::write(at(name), "").unwrap();
        }
        let usual = [at("first"), at("second")];
        let set: Environment = [(FILE_VARIABLE, at("variable"))].into_iter().collect();
        let unset: Environment = [(FILE_VARIABLE, "")].into_iter().collect();
        let option = at("option");
        for (named, environment, found) in [
            (Some(option.as_path()), &set, Source::File(at("option"))),
            (None, &set, Source::File(at("variable"))),
            (None, &unset, Source::File(at("second"))),
        ] {
            assert_eq!(find_among(named, environment, &usual), Ok(found));
        }
        assert_eq!(find_among(None, &unset, &[at("first")]), Ok(Source::None), "none found is a value");
    }

    #[test]
    fn a_named_file_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent.toml");
        let named = find(Some(&absent), &Environment::default()).unwrap_err().to_string();
        assert!(named.ends_with("absent.toml: there is no such file (named by --config)"), "{named}");
        let environment: Environment = [(FILE_VARIABLE, &absent)].into_iter().collect();
        assert!(find(None, &environment).unwrap_err().to_string().contains(FILE_VARIABLE));
    }
}
