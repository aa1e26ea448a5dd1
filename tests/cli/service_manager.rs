//! The notifications of the service to a service manager (sd_notify(3)), read from the manager's socket.

use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use minimax_watch::clock;

use crate::child::TIMEOUT;
use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Answer, Record, Reply, WebhookServer};

/// A service manager that only listens.
pub(crate) struct Manager(UnixDatagram);

impl Manager {
    pub(crate) fn of(setup: &mut Setup) -> Self {
        let path = setup.path("notify");
        setup.set("NOTIFY_SOCKET", path.to_str().unwrap());
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        Self(socket)
    }

    fn next(&self) -> String {
        let mut message = [0; 4096];
        let length = self.0.recv(&mut message).expect("a notification arrives");
        String::from_utf8(message[..length].to_vec()).unwrap()
    }

    /// The next notification that contains `words`.
    pub(crate) fn until(&self, words: &str) -> String {
        std::iter::repeat_with(|| self.next()).find(|message| message.contains(words)).unwrap()
    }

    /// Keeps reading, as a real manager does, and counts the watchdog pings.
    pub(crate) fn pings(self) -> Arc<AtomicUsize> {
        let pings = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&pings);
        std::thread::spawn(move || {
            let mut message = [0; 4096];
            while let Ok(length) = self.0.recv(&mut message) {
                if message[..length].starts_with(b"WATCHDOG=1") {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        pings
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn service_reports_ready_status_reloading_and_stopping() {
    let mut setup = Setup::open().await;
    let manager = Manager::of(&mut setup);
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", healthy()));
    setup.vendor.put(Record::ending("b", clock::now() - TimeDelta::days(1)));
    setup.configure(&["a", "b"], &webhook(&hook));
    let mut service = setup.serve(&[]);
    let ready = manager.next();
    assert!(
        ready.contains("READY=1\n") && ready.contains("STATUS=2 accounts, 0 open alerts, next run "),
        "{ready}"
    );
    let status = manager.until("1 open alert,");
    assert!(status.contains("next run ") && status.contains(" UTC") && !status.contains("READY"), "{status}");

    setup.configure(&["a", "b"], "keeep = \"7d\"\n[colours]\n");
    service.signal("HUP");
    let reloading = manager.until("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    let refused = manager.until("READY=1");
    for problem in ["2 accounts, 1 open alert,", "refused: ", "store.keeep: ", "; ", "colours: unknown key"] {
        assert!(refused.contains(problem), "{refused}");
    }

    setup.configure(&["a"], &webhook(&hook));
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
async fn watchdog_is_fed_while_the_vendor_and_a_receiver_hang() {
    let mut setup = Setup::open().await;
    setup.set("WATCHDOG_USEC", "600000");
    let manager = Manager::of(&mut setup);
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    hook.set(Some(Reply::hang()));
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    setup.configure(&["a"], &webhook(&hook));
    let mut service = setup.serve(&[]);
    manager.until("1 open alert");
    setup.vendor.set_answer("a", Answer::hang());
    service.signal("HUP");
    manager.until("READY=1");
    let begin = clock::now();
    for _ in 0..5 {
        manager.until("WATCHDOG=1");
    }
    let took = clock::now() - begin;
    assert!(
        took < TimeDelta::seconds(5),
        "pings do not wait for the vendor, whose answers take five seconds: {took}"
    );
    assert_eq!(service.kill(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_service_sends_no_watchdog_pings() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("WATCHDOG_USEC", "300000");
    let manager = Manager::of(&mut setup);
    let service = setup.serve(&[]);
    manager.until("WATCHDOG=1");
    service.signal("STOP");
    manager.0.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
    let mut message = [0; 4096];
    // Notifications in flight may still arrive; then none comes for longer than the watchdog's limit.
    assert!((0..20).any(|_| manager.0.recv(&mut message).is_err()));
}

#[tokio::test(flavor = "multi_thread")]
async fn watchdog_of_another_process_is_not_fed() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("WATCHDOG_USEC", "300000");
    setup.set("WATCHDOG_PID", "1");
    let manager = Manager::of(&mut setup);
    let mut service = setup.serve(&[]);
    manager.until("READY=1");
    service.until("run finished");
    service.signal("TERM");
    let mut message = String::new();
    while !message.contains("STOPPING=1") {
        assert!(!message.contains("WATCHDOG"), "{message}");
        message = manager.next();
    }
    assert_eq!(service.end(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_read_from_the_credentials_folder() {
    let mut setup = Setup::with(&["a"], "").await;
    let config = std::fs::read_to_string(setup.path("minimax-watch.toml")).unwrap();
    let config = config.replace("\"token\"", "\"secrets/useapi-token\"");
    std::fs::write(setup.path("minimax-watch.toml"), config).unwrap();
    std::fs::create_dir(setup.path("credentials")).unwrap();
    setup.set("CREDENTIALS_DIRECTORY", setup.path("credentials").to_str().unwrap());
    let without = setup.run(&["check"]);
    assert_eq!(without.status, Some(3));
    assert!(
        without.err.contains("secrets/useapi-token") && without.err.contains("was started with"),
        "{without:?}"
    );
    setup.secret("credentials/secrets_useapi-token", crate::setup::TOKEN);
    assert_eq!(setup.run(&["check"]).status, Some(0));
}
