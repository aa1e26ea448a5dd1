//! The file that packages install: it loads, is complete, and shows the real defaults.

use super::*;

/// The file that packages install.
const DOCUMENTED: &str = include_str!("../../../config/minimax-watch.toml");

/// The configuration in `content`, with the secrets that the documented file names as credentials.
fn documented(content: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in [
        ("useapi-token", "user:1-a\n"),
        ("smtp-password", "p\n"),
        ("pager-url", "https://hooks.example.com/T000\n"),
        ("webhook-secret", "whsec_aHVzaA==\n"),
        ("telegram-token", "123456:placeholder-placeholder\n"),
        ("ntfy-token", "tk_placeholder\n"),
        ("discord-url", "https://discord.example.com/api/webhooks/1/placeholder\n"),
        ("slack-url", "https://hooks.example.com/services/T000/B000/placeholder\n"),
        ("pagerduty-key", "0123456789abcdef0123456789abcdef\n"),
        ("alertmanager-password", "p\n"),
        ("http-token", "0123456789abcdef\n"),
        ("heartbeat-url", "https://hc.example.com/placeholder\n"),
    ] {
        std::fs::write(folder.path().join(name), secret).unwrap();
    }
    let path = folder.path().join("minimax-watch.toml");
    std::fs::write(&path, content).unwrap();
    let variables = [("CREDENTIALS_DIRECTORY", folder.path()), ("HOME", folder.path())];
    let loaded = load(&Source::File(path), &variables.into_iter().collect(), now()).unwrap();
    assert_eq!(loaded.warnings, []);
    loaded.config
}

/// The documented file with every key and example in force.
fn uncommented() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => format!("{key}\n"),
        _ => format!("{line}\n"),
    };
    DOCUMENTED.lines().map(line).collect()
}

#[test]
fn the_documented_file_loads_as_it_is_and_with_every_key_in_force() {
    let plain = documented(DOCUMENTED);
    assert!(plain.subscriptions[0].discover);
    let full = documented(&uncommented());
    assert_eq!((full.subscriptions[0].accounts.len(), full.receivers.len()), (1, 9));
    let sections = |config: &Config| {
        let shown = show(config);
        let (from, to) = (shown.find("[api]").unwrap(), shown.find("[alerts]").unwrap());
        shown[from..to].to_owned()
    };
    assert_eq!(sections(&plain), sections(&full), "what is commented out is the default");
}

#[test]
fn the_documented_file_holds_every_key_of_the_contract() {
    let blocks = uncommented();
    for (header, keys) in [
        ("[[subscriptions]]", &["name", "token_file", "token_env", "discover"][..]),
        ("[[subscriptions.accounts]]", &["id", "name", "lead_times"]),
        ("[api]", &["base_url", "fetch", "timeout", "concurrency", "max_body"]),
        ("[schedule]", &["cron", "timezone", "jitter"]),
        ("[expiry]", &["lead_times", "source"]),
        ("[alerts]", &["confirm_after", "unreachable_after", "repeat_every"]),
        ("[plan]", &["watch"]),
        ("[jobs]", &["watch", "window", "min_jobs", "failing"]),
        ("[credits]", &["watch", "every", "low", "lead_time"]),
        (
            "[[receivers]]\nname = \"ops-mail\"",
            &[
                "type",
                "from",
                "to",
                "smtp.host",
                "smtp.port",
                "smtp.tls",
                "smtp.username",
                "smtp.password_file",
                "smtp.password_env",
                "smtp.hello",
                "smtp.timeout",
                "allow_http",
                "min_severity",
                "kinds",
                "accounts",
                "fallback",
                "digest",
                "timezone",
                "quiet_hours",
            ],
        ),
        (
            "[[receivers]]\nname = \"telegram\"",
            &["type", "token_file", "token_env", "chat_id", "thread_id", "api_url"],
        ),
        (
            "[[receivers]]\nname = \"phone\"",
            &["type", "url", "url_file", "url_env", "token_file", "token_env"],
        ),
        ("[[receivers]]\nname = \"discord\"", &["type", "url_file", "url_env"]),
        ("[[receivers]]\nname = \"slack\"", &["type", "url_file", "url_env"]),
        ("[[receivers]]\nname = \"pagerduty\"", &["type", "routing_key_file", "routing_key_env", "api_url"]),
        ("[[receivers]]\nname = \"program\"", &["type", "command", "timeout"]),
        (
            "[[receivers]]\nname = \"pager\"",
            &[
                "type",
                "url",
                "url_file",
                "url_env",
                "allow_http",
                "headers",
                "format",
                "secret_file",
                "secret_env",
                "timeout",
            ],
        ),
        (
            "[[receivers]]\nname = \"alertmanager\"",
            &[
                "type",
                "urls",
                "labels",
                "username",
                "password_file",
                "password_env",
                "token_file",
                "token_env",
                "allow_http",
                "timeout",
            ],
        ),
        ("[store]", &["path", "keep"]),
        ("[http]", &["listen", "token_file", "token_env"]),
        ("[heartbeat]", &["url_file", "url_env", "allow_http"]),
    ] {
        let block =
            blocks.split_once(&format!("\n{header}\n")).unwrap_or_else(|| panic!("{header} is not there")).1;
        let block = block.split("\n[").next().unwrap();
        for key in keys {
            let found = block
                .split(|c: char| !c.is_ascii_alphanumeric() && !"_.".contains(c))
                .any(|word| word == *key);
            assert!(found || header.contains(key), "{key} is not in {header}");
        }
    }
}

#[test]
fn the_documented_problems_are_those_of_the_documented_example() {
    let page = include_str!("../../../docs/configuration.md");
    let block = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split("```").next().unwrap()
    };
    let folder = PathBuf::from("/etc/minimax-watch");
    let text = Text::new("minimax-watch.toml".into(), folder, block("toml").into());
    let problems = parse(&text, &environment(), now()).unwrap_err().to_string();
    assert_eq!(problems, block("text").trim_end());
}
