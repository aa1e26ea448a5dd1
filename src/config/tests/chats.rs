//! The types of receivers beside mail and webhook, in the file and by environment alone.

use secrecy::ExposeSecret as _;

use super::*;

const TOKEN: &str = "123456:hush-hush-hush-hush-hush";

fn variables(more: &[(&str, &str)]) -> Environment {
    let base = [
        ("USEAPI_TOKEN", "user:123-abc"),
        ("TOKEN", "user:123-abc"),
        ("BOT", TOKEN),
        ("KEY", "hushhushhushhushhushhushhushhush"),
        ("URL", "https://chat.example.com/api/webhooks/1/hush-hush"),
        ("TOPIC", "https://ntfy.example.com/hush-topic"),
        ("DISCORD", "https://discord.com/api/webhooks/4711/hush/slack"),
        ("SLACK", "https://hooks.slack.com/triggers/T4711/hush"),
        ("QUOTED", "\"hush\""),
        ("HOME", "/home/ops"),
    ];
    base.iter().chain(more).copied().collect()
}

fn receiver(keys: &str) -> Result<Loaded, String> {
    with(&format!("{BASE}[[receivers]]\nname = 'x'\n{keys}"), &variables(&[]))
        .map_err(|problems| problems.to_string())
}

/// The shown keys of the receiver that `keys` describe.
fn shown(keys: &str) -> String {
    let config = receiver(keys).unwrap().config;
    let shown = show(&config);
    assert!(!shown.contains("hush"), "{shown}");
    let (_, block) = shown.split_once("[[receivers]]\n").unwrap();
    block.split("min_severity").next().unwrap().to_owned()
}

