//! Where the files go. What can be refused about it is refused before anything is asked: a file that exists, and a folder that takes
//! none. Leaves writing them to `staged`.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

use crate::config::{Environment, FILE_VARIABLE, USUAL_PLACES};
use crate::domain::text;

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
        let secrets: Vec<_> = secrets.into_iter().map(|name| self.file.with_file_name(name)).collect();
        anyhow::ensure!(
            !secrets.contains(&self.file),
            "{} is the name of a secret file: give the configuration another name with --config",
            self.file.display()
        );
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

    /// A new folder in the folder, which only its owner can enter.
    pub(super) fn temporary_folder(&self) -> anyhow::Result<TempDir> {
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

    /// The start of an error about the file `name` beside the configuration.
    pub(super) fn cannot_write(&self, name: &str) -> String {
        format!("cannot write {}; nothing was changed", self.shown(name))
    }
}
