//! Where the files go: checked before anything is asked, and written all or none.
//!
//! Guarantees: a file that exists is not changed, also if it appears meanwhile; each file is complete and on the disk before it gets its
//! name; the configuration gets its name last; after an error nothing is left.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::Context;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::draft::Draft;
use crate::config::{self, Environment, FILE_VARIABLE, Loaded, Problem, Source, USUAL_PLACES};
use crate::domain::text;
use crate::domain::time::Timestamp;

/// The configuration file to be written, and its folder.
#[derive(Debug)]
pub(super) struct Target {
    /// As it was named.
    pub(super) file: PathBuf,
    pub(super) folder: PathBuf,
    /// Whether the commands find the file only if it is named.
    pub(super) is_named: bool,
}

impl Target {
    /// The file that the option names, else the variable, else the usual one.
    ///
    /// # Errors
    /// When its folder does not exist or cannot be written to.
    pub(super) fn new(named: Option<&Path>, environment: &Environment) -> anyhow::Result<Self> {
        let is_named = named.is_some();
        let [usual, _] = USUAL_PLACES;
        let file = named.map(Path::to_owned).or_else(|| environment.path(FILE_VARIABLE));
        let file = file.unwrap_or_else(|| usual.into());
        let is_file_name = file.file_name().is_some() && !file.to_string_lossy().ends_with('/');
        anyhow::ensure!(is_file_name, "{} is not the name of a file", file.display());
        let absolute =
            std::path::absolute(&file).with_context(|| format!("cannot find {}", file.display()))?;
        let folder = absolute.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { file, folder, is_named })
    }

    /// How the file `name` beside the configuration is shown.
    pub(super) fn shown(&self, name: &str) -> String {
        self.file.with_file_name(name).display().to_string()
    }

    /// Refuses if the configuration or one of `secrets` exists.
    pub(super) fn refuse_existing<'n>(
        &self,
        secrets: impl IntoIterator<Item = &'n str>,
    ) -> anyhow::Result<()> {
        let secrets = secrets.into_iter().map(|name| self.file.with_file_name(name));
        let exists = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
        let existing: Vec<PathBuf> =
            std::iter::once(self.file.clone()).chain(secrets).filter(exists).collect();
        if existing.is_empty() {
            return Ok(());
        }
        let names = text::first_few(existing.iter().map(|path| path.display().to_string()), 10);
        let (verb, it) = if existing.len() == 1 { ("exists", "it") } else { ("exist", "them") };
        let next = if existing.contains(&self.file) {
            "`minimax-watch config check` checks the configuration"
        } else {
            "to use a secret file as it is, name it with --token-file, or in the variable of its secret with _FILE"
        };
        anyhow::bail!(
            "{names} {verb} already, and nothing is overwritten: move {it} away, or name a configuration in another folder with \
             --config (the secret files are written beside it); {next}"
        )
    }

    /// Makes sure that files can be made in the folder, before anything is asked.
    pub(super) fn require_writable(&self) -> anyhow::Result<()> {
        self.temporary_folder().map(drop)
    }

    fn temporary_folder(&self) -> anyhow::Result<TempDir> {
        let folder = self.folder.display();
        let made = tempfile::Builder::new()
            .prefix(".minimax-watch-init-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(&self.folder);
        made.map_err(|error| {
            // The library adds the random name.
            let reason = error.to_string();
            let reason = reason.split_once(" at path ").map_or(reason.as_str(), |(reason, _)| reason);
            let next = if error.kind() == ErrorKind::NotFound {
                format!("make it first: mkdir -p {folder}")
            } else {
                "name a configuration in another folder with --config".to_owned()
            };
            anyhow::anyhow!("cannot write to the folder {folder}: {reason}; {next}")
        })
    }

    /// Writes `draft` to a folder of its own, and loads it from there.
    ///
    /// # Errors
    /// When it cannot be written, or is no valid configuration.
    pub(super) fn stage(
        &self,
        draft: &Draft,
        environment: &Environment,
        now: Timestamp,
    ) -> anyhow::Result<Staged> {
        self.refuse_existing(draft.new_secrets())?;
        let folder = self.temporary_folder()?;
        let mut names = Vec::new();
        for secret in &draft.secrets.new {
            let line = format!("{}\n", secret.value.expose_secret());
            write(&folder.path().join(&secret.name), &line)
                .with_context(|| self.cannot_write(&secret.name))?;
            names.push(secret.name.clone());
        }
        for name in &draft.secrets.existing {
            symlink(self.folder.join(name), folder.path().join(name))
                .with_context(|| self.cannot_write(name))?;
        }
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = folder.path().join(self.file.file_name().unwrap_or_default());
        write(&path, &draft.text).with_context(|| self.cannot_write(&name))?;
        let loaded = config::load(&Source::File(path), &file_alone(environment), now);
        match loaded {
            Ok(Loaded { config, warnings }) => {
                Ok(Staged { folder, place: self.folder.clone(), secrets: names, config, warnings })
            }
            Err(invalid) => anyhow::bail!(
                "the configuration would not be valid, so nothing was written: {}",
                as_in(&self.folder, folder.path(), &invalid.problems.to_string()).replace('\n', "; ")
            ),
        }
    }

    fn cannot_write(&self, name: &str) -> String {
        format!("cannot write {}; nothing was changed", self.shown(name))
    }

    /// Gives the staged files their names: all, or none.
    pub(super) fn put_in_place(&self, staged: &Staged) -> anyhow::Result<()> {
        let mut placed = Placed(Vec::new());
        let secrets = staged.secrets.iter().map(|name| (name.into(), self.folder.join(name)));
        let file = self.file.file_name().unwrap_or_default();
        for (name, path) in secrets.chain([(file.to_owned(), self.folder.join(file))]) {
            put(&staged.folder.path().join(&name), &path)
                .with_context(|| self.cannot_write(&name.to_string_lossy()))?;
            placed.0.push(path);
        }
        // Where a folder cannot be synced, the system does it in its own time.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        placed.0.clear();
        Ok(())
    }
}

/// Files that are complete, but not in their place.
#[derive(Debug)]
pub(super) struct Staged {
    folder: TempDir,
    /// Where they go.
    place: PathBuf,
    /// The names of the new secret files.
    pub(super) secrets: Vec<String>,
    /// What they say.
    pub(super) config: config::Config,
    pub(super) warnings: Vec<Problem>,
}

impl Staged {
    /// The warnings, as if the files were in their place.
    pub(super) fn shown_warnings(&self) -> impl Iterator<Item = String> {
        self.warnings.iter().map(|warning| as_in(&self.place, self.folder.path(), &warning.to_string()))
    }
}

/// `text` with the paths of `place` instead of those of `folder`.
fn as_in(place: &Path, folder: &Path, text: &str) -> String {
    text.replace(&*folder.to_string_lossy(), &place.to_string_lossy())
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

/// The environment without what the file must say by itself.
fn file_alone(environment: &Environment) -> Environment {
    environment.clone().without(|name| {
        let is_override = name.starts_with("MINIMAX_WATCH__") && name != "MINIMAX_WATCH__API__BASE_URL";
        name == "CREDENTIALS_DIRECTORY" || name.starts_with("MINIMAX_WATCH_") && !is_override
    })
}

/// Writes a new file that only its owner reads; after an error there is none.
fn write(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(content.as_bytes()).and_then(|()| file.sync_all());
    written.inspect_err(|_| drop(fs::remove_file(path)))
}

/// Gives the file `from` the name `to`, which must be free.
fn put(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            // Some file systems have no links.
            write(to, &fs::read_to_string(from)?)
        }
        result => result,
    }
}
