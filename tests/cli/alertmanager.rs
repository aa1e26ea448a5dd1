//! Two services with a store each, which push to one Alertmanager.

use crate::child::within_timeout;
use crate::setup::{Ended, Setup};
use crate::simulator::{Alertmanager, Answer, NotFoundBody, Record};

fn receiver(server: &Alertmanager) -> String {
    format!(
        "[[receivers]]\nname = \"am\"\ntype = \"alertmanager\"\nurls = [\"{}\"]\nlabels = {{ team = \"video\" }}\ntimeout = \"2s\"\n",
        server.url()
    )
}

/// A watcher of account `a`, which is missing.
async fn watcher(server: &Alertmanager) -> Setup {
    let setup = Setup::with(&["a"], &receiver(server)).await;
    setup.vendor.set_answer("a", Answer::not_found(NotFoundBody::Json));
    setup
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_push_one_series_which_stays_when_one_is_killed_and_ends_with_the_other() {
    let mut first = Setup::open().await;
    let server = Alertmanager::open_in_real_time().await.unwrap();
    first.vendor.set_answer("a", Answer::not_found(NotFoundBody::Json));
    first.configure(&["a"], &receiver(&server));
    first.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let mut second = watcher(&server).await;
    second.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let (mut killed, mut other) = (first.serve(&[]), second.serve(&[]));
    within_timeout(server.wait_for(2)).await;
    killed.kill();
    let before = server.count();
    within_timeout(server.wait_for(before + 2)).await;
    assert_eq!(server.history(), ["fires not_found critical a"], "equal labels, and nothing repeated");
    assert_eq!(server.series().len(), 1);
    second.vendor.put(Record::ending("a", crate::setup::healthy()));
    within_timeout(server.wait_for_history(2)).await;
    assert_eq!(server.history(), ["ends not_found critical a"]);
    assert_eq!(other.stop(), Some(0));
    assert_eq!(server.firing(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_check_pushes_and_the_next_one_ends() {
    let setup = Setup::open().await;
    let server = Alertmanager::open_in_real_time().await.unwrap();
    setup.configure(&["a"], &receiver(&server));
    setup.vendor.set_answer("a", Answer::not_found(NotFoundBody::Json));
    let Ended { status, .. } = setup.run(&["check", "--quiet"]);
    assert_eq!(status, Some(2));
    assert_eq!(server.history(), ["fires not_found critical a"]);
    let explained = setup.run(&["explain", "a"]).out;
    assert!(explained.contains("am") && explained.contains("kept alive at Alertmanager"), "{explained}");
    let alerts = setup.run(&["alerts"]).out;
    assert!(alerts.contains("Kept alive at am."), "{alerts}");
    let simulated = setup.run(&["simulate"]).out;
    assert!(simulated.contains("no messages: alerts are kept alive there"), "{simulated}");
    let status = setup.run(&["status", "--json"]).out;
    assert!(status.contains(r#""pending": 0"#), "{status}");
    setup.vendor.put(Record::ending("a", crate::setup::healthy()));
    setup.run(&["check", "--quiet"]);
    assert_eq!(server.firing(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn test_and_probe_reach_every_server_and_name_the_one_that_fails() {
    let setup = Setup::open().await;
    let server = Alertmanager::open_in_real_time().await.unwrap();
    setup.configure(&["a"], &receiver(&server));
    let tested = setup.run(&["notify", "test"]);
    assert_eq!((tested.status, tested.out.as_str()), (Some(0), "am: delivered\n"));
    assert_eq!(server.history(), ["fires test info"]);
    let probed = setup.run(&["config", "check", "--probe"]);
    assert!(probed.out.contains("connected, unencrypted"), "{}{}", probed.out, probed.err);
    let (address, down) = (server.url(), Alertmanager::open_in_real_time().await.unwrap());
    down.go_down();
    let both = receiver(&server)
        .replace(&format!("[\"{address}\"]"), &format!("[\"{address}\", \"{}\"]", down.url()));
    setup.configure(&["a"], &both);
    let failed = setup.run(&["notify", "test"]);
    let port = down.url().port().unwrap().to_string();
    assert!(failed.out.contains(&port) && failed.out.contains("cannot connect"), "{}", failed.out);
    assert_ne!(setup.run(&["config", "check", "--probe"]).status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_named_with_what_to_do() {
    let setup = Setup::open().await;
    setup.secret("password", "pAsSwOrD");
    for (keys, expected) in [
        ("", "urls is missing"),
        ("urls = []", "urls: is empty"),
        ("urls = [\"http://am.example.com\"]", "allow_http = true"),
        ("urls = [\"https://a.example.com\", \"https://a.example.com/\"]", "is given twice"),
        ("urls = [\"https://a.example.com/api/v2/alerts\"]", "give the base address"),
        ("urls = [\"https://a.example.com\"]\nlabels = { severity = \"page\" }", "is set by this program"),
        ("urls = [\"https://a.example.com\"]\nlabels = { \"a-b\" = \"c\" }", "is not the name of a label"),
        ("urls = [\"https://a.example.com\"]\nusername = \"x\"", "password is missing"),
        (
            "urls = [\"https://a.example.com\"]\nusername = \"x\"\npassword_file = \"password\"\ntoken_file = \"password\"",
            "has two logins",
        ),
        ("urls = [\"https://a.example.com\"]\ntoken = \"pAsSwOrD\"", "a secret must not be in the file"),
    ] {
        setup.configure(&["a"], &format!("[[receivers]]\nname = \"am\"\ntype = \"alertmanager\"\n{keys}\n"));
        let Ended { status, out, err } = setup.run(&["config", "check"]);
        assert_eq!(status, Some(3), "{keys}: {out}{err}");
        assert!(
            format!("{out}{err}").contains(expected) && !format!("{out}{err}").contains("pAsSwOrD"),
            "{keys}: {out}{err}"
        );
    }
}
