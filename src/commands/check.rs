//! `check`: one unattended run, then the verdict.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::cli::{CheckArgs, ColorChoice, Format, GlobalOptions};
use crate::clock;
use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::text;
use crate::domain::verdict::Verdict;
use crate::engine::{Engine, NextStep, Run, Scope, WaitReason};
use crate::report::{Before, News, Report};
use crate::store::{RunCounts, StoreError};

use super::FAILED;
use super::deadline::{self, CurrentStep};
use super::names;
use crate::{output, setup};

/// After this a slow receiver's queue is left to the next check, which needs the store. The attempt in flight is waited for: a mail
/// that is cut off after its last line would be sent twice.
const DELIVERY_TIME: Duration = Duration::from_mins(2);

/// The pauses after which a heartbeat that failed is repeated.
const HEARTBEAT_PAUSES: [TimeDelta; 2] = [TimeDelta::seconds(2), TimeDelta::seconds(10)];

pub(super) async fn run(global: &GlobalOptions, options: &CheckArgs) -> anyhow::Result<u8> {
    let step = CurrentStep::default();
    step.set("reading the configuration");
    // Owned here, so that it is deleted also when a deadline ends the command.
    let folder = options.dry_run.then(setup::temporary_folder).transpose()?;
    let copy = folder.as_ref().map(|folder| folder.path().to_owned());
    let checking = check(global.clone(), options.clone(), copy, step.clone());
    let started = Instant::now();
    let checked = deadline::within(options.timeout, checking, &step).await;
    let left = options.timeout.map(|length| length.saturating_sub(started.elapsed()));
    let (color, options) = (global.color, options.clone());
    deadline::print_within(left, move || {
        match checked.and_then(|checked| print_and_exit_code(color, &options, checked)) {
            Err(error) if options.format == Format::Nagios => {
                output::print_plugin_error(&error)?;
                Ok(FAILED)
            }
            result => result,
        }
    })
}

/// What a check prints, and its verdict.
enum Checked {
    /// All accounts; none with `--quiet` when all are healthy.
    Report(Option<Report>),
    /// Only new alerts and changes.
    News(News, Verdict),
}

async fn check(
    global: GlobalOptions,
    options: CheckArgs,
    copy: Option<PathBuf>,
    step: CurrentStep,
) -> anyhow::Result<Checked> {
    let mut config = setup::load(&global, &options.accounts)?;
    if let Some(length) = options.timeout {
        deadline::shorten(&mut config, length);
    }
    let path = config.store.path.clone();
    step.set("opening the store");
    let checked = match copy {
        Some(copy) => dry_run(&options, config, &copy, &step).await.map(Checked::Report),
        None => run_for_real(&options, config, &step).await,
    };
    checked.map_err(|error| setup::with_path(error, &path))
}

async fn run_for_real(options: &CheckArgs, config: Config, step: &CurrentStep) -> anyhow::Result<Checked> {
    let (_lock, store) = setup::locked_store(&config, "check").await?;
    let last_run = store.last_run().await?;
    // With receivers, `--quiet` prints only new alerts and changes: the receivers have been notified of the others, and cron would mail
    // them again after each check. A monitoring plugin and a program need all of it.
    let prints_news = options.quiet && options.format == Format::Table && !config.receivers.is_empty();
    let before = if prints_news { Some(Before::load(&store, clock::now()).await?) } else { None };
    let mut engine = setup::engine(config, store.clone())?;
    let checked = check_and_notify(&mut engine, options, step).await;
    let is_success = match &checked {
        Ok((_, counts)) => Some(counts.any_conclusive()),
        Err(error) => error.is::<StoreError>().then_some(false),
    };
    if let Some(is_success) = is_success {
        step.set("sending the heartbeat");
        send_heartbeat(&engine, is_success, options.timeout.is_none()).await;
    }
    let (wanted, _) = checked?;
    step.set("building the report");
    engine.purge(clock::now()).await?;
    let today = clock::now().date_naive();
    // After the notifications, which must not wait for it.
    if !store.is_integrity_checked() && last_run.is_none_or(|run| run.started_at.date_naive() != today) {
        store.check_integrity().await?;
    }
    let (config, now) = (&engine.config, clock::now());
    let checked = match &before {
        Some(before) => Checked::News(
            News::since(before, &store, config, now).await?,
            Report::verdict(&store, config, wanted.as_ref(), now).await?,
        ),
        None => Checked::Report(build_report(options, &engine, wanted.as_ref()).await?),
    };
    store.close().await;
    Ok(checked)
}

/// Makes one run, and notifies the receivers; returns what [`run_checks`] does.
async fn check_and_notify(
    engine: &mut Engine,
    options: &CheckArgs,
    step: &CurrentStep,
) -> anyhow::Result<(Option<BTreeSet<AccountKey>>, RunCounts)> {
    let checked = run_checks(engine, options, step).await?;
    step.set("notifying the receivers");
    engine.deliver_until = Some(Instant::now() + DELIVERY_TIME);
    engine.notify_and_deliver().await?;
    Ok(checked)
}

