//! `check`: one unattended pass, then the verdict.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::cli::{Check, ColorChoice, Format, Global};
use crate::clock;
use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::text;
use crate::domain::verdict::Verdict;
use crate::engine::{Engine, PutOff, Scope};
use crate::report::{Before, News, Report};
use crate::store::{Lock, Store};

use super::FAILED;
use super::deadline::{self, At, Step};
use crate::notify::Sender;
use crate::setup::StoreCopy;
use crate::{output, setup};

/// After so long a queue that a slow receiver has not emptied is left to the next check, which needs the store. The attempt under
/// way is waited for: who cuts off a mail after its last line sends it twice.
const DELIVERY_TIME: Duration = Duration::from_mins(2);

pub(super) async fn run(global: &Global, options: &Check) -> anyhow::Result<u8> {
    let at = At::default();
    // Here, so that it goes also when a deadline leaves the rest behind.
    let folder = options.dry_run.then(tempfile::tempdir).transpose();
    let folder = folder.context("cannot make a temporary folder for the copy of the store")?;
    let copy = folder.as_ref().map(|folder| folder.path().to_owned());
    let looking = look(global.clone(), options.clone(), copy, at.clone());
    let begun = Instant::now();
    let looked = deadline::keep(options.timeout, looking, &at).await;
    let left = options.timeout.map(|length| length.saturating_sub(begun.elapsed()));
    let (color, options) = (global.color, options.clone());
    deadline::print_within(left, move || match looked.and_then(|looked| conclude(color, &options, &looked)) {
        Err(error) if options.format == Format::Nagios => {
            output::fail_as_plugin(&error)?;
            Ok(FAILED)
        }
        result => result,
    })
}

/// What a check came to.
struct Looked {
    verdict: Verdict,
    printed: Printed,
}

/// What is printed.
enum Printed {
    /// All is well, and only what is not would be printed.
    Nothing,
    /// The whole picture.
    Report(Report),
    /// What is new.
    News(News),
}

impl Looked {
    fn new(report: Option<Report>) -> Self {
        let verdict = report.as_ref().map_or(Verdict::Ok, |report| report.verdict);
        Self { verdict, printed: report.map_or(Printed::Nothing, Printed::Report) }
    }
}

/// What there is to report.
async fn look(global: Global, options: Check, copy: Option<PathBuf>, at: At) -> anyhow::Result<Looked> {
    let mut config = setup::load(&global, &options.accounts)?;
    if let Some(length) = options.timeout {
        deadline::shorten(&mut config, length);
    }
    let path = config.store.path.clone();
    at.step(Step::Opening);
    let looked = match copy {
        Some(copy) => dry_run(&options, config, &copy, &at).await.map(Looked::new),
        None => real(&options, config, &at).await,
    };
    looked.map_err(|error| setup::located(error, &path))
}

async fn real(options: &Check, config: Config, at: &At) -> anyhow::Result<Looked> {
    let holder = format!("`minimax-watch check`, process {}", std::process::id());
    let _lock = Lock::take(&config.store.path, &holder)?;
    let store = Store::open(&config.store.path).await?;
    setup::warn_of_exposure(&config.store.path);
    let before = store.last_run().await?;
    let stood =
        if prints_news(options, &config) { Some(Before::of(&store, clock::now()).await?) } else { None };
    let mut engine = patient(setup::engine(config, store.clone())?, options);
    let wanted = pass(&engine, options, at).await?;
    at.step(Step::Telling);
    engine.deliver_until = Some(Instant::now() + DELIVERY_TIME);
    engine.tell().await?;
    at.step(Step::Closing);
    engine.purge(clock::now()).await?;
    let today = clock::now().date_naive();
    // After what there is to tell, which must not wait for it.
    if !store.is_examined() && before.is_none_or(|run| run.started_at.date_naive() != today) {
        store.examine().await?;
    }
    let (config, now) = (&engine.config, clock::now());
    let looked = match &stood {
        Some(stood) => Looked {
            verdict: Report::verdict(&store, config, wanted.as_ref(), now).await?,
            printed: Printed::News(News::since(stood, &store, config, now).await?),
        },
        None => Looked::new(picture(options, &engine, wanted.as_ref()).await?),
    };
    store.close().await;
    Ok(looked)
}

