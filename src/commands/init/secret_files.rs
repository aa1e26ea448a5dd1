//! The secret files that the configuration names.
//!
//! Guarantees: a file that lies beside the configuration already is named and not written; every other secret becomes a new file there, in
//! the folder `secrets` if there is one.

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

/// The folder beside a configuration whose files systemd passes to the service as credentials.
pub(super) const SECRET_FOLDER: &str = "secrets";

/// The secret files beside one configuration.
#[derive(Clone, Debug)]
pub(super) struct SecretFiles {
    /// The folder of the configuration, without links in its path.
    folder: PathBuf,
    /// Those to be written.
    pub(super) new: Vec<NewSecret>,
    /// Those that exist, by their names in the folder.
    pub(super) existing: Vec<String>,
    /// Whether new files go into [`SECRET_FOLDER`].
    pub(super) has_folder: bool,
}

impl SecretFiles {
    /// None yet, in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let has_folder = folder.join(SECRET_FOLDER).is_dir();
        Self { folder, new: Vec::new(), existing: Vec::new(), has_folder }
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
        let name = if self.has_folder { format!("{SECRET_FOLDER}/{name}") } else { name.to_owned() };
        self.new.push(NewSecret { name: name.clone(), value: secret.value.clone() });
        name
    }

    fn name_beside(&self, path: &Path) -> Option<String> {
        let path = std::path::absolute(path).ok()?;
        let name = path.file_name()?.to_str()?;
        let folder = fs::canonicalize(path.parent()?).ok()?;
        let beside = folder.strip_prefix(&self.folder).ok()?;
        match beside.to_str()? {
            "" => Some(name.to_owned()),
            SECRET_FOLDER => Some(format!("{SECRET_FOLDER}/{name}")),
            _ => None,
        }
    }
}
