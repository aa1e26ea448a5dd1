//! Files that are complete, but do not have their names yet: written all or none.
//!
//! Guarantees: what is put in place was loaded as `config check` does; a file that exists is not changed, also if it appears meanwhile; each
//! file is on the disk before it gets its name; the configuration gets its name last; after an error nothing is left.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::Context;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::draft::Draft;
use super::secret_files::SECRET_FOLDER;
use super::target::Target;
use crate::config::{self, Config, Environment, Loaded, Problem, Source};
use crate::domain::time::Timestamp;

/// Files in a temporary folder beside their place.
#[derive(Debug)]
pub(super) struct Staged<'t> {
    target: &'t Target,
    folder: TempDir,
    /// The names of the new secret files.
    pub(super) secrets: Vec<String>,
    /// What the files say.
    pub(super) config: Config,
    pub(super) warnings: Vec<Problem>,
}

impl<'t> Staged<'t> {
    /// Writes `draft` to a folder of its own, and loads it from there.
    ///
    /// # Errors
    /// When it cannot be written, or is no valid configuration.
    pub(super) fn write(
        draft: &Draft,
        target: &'t Target,
        environment: &Environment,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        target.refuse_existing(draft.new_secrets())?;
        let folder = target.temporary_folder()?;
        if draft.secrets.has_folder {
            fs::create_dir(folder.path().join(SECRET_FOLDER))
                .with_context(|| target.cannot_write(SECRET_FOLDER))?;
        }
        for secret in &draft.secrets.new {
            let line = format!("{}\n", secret.value.expose_secret());
            write(&folder.path().join(&secret.name), &line, OWNER_ONLY)
                .with_context(|| target.cannot_write(&secret.name))?;
        }
        for name in &draft.secrets.existing {
            symlink(target.folder.join(name), folder.path().join(name))
                .with_context(|| target.cannot_write(name))?;
        }
        let name = target.file.file_name().unwrap_or_default();
        let path = folder.path().join(name);
        // The unit's user reads the configuration, and its secrets by systemd.
        let mode = if draft.secrets.has_folder { EVERYONE } else { OWNER_ONLY };
        write(&path, &draft.text, mode).with_context(|| target.cannot_write(&name.to_string_lossy()))?;
        match config::load(&Source::File(path), &file_alone(environment), now) {
            Ok(Loaded { config, warnings }) => {
                let secrets = draft.new_secrets().map(str::to_owned).collect();
                Ok(Self { target, folder, secrets, config, warnings })
            }
            Err(invalid) => anyhow::bail!(
                "the configuration would not be valid, so nothing was written: {}",
                in_place(target, folder.path(), &invalid.problems.to_string()).replace('\n', "; ")
            ),
        }
    }

    /// The warnings, as if the files were in their place.
    pub(super) fn shown_warnings(&self) -> impl Iterator<Item = String> {
        self.warnings.iter().map(|warning| in_place(self.target, self.folder.path(), &warning.to_string()))
    }

    /// Gives the files their names: all, or none.
    pub(super) fn put_in_place(&self) -> anyhow::Result<()> {
        let mut placed = Placed(Vec::new());
        let configuration = self.target.file.file_name().unwrap_or_default();
        for name in self.secrets.iter().map(AsRef::as_ref).chain([configuration]) {
            let place = self.target.folder.join(name);
            put(&self.folder.path().join(name), &place)
                .with_context(|| self.target.cannot_write(&name.to_string_lossy()))?;
            placed.0.push(place);
        }
        // Where a folder cannot be synced, the system does it in its own time.
        for folder in [&self.target.folder, &self.target.folder.join(SECRET_FOLDER)] {
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        placed.0.clear();
        Ok(())
    }
}

/// `text` with the place of the files instead of the temporary `folder`.
fn in_place(target: &Target, folder: &Path, text: &str) -> String {
    text.replace(&*folder.to_string_lossy(), &target.folder.to_string_lossy())
}

/// Files that have their names; those in it are removed with it.
struct Placed(Vec<PathBuf>);

impl Drop for Placed {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

/// The environment without what the file must say by itself. Where the store is depends on the environment in any case.
fn file_alone(environment: &Environment) -> Environment {
    environment.clone().without(|name| {
        name == "CREDENTIALS_DIRECTORY"
            || name.starts_with("MINIMAX_WATCH_") && !name.starts_with("MINIMAX_WATCH__STORE__")
    })
}

/// Modes of files, whatever the umask is.
const OWNER_ONLY: u32 = 0o600;
const EVERYONE: u32 = 0o644;

/// Writes a new file; after an error there is none.
fn write(path: &Path, content: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    let written = file
        .set_permissions(Permissions::from_mode(mode))
        .and_then(|()| file.write_all(content.as_bytes()))
        .and_then(|()| file.sync_all());
    written.inspect_err(|_| drop(fs::remove_file(path)))
}

/// Gives the file `from` the name `to`, which must be free.
fn put(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            // Some file systems have no links.
            write(to, &fs::read_to_string(from)?, fs::metadata(from)?.mode() & 0o777)
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::super::accounts::Choice;
    use super::*;

    const NOW: Timestamp = chrono::DateTime::UNIX_EPOCH;

    fn environment() -> Environment {
        [("HOME", "/home/ops"), ("USEAPI_TOKEN", "user:1-s3cret")].into_iter().collect()
    }

    fn target(folder: &TempDir) -> Target {
        Target::new(Some(&folder.path().join("watch.toml")), &environment()).unwrap()
    }

    fn staged(target: &Target) -> Staged<'_> {
        let config = config::from_environment(&[], &environment(), NOW).unwrap().config;
        let choice = Choice { discover: true, ..Choice::default() };
        let draft = Draft::new(&config, &choice, &target.folder).unwrap();
        Staged::write(&draft, target, &environment(), NOW).unwrap()
    }

    #[test]
    fn files_get_their_names_together_and_the_temporary_folder_goes() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(&folder);
        let staged = staged(&target);
        assert!(!folder.path().join("useapi-token").exists());
        staged.put_in_place().unwrap();
        drop(staged);
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["useapi-token", "watch.toml"]);
        assert_eq!(fs::read_to_string(folder.path().join("useapi-token")).unwrap(), "user:1-s3cret\n");
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept_and_no_other_is_left() {
        for name in ["watch.toml", "useapi-token"] {
            let folder = tempfile::tempdir().unwrap();
            let target = target(&folder);
            let staged = staged(&target);
            fs::write(folder.path().join(name), "mine").unwrap();
            let error = format!("{:#}", staged.put_in_place().unwrap_err());
            assert!(error.contains(name) && error.contains("File exists"), "{error}");
            drop(staged);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), "mine");
        }
    }

    #[test]
    fn a_file_is_copied_where_no_link_can_be_made() {
        let (here, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/dev/shm"));
        let Ok(elsewhere) = elsewhere else { return };
        let (from, to) = (elsewhere.path().join("a"), here.path().join("b"));
        write(&from, "content", OWNER_ONLY).unwrap();
        put(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "content");
        assert_eq!(fs::metadata(&to).unwrap().mode() & 0o777, 0o600);
        assert_eq!(put(&from, &to).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
}
