//! `silence`: beside a running service, and what it says when something is amiss (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Record};
use serde_json::Value;

use crate::child::within_patience;
use crate::schema::valid;
use crate::stage::{Stage, healthy, webhook};

fn json(stage: &Stage, arguments: &[&str]) -> Value {
    valid("silences", &stage.run(arguments).out)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_heeds_what_is_added_and_what_is_ended_by_hand() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    stage.configure(&["a"], &webhook(&hook));
    let added = stage.run(&["silence", "add", "a", "--for", "4h", "--reason", "being renewed"]);
    assert_eq!(added.status, Some(0), "{added:?}");
    assert!(added.out.starts_with("silence 1: everything of a, until "), "{}", added.out);
    assert_eq!(added.err, "");
    let mut service = stage.serve(&[]);
    service.until("run done");
    // A reload is another word that finds the silence.
    service.signal("HUP");
    service.until("configuration reloaded");
    service.until("run done");
    assert_eq!(hook.count(), 0);
    let ended = stage.run(&["silence", "end", "1"]);
    assert_eq!((ended.status, ended.out.as_str()), (Some(0), "silence 1 is over: everything of a\n"));
    within_patience(hook.wait_for(1)).await;
    valid("webhook", std::str::from_utf8(&hook.deliveries()[0].body).unwrap());
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
    assert_eq!(hook.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withheld_is_told_in_the_second_in_which_the_silence_ends() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    stage.configure(&["a"], &webhook(&hook));
    stage.run(&["silence", "add", "*", "--for", "8s", "--reason", "a test"]);
    let until: chrono::DateTime<chrono::Utc> =
        json(&stage, &["silence", "list", "--json"])["silences"][0]["until"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
    let mut service = stage.serve(&[]);
    within_patience(hook.wait_for(1)).await;
    let late = clock::now() - until;
    assert!((TimeDelta::zero()..TimeDelta::seconds(4)).contains(&late), "{late}");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_listed_for_people_and_for_programs() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["silence", "list"]).status, Some(3));
    assert!(!stage.store().exists(), "who only reads makes no store");
    stage.run(&["check"]);
    let none = stage.run(&["silence", "list"]);
    assert_eq!(none.status, Some(0));
    assert!(none.out.starts_with("No silences: everything is told."), "{}", none.out);
    assert_eq!(json(&stage, &["silence", "list", "--json"])["silences"], serde_json::json!([]));
    for more in
        [&["a", "--kind", "expiry,not_found", "--for", "2d"][..], &["--kind", "expiry", "--until", "+4h"]]
    {
        let arguments = [&["silence", "add", "--reason", "on leave"], more].concat();
        assert_eq!(stage.run(&arguments).status, Some(0), "{more:?}");
    }
    let list = json(&stage, &["silence", "list", "--json"]);
    let silences = list["silences"].as_array().unwrap();
    assert_eq!(silences[0]["id"], 2, "the one that ends first");
    assert_eq!(silences[1]["accounts"], serde_json::json!(["a"]));
    assert_eq!(silences[1]["kinds"], serde_json::json!(["expiry", "not_found"]));
    assert_eq!(silences[1]["reason"], "on leave");
    let table = stage.run(&["silence", "list"]).out;
    assert!(table.starts_with("ID ") && table.contains("expiry, not_found of a"), "{table}");
    stage.run(&["silence", "end", "1", "2"]);
    assert!(stage.run(&["silence", "list"]).out.starts_with("No silences"));
    let over = json(&stage, &["silence", "list", "--all", "--json"]);
    assert_eq!(over["silences"].as_array().unwrap().len(), 2);
    assert_eq!(over["silences"][0]["in_force"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_refused_with_the_next_step() {
    let stage = Stage::with(&["a"], "").await;
    for (arguments, words) in [
        (&["a", "--for", "4h"][..], "--reason"),
        (&["a", "--reason", "x"], "--until <TIME>|--for <LENGTH>"),
        (&["a", "--reason", " ", "--for", "4h"], "a silence needs a reason"),
        (&["--reason", "x", "--for", "4h"], "for all accounts say `*`"),
        (&["a", "--reason", "x", "--for", "4"], "`4` is not a length of time such as"),
        (&["a", "--reason", "x", "--for", "0s"], "a silence cannot end"),
        (&["a", "--reason", "x", "--until", "-4h"], "(4 h ago): give a moment to come"),
        (&["a", "--reason", "x", "--until", "2020-01-01T00:00:00Z"], "a silence cannot end 2020-01-01"),
        (&["a", "--reason", "x", "--until", "tomorrow"], "`tomorrow` is no moment such as"),
        (&["a", "--reason", "x", "--for", "4h", "--kind", "expired"], "(there are: expiry, expiry_unknown,"),
        (&["a", "--reason", "x", "--for", "4h", "--kind", "unauthorized"], "with --even-critical"),
        (&["[a", "--reason", "x", "--for", "4h"], "`[a` is no glob"),
    ] {
        let refused = stage.run(&[&["silence", "add"], arguments].concat());
        assert_eq!(refused.status, Some(3), "{arguments:?}");
        assert!(refused.err.contains(words), "{arguments:?}: {}", refused.err);
    }
    let none = stage.run(&["silence", "end", "1"]);
    assert_eq!(none.status, Some(3));
    assert!(none.err.contains("there are no silences yet"), "{}", none.err);
    assert!(!stage.store().exists(), "what is refused leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_is_accepted_with_a_remark_and_ends_are_all_or_none() {
    let stage = Stage::with(&["a"], "").await;
    let slip = stage.run(&["silence", "add", "studio-*", "--for", "4h", "--reason", "x"]);
    assert_eq!(slip.status, Some(0));
    assert_eq!(slip.err, "note: no watched account is meant by this silence (watched: a in main)\n");
    let slip = stage.run(&["silence", "add", "a", "--subscription", "mian", "--for", "4h", "--reason", "x"]);
    assert!(slip.err.contains("no watched account is meant"), "{}", slip.err);
    let ended = stage.run(&["silence", "end", "1", "7"]);
    assert_eq!(ended.status, Some(3));
    assert!(
        ended.err.contains("7 is no silence in force (there are: 1, 2); nothing was ended"),
        "{}",
        ended.err
    );
    let list = json(&stage, &["silence", "list", "--json"]);
    assert_eq!(list["silences"].as_array().unwrap().len(), 2);
    stage.vendor.put(Record::ending("a", healthy()));
    let check = stage.run(&["check"]);
    assert_eq!(check.status, Some(0));
    assert!(
        check.out.replace('\n', " ").contains("2 silences in force"),
        "who hears nothing wants to know why: {}",
        check.out
    );
}
