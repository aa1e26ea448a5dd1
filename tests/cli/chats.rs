//! Chats, pagers and programs as receivers of the built program: what arrives, in which order, within which limits, and what a refusal
//! says.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use minimax_watch::clock;
use minimax_watch::domain::text;
use serde_json::{Value, json};

use crate::chat_setup::Chats;
use crate::mail::let_pauses_pass;
use crate::setup::{Setup, healthy};
use crate::simulator::{
    Answer, ChatService, NotFoundBody, Post, ProgramMode, Record, Reply, RetryAfter, StatusCode,
    discord_rate_limited, telegram_error,
};

#[tokio::test(flavor = "multi_thread")]
async fn firing_escalated_and_resolved_messages_arrive_once_and_in_order_at_every_type() {
    let chats = Chats::open().await;
    for (expiry, status) in
        [(Some(TimeDelta::days(2)), 1), (Some(TimeDelta::hours(12)), 2), (None, 0), (None, 0)]
    {
        let end = expiry.map_or_else(healthy, |expiry| clock::now() + expiry);
        chats.setup.vendor.put(Record::ending("a", end));
        let checked = chats.setup.run(&["check"]);
        assert_eq!(checked.status, Some(status), "{checked:?}");
    }
    chats.assert_all_accepted();
    let words = ["WARNING", "CRITICAL", "RESOLVED"];
    for server in &chats.servers {
        let posts = chats.posts(server.service());
        let titles: Vec<&str> = posts.iter().map(Post::title).collect();
        let expected = if server.service() == ChatService::PagerDuty {
            ["trigger ", "trigger ", "resolve "].map(|action| format!("{action}minimax-watch/main/a/expiry"))
        } else {
            words.map(|word| format!("[{word}] a: "))
        };
        let are_expected = titles.iter().zip(&expected).all(|(title, begin)| title.contains(begin.as_str()));
        assert!(titles.len() == 3 && are_expected, "{:?}: {titles:?}", server.service());
    }
    let severities = chats.posts(ChatService::PagerDuty);
    let severities: Vec<&Value> = severities.iter().map(|post| &post.body["payload"]["severity"]).collect();
    assert_eq!(severities, [&json!("warning"), &json!("critical"), &Value::Null]);
    let priorities = chats.server(ChatService::Ntfy).posts();
    let priorities: Vec<&Value> = priorities.iter().map(|post| &post.body["priority"]).collect();
    assert_eq!(priorities, [&json!(4), &json!(5), &json!(3)]);
    let runs = chats.program.runs();
    let titles: Vec<&str> = runs.iter().map(|run| run.title.as_str()).collect();
    assert!(
        titles.len() == 3 && titles.iter().zip(words).all(|(title, word)| title.contains(word)),
        "{titles:?}"
    );
    for (run, kind) in runs.iter().zip(["alert.firing", "alert.firing", "alert.resolved"]) {
        let body: Value = serde_json::from_slice(&run.body).unwrap();
        assert_eq!(body["type"], kind);
    }
    for receiver in ChatService::ALL.iter().map(|service| service.name()).chain(["exec"]) {
        let states: Vec<Value> = chats
            .deliveries(receiver)
            .iter()
            .map(|message| json!([message["state"], message["attempts"]]))
            .collect();
        assert_eq!(states, vec![json!(["delivered", 1]); 3], "{receiver}");
    }
}

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn service_that_asks_for_a_pause_is_not_tried_again_before_its_end() {
    const PAUSE: u64 = 1_234;
    let chats = Chats::open().await;
    let busy = |status| Reply::status(status).retry_after(RetryAfter::Seconds(PAUSE));
    for server in &chats.servers {
        server.next(Some(match server.service() {
            ChatService::Telegram => telegram_error(
                429,
                &format!("Too Many Requests: retry after {PAUSE}"),
                Some(json!({"retry_after": PAUSE})),
            ),
            // Its header is in whole seconds and shorter than what the body asks for.
            ChatService::Discord => discord_rate_limited(1_233.27),
            ChatService::Ntfy | ChatService::Slack => busy(StatusCode::TOO_MANY_REQUESTS),
            ChatService::PagerDuty => busy(StatusCode::SERVICE_UNAVAILABLE),
        }));
    }
    chats.setup.vendor.set_answer("a", Answer::not_found(NotFoundBody::Json));
    let before = clock::now();
    assert_eq!(chats.setup.run(&["check"]).status, Some(2));
    let after = clock::now();
    for server in &chats.servers {
        let service = server.service();
        let [message] = <[Value; 1]>::try_from(chats.deliveries(service.name())).unwrap();
        assert_eq!((&message["state"], &message["attempts"]), (&json!("pending"), &json!(1)), "{service:?}");
        let next = moment(&message["next_attempt_at"]);
        let pause = TimeDelta::seconds(i64::try_from(PAUSE).unwrap());
        // It is printed in whole seconds.
        assert!(next >= before.trunc_subsecs(0) + pause, "{service:?}: {next} is too early");
        assert!(next <= after + pause * 11 / 10 + TimeDelta::seconds(1), "{service:?}: {next} is too late");
    }
    // The next check does not ask before that.
    assert_eq!(chats.setup.run(&["check"]).status, Some(2));
    assert!(chats.servers.iter().all(|server| server.count() == 1));
    let_pauses_pass(&chats.setup).await;
    assert_eq!(chats.setup.run(&["check"]).status, Some(2));
    for server in &chats.servers {
        let posts = server.posts();
        let service = server.service();
        assert!(posts.len() == 2 && posts[0].body == posts[1].body, "{service:?}: {posts:?}");
        assert_eq!(chats.deliveries(service.name())[0]["state"], "delivered");
    }
}

