//! `USEAPI_TOKEN=… minimax-watch check` without any configuration (docs/contract.md, section 2).

use serde_json::{Value, json};

use crate::schema::valid;
use crate::simulator::{Answer, Record, Refusal};

use crate::setup::{Setup, TOKEN, healthy};

async fn setup_without_file(token: &str, accounts: &[&str]) -> Setup {
    let mut setup = Setup::open().await;
    setup.set("USEAPI_TOKEN", token);
    for account in accounts {
        setup.vendor.put(Record::ending(*account, healthy()));
    }
    setup
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listed_account_is_checked() {
    let setup = setup_without_file(TOKEN, &["studio-a", "0042"]).await;
    let check = setup.run(&["check"]);
    assert_eq!(check.status, Some(0), "{check:?}");
    assert!(check.out.contains("\nstudio-a ") && check.out.contains("\n0042 "), "{}", check.out);
    assert!(check.out.contains("\nOK: 2 accounts, no open alerts"), "{}", check.out);
    assert!(setup.path("home/.local/state/minimax-watch/minimax-watch.db").exists());
    assert_eq!(setup.run(&["status"]).status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_named_accounts_are_requested() {
    let setup = setup_without_file(TOKEN, &["studio-a", "0042"]).await;
    let check = setup.run(&["check", "0042"]);
    assert_eq!(check.status, Some(0), "{check:?}");
    let paths: Vec<String> = setup.api.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/v1/minimax/accounts/0042"]);
    assert!(!check.out.contains("studio-a"), "{}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn checking_one_account_keeps_the_others() {
    let setup = setup_without_file(TOKEN, &["studio-a", "0042"]).await;
    setup.run(&["check"]);
    setup.run(&["check", "0042", "0042"]);
    let status = setup.run(&["status"]);
    assert!(status.out.contains("\nstudio-a ") && status.out.contains("\n0042 "), "{}", status.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_critical_and_is_named_but_not_shown() {
    let setup = setup_without_file("user:1234-wr0ng", &["studio-a"]).await;
    let check = setup.run(&["check"]);
    assert_eq!(check.status, Some(2), "{check:?}");
    assert!(check.out.contains("refuses the API token: 401 Unauthorized"), "{}", check.out);
    assert!(!format!("{check:?}").contains("wr0ng"));
}

#[tokio::test(flavor = "multi_thread")]
async fn below_a_refused_token_stands_where_the_current_one_belongs() {
    let next_step = "Put the current API token of this useapi.net subscription into";
    let words = |setup: &Setup, command: &str| {
        setup.run(&[command]).out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let by_environment = setup_without_file("user:1234-wr0ng", &["studio-a"]).await;
    let by_file = Setup::with(&["a", "b"], "").await;
    by_file.secret("token", "user:1234-wr0ng");
    let file = format!("file {}", by_file.path("token").display());
    for (setup, origin) in [(&by_environment, "environment variable USEAPI_TOKEN"), (&by_file, file.as_str())]
    {
        for command in ["check", "status"] {
            let text = words(setup, command);
            assert!(text.contains(&format!("{next_step} {origin}.")), "{command}: {text}");
        }
    }
    by_file.secret("token", TOKEN);
    by_file.vendor.set_answer("a", Answer::unauthorized(Refusal::default()));
    let text = words(&by_file, "check");
    assert!(text.contains("unauthorized") && !text.contains(next_step), "the token is good for b: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_unknown_with_the_next_step() {
    let setup = setup_without_file(TOKEN, &[]).await;
    let check = setup.run(&["check"]);
    assert_eq!(check.status, Some(3), "{check:?}");
    assert!(check.out.contains("the API lists none") && check.out.contains("setup-minimax"), "{}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_api_is_unknown_with_the_reason() {
    let setup = setup_without_file(TOKEN, &[]).await;
    setup.api.go_down();
    for format in ["table", "nagios"] {
        let check = setup.run(&["check", "--format", format]);
        assert_eq!(check.status, Some(3), "{check:?}");
        assert!(check.out.contains("cannot connect: Connection refused"), "{}", check.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_token_is_an_error_that_says_how_to_set_it() {
    let setup = Setup::open().await;
    for arguments in [&["check"][..], &["status"], &["run"], &["config", "check"]] {
        let ended = setup.run(arguments);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""));
        assert!(
            ended.err.contains("USEAPI_TOKEN is not set") && ended.err.contains("--config"),
            "{}",
            ended.err
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn config_check_without_a_file_checks_the_environment_and_says_so() {
    let setup = setup_without_file(TOKEN, &["studio-a"]).await;
    let checked = setup.run(&["config", "check"]);
    assert_eq!(checked.status, Some(0), "{checked:?}");
    let words = checked.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.starts_with("warning: no configuration file: none is named with --config or "), "{words}");
    assert!(
        words.contains(" the environment: valid. 1 subscription, 0 accounts and those that the API "),
        "{words}"
    );
    let report = valid("config-check", &setup.run(&["config", "check", "--json"]).out);
    assert_eq!((&report["file"], &report["receivers"]), (&Value::Null, &json!(0)));
    let probed = setup.run(&["config", "check", "--probe"]);
    assert_eq!(probed.status, Some(0), "{probed:?}");
}
