//! `kill -9` at random times while the vendor's answers flap and receivers fail; the service is restarted at once.
//!
//! The seed decides the answers, the failures and the waits; where exactly the kill hits depends on the machine.

use std::time::Duration;

use serde_json::json;

use crate::simulator::{
    Answer, ErrorBody, InjectedFault, LapsedBody, NotFoundBody, Record, Refusal, Reply, RetryAfter,
    SmtpStage, StatusCode,
};

use crate::desk::DeskFault;
use crate::random::SeededRandom;
use crate::report::{Stop, Tally};
use crate::scene::{DAY, LISTED, NAMED, Scene, ahead, jobs};
use crate::stored_state::{examine, let_pauses_pass};
use crate::{RunOptions, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "random-kills",
    fault: "`kill -9` of `run` at random times, accounts, plans, jobs and credits flap, receivers fail",
    run: |run_options| Box::pin(run(run_options)),
};

/// The maximum length of a round.
const ROUND: Duration = Duration::from_millis(1500);

async fn run(run_options: RunOptions) -> Result<Tally, Stop> {
    let mut random = SeededRandom::new(run_options.seed);
    let mut scene = Scene::open(run_options).await;
    let (mut excuses, mut tally) = ([0; 3], Tally::default());
    let mut before = scene.counts();
    let kills = if run_options.full { 300 } else { 60 };
    while tally.kills < kills {
        flap(&scene, &mut random);
        let fails = fail(&scene, &mut random);
        let pause = *random.choose(&["0s", "0s", "0s", "1s"]);
        scene.setup.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", pause);
        let mut service = scene.setup.serve(&[]);
        wait_for_kill_time(&scene, &mut random).await;
        // The kill may also hit during an orderly stop, which may finish before it.
        let is_stopping = random.percent(10);
        if is_stopping {
            service.signal("TERM");
            tokio::time::sleep(Duration::from_millis(random.within(1, 40))).await;
        }
        let status = service.kill();
        let round = tally.rounds + 1;
        let context = format!("round {round}, the log of its service:\n{}", service.log());
        if status.is_some_and(|status| !is_stopping || status != 0) || service.log().contains("ERROR") {
            return Err(Stop::Violation(format!("the service failed, status {status:?}")).at(&context));
        }
        scene.desk.settle().await;
        scene.all_accept();
        let counts = scene.counts();
        for receiver in 0..3 {
            let attempts = counts[receiver] - before[receiver];
            // The kill cuts off at most one attempt; a failing receiver may fail every attempt.
            excuses[receiver] += if fails[receiver] { attempts } else { attempts.min(1) };
        }
        before = counts;
        examine(&scene.setup.store()).await.map_err(|stop| stop.at(&context))?;
        if random.percent(20) {
            let_pauses_pass(&scene.setup.store()).await;
        }
        tally = tally.plus(Tally {
            rounds: 1,
            kills: usize::from(status.is_none()),
            examined: 1,
            ..Tally::default()
        });
    }
    scene.finish().await?;
    Ok(tally.plus(scene.verify(&scene.received().await, excuses).await?))
}

/// Waits until the time of the kill: soon after the start, at a random time, in a run and its commits, or in a delivery.
async fn wait_for_kill_time(scene: &Scene, random: &mut SeededRandom) {
    let milliseconds = |random: &mut SeededRandom, most| Duration::from_millis(random.within(1, most));
    match random.within(0, 10) {
        0 => tokio::time::sleep(milliseconds(random, 100)).await,
        1 | 2 => tokio::time::sleep(milliseconds(random, 1500)).await,
        3..=6 => {
            let requests = scene.setup.api.request_count() + usize::try_from(random.within(1, 10)).unwrap();
            let _ = tokio::time::timeout(ROUND, scene.setup.api.wait_for_requests(requests)).await;
            tokio::time::sleep(milliseconds(random, 60)).await;
        }
        _ => {
            let [pager, desk, mail] = scene.counts();
            let any_delivery = async {
                tokio::select! {
                    () = scene.pager.wait_for(pager + 1) => {}
                    () = scene.desk.wait_for(desk + 1) => {}
                    () = scene.mailbox.wait_for(mail + 1) => {}
                }
            };
            let _ = tokio::time::timeout(ROUND, any_delivery).await;
            tokio::time::sleep(Duration::from_micros(random.within(0, 20_000))).await;
        }
    }
}

/// Changes about half of the vendor's answers.
fn flap(scene: &Scene, random: &mut SeededRandom) {
    let _ = scene.setup.api.come_back();
    for (vendor, accounts) in [(&scene.setup.vendor, &NAMED[..]), (&scene.other, &LISTED[..])] {
        for account in accounts {
            if random.percent(50) {
                vendor.set_answer(account, answer(account, random));
            }
        }
        if random.percent(30) {
            vendor.set_account_info(plan(random));
        }
        if random.percent(40) {
            vendor.set_job_stats(job_stats(accounts, random));
        }
        for account in accounts {
            if random.percent(40) {
                vendor.set_features(account, credits(random));
            }
        }
        if random.percent(30) {
            vendor.set_all(None);
        } else if random.percent(12) {
            let all = [
                Answer::unauthorized(Refusal::default()),
                Answer::lapsed(LapsedBody::Expired),
                Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html),
            ];
            vendor.set_all(Some(random.choose(&all).clone()));
        }
    }
    if random.percent(20) {
        scene.other.remove(LISTED[usize::from(random.percent(50))]);
    }
    if random.percent(5) {
        scene.setup.api.go_down();
    }
}

