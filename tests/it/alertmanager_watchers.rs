//! Two watchers of the same accounts, each with its own store, and one Alertmanager or two: what each partition does, and that neither
//! revives what the other ended.

use chrono::TimeDelta;

use crate::simulator::{Alertmanager, Answer, ErrorBody, NotFoundBody, Record, StatusCode};
use crate::world::{ALERTMANAGER, Settings, World, days, healthy, hours, minutes};

const STUDIO: &[(&str, &str)] = &[("1", "studio-a")];

/// Two worlds, each with a vendor of its own that answers alike, so that one can be cut off; the second watcher pushes to the first's
/// Alertmanager.
struct Pair {
    a: World,
    b: World,
    /// The way of the second watcher to the Alertmanager.
    way_of_b: Alertmanager,
}

impl Pair {
    /// One whose account has a token that expires then.
    async fn open(expires_in: TimeDelta) -> Self {
        let a = World::watching(STUDIO).await;
        let a = a.restart_with(Settings::watching(STUDIO).receivers(&[ALERTMANAGER])).await;
        let way_of_b = a.alertmanagers[0].open_another_port().await.unwrap();
        let shared = ALERTMANAGER.replace("@alertmanager@", way_of_b.url().as_str());
        let b = World::open(Settings::watching(STUDIO).receivers(&[&shared])).await;
        let pair = Self { a, b, way_of_b };
        pair.vendors(|world| world.main.put(Record::ending("1", world.now() + expires_in)));
        pair.run().await;
        pair
    }

    /// One in which the account is missing.
    async fn missing() -> Self {
        let pair = Self::open(days(90)).await;
        pair.vendors(|world| world.main.set_answer("1", Answer::not_found(NotFoundBody::Json)));
        pair.run().await;
        assert_eq!(pair.server().history(), ["fires not_found critical 1"], "once for both");
        pair
    }

    fn server(&self) -> &Alertmanager {
        &self.a.alertmanagers[0]
    }

    fn vendors(&self, change: impl Fn(&World)) {
        change(&self.a);
        change(&self.b);
    }

    /// A run of each, a little apart, on clocks that show the same.
    async fn run(&self) {
        self.a.run().await;
        self.b.at(self.a.now().max(self.b.now()));
        self.b.run().await;
        self.a.at(self.b.now());
    }

    /// Runs of both every quarter of an hour, for some hours.
    async fn live(&self, length: i64) {
        for _ in 0..length * 4 {
            self.vendors(|world| world.advance(minutes(15)));
            self.run().await;
        }
    }
}

/// The vendor cannot be reached from this watcher.
fn cut_off(world: &World) {
    world.main.set_all(Some(Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html)));
}

fn connect(world: &World) {
    world.main.set_all(None);
}

#[tokio::test]
async fn two_watchers_push_equal_series_and_the_end_of_both_is_one() {
    let pair = Pair::missing().await;
    pair.live(3).await;
    assert_eq!(pair.server().history(), [""; 0]);
    assert_eq!(pair.server().series().len(), 1, "equal labels");
    pair.vendors(|world| world.main.put(healthy("1")));
    pair.live(2).await;
    assert_eq!(pair.server().history(), ["ends not_found critical 1"]);
}

#[tokio::test]
async fn alert_stays_when_one_watcher_is_killed_and_nothing_is_repeated() {
    let pair = Pair::missing().await;
    for _ in 0..12 {
        pair.b.advance(minutes(15));
        pair.b.run().await;
        pair.a.at(pair.b.now());
        assert_eq!(pair.server().firing(), ["not_found critical 1"]);
    }
    assert_eq!(pair.server().history(), [""; 0]);
    pair.vendors(|world| world.main.put(healthy("1")));
    pair.b.run().await;
    pair.a.at(pair.b.now());
    assert_eq!(pair.server().history(), ["ends not_found critical 1"]);
    // It comes back, blind, with what it knew, until its first run has ended.
    pair.a.advance(hours(2));
    let a = pair.a.restart().await;
    a.tick().await;
    a.run().await;
    let history = a.alertmanagers[0].history();
    assert!(history.iter().all(|line| line.ends_with(" stale")), "{history:?}");
    assert_eq!(a.alertmanagers[0].firing(), [""; 0]);
}

