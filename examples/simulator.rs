//! A useapi.net on loopback to try other programs against, and faulty peers. It never connects to the vendor.
//!
//! Without arguments it prints its base URL and a valid token, each on a line, and serves until stdin is closed.
//!
//! ```text
//! cargo run --example simulator
//! USEAPI_TOKEN=… MINIMAX_WATCH__API__BASE_URL=http://127.0.0.1:… minimax-watch check
//! ```
//!
//! A line `ID SECONDS` on stdin lets the token of that account expire so many seconds from now: a renewal, or an expiry that is near.
//!
//! With a peer and a fault it starts that peer, prints its address and then everything that it receives, until stdin is closed:
//!
//! ```text
//! cargo run --example simulator -- --list
//! cargo run --example simulator -- mail --fault early-plain-text
//! cargo run --example simulator -- webhook --fault broken-headers
//! cargo run --example simulator -- api --fault stale-connection
//! ```

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use axum::http::StatusCode;
use chrono::TimeDelta;
use clap::{Parser, ValueEnum};
use minimax_watch::clock;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use secrecy::SecretString;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

#[path = "../tests/support/faulty_http.rs"]
#[expect(dead_code, reason = "shared with the tests")]
pub(crate) mod faulty_http;
#[path = "../tests/support/named_faults.rs"]
pub(crate) mod named_faults;
#[path = "../tests/support/simulator/mod.rs"]
pub(crate) mod simulator;

use faulty_http::FaultyHttpServer;
use named_faults::{HTTP_FAULTS, MAIL_FAULTS, NamedFault};
use simulator::{
    Answer, ErrorBody, FakeUseApi, InjectedFault, Login, Record, SmtpSecurity, SmtpServer, SmtpSetup,
    VirtualNow,
};

/// Valid for this simulator only.
const TOKEN: &str = "user:1234-simulated";
/// Valid for this simulator only.
const PASSWORD: &str = "simulated";

/// The peers of minimax-watch on loopback: an API without faults, or a faulty peer.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// The faulty peer to start; without it, an API without faults
    #[arg(requires = "fault")]
    peer: Option<Peer>,
    /// What the peer does wrong
    #[arg(long, requires = "peer")]
    fault: Option<String>,
    /// Print all faults, and start nothing
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Peer {
    /// A mail server
    Mail,
    /// A webhook receiver
    Webhook,
    /// A useapi.net
    Api,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let (sender, stdin) = unbounded_channel();
    std::thread::spawn(move || {
        let mut lines = io::stdin().lock().lines().map_while(Result::ok);
        lines.try_for_each(|line| sender.send(line))
    });
    serve(Arguments::parse(), &mut io::stdout(), stdin).await
}

/// Serves until `stdin` ends, and prints to `out`.
pub(crate) async fn serve(
    arguments: Arguments,
    out: &mut dyn Write,
    mut stdin: UnboundedReceiver<String>,
) -> io::Result<()> {
    if arguments.list {
        return print(out, &list());
    }
    let (lines, commands) = unbounded_channel();
    let ended = async move {
        while let Some(line) = stdin.recv().await {
            // Only an API without faults takes them.
            let _ = lines.send(line);
        }
    };
    tokio::select! {
        served = serve_peer(arguments, out, commands) => served,
        () = ended => Ok(()),
    }
}

async fn serve_peer(
    arguments: Arguments,
    out: &mut dyn Write,
    commands: UnboundedReceiver<String>,
) -> io::Result<()> {
    match (arguments.peer, arguments.fault.as_deref()) {
        (Some(Peer::Mail), Some(name)) => serve_mail(find(MAIL_FAULTS, name)?, out).await,
        (Some(Peer::Webhook), Some(name)) => {
            let peer = FaultyHttpServer::open(find(HTTP_FAULTS, name)?, "{}").await?;
            print(out, &format!("{}\n", peer.url("/hook")))?;
            print_requests(&peer, out).await
        }
        (Some(Peer::Api), Some(name)) => {
            let now = clock::now();
            let record = Record::ending("123456", now + TimeDelta::days(20)).to_json(now, 0).to_string();
            let peer = FaultyHttpServer::open(find(HTTP_FAULTS, name)?, record).await?;
            print(out, &format!("{}\n{TOKEN}\n", peer.url("").as_str().trim_end_matches('/')))?;
            print_requests(&peer, out).await
        }
        _ => serve_without_fault(out, commands).await,
    }
}

