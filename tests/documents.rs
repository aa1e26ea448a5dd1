//! The examples in the documents work, and the tests that they name exist.

#![expect(clippy::unwrap_used, reason = "a document that cannot be read is a failed test")]

use std::fs;
use std::path::Path;
use strum::IntoEnumIterator;

use chrono::{TimeZone, Utc};
use minimax_watch::config::{self, Environment, Source};
use minimax_watch::domain::alerts::AlertKind;
use minimax_watch::domain::change::ChangeKind;
use minimax_watch::domain::message::Message;
use minimax_watch::domain::observation::Outcome;
use minimax_watch::report::Expiries;

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The contents of the fenced blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn configuration_in_the_readme_loads() {
    // The second one is added to the first.
    let example = blocks(&page("README.md"), "toml").join("\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("minimax-watch.toml");
    fs::write(&file, example).unwrap();
    for (name, secret) in [
        ("useapi-token", "user:1-placeholder"),
        ("smtp-password", "placeholder"),
        ("pager-url", "https://hooks.example.com/placeholder"),
        ("webhook-secret", "whsec_cGxhY2Vob2xkZXItcGxhY2Vob2xkZXI="),
        ("http-token", "0123456789abcdef0123456789abcdef"),
    ] {
        fs::write(folder.path().join(name), secret).unwrap();
    }
    let environment: Environment = [("HOME", folder.path())].into_iter().collect();
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    let config = config::load(&Source::File(file), &environment, now).unwrap().config;
    assert_eq!((config.subscriptions.len(), config.receivers.len()), (1, 2));
    assert!(config.http.is_some_and(|http| http.token.is_some()));
}

/// Every example of a configuration, as an editor checks it.
#[test]
fn configurations_in_the_documents_are_valid_by_the_schema() {
    let validator = jsonschema::draft202012::new(&config::json_schema()).unwrap();
    let mut examples = vec![page("config/minimax-watch.toml"), page("packaging/minimax-watch.toml")];
    examples.push(blocks(&page("README.md"), "toml").join("\n"));
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            examples.extend(blocks(&fs::read_to_string(path).unwrap(), "toml"));
        }
    }
    let mut invalid = Vec::new();
    for example in &examples {
        let has_subscription = example.contains("[[subscriptions]]");
        let base = "[[subscriptions]]\nname = \"main\"\ntoken_file = \"useapi-token\"\ndiscover = true\n";
        let example = if has_subscription { example.clone() } else { format!("{example}\n{base}") };
        let json: serde_json::Value =
            toml::from_str(&example).unwrap_or_else(|error| panic!("{error}\n{example}"));
        if !validator.is_valid(&json) {
            invalid.push(example);
        }
    }
    assert!(examples.len() > 12);
    // The one that shows what problems look like.
    assert!(matches!(invalid.as_slice(), [one] if one.contains("[[accounts]]")), "{invalid:#?}");
}

#[test]
fn documented_webhook_bodies_are_those_that_are_sent() {
    let examples: [String; 2] = blocks(&page("docs/receivers.md"), "json").try_into().unwrap();
    for example in examples {
        let typed: serde_json::Value = serde_json::from_str(&example).unwrap();
        let read: Message = serde_json::from_value(typed.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), typed);
    }
}

#[test]
fn documented_chat_is_the_one_that_is_shown() {
    let [example] = blocks(&page("docs/receivers.md"), "chat").try_into().unwrap();
    let snapshot = page("src/notify/message/snapshots/expiry.chat.snap");
    let shown = snapshot.splitn(3, "---\n").nth(2).unwrap();
    assert_eq!(example.trim_end(), shown.trim_end());
}

/// docs/receivers.md with what each type is sent for the alert of its snapshots.
fn with_rendered_examples() -> String {
    let mut text = page("docs/receivers.md");
    for kind in ["telegram", "ntfy", "discord", "slack", "pagerduty"] {
        let snapshot = page(&format!("src/notify/{kind}/snapshots/expiry.json.snap"));
        let shown = snapshot.splitn(3, "---\n").nth(2).unwrap().trim_end();
        let fence = format!("```rendered {kind}\n");
        let (before, rest) = text.split_once(&fence).unwrap();
        let (_, after) = rest.split_once("```").unwrap();
        text = format!("{before}{fence}{shown}\n```{after}");
    }
    text
}

#[test]
fn rendered_examples_are_what_is_sent() {
    assert_eq!(
        page("docs/receivers.md"),
        with_rendered_examples(),
        "cargo test --test documents -- --ignored"
    );
}

#[test]
#[ignore = "writes docs/receivers.md"]
fn write() {
    fs::write(root().join("docs/receivers.md"), with_rendered_examples()).unwrap();
}

