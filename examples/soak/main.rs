//! A year in virtual time: does the store stay small, does a run stay as quick, is everything told, and once?
//!
//! `cargo run --release --example soak -- --accounts 1000 --days 365 --every 15m --changing 10 --keep 90d`
//!
//! Real: the configuration, the store file, every step of the program, HTTP to a useapi.net and two webhooks on loopback.
//! Virtual: time. The memory that is printed holds the simulator too. Exits 1 when a promise is broken.

mod judge;
mod vendor;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::http::StatusCode;
use chrono::{TimeDelta, TimeZone, Utc};
use clap::Parser;
use minimax_watch::api::Client;
use minimax_watch::config::{self, Environment, Source};
use minimax_watch::domain::time::Timestamp;
use minimax_watch::engine::{Engine, Scope};
use minimax_watch::notify::Sender;
use minimax_watch::simulator::{Hook, Reply, UseApi, VirtualNow};
use minimax_watch::store::Store;

use judge::Judge;
use vendor::Vendor;

/// It opens nothing but this soak's simulator.
const TOKEN: &str = "user:1234-soak";

#[derive(Parser)]
struct Options {
    /// How many accounts are watched.
    #[arg(long, default_value_t = 60)]
    accounts: usize,
    /// How many days pass.
    #[arg(long, default_value_t = 90)]
    days: i64,
    /// A run every so often.
    #[arg(long, default_value = "4h")]
    every: humantime::Duration,
    /// Of a thousand accounts, how many change each day.
    #[arg(long, default_value_t = 50)]
    changing: usize,
    /// `[store].keep`
    #[arg(long, default_value = "14d")]
    keep: String,
}

/// Everything that goes on.
struct Soak {
    options: Options,
    now: VirtualNow,
    start: Timestamp,
    api: UseApi,
    vendor: Vendor,
    pager: Hook,
    desk: Hook,
    engine: Engine,
    judge: Judge,
    next_word: Option<Timestamp>,
    next_purge: Timestamp,
}

/// How long each step of one run took.
#[derive(Clone, Copy, Default)]
struct Took {
    look: Duration,
    tell: Duration,
    purge: Duration,
}

/// What a stretch of the soak came to.
struct Stretch {
    until: Timestamp,
    file: u64,
    wal: u64,
    memory: u64,
    look: Duration,
    tell: Duration,
    purge: Duration,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let began = Instant::now();
    let mut soak = Soak::open(options, folder.path()).await?;
    let stretches = soak.live().await?;
    soak.print(&stretches, began.elapsed())?;
    soak.verdict(&stretches).await
}

impl Soak {
    async fn open(options: Options, folder: &Path) -> anyhow::Result<Self> {
        let start = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().context("a date")?;
        let now = VirtualNow::new(start);
        let api = UseApi::open(&now).await?;
        let vendor = Vendor::new(api.subscribe(TOKEN.into()), options.accounts, start);
        let (pager, desk) = (Hook::open(&now, None).await?, Hook::open(&now, None).await?);
        let file = folder.join("minimax-watch.toml");
        std::fs::write(folder.join("token"), TOKEN)?;
        std::fs::write(&file, configuration(&options, &api, &pager, &desk))?;
        let environment: Environment = std::iter::empty::<(&str, &str)>().collect();
        let config = config::load(&Source::File(file), &environment, start)?.config;
        let store = Store::open(&config.store.path).await?;
        let client = Client::new(&config.api)?;
        let engine = Engine { config: config.into(), store, client, sender: Sender::new()? };
        let judge = Judge::default();
        Ok(Self {
            options,
            now,
            start,
            api,
            vendor,
            pager,
            desk,
            engine,
            judge,
            next_word: None,
            next_purge: start,
        })
    }

    /// Lives through it; a look at store and memory at each twelfth.
    async fn live(&mut self) -> anyhow::Result<Vec<Stretch>> {
        let every = TimeDelta::from_std(*self.options.every)?;
        let end = self.start + TimeDelta::days(self.options.days);
        let stretch = (end - self.start) / 12;
        let (mut stretches, mut times) = (Vec::new(), Vec::new());
        let mut moment = self.start;
        while moment < end {
            self.happen(moment);
            times.push(self.run(moment).await?);
            moment += every;
            self.pass(moment).await?;
            if moment - self.start >= stretch * (i32::try_from(stretches.len())? + 1) {
                let seen = self.stretch(moment, &mut times)?;
                writeln!(std::io::stderr(), "{}: {} KiB", seen.until.date_naive(), seen.file / 1024)?;
                stretches.push(seen);
            }
        }
        // Whatever waits for the desk is told before the end.
        self.desk.set(None);
        self.pass(end + TimeDelta::days(1)).await?;
        Ok(stretches)
    }

