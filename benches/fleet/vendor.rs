//! The simulated vendor, in a process and on a core of its own, and the conductor's hold on it.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::{
    Answer, Hook, Missing, Page, Record, Reply, Subscription, UseApi, VirtualNow,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use secrecy::SecretString;
use tokio::runtime::Runtime;

use crate::{TOKEN, costs};

/// What the vendor's process is told at its start.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Serve TLS, and leave the certificate there.
    #[arg(long)]
    certificate: Option<PathBuf>,
}

/// The process.
pub(crate) fn serve(options: &Options) -> anyhow::Result<()> {
    costs::settle_on(costs::theirs())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (now, end) = (VirtualNow::new(clock::now()), clock::now() + TimeDelta::days(20));
    let hook = runtime.block_on(Hook::open(&now, None))?;
    let api = runtime.block_on(async {
        match &options.certificate {
            None => UseApi::open(&now).await,
            Some(path) => UseApi::open_tls(&now, tls(path)?).await,
        }
    })?;
    let subscription = api.subscribe(SecretString::from(TOKEN));
    let fleet = Fleet { api, subscription, end, hook, lag: Arc::default() };
    println!("{}", fleet.api.base_url());
    for order in io::stdin().lines() {
        let answer = fleet.obey(&order?, &runtime)?;
        // It grows with every request otherwise.
        fleet.api.forget_requests();
        println!("done {answer}");
    }
    Ok(())
}

fn tls(certificate: &Path) -> io::Result<Arc<ServerConfig>> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(io::Error::other)?;
    std::fs::write(certificate, made.cert.pem())?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut tls = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(io::Error::other)?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}

struct Fleet {
    api: UseApi,
    subscription: Subscription,
    end: Timestamp,
    hook: Hook,
    /// How many microseconds passed between a run's last request and its message.
    lag: Arc<AtomicUsize>,
}

impl Fleet {
    fn obey(&self, order: &str, runtime: &Runtime) -> anyhow::Result<usize> {
        let words: Vec<&str> = order.split(' ').collect();
        match words.as_slice() {
            ["accounts", first, last, jobs] => {
                for id in first.parse::<usize>()?..=last.parse()? {
                    self.put(id, jobs.parse()?);
                }
            }
            ["list", last, jobs] => self.list(last.parse()?, jobs.parse()?),
            ["latency", ms] => self.api.set_latency(Duration::from_millis(ms.parse()?)),
            ["healthy"] => self.subscription.set_all(None),
            ["gone"] => self.subscription.set_all(Some(Answer::not_found(Missing::default()))),
            ["down"] => self
                .subscription
                .set_all(Some(Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, Page::Html))),
            ["counted"] => {}
            ["hook"] => return Ok(self.hook.address().port().into()),
            ["heard"] => return Ok(self.hook.count()),
            ["time", requests] => self.time(requests.parse()?, runtime),
            ["lag"] => return Ok(self.lag.swap(usize::MAX, Ordering::SeqCst)),
            _ => bail!("not an order: {order}"),
        }
        Ok(self.api.request_count())
    }

    /// Stops the time from the last of so many requests to the next message.
    fn time(&self, requests: usize, runtime: &Runtime) {
        let (api, hook, lag) = (self.api.clone(), self.hook.clone(), Arc::clone(&self.lag));
        let (asked, heard) = (api.request_count() + requests, hook.count() + 1);
        runtime.spawn(async move {
            api.wait_for_requests(asked).await;
            let last = Instant::now();
            hook.wait_for(heard).await;
            let passed = usize::try_from(last.elapsed().as_micros()).unwrap_or(usize::MAX);
            lag.store(passed, Ordering::SeqCst);
        });
    }

    fn text(&self, id: usize, jobs: i64) -> String {
        let now = clock::now();
        Record::ending(id.to_string(), self.end).max_jobs(jobs).to_json(now, 0).to_string()
    }

    /// Kept as bytes: a vendor that is slower than who asks would be what is measured.
    fn put(&self, id: usize, jobs: i64) {
        self.subscription.set(&id.to_string(), Reply::json(StatusCode::OK, self.text(id, jobs)));
    }

    fn list(&self, last: usize, jobs: i64) {
        let members: Vec<String> = (1..=last).map(|id| format!("\"{id}\":{}", self.text(id, jobs))).collect();
        self.subscription
            .set_list(Some(Reply::json(StatusCode::OK, format!("{{{}}}", members.join(","))).into()));
    }
}

/// The conductor's hold on the process, which ends with it.
pub(crate) struct Vendor {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) url: String,
    pub(crate) certificate: Option<PathBuf>,
}

impl Vendor {
    /// Starts it; with a `certificate` to write, behind TLS.
    pub(crate) fn start(certificate: Option<PathBuf>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("vendor").stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(path) = &certificate {
            command.arg("--certificate").arg(path);
        }
        let mut process = command.spawn().context("cannot start the vendor")?;
        let orders = process.stdin.take().context("no stdin")?;
        let mut answers = BufReader::new(process.stdout.take().context("no stdout")?);
        let mut url = String::new();
        answers.read_line(&mut url)?;
        Ok(Self { process, orders, answers, url: url.trim().to_owned(), certificate })
    }

    /// Gives an order; tells what the vendor answers, which is mostly how many requests it got so far.
    pub(crate) fn order(&mut self, order: &str) -> anyhow::Result<usize> {
        writeln!(self.orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let requests = answer.trim().strip_prefix("done ").with_context(|| format!("{order}: {answer}"))?;
        Ok(requests.parse()?)
    }

    /// Makes sure that exactly `expected` requests came since the count was `before`; tells the new count.
    pub(crate) fn asked(&mut self, before: usize, expected: usize) -> anyhow::Result<usize> {
        let after = self.order("counted")?;
        ensure!(after - before == expected, "{} requests instead of {expected}", after - before);
        Ok(after)
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