/// Reports the run; with `may_repeat`, a request that fails is repeated for a while.
async fn send_heartbeat(engine: &Engine, is_success: bool, may_repeat: bool) {
    let Some(heartbeat) = &engine.config.heartbeat else { return };
    let mut pauses = HEARTBEAT_PAUSES.iter().filter(|_| may_repeat);
    while let Err(error) = engine.sender.send_heartbeat(heartbeat, is_success).await {
        let Some(pause) = pauses.next() else {
            tracing::warn!("the heartbeat was not accepted: {error}");
            return;
        };
        clock::pause(*pause).await;
    }
}

async fn build_report(
    options: &CheckArgs,
    engine: &Engine,
    wanted: Option<&BTreeSet<AccountKey>>,
) -> anyhow::Result<Option<Report>> {
    let (Engine { store, config, .. }, now) = (engine, clock::now());
    if options.quiet && wanted.is_none() && Report::is_well(store, config, now).await? {
        return Ok(None);
    }
    Ok(Some(Report::load(store, config, wanted, now).await?))
}

/// The same steps on a temporary copy of the store; messages are printed instead of sent.
async fn dry_run(
    options: &CheckArgs,
    config: Config,
    folder: &Path,
    step: &CurrentStep,
) -> anyhow::Result<Option<Report>> {
    let mut engine = setup::engine_on_copy(config, folder).await?;
    let store = engine.store.clone();
    let queued_before = store.pending_messages().await?.len();
    let (wanted, _) = run_checks(&mut engine, options, step).await?;
    step.set("building the report");
    engine.evaluate_alerts(clock::now()).await?;
    let report = build_report(options, &engine, wanted.as_ref()).await?;
    for (receiver, summary) in store.pending_messages().await?.into_iter().skip(queued_before) {
        output::note(&format!("would notify {}: {summary}", text::name(receiver.as_str())));
    }
    if !options.quiet {
        output::note("dry run: nothing was stored, nothing was sent");
    }
    store.close().await;
    Ok(report)
}

/// Makes one run, with its waits; returns the accounts that were asked for, unless it is all of them, and what it showed.
async fn run_checks(
    engine: &mut Engine,
    options: &CheckArgs,
    step: &CurrentStep,
) -> anyhow::Result<(Option<BTreeSet<AccountKey>>, RunCounts)> {
    if let Some(length) = options.timeout {
        // Rate limits are waited for only as long as leaves time for everything else.
        engine.rate_limit_budget = engine.rate_limit_budget.min(deadline::rate_limit_budget(length));
        engine.max_reading_time = engine.max_reading_time.min(deadline::reading_time(length));
    }
    let wanted = if options.accounts.is_empty() {
        None
    } else {
        engine.watch().await?;
        Some(names::find_watched(&options.accounts, &engine.store.watched().await?)?)
    };
    let progress = output::Progress::new();
    let mut run = Run::start(wanted.clone().map_or(Scope::Everything, Scope::Accounts));
    loop {
        let what =
            if run.is_confirming() { "checking failed accounts again" } else { "checking the accounts" };
        let show = |done, total| {
            step.set(match total {
                // Not known yet.
                0 => what.to_owned(),
                _ => format!("{what}, {done} of {total} done"),
            });
            progress.show(what, done, total);
        };
        show(0, wanted.as_ref().map_or(0, BTreeSet::len));
        let NextStep::WaitUntil(until, reason) = run.advance(engine, clock::now(), &show).await? else {
            break;
        };
        let (longest, waiting) = match reason {
            WaitReason::RateLimited { .. } => {
                (engine.rate_limit_budget, "waiting for the API's rate limit (429)")
            }
            WaitReason::Confirmation => {
                (engine.config.alerts.confirm_after, "waiting to confirm failures ([alerts].confirm_after)")
            }
        };
        step.set(waiting);
        progress.say(waiting);
        // A clock that is set back makes no wait longer.
        clock::pause((until - clock::now()).min(longest)).await;
    }
    progress.finish();
    Ok((wanted, run.counts()))
}

fn print_and_exit_code(color: ColorChoice, options: &CheckArgs, checked: Checked) -> anyhow::Result<u8> {
    let verdict = match checked {
        Checked::News(news, verdict) => {
            output::print(&output::news(&news))?;
            verdict
        }
        Checked::Report(None) => Verdict::Ok,
        Checked::Report(Some(report)) => {
            if !options.quiet || report.verdict != Verdict::Ok {
                output::report(&report, options.format, color)?;
            }
            report.verdict
        }
    };
    Ok(verdict.exit_status())
}
