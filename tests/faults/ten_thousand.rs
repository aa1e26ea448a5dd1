//! A whole fleet that fails at once: one message to each receiver, and a process that stays small.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use minimax_watch::simulator::{Answer, Hook, Missing, Page, Record, Refusal};

use crate::remains::examine;
use crate::report::{Stop, Tally};
use crate::scene::{DAY, ahead};
use crate::stage::{Stage, webhook};
use crate::{Scenario, Terms};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "ten-thousand",
    fault: "10,000 accounts (2,000 without `--full`) answer 503, then 404, then 401, all at once",
    run: |terms| Box::pin(run(terms)),
};

/// In KiB; a debug build with all its alerts in hand.
const MEMORY: u64 = 300 << 10;

async fn run(terms: Terms) -> Result<Tally, Stop> {
    let count = if terms.full { 10_000 } else { 2_000 };
    let ids: Vec<String> = (0..count).map(|account| format!("{}", 100_000 + account)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut stage = Stage::open().await;
    stage.set("MINIMAX_WATCH__ALERTS__UNREACHABLE_AFTER", "1s");
    let hook = Hook::open(&stage.now, None).await.unwrap();
    for id in &ids {
        stage.vendor.put(Record::ending(*id, ahead(60 * DAY)));
    }
    stage.configure(&ids, &webhook(&hook).replace("timeout = \"2s\"", "timeout = \"30s\""));
    let mut heard = 0;
    for (answer, status, words) in [
        (None, 0, ""),
        (Some(Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, Page::Html)), 3, ""),
        (Some(Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, Page::Html)), 3, "unreachable"),
        (Some(Answer::not_found(Missing::Json)), 2, "not_found"),
        (Some(Answer::unauthorized(Refusal::default())), 2, "unauthorized"),
        (None, 0, "resolved"),
    ] {
        stage.vendor.set_all(answer);
        let began = Instant::now();
        let mut check = stage.start(&["check", "--quiet", "--log-level", "error"]);
        let memory = peak(check.pid());
        let ended = check.end();
        if words == "unreachable" || words.is_empty() {
            // What has no verdict yet is worth a second before the next look.
            tokio::time::sleep(Duration::from_millis(1_100)).await;
        }
        let place = format!("{count} accounts, `{words}`");
        let deliveries = hook.deliveries().split_off(heard);
        heard += deliveries.len();
        let texts: Vec<String> =
            deliveries.iter().map(|delivery| String::from_utf8_lossy(&delivery.body).into_owned()).collect();
        let due = usize::from(!words.is_empty());
        if ended != Some(status) || texts.len() != due || texts.iter().any(|text| !text.contains(words)) {
            let shown: Vec<&str> = texts.iter().map(|text| text.get(..300).unwrap_or(text)).collect();
            return Err(Stop::Broken(format!(
                "{place}: status {ended:?}, {} messages {shown:?}",
                texts.len()
            )));
        }
        if memory > MEMORY {
            return Err(Stop::Broken(format!("{place}: {memory} KiB of memory")));
        }
        println!("  {place}: {:.1} s, {memory} KiB of memory", began.elapsed().as_secs_f64());
        examine(&stage.store()).await.map_err(|stop| stop.at(&place))?;
    }
    Ok(Tally { rounds: 6, messages: heard, examined: 6, ..Tally::default() })
}

/// The most memory that a process had, in KiB; read until it is gone.
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
