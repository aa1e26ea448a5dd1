//! What happens in the month.

use std::io;

use chrono::TimeDelta;

use super::scene::{Scene, record};
use crate::simulator::{Answer, Missing, Page, StatusCode};

/// One turn of the story.
pub(super) struct Event {
    /// How long after the beginning.
    pub(super) after: TimeDelta,
    /// What happens, for the reader.
    pub(super) says: &'static str,
    /// What happens, on stage.
    pub(super) act: fn(&Scene) -> io::Result<()>,
}

const fn at(days: i64, hours: i64, says: &'static str, act: fn(&Scene) -> io::Result<()>) -> Event {
    Event { after: TimeDelta::minutes((days * 24 + hours) * 60 + 30), says, act }
}

/// The turns, in order. Each falls between two looks.
pub(super) fn events() -> Vec<Event> {
    vec![
        at(0, 0, "studio-a's token ends in 9 days; nobody renews it", |_| Ok(())),
        at(3, 9, "studio-b loses video, and its maxJobs falls from 3 to 1", |scene| {
            scene.main.put(studio_b(scene).flag("supportVideo", false).max_jobs(1));
            Ok(())
        }),
        at(4, 9, "studio-b gets both back", |scene| {
            scene.main.put(studio_b(scene));
            Ok(())
        }),
        at(8, 12, "useapi.net is down for 16 hours; the expiry clock runs on", |scene| {
            scene.main.set_all(Some(Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html)));
            Ok(())
        }),
        at(9, 4, "useapi.net is back", |scene| {
            scene.main.set_all(None);
            Ok(())
        }),
        at(10, 8, "somebody renews studio-a's token", |scene| {
            scene.main.put(record("123456", scene.start + TimeDelta::days(40)));
            Ok(())
        }),
        at(12, 2, "studio-c's configuration is deleted at useapi.net (404)", |scene| {
            scene.main.set("345678", Answer::not_found(Missing::Sentence));
            Ok(())
        }),
        at(13, 2, "studio-c is set up again", |scene| {
            scene.main.put(record("345678", scene.start + TimeDelta::days(60)));
            Ok(())
        }),
        at(15, 22, "the API token of `main` is reset (401 for its three accounts)", |scene| {
            scene.main.revoke_tokens();
            Ok(())
        }),
        at(16, 6, "the new API token is in place", |scene| {
            scene.restore_main_token();
            Ok(())
        }),
        at(18, 0, "the pager goes down", |scene| {
            scene.pager.go_down();
            Ok(())
        }),
        at(18, 12, "studio-b's MiniMax session is put on hold (596)", |scene| {
            scene.main.set("234567", Answer::account_error("Account on hold, please log in again"));
            Ok(())
        }),
        at(19, 12, "studio-b is well again", |scene| {
            scene.main.put(studio_b(scene));
            Ok(())
        }),
        at(20, 18, "the pager is back, and hears in order what it missed", |scene| scene.pager.come_back()),
    ]
}

fn studio_b(scene: &Scene) -> crate::simulator::Record {
    record("234567", scene.start + TimeDelta::days(45))
}
