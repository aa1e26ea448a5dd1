//! Measurements of the program alone: growth of cost, memory and store, and delays.

use std::time::{Duration, Instant};

use anyhow::Context;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::costs::{count, median};
use crate::http;
use crate::ours::{Fetch, Ours, YEARLY, with_hook};
use crate::series::ratio;
use crate::service::Service;
use crate::table::{Bound, Row, bound, grouped};
use crate::vendor::Vendor;

/// Measures, prints, and returns whether every bound was kept.
type Scene = fn() -> anyhow::Result<bool>;

/// All scenes by name.
pub(crate) const ALL: [(&str, Scene); 9] = [
    ("growth", growth),
    ("unchanged", unchanged),
    ("changing", changing),
    ("failing", failing),
    ("message", message),
    ("start", start),
    ("idle", idle),
    ("pages", http::pages),
    ("clients", http::clients),
];

/// 100,000 accounts by one check, by checks of 10,000 and by checks of 1,000, in turn: they are not dearer together.
fn growth() -> anyhow::Result<bool> {
    const N: usize = 100_000;
    const ROUNDS: usize = 4;
    let mut vendor = Vendor::start(None)?;
    vendor.order(&format!("accounts 1 {N} 3"))?;
    let mut fleets = Vec::new();
    for accounts in [N, 10_000, 1_000] {
        let ours = Ours::new(&vendor, accounts, Fetch::Each, "")?;
        ours.check(0)?;
        fleets.push((accounts, ours, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (accounts, ours, checks) in &mut fleets {
            for _ in 0..N / *accounts {
                checks.push(ours.check(0)?);
            }
        }
    }
    for (accounts, _, checks) in &fleets {
        Row::of("100,000 in turn", &format!("`check` of {}", grouped(*accounts)), *accounts, checks);
    }
    let mut kept = true;
    if let [(_, _, together), smaller @ ..] = fleets.as_slice() {
        for (accounts, _, checks) in smaller {
            let what = format!("CPU per check with 100,000 accounts to that with {}", grouped(*accounts));
            let processor = ratio(together, checks, |cost| cost.processor.as_secs_f64());
            kept &= bound(&what, processor, Bound::AtMost(1.25));
        }
    }
    Ok(kept)
}

/// A hundred runs without a change.
fn unchanged() -> anyhow::Result<bool> {
    const N: usize = 10_000;
    let mut vendor = Vendor::start(None)?;
    vendor.order(&format!("accounts 1 {N} 3"))?;
    vendor.order(&format!("list {N} 3"))?;
    let ours = Ours::new(&vendor, N, Fetch::List, "")?;
    ours.check(0)?;
    let size = ours.store_size()?;
    for _ in 0..100 {
        ours.check(0)?;
    }
    let grown = count(usize::try_from(ours.store_size()?.saturating_sub(size))?);
    Ok(bound(
        "bytes that the store grew by in 100 runs of 10,000, nothing changed",
        grown,
        Bound::AtMost(0.0),
    ))
}

/// One account in a hundred changes between runs.
fn changing() -> anyhow::Result<bool> {
    const N: usize = 10_000;
    const ROUNDS: usize = 10;
    let mut vendor = Vendor::start(None)?;
    vendor.order(&format!("accounts 1 {N} 3"))?;
    let ours = Ours::new(&vendor, N, Fetch::Each, "")?;
    ours.check(0)?;
    let (size, mut checks) = (ours.store_size()?, Vec::new());
    for round in 0..ROUNDS {
        let first = round * N / 100 + 1;
        vendor.order(&format!("accounts {first} {} 4", first + N / 100 - 1))?;
        checks.push(ours.check(0)?);
    }
    let grown = count(usize::try_from(ours.store_size()? - size)?) / 1_024.0;
    Row::of(&grouped(N), "`check`, 1 % changed", N, &checks);
    let per_1000 = grown * 1_000.0 / count(N * ROUNDS);
    Ok(bound("KiB that the store grew by per 1,000 checks", per_1000, Bound::AtMost(10.0)))
}

/// Every account is missing at once, for `check` and for the service; there is one receiver.
fn failing() -> anyhow::Result<bool> {
    const N: usize = 10_000;
    let mut vendor = Vendor::start(None)?;
    vendor.order(&format!("accounts 1 {N} 3"))?;
    let hook = with_hook(&mut vendor, "confirm_after = \"1s\"")?;
    let ours = Ours::new(&vendor, N, Fetch::Each, &hook)?;
    ours.check(0)?;
    vendor.order("gone")?;
    let gone = ours.check(2)?;
    let messages = vendor.order("received")?;
    vendor.order("healthy")?;
    ours.check(0)?;
    vendor.order("gone")?;
    let before = vendor.order("received")?;
    let other = Ours::new(&vendor, N, Fetch::Each, &hook)?;
    let mut service = Service::start(&other, "warn")?;
    let started = Instant::now();
    while vendor.order("received")? == before {
        anyhow::ensure!(started.elapsed() < Duration::from_mins(5), "the service sent nothing");
        std::thread::sleep(Duration::from_millis(50));
    }
    let served = service.peak()?;
    service.end()?;
    vendor.order("healthy")?;
    ours.check(0)?;
    vendor.order("down")?;
    let down = ours.check(3)?;
    Row::of(&grouped(N), "`check`, all missing, each checked twice, notified", 2 * N, &[gone]);
    let down = Row::of(&grouped(N), "`check`, 503 for all", N, &[down]);
    let mut kept = bound("messages", count(messages), Bound::AtMost(1.0));
    kept &= bound("messages, at least", count(messages), Bound::AtLeast(1.0));
    kept &= bound("peak MiB of the service", served, Bound::AtMost(40.0));
    kept &= bound(
        "peak MiB of `check`, with its report of all",
        gone.memory.max(down.memory),
        Bound::AtMost(40.0),
    );
    Ok(kept)
}

/// The delay from a run's last request to its message.
fn message() -> anyhow::Result<bool> {
    const N: usize = 1_000;
    let mut vendor = Vendor::start(None)?;
    vendor.order(&format!("accounts 1 {N} 3"))?;
    let hook = with_hook(&mut vendor, "")?;
    let ours = Ours::new(&vendor, N, Fetch::Each, &hook)?;
    ours.check(0)?;
    let mut lags = Vec::new();
    for jobs in 4..11 {
        vendor.order(&format!("accounts 7 7 {jobs}"))?;
        vendor.order(&format!("time {N}"))?;
        ours.check(0)?;
        lags.push(count(vendor.order("lag")?) / 1_000.0);
    }
    Ok(bound("ms from the last request of 1,000 to the message's arrival", median(lags), Bound::AtMost(50.0)))
}

/// Start and check with ten thousand accounts and a year of history.
fn start() -> anyhow::Result<bool> {
    const N: usize = 10_000;
    let mut vendor = Vendor::start(None)?;
    vendor.order(&format!("accounts 1 {N} 3"))?;
    let ours = Ours::new(&vendor, N, Fetch::Each, YEARLY)?;
    ours.check(0)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(add_year_of_history(&ours))?;
    ours.check(0)?;
    let size = count(usize::try_from(ours.store_size()?)?) / f64::from(1 << 20);
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let mut service = Service::start(&ours, "info")?;
        service.until("watching")?;
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
        service.end()?;
    }
    let young = Ours::new(&vendor, N, Fetch::Each, YEARLY)?;
    young.check(0)?;
    let (mut with_history, mut without) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        with_history.push(ours.check(0)?);
        without.push(young.check(0)?);
    }
    Row::of(&grouped(N), &format!("`check`, a year of history, {size:.0} MiB"), N, &with_history);
    Row::of(&grouped(N), "`check`, no history", N, &without);
    let mut kept = bound("ms until ready", median(times), Bound::AtMost(200.0));
    let processor = ratio(&with_history, &without, |cost| cost.processor.as_secs_f64());
    kept &= bound("CPU with a year of history to none", processor, Bound::AtMost(1.25));
    Ok(kept)
}

