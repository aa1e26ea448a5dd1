//! Which files belong to a store; notices that a file was deleted or replaced while it is open: neither SQLite nor the system reports it.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::StoreError;

/// The path of a file that SQLite or this program keeps beside the store: its name with `suffix`.
pub(super) fn sibling(store: &Path, suffix: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A path and the file that it named.
#[derive(Clone, Debug)]
pub(super) struct FileIdentity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// The file that was opened by `path`.
    pub(super) fn new(path: &Path, file: &Metadata) -> Self {
        Self { path: path.to_owned(), device: file.dev(), inode: file.ino() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether `path` names the same file, perhaps by another name.
    pub(super) fn is_named_by(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|file| self.matches(&file))
    }

    /// That the path still names the file that was opened, as far as the system tells.
    pub(super) fn verify_not_replaced(&self) -> Result<(), StoreError> {
        let change = match std::fs::metadata(&self.path) {
            Ok(file) if self.matches(&file) => return Ok(()),
            Ok(_) => "replaced by another file",
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                "deleted or moved away"
            }
            // A lost permission or a failing disk: the next statement reports it.
            Err(_) => return Ok(()),
        };
        Err(StoreError::Gone(self.path.clone(), change))
    }

    fn matches(&self, file: &Metadata) -> bool {
        (file.dev(), file.ino()) == (self.device, self.inode)
    }
}
