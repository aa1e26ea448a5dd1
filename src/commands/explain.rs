//! `explain`: why an account did or did not alert, from the store alone.

use anyhow::Context;

use crate::cli::{Explain, Global};
use crate::clock;
use crate::report::Explanation;
use crate::store::Store;

use crate::{output, setup};

pub(super) async fn run(global: &Global, options: &Explain) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let now = clock::now();
    let store = Store::open_existing(&config.store.path)
        .await?
        .context("nothing was checked yet: run `minimax-watch check`, or start the service")?;
    let known = setup::account(&options.account, &store).await?;
    let explanation = Explanation::of(&store, &config, &known, now).await?;
    store.close().await;
    output::answer(&explanation, options.json, |explanation| output::explanation(explanation, global.color))?;
    Ok(0)
}