/// Memory and wake-ups of a service that has nothing to do.
fn idle() -> anyhow::Result<bool> {
    const WATCHED: Duration = Duration::from_secs(70);
    // A sleep of a minute ends with up to three wake-ups of the runtime's timer wheel, all within its last 4.1 s.
    const ONE_WAKEUP: Duration = Duration::from_secs(5);
    let mut vendor = Vendor::start(None)?;
    vendor.order("accounts 1 1000 3")?;
    let ours = Ours::new(&vendor, 1_000, Fetch::Each, YEARLY)?;
    let mut service = Service::start(&ours, "info")?;
    service.until("run finished")?;
    // Let the end of the run pass: notification, purge, and the closing of idle connections.
    std::thread::sleep(Duration::from_secs(15));
    let (started, mut switches, mut wakeups) = (Instant::now(), service.switches()?, 0);
    let mut wakeup: Option<Instant> = None;
    while started.elapsed() < WATCHED {
        std::thread::sleep(Duration::from_millis(250));
        let now = service.switches()?;
        if now > switches && wakeup.is_none_or(|began| began.elapsed() > ONE_WAKEUP) {
            wakeups += 1;
            wakeup = Some(Instant::now());
        }
        switches = now;
    }
    let memory = service.memory()?;
    service.end()?;
    let mut kept = bound("MiB of an idle service with 1,000 accounts", memory, Bound::AtMost(16.0));
    kept &= bound("times at which it woke in 70 s", count(wakeups), Bound::AtMost(2.0));
    Ok(kept)
}

