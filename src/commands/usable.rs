//! `usable`: which accounts can take jobs now, from the store alone.

use crate::cli::{GlobalOptions, UsableArgs};
use crate::clock;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::report::{UsableAccounts, UsableQuery};
use crate::store::Store;
use crate::{output, setup};

use super::FAILED;

/// There are accounts, and none of them is usable.
const NONE_USABLE: u8 = 2;

/// Below the note that there is no store, which says what to do.
const NOTHING_KNOWN: &str = "No account is usable: nothing was checked yet.\n";

pub(super) async fn run(global: &GlobalOptions, options: &UsableArgs) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let query = UsableQuery { needs: options.needs.clone(), valid_for: options.valid_for };
    let accounts = load(&config, query, clock::now())
        .await
        .map_err(|error| setup::with_path(error, &config.store.path))?;
    if accounts.is_none() {
        output::note(&format!("minimax-watch: {}", setup::missing_store(&config)));
        if !global.json {
            output::print(NOTHING_KNOWN)?;
            return Ok(FAILED);
        }
    }
    let accounts = accounts.unwrap_or_default();
    output::answer(&accounts, global.json, output::usable)?;
    Ok(exit_status(&accounts))
}

/// None when there is no store.
async fn load(config: &Config, query: UsableQuery, now: Timestamp) -> anyhow::Result<Option<UsableAccounts>> {
    let Some(store) = Store::open_existing(&config.store.path).await? else { return Ok(None) };
    let accounts = UsableAccounts::load(&store, config, query, now).await?;
    store.close().await;
    Ok(Some(accounts))
}

const fn exit_status(accounts: &UsableAccounts) -> u8 {
    if !accounts.usable.is_empty() {
        0
    } else if accounts.is_any_known {
        NONE_USABLE
    } else {
        FAILED
    }
}
