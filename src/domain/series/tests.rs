//! What is pushed in each situation, for one server. Minutes count from the first push.

use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone as _, Utc};

use super::*;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;
use crate::domain::time_zone::TimeZone;

fn at(minutes: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 0, 8).unwrap() + TimeDelta::minutes(minutes)
}

fn series(severity: &str) -> Series {
    let labels = [(KIND, "expiry"), (SEVERITY, severity), (SUBSCRIPTION, "main"), (ACCOUNT, "1")];
    Series {
        labels: labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        annotations: BTreeMap::new(),
        starts_at: at(0),
    }
}

/// One server and a watcher of one account.
struct Scene {
    schedule: Schedule,
    stored: BTreeMap<SeriesKey, StoredSeries>,
    server: ServerState,
    blindness: Blindness,
    firing: Vec<FiringSeries>,
}

impl Scene {
    fn new() -> Self {
        Self {
            schedule: Schedule::parse("*/15 * * * *", TimeZone::UTC, at(0)).unwrap(),
            stored: BTreeMap::new(),
            server: ServerState::default(),
            blindness: Blindness::default(),
            firing: Vec::new(),
        }
    }

    /// One that was pushed a warning at the beginning.
    fn pushed() -> Self {
        let mut scene = Self::new();
        scene.fires(&["warning"]);
        scene.push(None, 0);
        scene
    }

    fn fires(&mut self, severities: &[&str]) {
        let firing = |severity: &&str| FiringSeries { series: series(severity), is_silenced: false };
        self.firing = severities.iter().map(firing).collect();
    }

    fn silence(&mut self) {
        self.firing.iter_mut().for_each(|firing| firing.is_silenced = true);
    }

    /// The account was last checked long ago.
    fn be_blind(&mut self) {
        let account = AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("1"));
        let last = LastConclusive { account, last_conclusive_at: Some(at(0)), unreachable_since: None };
        let times = PushTimes { schedule: &self.schedule, jitter: TimeDelta::zero() };
        self.blindness = Blindness::new([last], &BTreeMap::new(), (TimeDelta::hours(1), times), at(60));
    }

    fn change(&mut self, change_id: i64) {
        let mut series = series("info");
        series.annotations.insert("summary".to_owned(), format!("change {change_id}"));
        let ends_at = at(7 * 24 * 60);
        let change = StoredSeries { series, change_id, ends_at, ended_at: None, accepted_at: None };
        self.stored.insert(change.key(), change);
    }

    fn see_again(&mut self) {
        self.blindness = Blindness::default();
    }

    fn input(&self) -> PlanInput<'_> {
        PlanInput {
            firing: &self.firing,
            stored: &self.stored,
            server: &self.server,
            blindness: &self.blindness,
            times: PushTimes { schedule: &self.schedule, jitter: TimeDelta::zero() },
        }
    }

    fn pending(&self, minutes: i64) -> Pending {
        self.input().pending(at(minutes))
    }

    /// Plans, and stores the plan as accepted if it is due: `fire warning`, `end warning`, with `stale`.
    fn push(&mut self, active: Option<&[Series]>, minutes: i64) -> Vec<String> {
        let now = at(minutes);
        if !self.pending(minutes).is_due {
            return Vec::new();
        }
        let active = active.map(|active| active.iter().map(|series| series.labels.clone()).collect());
        let plan = self.input().plan(active.as_ref(), now);
        for key in &plan.forgotten {
            self.stored.remove(key);
        }
        let line = |push: &Push| {
            let labels = &push.stored.series.labels;
            let verb = if push.ends_at > now { "fire" } else { "end" };
            let stale = if is_stale(labels) { " stale" } else { "" };
            format!("{verb} {}{stale}", labels[SEVERITY])
        };
        let lines = plan.pushes.iter().map(line).collect();
        for push in plan.pushes {
            let stored = StoredSeries { accepted_at: Some(now), ..push.stored };
            self.stored.insert(stored.key(), stored);
        }
        lines
    }

    fn fail(&mut self, failures: u32, next: i64) {
        self.server = ServerState { failures, next_attempt_at: Some(at(next)), ..ServerState::default() };
    }
}

#[test]
fn alert_is_pushed_at_once_again_with_each_run_and_ended_once_it_resolves() {
    let mut scene = Scene::new();
    scene.fires(&["warning"]);
    assert_eq!(scene.push(None, 0), ["fire warning"]);
    assert_eq!(scene.push(None, 14), [""; 0], "not before the next run");
    assert_eq!(scene.pending(14).next, Some(at(17) - TimeDelta::seconds(8)), "if no run ends before");
    assert_eq!(scene.push(None, 15), ["fire warning"]);
    scene.fires(&[]);
    assert_eq!(scene.push(None, 20), ["end warning"]);
    assert_eq!(scene.push(None, 20), [""; 0]);
    assert_eq!(scene.pending(20).next, Some(at(21)));
    assert_eq!(scene.push(None, 21), ["end warning"], "once more for a server whose clock is behind");
    assert_eq!(scene.push(None, 22), [""; 0]);
    assert_eq!(scene.pending(22), Pending::default());
}

