//! `USEAPI_TOKEN=… minimax-watch check` without any configuration (docs/contract.md, section 2).

use minimax_watch::simulator::Record;

use crate::stage::{Stage, TOKEN, healthy};

async fn bare(token: &str, accounts: &[&str]) -> Stage {
    let mut stage = Stage::open().await;
    stage.set("USEAPI_TOKEN", token);
    for account in accounts {
        stage.vendor.put(Record::ending(*account, healthy()));
    }
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_that_the_api_lists_is_checked() {
    let stage = bare(TOKEN, &["studio-a", "0042"]).await;
    let check = stage.run(&["check"]);
    assert_eq!(check.status, Some(0), "{check:?}");
    assert!(check.out.contains("\nstudio-a ") && check.out.contains("\n0042 "), "{}", check.out);
    assert!(check.out.contains("\nOK: 2 accounts, no open alerts"), "{}", check.out);
    assert!(stage.path("home/.local/state/minimax-watch/minimax-watch.db").exists());
    assert_eq!(stage.run(&["status"]).status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_accounts_that_are_named_are_asked_about() {
    let stage = bare(TOKEN, &["studio-a", "0042"]).await;
    let check = stage.run(&["check", "0042"]);
    assert_eq!(check.status, Some(0), "{check:?}");
    let paths: Vec<String> = stage.api.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/v1/minimax/accounts/0042"]);
    assert!(!check.out.contains("studio-a"), "{}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_one_forgets_nothing_of_the_others() {
    let stage = bare(TOKEN, &["studio-a", "0042"]).await;
    stage.run(&["check"]);
    stage.run(&["check", "0042", "0042"]);
    let status = stage.run(&["status"]);
    assert!(status.out.contains("\nstudio-a ") && status.out.contains("\n0042 "), "{}", status.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_critical_and_said_to_be_wrong() {
    let stage = bare("user:1234-wr0ng", &["studio-a"]).await;
    let check = stage.run(&["check"]);
    assert_eq!(check.status, Some(2), "{check:?}");
    assert!(check.out.contains("refuses the API token: 401 Unauthorized"), "{}", check.out);
    assert!(!format!("{check:?}").contains("wr0ng"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_unknown_and_says_what_to_do() {
    let stage = bare(TOKEN, &[]).await;
    let check = stage.run(&["check"]);
    assert_eq!(check.status, Some(3), "{check:?}");
    assert!(check.out.contains("the API lists none") && check.out.contains("setup-minimax"), "{}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_api_is_unknown_and_says_why() {
    let stage = bare(TOKEN, &[]).await;
    stage.api.go_down();
    for format in ["table", "nagios"] {
        let check = stage.run(&["check", "--format", format]);
        assert_eq!(check.status, Some(3), "{check:?}");
        assert!(check.out.contains("cannot connect: Connection refused"), "{}", check.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_it_says_how_to_give_one() {
    let stage = Stage::open().await;
    for arguments in [&["check"][..], &["status"], &["run"]] {
        let ended = stage.run(arguments);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""));
        assert!(
            ended.err.contains("USEAPI_TOKEN is not set") && ended.err.contains("--config"),
            "{}",
            ended.err
        );
    }
}
