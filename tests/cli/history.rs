//! `history` and `diff`: what an account's configuration was, and what changed (docs/contract.md, section 2).

use minimax_watch::simulator::Record;
use serde_json::{Value, json};

use crate::schema::valid;
use crate::stage::{Stage, healthy};

fn answer(stage: &Stage, schema: &str, arguments: &[&str]) -> Value {
    let ended = stage.run(&[arguments, &["--json"]].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    valid(schema, &ended.out)
}

/// Seen with three jobs, then with one and without chat.
async fn changed() -> Stage {
    let stage = Stage::with(&["a"], "").await;
    let end = healthy();
    stage.vendor.put(Record::ending("a", end).max_jobs(3));
    stage.run(&["check"]);
    stage.run(&["check"]);
    stage.vendor.put(Record::ending("a", end).max_jobs(1).flag("supportChat", false));
    stage.run(&["check"]);
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_listed_and_compared() {
    let stage = changed().await;
    let history = answer(&stage, "history", &["history", "a"]);
    let snapshots = history["snapshots"].as_array().unwrap();
    assert_eq!(snapshots.len(), 2);
    assert_eq!((&snapshots[0]["checks"], &snapshots[0]["differences"]), (&json!(2), &Value::Null));
    assert_eq!(snapshots[1]["configuration"]["maxJobs"], 1);
    let lost = json!({
        "field": "maxJobs", "before": 3, "after": 1, "kind": "max_jobs_changed", "severity": "warning"
    });
    assert_eq!(snapshots[1]["differences"][0], lost);
    let diff = answer(&stage, "diff", &["diff", "main/a"]);
    assert_eq!(diff["differences"], snapshots[1]["differences"]);
    let text = stage.run(&["diff", "a"]).out;
    assert!(text.contains("  maxJobs: 3 → 1 (max_jobs_changed, warning)\n"), "{text}");
    let at = snapshots[0]["first_seen_at"].as_str().unwrap();
    let same = stage.run(&["diff", "a", "--from", "-0s", "--to", "0s"]).out;
    assert!(same.ends_with("Nothing differs.\n"), "{same} {at}");
    let text = stage.run(&["history", "a"]).out;
    assert!(text.contains("seen 2 times") && text.contains("2 configurations."), "{text}");
    let later = answer(&stage, "history", &["history", "a", "--since", "0s"]);
    assert_eq!(later["snapshots"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_says_how_it_stood_and_how_well_that_is_known() {
    let stage = changed().await;
    let now = answer(&stage, "history-at", &["history", "a", "--at", "0s"]);
    assert_eq!((&now["certainty"], &now["configuration"]["maxJobs"]), (&json!("not_seen_since"), &json!(1)));
    let before = answer(&stage, "history-at", &["history", "a", "--at", "-1h"]);
    assert_eq!((&before["certainty"], &before["configuration"]), (&json!("unknown"), &Value::Null));
    let text = stage.run(&["history", "a", "--at", "0s"]).out;
    assert!(text.contains("\n  maxJobs 1\n") && text.contains("  the end that counts: 20"), "{text}");
    let nothing = stage.run(&["diff", "a", "--from", "-1h"]).out;
    assert!(nothing.ends_with("So there is nothing to compare.\n"), "{nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_says_why() {
    let stage = Stage::with(&["a"], "").await;
    let early = stage.run(&["history", "a"]);
    assert_eq!(early.status, Some(3));
    assert!(early.err.contains("nothing was checked yet: run `minimax-watch check`"), "{}", early.err);
    stage.run(&["check"]);
    for (arguments, words) in [
        (&["history", "b"][..], "`b` is no account that is or was watched (watched: a)"),
        (&["history", "a", "--at", "+1d"], "is still to come (in "),
        (&["history", "a", "--at", "yesterday"], "--at: `yesterday` is no moment such as"),
        (&["diff", "a"], "no other configuration of `a` is remembered from before"),
        (&["diff", "a", "--from", "-1h", "--to", "-2h"], "is later than --to"),
        (&["diff", "a", "--to", "+1h"], "--to: 20"),
    ] {
        let refused = stage.run(arguments);
        assert_eq!(refused.status, Some(3), "{arguments:?}");
        assert!(refused.err.contains(words), "{arguments:?}: {}", refused.err);
    }
}
