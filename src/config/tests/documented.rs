//! The file that packages install: it works, it is complete, and it tells the truth about defaults.

use super::*;

/// The file that packages install.
const DOCUMENTED: &str = include_str!("../../../config/minimax-watch.toml");

/// The documented file loaded with the secrets that it names present as credentials.
fn documented(content: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in [
        ("useapi-token", "user:1-a\n"),
        ("smtp-password", "p\n"),
        ("pager-url", "https://hooks.example.com/T000\n"),
        ("webhook-secret", "whsec_aHVzaA==\n"),
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

/// Every key and example of the documented file in force.
fn uncommented() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => format!("{key}\n"),
        _ => format!("{line}\n"),
    };
    DOCUMENTED.lines().map(line).collect()
}

#[test]
fn the_documented_file_works_as_it_is_and_with_every_key_in_force() {
    let plain = documented(DOCUMENTED);
    assert!(plain.subscriptions[0].discover);
    let full = documented(&uncommented());
    assert_eq!((full.subscriptions[0].accounts.len(), full.receivers.len()), (1, 2));
    let sections = |config: &Config| {
        let shown = show(config);
        let (from, to) = (shown.find("[api]").unwrap(), shown.find("[alerts]").unwrap());
        shown[from..to].to_owned()
    };
    assert_eq!(sections(&plain), sections(&full), "what is commented out is the default");
}

#[test]
fn every_key_of_the_contract_stands_in_the_documented_file() {
    let blocks = uncommented();
    for (header, keys) in [
        ("[[subscriptions]]", &["name", "token_file", "token_env", "discover"][..]),
        ("[[subscriptions.accounts]]", &["id", "name", "lead_times"]),
        ("[api]", &["base_url", "fetch", "timeout", "concurrency", "max_body"]),
        ("[schedule]", &["cron", "timezone", "jitter"]),
        ("[expiry]", &["lead_times", "source"]),
        ("[alerts]", &["confirm_after", "unreachable_after", "repeat_every"]),
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
            ],
        ),
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
        ("[store]", &["path", "keep"]),
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
