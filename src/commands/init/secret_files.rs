//! The secret files that the configuration names.
//!
//! Guarantees: a file that lies beside the configuration already is named and not written; every other secret becomes a new file there.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::config::{Origin, Secret};

/// A secret that becomes a file.
#[derive(Clone, Debug)]
pub(super) struct NewSecret {
    pub(super) name: String,
    pub(super) value: SecretString,
}

/// The secret files beside one configuration.
#[derive(Clone, Debug)]
pub(super) struct SecretFiles {
    /// The folder of the configuration, without links in its path.
    folder: PathBuf,
    /// Those to be written.
    pub(super) new: Vec<NewSecret>,
    /// Those that exist, by their names in the folder.
    pub(super) existing: Vec<String>,
}

impl SecretFiles {
    /// None yet, in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        Self { folder, new: Vec::new(), existing: Vec::new() }
    }

    /// The name by which the configuration refers to `secret`: that of its file beside the configuration, else `name`.
    pub(super) fn name_for(&mut self, secret: &Secret, name: &str) -> String {
        if let Origin::File(path) = &secret.origin
            && let Some(existing) = self.name_beside(path)
        {
            if !self.existing.contains(&existing) {
                self.existing.push(existing.clone());
            }
            return existing;
        }
        self.new.push(NewSecret { name: name.to_owned(), value: secret.value.clone() });
        name.to_owned()
    }

    fn name_beside(&self, path: &Path) -> Option<String> {
        let path = std::path::absolute(path).ok()?;
        let name = path.file_name()?.to_str()?;
        let folder = fs::canonicalize(path.parent()?).ok()?;
        (folder == self.folder).then(|| name.to_owned())
    }
}
