//! The schema of the file against the code that reads it: the same keys, and no valid file is refused.

mod samples;
mod shapes;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::*;
use samples::{RECEIVERS, SECTIONS, SMTP};

/// As an editor reads it that knows the latest draft, and as one that takes it for draft 7.
static VALIDATORS: LazyLock<[Validator; 2]> = LazyLock::new(|| {
    let schema = super::super::json_schema();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let mut older = schema.clone();
    older["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    assert!(jsonschema::draft7::meta::is_valid(&older));
    [jsonschema::draft202012::new(&schema).unwrap(), jsonschema::draft7::new(&older).unwrap()]
});

/// Why the schema refuses the file with `content`.
pub(super) fn refusal(content: &str) -> Option<String> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let file = json(toml::from_str(content).unwrap());
    let [newest, older] = &*VALIDATORS;
    let refusal = newest.validate(&file).err().map(|error| format!("{}: {error}", error.instance_path()));
    assert_eq!(refusal.is_none(), older.is_valid(&file), "{content}");
    refusal
}

/// The JSON that an editor checks in place of a value.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::Table(values) => values.into_iter().map(|(key, value)| (key, json(value))).collect(),
    }
}

/// What the receivers below need.
fn variables() -> Environment {
    let more = [
        ("BOT", "123456:hush-hush-hush-hush-hush"),
        ("KEY", "0123456789abcdef0123456789abcdef"),
        ("CHAT", "https://chat.example.com/api/webhooks/1/hush"),
    ];
    let base = ["TOKEN", "PASSWORD", "URL", "SIGNING", "HOME"];
    let variable = |name| Some((name, environment().variable(name)?.to_str()?.to_owned()));
    let all = base.into_iter().filter_map(variable);
    all.chain(more.map(|(name, value)| (name, value.to_owned()))).collect()
}

/// The keys that the program knows where `content` has the key `qqqqqqqqqqqq`, by its own words.
fn known(content: &str) -> BTreeSet<String> {
    let message = with(content, &variables()).unwrap_err().to_string();
    let (_, keys) = message.split_once("unknown key; possible: ").unwrap_or_else(|| panic!("{message}"));
    keys.lines().next().unwrap().split(", ").map(str::to_owned).collect()
}

/// The keys that the schema describes at `pointer`.
fn described(pointer: &str) -> BTreeSet<String> {
    let schema = super::super::json_schema();
    let table = schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
    assert_eq!(table["additionalProperties"], false, "{pointer}");
    let keys = table["properties"].as_object().unwrap();
    for (key, value) in keys {
        assert!(value["description"].as_str().is_some_and(|text| text.ends_with('.')), "{pointer}: {key}");
    }
    keys.keys().cloned().collect()
}

#[test]
fn the_schema_describes_the_keys_that_the_program_knows_and_no_others() {
    const UNKNOWN: &str = "qqqqqqqqqqqq = 1\n";
    let subscription = "/properties/subscriptions/items";
    for (content, pointer) in [
        (format!("{UNKNOWN}{BASE}"), String::new()),
        (format!("{BASE}{UNKNOWN}"), subscription.to_owned()),
        (
            format!("{BASE}[[subscriptions.accounts]]\nid = '7'\n{UNKNOWN}"),
            format!("{subscription}/properties/accounts/items"),
        ),
    ] {
        assert_eq!(known(&content), described(&pointer), "{pointer}");
    }
    for (name, _) in SECTIONS {
        let content = format!("{BASE}[{name}]\n{UNKNOWN}");
        assert_eq!(known(&content), described(&format!("/properties/{name}")), "{name}");
    }
    for (index, (kind, required, _)) in RECEIVERS.into_iter().enumerate() {
        let required = match kind {
            "email" => format!("{required}smtp = {SMTP}\n"),
            "telegram" => format!("{required}chat_id = 1\n"),
            _ => required.to_owned(),
        };
        let content = format!("{BASE}[[receivers]]\nname = 'x'\ntype = '{kind}'\n{required}{UNKNOWN}");
        let mut known = known(&content);
        // They are known in order to be refused with a reason of their own.
        let refused: &[&str] = match kind {
            "alertmanager" => &["digest", "quiet_hours"],
            "discord" | "slack" => &["url"],
            _ => &[],
        };
        assert!(refused.iter().all(|key| known.remove(*key)), "{kind}");
        let pointer = format!("/properties/receivers/items/oneOf/{index}");
        assert_eq!(known, described(&pointer), "{kind}");
        assert_eq!(
            super::super::json_schema().pointer(&format!("{pointer}/properties/type/const")),
            Some(&kind.into())
        );
    }
    let smtp = format!("{BASE}{MAIL}smtp = {{ host = 'x', {} }}\n", UNKNOWN.trim());
    assert_eq!(known(&smtp), described("/properties/receivers/items/oneOf/0/properties/smtp"));
    let header =
        format!("{BASE}{HOOK}url_env = 'URL'\nheaders = {{ A = {{ env = 'TOKEN', {} }} }}\n", UNKNOWN.trim());
    let pointer = "/properties/receivers/items/oneOf/1/properties/headers/additionalProperties";
    assert_eq!(known(&header), described(pointer));
    let receivers =
        super::super::json_schema()["properties"]["receivers"]["items"]["oneOf"].as_array().unwrap().len();
    assert_eq!(receivers, RECEIVERS.len());
}

#[test]
fn every_default_of_the_schema_is_the_default_of_the_program() {
    let schema = super::super::json_schema();
    let shown: toml::Value = toml::from_str(&show(&config(BASE))).unwrap();
    for (section, described) in schema["properties"].as_object().unwrap() {
        let Some(values) = shown.get(section).and_then(toml::Value::as_table) else { continue };
        let mut content = format!("{BASE}[{section}]\n");
        for (key, described) in described["properties"].as_object().unwrap() {
            let Some(default) = described.get("default") else { continue };
            assert!(values.contains_key(key), "{section}.{key}");
            // Texts, numbers and lists of them are written in TOML as in JSON.
            content.extend([key, " = ", &default.to_string(), "\n"]);
        }
        assert_eq!(show(&config(&content)), show(&config(BASE)), "{content}");
    }
}
