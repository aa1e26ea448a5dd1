//! `alerts`, `deliveries` and `ack`: alerts, messages with their state, and acknowledgements (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::{Value, json};

use crate::schema::valid;
use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Record, WebhookServer};

fn make_expiring(hook: &WebhookServer, setup: &Setup) {
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    setup.configure(&["a"], &webhook(hook));
    assert_eq!(setup.run(&["check"]).status, Some(1));
}

fn alerts(setup: &Setup, options: &[&str]) -> Value {
    let ended = setup.run(&[&["alerts", "--json"], options].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    valid("alerts", &ended.out)["alerts"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_lists_its_receivers_and_resolves_after_the_renewal() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    make_expiring(&hook, &setup);
    let open = alerts(&setup, &[]);
    assert_eq!(open[0]["kind"], "expiry");
    assert_eq!(open[0]["notified"][0]["receiver"], "pager");
    assert_eq!(open[0]["notified"][0]["times"], 1);
    assert_eq!(open[0]["notified"][0]["last_state"], "delivered");
    let text = setup.run(&["alerts"]).out;
    let id = open[0]["id"].as_str().unwrap();
    assert!(text.starts_with("WARNING   a: expiry, stage 3d, since ") && text.contains(id), "{text}");
    setup.vendor.put(Record::ending("a", healthy()));
    assert_eq!(setup.run(&["check"]).status, Some(0));
    assert_eq!(alerts(&setup, &[]), json!([]));
    assert!(setup.run(&["alerts"]).out.starts_with("No open alerts. Earlier ones: "));
    for options in [&["--all"][..], &["--since", "1h"], &["--since", "-1h"]] {
        let over = alerts(&setup, options);
        assert_eq!((&over[0]["id"], &over[0]["status"]), (&json!(id), &json!("resolved")), "{options:?}");
    }
    assert_eq!(alerts(&setup, &["--since", "+1h"]), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_is_acknowledged_once_and_the_acknowledgement_can_be_undone() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    make_expiring(&hook, &setup);
    let id = alerts(&setup, &[])[0]["id"].as_str().unwrap().to_owned();
    let end = &id[id.len() - 8..];
    let acked = setup.run(&["ack", &end.to_lowercase(), "--reason", "renewed\nat eight"]);
    assert_eq!(
        (acked.status, acked.out.as_str()),
        (Some(0), "expiry of a: acknowledged; no reminders until it escalates or resolves\n"),
        "{acked:?}"
    );
    let ack = &alerts(&setup, &[])[0]["acknowledged"];
    assert_eq!(ack["reason"], "renewed at eight");
    assert!(setup.run(&["ack", &id]).out.starts_with("expiry of a: already acknowledged, 20"));
    let text = setup.run(&["alerts"]).out;
    assert!(text.contains("renewed at eight. No reminders"), "{text}");
    assert_eq!(
        setup.run(&["ack", &id, "--undo"]).out,
        "expiry of a: no longer acknowledged; reminders are sent again\n"
    );
    assert_eq!(alerts(&setup, &[])[0]["acknowledged"], Value::Null);
    assert_eq!(setup.run(&["ack", &id, "--undo"]).out, "expiry of a: was not acknowledged\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_acknowledged_by_its_accounts_name_or_the_first_characters_of_its_id() {
    let setup = Setup::with(&["a", "studio-b"], "").await;
    setup.vendor.put(Record::ending("studio-b", clock::now() + TimeDelta::days(2)));
    assert_eq!(setup.run(&["check"]).status, Some(1));
    let id = alerts(&setup, &[])[0]["id"].as_str().unwrap().to_owned();
    for typed in ["studio-b", &id[..12], &id[..20].to_lowercase()] {
        let acked = setup.run(&["ack", typed]);
        assert!(
            acked.out.starts_with("expiry of studio-b: acknowledged; no reminders"),
            "{typed}: {acked:?}"
        );
        assert_eq!(setup.run(&["ack", typed, "--undo"]).status, Some(0));
    }
    let none = setup.run(&["ack", "a"]);
    assert_eq!(none.status, Some(3));
    assert_eq!(
        none.err,
        format!("minimax-watch: account \"a\" has no open alert; open: {id} (expiry of studio-b)\n")
    );
    setup.vendor.remove("studio-b");
    assert_eq!(setup.run(&["check"]).status, Some(2));
    let open = alerts(&setup, &[]);
    assert_eq!(open.as_array().unwrap().len(), 2, "{open}");
    let several = setup.run(&["ack", "studio-b"]);
    assert_eq!(several.status, Some(3));
    for alert in open.as_array().unwrap() {
        assert!(several.err.contains(alert["id"].as_str().unwrap()), "{}", several.err);
    }
    assert!(several.err.contains("; give an id"), "{}", several.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn ack_of_an_account_names_the_open_alert_of_its_subscription() {
    let setup = Setup::with(&["a", "studio-b"], "").await;
    setup.run(&["check"]);
    setup.secret("token", "user:1234-wr0ng");
    assert_eq!(setup.run(&["check"]).status, Some(2));
    let open = alerts(&setup, &[]);
    let id = open[0]["id"].as_str().unwrap();
    let refused = setup.run(&["ack", "studio-b"]);
    let words = format!(
        "minimax-watch: account \"studio-b\" has no open alert of its own; its subscription has: {id} (unauthorized of main); give an id\n"
    );
    assert_eq!((refused.status, refused.err), (Some(3), words));
    for typed in ["main", id] {
        assert_eq!(setup.run(&["ack", typed]).status, Some(0), "{typed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ack_of_an_unknown_alert_is_refused() {
    let setup = Setup::with(&["a"], "").await;
    let none = setup.run(&["ack", "01KAQ9Z0X0000000000000000"]);
    assert_eq!(none.status, Some(3));
    assert!(none.err.contains("there is no store at "), "{}", none.err);
    assert!(!setup.store().exists(), "a refused command leaves nothing behind");
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    make_expiring(&hook, &setup);
    let id = alerts(&setup, &[])[0]["id"].as_str().unwrap().to_owned();
    let short = "is too short for an id: give at least 4 characters";
    for (typo, words) in [
        ("01KAQ9Z0X0000000000000000", "unknown alert \"01KAQ9Z0X"),
        ("xyz", "unknown alert \"xyz\""),
        (&id[id.len() - 3..], short),
        (&id[..3], short),
        ("", "unknown alert \"\""),
    ] {
        let refused = setup.run(&["ack", &id, typo]);
        assert_eq!(refused.status, Some(3), "{typo}");
        let open = format!("; open: {id} (expiry of a)");
        assert!(refused.err.contains(words) && refused.err.contains(&open), "{typo}: {}", refused.err);
    }
    assert_eq!(alerts(&setup, &[])[0]["acknowledged"], Value::Null, "all alerts or none are acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_message_shows_why_and_until_when_it_waits() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.configure(&["a"], &webhook(&hook));
    setup.vendor.put(Record::ending("a", healthy()));
    setup.run(&["check"]);
    let none = setup.run(&["deliveries"]);
    assert_eq!(none.status, Some(0));
    assert!(none.out.starts_with("No messages since "), "{}", none.out);
    assert_eq!(valid("deliveries", &setup.run(&["deliveries", "--json"]).out)["deliveries"], json!([]));
    make_expiring(&hook, &setup);
    hook.go_down();
    setup.vendor.remove("a");
    setup.run(&["check"]);
    let words = |command: &[&str]| setup.run(command).out.split_whitespace().collect::<Vec<_>>().join(" ");
    let open = words(&["alerts"]);
    assert!(open.contains("Not delivered yet: pager 20"), "{open}");
    let gone = open.find("not_found").unwrap();
    assert!(!open[gone..].split(" id ").next().unwrap().contains("Notified"), "{open}");
    let explained = words(&["explain", "a"]);
    assert!(explained.contains("pager not_found: message of 20"), "{explained}");
    assert!(explained.contains(" not delivered yet; next reminder in "), "{explained}");
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    setup.run(&["check"]);
    let list = valid("deliveries", &setup.run(&["deliveries", "--json", "--since", "1h"]).out);
    let states: Vec<(&Value, bool)> = list["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (&message["state"], message["next_attempt_at"].is_null()))
        .collect();
    let (delivered, pending) = (json!("delivered"), json!("pending"));
    assert_eq!(states, [(&delivered, true), (&pending, false), (&pending, true)]);
    // A pending message is shown however old it is.
    let waiting = valid("deliveries", &setup.run(&["deliveries", "pager", "--json", "--since", "0s"]).out);
    assert_eq!(waiting["deliveries"].as_array().unwrap().len(), 2);
    let text = setup.run(&["deliveries"]).out;
    for words in [
        "pager: delivered, 1 attempt",
        "cannot connect",
        "Waits for an earlier message to this receiver.",
        "2 pending, 1 delivered",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let typo = setup.run(&["deliveries", "pagre"]);
    assert_eq!(typo.status, Some(3));
    assert!(typo.err.contains("unknown receiver \"pagre\"; configured: pager"), "{}", typo.err);
}