fn answer(code: u16, body: &Value) -> Reply {
    Reply::json(StatusCode::from_u16(code).unwrap(), body.to_string())
}

fn slack(code: u16, words: &'static str) -> Reply {
    Reply::text(StatusCode::from_u16(code).unwrap(), words)
}

/// What each service may answer, and the words that a refusal must have.
fn refusals(service: ChatService) -> Vec<(Reply, &'static str)> {
    let telegram = |code, words: &str| telegram_error(code, words, None);
    let discord = |code, number: u32, words: &str| answer(code, &json!({"message": words, "code": number}));
    let ntfy = |code: u32, words: &str| {
        let http = u16::try_from(code / 100).unwrap();
        answer(http, &json!({"code": code, "http": http, "error": words}))
    };
    let invalid = json!({"status": "invalid event", "message": "Event object is invalid", "errors": ["Invalid routing key"]});
    match service {
        ChatService::Telegram => vec![
            (telegram(401, "Unauthorized"), "the token is not valid, or was revoked: @BotFather"),
            (telegram(400, "Bad Request: chat not found"), "check chat_id"),
            (telegram(403, "Forbidden: bot was blocked by the user"), "unblock it and press Start"),
            (telegram(403, "Forbidden: bot was kicked from the group chat"), "add it again"),
            (telegram(400, "Bad Request: message thread not found"), "check thread_id"),
            (
                telegram_error(
                    400,
                    "Bad Request: group chat was upgraded to a supergroup chat",
                    Some(json!({"migrate_to_chat_id": -1_009_876_543_210_i64})),
                ),
                "set chat_id = \"-1009876543210\"",
            ),
        ],
        ChatService::Ntfy => vec![
            (ntfy(40101, "unauthorized"), "the token is not valid: check token_file"),
            (ntfy(40301, "forbidden"), "writing to this topic is not allowed"),
            (ntfy(40401, "page not found"), "this is not an ntfy server"),
            (ntfy(41301, "attachment too large, or bandwidth limit reached"), "below 4,096 bytes"),
            (ntfy(40009, "invalid request: topic invalid"), "topic invalid"),
            (ntfy(42908, "limit reached: too many messages"), "too many messages"),
        ],
        ChatService::Discord => vec![
            (discord(404, 10_015, "Unknown Webhook"), "the webhook was deleted"),
            (discord(401, 50_027, "Invalid Webhook Token"), "the address is not complete"),
            (discord(400, 50_035, "Invalid Form Body"), "Invalid Form Body"),
            (discord(400, 220_001, "Webhooks posted to forum channels"), "this is a forum channel"),
            (Reply::html(StatusCode::OK, "<h1>Log in</h1>"), "this is not an answer of Discord"),
            (discord_rate_limited(3.5), "You are being rate limited."),
        ],
        ChatService::Slack => vec![
            (slack(404, "no_service"), "the webhook was removed or its app disabled"),
            (slack(403, "invalid_token"), "the address is not valid"),
            (slack(400, "invalid_blocks"), "Slack refuses the form of this message"),
            (slack(403, "action_prohibited"), "an administrator restricts posting"),
            (slack(410, "channel_is_archived"), "the channel is archived"),
            (slack(200, "<h1>Log in</h1>"), "this is not an answer of Slack"),
        ],
        ChatService::PagerDuty => vec![
            (answer(400, &invalid), "the integration key is not valid"),
            (Reply::status(StatusCode::NOT_FOUND), "this is not the Events API: check api_url"),
            (Reply::status(StatusCode::TOO_MANY_REQUESTS), "too many events for this integration"),
            (Reply::html(StatusCode::OK, "<h1>Log in</h1>"), "this is not an answer of PagerDuty"),
            (Reply::status(StatusCode::BAD_GATEWAY), "answered 502"),
            (Reply::close(), "the connection was closed without an answer"),
        ],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_says_what_to_do_and_a_test_message_arrives_at_every_type() {
    let chats = Chats::open().await;
    let tested = chats.setup.run(&["notify", "test"]);
    assert_eq!(tested.status, Some(0), "{tested:?}");
    assert_eq!(tested.out.matches(": delivered").count(), 6, "{}", tested.out);
    chats.assert_all_accepted();
    for server in &chats.servers {
        let expected = if server.service() == ChatService::PagerDuty { 2 } else { 1 };
        assert_eq!(server.count(), expected, "{:?}", server.service());
    }
    assert!(chats.program.runs()[0].title.starts_with("[TEST] "), "{:?}", chats.program.runs());

    let scripts: Vec<_> = chats.servers.iter().map(|server| refusals(server.service())).collect();
    chats.program.set(ProgramMode::Fails);
    let mut outputs = Vec::new();
    for round in 0..6 {
        for (server, script) in chats.servers.iter().zip(&scripts) {
            server.set(Some(script[round].0.clone()));
        }
        let tested = chats.setup.run(&["notify", "test"]);
        assert_eq!(tested.status, Some(3), "{tested:?}");
        for (server, script) in chats.servers.iter().zip(&scripts) {
            let begin = format!("{}: ", server.service().name());
            let line = tested.out.lines().find(|line| line.starts_with(&begin)).unwrap();
            assert!(line.contains(script[round].1) && !line.contains("delivered"), "round {round}: {line}");
        }
        assert!(
            tested.out.contains("exec: failed (an alert would be retried): notify ended with exit status: 1")
        );
        outputs.push(format!("{tested:?}"));
    }
    // The same advice is stored with a message that was refused.
    for (server, script) in chats.servers.iter().zip(&scripts) {
        server.set(Some(script[0].0.clone()));
    }
    chats.setup.vendor.set_answer("a", Answer::not_found(NotFoundBody::Json));
    let checked = chats.setup.run(&["--log-level", "trace", "check"]);
    for (server, script) in chats.servers.iter().zip(&scripts) {
        let error = chats.deliveries(server.service().name())[0]["last_error"].as_str().unwrap().to_owned();
        assert!(error.contains(script[0].1), "{error}");
        assert!(checked.err.contains(script[0].1), "{}", checked.err);
    }
    outputs.push(format!("{checked:?}"));
    outputs.push(String::from_utf8_lossy(&std::fs::read(chats.setup.store()).unwrap()).into_owned());
    for secret in ChatService::ALL.iter().flat_map(|service| service.secrets()) {
        assert!(outputs.iter().all(|output| !output.contains(secret)), "{secret} is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_chat_token_topic_and_key_are_refused_as_the_services_do() {
    let chats = Chats::open().await;
    for (file, wrong) in [
        ("telegram-token", "4711471147:AAanotherTokenThatIsNotKnown0123"),
        ("ntfy-token", "tk_anotherTokenThatIsNotKnown01"),
        ("pagerduty-key", "anotherKeyThatIsNotKnown01234567"),
    ] {
        chats.setup.secret(file, wrong);
    }
    for (file, service, path) in [
        ("discord-url", ChatService::Discord, "/api/webhooks/1234567890123456789/anotherT0ken"),
        ("slack-url", ChatService::Slack, "/services/T0SlAcK47/B0SlAcK11/anotherT0ken"),
    ] {
        chats.setup.secret(file, &format!("http://{}{path}", chats.server(service).address()));
    }
    let tested = chats.setup.run(&["notify", "test"]);
    assert_eq!(tested.status, Some(3), "{tested:?}");
    for words in [
        "telegram: refused: 127.0.0.1:",
        "@BotFather shows the present one",
        "check token_file",
        "the address is not complete",
        "the address is not valid",
        "the integration key is not valid",
    ] {
        assert!(tested.out.contains(words), "{words}: {}", tested.out);
    }
    let chat = chats.receivers.replace("chat_id = -1001234567890", "chat_id = 5\nthread_id = 7");
    let (right, secrets) = chats.server(ChatService::Telegram).receiver("telegram");
    assert!(chat.contains("chat_id = 5") && right.contains("chat_id"));
    chats.setup.secret(&secrets[0].0, &secrets[0].1);
    chats.setup.configure(&["a"], &chat);
    let tested = chats.setup.run(&["notify", "test", "telegram"]);
    assert!(tested.out.contains("chat not found; check chat_id"), "{}", tested.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn probe_sends_no_message_and_shows_no_secret() {
    let chats = Chats::open().await;
    let probed = chats.setup.run(&["config", "check", "--probe"]);
    assert_eq!(probed.status, Some(0), "{probed:?}");
    for server in &chats.servers {
        let paths: Vec<String> = server.posts().into_iter().map(|post| post.path).collect();
        if server.service() == ChatService::Telegram {
            let methods: Vec<&str> = paths.iter().filter_map(|path| path.rsplit('/').next()).collect();
            assert_eq!(methods, ["getMe", "getChat"]);
        } else {
            assert!(paths.is_empty(), "{:?}: {paths:?}", server.service());
        }
        let address = server.address().to_string();
        assert!(probed.out.contains(&address), "{address}: {}", probed.out);
    }
    assert_eq!(chats.program.count(), 0);
    let shown = chats.setup.run(&["config", "show"]);
    for secret in ChatService::ALL.iter().flat_map(|service| service.secrets()) {
        assert!(!shown.out.contains(secret) && !probed.out.contains(secret), "{secret} is shown");
    }
    for server in &chats.servers {
        server.go_down();
    }
    std::fs::remove_file(chats.program.path()).unwrap();
    let probed = chats.setup.run(&["config", "check", "--probe"]);
    assert_eq!(probed.status, Some(3), "{probed:?}");
    assert!(probed.out.contains("cannot be run"), "{}", probed.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn probe_tells_a_wrong_token_of_telegram_from_a_chat_that_is_not_there() {
    let chats = Chats::open().await;
    let probe = |receivers: &str| {
        chats.setup.configure(&["a"], receivers);
        let probed = chats.setup.run(&["config", "check", "--probe"]);
        assert_eq!(probed.status, Some(3), "{probed:?}");
        probed.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let absent = probe(&chats.receivers.replace("-1001234567890", "-1009999999999"));
    assert!(absent.contains("getChat: ") && absent.contains("Bad Request: chat not found"), "{absent}");
    assert!(absent.contains("Check chat_id; a person has to press Start first"), "{absent}");
    let (_, secrets) = chats.server(ChatService::Telegram).receiver("telegram");
    chats.setup.secret(&secrets[0].0, "4711471147:wr0ngwr0ngwr0ngwr0ngwr0ng");
    let wrong = probe(&chats.receivers);
    assert!(wrong.contains("getMe: ") && wrong.contains("Unauthorized"), "{wrong}");
    assert!(wrong.contains("@BotFather shows the present one") && !wrong.contains("wr0ng"), "{wrong}");
}

/// Names with the markup and the mentions of each service, hidden characters, and great lengths.
fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "*bold* _italic_ ~struck~ __under__ ~~struck~~ ||spoiler|| `code` ```block```",
        "@everyone @here <@123456789> <@&987> <#1> <!channel> <!here> <!subteam^S1>",
        "[click](https://evil.example) <https://evil.example|bank> https://evil.example",
        "# heading",
        "> quote",
        "- item",
        "-# small",
        "1. one",
        "<b>bold</b> &amp; &lt;b&gt; <script>alert(1)</script>",
        "\\*escaped\\* \\",
        "{{ 7 * 7 }} {% raw %}",
        "$(id) `id` ; rm -rf / \"quoted\" 'quoted'",
        "line\nbreak\r\nand\ttab",
        "\u{202e}drawkcab\u{202c} \u{200b}hidden\u{feff}",
        "\u{1}\u{2}\u{3}\u{7}\u{1b}[31mred",
        "\u{1f469}\u{200d}\u{1f680} \u{1f600}\u{1f600}",
        ":tada: :rotating_light:",
        "é̂̂̂̂̂ ﷽ 漢字",
    ]
    .map(str::to_owned)
    .into();
    names.push("x y ".repeat(1_000));
    names.push("\u{1f600}".repeat(1_000));
    names.push("\"".repeat(4_000));
    names.push("\\*_~`|<>".repeat(500));
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_arrive_as_text_within_every_limit() {
    let chats = Chats::open().await;
    // A list names short ones only; the configuration names any. Each id and the name of its account:
    let names = hostile_names();
    let is_listed = |name: &String| name.len() <= 1_000;
    let ids: Vec<(String, &String)> = names
        .iter()
        .enumerate()
        .map(|(number, name)| (if is_listed(name) { name.clone() } else { format!("long{number}") }, name))
        .collect();
    // One at a time, since a title and the facts are shown for one alert, and then very many at once.
    let crowd: Vec<String> =
        (0..130).map(|number| format!("{number}{}", names[number % (names.len() - 4)])).collect();
    let mut config =
        "[[subscriptions]]\nname = \"main\"\ntoken_file = \"token\"\ndiscover = true\n".to_owned();
    for (id, name) in ids.iter().filter(|(id, name)| id != *name) {
        config += "[[subscriptions.accounts]]\n";
        config += &[format!("id = \"{id}\"\n"), format!("name = {}\n", json!(name))].concat();
    }
    config += "[store]\npath = \"state/deep/watch.db\"\n";
    config += &chats.receivers;
    std::fs::write(chats.setup.path("minimax-watch.toml"), config).unwrap();
    for (id, _) in &ids {
        chats.setup.vendor.put(Record::ending(id.as_str(), healthy()));
    }
    let checked = chats.setup.run(&["check"]);
    assert_eq!(checked.status, Some(0), "{}", checked.err);
    for (id, name) in &ids {
        chats.setup.vendor.set_answer(id, Answer::not_found(NotFoundBody::Json));
        let checked = chats.setup.run(&["check"]);
        assert_eq!(checked.status, Some(2), "{checked:?}");
        let printed = text::name(name);
        for server in &chats.servers {
            let posts = server.posts();
            let [post] = posts.as_slice() else {
                panic!("{:?} got {} messages about {printed}: {checked:?}", server.service(), posts.len())
            };
            assert!(
                // Telegram gets a word joiner, which nobody sees, where it would find a mention or an address.
                post.is_accepted() && post.text.replace('\u{2060}', "").contains(printed.as_str()),
                "{:?} {}: {printed}\n{}\n{}",
                server.service(),
                post.own_status,
                post.text,
                post.body
            );
            server.forget();
        }
    }
    let runs = chats.program.runs();
    assert_eq!(runs.len(), names.len());
    assert!(runs.iter().all(|run| !run.title.is_empty()), "{runs:?}");
    for name in &crowd {
        chats.setup.vendor.put(Record::ending(name.as_str(), healthy()));
    }
    let checked = chats.setup.run(&["check"]);
    assert_eq!(checked.status, Some(2), "{}", checked.err);
    for name in &crowd {
        chats.setup.vendor.set_answer(name, Answer::account_error(name));
    }
    let checked = chats.setup.run(&["check"]);
    assert_eq!(checked.status, Some(2), "{checked:?}");
    chats.assert_all_accepted();
    for server in &chats.servers {
        let expected = if server.service() == ChatService::PagerDuty { 100 } else { 1 };
        assert_eq!(server.posts().len(), expected, "{:?}", server.service());
        let says_what_is_left_out = |post: &Post| post.text.contains("minimax-watch status");
        assert!(
            server.posts().iter().any(says_what_is_left_out),
            "{:?}: {:?}",
            server.service(),
            server.posts()
        );
    }
    let escaped = chats.server(ChatService::Slack).posts()[0].body["text"].to_string();
    assert!(!escaped.contains("<!") && !escaped.contains("<@"), "{escaped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_pagerduty_has_are_not_sent_again_after_a_cut() {
    let chats = Chats::open().await;
    let pager = chats.server(ChatService::PagerDuty);
    let (receiver, _) = pager.receiver("pagerduty");
    let accounts = ["a", "b", "c"];
    chats.setup.configure(&accounts, &receiver);
    for account in accounts {
        chats.setup.vendor.set_answer(account, Answer::not_found(NotFoundBody::Json));
    }
    chats.setup.vendor.put(Record::ending("d", healthy()));
    chats.setup.configure(&["a", "b", "c", "d"], &receiver);
    pager.next(None);
    pager.next(Some(Reply::close()));
    assert_eq!(chats.setup.run(&["check"]).status, Some(2));
    let keys = |posts: &[Post]| -> Vec<String> {
        posts.iter().map(|post| post.body["dedup_key"].as_str().unwrap().to_owned()).collect()
    };
    let first = keys(&pager.posts());
    assert_eq!(first.len(), 2, "the cut ends the attempt: {first:?}");
    let [message] = <[Value; 1]>::try_from(chats.deliveries("pagerduty")).unwrap();
    assert_eq!(message["state"], "pending");
    pager.forget();
    let_pauses_pass(&chats.setup).await;
    assert_eq!(chats.setup.run(&["check"]).status, Some(2));
    let second = keys(&pager.posts());
    assert_eq!(second[0], first[1], "the one that was cut comes again");
    let mut all: Vec<&String> = first[..1].iter().chain(&second).collect();
    all.sort();
    let expected = accounts.map(|account| format!("minimax-watch/main/{account}/not_found"));
    assert_eq!(all, expected.iter().collect::<Vec<_>>());
    assert_eq!(chats.deliveries("pagerduty")[0]["state"], "delivered");
}

/// The configuration of a program that runs these commands in the folder of the setup.
fn script(setup: &Setup, name: &str, commands: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = setup.path(name);
    let folder = setup.path("");
    let text = format!("#!/bin/sh\ncd '{}'\n{commands}\n", folder.display());
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!(
        "[[receivers]]\nname = \"{name}\"\ntype = \"exec\"\ncommand = [\"{}\", \"--now\"]\ntimeout = \"{}\"\n",
        path.display(),
        if name == "stubborn" { "1s" } else { "30s" }
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn program_gets_json_and_variables_and_is_ended_when_its_time_is_up() {
    let mut setup = Setup::open().await;
    setup.set("LEAKED", "s3cretOfTheService");
    let recorder = "cat > input; tr '\\0' '\\n' < /proc/$$/environ > variables\n\
                    for pid in $$ $PPID; do tr '\\0' ' ' < /proc/$pid/cmdline; echo; done > commands";
    let stubborn = "trap '' TERM\nsleep 300 &\necho $! > child; echo $$ > parent\nwhile :; do sleep 1; done";
    let receivers = [
        script(&setup, "recorder", recorder),
        script(&setup, "stubborn", stubborn),
        script(&setup, "loud", "yes 'a loud program' | head -c 3000000; echo 'it is broken' >&2; exit 7"),
        script(&setup, "fails", "cat > /dev/null; exit 1"),
    ];
    setup.configure(&["a"], &receivers.concat());
    setup.vendor.set_answer("a", Answer::not_found(NotFoundBody::Json));
    let checked = setup.run(&["check"]);
    assert_eq!(checked.status, Some(2), "{checked:?}");
    let read = |name: &str| std::fs::read_to_string(setup.path(name)).unwrap();

    let input: Value = serde_json::from_str(&read("input")).unwrap();
    assert_eq!((&input["type"], &input["data"]["receiver"]), (&json!("alert.firing"), &json!("recorder")));
    let variables = read("variables");
    let variables: std::collections::BTreeMap<&str, &str> =
        variables.lines().filter_map(|line| line.split_once('=')).collect();
    assert_eq!(variables["MINIMAX_WATCH_TYPE"], "alert.firing");
    assert_eq!(variables["MINIMAX_WATCH_SEVERITY"], "critical");
    assert_eq!(variables["MINIMAX_WATCH_RECEIVER"], "recorder");
    assert!(variables["MINIMAX_WATCH_TITLE"].starts_with("[CRITICAL] a: "), "{variables:?}");
    assert!(variables["MINIMAX_WATCH_MESSAGE_ID"].starts_with("msg_"), "{variables:?}");
    let foreign = variables
        .keys()
        .filter(|name| !name.starts_with("MINIMAX_WATCH_") && !["PATH", "LANG"].contains(name));
    let foreign: Vec<_> =
        foreign.filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect();
    assert!(foreign.is_empty() && !read("variables").contains("s3cret"), "{variables:?}");
    let commands = read("commands");
    assert!(commands.contains("recorder --now") && commands.contains("minimax-watch check"), "{commands}");
    assert!(!commands.contains("msg_") && !commands.contains("CRITICAL"), "{commands}");

    for file in ["parent", "child"] {
        let process = format!("/proc/{}/stat", read(file).trim());
        // A killed process may wait to be reaped.
        let state = std::fs::read_to_string(process).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{file} still runs: {state}");
    }
    let listed = setup.run(&["deliveries", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let error = |receiver: &str| {
        let message =
            listed["deliveries"].as_array().unwrap().iter().find(|m| m["receiver"] == receiver).unwrap();
        (
            message["state"].as_str().unwrap().to_owned(),
            message["last_error"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let pending = |words: &str| ("pending".to_owned(), words.to_owned());
    assert_eq!(error("recorder").0, "delivered");
    assert_eq!(error("stubborn"), pending("stubborn did not end in time, and was ended"));
    assert_eq!(error("loud"), pending("loud ended with exit status: 7"), "its output may hold secrets");
    assert_eq!(error("fails"), pending("fails ended with exit status: 1"));
    let tested = setup.run(&["notify", "test", "loud"]);
    assert!(tested.out.contains("loud ended with exit status: 7"), "{}", tested.out);
    assert!(tested.out.len() < 300, "{}", tested.out.len());

    // It is retried, and ends well.
    script(&setup, "fails", "cat > /dev/null; exit 0");
    setup.configure(&["a"], &receivers[3]);
    let_pauses_pass(&setup).await;
    setup.run(&["check"]);
    let listed = setup.run(&["deliveries", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let of_fails =
        listed["deliveries"].as_array().unwrap().iter().find(|m| m["receiver"] == "fails").unwrap();
    assert_eq!((&of_fails["state"], &of_fails["attempts"]), (&json!("delivered"), &json!(2)));
}
