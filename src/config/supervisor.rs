//! What starts this program, as its environment shows.

use std::io::{IsTerminal, stdin};
use std::path::Path;

use super::environment::Environment;
use crate::domain::supervisor::Supervisor;

/// Files that container runtimes put into a container: Docker, and Podman.
const CONTAINER_FILES: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// What starts this program.
pub(super) fn detect(environment: &Environment) -> Supervisor {
    let is_container = || CONTAINER_FILES.iter().any(|file| Path::new(file).exists());
    recognised(environment, stdin().is_terminal(), is_container)
}

fn recognised(
    environment: &Environment,
    is_terminal: bool,
    is_container: impl FnOnce() -> bool,
) -> Supervisor {
    let has = |name: &str| environment.variable(name).is_some_and(|value| !value.is_empty());
    // A terminal of a desktop is started by systemd too, and hands its INVOCATION_ID on (systemd.exec(5)).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_supervisor_is_recognised_by_what_it_leaves_in_the_environment() {
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
            assert_eq!(recognised(&environment, is_terminal, || is_container), expected, "{variables:?}");
        }
    }
}
