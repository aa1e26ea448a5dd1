//! A program that takes messages, for receivers of the type `exec`: a script that records each run before it ends.
//!
//! Guarantees: a run is recorded when all of its input has come, whatever it does then; the order is that of the recording.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Between two looks at the records.
const POLL: Duration = Duration::from_millis(2);

/// Reads everything before it writes a line: a killed sender leaves half of its input, which is not JSON and counts as nothing.
const SCRIPT: &str = r#"#!/bin/sh
folder=${0%/*}
read -r mode < "$folder/mode"
body=$(cat)
printf '%s\t%s\t%s\n' "$MINIMAX_WATCH_MESSAGE_ID" "$MINIMAX_WATCH_TITLE" "$body" >> "$folder/runs"
case $mode in
takes) exit 0 ;;
hangs) exec sleep 2 ;;
*) exit 1 ;;
esac
"#;

/// What the program does after it has recorded a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProgramMode {
    Takes,
    Fails,
    /// For two seconds.
    Hangs,
}

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct ProgramRun {
    pub(crate) id: String,
    pub(crate) title: String,
    /// What came on its standard input.
    pub(crate) body: Vec<u8>,
}

/// The program in a folder of its own, which is deleted with it.
pub(crate) struct RecordingProgram {
    folder: TempDir,
    forgotten: AtomicUsize,
}

impl RecordingProgram {
    pub(crate) fn open() -> io::Result<Self> {
        let program = Self { folder: tempfile::tempdir()?, forgotten: AtomicUsize::new(0) };
        std::fs::write(program.path(), SCRIPT)?;
        std::fs::set_permissions(program.path(), Permissions::from_mode(0o755))?;
        program.set(ProgramMode::Takes);
        Ok(program)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("notify")
    }

    /// The configuration of a receiver of this name.
    pub(crate) fn receiver(&self, name: &str) -> String {
        let path = self.path();
        format!("[[receivers]]\nname = \"{name}\"\ntype = \"exec\"\ncommand = [\"{}\"]\n", path.display())
    }

    pub(crate) fn set(&self, mode: ProgramMode) {
        let word = match mode {
            ProgramMode::Takes => "takes",
            ProgramMode::Fails => "fails",
            ProgramMode::Hangs => "hangs",
        };
        // In one step: a run may read it meanwhile.
        let new = self.folder.path().join("mode.new");
        std::fs::write(&new, format!("{word}\n")).expect("its folder is there");
        std::fs::rename(new, self.folder.path().join("mode")).expect("its folder is there");
    }

    fn records(&self) -> Vec<ProgramRun> {
        let text = std::fs::read_to_string(self.folder.path().join("runs")).unwrap_or_default();
        let whole = text.rsplit_once('\n').map(|(whole, _)| whole.to_owned()).unwrap_or_default();
        let run = |line: &str| {
            let mut parts = line.splitn(3, '\t');
            let (id, title, body) = (parts.next()?, parts.next()?, parts.next()?);
            serde_json::from_str::<Value>(body).ok()?;
            Some(ProgramRun { id: id.to_owned(), title: title.to_owned(), body: body.as_bytes().to_vec() })
        };
        whole.lines().filter_map(run).collect()
    }

    /// The runs since the start or since [`Self::forget`].
    pub(crate) fn runs(&self) -> Vec<ProgramRun> {
        let forgotten = self.forgotten.load(Ordering::Relaxed);
        self.records().into_iter().skip(forgotten).collect()
    }

    /// How many were ever recorded.
    pub(crate) fn count(&self) -> usize {
        self.records().len()
    }

    /// Leaves out the runs so far; the count stays.
    pub(crate) fn forget(&self) {
        self.forgotten.store(self.count(), Ordering::Relaxed);
    }

    /// Returns once `count` runs were ever recorded.
    pub(crate) async fn wait_for(&self, count: usize) {
        while self.count() < count {
            tokio::time::sleep(POLL).await;
        }
    }

    /// Returns once no run is under way. A killed sender leaves one behind, which reads the end of its input.
    pub(crate) async fn settle(&self) {
        let path = self.path();
        let path = path.to_string_lossy();
        let is_running = || {
            let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
            let mut commands =
                processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
            commands.any(|command| String::from_utf8_lossy(&command).contains(&*path))
        };
        while is_running() {
            tokio::time::sleep(POLL).await;
        }
    }
}
