//! Whether a path still names the file that was opened by it.
//!
//! Promises: who deleted or replaced the file under a process that goes on writing is found out, since neither SQLite nor
//! the system says so.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A path and the file that it named.
#[derive(Clone, Debug)]
pub(super) struct Place {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Place {
    /// The file that `path` names now.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::opened(path, &std::fs::metadata(path)?))
    }

    /// The file that was opened by `path`.
    pub(super) fn opened(path: &Path, file: &Metadata) -> Self {
        Self { path: path.to_owned(), device: file.dev(), inode: file.ino() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether `path` names the same file, by whatever name.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|file| (file.dev(), file.ino()) == (self.device, self.inode))
    }

    /// What became of it; none when it is where it was, or nothing can be learnt.
    pub(super) fn moved(&self) -> Option<&'static str> {
        match std::fs::metadata(&self.path) {
            Ok(file) if (file.dev(), file.ino()) == (self.device, self.inode) => None,
            Ok(_) => Some("replaced by another file"),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Some("deleted or moved away")
            }
            // A right that was taken away, a disk that fails: statements will say so.
            Err(_) => None,
        }
    }
}
