//! Files that are valid, and the same with one other value.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::{BASE, with};
use super::variables;

/// Keys, each with values that are valid whatever the others hold.
type Keys = &'static [(&'static str, &'static [&'static str])];

pub(super) const SMTP: &str = "{ host = 'mx.example.com' }";

/// The sections: each with values for its keys that are valid in any combination.
pub(super) const SECTIONS: [(&str, Keys); 10] = [
    (
        "api",
        &[
            ("base_url", &["'https://api.useapi.net'", "'HTTP://127.0.0.1:1/'"]),
            ("fetch", &["'each'", "'list'"]),
            ("timeout", DURATIONS),
            ("concurrency", &["1", "0x10", "1_024"]),
            ("max_body", &["'1MiB'", "'65536'", "'2048B'", "'64KiB'"]),
        ],
    ),
    (
        "schedule",
        &[
            (
                "cron",
                &[
                    "'*/15 * * * *'",
                    "' 0 */5 1-5 * jan,MAR fri-sun '",
                    "'@hourly'",
                    "'@Weekly'",
                    "'* * 1 * 1'",
                ],
            ),
            ("timezone", &["'UTC'", "'europe/berlin'", "'America/Port-au-Prince'", "'Etc/GMT+5'"]),
            ("jitter", DURATIONS),
        ],
    ),
    (
        "expiry",
        &[
            ("lead_times", &["['7d']", "['3 days', '1d', '1h', '1h']"]),
            ("source", &["'exp_Expire'", "'exp'", "'earliest'"]),
        ],
    ),
    (
        "alerts",
        &[
            ("confirm_after", DURATIONS),
            ("unreachable_after", DURATIONS),
            ("repeat_every", &["'0s'", "'1d'"]),
        ],
    ),
    ("plan", &[("watch", FLAGS)]),
    (
        "jobs",
        &[
            ("watch", FLAGS),
            ("window", DURATIONS),
            ("min_jobs", &["1", "1000"]),
            ("failing", &["0.001", "1", "1.0", "1e-1"]),
        ],
    ),
    (
        "credits",
        &[
            ("watch", FLAGS),
            ("every", DURATIONS),
            ("low", &["0", "1000000000"]),
            ("lead_time", &["'0s'", "'2d'"]),
        ],
    ),
    (
        "store",
        &[("path", &["'watch.db'", "'/var/lib/x/watch.db'"]), ("keep", &["'1d'", "'400d'", "'2 years'"])],
    ),
    (
        "http",
        &[
            (
                "listen",
                &["'127.0.0.1:9464'", "'[::1]:1'", "'0.0.0.0:65535'", "'localhost:80'", "'[fe80::1%2]:80'"],
            ),
            ("token_env", &["'KEY'"]),
        ],
    ),
    ("heartbeat", &[("allow_http", FLAGS)]),
];

const DURATIONS: &[&str] =
    &["'15s'", "' 1m 30s '", "'1.5m'", "'2 minutes'", "'1000ms'", "'1 min 1sec'", "'60 s'", "'0.5m1secs'"];
const FLAGS: &[&str] = &["true", "false"];

/// The types of receivers: each with what it must have, and with what it may.
pub(super) const RECEIVERS: [(&str, &str, Keys); 9] = [
    (
        "email",
        "from = 'Watch <watch@example.com>'\nto = ['ops@example.com']\n",
        &[
            (
                "smtp",
                &[
                    SMTP,
                    "{ host = '::1', port = 65535, tls = 'none' }",
                    "{ host = 'mx', username = 'u', password_env = 'PASSWORD', hello = '[192.0.2.1]', timeout = '5m' }",
                ],
            ),
            ("allow_http", FLAGS),
        ],
    ),
    (
        "webhook",
        "url_env = 'URL'\n",
        &[
            ("headers", &["{}", "{ \"X-Team\" = { env = 'TOKEN' } }"]),
            ("format", &["'standard'", "'cloudevents'", "'text'"]),
            ("secret_env", &["'SIGNING'"]),
            ("timeout", DURATIONS),
            ("allow_http", FLAGS),
        ],
    ),
    (
        "telegram",
        "token_env = 'BOT'\n",
        &[
            ("chat_id", &["-1001234567890", "'-17'", "'@my_channel'", "'+5'"]),
            ("thread_id", &["7"]),
            ("api_url", &["'https://bot.example.com'", "'http://localhost:8081/x'"]),
        ],
    ),
    (
        "ntfy",
        "url = 'https://ntfy.sh/my-topic'\n",
        &[("token_env", &["'BOT'"]), ("timeout", DURATIONS), ("allow_http", FLAGS)],
    ),
    ("discord", "url_env = 'CHAT'\n", &[("timeout", DURATIONS), ("allow_http", FLAGS)]),
    ("slack", "url_env = 'CHAT'\n", &[("timeout", DURATIONS), ("allow_http", FLAGS)]),
    (
        "pagerduty",
        "routing_key_env = 'KEY'\n",
        &[("api_url", &["'https://events.eu.pagerduty.com'"]), ("timeout", DURATIONS), ("allow_http", FLAGS)],
    ),
    (
        "alertmanager",
        "urls = ['http://127.0.0.1:9093']\n",
        &[
            ("labels", &["{}", "{ team = 'video', _x = 'y', _ = '1' }"]),
            ("token_env", &["'TOKEN'"]),
            ("timeout", DURATIONS),
        ],
    ),
    ("exec", "command = ['/bin/sh', '', '-x']\n", &[("timeout", DURATIONS)]),
];

