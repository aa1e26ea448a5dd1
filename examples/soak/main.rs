//! A year in virtual time: does the store stay small, does a run stay as quick, is everything told, and once?
//!
//! `cargo run --release --example soak -- --accounts 1000 --days 365 --every 15m --changing 1 --keep 90d`
//!
//! Real: the configuration, the store file, every step of the program, HTTP to a useapi.net and two webhooks on loopback.
//! Virtual: time. The memory that is printed holds the simulator too. Exits 1 when a promise is broken.

mod judge;
mod measure;
mod vendor;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::http::StatusCode;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use clap::Parser;
use minimax_watch::api::Client;
use minimax_watch::config::{self, Environment, Source};
use minimax_watch::domain::time::Timestamp;
use minimax_watch::engine::{Engine, Scope};
use minimax_watch::notify::Sender;
use minimax_watch::simulator::{Hook, Reply, UseApi, VirtualNow};
use minimax_watch::store::{Store, Taught};

use judge::Judge;
use measure::{Gauge, Stretch, Took, memory, nothing_grew, table};
use vendor::Vendor;

/// It opens nothing but this soak's simulator.
const TOKEN: &str = "user:1234-soak";

/// The writing alone is timed in one run of so many.
const SAMPLE: u32 = 12;

/// So many runs in which nothing changes end the soak.
const STILL: u32 = 100;

#[derive(Parser)]
struct Options {
    /// How many accounts are watched.
    #[arg(long, default_value_t = 40)]
    accounts: usize,
    /// How many days pass.
    #[arg(long, default_value_t = 90)]
    days: i64,
    /// A run every so often.
    #[arg(long, default_value = "4h")]
    every: humantime::Duration,
    /// How many per cent of the accounts change each day.
    #[arg(long, default_value_t = 5)]
    changing: usize,
    /// `[store].keep`
    #[arg(long, default_value = "14d")]
    keep: String,
    /// The first day.
    #[arg(long, default_value = "2026-01-01")]
    start: NaiveDate,
    /// Leaves the store and its configuration in this new folder, for who wants to ask a store of that age.
    #[arg(long)]
    leave: Option<PathBuf>,
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
    runs: u32,
    /// The last moment at which there was something to hear.
    lived: Timestamp,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let began = Instant::now();
    let mut soak = Soak::open(options, folder.path()).await?;
    let stretches = soak.live().await?;
    soak.end(&stretches, began).await
}

