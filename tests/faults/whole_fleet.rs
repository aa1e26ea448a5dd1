//! A whole fleet that fails at once: one message to each receiver, and bounded memory.

use std::time::{Duration, Instant};

use axum::http::StatusCode;

use crate::report::{Stop, Tally};
use crate::scene::{DAY, ahead};
use crate::setup::{Setup, webhook};
use crate::simulator::{Answer, ErrorBody, NotFoundBody, Record, Refusal, WebhookServer};
use crate::stored_state::examine;
use crate::{RunOptions, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "ten-thousand",
    fault: "10,000 accounts (2,000 without `--full`) answer 503, then 404, then 401, all at once",
    run: |run_options| Box::pin(run(run_options)),
};

/// In KiB, for a debug build that holds all alerts in memory.
const MEMORY: u64 = 300 << 10;

async fn run(run_options: RunOptions) -> Result<Tally, Stop> {
    let count = if run_options.full { 10_000 } else { 2_000 };
    let ids: Vec<String> = (0..count).map(|account| format!("{}", 100_000 + account)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut setup = Setup::open().await;
    setup.set("MINIMAX_WATCH__ALERTS__UNREACHABLE_AFTER", "1s");
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    for id in &ids {
        setup.vendor.put(Record::ending(*id, ahead(60 * DAY)));
    }
    setup.configure(&ids, &webhook(&hook).replace("timeout = \"2s\"", "timeout = \"30s\""));
    let mut received = 0;
    for (answer, status, words) in [
        (None, 0, ""),
        (Some(Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Html)), 3, ""),
        (Some(Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Html)), 3, "unreachable"),
        (Some(Answer::not_found(NotFoundBody::Json)), 2, "not_found"),
        (Some(Answer::unauthorized(Refusal::default())), 2, "unauthorized"),
        (None, 0, "resolved"),
    ] {
        setup.vendor.set_all(answer);
        let started = Instant::now();
        let mut check = setup.start(&["check", "--quiet", "--log-level", "error"]);
        let memory = peak(check.pid());
        let ended = check.end();
        if words == "unreachable" || words.is_empty() {
            // `unreachable_after` is one second: let it pass before the next check.
            tokio::time::sleep(Duration::from_millis(1_100)).await;
        }
        let context = format!("{count} accounts, `{words}`");
        let deliveries = hook.deliveries().split_off(received);
        received += deliveries.len();
        let texts: Vec<String> =
            deliveries.iter().map(|delivery| String::from_utf8_lossy(&delivery.body).into_owned()).collect();
        let expected = usize::from(!words.is_empty());
        if ended != Some(status) || texts.len() != expected || texts.iter().any(|text| !text.contains(words))
        {
            let shown: Vec<&str> = texts.iter().map(|text| text.get(..300).unwrap_or(text)).collect();
            return Err(Stop::Violation(format!(
                "{context}: status {ended:?}, {} messages {shown:?}",
                texts.len()
            )));
        }
        if memory > MEMORY {
            return Err(Stop::Violation(format!("{context}: {memory} KiB of memory")));
        }
        println!("  {context}: {:.1} s, {memory} KiB of memory", started.elapsed().as_secs_f64());
        examine(&setup.store()).await.map_err(|stop| stop.at(&context))?;
    }
    Ok(Tally { rounds: 6, messages: received, examined: 6, ..Tally::default() })
}

/// The peak memory of a process in KiB, read until it ends.
fn peak(pid: u32) -> u64 {
    let mut most = 0;
    while let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) {
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let Some(memory) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()) else {
            break;
        };
        most = memory;
        std::thread::sleep(Duration::from_millis(20));
    }
    most
}
