//! The environment of one test: a folder, a simulated vendor and a configuration for both.
//!
//! The program gets nothing of this machine's environment variables, and the folder is deleted with the test.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::domain::time::Timestamp;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::child::Service;
use crate::simulator::{FakeUseApi, Record, Subscription, VirtualNow, WebhookServer};

/// The built program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_minimax-watch");

pub(crate) const TOKEN: &str = "user:1234-s3cretT0ken";

/// An expiry beyond every lead time.
pub(crate) fn healthy() -> Timestamp {
    clock::now() + TimeDelta::days(20)
}

pub(crate) struct Setup {
    folder: TempDir,
    pub(crate) now: VirtualNow,
    pub(crate) api: FakeUseApi,
    pub(crate) vendor: Subscription,
    environment: BTreeMap<String, String>,
}

impl Setup {
    /// A vendor that accepts `TOKEN` and has no accounts; faults need no confirmation, and the schedule is yearly.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = VirtualNow::new(clock::now());
        let api = FakeUseApi::open(&now).await.unwrap();
        let vendor = api.subscribe(SecretString::from(TOKEN));
        let mut setup = Self { folder, now, api, vendor, environment: BTreeMap::new() };
        let base_url = setup.api.base_url().to_string();
        let home = setup.path("home").display().to_string();
        for (name, value) in [
            ("HOME", home.as_str()),
            ("MINIMAX_WATCH__API__BASE_URL", &base_url),
            ("MINIMAX_WATCH__API__TIMEOUT", "5s"),
            ("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "0s"),
            ("MINIMAX_WATCH__SCHEDULE__CRON", "@yearly"),
        ] {
            setup.set(name, value);
        }
        setup.secret("token", TOKEN);
        setup
    }

    /// The same with these accounts, configured and healthy at the vendor, and `more` configuration.
    pub(crate) async fn with(accounts: &[&str], more: &str) -> Self {
        let setup = Self::open().await;
        for account in accounts {
            setup.vendor.put(Record::ending(*account, healthy()));
        }
        setup.configure(accounts, more);
        setup
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Removes a variable from it.
    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.remove(name);
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

    /// The program with these arguments, in the folder of its configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        Command::from_std(self.process(PROGRAM, arguments))
    }

    /// Another program in the same folder, with the same environment.
    pub(crate) fn process(&self, program: &str, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(self.folder.path()).args(arguments);
        command
    }

    /// Runs the program and waits for it to end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.command(arguments).output().unwrap())
    }

    /// Starts the program without waiting.
    pub(crate) fn start(&self, arguments: &[&str]) -> Service {
        Service::start(self.process(PROGRAM, arguments))
    }

    /// Starts the service.
    pub(crate) fn serve(&self, options: &[&str]) -> Service {
        self.start(&[options, &["run"]].concat())
    }
}

/// The result of a process.
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
pub(crate) fn webhook(hook: &WebhookServer) -> String {
    format!(
        "[[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{}\"\ntimeout = \"2s\"\n",
        hook.url()
    )
}

/// The permission bits of a file or folder.
pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
