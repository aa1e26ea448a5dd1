//! `history` and `diff`: earlier configurations of an account and their differences (docs/contract.md, section 2).

use serde_json::{Value, json};

use crate::schema::valid;
use crate::setup::{Setup, healthy};
use crate::simulator::Record;

fn answer(setup: &Setup, schema: &str, arguments: &[&str]) -> Value {
    let ended = setup.run(&[arguments, &["--json"]].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    valid(schema, &ended.out)
}

/// An account checked with three jobs, then with one and without chat.
async fn setup_with_change() -> Setup {
    let setup = Setup::with(&["a"], "").await;
    let end = healthy();
    setup.vendor.put(Record::ending("a", end).max_jobs(3));
    setup.run(&["check"]);
    setup.run(&["check"]);
    setup.vendor.put(Record::ending("a", end).max_jobs(1).flag("supportChat", false));
    setup.run(&["check"]);
    setup
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_listed_and_compared() {
    let setup = setup_with_change().await;
    let history = answer(&setup, "history", &["history", "a"]);
    let snapshots = history["snapshots"].as_array().unwrap();
    assert_eq!(snapshots.len(), 2);
    assert_eq!((&snapshots[0]["checks"], &snapshots[0]["differences"]), (&json!(2), &Value::Null));
    assert_eq!(snapshots[1]["configuration"]["maxJobs"], 1);
    let lost = json!({
        "field": "maxJobs", "before": 3, "after": 1, "kind": "max_jobs_changed", "severity": "warning"
    });
    assert_eq!(snapshots[1]["differences"][0], lost);
    let diff = answer(&setup, "diff", &["diff", "main/a"]);
    assert_eq!(diff["differences"], snapshots[1]["differences"]);
    let text = setup.run(&["diff", "a"]).out;
    assert!(text.contains("  maxJobs: 3 → 1 (max_jobs_changed, warning)\n"), "{text}");
    let at = snapshots[0]["first_seen_at"].as_str().unwrap();
    let same = setup.run(&["diff", "a", "--from", "-0s", "--to", "0s"]).out;
    assert!(same.ends_with("No differences.\n"), "{same} {at}");
    let text = setup.run(&["history", "a"]).out;
    assert!(text.contains("seen 2 times") && text.contains("2 configurations."), "{text}");
    let later = answer(&setup, "history", &["history", "a", "--since", "0s"]);
    assert_eq!(later["snapshots"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_at_a_time_shows_the_configuration_and_its_certainty() {
    let setup = setup_with_change().await;
    let now = answer(&setup, "history-at", &["history", "a", "--at", "0s"]);
    assert_eq!((&now["certainty"], &now["configuration"]["maxJobs"]), (&json!("not_seen_since"), &json!(1)));
    let before = answer(&setup, "history-at", &["history", "a", "--at", "-1h"]);
    assert_eq!((&before["certainty"], &before["configuration"]), (&json!("unknown"), &Value::Null));
    let text = setup.run(&["history", "a", "--at", "0s"]).out;
    assert!(text.contains("\n  maxJobs 1\n") && text.contains("  the expiry that counted: 20"), "{text}");
    let nothing = setup.run(&["diff", "a", "--from", "-1h"]).out;
    assert!(nothing.ends_with("Nothing to compare.\n"), "{nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn history_that_is_not_known_says_why() {
    let setup = Setup::with(&["a"], "").await;
    let early = setup.run(&["history", "a"]);
    assert_eq!(early.status, Some(3));
    assert!(early.err.contains("nothing was checked yet: run `minimax-watch check`"), "{}", early.err);
    setup.run(&["check"]);
    setup.configure(&["a", "c"], "");
    setup.run(&["check"]);
    for (arguments, words) in [
        (&["history", "c"][..], "c of main: no configuration is stored yet. `minimax-watch explain`"),
        (&["history", "c", "--since", "1h"], "c of main: no configuration was seen since 20"),
        (&["history", "a", "--since", "0s"], "a of main: no configuration was seen since 20"),
        (&["history", "c", "--at", "0s"], "c of main: no configuration is stored\n"),
        (&["history", "a", "--at", "-1h"], "; the first one was seen 20"),
        (&["history", "a", "--at", "-1h"], "a of main: no configuration from 20"),
    ] {
        let known = setup.run(arguments);
        assert_eq!(known.status, Some(0), "{arguments:?}: {known:?}");
        let text = known.out.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
    for (arguments, words) in [
        (&["history", "b"][..], "unknown account \"b\"; watched: a, c"),
        (&["history", "a", "--at", "+1d"], " (in 1 day): give a time that has passed"),
        (&["history", "a", "--at", "yesterday"], "--at: invalid time `yesterday`"),
        (&["diff", "a"], "nothing to compare: the configuration of \"a\" did not change from 20"),
        (&["diff", "a", "--to", "-1d"], "the first stored configuration of \"a\" is from 20"),
        (&["diff", "a", "--from", "-1h", "--to", "-2h"], ": swap them"),
        (&["diff", "a", "--to", "+1h"], "--to: 20"),
    ] {
        let refused = setup.run(arguments);
        assert_eq!(refused.status, Some(3), "{arguments:?}");
        assert!(refused.err.contains(words), "{arguments:?}: {}", refused.err);
    }
}
