//! `init`: all files or none, nothing overwritten, and each refusal with its next step (docs/contract.md, section 2).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use secrecy::SecretString;

use crate::schema::valid;
use crate::setup::{Ended, PROGRAM, Setup, TOKEN, healthy, mode};
use crate::simulator::{
    ChatServer, ChatService, Record, Reply, SmtpServer, SmtpSetup, StatusCode, WebhookServer,
};
use crate::terminal::Terminal;

const SIGNING: &str = "whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Q=";
const BASE_URL: &str = "MINIMAX_WATCH__API__BASE_URL";
const WEBHOOK: &str = "MINIMAX_WATCH_WEBHOOK_URL";

/// A setup with these accounts at the vendor and an empty folder `new` for the files.
async fn setup_for(accounts: &[&str]) -> Setup {
    let setup = Setup::open().await;
    for account in accounts {
        setup.vendor.put(Record::ending(*account, healthy()));
    }
    fs::create_dir(setup.path("new")).unwrap();
    setup
}

/// The same with the token in the environment.
async fn setup_with_token(accounts: &[&str]) -> Setup {
    let mut setup = setup_for(accounts).await;
    setup.set("USEAPI_TOKEN", TOKEN);
    setup
}

/// Runs `init` for the folder `new`.
fn init(setup: &Setup, options: &[&str]) -> Ended {
    setup.run(&[&["init", "--config", "new/minimax-watch.toml"], options].concat())
}

/// Every file in the folder `new`, hidden ones too, with its content.
fn files(setup: &Setup) -> BTreeMap<String, String> {
    let entries = fs::read_dir(setup.path("new")).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), fs::read_to_string(&path).unwrap_or_default())).collect()
}

fn names(setup: &Setup) -> Vec<String> {
    files(setup).into_keys().collect()
}