/// Writes a year's history of every account: twelve tokens, four changes, a run each quarter of an hour.
async fn add_year_of_history(ours: &Ours) -> anyhow::Result<()> {
    let mut store = SqliteConnectOptions::new().filename(ours.store()).connect().await?;
    sqlx::raw_sql(
        "BEGIN;
         CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 35040) SELECT i FROM n;
         CREATE TEMP TABLE t AS SELECT MAX(started_at) AS now FROM main.runs;
         INSERT INTO snapshots (account, configuration, first_seen_at, last_seen_at, checks)
             SELECT a.key, s.configuration, t.now - (n.i + 1) * 2592000000, t.now - n.i * 2592000000, 2880
             FROM n, t, accounts a JOIN snapshots s ON s.id = a.snapshot WHERE n.i <= 12;
         INSERT INTO changes (account, kind, severity, field, before_value, after_value, at, processed)
             SELECT a.key, 'max_jobs_changed', 'info', 'maxJobs', '3', '4', t.now - n.i * 7776000000, 1
             FROM n, t, accounts a WHERE n.i <= 4;
         INSERT INTO alerts (id, subscription, account, kind, stage, severity, expires_at, detail, affected, opened_at, reached_at,
                             resolved_at, closed)
             SELECT printf('%026d', a.key * 100 + n.i), a.subscription, a.id, 'expiry', '7d', 'warning', t.now - n.i * 2592000000,
                    'Token ends', 1, t.now - n.i * 2592000000 - 604800000, t.now - n.i * 2592000000 - 604800000,
                    t.now - n.i * 2592000000, 1
             FROM n, t, accounts a WHERE n.i <= 12;
         INSERT INTO messages (id, receiver, channel, format, summary, state, attempts, created_at, finished_at, body, content)
             SELECT printf('message-%d', n.i), 'gone', 'webhook', 'standard', 'something', 'delivered', 1, t.now - n.i * 3600000,
                    t.now - n.i * 3600000, zeroblob(2000), '{}' FROM n, t WHERE n.i <= 8760;
         INSERT INTO runs (id, started_at, finished_at, checked, ok)
             SELECT t.now - n.i * 900000, t.now - n.i * 900000, t.now - n.i * 900000 + 60000, 10000, 10000 - n.i % 7 FROM n, t;
         COMMIT",
    )
    .execute(&mut store)
    .await
    .context("no history")?;
    SqliteConnection::close(store).await?;
    Ok(())
}