fn find<F: Copy>(faults: &[NamedFault<F>], name: &str) -> io::Result<F> {
    let known = || faults.iter().map(|fault| fault.name).collect::<Vec<_>>().join(", ");
    NamedFault::find(faults, name)
        .map(|fault| fault.fault)
        .ok_or_else(|| io::Error::other(format!("unknown fault `{name}`; known: {}", known())))
}

fn list() -> String {
    let line = |(name, sentence): (&str, &str)| format!("  {name:20} {sentence}");
    let mail = MAIL_FAULTS.iter().map(|fault| line((fault.name, fault.sentence)));
    let http = HTTP_FAULTS.iter().map(|fault| line((fault.name, fault.sentence)));
    let parts = [vec!["mail".to_owned()], mail.collect(), vec!["webhook, api".to_owned()], http.collect()];
    parts.concat().join("\n") + "\n"
}

/// Flushes, so that a pipe gets the text immediately.
fn print(out: &mut dyn Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

async fn serve_without_fault(out: &mut dyn Write, mut commands: UnboundedReceiver<String>) -> io::Result<()> {
    let now = clock::now();
    let api = FakeUseApi::open(&VirtualNow::new(now)).await?;
    let subscription = api.subscribe(SecretString::from(TOKEN));
    // The documented example under its documented id, with an expiry that raises no alert.
    subscription.put(Record::ending("123456", now + TimeDelta::days(20)));
    subscription.put(Record::ending("ends-in-2-days", now + TimeDelta::days(2)));
    subscription.put(Record::ending("expired", now - TimeDelta::days(1)));
    subscription.put(Record::ending("in-error", now + TimeDelta::days(20)).error("Session expired"));
    subscription.put(Record::ending("unavailable", now + TimeDelta::days(20)));
    subscription
        .set_answer("unavailable", Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Html));
    print(out, &format!("{}\n{TOKEN}\n", api.base_url().as_str().trim_end_matches('/')))?;
    while let Some(line) = commands.recv().await {
        let parsed = line.split_once(' ').and_then(|(id, seconds)| Some((id, seconds.trim().parse().ok()?)));
        let (id, seconds) =
            parsed.ok_or_else(|| io::Error::other(format!("`{line}` is not `ID SECONDS`: 123456 86400")))?;
        subscription.put(Record::ending(id, clock::now() + TimeDelta::seconds(seconds)));
    }
    std::future::pending().await
}

async fn print_requests(peer: &FaultyHttpServer, out: &mut dyn Write) -> io::Result<()> {
    let mut seen = 0;
    loop {
        peer.wait_for(seen + 1).await;
        for request in peer.requests().into_iter().skip(seen) {
            seen += 1;
            let body = String::from_utf8_lossy(&request.body).into_owned();
            print(out, &format!("--- request {seen}\n{}{body}\n", request.head.replace('\r', "")))?;
        }
    }
}

async fn serve_mail(fault: InjectedFault, out: &mut dyn Write) -> io::Result<()> {
    let security =
        if fault.needs_tls() { SmtpSecurity::StartTls(self_signed()?) } else { SmtpSecurity::None };
    let login = fault
        .needs_login()
        .then(|| Login { username: "watch".to_owned(), password: SecretString::from(PASSWORD) });
    let user = if login.is_some() { format!("user watch, password {PASSWORD}\n") } else { String::new() };
    let peer = SmtpServer::open(
        &VirtualNow::new(clock::now()),
        SmtpSetup { login, security, ..SmtpSetup::default() },
    )
    .await?;
    peer.set(Some(fault));
    print(out, &format!("{}\n{user}", peer.address()))?;
    let (mut connections, mut mails) = (0, 0);
    loop {
        tokio::select! {
            () = peer.wait_for_connections(connections + 1) => {
                connections += 1;
                print(out, &format!("--- connection {connections}\n"))?;
            }
            () = peer.wait_for(mails + 1) => {
                for mail in peer.mails().into_iter().skip(mails) {
                    mails += 1;
                    let (from, to) = (&mail.from, mail.to.join(", "));
                    print(out, &format!("--- mail {mails}, from {from}, to {to}\n{}\n", mail.text()))?;
                }
            }
        }
    }
}

/// A self-signed certificate, for a server that offers STARTTLS.
fn self_signed() -> io::Result<Arc<ServerConfig>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(io::Error::other)?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(io::Error::other)?;
    let config = ServerConfig::builder().with_no_client_auth();
    config.with_single_cert(vec![made.cert.der().clone()], key).map(Arc::new).map_err(io::Error::other)
}
