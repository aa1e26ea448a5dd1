//! The environment of the process, read once into a plain value, and what it says about how this program was started.
//!
//! Guarantees: nothing else in the program reads the process environment; printing an [`Environment`] shows names, never values.
//! Leaves the meaning of most variables to `find`, `overrides`, `secrets` and `sections`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};

use crate::domain::supervisor::Supervisor;

/// Files that container runtimes put into a container: Docker, and Podman.
const CONTAINER_FILES: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// The environment variables that were set when the program started.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// Reads the environment of this process, without variables whose names are not UTF-8.
    pub fn from_process() -> Self {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect()
    }

    /// The value of `name`, when it is set.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str)
    }

    /// The path in `name`; an empty variable counts as unset.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Every variable, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_os_str()))
    }

    /// The same with the variable `name` set to `value`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// The same without the variables whose names `is_removed` selects.
    #[must_use]
    pub fn without(mut self, is_removed: impl Fn(&str) -> bool) -> Self {
        self.variables.retain(|name, _| !is_removed(name));
        self
    }

    /// What started this program.
    pub(super) fn supervisor(&self) -> Supervisor {
        let is_container = || CONTAINER_FILES.iter().any(|file| Path::new(file).exists());
        self.supervisor_of(stdin().is_terminal(), is_container)
    }

    fn supervisor_of(&self, is_terminal: bool, is_container: impl FnOnce() -> bool) -> Supervisor {
        let has = |name: &str| self.path(name).is_some();
        // A desktop's terminal is started by systemd too, and passes its INVOCATION_ID on (systemd.exec(5)).
        if has("NOTIFY_SOCKET") || (has("INVOCATION_ID") && !is_terminal) {
            Supervisor::Systemd
        } else if has("container") || is_container() {
            Supervisor::Container
        } else if is_terminal {
            Supervisor::Terminal
        } else {
            Supervisor::Other
        }
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
    fn an_empty_variable_counts_as_unset() {
        let environment: Environment = [("HOME", ""), ("XDG_STATE_HOME", "/s")].into_iter().collect();
        assert_eq!(environment.path("HOME"), None);
        assert_eq!(environment.path("XDG_STATE_HOME"), Some(PathBuf::from("/s")));
    }

    #[test]
    fn each_supervisor_is_recognised_by_its_variables_and_files() {
        for (variables, is_terminal, is_container, expected) in [
            (&[("NOTIFY_SOCKET", "/run/x")][..], false, false, Supervisor::Systemd),
            (&[("INVOCATION_ID", "0123")], false, false, Supervisor::Systemd),
            (&[("INVOCATION_ID", "0123")], true, false, Supervisor::Terminal),
            (&[("INVOCATION_ID", "")], false, false, Supervisor::Other),
            (&[("container", "podman")], false, false, Supervisor::Container),
            (&[], true, true, Supervisor::Container),
            (&[], true, false, Supervisor::Terminal),
            (&[("HOME", "/root")], false, false, Supervisor::Other),
        ] {
            let environment: Environment = variables.iter().copied().collect();
            assert_eq!(environment.supervisor_of(is_terminal, || is_container), expected, "{variables:?}");
        }
    }
}