#[tokio::test]
async fn watcher_without_useapi_keeps_alive_what_fires_and_revives_nothing_that_the_other_ended() {
    let pair = Pair::missing().await;
    cut_off(&pair.a);
    pair.live(3).await;
    let unreachable = "fires unreachable warning main";
    assert_eq!(pair.server().history(), [unreachable]);
    assert_eq!(pair.server().firing(), ["not_found critical 1", "unreachable warning main"]);
    assert!(pair.server().reads() > 0);
    // The account comes back, which only the other sees.
    pair.vendors(|world| world.main.put(healthy("1")));
    cut_off(&pair.a);
    pair.live(3).await;
    let history = pair.server().history();
    assert_eq!(history, ["ends not_found critical 1", "fires not_found critical 1 stale"], "only labelled");
    assert_eq!(pair.server().firing(), ["not_found critical 1 stale", "unreachable warning main"]);
    connect(&pair.a);
    pair.live(1).await;
    let mut history = pair.server().history();
    history.sort();
    assert_eq!(history, ["ends not_found critical 1 stale", "ends unreachable warning main"]);
    assert_eq!(pair.server().firing(), [""; 0]);
}

#[tokio::test]
async fn watcher_without_useapi_alone_keeps_the_alert_alive_until_it_sees() {
    let pair = Pair::missing().await;
    cut_off(&pair.a);
    for _ in 0..16 {
        pair.a.advance(minutes(15));
        pair.a.run().await;
        pair.b.at(pair.a.now());
        assert!(pair.server().firing().contains(&"not_found critical 1".to_owned()));
    }
    // The Alertmanager restarts: what it forgot comes back as known from before only.
    pair.server().history();
    pair.server().restart();
    pair.a.live_until(pair.a.now() + minutes(20)).await;
    assert_eq!(pair.server().firing(), ["not_found critical 1 stale", "unreachable warning main"]);
    connect(&pair.a);
    pair.a.advance(minutes(15));
    pair.a.run().await;
    assert_eq!(pair.server().firing(), ["not_found critical 1"]);
}

#[tokio::test]
async fn watcher_without_the_alertmanager_changes_nothing_and_ends_nothing_later() {
    let pair = Pair::missing().await;
    pair.way_of_b.go_down();
    pair.live(3).await;
    assert_eq!(pair.server().firing(), ["not_found critical 1"]);
    pair.vendors(|world| world.main.put(healthy("1")));
    pair.live(1).await;
    assert_eq!(pair.server().history(), ["ends not_found critical 1"]);
    pair.way_of_b.come_back().unwrap();
    pair.live(1).await;
    assert_eq!(pair.server().history(), [""; 0], "the first push after the partition revives nothing");
}

#[tokio::test]
async fn expiry_that_time_alone_moves_is_stale_from_a_blind_watcher() {
    let pair = Pair::open(days(2)).await;
    assert_eq!(pair.server().history(), ["fires expiry warning 1"]);
    cut_off(&pair.a);
    // Renewed, which only the other sees.
    pair.b.main.put(healthy("1"));
    pair.live(2).await;
    let history = pair.server().history();
    assert_eq!(history[0], "ends expiry warning 1");
    for _ in 0..26 {
        pair.vendors(|world| world.advance(hours(1)));
        pair.run().await;
    }
    let firing = pair.server().firing();
    assert_eq!(firing, ["expiry critical 1 stale", "unreachable warning main"]);
    let history = pair.server().history();
    assert!(
        history.iter().all(|line| line.ends_with(" stale") || line.contains("unreachable")),
        "{history:?}"
    );
    pair.vendors(|world| world.main.put(healthy("1")));
    connect(&pair.a);
    pair.live(1).await;
    assert_eq!(pair.server().firing(), [""; 0]);
}