/// What every receiver may have.
const COMMON: Keys = &[
    ("min_severity", &["'info'", "'warning'", "'critical'"]),
    ("kinds", &["['*']", "['expiry', 'capability_lost']"]),
    ("accounts", &["['*']", "['studio-{a,b}', '7']"]),
    ("timezone", &["'Europe/Berlin'", "'utc'"]),
];

/// What every receiver of messages may have.
const MESSAGES: Keys =
    &[("digest", &["'0 8 * * 1'", "'@daily'"]), ("quiet_hours", &["'22:00-07:00'", "'00:00-23:59'"])];

/// Lines for some of `keys`.
fn some_of(keys: Vec<(&'static str, &'static [&'static str])>) -> impl Strategy<Value = String> {
    let count = keys.len();
    subsequence(keys, 0..=count).prop_flat_map(|keys| {
        let lines: Vec<_> = keys
            .into_iter()
            .map(|(key, values)| select(values).prop_map(move |value| format!("{key} = {value}\n")))
            .collect();
        lines.prop_map(|lines| lines.concat())
    })
}

/// A section with what it must have, and with some of its other keys.
fn section() -> impl Strategy<Value = String> {
    select(&SECTIONS[..]).prop_flat_map(|(name, keys)| {
        let required = match name {
            "heartbeat" => "url_env = 'URL'\n",
            // Anything but loopback needs it.
            "http" => "token_env = 'KEY'\n",
            _ => "",
        };
        let keys = keys.iter().copied().filter(|(key, _)| !required.starts_with(key)).collect();
        some_of(keys).prop_map(move |lines| format!("[{name}]\n{required}{lines}"))
    })
}

/// A receiver with what it must have, and with some of its other keys.
fn receiver() -> impl Strategy<Value = String> {
    select(&RECEIVERS[..]).prop_flat_map(|(kind, required, keys)| {
        let is_required = |key: &str| matches!((kind, key), ("email", "smtp") | ("telegram", "chat_id"));
        let needed: Vec<_> = keys.iter().copied().filter(|(key, _)| is_required(key)).collect();
        let messages = if kind == "alertmanager" { &[] } else { MESSAGES };
        let others = keys.iter().filter(|(key, _)| !is_required(key)).chain(COMMON).chain(messages);
        let others = some_of(others.copied().collect());
        let needed: Vec<_> = needed
            .into_iter()
            .map(|(key, values)| select(values).prop_map(move |value| format!("{key} = {value}\n")))
            .collect();
        (needed, others).prop_map(move |(needed, others)| {
            format!("[[receivers]]\nname = 'x'\ntype = '{kind}'\n{required}{}{others}", needed.concat())
        })
    })
}

/// Values of every type, valid for some keys.
const VALUES: [&str; 18] = [
    "1",
    "-1",
    "0.5",
    "nan",
    "true",
    "''",
    "'*'",
    "' '",
    "['*']",
    "[]",
    "[1]",
    "{}",
    "[{}]",
    "1979-05-27",
    "'1d'",
    "'TOKEN'",
    "'https://x.example'",
    "'user:1-x'",
];

proptest! {
    #[test]
    fn a_valid_file_is_valid_by_the_schema(section in section(), receiver in receiver()) {
        let content = format!("{BASE}{section}{receiver}");
        prop_assert!(with(&content, &variables()).is_ok(), "{content}\n{}", with(&content, &variables()).unwrap_err());
    }

    /// What the schema refuses is refused; [`with`] asserts the same of what is accepted.
    #[test]
    fn a_file_with_another_value_is_refused_by_the_schema_only_if_the_program_refuses_it(
        section in section(),
        receiver in receiver(),
        line in any::<prop::sample::Index>(),
        value in select(VALUES.to_vec()),
    ) {
        let content = format!("{BASE}[[subscriptions.accounts]]\nid = '7'\nname = 'x'\n{section}{receiver}");
        let mut lines: Vec<String> = content.lines().map(str::to_owned).collect();
        let line = line.get_mut(&mut lines);
        if let Some((key, _)) = line.clone().split_once(" = ") {
            *line = format!("{key} = {value}");
        }
        let _ = with(&lines.join("\n"), &variables());
    }
}