/// Asserts that `init` failed with these words and left nothing, and that no secret is shown.
#[track_caller]
fn assert_refused(setup: &Setup, ended: &Ended, words: &[&str]) {
    assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{ended:?}");
    for word in words {
        assert!(ended.err.contains(word), "no `{word}` in {}", ended.err);
    }
    assert!(!ended.err.contains("s3cret") && !ended.err.contains(SIGNING), "{}", ended.err);
    assert_eq!(names(setup), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn environment_alone_gives_files_that_work_with_every_receiver_tested() {
    let mut setup = setup_with_token(&["studio-a", "0042"]).await;
    let hook = WebhookServer::open(&setup.now, Some(&SecretString::from(SIGNING))).await.unwrap();
    let mailbox = SmtpServer::open(&setup.now, SmtpSetup::default()).await.unwrap();
    let slack = ChatServer::open(&setup.now, ChatService::Slack).await.unwrap();
    let (_, secrets) = slack.receiver("slack");
    setup.secret("slack-address", &secrets[0].1);
    let (hook_url, smtp_url) = (hook.url().to_string(), format!("smtp://{}", mailbox.address()));
    let given = [
        ("USEAPI_TOKEN", TOKEN),
        (WEBHOOK, &hook_url),
        ("MINIMAX_WATCH_WEBHOOK_SECRET", SIGNING),
        ("MINIMAX_WATCH_SLACK_URL_FILE", "slack-address"),
        ("MINIMAX_WATCH_SMTP_URL", &smtp_url),
        ("MINIMAX_WATCH_MAIL_FROM", "watch@example.com"),
        ("MINIMAX_WATCH_MAIL_TO", "ops@example.com"),
        ("MINIMAX_WATCH_HEARTBEAT_URL", &hook_url),
    ];
    for (name, value) in given {
        setup.set(name, value);
    }
    let written = init(&setup, &["--json"]);
    assert_eq!((written.status, written.err.as_str()), (Some(0), ""), "{written:?}");
    let report = valid("init", &written.out);
    assert_eq!(report["file"], "new/minimax-watch.toml");
    assert_eq!(report["accounts"].as_array().unwrap().len(), 2);
    let receivers = report["receivers"].as_array().unwrap();
    assert!(receivers.len() == 3 && receivers.iter().all(|one| one["tested"] == "delivered"), "{report}");
    assert_eq!((hook.count(), mailbox.count(), slack.count()), (1, 1, 1));

    let files = files(&setup);
    let expected =
        ["heartbeat-url", "minimax-watch.toml", "slack-url", "useapi-token", "webhook-secret", "webhook-url"];
    assert_eq!(files.keys().collect::<Vec<_>>(), expected);
    for name in files.keys() {
        assert_eq!(mode(&setup.path("new").join(name)), 0o600, "{name}");
    }
    let text = &files["minimax-watch.toml"];
    for secret in [TOKEN, SIGNING, &secrets[0].1, &hook_url] {
        assert!(!text.contains(secret) && !written.out.contains(secret), "{text}");
    }
    assert_eq!(files["useapi-token"], format!("{TOKEN}\n"));

    // The files alone say it all.
    setup.unset(BASE_URL);
    for (name, _) in given {
        setup.unset(name);
    }
    let checked = setup.run(&["--config", "new/minimax-watch.toml", "config", "check", "--json"]);
    let report = valid("config-check", &checked.out);
    assert_eq!(
        (&report["accounts"], &report["receivers"], &report["warnings"]),
        (&2.into(), &3.into(), &serde_json::json!([]))
    );
    let check = setup.run(&["--config", "new/minimax-watch.toml", "check"]);
    assert_eq!(check.status, Some(0), "{check:?}");
    assert!(hook.count() > 1, "the heartbeat");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_choose_accounts_and_a_token_file_and_the_text_says_what_is_next() {
    let setup = setup_for(&["studio-a", "0042", "7"]).await;
    let given =
        ["--token-file", "token", "--no-receiver", "--account", "0042=Stüdio \"東京\\\"", "--account", "7"];
    let written = init(&setup, &given);
    assert_eq!((written.status, written.err.as_str()), (Some(0), ""), "{written:?}");
    assert!(!written.out.contains(TOKEN), "{}", written.out);
    for words in [
        "\n  new/minimax-watch.toml\n  new/useapi-token\n",
        "Watched: Stüdio \"東京\\\", 7.\n",
        "Notified: nobody.",
        "\n  minimax-watch --config new/minimax-watch.toml check ",
    ] {
        assert!(written.out.contains(words), "{}", written.out);
    }
    let text = &files(&setup)["minimax-watch.toml"];
    let parsed: toml::Table = toml::from_str(text).unwrap();
    let accounts = parsed["subscriptions"][0]["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 2, "{text}");
    assert_eq!(accounts[0]["name"].as_str(), Some("Stüdio \"東京\\\""));

    let other =
        setup.run(&["init", "-c", "other.toml", "--token-file", "token", "--no-receiver", "--discover"]);
    assert_eq!(other.status, Some(0), "{other:?}");
    assert!(!setup.path("useapi-token").exists(), "the token lies beside the configuration already");
    let shown = setup.run(&["-c", "other.toml", "config", "show"]).out;
    assert!(shown.contains("discover = true") && shown.contains("/token\""), "{shown}");
    assert_eq!(setup.run(&["-c", "other.toml", "check"]).status, Some(0));

    let unknown =
        setup.run(&["init", "-c", "third.toml", "--token-file", "token", "--no-receiver", "--account", "8"]);
    assert!(unknown.err.contains("unknown account \"8\"; the API lists: 0042, 7, studio-a"), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_no_accounts_and_an_unreachable_api_leave_nothing_and_say_what_to_do() {
    let mut setup = setup_for(&[]).await;
    setup.set("USEAPI_TOKEN", "user:1234-wr0ngs3cret");
    let refused = init(&setup, &["--no-receiver"]);
    assert_refused(&setup, &refused, &["refuses the API token: 401", "https://useapi.net", "user:"]);
    setup.set("USEAPI_TOKEN", TOKEN);
    let empty = init(&setup, &["--no-receiver"]);
    assert_refused(
        &setup,
        &empty,
        &["lists no accounts", "https://useapi.net/docs/start-here/setup-minimax"],
    );
    setup.api.go_down();
    let address = setup.api.address().to_string();
    let down = init(&setup, &["--no-receiver"]);
    assert_refused(&setup, &down, &[&address, "Connection refused", "Check [api].base_url"]);
    setup.secret("quoted", "\"user:1-s3cret\"");
    let quoted = init(&setup, &["--no-receiver", "--token-file", "quoted"]);
    assert_refused(&setup, &quoted, &["--token-file", "holds a quote", "the token alone"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_take_the_test_message_leaves_nothing_unless_the_test_is_skipped() {
    let mut setup = setup_with_token(&["a"]).await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.set(WEBHOOK, hook.url().join("/hook/t0ps3cret").unwrap().as_str());
    for (status, words) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "webhook failed: "),
        (StatusCode::NOT_FOUND, "webhook was refused: "),
    ] {
        hook.set(Some(Reply::text(status, "no such hook")));
        let ended = init(&setup, &[]);
        let code = status.as_str();
        assert_refused(&setup, &ended, &[words, code, "no such", "--skip-test", "Nothing was changed"]);
    }
    hook.go_down();
    let down = init(&setup, &[]);
    assert_refused(
        &setup,
        &down,
        &["webhook failed: ", "Connection refused", "environment variable MINIMAX_WATCH_WEBHOOK_URL"],
    );
    assert!(!down.err.contains(".minimax-watch-init-"), "{}", down.err);
    let nobody = setup.run(&["init", "--no-receiver", "--config", "token-only.toml"]);
    assert!(
        nobody.out.contains("The environment still adds receivers:\nMINIMAX_WATCH_WEBHOOK_URL."),
        "{nobody:?}"
    );
    let skipped = init(&setup, &["--skip-test"]);
    assert_eq!(skipped.status, Some(0), "{skipped:?}");
    assert!(skipped.out.contains("No test message was sent"), "{}", skipped.out);
    assert_eq!(names(&setup), ["minimax-watch.toml", "useapi-token", "webhook-url"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_exists_is_not_touched_and_the_api_is_not_asked() {
    let mut setup = setup_with_token(&["a"]).await;
    setup.set(WEBHOOK, "http://127.0.0.1:9/");
    for name in ["minimax-watch.toml", "useapi-token", "webhook-url"] {
        let path = setup.path("new").join(name);
        for is_link in [false, true] {
            if is_link {
                std::os::unix::fs::symlink("nowhere", &path).unwrap();
            } else {
                fs::write(&path, "mine").unwrap();
            }
            let ended = init(&setup, &[]);
            assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{ended:?}");
            let words = format!("new/{name} exists already, and nothing is overwritten: move it away");
            assert!(ended.err.contains(&words) && ended.err.contains("--config"), "{}", ended.err);
            assert_eq!(names(&setup), [name]);
            assert!(is_link || fs::read_to_string(&path).unwrap() == "mine");
            fs::remove_file(&path).unwrap();
        }
    }
    assert_eq!(setup.api.request_count(), 0);
    // The usual places of a configuration, and the variable that names one.
    fs::write(setup.path("minimax-watch.toml"), "mine").unwrap();
    assert!(setup.run(&["init"]).err.contains("minimax-watch.toml exists already"));
    setup.set("MINIMAX_WATCH_CONFIG", "new/minimax-watch.toml");
    let written = setup.run(&["init", "--no-receiver"]);
    assert_eq!(written.status, Some(0), "{written:?}");
    assert!(written.out.contains("\n  minimax-watch check "), "{}", written.out);
    assert_eq!(fs::read_to_string(setup.path("minimax-watch.toml")).unwrap(), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_secrets_holds_the_secrets_and_the_configuration_is_readable_by_all() {
    let mut setup = setup_with_token(&["a"]).await;
    setup.set(WEBHOOK, "http://127.0.0.1:9/");
    fs::create_dir(setup.path("new/secrets")).unwrap();
    let limited = format!("umask 777; exec {PROGRAM} init --skip-test -c new/minimax-watch.toml");
    let written = Ended::of(&setup.process("sh", &["-c", &limited]).output().unwrap());
    assert_eq!(written.status, Some(0), "{written:?}");
    assert!(written.out.contains("Written, the secrets readable by you only:"), "{}", written.out);
    for (name, expected) in
        [("minimax-watch.toml", 0o644), ("secrets/useapi-token", 0o600), ("secrets/webhook-url", 0o600)]
    {
        assert_eq!(mode(&setup.path("new").join(name)), expected, "{name}");
    }
    // As systemd passes them: the folder's name is a part of each name.
    let (credentials, secrets) = (setup.path("credentials"), setup.path("new/secrets"));
    fs::create_dir(&credentials).unwrap();
    for name in ["useapi-token", "webhook-url"] {
        fs::copy(secrets.join(name), credentials.join(format!("secrets_{name}"))).unwrap();
    }
    fs::remove_dir_all(secrets).unwrap();
    setup.unset("USEAPI_TOKEN");
    setup.unset(WEBHOOK);
    setup.set("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap());
    let checked = setup.run(&["--config", "new/minimax-watch.toml", "check"]);
    assert_eq!(checked.status, Some(0), "{checked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_takes_no_files_is_an_error_with_its_reason() {
    let setup = setup_with_token(&["a"]).await;
    for (file, words) in [
        ("/proc/minimax-watch.toml", "cannot write to the folder /proc: "),
        (
            "absent/minimax-watch.toml",
            "absent: No such file or directory (os error 2); make it first: mkdir -p ",
        ),
        ("new/", "new/ is not the name of a file"),
        ("token/minimax-watch.toml", "token: Not a directory"),
        (
            "new/useapi-token",
            "new/useapi-token is the name of a secret file: give the configuration another name",
        ),
    ] {
        let ended = setup.run(&["init", "--no-receiver", "--config", file]);
        assert_refused(&setup, &ended, &[words]);
    }
    assert_eq!(setup.api.request_count(), 0);
    // As on a full disk: no file may grow.
    let limited =
        format!("trap '' XFSZ; ulimit -f 0; exec {PROGRAM} init --no-receiver -c new/minimax-watch.toml");
    let full = Ended::of(&setup.process("sh", &["-c", &limited]).output().unwrap());
    assert_refused(&setup, &full, &["cannot write new/useapi-token; nothing was changed: File too large"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_everything_that_is_missing_is_named_at_once() {
    let mut setup = setup_for(&["a"]).await;
    setup.set("MINIMAX_WATCH_TELEGRAM_TOKN", "123456:s3cret");
    let nothing = init(&setup, &[]);
    let words = [
        "no API token: set USEAPI_TOKEN or USEAPI_TOKEN_FILE",
        "--token-file",
        "MINIMAX_WATCH_TELEGRAM_TOKEN and MINIMAX_WATCH_TELEGRAM_CHAT_ID; or MINIMAX_WATCH_NTFY_URL",
        "--no-receiver",
        "did you mean MINIMAX_WATCH_TELEGRAM_TOKEN",
        "without a terminal nothing is asked",
    ];
    assert_refused(&setup, &nothing, &words);
    setup.set("USEAPI_TOKEN", TOKEN);
    setup.set("USEAPI_TOKEN_FILE", "token");
    assert_refused(&setup, &init(&setup, &[]), &["are both set: remove one"]);
    setup.set("USEAPI_TOKEN", "");
    setup.set("MINIMAX_WATCH_SMTP_URL", "smtp://mail.example");
    assert_refused(
        &setup,
        &init(&setup, &[]),
        &["needs MINIMAX_WATCH_MAIL_FROM and MINIMAX_WATCH_MAIL_TO too"],
    );
    assert_eq!(setup.api.request_count(), 0);
}

/// `init` in a terminal.
fn in_terminal(setup: &Setup, options: &[&str]) -> Terminal {
    let arguments = [&["init", "--config", "new/minimax-watch.toml"], options].concat();
    Terminal::start(setup.process(PROGRAM, &arguments))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialogue_asks_again_after_a_wrong_answer_and_shows_no_secret() {
    let setup = setup_for(&["studio-a", "0042"]).await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    let address = hook.url().join("/hook/t0ps3cret").unwrap();
    let mut terminal = in_terminal(&setup, &[]);
    terminal.answer("API token (not shown): ", "user:1-wr0ngs3cret");
    terminal.until("refuses the API token");
    terminal.until("API token (not shown): ");
    assert!(!terminal.is_echoing());
    terminal.answer("", TOKEN);
    terminal.until("1  0042: token expires 20");
    assert!(terminal.is_echoing());
    terminal.answer("Which are watched [all]: ", "3");
    terminal.until("\"3\" is not a list of numbers from 1 to 2");
    terminal.answer("Which are watched [all]: ", b"\xff");
    terminal.until("The answer is not UTF-8.");
    terminal.answer("Which are watched [all]: ", "2");
    terminal.answer("Number from 1 to 7: ", "1");
    terminal.answer("The bot's token (not shown): ", "n0t-a-s3cret");
    terminal.answer("Number of the chat", "1");
    terminal.until("the answer does not hold a bot's token");
    hook.next(Reply::status(StatusCode::FORBIDDEN));
    for _ in 0..2 {
        terminal.answer("Number from 1 to 7: ", "5");
        terminal.answer("Address (not shown): ", address.as_str());
        terminal.answer("Signing secret, whsec_…; Enter for none (not shown): ", "");
    }
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("The test message to webhook was refused: "), "{shown}");
    assert!(shown.contains("Watched: studio-a.") && !shown.contains("s3cret"), "{shown}");
    assert_eq!(names(&setup), ["minimax-watch.toml", "useapi-token", "webhook-url"]);
    assert_eq!(files(&setup)["webhook-url"], format!("{address}\n"));
    assert_eq!(hook.count(), 2);
    let checked = setup.run(&["--config", "new/minimax-watch.toml", "config", "check"]);
    assert!(checked.status == Some(0) && checked.out.contains("Watched: studio-a."), "{checked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_during_the_input_leaves_nothing_and_a_terminal_that_shows_input() {
    let setup = setup_for(&["a"]).await;
    for signal in ["INT", "TERM", "HUP"] {
        let mut terminal = in_terminal(&setup, &[]);
        terminal.until("API token (not shown): ");
        assert!(!terminal.is_echoing());
        terminal.signal(signal);
        terminal.until("stopped; nothing was changed");
        assert!(terminal.is_echoing());
        assert_eq!(terminal.end().0, Some(3));
        assert_eq!(names(&setup), Vec::<String>::new());
    }
    let terminal = in_terminal(&setup, &["--no-input"]);
    let (status, shown) = terminal.end();
    assert!(status == Some(3) && shown.contains("with --no-input nothing is asked"), "{shown}");
}
