//! Who besides its owner could read or replace a store.
//!
//! Guarantees: only looks; what it finds is for people, with the command that mends it.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What may be beside a store, by what follows its name.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// The sticky bit: others may add files to the folder, and not replace those that are there.
const STICKY: u32 = 0o1000;

/// What is wrong with the rights of the store at `path` and of its folder; nothing where there is none yet.
pub fn exposure(path: &Path) -> Vec<String> {
    // Of a link the file that it leads to counts.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut findings = Vec::new();
    for suffix in FILES {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        let file = PathBuf::from(name);
        let mode = std::fs::metadata(&file).as_ref().map_or(0, mode);
        if mode & 0o077 != 0 {
            let shown = mode & 0o777;
            findings.push(format!(
                "the store's file {} is open to others (mode {shown:04o}): chmod 600 {}",
                file.display(),
                file.display()
            ));
        }
    }
    if let Some(folder) = path.parent() {
        let mode = std::fs::metadata(folder).as_ref().map_or(0, mode);
        if mode & 0o022 != 0 && mode & STICKY == 0 {
            let shown = mode & 0o7777;
            findings.push(format!(
                "others can write to the store's folder {} (mode {shown:04o}), and so replace the store: chmod go-w {}",
                folder.display(),
                folder.display()
            ));
        }
    }
    findings
}

fn mode(file: &Metadata) -> u32 {
    file.permissions().mode()
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, set_permissions, write};

    use super::*;

    #[test]
    fn rights_of_others_are_named_with_the_mode_and_the_command() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("state");
        create_dir(&folder).unwrap();
        let path = folder.join("watch.db");
        let set = |path: &Path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
        set(&folder, 0o700);
        assert!(exposure(&path).is_empty(), "there is none yet");
        write(&path, "").unwrap();
        set(&path, 0o600);
        assert!(exposure(&path).is_empty());
        set(&path, 0o644);
        set(&folder, 0o775);
        let link = root.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for named in [&path, &link] {
            let found = exposure(named);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(
                found[0].contains("(mode 0644): chmod 600 /") && found[0].ends_with("watch.db"),
                "{found:?}"
            );
            assert!(found[1].contains("(mode 0775)") && found[1].ends_with("state"), "{found:?}");
        }
        set(&folder, 0o1777);
        assert_eq!(exposure(&path).len(), 1, "others cannot replace it there");
    }
}
