//! Which file holds the configuration.
//!
//! Promises: a file named by somebody must be there; one of the usual places may be. Leaves reading it to `file`.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::problem::{Problem, Problems};

/// The variable that names the file when no option does.
pub const FILE_VARIABLE: &str = "MINIMAX_WATCH_CONFIG";

/// Where a file is looked for when nobody names one, in this order.
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
/// When a file was named and is not there.
pub fn locate(named: Option<&Path>, environment: &Environment) -> Result<Source, Problems> {
    locate_among(named, environment, &USUAL_PLACES.map(PathBuf::from))
}

fn locate_among(
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
    Ok(found.map_or(Source::None, |path| Source::File(path.clone())))
}

fn required(path: &Path, who: &str) -> Result<Source, Problems> {
    if may_exist(path) {
        return Ok(Source::File(path.to_owned()));
    }
    Err(Problem::new(path.display().to_string(), "", format!("there is no such file (named by {who})"))
        .into())
}

/// A file that we are not allowed to see counts as there: reading it then says why it failed.
fn may_exist(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_wins_over_the_variable_and_that_over_the_usual_places() {
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
            assert_eq!(locate_among(named, environment, &usual), Ok(found));
        }
        assert_eq!(locate_among(None, &unset, &[at("first")]), Ok(Source::None), "none found is a value");
    }

    #[test]
    fn a_named_file_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent.toml");
        let named = locate(Some(&absent), &Environment::default()).unwrap_err().to_string();
        assert!(named.ends_with("absent.toml: there is no such file (named by --config)"), "{named}");
        let environment: Environment = [(FILE_VARIABLE, &absent)].into_iter().collect();
        assert!(locate(None, &environment).unwrap_err().to_string().contains(FILE_VARIABLE));
    }
}
