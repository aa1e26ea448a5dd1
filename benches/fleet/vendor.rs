//! The simulated vendor in a process and on a core of its own, and the handle by which the benchmark controls it.

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
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use secrecy::SecretString;
use tokio::runtime::Runtime;

use crate::simulator::{
    Answer, ErrorBody, FakeUseApi, NotFoundBody, Record, Reply, Subscription, VirtualNow, WebhookServer,
};
use crate::{TOKEN, costs};

/// The command line of the vendor's process.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Serve TLS, and write the certificate to this file.
    #[arg(long)]
    certificate: Option<PathBuf>,
}

/// Runs the vendor's process: reads commands from stdin and answers on stdout.
pub(crate) fn serve(options: &Options) -> anyhow::Result<()> {
    costs::pin_to_core(costs::vendor_core())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (now, end) = (VirtualNow::new(clock::now()), clock::now() + TimeDelta::days(20));
    let hook = runtime.block_on(WebhookServer::open(&now, None))?;
    let api = runtime.block_on(async {
        match &options.certificate {
            None => FakeUseApi::open(&now).await,
            Some(path) => FakeUseApi::open_tls(&now, tls(path)?).await,
        }
    })?;
    let subscription = api.subscribe(SecretString::from(TOKEN));
    let fleet = Fleet { api, subscription, end, hook, lag: Arc::default() };
    println!("{}", fleet.api.base_url());
    for order in io::stdin().lines() {
        let answer = fleet.execute(&order?, &runtime)?;
        // Otherwise the log grows with every request.
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
    api: FakeUseApi,
    subscription: Subscription,
    end: Timestamp,
    hook: WebhookServer,
    /// Microseconds between a run's last request and its message.
    lag: Arc<AtomicUsize>,
}

impl Fleet {
    fn execute(&self, order: &str, runtime: &Runtime) -> anyhow::Result<usize> {
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
            ["gone"] => self.subscription.set_all(Some(Answer::not_found(NotFoundBody::default()))),
            ["down"] => self
                .subscription
                .set_all(Some(Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Html))),
            ["counted"] => {}
            ["hook"] => return Ok(self.hook.address().port().into()),
            ["received"] => return Ok(self.hook.count()),
            ["time", requests] => self.time(requests.parse()?, runtime),
            ["lag"] => return Ok(self.lag.swap(usize::MAX, Ordering::SeqCst)),
            _ => bail!("unknown command: {order}"),
        }
        Ok(self.api.request_count())
    }

    /// Measures the time from the last of so many requests to the next message.
    fn time(&self, requests: usize, runtime: &Runtime) {
        let (api, hook, lag) = (self.api.clone(), self.hook.clone(), Arc::clone(&self.lag));
        let (asked, received) = (api.request_count() + requests, hook.count() + 1);
        runtime.spawn(async move {
            api.wait_for_requests(asked).await;
            let last = Instant::now();
            hook.wait_for(received).await;
            let passed = usize::try_from(last.elapsed().as_micros()).unwrap_or(usize::MAX);
            lag.store(passed, Ordering::SeqCst);
        });
    }

    fn text(&self, id: usize, jobs: i64) -> String {
        let now = clock::now();
        Record::ending(id.to_string(), self.end).max_jobs(jobs).to_json(now, 0).to_string()
    }

    /// Stores rendered bytes: a vendor that is slower than the client would distort the measurement.
    fn put(&self, id: usize, jobs: i64) {
        self.subscription.set_answer(&id.to_string(), Reply::json(StatusCode::OK, self.text(id, jobs)));
    }

    fn list(&self, last: usize, jobs: i64) {
        let members: Vec<String> = (1..=last).map(|id| format!("\"{id}\":{}", self.text(id, jobs))).collect();
        self.subscription
            .set_list(Some(Reply::json(StatusCode::OK, format!("{{{}}}", members.join(","))).into()));
    }
}

/// A handle to the vendor's process; dropping it ends the process.
pub(crate) struct Vendor {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) url: String,
    pub(crate) certificate: Option<PathBuf>,
}

impl Vendor {
    /// Starts the process; with a `certificate` to write, it serves TLS.
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

    /// Sends a command; returns the answer, which is mostly the number of requests so far.
    pub(crate) fn order(&mut self, order: &str) -> anyhow::Result<usize> {
        writeln!(self.orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let requests = answer.trim().strip_prefix("done ").with_context(|| format!("{order}: {answer}"))?;
        Ok(requests.parse()?)
    }

    /// Ensures that exactly `expected` requests came since the count was `before`; returns the new count.
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
