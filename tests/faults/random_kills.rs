//! `kill -9` at random moments, while the vendor flaps and the receivers fail; the service is started again at once.
//!
//! The seed decides what flaps, who fails and for how long is waited; where exactly the blow falls is the machine's choice.

use std::time::Duration;

use minimax_watch::simulator::{
    Answer, Hook, Lapse, Missing, Page, Record, Refusal, Reply, RetryAfter, Stage, StatusCode, Trouble,
};

use crate::chance::Chance;
use crate::remains::{examine, let_pauses_pass};
use crate::report::{Stop, Tally};
use crate::scene::{DAY, LISTED, NAMED, Scene, ahead};
use crate::{Scenario, Terms};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "random-kills",
    fault: "`kill -9` of `run` at random moments, accounts flap, receivers fail",
    run: |terms| Box::pin(run(terms)),
};

/// No round is longer.
const ROUND: Duration = Duration::from_millis(1500);

async fn run(terms: Terms) -> Result<Tally, Stop> {
    let mut chance = Chance::new(terms.seed);
    let mut scene = Scene::open().await;
    let (mut excuses, mut tally) = ([0; 3], Tally::default());
    let mut before = scene.counts();
    let kills = if terms.full { 300 } else { 60 };
    while tally.kills < kills {
        flap(&scene, &mut chance);
        let fails = fail(&scene, &mut chance);
        let pause = *chance.of(&["0s", "0s", "0s", "1s"]);
        scene.stage.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", pause);
        let mut service = scene.stage.serve(&[]);
        moment(&scene, &mut chance).await;
        // A blow may also fall while it stops in order; then it may be done before.
        let is_asked = chance.percent(10);
        if is_asked {
            service.signal("TERM");
            tokio::time::sleep(Duration::from_millis(chance.within(1, 40))).await;
        }
        let status = service.kill();
        let round = tally.rounds + 1;
        let place = format!("round {round}, the log of its service:\n{}", service.log());
        if status.is_some_and(|status| !is_asked || status != 0) || service.log().contains("ERROR") {
            return Err(Stop::Broken(format!("the service was not well, status {status:?}")).at(&place));
        }
        scene.all_take();
        let counts = scene.counts();
        for receiver in 0..3 {
            let attempts = counts[receiver] - before[receiver];
            // The blow cuts one attempt at the most; a receiver that fails may fail each of them.
            excuses[receiver] += if fails[receiver] { attempts } else { attempts.min(1) };
        }
        before = counts;
        examine(&scene.stage.store()).await.map_err(|stop| stop.at(&place))?;
        if chance.percent(20) {
            let_pauses_pass(&scene.stage.store()).await;
        }
        tally = tally.plus(Tally {
            rounds: 1,
            kills: usize::from(status.is_none()),
            examined: 1,
            ..Tally::default()
        });
    }
    scene.settle().await?;
    Ok(tally.plus(scene.judge(&scene.heard(), excuses).await?))
}

/// Waits for the moment of the blow: soon after the start, somewhere, in a run and its commits, or in a delivery.
async fn moment(scene: &Scene, chance: &mut Chance) {
    let milliseconds = |chance: &mut Chance, most| Duration::from_millis(chance.within(1, most));
    match chance.within(0, 10) {
        0 => tokio::time::sleep(milliseconds(chance, 100)).await,
        1 | 2 => tokio::time::sleep(milliseconds(chance, 1500)).await,
        3..=6 => {
            let requests = scene.stage.api.request_count() + usize::try_from(chance.within(1, 10)).unwrap();
            let _ = tokio::time::timeout(ROUND, scene.stage.api.wait_for_requests(requests)).await;
            tokio::time::sleep(milliseconds(chance, 60)).await;
        }
        _ => {
            let [pager, desk, mail] = scene.counts();
            let someone_hears = async {
                tokio::select! {
                    () = scene.pager.wait_for(pager + 1) => {}
                    () = scene.desk.wait_for(desk + 1) => {}
                    () = scene.mailbox.wait_for(mail + 1) => {}
                }
            };
            let _ = tokio::time::timeout(ROUND, someone_hears).await;
            tokio::time::sleep(Duration::from_micros(chance.within(0, 20_000))).await;
        }
    }
}

