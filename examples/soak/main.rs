//! A year in virtual time: does the store stay small, does a run stay as quick, is every notification sent, and once?
//!
//! `cargo run --release --example soak -- --accounts 1000 --days 365 --every 15m --changing 1 --keep 90d`
//!
//! Real: the configuration, the store file, every step of the program, HTTP to a useapi.net and two webhooks on loopback.
//! Virtual: time. The memory that is printed holds the simulator too. Exits 1 when a promise is broken.

mod measure;
#[path = "../../tests/support/simulator/mod.rs"]
mod simulator;
mod vendor;
mod verify;

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
use minimax_watch::engine::{Engine, NextStep, Run, Scope};
use minimax_watch::notify::Sender;
use minimax_watch::store::{StateRow, Store};

use measure::{Gauge, Stretch, Took, memory, nothing_grew, table};
use simulator::{FakeUseApi, Reply, VirtualNow, WebhookServer};
use vendor::Vendor;
use verify::Verifier;

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
    /// Leaves the store and its configuration in this new folder, to inspect a store of that age.
    #[arg(long)]
    leave: Option<PathBuf>,
}

/// Everything that goes on.
struct Soak {
    options: Options,
    now: VirtualNow,
    start: Timestamp,
    api: FakeUseApi,
    vendor: Vendor,
    pager: WebhookServer,
    desk: WebhookServer,
    engine: Engine,
    verifier: Verifier,
    next_change_at: Option<Timestamp>,
    next_purge: Timestamp,
    runs: u32,
    /// The last moment at which there was something to hear.
    end_at: Timestamp,
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
        let api = FakeUseApi::open(&now).await?;
        let vendor = Vendor::new(api.subscribe(TOKEN.into()), options.accounts, start);
        let (pager, desk) = (WebhookServer::open(&now, None).await?, WebhookServer::open(&now, None).await?);
        let file = folder.join("minimax-watch.toml");
        std::fs::write(folder.join("token"), TOKEN)?;
        std::fs::write(&file, configuration(&options, &api, &pager, &desk))?;
        let environment: Environment = std::iter::empty::<(&str, &str)>().collect();
        let config = config::load(&Source::File(file), &environment, start)?.config;
        let store = Store::open(&config.store.path).await?;
        let client = Client::new(&config.api)?;
        let engine = Engine::new(config, store, client, Sender::over_network(), now.clock());
        let verifier = Verifier::new(folder.join("received"))?;
        Ok(Self {
            options,
            now,
            start,
            api,
            vendor,
            pager,
            desk,
            engine,
            verifier,
            next_change_at: None,
            next_purge: start,
            runs: 0,
            end_at: start,
        })
    }

    /// Runs through the whole time; measures store and memory at each twelfth.
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
        // What is pending for the desk is delivered before the end.
        self.desk.set(None);
        self.pass(end + TimeDelta::days(1)).await?;
        self.end_at = self.now.now();
        Ok(stretches)
    }

    /// What happens between two runs.
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
        let (mut now, mut check) = (now, None);
        let mut run = Run::start(Scope::Everything);
        loop {
            let step = run.advance(&self.engine, now, &|_, _| {}).await?;
            check.get_or_insert_with(|| began.elapsed());
            let NextStep::WaitUntil(until, _) = step else { break };
            now = until;
            self.now.set(now);
        }
        let began = Instant::now();
        self.engine.evaluate_alerts(now).await?;
        let evaluate = began.elapsed();
        let began = Instant::now();
        self.engine.deliver_all().await?;
        let deliver = began.elapsed();
        // Accepted and refused messages may cause new ones.
        self.notify().await?;
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
        Ok(Took { check: check.unwrap_or_default(), write, evaluate, deliver, purge })
    }

    /// Wakes at each moment at which an alert or a delivery is due, as the service does.
    async fn pass(&mut self, until: Timestamp) -> anyhow::Result<()> {
        while let Some(moment) = self.next_change_at.filter(|moment| *moment < until) {
            self.now.set(moment);
            self.notify().await?;
        }
        Ok(())
    }

    async fn notify(&mut self) -> anyhow::Result<()> {
        let (evaluated, delivery) = self.engine.notify_and_deliver().await?;
        self.next_change_at = [evaluated.next, delivery.next].into_iter().flatten().min();
        for (name, hook) in [("pager", &self.pager), ("desk", &self.desk)] {
            for delivery in hook.deliveries() {
                self.verifier.record(name, &delivery)?;
            }
            hook.forget();
        }
        Ok(())
    }

    /// How long it takes to read and write again what is known of every account; nothing of it is kept.
    async fn write_again(&self) -> anyhow::Result<Duration> {
        let watched = self.engine.store.watched().await?;
        let began = Instant::now();
        let mut writer = self.engine.store.write().await?;
        let accounts: Vec<_> = watched.iter().map(|record| &record.account).collect();
        let known = writer.accounts_by_key(accounts.iter().copied()).await?;
        let taught = known.iter().map(|(account, known)| StateRow {
            account,
            account_state: &known.account_state,
            checksum: None,
        });
        writer.save_account_states(taught).await?;
        writer.touch_snapshots(&accounts, self.now.now()).await?;
        drop(writer);
        Ok(began.elapsed())
    }

    /// Runs in which nothing changes, a second apart: by how many pages the store grows.
    async fn stand_still(&mut self) -> anyhow::Result<i64> {
        let before = verify::pages(self.store()).await?;
        for _ in 0..STILL {
            let now = self.now.now() + TimeDelta::seconds(1);
            self.now.set(now);
            Run::start(Scope::Everything).advance(&self.engine, now, &|_, _| {}).await?;
            self.engine.evaluate_alerts(now).await?;
        }
        Ok(verify::pages(self.store()).await? - before)
    }

    fn store(&self) -> &Path {
        &self.engine.config.store.path
    }

    /// Prints what was seen; fails when a promise is broken.
    async fn end(mut self, stretches: &[Stretch], began: Instant) -> anyhow::Result<()> {
        let peak = memory("VmHWM:")? / 1024;
        let grown = self.stand_still().await?;
        let received = self.verifier.finish()?;
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
             {} runs, {} requests to the API, {} messages, {} stages notified; {STILL} more runs without a change: {grown} pages.\n\
             Real: the configuration, the store file, every step, HTTP on loopback. Virtual: the time. It took {:.0} s.",
            self.runs,
            self.api.request_count(),
            received.messages,
            received.stages(),
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
        received.verify_stages(&self.vendor.stages(self.end_at), ["pager", "desk"])?;
        verify::integrity(&store).await?;
        // Each has its row among the runs, and nothing else.
        ensure!(grown <= 3, "{STILL} runs without a change grew the store by {grown} pages");
        // From when the first token has ended and the oldest record is forgotten, nothing new begins.
        let keep = TimeDelta::from_std(*keep.parse::<humantime::Duration>()?)?;
        let closed = self.start + (vendor::FIRST + vendor::LIFE).max(keep);
        let first = stretches.iter().position(|seen| seen.until >= closed).unwrap_or(stretches.len());
        nothing_grew(stretches.get(first..).unwrap_or_default())?;
        writeln!(
            out,
            "Every promise of this soak was kept: the store is sound and grows no more, each stage was notified once."
        )?;
        Ok(())
    }
}

fn configuration(options: &Options, api: &FakeUseApi, pager: &WebhookServer, desk: &WebhookServer) -> String {
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