#[test]
fn moved_severity_ends_the_old_series_in_the_same_push() {
    let mut scene = Scene::pushed();
    scene.fires(&["critical"]);
    assert_eq!(scene.push(None, 5), ["fire critical", "end warning"]);
}

#[test]
fn changed_text_is_pushed_at_once() {
    let mut scene = Scene::pushed();
    scene.firing[0].series.annotations.insert("stage".to_owned(), "1d".to_owned());
    assert_eq!(scene.push(None, 1), ["fire warning"]);
    assert_eq!(scene.push(None, 2), [""; 0]);
}

#[test]
fn alert_that_opens_again_before_its_end_is_pushed_is_only_pushed_as_firing() {
    let mut scene = Scene::pushed();
    scene.firing[0].series.starts_at = at(9);
    assert_eq!(scene.push(None, 10), ["fire warning"]);
    scene.fires(&[]);
    scene.push(None, 11);
    scene.fires(&["warning"]);
    assert_eq!(scene.push(None, 11), ["fire warning"], "and its end is not repeated");
    assert_eq!(scene.push(None, 13), [""; 0]);
}

#[test]
fn end_that_no_server_took_is_pushed_until_the_series_ended_by_itself() {
    let mut scene = Scene::pushed();
    scene.fires(&[]);
    let plan = scene.input().plan(None, at(5));
    let [push] = &plan.pushes[..] else { panic!("{plan:?}") };
    scene.stored.insert(push.stored.key(), push.stored.clone());
    scene.fail(1, 6);
    assert!(!scene.pending(5).is_due && scene.pending(5).next == Some(at(6)));
    let again = scene.input().plan(None, at(6));
    assert_eq!(again.pushes[0].ends_at, at(5), "with the moment at which it resolved");
    let after = scene.input().plan(None, at(60));
    assert_eq!((after.pushes.len(), after.forgotten.len()), (0, 1));
}

#[test]
fn something_new_is_pushed_to_a_failing_server_at_once_and_the_rest_waits() {
    let mut scene = Scene::pushed();
    scene.fail(3, 30);
    assert!(!scene.pending(15).is_due);
    assert_eq!(scene.pending(15).next, Some(at(30)));
    scene.fires(&["critical"]);
    assert_eq!(scene.push(None, 16), ["fire critical", "end warning"]);
    assert!(scene.pending(30).is_due, "it is asked although nothing is left to push");
}

#[test]
fn change_is_pushed_until_it_is_accepted_once() {
    let mut scene = Scene::new();
    scene.change(1);
    let plan = scene.input().plan(None, at(1));
    assert_eq!(plan.pushes[0].ends_at, at(61));
    assert_eq!(scene.push(None, 2), ["fire info"]);
    assert_eq!(scene.push(None, 3), [""; 0]);
}

#[test]
fn changes_with_equal_labels_are_each_pushed_the_newest_last() {
    let mut scene = Scene::new();
    scene.change(10);
    scene.change(9);
    let plan = scene.input().plan(None, at(1));
    let changes: Vec<i64> = plan.pushes.iter().map(|push| push.stored.change_id).collect();
    assert_eq!(changes, [9, 10]);
    scene.push(None, 1);
    scene.change(11);
    let plan = scene.input().plan(None, at(1));
    assert_eq!(plan.pushes.len(), 1, "{plan:?}");
    assert_eq!(plan.forgotten.len(), 2, "{plan:?}");
}

#[test]
fn silence_holds_back_a_new_alert_and_neither_ends_nor_moves_one_that_fires_already() {
    let mut scene = Scene::new();
    scene.fires(&["warning"]);
    scene.silence();
    assert_eq!(scene.push(None, 0), [""; 0]);
    let mut scene = Scene::pushed();
    scene.fires(&["critical"]);
    scene.silence();
    assert_eq!(scene.push(None, 5), [""; 0]);
    assert_eq!(scene.push(None, 15), ["fire warning"], "it is kept alive as it is");
    scene.fires(&[]);
    assert_eq!(scene.push(None, 16), ["end warning"], "its end passes the silence");
}

#[test]
fn blind_watcher_keeps_alive_what_fires_at_the_server() {
    let mut scene = Scene::pushed();
    scene.be_blind();
    assert!(scene.pending(60).is_due && scene.pending(60).needs_active);
    assert_eq!(scene.push(Some(&[series("warning")]), 60), ["fire warning"]);
    assert_eq!(scene.push(None, 61), [""; 0]);
}

