//! What most commands need first: the configuration, the store and the engine.
//!
//! Guarantees: a missing store is reported with its path and the next step, warnings of the configuration and of the store's rights
//! are logged, and what is tried on a copy of the store sends nothing.

use std::fmt::Display;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

use crate::api::Client;
use crate::cli::GlobalOptions;
use crate::clock;
use crate::config::{self, Config, Environment, InvalidConfig, Loaded, Problems, Source};
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::engine::Engine;
use crate::notify::{self, Sender};
use crate::os_limits;
use crate::store::{self, Lock, Store, StoreError};

/// Loads the configuration file, or without one the configuration of the environment, which then watches `accounts`.
pub(crate) fn load(global: &GlobalOptions, accounts: &[String]) -> anyhow::Result<Config> {
    let environment = Environment::from_process();
    let source = config::find(global.config.as_deref(), &environment)?;
    let loaded = if matches!(source, Source::None) {
        let accounts: Vec<AccountId> = accounts.iter().map(AccountId::new).collect();
        config::from_environment(&accounts, &environment, clock::now())
    } else {
        config::load(&source, &environment, clock::now())
    };
    let loaded = with_checked_templates(loaded)?;
    warn(&loaded.warnings);
    Ok(loaded.config)
}

/// The same configuration, if every template of its receivers can be rendered too. Of an invalid one those of its valid receivers are
/// checked all the same, and its warnings are logged.
///
/// # Errors
/// With every problem.
pub(crate) fn with_checked_templates(loaded: Result<Loaded, InvalidConfig>) -> Result<Loaded, Problems> {
    let receivers = match &loaded {
        Ok(loaded) => &loaded.config.receivers,
        Err(invalid) => &invalid.receivers,
    };
    let templates = notify::check_templates(receivers);
    let (problems, warnings) = match (loaded, templates) {
        (Ok(loaded), Ok(())) => return Ok(loaded),
        (Ok(loaded), Err(problems)) => (problems, loaded.warnings),
        (Err(invalid), Ok(())) => (invalid.problems, invalid.warnings),
        (Err(invalid), Err(problems)) => (invalid.problems.and(problems), invalid.warnings),
    };
    warn(warnings);
    Err(problems)
}

/// What a command starts with that reads the store: the configuration, its existing store, and the time.
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) now: Timestamp,
}

impl Session {
    pub(crate) async fn open(global: &GlobalOptions) -> anyhow::Result<Self> {
        let config = load(global, &[])?;
        let store = existing_store(&config).await?;
        Ok(Self { config, store, now: clock::now() })
    }
}

/// The store of `config`, which must exist.
///
/// # Errors
/// When it does not: names the path, because a wrong one looks like a new installation.
pub(crate) async fn existing_store(config: &Config) -> anyhow::Result<Store> {
    Store::open_existing(&config.store.path).await?.with_context(|| missing_store(config))
}

/// The message that there is no store at the configured path, with the next step.
pub(crate) fn missing_store(config: &Config) -> String {
    format!(
        "there is no store at {}; nothing was checked yet: run `minimax-watch check`, or start the service; \
         if it runs already, name its configuration with --config, or its store in [store].path",
        config.store.path.display()
    )
}

/// Logs warnings about the configuration or the store.
pub(crate) fn warn(warnings: impl IntoIterator<Item = impl Display>) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

/// Locks and opens the store for one of the commands that write to it without waiting for each other.
pub(crate) async fn locked_store(config: &Config, command: &str) -> anyhow::Result<(Lock, Store)> {
    let path = &config.store.path;
    let lock = Lock::take(path, &format!("`minimax-watch {command}`, process {}", std::process::id()))?;
    let store = Store::open(path).await?;
    warn(store::permission_warnings(path));
    Ok((lock, store))
}

/// An engine on an open store, with no more concurrent checks than the limit of open files allows.
pub(crate) fn engine(mut config: Config, store: Store) -> anyhow::Result<Engine> {
    let (most, limit) = os_limits::max_concurrent_checks();
    if config.api.concurrency > most {
        tracing::warn!(
            concurrency = config.api.concurrency,
            open_files = limit,
            "[api].concurrency = {} needs more open files than the limit of {limit} allows: {most} checks at once; raise \
             LimitNOFILE= of the unit, or ulimit -n",
            config.api.concurrency
        );
        config.api.concurrency = most;
    }
    with_sender(config, store, Sender::over_network())
}

fn with_sender(config: Config, store: Store, sender: Sender) -> anyhow::Result<Engine> {
    let client = Client::new(&config.api).context("cannot prepare requests to the API")?;
    Ok(Engine::new(config, store, client, sender, clock::system()))
}

/// A folder for [`engine_on_copy`], deleted with the value.
pub(crate) fn temporary_folder() -> anyhow::Result<TempDir> {
    tempfile::tempdir().context("cannot make a temporary folder for the copy of the store")
}

/// An engine that sends nothing, on a copy of the store in `folder`. The store may be in use; where there is none, the copy is empty.
pub(crate) async fn engine_on_copy(config: Config, folder: &Path) -> anyhow::Result<Engine> {
    let copy = folder.join("copy.db");
    if let Some(store) = Store::open_existing(&config.store.path).await? {
        store.copy_to(&copy).await?;
        store.close().await;
    }
    with_sender(config, Store::open(&copy).await?, Sender::dry_run())
}

/// The same error; damage that a statement found in the store names the file at `path` and the next step.
pub(crate) fn with_path(error: anyhow::Error, path: &Path) -> anyhow::Error {
    match error.downcast::<StoreError>() {
        Ok(error) => error.into_permanent(path).unwrap_or_else(|temporary| temporary).into(),
        Err(other) => other,
    }
}
