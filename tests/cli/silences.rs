//! `silence`: beside a running service, and its errors (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::Value;

use crate::child::within_timeout;
use crate::schema::valid;
use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Record, WebhookServer};

fn json(setup: &Setup, arguments: &[&str]) -> Value {
    valid("silences", &setup.run(arguments).out)
}

#[tokio::test(flavor = "multi_thread")]
async fn running_service_applies_added_and_ended_silences() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    setup.configure(&["a"], &webhook(&hook));
    let added = setup.run(&["silence", "add", "a", "--for", "4h", "--reason", "being renewed"]);
    assert_eq!(added.status, Some(0), "{added:?}");
    assert!(added.out.starts_with("silence 1: everything of a, until "), "{}", added.out);
    assert_eq!(added.err, "");
    let mut service = setup.serve(&[]);
    service.until("run finished");
    // The run after a reload applies the silence too.
    service.signal("HUP");
    service.until("configuration reloaded");
    service.until("run finished");
    assert_eq!(hook.count(), 0);
    let ended = setup.run(&["silence", "end", "1"]);
    assert_eq!((ended.status, ended.out.as_str()), (Some(0), "silence 1 has ended: everything of a\n"));
    within_timeout(hook.wait_for(1)).await;
    valid("webhook", std::str::from_utf8(&hook.deliveries()[0].body).unwrap());
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
    assert_eq!(hook.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn silenced_alert_is_sent_within_seconds_after_the_silence_ends() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    setup.configure(&["a"], &webhook(&hook));
    setup.run(&["silence", "add", "*", "--for", "8s", "--reason", "a test"]);
    let until: chrono::DateTime<chrono::Utc> =
        json(&setup, &["silence", "list", "--json"])["silences"][0]["until"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
    let mut service = setup.serve(&[]);
    within_timeout(hook.wait_for(1)).await;
    let late = clock::now() - until;
    assert!((TimeDelta::zero()..TimeDelta::seconds(4)).contains(&late), "{late}");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn silences_are_listed_as_table_and_json() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["silence", "list"]).status, Some(3));
    assert!(!setup.store().exists(), "a reading command creates no store");
    setup.run(&["check"]);
    let none = setup.run(&["silence", "list"]);
    assert_eq!(none.status, Some(0));
    assert!(none.out.starts_with("No silences: every notification is sent."), "{}", none.out);
    assert_eq!(json(&setup, &["silence", "list", "--json"])["silences"], serde_json::json!([]));
    for more in
        [&["a", "--kind", "expiry,not_found", "--for", "2d"][..], &["--kind", "expiry", "--until", "+4h"]]
    {
        let arguments = [&["silence", "add", "--reason", "on leave"], more].concat();
        assert_eq!(setup.run(&arguments).status, Some(0), "{more:?}");
    }
    let list = json(&setup, &["silence", "list", "--json"]);
    let silences = list["silences"].as_array().unwrap();
    assert_eq!(silences[0]["id"], 2, "the silence that ends first");
    assert_eq!(silences[1]["accounts"], serde_json::json!(["a"]));
    assert_eq!(silences[1]["kinds"], serde_json::json!(["expiry", "not_found"]));
    assert_eq!(silences[1]["reason"], "on leave");
    let table = setup.run(&["silence", "list"]).out;
    assert!(table.starts_with("ID ") && table.contains("expiry, not_found of a"), "{table}");
    setup.run(&["silence", "end", "1", "2"]);
    assert!(setup.run(&["silence", "list"]).out.starts_with("No silences"));
    let over = json(&setup, &["silence", "list", "--all", "--json"]);
    assert_eq!(over["silences"].as_array().unwrap().len(), 2);
    assert_eq!(over["silences"][0]["in_force"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_silence_is_accepted_as_times_are_printed() {
    let setup = Setup::with(&["a"], "").await;
    let until = clock::now() + TimeDelta::hours(30);
    let add = |until: &str| setup.run(&["silence", "add", "a", "--reason", "x", "--until", until]);
    for (format, zone) in [("%Y-%m-%d %H:%M", ""), ("%Y-%m-%d %H:%M UTC", ""), ("%Y-%m-%d %H:%M", " Etc/UTC")]
    {
        let printed = format!("{}{zone}", until.format(format));
        let added = add(&printed);
        assert_eq!(added.status, Some(0), "{printed}: {added:?}");
        assert!(added.out.contains(&until.format("until %Y-%m-%d %H:%M UTC").to_string()), "{}", added.out);
    }
    let list = setup.run(&["silence", "list"]).out;
    let column = until.format("%Y-%m-%d %H:%M").to_string();
    assert!(list.contains(&column) && add(&column).status == Some(0), "as the table prints it: {list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_silence_is_refused_with_the_next_step() {
    let setup = Setup::with(&["a"], "").await;
    for (arguments, words) in [
        (&["a", "--for", "4h"][..], "--reason"),
        (&["a", "--reason", "x"], "--until <TIME>|--for <LENGTH>"),
        (&["a", "--reason", " ", "--for", "4h"], "a silence needs a reason"),
        (&["--reason", "x", "--for", "4h"], "use `*` to match all accounts"),
        (&["a", "--reason", "x", "--for", "4"], "`4` needs a unit, such as `4s`, `4m`, `4h` or `4d`"),
        (&["a", "--reason", "x", "--for", "0s"], "a silence cannot end"),
        (&["a", "--reason", "x", "--until", "-4h"], "(4 h ago): give a time in the future"),
        (&["a", "--reason", "x", "--until", "2020-01-01T00:00:00Z"], "a silence cannot end 2020-01-01"),
        (&["a", "--reason", "x", "--until", "tomorrow"], "invalid time `tomorrow`"),
        (
            &["a", "--reason", "x", "--for", "4h", "--kind", "expired"],
            "kinds of alerts and changes: expiry, expiry_unknown,",
        ),
        (
            &["a", "--reason", "x", "--for", "4h", "--kind", "unauthorized"],
            "these are still sent: unauthorized; use --even-critical to silence critical alerts too\n",
        ),
        (
            &["a", "--reason", "x", "--for", "4h", "--kind", "delivery_failing", "--even-critical"],
            "these are still sent: delivery_failing (it is about a receiver: silence it by --kind alone)\n",
        ),
        (&["[a", "--reason", "x", "--for", "4h"], "invalid glob `[a`"),
    ] {
        let refused = setup.run(&[&["silence", "add"], arguments].concat());
        assert_eq!(refused.status, Some(3), "{arguments:?}");
        assert!(refused.err.contains(words), "{arguments:?}: {}", refused.err);
    }
    let none = setup.run(&["silence", "end", "1"]);
    assert_eq!(none.status, Some(3));
    assert!(none.err.contains("there is no store at "), "{}", none.err);
    assert!(!setup.store().exists(), "a refused command leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_that_matches_no_watched_account_needs_force_and_silences_end_together_or_not_at_all() {
    let setup = Setup::with(&["a"], "").await;
    let other = ["silence", "add", "studio-*", "--for", "4h", "--reason", "x"];
    let misspelt = [
        "silence",
        "add",
        "a",
        "--subscription",
        "main",
        "--subscription",
        "mian",
        "--for",
        "4h",
        "--reason",
        "x",
    ];
    for (arguments, problem) in [
        (&other[..], "no watched account matches `everything of studio-*`; watched: a in main"),
        (&misspelt, "unknown subscription \"mian\"; configured: main"),
    ] {
        let refused = setup.run(arguments);
        assert_eq!(refused.status, Some(3), "{refused:?}");
        let words = format!("minimax-watch: {problem}; use --force to add the silence anyway\n");
        assert_eq!(refused.err, words);
        assert!(!setup.store().exists() || arguments == misspelt, "a refused command leaves nothing behind");
        let forced = setup.run(&[arguments, &["--force"]].concat());
        assert_eq!((forced.status, forced.err.as_str()), (Some(0), ""), "{forced:?}");
    }
    let named = setup.run(&["silence", "end", "a"]);
    assert!(
        named.err.contains("'a' for '<ID>...': not the number of a silence: `silence list` prints"),
        "{named:?}"
    );
    let ended = setup.run(&["silence", "end", "1", "7"]);
    assert_eq!(ended.status, Some(3));
    assert!(
        ended.err.contains("silence 7 is not in force; in force: 1, 2; nothing was ended"),
        "{}",
        ended.err
    );
    let list = json(&setup, &["silence", "list", "--json"]);
    assert_eq!(list["silences"].as_array().unwrap().len(), 2);
    setup.vendor.put(Record::ending("a", healthy()));
    let check = setup.run(&["check"]);
    assert_eq!(check.status, Some(0));
    assert!(
        check.out.replace('\n', " ").contains("2 silences in force"),
        "check mentions silences in force: {}",
        check.out
    );
}
