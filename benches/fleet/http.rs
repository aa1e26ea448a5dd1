//! The listener: what a page and a scrape cost, and what two hundred clients do to a run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::Signal;

use crate::costs::{count, pin_to_core, vendor_core};
use crate::ours::{Fetch, Ours, YEARLY, with_hook};
use crate::service::Service;
use crate::table::{Bound, bound};
use crate::vendor::Vendor;

const LISTEN: &str = "[http]\nlisten = \"127.0.0.1:0\"\n";

/// A service that checked `accounts` accounts before, and the address of its listener. `more` is configured besides.
fn listening(vendor: &mut Vendor, accounts: usize, more: &str) -> anyhow::Result<(Ours, Service, String)> {
    vendor.order(&format!("accounts 1 {accounts} 3"))?;
    let ours = Ours::new(vendor, accounts, Fetch::Each, &format!("{LISTEN}{YEARLY}\n{more}"))?;
    ours.check(0)?;
    let service = Service::start(&ours, "info")?;
    let line = service.until("listening on")?;
    let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
    let address = address.context("no address")?.trim_end_matches('/').to_owned();
    Ok((ours, service, address))
}

/// One connection of a client.
struct Client {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Client {
    fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        Ok(Self { stream: BufReader::new(stream), address: address.to_owned() })
    }

    /// The status and the size of an answer.
    fn get(&mut self, path: &str, accept: &str) -> anyhow::Result<(u16, usize)> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: {accept}\r\n\r\n", self.address);
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            ensure!(self.stream.read_line(&mut line)? > 0, "the connection ended");
            if status.is_none() {
                status = Some(line.split(' ').nth(1).context("no status")?.parse()?);
            } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            } else if line.trim().is_empty() {
                break;
            }
        }
        let mut body = (&mut self.stream).take(u64::try_from(length)?);
        std::io::copy(&mut body, &mut std::io::sink())?;
        Ok((status.context("no status")?, length))
    }
}

/// The processor time of one answer of each kind, with 1,000 accounts.
pub(crate) fn pages() -> anyhow::Result<bool> {
    const ANSWERS: u32 = 100;
    let mut vendor = Vendor::start(None)?;
    let (_ours, mut service, address) = listening(&mut vendor, 1_000, "")?;
    let mut client = Client::open(&address)?;
    let mut cost = |number: u32, ask: &dyn Fn(u32) -> (String, String)| -> anyhow::Result<f64> {
        let begun = service.processor()?;
        for index in 0..number {
            let (path, accept) = ask(index);
            let (status, _) = client.get(&path, &accept)?;
            ensure!(status == 200, "{path} was answered {status}");
        }
        Ok(service.processor()?.saturating_sub(begun).as_secs_f64() * 1_000.0 / f64::from(number))
    };
    let health = cost(20 * ANSWERS, &|_| ("/healthz".to_owned(), "*/*".to_owned()))?;
    // Each with another text, since equal questions share an answer for a moment.
    let spaces = |index: u32| "+".repeat(usize::try_from(index).unwrap_or(0));
    let page = cost(ANSWERS, &|index| (format!("/?q={}", spaces(index)), "*/*".to_owned()))?;
    let metrics = cost(ANSWERS, &|index| ("/metrics".to_owned(), format!("text/plain;number={index}")))?;
    service.end()?;
    bound("ms of processor time of /healthz", health, Bound::None);
    bound("ms of the page of 1,000 accounts", page, Bound::None);
    bound("ms of /metrics of 1,000 accounts", metrics, Bound::None);
    let mut kept = bound("the page to /healthz", page / health, Bound::AtMost(MOST_TO_HEALTH));
    kept &= bound("/metrics to /healthz", metrics / health, Bound::AtMost(MOST_TO_HEALTH));
    Ok(kept)
}

/// 20 ms, where the factor was chosen: `/healthz` takes a hundredth of a millisecond (docs/measurements.md).
const MOST_TO_HEALTH: f64 = 2_000.0;

/// A run of 10,000 accounts beside 200 clients that each ask for the page and the metrics every ten seconds, and without them.
pub(crate) fn clients() -> anyhow::Result<bool> {
    const ACCOUNTS: usize = 10_000;
    const CLIENTS: usize = 200;
    const EVERY: Duration = Duration::from_secs(10);
    let mut vendor = Vendor::start(None)?;
    let hook = with_hook(&mut vendor, "")?;
    let (_ours, mut service, address) = listening(&mut vendor, ACCOUNTS, &hook)?;
    // Its time until its message is delivered, and that from its last request to the arrival of the message about a change of the last account.
    let mut run = |jobs: u8| -> anyhow::Result<(f64, f64)> {
        vendor.order(&format!("accounts {ACCOUNTS} {ACCOUNTS} {jobs}"))?;
        vendor.order(&format!("time {ACCOUNTS}"))?;
        let begun = Instant::now();
        service.signal(Signal::HUP)?;
        service.until("message delivered to hook")?;
        let took = begun.elapsed().as_secs_f64();
        Ok((took, count(vendor.order("lag")?) / 1_000.0))
    };
    let (alone, lag_alone) = run(2)?;
    let peak_alone = service.peak()?;
    let (stop, answered, refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let ask = |index: u32| {
        // Not on the core of the service.
        let _ = pin_to_core(vendor_core());
        std::thread::sleep(EVERY * index / u32::try_from(CLIENTS).unwrap_or(1));
        while !stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            for path in ["/", "/metrics"] {
                let status = Client::open(&address).and_then(|mut client| client.get(path, "*/*"));
                let counter =
                    if status.is_ok_and(|(status, _)| status == 200) { &answered } else { &refused };
                counter.fetch_add(1, Ordering::Relaxed);
            }
            while begun.elapsed() < EVERY && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    };
    let (beside, lag_beside) = std::thread::scope(|scope| {
        for index in 0..u32::try_from(CLIENTS).unwrap_or(0) {
            let ask = &ask;
            scope.spawn(move || ask(index));
        }
        let beside = run(1);
        stop.store(true, Ordering::Relaxed);
        beside
    })?;
    let memory = service.peak()? - peak_alone;
    service.end()?;
    bound("seconds of a run of 10,000 accounts", alone, Bound::None);
    bound("answers to 200 clients meanwhile", count(answered.into_inner()), Bound::None);
    let mut kept = bound("refused or broken answers", count(refused.into_inner()), Bound::AtMost(0.0));
    kept &= bound("the run beside 200 clients to the run alone", beside / alone, Bound::AtMost(1.1));
    bound("ms from the last request of the run alone to its message", lag_alone, Bound::None);
    kept &= bound("ms more with 200 clients", lag_beside - lag_alone, Bound::AtMost(1_000.0));
    kept &= bound("MiB more at the peak with 200 clients", memory, Bound::AtMost(40.0));
    Ok(kept)
}