impl Soak {
    async fn open(options: Options, folder: &Path) -> anyhow::Result<Self> {
        let start = options.start.and_time(NaiveTime::MIN).and_utc();
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
        let engine = Engine::new(config, store, client, Sender::over_network(), now.clock());
        let judge = Judge::new(folder.join("heard"))?;
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
            runs: 0,
            lived: start,
        })
    }

    /// Lives through it; a look at store and memory at each twelfth.
    async fn live(&mut self) -> anyhow::Result<Vec<Stretch>> {
        let every = TimeDelta::from_std(*self.options.every)?;
        let end = self.start + TimeDelta::days(self.options.days);
        let stretch = (end - self.start) / 12;
        let (mut stretches, mut gauge) = (Vec::new(), Gauge::default());
        let mut moment = self.start;
        while moment < end {
            self.happen(moment);
            let took = self.run(moment).await?;
            gauge.note(took, self.store());
            moment += every;
            self.pass(moment).await?;
            if moment - self.start >= stretch * (i32::try_from(stretches.len())? + 1) {
                let seen = gauge.stretch(moment, self.store())?;
                writeln!(std::io::stderr(), "{}: {} KiB", seen.until.date_naive(), seen.file / 1024)?;
                stretches.push(seen);
            }
        }
        // Whatever waits for the desk is told before the end.
        self.desk.set(None);
        self.pass(end + TimeDelta::days(1)).await?;
        self.lived = self.now.now();
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
        self.runs += 1;
        let began = Instant::now();
        let pass = self.engine.check(&Scope::Everything, now, &|_, _| {}).await?;
        let look = began.elapsed();
        let mut now = now;
        if pass.doubts {
            now += self.engine.config.alerts.confirm_after;
            self.now.set(now);
            self.engine.confirm(pass.run, None, now, &|_, _| {}).await?;
        }
        let began = Instant::now();
        self.engine.announce(now).await?;
        let announce = began.elapsed();
        let began = Instant::now();
        self.engine.deliver_all().await?;
        let deliver = began.elapsed();
        // That a message was taken or not may give something more to say.
        self.tell().await?;
        let mut purge = None;
        if self.next_purge <= now {
            let began = Instant::now();
            let mut purged = self.engine.purge(now).await?;
            while purged.more {
                purged = self.engine.purge_backlog(now).await?;
            }
            purge = Some(began.elapsed());
            self.next_purge = now + TimeDelta::hours(1);
        }
        let write = if self.runs.is_multiple_of(SAMPLE) { Some(self.write_again().await?) } else { None };
        Ok(Took { look, write, announce, deliver, purge })
    }

    /// Wakes at each moment at which there is something to say or to send, as the service does.
    async fn pass(&mut self, until: Timestamp) -> anyhow::Result<()> {
        while let Some(moment) = self.next_word.filter(|moment| *moment < until) {
            self.now.set(moment);
            self.tell().await?;
        }
        Ok(())
    }

    async fn tell(&mut self) -> anyhow::Result<()> {
        let (announced, delivery) = self.engine.tell().await?;
        self.next_word = [announced.next, delivery.next].into_iter().flatten().min();
        for (name, hook) in [("pager", &self.pager), ("desk", &self.desk)] {
            for delivery in hook.deliveries() {
                self.judge.hears(name, &delivery)?;
            }
            hook.forget();
        }
        Ok(())
    }

    /// How long it takes to read and write again what is known of every account; nothing of it is kept.
    async fn write_again(&self) -> anyhow::Result<Duration> {
        let members = self.engine.store.watched().await?;
        let began = Instant::now();
        let mut writer = self.engine.store.write().await?;
        let accounts: Vec<_> = members.iter().map(|member| &member.account).collect();
        let known = writer.known_of(accounts.iter().copied()).await?;
        let taught =
            known.iter().map(|(account, known)| Taught { account, standing: &known.standing, digest: None });
        writer.record_standings(taught).await?;
        writer.touch_snapshots(&accounts, self.now.now()).await?;
        drop(writer);
        Ok(began.elapsed())
    }

    /// Runs in which nothing changes, a second apart: by how many pages the store grows.
    async fn stand_still(&mut self) -> anyhow::Result<i64> {
        let before = judge::pages(self.store()).await?;
        for _ in 0..STILL {
            let now = self.now.now() + TimeDelta::seconds(1);
            self.now.set(now);
            self.engine.check(&Scope::Everything, now, &|_, _| {}).await?;
            self.engine.announce(now).await?;
        }
        Ok(judge::pages(self.store()).await? - before)
    }

    fn store(&self) -> &Path {
        &self.engine.config.store.path
    }

    /// Prints what was seen; fails when a promise is broken.
    async fn end(mut self, stretches: &[Stretch], began: Instant) -> anyhow::Result<()> {
        let peak = memory("VmHWM:")? / 1024;
        let grown = self.stand_still().await?;
        let heard = self.judge.end()?;
        let Options { accounts, days, every, changing, keep, .. } = &self.options;
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "{accounts} accounts, every {every}, {days} days, {changing} % changing a day, keep = {keep}\n"
        )?;
        table(&mut out, self.start, stretches)?;
        writeln!(
            out,
            "\nPeak memory {peak} MiB, with the simulator and the receivers in the same process.\n\
             {} runs, {} requests to the API, {} messages, {} rungs told; {STILL} more runs without a change: {grown} pages.\n\
             Real: the configuration, the store file, every step, HTTP on loopback. Virtual: the time. It took {:.0} s.",
            self.runs,
            self.api.request_count(),
            heard.messages,
            heard.rungs(),
            began.elapsed().as_secs_f64()
        )?;
        let store = self.engine.config.store.path.clone();
        let waiting = self.engine.store.outbox(self.start).await?;
        if let Some(folder) = &self.options.leave {
            std::fs::create_dir(folder).context("--leave: a new folder is wanted")?;
            self.engine.store.copy_to(&folder.join("soak.db")).await?;
            std::fs::write(folder.join("token"), TOKEN)?;
            let text = configuration(&self.options, &self.api, &self.pager, &self.desk);
            std::fs::write(folder.join("minimax-watch.toml"), text)?;
        }
        self.engine.store.close().await;
        ensure!((waiting.pending, waiting.failed) == (0, 0), "not every message was taken: {waiting:?}");
        heard.everything_was_told(&self.vendor.rungs(self.lived), ["pager", "desk"])?;
        judge::integrity(&store).await?;
        // Each has its row among the runs, and nothing else.
        ensure!(grown <= 3, "{STILL} runs without a change grew the store by {grown} pages");
        // From when the first token has ended and the oldest record is forgotten, nothing new begins.
        let keep = TimeDelta::from_std(*keep.parse::<humantime::Duration>()?)?;
        let settled = self.start + (vendor::FIRST + vendor::LIFE).max(keep);
        let first = stretches.iter().position(|seen| seen.until >= settled).unwrap_or(stretches.len());
        nothing_grew(stretches.get(first..).unwrap_or_default())?;
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
         [[receivers]]\nname = \"desk\"\ntype = \"webhook\"\nurl = \"{}\"\nfallback = \"pager\"\n",
        accounts.join(", "),
        api.base_url().as_str().trim_end_matches('/'),
        options.keep,
        pager.url(),
        desk.url(),
    )
}