/// Whether only what is new is printed: the receivers are notified of everything else, and cron would mail it once more at each
/// check. A monitor and a program want the whole.
fn prints_news(options: &Check, config: &Config) -> bool {
    options.quiet && options.format == Format::Table && !config.receivers.is_empty()
}

async fn picture(
    options: &Check,
    engine: &Engine,
    wanted: Option<&BTreeSet<AccountKey>>,
) -> anyhow::Result<Option<Report>> {
    let (Engine { store, config, .. }, now) = (engine, clock::now());
    if options.quiet && wanted.is_none() && Report::is_well(store, config, now).await? {
        return Ok(None);
    }
    Ok(Some(Report::of(store, config, wanted, now).await?))
}

/// The very same steps on a copy of the store that is thrown away; what would be sent is said instead.
async fn dry_run(options: &Check, config: Config, folder: &Path, at: &At) -> anyhow::Result<Option<Report>> {
    let engine = patient(StoreCopy::within(folder, config, Sender::rehearsal()).await?, options);
    let store = &engine.store;
    let waiting = store.pending_messages().await?.len();
    let wanted = pass(&engine, options, at).await?;
    at.step(Step::Closing);
    engine.announce(clock::now()).await?;
    let report = picture(options, &engine, wanted.as_ref()).await?;
    for (receiver, summary) in store.pending_messages().await?.into_iter().skip(waiting) {
        output::note(&format!("would tell {}: {summary}", text::name(receiver.as_str())));
    }
    if !options.quiet {
        output::note("dry run: nothing was stored, nothing was sent");
    }
    store.close().await;
    Ok(report)
}

/// Looks, waits out the doubts and looks again; gives the accounts that were asked for, if not all.
async fn pass(engine: &Engine, options: &Check, at: &At) -> anyhow::Result<Option<BTreeSet<AccountKey>>> {
    let wanted = if options.accounts.is_empty() {
        None
    } else {
        engine.watch().await?;
        Some(setup::named(&options.accounts, &engine.store.watched().await?)?)
    };
    let scope = wanted.clone().map_or(Scope::Everything, Scope::Accounts);
    let progress = output::Progress::new();
    let looking = |done, total| {
        at.step(Step::Looking { done, total });
        progress.show("checking", done, total);
    };
    looking(0, wanted.as_ref().map_or(0, BTreeSet::len));
    let mut pass = engine.check(&scope, clock::now(), &looking).await?;
    let leave_alone = async |put_off: &PutOff| {
        at.step(Step::LeavingAlone);
        progress.say("waiting as long as the API asked for");
        // Not until a moment: a clock that is set back makes no pause longer.
        clock::pause((put_off.until - clock::now()).min(engine.patience)).await;
    };
    while let Some(put_off) = &pass.put_off {
        leave_alone(put_off).await;
        pass = engine.resume(pass.run, put_off, clock::now(), &looking).await?;
    }
    if pass.doubts {
        at.step(Step::Doubting);
        progress.say("asking again about bad answers");
        clock::pause(engine.config.alerts.confirm_after).await;
        let asking = |done, total| {
            at.step(Step::Asking { done, total });
            progress.show("asking again", done, total);
        };
        pass = engine.confirm(pass.run, pass.put_off.as_ref(), clock::now(), &asking).await?;
        while let Some(put_off) = &pass.put_off {
            leave_alone(put_off).await;
            pass = engine.confirm(pass.run, Some(put_off), clock::now(), &asking).await?;
        }
    }
    progress.finish();
    Ok(wanted)
}

/// With a deadline, no more of it is spent on waiting than leaves time for what there is to tell.
fn patient(mut engine: Engine, options: &Check) -> Engine {
    if let Some(length) = options.timeout {
        engine.patience = engine.patience.min(deadline::patience(length));
    }
    engine
}

fn conclude(color: ColorChoice, options: &Check, looked: &Looked) -> anyhow::Result<u8> {
    match &looked.printed {
        Printed::News(news) if !news.is_empty() => output::news(news)?,
        Printed::Report(report) if !(options.quiet && looked.verdict == Verdict::Ok) => {
            output::report(report, options.format, color)?;
        }
        Printed::Nothing | Printed::Report(_) | Printed::News(_) => {}
    }
    Ok(looked.verdict.exit_status())
}
