//! Warns of a store that other users could read or replace. Changes nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::file_identity::sibling;

/// The store's files, by what follows its name.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

/// With the sticky bit, others may add files to a folder, but not replace those of others.
const STICKY: u32 = 0o1000;

/// Warnings about the permissions of the store at `path` and of its folder, each with the command that fixes them.
pub fn permission_warnings(path: &Path) -> Vec<String> {
    // Of a link, the permissions of its target count.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut warnings = Vec::new();
    for suffix in SUFFIXES {
        let file = sibling(&path, suffix);
        let mode = mode(&file);
        if mode & 0o077 != 0 {
            warnings.push(format!(
                "other users have access to the store's file {file} (mode {:04o}): chmod 600 {file}",
                mode & 0o777,
                file = file.display()
            ));
        }
    }
    if let Some(folder) = path.parent() {
        let mode = mode(folder);
        if mode & 0o022 != 0 && mode & STICKY == 0 {
            warnings.push(format!(
                "other users can write to the store's folder {folder} (mode {:04o}), and so replace the store: chmod go-w {folder}",
                mode & 0o7777,
                folder = folder.display()
            ));
        }
    }
    warnings
}

/// Zero when the file does not exist.
fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).map_or(0, |file| file.permissions().mode())
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, set_permissions, write};

    use super::*;

    #[test]
    fn access_of_other_users_is_reported_with_mode_and_command() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("state");
        create_dir(&folder).unwrap();
        let path = folder.join("watch.db");
        let set = |path: &Path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
        set(&folder, 0o700);
        assert!(permission_warnings(&path).is_empty(), "the store does not exist yet");
        write(&path, "").unwrap();
        set(&path, 0o600);
        assert!(permission_warnings(&path).is_empty());
        set(&path, 0o644);
        set(&folder, 0o775);
        let link = root.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for named in [&path, &link] {
            let found = permission_warnings(named);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(
                found[0].contains("(mode 0644): chmod 600 /") && found[0].ends_with("watch.db"),
                "{found:?}"
            );
            assert!(found[1].contains("(mode 0775)") && found[1].ends_with("state"), "{found:?}");
        }
        set(&folder, 0o1777);
        assert_eq!(permission_warnings(&path).len(), 1, "others cannot replace it there");
    }
}
