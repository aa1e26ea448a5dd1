//! The environment, read once into a plain value that is passed on.
//!
//! Promises: nothing else in the program reads the process environment; printing an [`Environment`] shows names,
//! never values. Leaves the meaning of the variables to `locate`, `layers`, `secrets` and `resolve`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// The environment variables that were set when the program started.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// Reads the environment of this process; a variable whose name is not UTF-8 cannot be ours and is left out.
    pub fn of_process() -> Self {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect()
    }

    /// The value of `name`, when it is set.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str)
    }

    /// The path in `name`; an empty variable names none.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Every variable, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_os_str()))
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_shows_names_and_never_values() {
        let environment: Environment = [("USEAPI_TOKEN", "user:1-secret")].into_iter().collect();
        assert_eq!(format!("{environment:?}"), r#"{"USEAPI_TOKEN"}"#);
    }

    #[test]
    fn an_empty_variable_names_no_path() {
        let environment: Environment = [("HOME", ""), ("XDG_STATE_HOME", "/s")].into_iter().collect();
        assert_eq!(environment.path("HOME"), None);
        assert_eq!(environment.path("XDG_STATE_HOME"), Some(PathBuf::from("/s")));
    }
}
