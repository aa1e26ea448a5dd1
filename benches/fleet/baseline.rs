//! The baseline: a loop over the same client library that does as little as possible.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use futures_util::StreamExt;
use serde::Deserialize;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{QueryBuilder, Sqlite};

use crate::{CONCURRENCY, TOKEN};

/// Rows per transaction.
const BATCH: usize = 256;

/// What to request, and where to store it.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[arg(long)]
    url: String,
    #[arg(long)]
    accounts: usize,
    /// Store the answers in this file.
    #[arg(long)]
    store: Option<PathBuf>,
}

/// The members that a typed parse reads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    #[serde(default)]
    max_jobs: i64,
    #[serde(default)]
    support_video: bool,
    #[serde(default)]
    support_chat: bool,
    #[serde(default)]
    support_audio: bool,
    jwt: Jwt,
}

#[derive(Deserialize)]
struct Jwt {
    exp: f64,
    #[serde(rename = "exp_Expire")]
    exp_expire: String,
    host: String,
}

impl Configuration {
    fn kept(&self) -> String {
        let Self { max_jobs, support_video, support_chat, support_audio, jwt: Jwt { exp, exp_expire, host } } =
            self;
        format!("{host} {exp_expire} {exp} {max_jobs} {support_video} {support_chat} {support_audio}")
    }
}

/// Checks every account once.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(check_all(options))
}

async fn check_all(options: &Options) -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder().timeout(Duration::from_secs(15)).no_proxy();
    if options.url.starts_with("http:") {
        builder = builder.tls_certs_only([]);
    }
    let client = builder.build()?;
    let store = match &options.store {
        Some(path) => Some(open(path).await?),
        None => None,
    };
    let mut checks = futures_util::stream::iter(1..=options.accounts)
        .map(|id| check_one(&client, &options.url, id))
        .buffer_unordered(CONCURRENCY);
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(check_one) = checks.next().await {
        batch.push(check_one?);
        if batch.len() == BATCH {
            write(store.as_ref(), &mut batch).await?;
        }
    }
    write(store.as_ref(), &mut batch).await?;
    if let Some(store) = store {
        store.close().await;
    }
    Ok(())
}

async fn check_one(client: &reqwest::Client, url: &str, id: usize) -> anyhow::Result<(i64, Configuration)> {
    let request = client.get(format!("{url}v1/minimax/accounts/{id}")).bearer_auth(TOKEN);
    let body = request.send().await?.error_for_status()?.bytes().await?;
    Ok((i64::try_from(id)?, serde_json::from_slice(&body).context("no configuration")?))
}

async fn open(path: &PathBuf) -> anyhow::Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let store = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS unchanged_checks (account INTEGER NOT NULL, kept TEXT NOT NULL) STRICT",
    )
    .execute(&store)
    .await?;
    Ok(store)
}

/// One statement of many rows, one transaction.
async fn write(store: Option<&SqlitePool>, batch: &mut Vec<(i64, Configuration)>) -> anyhow::Result<()> {
    if let (Some(store), false) = (store, batch.is_empty()) {
        let mut transaction = store.begin().await?;
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO unchanged_checks (account, kept) ");
        insert.push_values(batch.iter(), |mut row, (account, configuration)| {
            row.push_bind(*account).push_bind(configuration.kept());
        });
        insert.build().execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    batch.clear();
    Ok(())
}