#[test]
fn blind_watcher_pushes_the_rest_as_stale_and_ends_only_that_once_it_sees() {
    let mut scene = Scene::pushed();
    scene.be_blind();
    assert_eq!(scene.push(Some(&[]), 60), ["fire warning stale"]);
    assert_eq!(scene.push(Some(&[]), 75), [""; 0], "not together with the runs of other watchers");
    assert_eq!(scene.push(Some(&[]), 77), ["fire warning stale"]);
    assert_eq!(scene.push(Some(&[series("warning")]), 94), ["end warning stale", "fire warning"]);
    assert_eq!(scene.push(Some(&[]), 111), ["fire warning stale"]);
    scene.see_again();
    assert_eq!(scene.push(None, 112), ["end warning stale", "fire warning"]);
    scene.fires(&[]);
    assert_eq!(scene.push(None, 130), ["end warning stale", "end warning"], "an end is pushed twice");
}

#[test]
fn blind_watcher_ends_no_series_without_the_label() {
    let mut scene = Scene::pushed();
    scene.be_blind();
    scene.fires(&["critical"]);
    scene.fires(&[]);
    assert!(!scene.pending(31).is_due, "the warning ends by itself");
    let plan = scene.input().plan(None, at(60));
    assert!(plan.forgotten.contains(&(series("warning").labels, 0)), "{plan:?}");
}

#[test]
fn alert_whose_severity_time_moves_is_not_stale_from_a_blind_watcher() {
    let mut scene = Scene::pushed();
    scene.be_blind();
    scene.fires(&["critical"]);
    let warning = [series("warning")];
    assert!(scene.pending(30).needs_active);
    let planned = scene.input().plan(Some(&[series("warning").labels].into()), at(30));
    assert_eq!(scene.push(Some(&warning), 30), ["fire critical", "end warning"]);
    assert_eq!(scene.push(Some(&[series("critical")]), 31), ["end warning"], "an end is pushed twice");
    assert_eq!(scene.push(Some(&[series("critical")]), 47), ["fire critical"]);
    assert_eq!(scene.push(Some(&warning), 64), ["fire critical stale"], "the other watcher moved it back");
    assert_eq!(scene.push(Some(&warning), 81), ["fire critical stale"]);
    // A push that failed is repeated in the same form.
    let mut scene = Scene::pushed();
    scene.be_blind();
    scene.fires(&["critical"]);
    scene.stored.extend(planned.pushes.into_iter().map(|push| (push.stored.key(), push.stored)));
    assert_eq!(scene.push(Some(&warning), 31), ["fire critical", "end warning"]);
}

#[test]
fn blind_watcher_pushes_nothing_of_a_silenced_alert_but_what_fires_at_the_server() {
    let mut scene = Scene::pushed();
    scene.be_blind();
    scene.silence();
    assert!(scene.pending(60).needs_active);
    assert_eq!(scene.input().plan(None, at(60)), Plan::default());
    assert_eq!(scene.push(Some(&[series("warning")]), 60), ["fire warning"]);
    assert_eq!(scene.push(Some(&[]), 77), [""; 0]);
    assert_eq!(scene.pending(77), Pending::default(), "it is not read again");
    scene.fires(&["warning"]);
    assert_eq!(scene.push(Some(&[]), 78), ["fire warning stale"]);
    scene.silence();
    assert_eq!(scene.push(Some(&[series("warning").as_stale()]), 95), ["fire warning stale"]);
    scene.see_again();
    assert_eq!(scene.push(None, 96), ["end warning stale"], "and the silenced alert is not pushed");
}

#[test]
fn thousands_of_silenced_alerts_are_planned_in_time() {
    let mut scene = Scene::new();
    let firing = (0..4_000).map(|account| {
        let mut series = series("warning");
        series.labels.insert(ACCOUNT.to_owned(), account.to_string());
        FiringSeries { series, is_silenced: false }
    });
    scene.firing = firing.collect();
    assert_eq!(scene.push(None, 0).len(), 4_000);
    scene.silence();
    let started = std::time::Instant::now();
    assert_eq!(scene.push(None, 15).len(), 4_000);
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn what_a_blind_watcher_could_not_read_is_neither_pushed_nor_ended() {
    let mut scene = Scene::pushed();
    scene.be_blind();
    assert_eq!(scene.input().plan(None, at(60)), Plan::default());
    scene.fail(1, 70);
    assert!(!scene.pending(60).is_due, "it is read again with the next attempt");
}

#[test]
fn clock_that_was_set_back_delays_no_push() {
    let mut scene = Scene::pushed();
    assert_eq!(scene.push(None, -600), ["fire warning"]);
    scene.fires(&[]);
    let plan = scene.input().plan(None, at(-900));
    assert_eq!(plan.pushes[0].ends_at, at(0), "an end before its beginning is refused");
}
