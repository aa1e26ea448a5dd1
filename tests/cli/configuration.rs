//! Bad usage, bad configuration and a store that is none: exit status 3, and a sentence that helps (docs/contract.md, sections 2 and 3).

use minimax_watch::simulator::Hook;

use crate::schema::valid;
use crate::stage::{Stage, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn bad_usage_is_status_3_and_help_and_version_are_0() {
    let stage = Stage::open().await;
    for arguments in [
        &[][..],
        &["chek"],
        &["check", "--format", "xml"],
        &["check", "--nope"],
        &["status", "--json=maybe"],
        &["schedule", "--next", "0"],
        &["config"],
        &["notify"],
        &["--color", "blue", "status"],
    ] {
        let ended = stage.run(arguments);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{arguments:?}");
        assert!(ended.err.contains("Usage") || ended.err.contains("--help"), "{}", ended.err);
    }
    for arguments in [&["--help"][..], &["--version"], &["help"], &["check", "--help"], &["help", "run"]] {
        let ended = stage.run(arguments);
        assert_eq!((ended.status, ended.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    let version = stage.run(&["--version"]).out;
    assert_eq!(version, format!("minimax-watch {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_commands_help_has_an_example() {
    let stage = Stage::open().await;
    for command in [
        "",
        "run",
        "check",
        "status",
        "notify",
        "notify test",
        "schedule",
        "config",
        "config check",
        "config show",
        "demo",
    ] {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = stage.run(&arguments).out;
        let examples = help.lines().filter(|line| line.starts_with("  ") && line.contains("minimax-watch "));
        assert!(examples.count() > 0, "{help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_is_told_at_once_with_file_key_and_reason() {
    let stage = Stage::open().await;
    stage.configure(
        &["a"],
        "keeep = \"7d\"\n[schedule]\ncron = \"99 * * * *\"\ntimezone = \"Mars/Olympus\"\n\
         [[receivers]]\nname = \"x\"\ntype = \"pigeon\"\n[colours]\n",
    );
    let mut command = stage.command(&["config", "check"]);
    let output = command.env_remove("MINIMAX_WATCH__SCHEDULE__CRON").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(told.starts_with("minimax-watch: 5 problems with the configuration:\n"), "{told}");
    for problem in [
        "store.keeep: there is no such key; did you mean `keep`?",
        "schedule.cron: minute `99` is outside 0-59",
        "schedule.timezone: `Mars/Olympus` is not an IANA time zone",
        "receivers[0].type: `pigeon` is none of",
        "colours: there is no such key",
    ] {
        assert!(told.lines().any(|line| line.contains(&format!("minimax-watch.toml: {problem}"))), "{told}");
    }
    for command in
        [&["check"][..], &["run"], &["status"], &["schedule"], &["config", "show"], &["notify", "test"]]
    {
        let ended = stage.run(command);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{command:?}");
        assert!(ended.err.contains("store.keeep"), "{}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_file_must_be_there_and_a_monitor_is_told_on_stdout() {
    let stage = Stage::open().await;
    let ended = stage.run(&["--config", "absent.toml", "check"]);
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.err, "minimax-watch: absent.toml: there is no such file (named by --config)\n");
    let ended = stage.run(&["--config", "absent.toml", "check", "--format", "nagios"]);
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.out, "MINIMAX UNKNOWN - absent.toml: there is no such file (named by --config)\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_configuration_is_counted_and_its_next_run_told() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.configure(&["a", "b"], &webhook(&hook));
    let ended = stage.run(&["config", "check"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.out.contains(": good. 1 subscription, 2 accounts, 1 receiver; next run "), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_a_configuration_again() {
    let stage = Stage::with(&["a"], "").await;
    let shown = stage.run(&["config", "show"]);
    assert_eq!(shown.status, Some(0), "{shown:?}");
    std::fs::write(stage.path("shown.toml"), &shown.out).unwrap();
    assert_eq!(stage.run(&["--config", "shown.toml", "config", "show"]).out, shown.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_is_told_in_its_zone_and_in_utc() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "30 7 1 7 *");
    stage.set("MINIMAX_WATCH__SCHEDULE__TIMEZONE", "Asia/Kolkata");
    let ended = stage.run(&["schedule", "--next", "2"]);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!((ended.status, lines.len(), lines[0]), (Some(0), 3, "30 7 1 7 * in Asia/Kolkata"));
    for line in &lines[1..] {
        assert!(line.contains("-07-01 07:30:00 IST") && line.contains("-07-01T02:00:00Z  in "), "{line}");
    }
    let json = valid("schedule", &stage.run(&["schedule", "--next", "2", "--json"]).out);
    assert_eq!((&json["cron"], &json["timezone"]), (&"30 7 1 7 *".into(), &"Asia/Kolkata".into()));
    assert!(json["runs"][1]["local"].as_str().unwrap().ends_with("-07-01T07:30:00+05:30"), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_is_named_with_those_that_are_known() {
    let stage = Stage::with(&["studio-a"], "").await;
    stage.run(&["check"]);
    for command in ["check", "status"] {
        let ended = stage.run(&[command, "studio-b"]);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""));
        assert_eq!(ended.err, "minimax-watch: `studio-b` is no watched account (watched: studio-a)\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_store_is_left_as_it_was() {
    let stage = Stage::with(&["a"], "").await;
    std::fs::create_dir_all(stage.store().parent().unwrap()).unwrap();
    let garbage = b"certainly no database, ".repeat(300);
    std::fs::write(stage.store(), &garbage).unwrap();
    for command in [&["check"][..], &["check", "--dry-run"], &["status"], &["run"]] {
        let ended = stage.run(command);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{ended:?}");
        assert!(ended.err.contains("watch.db is not a database; it was left as it is"), "{}", ended.err);
    }
    assert_eq!(std::fs::read(stage.store()).unwrap(), garbage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_made_is_named() {
    let mut stage = Stage::with(&["a"], "").await;
    let file = stage.path("token");
    stage.set("MINIMAX_WATCH__STORE__PATH", file.join("watch.db").to_str().unwrap());
    for command in ["check", "run"] {
        let ended = stage.run(&[command]);
        assert_eq!(ended.status, Some(3), "{ended:?}");
        assert!(ended.err.contains("token/watch.db: "), "{}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn config_check_warns_of_what_is_probably_not_meant_and_ends_with_who_is_notified() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let check = || stage.run(&["config", "check"]);
    stage.configure(&["a", "b"], &webhook(&hook));
    let good = check();
    assert_eq!(good.status, Some(0));
    assert!(!good.out.contains("warning:"), "{}", good.out);
    let last = good.out.lines().last().unwrap();
    assert_eq!(last, "Watched: a, b. Notified: pager (webhook) of everything.");

    let narrow =
        webhook(&hook) + "accounts = [\"studio-*\"]\nkinds = [\"expiry\"]\nmin_severity = \"critical\"\n";
    stage.configure(&["a"], &narrow);
    let text = words(&check().out);
    assert!(text.contains("`accounts` of pager (studio-*) matches no watched account"), "{text}");
    assert!(text.ends_with("Notified: pager (webhook) of expiry that is critical of studio-*."), "{text}");
    let path = stage.path("minimax-watch.toml");
    let configuration = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, configuration.replace("token_file", "discover = true\ntoken_file")).unwrap();
    let text = words(&check().out);
    assert!(
        !text.contains("warning:") && text.contains("every account that the API lists for main"),
        "{text}"
    );

    stage.configure(&["a"], "");
    let text = words(&check().out);
    assert!(text.contains("warning: ") && text.contains("add [[receivers]]"), "{text}");
    assert!(text.ends_with("Notified: nobody."), "{text}");

    let twins = configuration.replace(
        "id = \"a\"",
        "id = \"a\"\nname = \"twin\"\n[[subscriptions.accounts]]\nid = \"b\"\nname = \"twin\"",
    );
    std::fs::write(&path, twins).unwrap();
    let text = words(&check().out);
    assert!(text.contains("2 accounts are called twin: give each a `name` of its own"), "{text}");

    stage.configure(&["a"], &webhook(&hook));
    stage.secret("token", "1234-s3cretT0ken");
    let text = words(&check().out);
    assert!(text.contains("does not begin with `user:`") && !text.contains("s3cret"), "{text}");
    assert_eq!(stage.run(&["schedule"]).err, "", "other commands do not repeat it");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_a_receiver_travel_with_each_attempt_and_are_shown_nowhere() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.secret("n8n-auth", "Bearer hush-hush-token");
    let more = webhook(&hook)
        + "headers = { \"Authorization\" = { file = \"n8n-auth\" }, \"X-Team\" = { file = \"n8n-auth\" } }\n";
    stage.configure(&["a"], &more);
    let sent = stage.run(&["--log-level", "trace", "notify", "test"]);
    assert_eq!(sent.status, Some(0), "{sent:?}");
    let delivery = &hook.deliveries()[0];
    assert_eq!(delivery.header("authorization"), Some("Bearer hush-hush-token"));
    assert_eq!(delivery.header("x-team"), Some("Bearer hush-hush-token"));
    assert_eq!(delivery.header("content-type"), Some("application/json"));
    let shown = stage.run(&["config", "show"]);
    assert!(shown.out.contains("headers.\"authorization\".file = "), "{}", shown.out);
    hook.next(minimax_watch::simulator::Reply::text(
        axum::http::StatusCode::UNAUTHORIZED,
        "no access for Bearer hush-hush-token, hush-hush-token",
    ));
    let refused = stage.run(&["notify", "test"]);
    assert_eq!(refused.status, Some(3));
    for text in [&sent.out, &sent.err, &shown.out, &shown.err, &refused.out, &refused.err] {
        assert!(!text.contains("hush"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_advise_what_goes_with_how_the_program_runs() {
    use crate::child::within_patience;
    use crate::tls::{PASSWORD, mail, mailbox};
    use minimax_watch::simulator::{Answer, Refusal, Security};

    for (variables, words, absent) in [
        (
            &[("INVOCATION_ID", "0123"), ("NOTIFY_SOCKET", "")][..],
            "systemctl restart minimax-watch",
            "container",
        ),
        (&[("container", "podman")], "restart the container", "systemctl"),
    ] {
        let mut stage = Stage::open().await;
        for (name, value) in variables {
            stage.set(name, value);
        }
        let inbox = mailbox(&stage, Security::None).await;
        stage.secret("smtp-password", PASSWORD);
        stage.configure(&["a"], &mail(&inbox, "none"));
        stage.vendor.set("a", Answer::unauthorized(Refusal::WithCode));
        stage.run(&["check"]);
        within_patience(inbox.wait_for(1)).await;
        let text = inbox.mails()[0].text().replace("=\r\n", "").replace("\r\n", " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words) && !text.contains(absent), "{words}: {text}");
    }
}