/// Changes about half of what the vendor answers.
fn flap(scene: &Scene, chance: &mut Chance) {
    let _ = scene.stage.api.come_back();
    for (vendor, accounts) in [(&scene.stage.vendor, &NAMED[..]), (&scene.other, &LISTED[..])] {
        for account in accounts {
            if chance.percent(50) {
                vendor.set(account, answer(account, chance));
            }
        }
        if chance.percent(30) {
            vendor.set_all(None);
        } else if chance.percent(12) {
            let all = [
                Answer::unauthorized(Refusal::default()),
                Answer::lapsed(Lapse::Expired),
                Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html),
            ];
            vendor.set_all(Some(chance.of(&all).clone()));
        }
    }
    if chance.percent(20) {
        scene.other.remove(LISTED[usize::from(chance.percent(50))]);
    }
    if chance.percent(5) {
        scene.stage.api.go_down();
    }
}

fn answer(account: &str, chance: &mut Chance) -> Answer {
    let ends = [20 * DAY, 20 * DAY, 5 * DAY, 2 * DAY, DAY / 2, 3_601, 1_800, 2, -DAY];
    let jobs = i64::try_from(chance.within(1, 4)).unwrap();
    let record = Record::ending(account, ahead(*chance.of(&ends)))
        .max_jobs(jobs)
        .flag("supportChat", chance.percent(80));
    match chance.within(0, 20) {
        0 | 1 => Answer::not_found(Missing::default()),
        2 | 3 => Answer::account_error("On hold"),
        4 => Answer::unauthorized(Refusal::default()),
        5 => Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, Page::Json),
        6 => Answer::rate_limited(RetryAfter::Seconds(1)),
        7 => Answer::not_json(),
        8 => Answer::hang(),
        9 => record.exp(None).exp_expire(None).into(),
        10 => record.stamped_error("Session expired").into(),
        // A later end than ever: a renewal.
        11 | 12 => Record::ending(account, ahead(40 * DAY)).into(),
        _ => record.into(),
    }
}

/// Lets each receiver fail in one round of five; says which do.
fn fail(scene: &Scene, chance: &mut Chance) -> [bool; 3] {
    let mut hook = |hook: &Hook| {
        let fails = chance.percent(20);
        let refusal = Reply::status(StatusCode::INTERNAL_SERVER_ERROR);
        let busy = Reply::status(StatusCode::TOO_MANY_REQUESTS).retry_after(RetryAfter::Seconds(2));
        let date = Reply::status(StatusCode::SERVICE_UNAVAILABLE).retry_after(RetryAfter::Date(ahead(3)));
        match chance.within(0, 6) {
            _ if !fails => {}
            0 => hook.set(Some(refusal)),
            1 => hook.set(Some(busy)),
            2 => hook.set(Some(date)),
            3 => hook.set(Some(Reply::hang())),
            4 => hook.set(Some(Reply::close())),
            _ => hook.go_down(),
        }
        fails
    };
    let (pager, desk) = (hook(&scene.pager), hook(&scene.desk));
    let troubles = [
        Trouble::refuse(Stage::Connect, 421),
        Trouble::refuse(Stage::Sender, 450),
        Trouble::refuse(Stage::Recipient, 450),
        Trouble::refuse(Stage::Content, 451),
        Trouble::hang(Stage::Connect),
        Trouble::drop(Stage::Content),
        Trouble::hang(Stage::Content),
    ];
    let mail = chance.percent(20);
    scene.mailbox.set(mail.then(|| *chance.of(&troubles)));
    [pager, desk, mail]
}
