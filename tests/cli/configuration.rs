//! Bad usage, a bad configuration and a file that is not a store: exit status 3 and a message that helps (docs/contract.md, sections 2 and
//! 3).

use crate::simulator::WebhookServer;

use crate::schema::valid;
use crate::setup::{Setup, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn bad_usage_is_status_3_and_help_and_version_are_0() {
    let setup = Setup::open().await;
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
        let ended = setup.run(arguments);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{arguments:?}");
        assert!(ended.err.contains("Usage") || ended.err.contains("--help"), "{}", ended.err);
    }
    for arguments in [&["--help"][..], &["--version"], &["help"], &["check", "--help"], &["help", "run"]] {
        let ended = setup.run(arguments);
        assert_eq!((ended.status, ended.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    let version = setup.run(&["--version"]).out;
    assert_eq!(version, format!("minimax-watch {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn help_of_every_command_has_an_example() {
    let setup = Setup::open().await;
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
        "config schema",
        "demo",
    ] {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = setup.run(&arguments).out;
        let examples = help.lines().filter(|line| line.starts_with("  ") && line.contains("minimax-watch "));
        assert!(examples.count() > 0, "{help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_is_reported_at_once_with_file_line_key_and_reason() {
    let setup = Setup::open().await;
    setup.configure(
        &["a"],
        "keeep = \"7d\"\n[schedule]\ncron = \"99 * * * *\"\ntimezone = \"Mars/Olympus\"\n\
         [[receivers]]\nname = \"x\"\ntype = \"pigeon\"\n[colours]\n",
    );
    let mut command = setup.command(&["config", "check"]);
    let output = command.env_remove("MINIMAX_WATCH__SCHEDULE__CRON").output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(printed.starts_with("minimax-watch: 5 problems with the configuration:\n"), "{printed}");
    for problem in [
        "store.keeep: unknown key (did you mean \"keep\"?)",
        "schedule.cron: minute `99` is outside 0-59",
        "schedule.timezone: \"Mars/Olympus\" is not an IANA time zone",
        "first [[receivers]]: type: unknown type \"pigeon\"; possible: email, webhook, telegram, ntfy, discord, slack, pagerduty, alertmanager, exec",
        "colours: unknown key; possible: alerts, api,",
    ] {
        // file:line: problem
        let reported = printed.lines().filter_map(|line| line.split_once("minimax-watch.toml:"));
        let mut reported = reported.filter_map(|(_, rest)| rest.split_once(": "));
        let found = reported.find(|(_, reason)| reason.starts_with(problem));
        assert!(found.is_some_and(|(line, _)| line.parse::<usize>().is_ok()), "{problem}: {printed}");
    }
    for command in
        [&["check"][..], &["run"], &["status"], &["schedule"], &["config", "show"], &["notify", "test"]]
    {
        let ended = setup.run(command);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{command:?}");
        assert!(ended.err.contains("store.keeep"), "{}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_file_must_exist_and_a_monitor_gets_the_error_on_stdout() {
    let setup = Setup::open().await;
    let ended = setup.run(&["--config", "absent.toml", "check"]);
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.err, "minimax-watch: absent.toml: there is no such file (named by --config)\n");
    let ended = setup.run(&["--config", "absent.toml", "check", "--format", "nagios"]);
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.out, "MINIMAX UNKNOWN - absent.toml: there is no such file (named by --config)\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_configuration_is_summarised_with_its_next_run() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.configure(&["a", "b"], &webhook(&hook));
    let ended = setup.run(&["config", "check"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.out.contains(": valid. 1 subscription, 2 accounts, 1 receiver; next run"), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shown_configuration_can_be_loaded_again() {
    let setup = Setup::with(&["a"], "").await;
    let shown = setup.run(&["config", "show"]);
    assert_eq!(shown.status, Some(0), "{shown:?}");
    std::fs::write(setup.path("shown.toml"), &shown.out).unwrap();
    assert_eq!(setup.run(&["--config", "shown.toml", "config", "show"]).out, shown.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_is_printed_in_its_zone_and_in_utc() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "30 7 1 7 *");
    setup.set("MINIMAX_WATCH__SCHEDULE__TIMEZONE", "Asia/Kolkata");
    let ended = setup.run(&["schedule", "--next", "2"]);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!((ended.status, lines.len(), lines[0]), (Some(0), 3, "30 7 1 7 * in Asia/Kolkata"));
    for line in &lines[1..] {
        assert!(line.contains("-07-01 07:30:00 IST") && line.contains("-07-01T02:00:00Z  in "), "{line}");
    }
    let json = valid("schedule", &setup.run(&["schedule", "--next", "2", "--json"]).out);
    assert_eq!((&json["cron"], &json["timezone"]), (&"30 7 1 7 *".into(), &"Asia/Kolkata".into()));
    assert!(json["runs"][1]["local"].as_str().unwrap().ends_with("-07-01T07:30:00+05:30"), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_is_refused_with_the_watched_ones() {
    let setup = Setup::with(&["studio-a"], "").await;
    setup.run(&["check"]);
    for command in ["check", "status"] {
        let ended = setup.run(&[command, "studio-b"]);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""));
        assert_eq!(ended.err, "minimax-watch: unknown account \"studio-b\"; watched: studio-a\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_a_store_is_not_changed() {
    let setup = Setup::with(&["a"], "").await;
    std::fs::create_dir_all(setup.store().parent().unwrap()).unwrap();
    let garbage = b"certainly no database, ".repeat(300);
    std::fs::write(setup.store(), &garbage).unwrap();
    for command in [&["check"][..], &["check", "--dry-run"], &["status"], &["run"]] {
        let ended = setup.run(command);
        assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{ended:?}");
        assert!(ended.err.contains("watch.db is not a database; it was left as it is"), "{}", ended.err);
    }
    assert_eq!(std::fs::read(setup.store()).unwrap(), garbage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_created_is_named() {
    let mut setup = Setup::with(&["a"], "").await;
    let file = setup.path("token");
    setup.set("MINIMAX_WATCH__STORE__PATH", file.join("watch.db").to_str().unwrap());
    for command in ["check", "run"] {
        let ended = setup.run(&[command]);
        assert_eq!(ended.status, Some(3), "{ended:?}");
        assert!(ended.err.contains("token/watch.db: "), "{}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_place_of_the_store_is_refused() {
    let setup = Setup::with(&["a"], "").await;
    std::fs::create_dir_all(setup.store()).unwrap();
    for command in [&["config", "check"][..], &["check"], &["status"]] {
        let refused = setup.run(command);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{command:?}");
        let words = format!("store.path: {} is a folder; name a file in it", setup.store().display());
        assert!(
            refused.err.contains(&words) && !refused.err.contains("chmod"),
            "{command:?}: {}",
            refused.err
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn config_check_warns_of_probable_mistakes_and_ends_with_who_is_notified() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let check = || setup.run(&["config", "check"]);
    setup.configure(&["a", "b"], &webhook(&hook));
    let good = check();
    assert_eq!(good.status, Some(0));
    assert!(!good.out.contains("warning:"), "{}", good.out);
    let last = good.out.lines().last().unwrap();
    assert_eq!(last, "Watched: a, b. Notified: pager (webhook) of everything.");

    let narrow =
        webhook(&hook) + "accounts = [\"studio-*\"]\nkinds = [\"expiry\"]\nmin_severity = \"critical\"\n";
    setup.configure(&["a"], &narrow);
    let text = words(&check().out);
    assert!(text.contains("`accounts` of pager (studio-*) matches no watched account"), "{text}");
    assert!(text.ends_with("Notified: pager (webhook) of expiry that is critical of studio-*."), "{text}");
    let path = setup.path("minimax-watch.toml");
    let configuration = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, configuration.replace("token_file", "discover = true\ntoken_file")).unwrap();
    let text = words(&check().out);
    assert!(
        !text.contains("warning:") && text.contains("every account that the API lists for main"),
        "{text}"
    );

    setup.configure(&["a"], "");
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

    setup.configure(&["a"], &webhook(&hook));
    setup.secret("token", "1234-s3cretT0ken");
    let text = words(&check().out);
    assert!(text.contains("does not begin with `user:`") && !text.contains("s3cret"), "{text}");
    assert_eq!(setup.run(&["schedule"]).err, "", "other commands do not repeat it");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_a_receiver_are_sent_with_each_attempt_and_shown_nowhere() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.secret("n8n-auth", "Bearer hush-hush-token");
    let more = webhook(&hook)
        + "headers = { \"Authorization\" = { file = \"n8n-auth\" }, \"X-Team\" = { file = \"n8n-auth\" } }\n";
    setup.configure(&["a"], &more);
    let sent = setup.run(&["--log-level", "trace", "notify", "test"]);
    assert_eq!(sent.status, Some(0), "{sent:?}");
    let delivery = &hook.deliveries()[0];
    assert_eq!(delivery.header("authorization"), Some("Bearer hush-hush-token"));
    assert_eq!(delivery.header("x-team"), Some("Bearer hush-hush-token"));
    assert_eq!(delivery.header("content-type"), Some("application/json"));
    let shown = setup.run(&["config", "show"]);
    assert!(shown.out.contains("headers.\"authorization\".file = "), "{}", shown.out);
    hook.next(crate::simulator::Reply::text(
        axum::http::StatusCode::UNAUTHORIZED,
        "no access for Bearer hush-hush-token, hush-hush-token",
    ));
    let refused = setup.run(&["notify", "test"]);
    assert_eq!(refused.status, Some(3));
    for text in [&sent.out, &sent.err, &shown.out, &shown.err, &refused.out, &refused.err] {
        assert!(!text.contains("hush"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_advise_the_commands_that_fit_the_supervisor() {
    use crate::child::within_timeout;
    use crate::simulator::{Answer, Refusal, SmtpSecurity};
    use crate::tls::{PASSWORD, mail, mailbox};

    for (variables, words, absent) in [
        (
            &[("INVOCATION_ID", "0123"), ("NOTIFY_SOCKET", "")][..],
            "systemctl restart minimax-watch",
            "container",
        ),
        (&[("container", "podman")], "restart the container", "systemctl"),
    ] {
        let mut setup = Setup::open().await;
        for (name, value) in variables {
            setup.set(name, value);
        }
        let inbox = mailbox(&setup, SmtpSecurity::None).await;
        setup.secret("smtp-password", PASSWORD);
        setup.configure(&["a"], &mail(&inbox, "none"));
        setup.vendor.set_answer("a", Answer::unauthorized(Refusal::WithCode));
        setup.run(&["check"]);
        within_timeout(inbox.wait_for(1)).await;
        let text = inbox.mails()[0].text().replace("=\r\n", "").replace("\r\n", " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words) && !text.contains(absent), "{words}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usual_mistakes_are_refused_with_their_line_and_the_next_step() {
    let setup = Setup::open().await;
    let subscription = "[[subscriptions]]\nname = \"main\"\ntoken_file = \"token\"\ndiscover = true\n";
    let hook = "[[receivers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"https://hooks.example.com/x\"\n";
    let mail = "[[receivers]]\nname = \"mail\"\ntype = \"email\"\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]\n";
    for (content, expected) in [
        (
            subscription.replace("\"token\"", "\"~/token\""),
            ":3: first [[subscriptions]]: token_file: `~` is not expanded: write the full path, such as ",
        ),
        (
            subscription.replace("\"token\"", "\"C:\\useapi\\token\""),
            ":3: in \"…\" a backslash begins an escape: write the value in '…', or use / instead",
        ),
        (
            format!("{subscription}{hook}[receivers]\nname = \"x\"\n"),
            ":9: receivers is a list: write [[receivers]] instead of [receivers]",
        ),
        (
            format!("{subscription}[receivers]\nname = \"x\"\n"),
            ":5: receivers: must be a list of tables: write [[receivers]]",
        ),
        (
            format!("{subscription}[[accounts]]\nid = \"7\"\n"),
            ":5: accounts: unknown key (did you mean [[subscriptions.accounts]]?)",
        ),
        (
            format!("{subscription}{mail}smtp = {{ host = \"mx\", tls = \"ssl\" }}\n"),
            ":10: first [[receivers]]: smtp.tls: unknown tls \"ssl\"; possible: \"starttls\" (port 587), \"implicit\" (port 465)",
        ),
        (
            format!("{subscription}{hook}{}", hook.replace("name = \"hook\"\n", "")),
            ":9: second [[receivers]]: name is missing",
        ),
        (
            format!("{subscription}{hook}timeout = 15\n"),
            ":9: first [[receivers]]: timeout: 15 needs a unit and quotes, such as \"15s\"",
        ),
        (
            format!("{subscription}{hook}timeout = \"15\"\n"),
            ":9: first [[receivers]]: timeout: `15` needs a unit, such as `15s`",
        ),
        (
            format!("{subscription}{hook}timeout = 1,5\n"),
            ":9: a number with a comma: write a duration in quotes and with a unit, such as \"90s\"",
        ),
        (
            format!("{subscription}{}", hook.replace("https://", "")),
            ":8: first [[receivers]]: url: must begin with https://",
        ),
        (
            format!("{subscription}{}", hook.replace("webhook", "sms")),
            ":7: first [[receivers]]: type: unknown type \"sms\"; possible: email, webhook, telegram, ntfy, discord, slack, pagerduty, alertmanager, exec",
        ),
    ] {
        std::fs::write(setup.path("minimax-watch.toml"), &content).unwrap();
        let refused = setup.run(&["config", "check"]);
        assert_eq!(refused.status, Some(3), "{content}");
        let (_, problem) = refused.err.split_once("minimax-watch.toml").unwrap();
        assert!(problem.starts_with(expected), "{content}{}", refused.err);
        assert_eq!(refused.err.lines().count(), 1, "{}", refused.err);
    }
    for (token, found) in [
        ("\"user:1234-hush\"", "holds a quote"),
        ("Bearer user:1234-hush", "begins with \"Bearer \""),
        ("USEAPI_TOKEN=user:1234-hush", "begins with \"USEAPI_TOKEN=\""),
        ("user:1234-hush\nuser:1235-hush\n", "has more than one line"),
    ] {
        setup.secret("token", token);
        std::fs::write(setup.path("minimax-watch.toml"), subscription).unwrap();
        let refused = setup.run(&["config", "check"]);
        let expected =
            format!("token {found}; it must be the token alone, as useapi.net shows it: `user:<digits>-");
        assert!(refused.err.contains(&expected) && refused.err.contains(".toml:3: "), "{}", refused.err);
        assert!(!refused.err.contains("hush"), "{}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_of_templates_are_reported_with_those_of_the_file_and_its_warnings() {
    let setup = Setup::open().await;
    setup.secret("broken.txt", "{{ nowhere");
    std::fs::write(setup.path("open-url"), "https://hooks.example.com/hush").unwrap();
    let valid = "[[receivers]]\nname = \"chat\"\ntype = \"slack\"\nurl_file = \"open-url\"\ntext_template_file = \"broken.txt\"\n";
    let invalid = "[[receivers]]\nname = \"x\"\ntype = \"pigeon\"\n";
    for (command, more) in [("check", invalid), ("show", invalid), ("check", "")] {
        setup.configure(&["a"], &format!("{valid}{more}"));
        let refused = setup.run(&["config", command]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{command}: {refused:?}");
        assert!(refused.err.contains("text_template_file of receiver chat: "), "{}", refused.err);
        assert!(refused.err.contains("open-url can be read by others"), "{}", refused.err);
        assert_eq!(refused.err.contains("unknown type \"pigeon\""), !more.is_empty(), "{}", refused.err);
        assert_eq!(refused.err.contains("2 problems with the configuration"), !more.is_empty());
    }
}