#[test]
fn receivers_in_the_documents_load() {
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in [
        ("useapi-token", "user:1-placeholder"),
        ("telegram-token", "123456:placeholder-placeholder"),
        ("discord-url", "https://discord.example.com/api/webhooks/1/placeholder"),
        ("slack-url", "https://hooks.example.com/services/T0/B0/placeholder"),
        ("pagerduty-key", "0123456789abcdef0123456789abcdef"),
        ("webhook-secret", "whsec_cGxhY2Vob2xkZXItcGxhY2Vob2xkZXI="),
        ("n8n-auth", "placeholder"),
        ("alertmanager-password", "placeholder"),
    ] {
        fs::write(folder.path().join(name), secret).unwrap();
    }
    let base = "[[subscriptions]]\nname = \"main\"\ntoken_file = \"useapi-token\"\ndiscover = true\n";
    let examples =
        [page("docs/receivers.md"), page("docs/n8n.md")].map(|text| blocks(&text, "toml")).concat();
    let file = folder.path().join("minimax-watch.toml");
    fs::write(&file, [base, &examples.concat()].concat()).unwrap();
    let environment: Environment = [("HOME", folder.path())].into_iter().collect();
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    let config = config::load(&Source::File(file), &environment, now).unwrap().config;
    assert_eq!(config.receivers.len(), examples.len());
    assert!(examples.len() >= 8);
}

#[test]
fn documented_expiries_have_the_printed_members() {
    let text = page("docs/expiry.md");
    let [example] = blocks(&text, "jsonc").try_into().unwrap();
    let example: serde_json::Value = serde_json::from_str(&format!("{{{example}}}")).unwrap();
    let printed = serde_json::to_value(Expiries::default()).unwrap();
    let members = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&example["expiries"]), members(&printed));
    for name in members(&printed) {
        assert_eq!(members(&example["expiries"][&name]), members(&printed[&name]), "{name}");
    }
}

#[test]
fn readme_is_at_most_250_lines_and_its_mail_is_that_of_the_walkthrough() {
    let readme = page("README.md");
    assert!(readme.lines().count() <= 250);
    assert_eq!(blocks(&readme, "text"), blocks(&page("docs/night.md"), "text"));
}

#[test]
fn links_between_documents_are_valid() {
    let mut links = 0;
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    for path in pages.chain(top).filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains(':') {
                continue;
            }
            assert!(path.parent().unwrap().join(file).exists(), "{}: {link}", path.display());
            links += 1;
        }
    }
    assert!(links > 30, "{links} links");
}

/// The commands that `--help` lists.
fn commands() -> Vec<String> {
    let help =
        std::process::Command::new(env!("CARGO_BIN_EXE_minimax-watch")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let entry = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let names = listed.lines().filter(entry).filter_map(|line| line.split_whitespace().next());
    let commands: Vec<String> = names.filter(|name| *name != "help").map(str::to_owned).collect();
    assert!(commands.len() >= 7, "{listed}");
    commands
}

#[test]
fn command_page_and_contract_name_every_command() {
    for document in ["docs/commands.md", "docs/contract.md"] {
        let text = page(document);
        for command in commands() {
            assert!(text.contains(&format!("`{command}")), "{document} does not name `{command}`");
        }
    }
}

#[test]
fn contract_names_every_kind_and_outcome() {
    let text = page("docs/contract.md");
    let alerts = AlertKind::iter().map(AlertKind::as_str);
    let changes = ChangeKind::iter().map(ChangeKind::as_str);
    let outcomes = Outcome::iter().map(Outcome::as_str);
    for name in alerts.chain(changes).chain(outcomes) {
        assert!(text.contains(&format!("`{name}`")), "docs/contract.md does not name `{name}`");
    }
}

#[test]
fn every_delivery_guarantee_names_existing_tests() {
    let text = page("docs/delivery.md");
    let guarantees = text.split("## What is guaranteed").nth(1).unwrap().split("\n## ").next().unwrap();
    for guarantee in guarantees.split("\n- ").skip(1) {
        assert!(tests_named(guarantee).next().is_some(), "no test holds: {guarantee}");
    }
    let rows = text.split("## What other watchers got wrong").nth(1).unwrap();
    for row in rows.lines().filter(|line| line.starts_with("| ")).skip(1) {
        assert!(tests_named(row).next().is_some(), "no test holds: {row}");
    }
    for test in tests_named(&text) {
        assert!(exists(test), "docs/delivery.md names `{test}`, which does not exist");
    }
    assert!(!exists("it::quiet::no_such_test") && !exists("it::no_such_module::a_test"));
}

#[test]
fn every_field_case_names_existing_tests() {
    let text = page("docs/field-cases.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() >= 40, "only {} rows", rows.len());
    for row in rows {
        assert!(tests_named(row).next().is_some(), "no test holds: {row}");
    }
    for test in tests_named(&text) {
        assert!(exists(test), "docs/field-cases.md names `{test}`, which does not exist");
    }
}

/// `it::module::name`: a test named in a document.
fn tests_named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|code| code.contains("::") && !code.contains(' '))
}

/// Whether the target's module holds a test of that name.
fn exists(test: &str) -> bool {
    let (module, name) = test.rsplit_once("::").unwrap();
    let path = module.replacen("lib::", "src::", 1).replace("::", "/");
    let path = if path.starts_with("src") { path } else { format!("tests/{path}") };
    // A small `mod tests` is in the file that it tests; the crate root of a test folder is `main.rs`.
    let inline = path.strip_suffix("/tests").unwrap_or(&path);
    let folders = [path.as_str(), inline];
    let candidates =
        folders.iter().flat_map(|folder| [".rs", "/mod.rs", "/main.rs"].map(|end| format!("{folder}{end}")));
    let mut sources = candidates.filter_map(|place| fs::read_to_string(root().join(place)).ok());
    sources.any(|source| source.contains(&format!("fn {name}(")))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
