//! The built-in useapi.net on loopback, for other programs to be tried against, and peers that lie; nothing here reaches the vendor.
//!
//! Without arguments it prints its base URL, a newline, a token that it takes, a newline; it serves until stdin is closed.
//!
//! ```text
//! cargo run --example simulator
//! USEAPI_TOKEN=… MINIMAX_WATCH__API__BASE_URL=http://127.0.0.1:… minimax-watch check
//! ```
//!
//! With a peer and a lie it starts that peer, prints its address and then whatever it receives, until stdin is closed:
//!
//! ```text
//! cargo run --example simulator -- --list
//! cargo run --example simulator -- mail --lie early-plain-text
//! cargo run --example simulator -- webhook --lie broken-headers
//! cargo run --example simulator -- api --lie stale-connection
//! ```

use std::io::{self, Write};
use std::sync::Arc;

use axum::http::StatusCode;
use chrono::TimeDelta;
use clap::{Parser, ValueEnum};
use minimax_watch::clock;
use minimax_watch::simulator::{
    Answer, HTTP_LIES, Lie, Login, LyingHttp, MAIL_LIES, Mailbox, Page, Record, Security, Setup, Trouble,
    UseApi, VirtualNow,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use secrecy::SecretString;

/// It opens nothing but this simulator.
const TOKEN: &str = "user:1234-simulated";
/// Nor does this one.
const PASSWORD: &str = "simulated";

/// The world of minimax-watch on loopback: an API, or a peer that lies.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Which peer to start; without one, an API that tells the truth
    #[arg(requires = "lie")]
    peer: Option<Peer>,
    /// What it does wrong
    #[arg(long, requires = "peer")]
    lie: Option<String>,
    /// Print all lies, and start nothing
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
    let stdin = async {
        let reading = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin().lock(), &mut io::sink()));
        let _ = reading.await;
    };
    serve(Arguments::parse(), &mut io::stdout(), stdin).await
}

/// Serves until `ended`, and prints to `out`.
pub(crate) async fn serve(
    arguments: Arguments,
    out: &mut dyn Write,
    ended: impl Future<Output = ()>,
) -> io::Result<()> {
    if arguments.list {
        return print(out, &list());
    }
    tokio::select! {
        served = serve_peer(arguments, out) => served,
        () = ended => Ok(()),
    }
}

async fn serve_peer(arguments: Arguments, out: &mut dyn Write) -> io::Result<()> {
    match (arguments.peer, arguments.lie.as_deref()) {
        (Some(Peer::Mail), Some(lie)) => lie_as_mail_server(find(MAIL_LIES, lie)?, out).await,
        (Some(Peer::Webhook), Some(lie)) => {
            let peer = LyingHttp::open(find(HTTP_LIES, lie)?.act, "{}").await?;
            print(out, &format!("{}\n", peer.url("/hook")))?;
            print_requests(&peer, out).await
        }
        (Some(Peer::Api), Some(lie)) => {
            let now = clock::now();
            let record = Record::ending("123456", now + TimeDelta::days(20)).to_json(now, 0).to_string();
            let peer = LyingHttp::open(find(HTTP_LIES, lie)?.act, record).await?;
            print(out, &format!("{}\n{TOKEN}\n", peer.url("").as_str().trim_end_matches('/')))?;
            print_requests(&peer, out).await
        }
        _ => serve_truthfully(out).await,
    }
}

fn find<A: Copy>(lies: &[Lie<A>], name: &str) -> io::Result<Lie<A>> {
    let known = || lies.iter().map(|lie| lie.name).collect::<Vec<_>>().join(", ");
    Lie::find(lies, name)
        .ok_or_else(|| io::Error::other(format!("unknown lie `{name}`; possible: {}", known())))
}

fn list() -> String {
    let line = |(name, sentence): (&str, &str)| format!("  {name:20} {sentence}");
    let mail = MAIL_LIES.iter().map(|lie| line((lie.name, lie.sentence)));
    let http = HTTP_LIES.iter().map(|lie| line((lie.name, lie.sentence)));
    let parts = [vec!["mail".to_owned()], mail.collect(), vec!["webhook, api".to_owned()], http.collect()];
    parts.concat().join("\n") + "\n"
}

/// Written at once, also to a pipe.
fn print(out: &mut dyn Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

async fn serve_truthfully(out: &mut dyn Write) -> io::Result<()> {
    let now = clock::now();
    let api = UseApi::open(&VirtualNow::new(now)).await?;
    let subscription = api.subscribe(SecretString::from(TOKEN));
    // The vendor's documented example under its documented id, its end moved to where it is no news.
    subscription.put(Record::ending("123456", now + TimeDelta::days(20)));
    subscription.put(Record::ending("ends-in-2-days", now + TimeDelta::days(2)));
    subscription.put(Record::ending("expired", now - TimeDelta::days(1)));
    subscription.put(Record::ending("in-error", now + TimeDelta::days(20)).error("Session expired"));
    subscription.put(Record::ending("unavailable", now + TimeDelta::days(20)));
    subscription.set("unavailable", Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, Page::Html));
    print(out, &format!("{}\n{TOKEN}\n", api.base_url().as_str().trim_end_matches('/')))?;
    std::future::pending().await
}

async fn print_requests(peer: &LyingHttp, out: &mut dyn Write) -> io::Result<()> {
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

async fn lie_as_mail_server(lie: Lie<Trouble>, out: &mut dyn Write) -> io::Result<()> {
    let security = if lie.act.needs_tls() { Security::StartTls(self_signed()?) } else { Security::None };
    let login = lie
        .act
        .needs_login()
        .then(|| Login { username: "watch".to_owned(), password: SecretString::from(PASSWORD) });
    let user = if login.is_some() { format!("user watch, password {PASSWORD}\n") } else { String::new() };
    let peer =
        Mailbox::open(&VirtualNow::new(clock::now()), Setup { login, security, ..Setup::default() }).await?;
    peer.set(Some(lie.act));
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

/// A certificate that nobody trusts, for a server that agrees to STARTTLS.
fn self_signed() -> io::Result<Arc<ServerConfig>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(io::Error::other)?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(io::Error::other)?;
    let config = ServerConfig::builder().with_no_client_auth();
    config.with_single_cert(vec![made.cert.der().clone()], key).map(Arc::new).map_err(io::Error::other)
}
