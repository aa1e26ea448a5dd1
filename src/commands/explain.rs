//! `explain`: why an account did or did not alert, from the store alone.

use crate::cli::{ExplainArgs, GlobalOptions};
use crate::output::Paint;
use crate::report::Explanation;
use crate::setup::Session;
use crate::store::{Holder, Lock};
use crate::{output, setup};

use super::names::find_account;

pub(super) async fn run(global: &GlobalOptions, options: &ExplainArgs) -> anyhow::Result<()> {
    let Session { config, store, now } = Session::open(global).await?;
    let record = find_account(&options.account, &store).await?;
    let is_running = Lock::holder(&config.store.path) != Holder::Nobody;
    let engine = setup::engine(config, store)?;
    let explanation = Explanation::new(&engine, &record, is_running, now).await?;
    engine.store.close().await;
    output::answer(&explanation, global.json, |explanation| {
        output::explanation(explanation, Paint::on_stdout(global.color))
    })
}
