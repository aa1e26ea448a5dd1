//! The built-in useapi.net on loopback, for other programs to be tried against; nothing here reaches the vendor.
//!
//! Prints its base URL, a newline, a token that it takes, a newline; serves until stdin is closed.
//!
//! ```text
//! cargo run --example simulator
//! USEAPI_TOKEN=… MINIMAX_WATCH__API__BASE_URL=http://127.0.0.1:… minimax-watch check
//! ```

use std::io::{self, Write};

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Answer, Page, Record, UseApi, VirtualNow};
use secrecy::SecretString;

/// It opens nothing but this simulator.
const TOKEN: &str = "user:1234-simulated";

#[tokio::main]
async fn main() -> io::Result<()> {
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
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}\n{TOKEN}", api.base_url().as_str().trim_end_matches('/'))?;
    stdout.flush()?;
    drop(stdout);
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin().lock(), &mut io::sink())).await??;
    api.stop().await;
    Ok(())
}
