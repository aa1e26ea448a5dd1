//! What most commands begin with: the configuration, the engine, the accounts that were named.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

use crate::api::Client;
use crate::cli::Global;
use crate::clock;
use crate::config::{self, Config, Environment, Source};
use crate::domain::account::{AccountId, AccountKey};
use crate::domain::standing::Known;
use crate::domain::text;
use crate::engine::Engine;
use crate::notify::Sender;
use crate::os_limits;
use crate::store::{self, Store, StoreError};

/// Loads the configuration, or makes the bare one when there is no file; `accounts` counts only for the bare one.
pub(crate) fn load(global: &Global, accounts: &[String]) -> anyhow::Result<Config> {
    let environment = Environment::of_process();
    let source = config::locate(global.config.as_deref(), &environment)?;
    if matches!(source, Source::None) {
        let accounts: Vec<AccountId> = accounts.iter().map(AccountId::new).collect();
        return Ok(config::bare(&accounts, &environment, clock::now())?);
    }
    let loaded = config::load(&source, &environment, clock::now())?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    Ok(loaded.config)
}

/// The store of `config`, which must be there.
///
/// # Errors
/// When there is none: names the path, since a wrong one looks like a new installation.
pub(crate) async fn existing_store(config: &Config) -> anyhow::Result<Store> {
    Store::open_existing(&config.store.path).await?.with_context(|| missing_store(config))
}

/// That there is no store where the configuration puts it, and what to do.
pub(crate) fn missing_store(config: &Config) -> String {
    format!(
        "there is no store at {}; nothing was checked yet: run `minimax-watch check`, or start the service; \
         if it runs already, name its configuration with --config, or its store in [store].path",
        config.store.path.display()
    )
}

/// Logs who besides its owner could read or replace the store.
pub(crate) fn warn_of_exposure(path: &Path) {
    for finding in store::exposure(path) {
        tracing::warn!("{finding}");
    }
}

/// Everything that the steps need, on an open store.
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
    let client = Client::new(&config.api).context("cannot prepare requests to the API")?;
    Ok(Engine::new(config, store, client, Sender::over_network(), clock::system()))
}

/// Everything that the steps need, on a copy of the store that goes with it; `sender` decides whether anything is sent.
pub(crate) struct StoreCopy {
    pub(crate) engine: Engine,
    _folder: TempDir,
}

impl StoreCopy {
    /// Copies the store as it is, beside whoever works on it; there must be one.
    pub(crate) async fn of(config: Config, sender: Sender) -> anyhow::Result<Self> {
        existing_store(&config).await?.close().await;
        let folder =
            tempfile::tempdir().context("cannot make a temporary folder for the copy of the store")?;
        let engine = Self::within(folder.path(), config, sender).await?;
        Ok(Self { engine, _folder: folder })
    }

    /// The same in a `folder` of the caller's, who sees to its end. Where there is no store yet, the copy is an empty one.
    pub(crate) async fn within(folder: &Path, config: Config, sender: Sender) -> anyhow::Result<Engine> {
        let copy = folder.join("copy.db");
        if let Some(store) = Store::open_existing(&config.store.path).await? {
            store.copy_to(&copy).await?;
            store.close().await;
        }
        let store = Store::open(&copy).await?;
        let client = Client::new(&config.api).context("cannot prepare requests to the API")?;
        Ok(Engine::new(config, store, client, sender, clock::system()))
    }
}

/// The same error; damage that a statement met in the store at `path` says which file and what to do.
pub(crate) fn located(error: anyhow::Error, path: &Path) -> anyhow::Error {
    match error.downcast::<StoreError>() {
        Ok(error) => error.lasting(path).unwrap_or_else(|passing| passing).into(),
        Err(other) => other,
    }
}

/// The accounts that go by these names or ids among those that are watched.
///
/// # Errors
/// When a name is nobody's; says which names there are.
pub(crate) fn named(names: &[String], watched: &[Known]) -> anyhow::Result<BTreeSet<AccountKey>> {
    let accounts: Vec<&Known> = watched.iter().filter(|known| !known.account.is_listing()).collect();
    let mut found = BTreeSet::new();
    for name in names {
        let goes_by = |known: &&&Known| known.name == *name || known.account.id.as_str() == name;
        let matching: Vec<AccountKey> =
            accounts.iter().filter(goes_by).map(|known| known.account.clone()).collect();
        if matching.is_empty() {
            let known = text::names(accounts.iter().map(|known| known.name.as_str()).take(20));
            let known = if known.is_empty() { "none yet".to_owned() } else { known };
            anyhow::bail!("`{}` is no watched account (watched: {known})", text::name(name));
        }
        found.extend(matching);
    }
    Ok(found)
}

/// The one account that goes by this name or id, or by `SUBSCRIPTION/ID`; also one that is watched no more, when no other goes
/// by it.
///
/// # Errors
/// When it is nobody's name, or may mean several; says which there are.
pub(crate) async fn account(name: &str, store: &Store) -> anyhow::Result<Known> {
    let accounts = store.names().await?;
    let full = |key: &AccountKey| format!("{}/{}", key.subscription, key.id);
    let matching: Vec<(&AccountKey, bool)> = accounts
        .iter()
        .filter(|(key, called, _)| called == name || key.id.as_str() == name || full(key) == name)
        .map(|(key, _, watched)| (key, *watched))
        .collect();
    let is_watched = matching.iter().any(|(_, watched)| *watched);
    let meant: Vec<&AccountKey> =
        matching.into_iter().filter(|(_, watched)| *watched || !is_watched).map(|(key, _)| key).collect();
    match meant.as_slice() {
        [key] => {
            let known = store.known_of(std::slice::from_ref(*key)).await?;
            known.into_iter().next().context("the account was forgotten meanwhile")
        }
        [] => {
            let watched = accounts.iter().filter(|(_, _, watched)| *watched);
            let names = text::names(watched.map(|(_, called, _)| called.as_str()).take(20));
            let names = if names.is_empty() { "none yet".to_owned() } else { names };
            anyhow::bail!("`{}` is no account that is or was watched (watched: {names})", text::name(name))
        }
        several => {
            let names: Vec<String> = several.iter().map(|key| text::name(&full(key))).collect();
            anyhow::bail!("`{}` may mean {}: say which", text::name(name), names.join(" or "))
        }
    }
}
