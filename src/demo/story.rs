//! What happens in the month.

use chrono::TimeDelta;

use super::scene::Scene;
use crate::simulator::{Answer, configuration};

/// The account whose jobs are refused for a week.
pub(super) const REFUSED: &str = "studio-c";
/// The account whose credits run out.
pub(super) const SPENDING: &str = "studio-b";
/// Between which times since the start they are.
pub(super) const REFUSED_BETWEEN: [TimeDelta; 2] = [after(21, 20), after(28, 20)];

/// One event.
pub(super) struct Event {
    /// Time since the start.
    pub(super) after: TimeDelta,
    /// The event, for the reader.
    pub(super) text: &'static str,
    /// The event, for the servers.
    pub(super) act: fn(&Scene),
    /// Whether the scheduler of the jobs asks after it which accounts are usable.
    pub(super) asks_usable: bool,
}

const fn at(days: i64, hours: i64, text: &'static str, act: fn(&Scene)) -> Event {
    Event { after: after(days, hours), text, act, asks_usable: false }
}

/// Half an hour after that many days and hours.
const fn after(days: i64, hours: i64) -> TimeDelta {
    TimeDelta::minutes((days * 24 + hours) * 60 + 30)
}

/// Nothing happens, but somebody asks which accounts are usable.
const fn ask_usable(days: i64, hours: i64, text: &'static str) -> Event {
    Event { asks_usable: true, ..at(days, hours, text, |_| {}) }
}

/// All events, in order. Each happens between two runs.
pub(super) fn events() -> Vec<Event> {
    first_half_events().into_iter().chain(second_half_events()).collect()
}

fn first_half_events() -> Vec<Event> {
    vec![
        at(0, 0, "studio-a's token expires in 9 days; nobody renews it", |_| {}),
        at(3, 9, "studio-b loses video, and its maxJobs falls from 3 to 1", |scene| {
            let mut studio_b = configuration("234567", scene.start + TimeDelta::days(45));
            studio_b["supportVideo"] = false.into();
            studio_b["maxJobs"] = 1.into();
            scene.main.put("234567", &studio_b);
        }),
        at(4, 9, "studio-b gets both back", |scene| put(scene, "234567", 45)),
        at(5, 9, "the plan of `client` ends; useapi.net still answers for its account", |scene| {
            scene.client.set_active(false);
        }),
        at(6, 9, "the plan of `client` is paid again", |scene| scene.client.set_active(true)),
        at(8, 12, "useapi.net is down for 16 hours; the expiry clock continues", |scene| {
            set_outage(scene, Some(&Answer::bad_gateway()));
        }),
        at(9, 4, "useapi.net is back", |scene| set_outage(scene, None)),
        at(10, 8, "studio-a's token is renewed", |scene| put(scene, "123456", 40)),
        at(12, 2, "studio-c's configuration is deleted at useapi.net (404)", |scene| {
            scene.main.set_answer("345678", Answer::not_found());
        }),
        at(13, 2, "studio-c is set up again", |scene| put(scene, "345678", 60)),
        at(15, 22, "the API token of `main` is reset (401 for its three accounts)", |scene| {
            scene.main.refuse_token(true);
        }),
        at(16, 6, "the new API token is in place", |scene| scene.main.refuse_token(false)),
    ]
}

fn second_half_events() -> Vec<Event> {
    vec![
        at(18, 0, "the pager goes down", |scene| scene.pager.set_down(true)),
        at(18, 12, "studio-b's MiniMax session is put on hold (596)", |scene| {
            scene.main.set_answer("234567", Answer::account_error("Account on hold, please log in again"));
        }),
        at(19, 12, "studio-b is healthy again", |scene| put(scene, "234567", 45)),
        at(20, 18, "the pager is back; the next attempt delivers in order what it missed", |scene| {
            scene.pager.set_down(false);
        }),
        at(20, 20, "three jobs an hour are sent to studio-c", |scene| send_jobs(scene, "345678", 1, 200)),
        at(
            21,
            20,
            "MiniMax refuses the jobs of studio-c for a week (403); its account reads healthy",
            |scene| {
                send_jobs(scene, "345678", 7, 403);
            },
        ),
        at(22, 0, "studio-b spends ten credits an hour, of 1,000", |scene| {
            for hour in 1..=100 {
                set_credits(scene, hour, 1_000 - 10 * hour.unsigned_abs());
            }
        }),
        ask_usable(24, 12, "which accounts can take jobs?"),
        at(27, 0, "studio-b gets 1,000 credits", |scene| set_credits(scene, 0, 1_000)),
        at(28, 20, "MiniMax takes the jobs of studio-c again", |scene| send_jobs(scene, "345678", 1, 200)),
        ask_usable(29, 12, "which accounts can take jobs?"),
    ]
}

/// What goes wrong after the month, for those who look at the page.
pub(super) fn aftermath() -> Vec<Event> {
    vec![
        at(30, 0, "studio-a's token turns out to end in two days", |scene| put(scene, "123456", 32)),
        at(30, 1, "office's configuration is deleted at useapi.net (404)", |scene| {
            scene.client.set_answer("0042", Answer::not_found());
        }),
    ]
}

/// Every request gets this answer; `None` ends that.
fn set_outage(scene: &Scene, answer: Option<&Answer>) {
    for subscription in [&scene.main, &scene.client] {
        subscription.set_outage(answer.cloned());
    }
}

/// The account is healthy, and expires so many days after the start.
fn put(scene: &Scene, account: &str, days: i64) {
    scene.main.put(account, &configuration(account, scene.start + TimeDelta::days(days)));
}

/// So many hours from now, studio-b has so many credits.
fn set_credits(scene: &Scene, hours: i64, credits: u64) {
    scene.main.set_credits("234567", scene.now.now() + TimeDelta::hours(hours), credits);
}

/// From now on, for so many days, the account is sent a job every 20 minutes, which is answered with `code`.
fn send_jobs(scene: &Scene, account: &str, days: i64, code: u16) {
    for job in 0..days * 72 {
        let at = scene.now.now() + TimeDelta::minutes(15 + 20 * job);
        scene.main.add_job(account, at, code);
    }
}
