//! The built program with its own folder, configuration and store.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::costs::Cost;
use crate::vendor::Vendor;
use crate::{CONCURRENCY, TOKEN};

/// `[api].fetch`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetch {
    Each,
    List,
}

/// A schedule that does not come due during a measurement.
pub(crate) const YEARLY: &str = "[schedule]\ncron = \"0 0 1 1 *\"";

/// The configuration of a webhook that the vendor receives, and `alerts`.
pub(crate) fn with_hook(vendor: &mut Vendor, alerts: &str) -> anyhow::Result<String> {
    let port = vendor.order("hook")?;
    Ok(format!(
        "[alerts]\n{alerts}\n\n[[receivers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{port}/hook\""
    ))
}

/// A folder with a configuration and a store.
pub(crate) struct Ours {
    folder: TempDir,
    certificate: Option<PathBuf>,
}

impl Ours {
    /// A configuration that names `accounts` accounts.
    pub(crate) fn new(vendor: &Vendor, accounts: usize, fetch: Fetch, more: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let fetch = match fetch {
            Fetch::Each => "each",
            Fetch::List => "list",
        };
        let mut text = format!(
            "[api]\nbase_url = \"{}\"\nconcurrency = {CONCURRENCY}\nfetch = \"{fetch}\"\n\n[store]\npath = \"watch.db\"\n\n{more}\n\n\
             [[subscriptions]]\nname = \"fleet\"\ntoken_env = \"FLEET_TOKEN\"\n",
            vendor.url.trim_end_matches('/')
        );
        for id in 1..=accounts {
            write!(text, "\n[[subscriptions.accounts]]\nid = \"{id}\"\n")?;
        }
        std::fs::write(folder.path().join("minimax-watch.toml"), text)?;
        Ok(Self { folder, certificate: vendor.certificate.clone() })
    }

    /// The program with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_minimax-watch"));
        command.arg("--config").arg(self.folder.path().join("minimax-watch.toml")).args(arguments);
        command.env("FLEET_TOKEN", TOKEN).env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(certificate) = &self.certificate {
            command.env("SSL_CERT_FILE", certificate);
        }
        command
    }

    /// One `check` that ends with `status`.
    pub(crate) fn check(&self, status: i32) -> anyhow::Result<Cost> {
        let cost = Cost::of(&mut self.command(&["--log-level", "error", "check", "--quiet"]))?;
        ensure!(cost.status.code() == Some(status), "check ended with {}", cost.status);
        Ok(cost)
    }

    /// The store file.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("watch.db")
    }

    /// The size of the store in bytes.
    pub(crate) fn store_size(&self) -> anyhow::Result<u64> {
        Ok(std::fs::metadata(self.store()).context("no store")?.len())
    }
}
