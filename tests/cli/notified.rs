//! What the service tells a service manager (sd_notify(3)), heard at the socket that the manager would listen at.

use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Answer, Hook, Record, Reply};

use crate::child::PATIENCE;
use crate::stage::{Stage, healthy, webhook};

/// A service manager that only listens.
pub(crate) struct Manager(UnixDatagram);

impl Manager {
    pub(crate) fn of(stage: &mut Stage) -> Self {
        let path = stage.path("notify");
        stage.set("NOTIFY_SOCKET", path.to_str().unwrap());
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    fn next(&self) -> String {
        let mut news = [0; 4096];
        let length = self.0.recv(&mut news).expect("something is told");
        String::from_utf8(news[..length].to_vec()).unwrap()
    }

    /// The next news that holds `words`.
    pub(crate) fn until(&self, words: &str) -> String {
        std::iter::repeat_with(|| self.next()).find(|news| news.contains(words)).unwrap()
    }

    /// Goes on reading, as a real one does, and counts the signs of life.
    pub(crate) fn pings(self) -> Arc<AtomicUsize> {
        let pings = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&pings);
        std::thread::spawn(move || {
            let mut news = [0; 4096];
            while let Ok(length) = self.0.recv(&mut news) {
                if news[..length].starts_with(b"WATCHDOG=1") {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        pings
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_says_how_it_stands_reloads_and_stops() {
    let mut stage = Stage::open().await;
    let manager = Manager::of(&mut stage);
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", healthy()));
    stage.vendor.put(Record::ending("b", clock::now() - TimeDelta::days(1)));
    stage.configure(&["a", "b"], &webhook(&hook));
    let mut service = stage.serve(&[]);
    let ready = manager.next();
    assert!(
        ready.contains("READY=1\n") && ready.contains("STATUS=2 accounts, 0 open alerts, next run "),
        "{ready}"
    );
    let status = manager.until("1 open alert,");
    assert!(status.contains("next run ") && status.contains(" UTC") && !status.contains("READY"), "{status}");

    stage.configure(&["a", "b"], "keeep = \"7d\"\n[colours]\n");
    service.signal("HUP");
    let reloading = manager.until("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    let refused = manager.until("READY=1");
    for problem in
        ["2 accounts, 1 open alert,", "refused: ", "store.keeep: ", "; ", "colours: there is no such key"]
    {
        assert!(refused.contains(problem), "{refused}");
    }

    stage.configure(&["a"], &webhook(&hook));
    service.signal("HUP");
    manager.until("RELOADING=1");
    let ready = manager.until("READY=1");
    assert!(!ready.contains("refused"), "{ready}");
    manager.until("1 account, 0 open alerts");
    service.signal("TERM");
    manager.until("STOPPING=1");
    assert_eq!(service.end(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_is_fed_while_the_vendor_and_a_receiver_hang() {
    let mut stage = Stage::open().await;
    stage.set("WATCHDOG_USEC", "600000");
    let manager = Manager::of(&mut stage);
    let hook = Hook::open(&stage.now, None).await.unwrap();
    hook.set(Some(Reply::hang()));
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    stage.configure(&["a"], &webhook(&hook));
    let mut service = stage.serve(&[]);
    manager.until("1 open alert");
    stage.vendor.set("a", Answer::hang());
    service.signal("HUP");
    manager.until("READY=1");
    let begin = clock::now();
    for _ in 0..5 {
        manager.until("WATCHDOG=1");
    }
    let took = clock::now() - begin;
    assert!(took < TimeDelta::seconds(5), "each answer of the vendor takes five seconds, not these: {took}");
    assert_eq!(service.kill(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_stopped_in_its_tracks_gives_no_sign_of_life() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("WATCHDOG_USEC", "300000");
    let manager = Manager::of(&mut stage);
    let service = stage.serve(&[]);
    manager.until("WATCHDOG=1");
    service.signal("STOP");
    manager.0.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
    let mut news = [0; 4096];
    // What was under way may still come; then it is quiet for longer than the watchdog waits.
    assert!((0..20).any(|_| manager.0.recv(&mut news).is_err()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watchdog_that_waits_for_another_process_is_not_fed() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("WATCHDOG_USEC", "300000");
    stage.set("WATCHDOG_PID", "1");
    let manager = Manager::of(&mut stage);
    let mut service = stage.serve(&[]);
    manager.until("READY=1");
    service.until("run done");
    service.signal("TERM");
    let mut news = String::new();
    while !news.contains("STOPPING=1") {
        assert!(!news.contains("WATCHDOG"), "{news}");
        news = manager.next();
    }
    assert_eq!(service.end(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_come_from_a_folder_that_was_passed_as_credentials() {
    let mut stage = Stage::with(&["a"], "").await;
    let config = std::fs::read_to_string(stage.path("minimax-watch.toml")).unwrap();
    let config = config.replace("\"token\"", "\"secrets/useapi-token\"");
    std::fs::write(stage.path("minimax-watch.toml"), config).unwrap();
    std::fs::create_dir(stage.path("credentials")).unwrap();
    stage.set("CREDENTIALS_DIRECTORY", stage.path("credentials").to_str().unwrap());
    let without = stage.run(&["check"]);
    assert_eq!(without.status, Some(3));
    assert!(
        without.err.contains("secrets/useapi-token") && without.err.contains("when it starts"),
        "{without:?}"
    );
    stage.secret("credentials/secrets_useapi-token", crate::stage::TOKEN);
    assert_eq!(stage.run(&["check"]).status, Some(0));
}
