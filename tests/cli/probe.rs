//! `config check --probe`: what answers is called good, what does not is named with a reason and a next step; nothing is
//! sent, nothing is stored, no secret is shown.

use minimax_watch::simulator::{Answer, Lapse, Missing, Record, Refusal};
use serde_json::Value;

use crate::schema;
use crate::stage::{Ended, Stage, TOKEN, healthy};

/// What no output may hold.
const SECRETS: [&str; 2] = [TOKEN, "s3cretT0ken"];

/// Probes for people and, with the same result, as JSON; the text with its lines joined.
fn probe(stage: &Stage, status: i32) -> (String, Value) {
    let json = stage.run(&["config", "check", "--probe", "--json"]);
    assert_eq!(json.status, Some(status), "{json:?}");
    let text = stage.run(&["--log-level", "trace", "config", "check", "--probe"]);
    assert_eq!(text.status, Some(status), "{text:?}");
    for ended in [&json, &text] {
        shows_no_secret(ended);
    }
    assert!(text.out.lines().skip(1).all(|line| line.chars().count() <= 80), "{}", text.out);
    assert!(!stage.store().exists(), "a store was made");
    (text.out.split_whitespace().collect::<Vec<_>>().join(" "), schema::valid("probe", &json.out))
}

fn shows_no_secret(ended: &Ended) {
    for secret in SECRETS {
        assert!(!ended.out.contains(secret) && !ended.err.contains(secret), "{secret}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_subscription_is_asked_once_and_its_accounts_are_compared() {
    let stage = Stage::with(&["a", "b"], "").await;
    let (text, json) = probe(&stage, 0);
    let asked = stage.api.requests();
    assert_eq!(asked.len(), 2, "one request for each of two probes: {asked:?}");
    let address = stage.api.address();
    assert!(text.contains("minimax-watch.toml: good. 1 subscription, 2 accounts, 0 receivers"), "{text}");
    let tried = format!("tried GET the list of accounts from {address}, token from file ");
    assert!(text.contains(&format!("subscription main: good {tried}")), "{text}");
    assert!(text.contains("seen token accepted, 2 accounts listed 1 probe: all good."), "{text}");
    assert!(text.contains("There are no receivers"), "{text}");
    assert_eq!((&json["good"], &json["subscriptions"][0]["listed"]), (&true.into(), &2.into()));

    stage.vendor.remove("b");
    stage.vendor.put(Record::ending("c", healthy()));
    let (text, json) = probe(&stage, 3);
    assert!(
        text.contains(
            "token accepted, 2 accounts listed; of the configured ones `b` is missing; \
             listed but not configured, so not watched: `c` next Compare id `b`"
        ),
        "{text}"
    );
    assert_eq!(json["subscriptions"][0]["missing"][0]["id"], "b");
    assert_eq!(json["subscriptions"][0]["not_configured"][0], "c");

    stage.vendor.set_list(Some(Answer::not_found(Missing::Sentence)));
    let (text, _) = probe(&stage, 3);
    assert!(text.contains("seen an answer that lists no accounts next Set up an account"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_refuses_is_told_with_a_next_step() {
    let stage = Stage::with(&["a"], "").await;
    for (answer, outcome, seen, next) in [
        (Answer::unauthorized(Refusal::default()), "unauthorized", "401", "Put the current API token"),
        (Answer::lapsed(Lapse::Expired), "subscription_lapsed", "402", "Renew the subscription"),
        (Answer::not_json(), "malformed", "", "is not one of its lists"),
        (Answer::close(), "unavailable", "connection cut", "[api].base_url is right"),
    ] {
        stage.vendor.set_list(Some(answer));
        let (text, json) = probe(&stage, 3);
        assert!(text.contains("subscription main: FAILED") && text.contains("1 of 1 probe failed"), "{text}");
        let one = &json["subscriptions"][0];
        assert_eq!((one["outcome"].as_str(), &one["listed"]), (Some(outcome), &Value::Null), "{one}");
        assert!(one["seen"].as_str().unwrap().contains(seen), "{one}");
        assert!(one["next"].as_str().unwrap().contains(next), "{one}");
    }
    stage.vendor.set_list(None);
    stage.secret("token", "user:1234-0ther-s3cretT0ken");
    let (text, _) = probe(&stage, 3);
    assert!(
        text.contains("401") && text.contains("token of this useapi.net subscription into file"),
        "{text}"
    );
    stage.api.go_down();
    let (text, _) = probe(&stage, 3);
    assert!(text.contains("cannot connect: ") && text.contains("this machine reaches 127.0.0.1:"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_is_told_and_nobody_is_asked() {
    let stage = Stage::with(&["a"], "[nonsense]\nx = 1\n").await;
    let refused = stage.run(&["config", "check", "--probe"]);
    assert_eq!((refused.status, stage.api.request_count()), (Some(3), 0), "{refused:?}");
    assert!(refused.err.contains("nonsense"), "{}", refused.err);
    let refused = stage.run(&["config", "check", "--json"]);
    assert_eq!(refused.status, Some(3));
    assert!(refused.err.contains("--probe"), "{}", refused.err);
}
