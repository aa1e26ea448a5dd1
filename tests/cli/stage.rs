//! One test's world: a folder of its own, a vendor, and a configuration that names both.
//!
//! Promises: nothing of this machine's environment reaches the program; everything goes with the test.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::{Hook, Record, Subscription, UseApi, VirtualNow};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::child::Service;

/// The built program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_minimax-watch");

pub(crate) const TOKEN: &str = "user:1234-s3cretT0ken";

/// Far enough ahead to be no news.
pub(crate) fn healthy() -> Timestamp {
    clock::now() + TimeDelta::days(20)
}

pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) now: VirtualNow,
    pub(crate) api: UseApi,
    pub(crate) vendor: Subscription,
    environment: BTreeMap<String, String>,
}

impl Stage {
    /// A vendor that knows `TOKEN` and no accounts; the program believes bad answers at once and runs once a year.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = VirtualNow::new(clock::now());
        let api = UseApi::open(&now).await.unwrap();
        let vendor = api.subscribe(SecretString::from(TOKEN));
        let mut stage = Self { folder, now, api, vendor, environment: BTreeMap::new() };
        let base_url = stage.api.base_url().to_string();
        let home = stage.path("home").display().to_string();
        for (name, value) in [
            ("HOME", home.as_str()),
            ("MINIMAX_WATCH__API__BASE_URL", &base_url),
            ("MINIMAX_WATCH__API__TIMEOUT", "5s"),
            ("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "0s"),
            ("MINIMAX_WATCH__SCHEDULE__CRON", "@yearly"),
        ] {
            stage.set(name, value);
        }
        stage.secret("token", TOKEN);
        stage
    }

    /// The same, with these accounts in the configuration, healthy at the vendor's, and `more` after them.
    pub(crate) async fn with(accounts: &[&str], more: &str) -> Self {
        let stage = Self::open().await;
        for account in accounts {
            stage.vendor.put(Record::ending(*account, healthy()));
        }
        stage.configure(accounts, more);
        stage
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("state/deep/watch.db")
    }

    /// Writes a file that only its owner reads.
    pub(crate) fn secret(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes the configuration.
    pub(crate) fn configure(&self, accounts: &[&str], more: &str) {
        let mut text = "[[subscriptions]]\nname = \"main\"\ntoken_file = \"token\"\n".to_owned();
        for account in accounts {
            writeln!(text, "[[subscriptions.accounts]]\nid = \"{account}\"").unwrap();
        }
        writeln!(text, "[store]\npath = \"state/deep/watch.db\"\n{more}").unwrap();
        std::fs::write(self.path("minimax-watch.toml"), text).unwrap();
    }

    /// The program with these arguments, in the folder where its configuration lies.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        Command::from_std(self.process(PROGRAM, arguments))
    }

    /// Another program in the same place, with the same environment.
    pub(crate) fn process(&self, program: &str, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(self.folder.path()).args(arguments);
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.command(arguments).output().unwrap())
    }

    /// Starts it, and does not wait.
    pub(crate) fn start(&self, arguments: &[&str]) -> Service {
        Service::start(self.process(PROGRAM, arguments))
    }

    /// Starts the service.
    pub(crate) fn serve(&self, options: &[&str]) -> Service {
        self.start(&[options, &["run"]].concat())
    }
}

/// What a process left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// A webhook receiver's part of the configuration.
pub(crate) fn webhook(hook: &Hook) -> String {
    format!(
        "[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{}\"\ntimeout = \"2s\"\n",
        hook.url()
    )
}

/// The permission bits of a file or folder.
pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