    /// What the world does between two runs.
    fn happen(&mut self, now: Timestamp) {
        self.now.set(now);
        self.vendor.happen(now, self.options.changing);
        // Three days of thirty.
        let is_down = (now - self.start).num_days() % 30 < 3;
        self.desk.set(is_down.then(|| Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
        self.api.forget_requests();
    }

    async fn run(&mut self, now: Timestamp) -> anyhow::Result<Took> {
        let began = Instant::now();
        let pass = self.engine.check(&Scope::Everything, now, &|_, _| {}).await?;
        let looked = Instant::now();
        let mut now = now;
        if pass.doubts {
            now += self.engine.config.alerts.confirm_after;
            self.now.set(now);
            self.engine.confirm(pass.run, now, &|_, _| {}).await?;
        }
        let doubted = Instant::now();
        self.tell(now).await?;
        let told = Instant::now();
        if self.next_purge <= now {
            while self.engine.purge(now).await?.more {}
            self.next_purge = now + TimeDelta::hours(1);
        }
        Ok(Took { look: looked - began, tell: told - doubted, purge: told.elapsed() })
    }

    /// Wakes at each moment at which there is something to say or to send, as the service does.
    async fn pass(&mut self, until: Timestamp) -> anyhow::Result<()> {
        while let Some(moment) = self.next_word.filter(|moment| *moment < until) {
            self.now.set(moment);
            self.tell(moment).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let (announced, delivery) = self.engine.tell(now).await?;
        self.next_word = [announced.next, delivery.next].into_iter().flatten().min();
        for (name, hook) in [("pager", &self.pager), ("desk", &self.desk)] {
            for delivery in hook.deliveries() {
                self.judge.hears(name, &delivery)?;
            }
            hook.forget();
        }
        Ok(())
    }

    fn stretch(&self, until: Timestamp, times: &mut Vec<Took>) -> anyhow::Result<Stretch> {
        let store = &self.engine.config.store.path;
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        let median = |of: fn(&Took) -> Duration| {
            let mut all: Vec<Duration> = times.iter().map(of).collect();
            all.sort();
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        let (look, tell) = (median(|took| took.look), median(|took| took.tell));
        let purge = times.iter().map(|took| took.purge).max().unwrap_or_default();
        times.clear();
        let wal = size(&store.with_extension("db-wal"));
        Ok(Stretch { until, file: size(store), wal, memory: memory("VmRSS:")?, look, tell, purge })
    }

    fn print(&self, stretches: &[Stretch], took: Duration) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        let Options { accounts, days, every, changing, keep } = &self.options;
        writeln!(
            out,
            "{accounts} accounts, every {every}, {days} days, {changing} of 1,000 changing a day, keep = {keep}\n\n\
             | day | store | WAL | memory | a run looks for | and tells for | longest purge |\n|---|---|---|---|---|---|---|"
        )?;
        let ms = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1_000.0);
        for Stretch { until, file, wal, memory, look, tell, purge } in stretches {
            let day = (*until - self.start).num_days();
            let [file, wal] = [file, wal].map(|size| size / 1024);
            writeln!(
                out,
                "| {day} | {file} KiB | {wal} KiB | {memory} KiB | {} | {} | {} |",
                ms(*look),
                ms(*tell),
                ms(*purge)
            )?;
        }
        writeln!(
            out,
            "\npeak memory {} KiB, {} messages with {} rungs of {} ends, in {:.0} s",
            memory("VmHWM:")?,
            self.judge.messages(),
            self.judge.rungs(),
            self.judge.ends(),
            took.as_secs_f64()
        )?;
        Ok(())
    }

    /// Fails when a promise is broken.
    async fn verdict(self, stretches: &[Stretch]) -> anyhow::Result<()> {
        let waiting = self.engine.store.outbox(self.start).await?;
        ensure!((waiting.pending, waiting.failed) == (0, 0), "every message was taken: {waiting:?}");
        self.judge.everything_was_told(&self.vendor.rungs(self.now.now()), ["pager", "desk"])?;
        self.engine.store.close().await;
        judge::integrity(&self.engine.config.store.path).await?;
        let [.., third, _, _, last] = stretches else { anyhow::bail!("it was too short to say anything") };
        let first = stretches.get(1).context("a second stretch")?;
        let ratio = |a: f64, b: f64| a / b.max(f64::MIN_POSITIVE);
        #[expect(clippy::cast_precision_loss, reason = "sizes of files")]
        let growth = ratio(last.file as f64, third.file as f64);
        ensure!(growth < 1.05, "the store grew by a factor of {growth:.2} over the last quarter");
        ensure!(last.wal < 32 << 20, "the WAL has {} bytes", last.wal);
        for (what, of) in [("looks", (|s| s.look) as fn(&Stretch) -> Duration), ("tells", |s| s.tell)] {
            let slower = ratio(of(last).as_secs_f64(), of(first).as_secs_f64());
            ensure!(slower < 2.0, "a run {what} {slower:.1} times as long at the end as at the beginning");
        }
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "Every promise of this soak was kept: the store is sound and grows no more, each rung was told once."
        )?;
        Ok(())
    }
}

fn configuration(options: &Options, api: &UseApi, pager: &Hook, desk: &Hook) -> String {
    let accounts: Vec<String> =
        (0..options.accounts).map(|account| format!("{{ id = \"{}\" }}", vendor::id(account))).collect();
    format!(
        "[[subscriptions]]\nname = \"main\"\ntoken_file = \"token\"\naccounts = [{}]\n\
         [api]\nbase_url = \"{}\"\n[alerts]\nrepeat_every = \"24h\"\n[store]\npath = \"soak.db\"\nkeep = \"{}\"\n\
         [[receivers]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{}\"\n\
         [[receivers]]\nname = \"desk\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        accounts.join(", "),
        api.base_url().as_str().trim_end_matches('/'),
        options.keep,
        pager.url(),
        desk.url(),
    )
}

/// In KiB, as the kernel counts this process.
fn memory(line: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)).context("no such line")?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}
