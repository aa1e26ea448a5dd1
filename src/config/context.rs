//! What every section needs besides its own keys.

use std::path::Path;

use super::environment::Environment;
use crate::domain::time::Timestamp;

/// The circumstances in which a configuration is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) environment: &'a Environment,
    /// The folder that relative paths start from.
    pub(super) folder: &'a Path,
    /// The time of loading.
    pub(super) now: Timestamp,
}