#[test]
fn each_type_is_read_and_shown_without_its_secrets() {
    insta::assert_snapshot!(shown("type = 'telegram'\ntoken_env = 'BOT'\nchat_id = -1001234567890\nthread_id = 7"), @r#"
    name = "x"
    type = "telegram"
    token_env = "BOT"
    chat_id = "-1001234567890"
    thread_id = 7
    api_url = "https://api.telegram.org"
    timeout = "15s"
    "#);
    insta::assert_snapshot!(shown("type = 'ntfy'\nurl = 'https://ntfy.sh/my-topic'\ntoken_env = 'BOT'"), @r#"
    name = "x"
    type = "ntfy"
    url = "https://ntfy.sh" # path hidden
    timeout = "15s"
    token_env = "BOT"
    "#);
    for kind in ["discord", "slack"] {
        let shown = shown(&format!("type = '{kind}'\nurl_env = 'URL'\ntimeout = '5s'"));
        assert_eq!(shown, format!("name = \"x\"\ntype = \"{kind}\"\nurl_env = \"URL\"\ntimeout = \"5s\"\n"));
    }
    insta::assert_snapshot!(shown("type = 'pagerduty'\nrouting_key_env = 'KEY'\napi_url = 'https://events.eu.pagerduty.com/'"), @r#"
    name = "x"
    type = "pagerduty"
    routing_key_env = "KEY"
    api_url = "https://events.eu.pagerduty.com"
    timeout = "15s"
    "#);
    insta::assert_snapshot!(shown("type = 'exec'\ncommand = ['/bin/sh', '-c', 'true']"), @r#"
    name = "x"
    type = "exec"
    command = ["/bin/sh", "-c", "true"]
    timeout = "1m"
    "#);
    insta::assert_snapshot!(shown("type = 'webhook'\nurl = 'https://gotify.example.com/x'\nformat = 'text'"), @r#"
    name = "x"
    type = "webhook"
    url = "https://gotify.example.com" # path hidden
    timeout = "15s"
    format = "text"
    "#);
}

#[test]
fn each_problem_of_a_type_names_the_next_step() {
    for (keys, reason) in [
        ("type = 'telegram'\nchat_id = 1", "token is missing: give token_file or token_env"),
        ("type = 'telegram'\ntoken_env = 'BOT'", "chat_id is missing: give the number of the chat"),
        (
            "type = 'telegram'\ntoken_env = 'BOT'\nchat_id = 0",
            "chat_id: \"0\" is neither the number of a chat",
        ),
        (
            "type = 'telegram'\ntoken_env = 'BOT'\nchat_id = 'me'",
            "chat_id: \"me\" is neither the number of a chat",
        ),
        (
            "type = 'telegram'\ntoken_env = 'BOT'\nchat_id = '1:hush'",
            "chat_id: is neither the number of a chat",
        ),
        ("type = 'telegram'\ntoken_env = 'BOT'\nchat_id = 1.5", "chat_id: must be text, not a number"),
        (
            "type = 'telegram'\ntoken_env = 'KEY'\nchat_id = 1",
            "token: environment variable KEY does not hold a bot's token",
        ),
        (
            "type = 'telegram'\ntoken_env = 'BOT'\nchat_id = 1\nthread_id = 0",
            "thread_id: 0 is not the number of a topic",
        ),
        (
            "type = 'telegram'\ntoken_env = 'BOT'\nchat_id = 1\napi_url = 'http://bots.example.com'",
            "api_url: must begin with https://: http:// is for loopback and private names",
        ),
        ("type = 'ntfy'", "url is missing: give url, url_file or url_env"),
        ("type = 'slack'", "url is missing: give url_file or url_env"),
        (
            "type = 'telegram'\ntoken_env = 'BOT'\nchat_id = 1\napi_url = 'https://api.telegram.org/bot123456:hush'",
            "api_url: must be the base address, such as https://api.example.com",
        ),
        ("type = 'ntfy'\nurl = 'https://ntfy.sh'", "url: must end in the topic: letters, digits, - and _"),
        ("type = 'ntfy'\nurl = 'https://ntfy.sh/a b'", "url: must end in the topic"),
        ("type = 'ntfy'\nurl = 'https://ntfy.sh/t?auth=hush'", "url: must end in the topic"),
        ("type = 'ntfy'\nurl_env = 'TOPIC'\ntoken = 'hush'", "token: a secret must not be in the file"),
        (
            "type = 'discord'\nurl = 'https://discord.com/api/webhooks/1/hush'",
            "url: this address is a secret, which must not",
        ),
        ("type = 'slack'\nurl_env = 'TOPIC'\nheaders = {}", "headers: unknown key"),
        (
            "type = 'discord'\nurl_env = 'DISCORD'",
            "url: the value in environment variable DISCORD ends in /slack, which takes messages of another form",
        ),
        (
            "type = 'slack'\nurl_env = 'SLACK'",
            "url: the value in environment variable SLACK starts a workflow, which takes no messages",
        ),
        (
            "type = 'discord'\nurl_env = 'SLACK'",
            "environment variable SLACK is one of another service: use type = \"slack\"",
        ),
        ("type = 'ntfy'\nurl_env = 'DISCORD'", "use type = \"discord\""),
        ("type = 'webhook'\nurl_env = 'DISCORD'", "use type = \"discord\""),
        (
            "type = 'webhook'\nurl = 'https://events.pagerduty.com/v2/enqueue'",
            "url: is one of another service: use type = \"pagerduty\"",
        ),
        (
            "type = 'ntfy'\nurl = 'https://ntfy.sh/hush/json'",
            "url: must end in the topic, with nothing behind it",
        ),
        (
            "type = 'telegram'\nchat_id = 1\ntoken_env = 'QUOTED'",
            "token_env: the environment variable QUOTED holds a quote; it must be the token or key alone, on one line",
        ),
        (
            "type = 'pagerduty'\nrouting_key_env = 'BOT'",
            "routing_key: environment variable BOT does not hold the 32 letters",
        ),
        ("type = 'exec'", "command is missing: give command = [\"/path/of/a/program\", \"argument\"]"),
        ("type = 'exec'\ncommand = []", "command: is empty: give the path of a program"),
        ("type = 'exec'\ncommand = 'notify'", "command: must be a list"),
        (
            "type = 'exec'\ncommand = ['notify', '--now']",
            "command, item 1: must be the whole path of a program",
        ),
        (
            "type = 'exec'\ncommand = ['/bin/sh', 'https://chat.example.com/hush4hush4hush4hush4']",
            "command, item 2: looks like a secret, and everybody on this machine can read",
        ),
        (
            "type = 'webhook'\nurl_env = 'URL'\nformat = 'xml'",
            "format: unknown format \"xml\"; possible: standard, cloudevents, text",
        ),
    ] {
        let message = receiver(keys).map_or_else(|message| message, |_| String::new());
        assert!(message.contains(reason), "{keys}:\n{message}");
        assert!(!message.contains("hush"), "{message}");
    }
}

#[test]
fn a_missing_program_is_a_warning() {
    let loaded = receiver("type = 'exec'\ncommand = ['/nonexistent/notify']").unwrap();
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warnings[0].ends_with("there is no program at /nonexistent/notify: install it, or correct the path"),
        "{warnings:?}"
    );
}

#[test]
fn the_environment_alone_gives_receivers_of_every_usual_type() {
    let folder = tempfile::tempdir().unwrap();
    let chat = folder.path().join("chat");
    std::fs::write(&chat, "@my_channel\n").unwrap();
    let environment = variables(&[
        ("MINIMAX_WATCH_TELEGRAM_TOKEN", TOKEN),
        ("MINIMAX_WATCH_TELEGRAM_CHAT_ID_FILE", chat.to_str().unwrap()),
        ("MINIMAX_WATCH_NTFY_URL", "https://ntfy.sh/hush-topic"),
        ("MINIMAX_WATCH_DISCORD_URL", "https://discord.example.com/api/webhooks/1/hush"),
        ("MINIMAX_WATCH_SLACK_URL", "https://hooks.example.com/services/hush"),
        ("MINIMAX_WATCH_WEBHOOK_URL", "http://n8n:5678/webhook/hush"),
        ("MINIMAX_WATCH_WEBHOOK_SECRET", "whsec_aHVzaC1odXNoLWh1c2g="),
        ("MINIMAX_WATCH_SMTP_URL", "smtps://watch%40example.com:hush%2Fhush@smtp.example.com:4650"),
        ("MINIMAX_WATCH_MAIL_FROM", "minimax-watch <watch@example.com>"),
        ("MINIMAX_WATCH_MAIL_TO", "ops@example.com, Zoë <zoe@example.com>"),
        ("MINIMAX_WATCH_SERVICE_HOST", "10.0.0.1"),
    ]);
    let loaded = load(&Source::None, &environment, now()).unwrap();
    let names: Vec<(&str, &str)> = loaded
        .config
        .receivers
        .iter()
        .map(|receiver| (receiver.name.as_str(), receiver.channel.type_name()))
        .collect();
    let kinds = ["telegram", "ntfy", "discord", "slack", "webhook", "email"];
    assert_eq!(names, kinds.map(|kind| (kind, kind)));
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.len() == 2 && warnings[0].contains("can be read by others"), "{warnings:?}");
    assert!(warnings[1].contains("n8n travel unencrypted"), "{warnings:?}");
    let shown = show(&loaded.config);
    assert!(!shown.contains("hush"), "{shown}");
    let Channel::Telegram(telegram) = &loaded.config.receivers[0].channel else { panic!("telegram") };
    assert_eq!((telegram.token.value.expose_secret(), telegram.chat_id.as_str()), (TOKEN, "@my_channel"));
    let Channel::Webhook(webhook) = &loaded.config.receivers[4].channel else { panic!("webhook") };
    assert_eq!(webhook.signing.len(), 1);
    let Channel::Email(email) = &loaded.config.receivers[5].channel else { panic!("email") };
    let login = email.smtp.login.as_ref().unwrap();
    assert_eq!(
        (login.username.as_str(), login.password.value.expose_secret()),
        ("watch@example.com", "hush/hush")
    );
    assert_eq!(
        (email.smtp.host.as_str(), email.smtp.port, email.smtp.tls),
        ("smtp.example.com", 4650, Tls::Implicit)
    );
    assert_eq!(email.to.len(), 2);
    assert!(loaded.config.receivers.iter().all(|receiver| receiver.route.accounts.is_match("any")));
}

#[test]
fn the_address_of_a_mail_server_decides_tls_and_port() {
    for (url, host, port, tls) in [
        ("smtps://u:p@smtp.example.com", "smtp.example.com", 465, Tls::Implicit),
        ("smtp://u:p@smtp.example.com", "smtp.example.com", 587, Tls::StartTls),
        ("smtp://smtp.example.com:25", "smtp.example.com", 25, Tls::StartTls),
        ("smtp://localhost:1025", "localhost", 1025, Tls::None),
        ("smtp://[::1]:1025", "::1", 1025, Tls::None),
    ] {
        let environment = variables(&[
            ("MINIMAX_WATCH_SMTP_URL", url),
            ("MINIMAX_WATCH_MAIL_FROM", "watch@example.com"),
            ("MINIMAX_WATCH_MAIL_TO", "ops@example.com"),
        ]);
        let receiver = load(&Source::None, &environment, now()).unwrap().config.receivers.remove(0);
        let Channel::Email(email) = receiver.channel else { panic!("email") };
        assert_eq!((email.smtp.host.as_str(), email.smtp.port, email.smtp.tls), (host, port, tls), "{url}");
    }
}

#[test]
fn each_problem_of_a_variable_is_reported_without_its_value() {
    let mail = |url: &str| {
        vec![
            ("MINIMAX_WATCH_SMTP_URL".to_owned(), url.to_owned()),
            ("MINIMAX_WATCH_MAIL_FROM".to_owned(), "watch@example.com".to_owned()),
            ("MINIMAX_WATCH_MAIL_TO".to_owned(), "ops@example.com".to_owned()),
        ]
    };
    let one = |name: &str, value: &str| vec![(format!("MINIMAX_WATCH_{name}"), value.to_owned())];
    for (given, reason) in [
        (
            one("TELEGRAM_TOKEN", TOKEN),
            "environment variable MINIMAX_WATCH_TELEGRAM_TOKEN: needs MINIMAX_WATCH_TELEGRAM_CHAT_ID too",
        ),
        (
            one("TELEGRAM_CHAT_ID", "7"),
            "MINIMAX_WATCH_TELEGRAM_CHAT_ID: needs MINIMAX_WATCH_TELEGRAM_TOKEN too",
        ),
        (
            one("WEBHOOK_SECRET", "whsec_aHVzaA=="),
            "MINIMAX_WATCH_WEBHOOK_SECRET: needs MINIMAX_WATCH_WEBHOOK_URL too",
        ),
        (one("NTFY_URL", "hush"), "environment variable MINIMAX_WATCH_NTFY_URL must begin with https://"),
        (
            one("DISCORD_URL_FILE", "/nonexistent/hush"),
            "MINIMAX_WATCH_DISCORD_URL_FILE: url_file: /nonexistent/hush cannot be read",
        ),
        (
            one("MAIL_TO", "ops@example.com"),
            "MINIMAX_WATCH_MAIL_TO: needs MINIMAX_WATCH_SMTP_URL and MINIMAX_WATCH_MAIL_FROM too",
        ),
        (
            mail("https://u:hush@example.com"),
            "MINIMAX_WATCH_SMTP_URL: must begin with smtps:// (TLS) or smtp://",
        ),
        (mail("smtps://u:hush/hush@example.com"), "MINIMAX_WATCH_SMTP_URL: "),
        (mail("smtps://hush@example.com"), "MINIMAX_WATCH_SMTP_URL: holds a user name or a password alone"),
        (mail("smtps://u:hush@example.com/x"), "MINIMAX_WATCH_SMTP_URL: has something behind the server"),
        (
            [one("SLACK_URL", "https://hooks.example.com/hush"), one("SLACK_URL_FILE", "/nonexistent/hush")]
                .concat(),
            "MINIMAX_WATCH_SLACK_URL: MINIMAX_WATCH_SLACK_URL_FILE is given too: remove one of the two",
        ),
    ] {
        let more: Vec<(&str, &str)> =
            given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let message = load(&Source::None, &variables(&more), now()).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
        assert!(!message.replace("/nonexistent/hush", "").contains("hush"), "{message}");
    }
}

#[test]
fn a_receiver_of_the_file_wins_and_may_fall_back_to_one_of_the_environment() {
    let environment = variables(&[
        ("MINIMAX_WATCH_NTFY_URL", "https://ntfy.sh/hush-topic"),
        ("MINIMAX_WATCH_SLACK_URL", "https://hooks.example.com/services/hush"),
    ]);
    let file =
        format!("{BASE}[[receivers]]\nname = 'ntfy'\ntype = 'ntfy'\nurl_env = 'TOPIC'\nfallback = 'slack'\n");
    let loaded = with(&file, &environment).unwrap();
    let names: Vec<&str> = loaded.config.receivers.iter().map(|receiver| receiver.name.as_str()).collect();
    assert_eq!(names, ["ntfy", "slack"]);
    let Channel::Ntfy(ntfy) = &loaded.config.receivers[0].channel else { panic!("ntfy") };
    assert!(ntfy.endpoint.url.value.expose_secret().contains("ntfy.example.com"));
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "environment variable MINIMAX_WATCH_NTFY_URL: has no effect: the file has a receiver \"ntfy\", which wins"
        ]
    );
}

#[test]
fn a_misspelt_variable_is_a_warning() {
    let environment =
        variables(&[("MINIMAX_WATCH_TELEGRAM_TOKN", TOKEN), ("MINIMAX_WATCH_PORT", "tcp://10.0.0.1:80")]);
    let warnings: Vec<String> =
        load(&Source::None, &environment, now()).unwrap().warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "environment variable MINIMAX_WATCH_TELEGRAM_TOKN: has no effect (did you mean MINIMAX_WATCH_TELEGRAM_TOKEN?)"
        ]
    );
}