/// An answer to a read of the plan; `None` shows an active one.
fn plan(random: &mut SeededRandom) -> Option<Answer> {
    let services = json!({"Kling API": {"total": 3, "error": random.within(0, 3)}});
    match random.within(0, 5) {
        0 | 1 => Some(Answer::account_info(false, &services)),
        2 => Some(Answer::account_info(true, &services)),
        3 => Some(Answer::not_json()),
        _ => None,
    }
}

/// An answer to a read of the statistics of jobs: each account's newest ones ended alike.
fn job_stats(accounts: &[&str], random: &mut SeededRandom) -> Answer {
    match random.within(0, 10) {
        0 => Answer::not_json(),
        1 => Answer::hang(),
        2 => Answer::job_stats(&[]),
        _ => {
            let mut rows = Vec::new();
            for account in accounts {
                rows.extend(jobs(account, *random.choose(&[200, 201, 403, 403, 596, 412, 429])));
            }
            Answer::job_stats(&rows)
        }
    }
}

/// An answer to a read of credits: many, few, none, or a dead session.
fn credits(random: &mut SeededRandom) -> Answer {
    match random.within(0, 10) {
        0 => Answer::not_json(),
        1 => Answer::hang(),
        2 => Answer::account_error("Session expired"),
        3 => Answer::unauthorized(Refusal::WithCode),
        _ => Answer::features(&json!(random.choose(&[0, 0, 50, 50, 1_000]))),
    }
}

fn answer(account: &str, random: &mut SeededRandom) -> Answer {
    let ends = [20 * DAY, 20 * DAY, 5 * DAY, 2 * DAY, DAY / 2, 3_601, 1_800, 2, -DAY];
    let jobs = i64::try_from(random.within(1, 4)).unwrap();
    let record = Record::ending(account, ahead(*random.choose(&ends)))
        .max_jobs(jobs)
        .flag("supportChat", random.percent(80));
    match random.within(0, 20) {
        0 | 1 => Answer::not_found(NotFoundBody::default()),
        2 | 3 => Answer::account_error("On hold"),
        4 => Answer::unauthorized(Refusal::default()),
        5 => Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Json),
        6 => Answer::rate_limited(RetryAfter::Seconds(1)),
        7 => Answer::not_json(),
        8 => Answer::hang(),
        9 => record.exp(None).exp_expire(None).into(),
        10 => record.stamped_error("Session expired").into(),
        // The latest expiry so far: a renewal.
        11 | 12 => Record::ending(account, ahead(40 * DAY)).into(),
        _ => record.into(),
    }
}

/// Makes each receiver fail in one round of five; returns which do.
fn fail(scene: &Scene, random: &mut SeededRandom) -> [bool; 3] {
    let mut fault = || {
        let fails = random.percent(20);
        let refusal = Reply::status(StatusCode::INTERNAL_SERVER_ERROR);
        let busy = Reply::status(StatusCode::TOO_MANY_REQUESTS).retry_after(RetryAfter::Seconds(2));
        let date = Reply::status(StatusCode::SERVICE_UNAVAILABLE).retry_after(RetryAfter::Date(ahead(3)));
        let fault = match random.within(0, 6) {
            0 => DeskFault::Replies(refusal),
            1 => DeskFault::Replies(busy),
            2 => DeskFault::Replies(date),
            3 => DeskFault::Hangs,
            4 => DeskFault::Replies(Reply::close()),
            _ => DeskFault::IsDown,
        };
        fails.then_some(fault)
    };
    let (pager, desk) = (fault(), fault());
    let fails = [pager.is_some(), desk.is_some()];
    match pager {
        None => {}
        Some(DeskFault::Replies(reply)) => scene.pager.set(Some(reply)),
        Some(DeskFault::Hangs) => scene.pager.set(Some(Reply::hang())),
        Some(DeskFault::IsDown) => scene.pager.go_down(),
    }
    if let Some(fault) = desk {
        scene.desk.fail(fault);
    }
    let troubles = [
        InjectedFault::refuse(SmtpStage::Connect, 421),
        InjectedFault::refuse(SmtpStage::Sender, 450),
        InjectedFault::refuse(SmtpStage::Recipient, 450),
        InjectedFault::refuse(SmtpStage::Content, 451),
        InjectedFault::hang(SmtpStage::Connect),
        InjectedFault::drop(SmtpStage::Content),
        InjectedFault::hang(SmtpStage::Content),
    ];
    let mail = random.percent(20);
    scene.mailbox.set(mail.then(|| *random.choose(&troubles)));
    [fails[0], fails[1], mail]
}
