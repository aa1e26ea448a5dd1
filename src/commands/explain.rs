//! `explain`: why an account did or did not alert, from the store alone.

use crate::cli::{Explain, Global};
use crate::clock;
use crate::report::Explanation;
use crate::store::{Holder, Lock};

use crate::{output, setup};

pub(super) async fn run(global: &Global, options: &Explain) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let now = clock::now();
    let store = setup::existing_store(&config).await?;
    let known = setup::account(&options.account, &store).await?;
    let mut explanation = Explanation::of(&store, &config, &known, now).await?;
    if Lock::holder(&config.store.path) == Holder::Nobody {
        explanation = explanation.without_service();
    }
    store.close().await;
    output::answer(&explanation, options.json, |explanation| output::explanation(explanation, global.color))?;
    Ok(0)
}
