//! `explain`: the state of an account, and why it did or did not alert (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::{Value, json};

use crate::schema::valid;
use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Answer, Record, WebhookServer};

fn explain(setup: &Setup, account: &str) -> Value {
    let ended = setup.run(&["explain", account, "--json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    valid("explain", &ended.out)
}

/// The text with its line breaks removed.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rule<'a>(explanation: &'a Value, kind: &str) -> &'a Value {
    explanation["rules"].as_array().unwrap().iter().find(|rule| rule["kind"] == kind).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn near_expiry_shows_its_source_its_stages_and_the_notified_receivers() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    let (end, other) = (clock::now() + TimeDelta::days(2), clock::now() + TimeDelta::days(23));
    setup.vendor.put(Record::ending("a", end).exp(Some(other)));
    setup.configure(&["a"], &webhook(&hook));
    setup.run(&["check"]);
    let explained = explain(&setup, "a");
    assert_eq!(explained["expiry"]["source"], "exp_Expire");
    assert_ne!(explained["expiry"]["expiries"]["exp"]["at"], explained["expiry"]["expires_at"]);
    let stages = explained["stages"].as_array().unwrap();
    let reached: Vec<(&Value, &Value)> =
        stages.iter().map(|stage| (&stage["stage"], &stage["reached"])).collect();
    let (yes, no) = (json!(true), json!(false));
    let names = ["7d", "3d", "1d", "1h", "expired"].map(|stage| json!(stage));
    assert_eq!(reached, names.iter().zip([&yes, &yes, &no, &no, &no]).collect::<Vec<_>>());
    assert_eq!(stages[1]["notified"][0]["receiver"], "pager");
    assert_eq!(stages[1]["notified"][0]["state"], "delivered");
    assert!(
        stages[0]["not_notified"][0]["why"]
            .as_str()
            .unwrap()
            .starts_with("notified of a later stage instead (3d on")
    );
    assert_eq!(rule(&explained, "expiry")["alert"]["stage"], "3d");
    assert_eq!(rule(&explained, "not_found")["fires"], false);
    assert_eq!(explained["receivers"][0]["decision"], "notified");
    let next: Vec<&Value> = explained["next"].as_array().unwrap().iter().map(|next| &next["stage"]).collect();
    assert!(next.contains(&&json!("expired")), "{next:?}");
    let text = words(&setup.run(&["explain", "main/a"]).out);
    for words in [
        "CURRENT STATE last check ok,",
        "FIRES: WARNING, stage 3d",
        "pager notified 20",
        "(escalated) to pager",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reason_for_a_missing_notification_is_named() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", healthy()));
    let critical =
        webhook(&hook).replace("pager", "archive") + "min_severity = \"critical\"\nkinds = [\"expiry\"]\n";
    setup.configure(&["a"], &format!("{}{critical}", webhook(&hook)));
    setup.run(&["silence", "add", "a", "--for", "4h", "--even-critical", "--reason", "being renewed"]);
    setup.vendor.remove("a");
    setup.run(&["check"]);
    let explained = explain(&setup, "a");
    assert!(rule(&explained, "not_found")["fires"] == true && hook.count() == 0);
    let results: Vec<(&Value, &Value)> = explained["receivers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|report| (&report["receiver"], &report["decision"]))
        .collect();
    assert_eq!(results, [(&json!("pager"), &json!("silenced")), (&json!("archive"), &json!("not_routed"))]);
    assert_eq!(explained["silences"][0]["reason"], "being renewed");
    let text = words(&setup.run(&["explain", "a"]).out);
    for words in ["silenced (it opened) until", "its `kinds` do not include not_found", "(opened) to pager"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn former_accounts_are_explained_and_unknown_ones_are_refused() {
    let setup = Setup::with(&["a", "b"], "").await;
    let early = setup.run(&["explain", "a"]);
    assert_eq!(early.status, Some(3));
    assert!(early.err.contains("nothing was checked yet: run `minimax-watch check`"), "{}", early.err);
    setup.run(&["check"]);
    setup.configure(&["a"], "");
    setup.run(&["check"]);
    assert_eq!(
        (&explain(&setup, "a")["watched"], &explain(&setup, "b")["watched"]),
        (&json!(true), &json!(false))
    );
    let typo = setup.run(&["explain", "studio-x"]);
    assert_eq!(typo.status, Some(3));
    assert!(typo.err.contains("unknown account \"studio-x\"; watched: a"), "{}", typo.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_alert_without_receivers_is_not_denied() {
    let setup = Setup::with(&["a"], "").await;
    setup.run(&["check"]);
    let text = words(&setup.run(&["explain", "a"]).out);
    assert!(text.contains("RECEIVERS No open alerts. "), "{text}");
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    assert_eq!(setup.run(&["check"]).status, Some(1));
    let text = words(&setup.run(&["explain", "a"]).out);
    assert!(text.contains("RECEIVERS No receivers configured: nobody is notified."), "{text}");
    assert!(text.contains("FIRES: WARNING") && !text.contains("No open alerts"), "{text}");
    assert!(!text.contains("The service sends messages"), "nothing is sent: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_silences_that_match_the_account_are_listed_with_what_they_cover() {
    let setup = Setup::with(&["a", "b"], "").await;
    for matcher in [
        &["--kind", "delivery_failing"][..],
        &["b"],
        &["a", "--kind", "expiry,max_jobs_changed"],
        &["--subscription", "main", "--even-critical"],
    ] {
        let add = [&["silence", "add", "--for", "4h", "--reason", "moving", "--force"], matcher].concat();
        assert_eq!(setup.run(&add).status, Some(0), "{matcher:?}");
    }
    setup.run(&["check"]);
    let explained = explain(&setup, "a");
    let ids: Vec<&Value> =
        explained["silences"].as_array().unwrap().iter().map(|silence| &silence["id"]).collect();
    assert_eq!(ids, [&json!(3), &json!(4)], "neither that of receivers nor that of another account");
    let text = words(&setup.run(&["explain", "a"]).out);
    for words in [
        "silence 3 expiry, max_jobs_changed of a, until 20",
        "silence 4 everything in main, even critical, until 20",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_successful_check_no_value_is_called_missing() {
    let setup = Setup::open().await;
    setup.configure(&["a"], "");
    assert_eq!(setup.run(&["check"]).status, Some(2));
    assert_eq!(explain(&setup, "a")["expiry"]["why"], "no check was successful yet");
    let text = words(&setup.run(&["explain", "a"]).out);
    assert!(
        text.contains("token expires unknown: no check was successful yet stage")
            || text.contains("token expires unknown: no check was successful yet RULES"),
        "{text}"
    );
    assert!(!text.contains("missing") && !text.contains("readable"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_is_healthy_on_record_and_refused_in_practice_is_explained_with_its_jobs() {
    let setup = Setup::with(&["a"], "[jobs]\nwatch = true").await;
    let job = |(minutes, code): (i64, u16)| {
        let at = clock::now() - TimeDelta::minutes(minutes);
        let jobid = format!("user:4711-minimax:a-video:{minutes}");
        json!({"timestamp": at.to_rfc3339(), "jobid": jobid, "endpoint": "videos/create", "code": code})
    };
    let rows = [(5, 403), (9, 403), (14, 596), (20, 200), (27, 403), (31, 403)].map(job);
    setup.vendor.set_job_stats(Answer::job_stats(&rows));
    assert_eq!(setup.run(&["check"]).status, Some(1), "a warning");
    let explained = explain(&setup, "a");
    assert_eq!(explained["state"]["outcome"], "ok");
    let failing = rule(&explained, "jobs_failing");
    assert_eq!(
        (&failing["fires"], &failing["alert"]["severity"]),
        (&json!(true), &json!("warning")),
        "{failing}"
    );
    let why = failing["why"].as_str().unwrap();
    assert!(why.starts_with("5 of 6 jobs failed since "), "{why}");
    for part in ["(within 1h), the newest failed", "a share of 0.5 of at least 3", ", read "] {
        assert!(why.contains(part), "{part}\n{why}");
    }
    let credits = rule(&explained, "out_of_credits");
    assert_eq!(credits["fires"], false);
    assert!(credits["why"].as_str().unwrap().contains("a job that succeeded"), "{credits}");
    let text = setup.run(&["explain", "a"]).out;
    assert!(text.contains("jobs_failing         FIRES: WARNING"), "{text}");
    assert!(!text.contains("4711"));
    let usable = setup.run(&["usable"]);
    assert_eq!(usable.status, Some(2), "{usable:?}");
}
