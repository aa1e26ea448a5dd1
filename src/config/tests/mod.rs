//! The configuration as a whole: what the tests share, and every mistake at once.

mod anything;
mod documented;
mod receivers;
mod sections;
mod shown;
mod variables;

use std::path::PathBuf;

use chrono::{TimeZone as _, Utc};

use super::*;

/// Enough of a configuration for any section to be tried after it.
const BASE: &str = "[[subscriptions]]\nname = 'main'\ntoken_env = 'TOKEN'\ndiscover = true\n";

const MAIL: &str =
    "[[receivers]]\nname = 'mail'\ntype = 'email'\nfrom = 'watch@example.com'\nto = ['ops@example.com']\n";

const HOOK: &str = "[[receivers]]\nname = 'hook'\ntype = 'webhook'\n";

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn environment() -> Environment {
    [
        ("TOKEN", "user:123-abc"),
        ("PASSWORD", "hunter two"),
        ("URL", "https://hooks.example.com/T000-hush"),
        ("CLEAR_URL", "http://hooks.example.com/T000-hush"),
        ("SIGNING", "whsec_aHVzaC1odXNoLWh1c2g=\n\nwhsec_bW9yZS1odXNo\n"),
        ("UNSIGNED", "whsec_aHVzaA==\nhush\nwhsec_\nwhsec_%%"),
        ("HOME", "/home/ops"),
    ]
    .into_iter()
    .collect()
}

fn with(content: &str, environment: &Environment) -> Result<Loaded, Problems> {
    let text = Text { name: "a.toml".into(), folder: PathBuf::from("/etc/watch"), content: content.into() };
    load_text(&text, environment, now())
}

fn config(content: &str) -> Config {
    with(content, &environment()).unwrap().config
}

fn told(content: &str) -> String {
    let told = with(content, &environment()).unwrap_err().to_string();
    for secret in ["123-abc", "hunter", "hush"] {
        assert!(!told.contains(secret), "{told}");
    }
    told
}

#[test]
fn every_mistake_in_a_file_is_told_at_once() {
    let told = told(
        r#"
        colour = "blue"
        [[subscriptions]]
        name = "main"
        token = "user:123-abc"
        [[subscriptions]]
        name = "main"
        token_file = "user:123-abc"
        discover = "yes"
        accounts = [{ name = "nobody" }, { id = "7" }, { id = "7", lead_times = ["7 parsecs"] }]
        [api]
        base_url = "http://api.useapi.net"
        timeot = "5s"
        concurrency = 0
        [schedule]
        cron = "61 * * * *"
        timezone = "Europe/Bern"
        jitter = "2d"
        [expiry]
        lead_times = ["1d", 7, "0s"]
        source = "exp_expires"
        [alerts]
        repeat_every = "1s"
        [[receivers]]
        name = "mail"
        type = "email"
        from = "nobody"
        to = []
        smtp = { host = "mx.example.com", port = 70000, tls = "none", username = "u", password = "hunter2" }
        fallback = "pagr"
        [[receivers]]
        name = "pager"
        type = "webhook"
        url = "http://hooks.example.com/T000-hush"
        format = "slack"
        kinds = ["expirey"]
        accounts = ["{"]
        [[receivers]]
        name = "dove"
        type = "pigeon"
        wings = 2
        [store]
        keep = "1h"
        [http]
        token = "user:123-abc"
        "#,
    );
    insta::assert_snapshot!(told, @r"
        a.toml: subscriptions[0].token: a secret never stands in the file: give token_file or token_env
        a.toml: subscriptions[0]: names no accounts: add [[subscriptions.accounts]], or set discover = true
        a.toml: subscriptions[1].name: `main` is the same as subscriptions[0].name
        a.toml: subscriptions[1].token_file: must be the path of a file that holds the secret, not the secret itself
        a.toml: subscriptions[1].discover: must be true or false, not text
        a.toml: subscriptions[1].accounts[0].id: is missing
        a.toml: subscriptions[1].accounts[2].id: `7` is the same as subscriptions[1].accounts[1].id
        a.toml: subscriptions[1].accounts[2].lead_times[0]: `7 parsecs` is not a length of time such as `90s`, `15m`, `12h` or `7d`
        a.toml: api.base_url: must be https (http is for loopback only)
        a.toml: api.concurrency: 0 is not between 1 and 1024
        a.toml: api.timeot: there is no such key; did you mean `timeout`?
        a.toml: schedule.timezone: `Europe/Bern` is not an IANA time zone such as `Europe/Berlin`
        a.toml: schedule.cron: minute `61` is outside 0-59
        a.toml: schedule.jitter: `2d` is longer than 1d
        a.toml: expiry.lead_times[1]: must be text, not a number: put it in quotes
        a.toml: expiry.lead_times[2]: `0s` is shorter than 1s
        a.toml: expiry.source: `exp_expires` is none of exp_Expire, exp, earliest; did you mean `exp_Expire`?
        a.toml: alerts.repeat_every: `1s` is shorter than 1m (`0s`: never)
        a.toml: receivers[0].from: `nobody` is not an address such as `Ops <ops@example.com>`
        a.toml: receivers[0].to: is empty: give at least one address
        a.toml: receivers[0].smtp.port: 70000 is not a port (1-65535)
        a.toml: receivers[0].smtp.password: a secret never stands in the file: give password_file or password_env
        a.toml: receivers[0].smtp.tls: `none` would send the password unencrypted, and `mx.example.com` is not loopback
        a.toml: receivers[1].kinds[0]: `expirey` is no kind of alert or change; did you mean `expiry`?
        a.toml: receivers[1].accounts[0]: `{` is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
        a.toml: receivers[1].url: must be https: http is for loopback and private names and addresses; to send unencrypted all the same, set allow_http = true in this receiver
        a.toml: receivers[1].format: `slack` is not available in this version
        a.toml: receivers[2].type: `pigeon` is none of email, webhook
        a.toml: receivers[0].fallback: `pagr` is no receiver; did you mean `pager`?
        a.toml: store.keep: `1h` is shorter than 1d
        a.toml: http: is not available in this version
        a.toml: colour: there is no such key
    ");
}
