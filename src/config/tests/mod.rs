//! Shared parts of the tests, and every problem of one file at once.

mod anything;
mod chats;
mod documented;
mod receivers;
mod schema;
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

fn with(content: &str, environment: &Environment) -> Result<Loaded, InvalidConfig> {
    let text = Text::new("a.toml".into(), PathBuf::from("/etc/watch"), content.into());
    let read = parse(&text, environment, now());
    let is_overridden = environment.iter().any(|(name, _)| name.starts_with("MINIMAX_WATCH__"));
    if read.is_ok() && !is_overridden {
        assert_eq!(schema::refusal(content), None, "the schema refuses a valid file:\n{content}");
    }
    read
}

fn config(content: &str) -> Config {
    with(content, &environment()).unwrap().config
}

fn message(content: &str) -> String {
    let message = with(content, &environment()).unwrap_err().to_string();
    for secret in ["123-abc", "hunter", "hush"] {
        assert!(!message.contains(secret), "{message}");
    }
    message
}

#[test]
fn every_problem_of_a_file_is_reported_at_once() {
    let message = message(
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
    insta::assert_snapshot!(message, @r#"
        a.toml:2: colour: unknown key; possible: alerts, api, credits, expiry, heartbeat, http, jobs, plan, receivers, schedule, store, subscriptions
        a.toml:3: first [[subscriptions]]: no accounts: add [[subscriptions.accounts]], or set discover = true
        a.toml:5: first [[subscriptions]]: token: a secret must not be in the file: give token_file or token_env
        a.toml:7: second [[subscriptions]]: name: "main" is already used in line 4
        a.toml:8: second [[subscriptions]]: token_file: must be the path of a file that holds the secret, not the secret itself
        a.toml:9: second [[subscriptions]]: discover: must be true or false, not text
        a.toml:10: second [[subscriptions]], first account: id is missing
        a.toml:10: second [[subscriptions]], third account: id: "7" is already used in line 10
        a.toml:10: second [[subscriptions]], third account: lead_times, item 1: `7 parsecs` is not a length of time such as `90s`, `15m`, `12h` or `7d`
        a.toml:12: api.base_url: must begin with https:// (http:// is for loopback only)
        a.toml:13: api.timeot: unknown key (did you mean "timeout"?)
        a.toml:14: api.concurrency: 0 is not between 1 and 1024
        a.toml:16: schedule.cron: minute `61` is outside 0-59
        a.toml:17: schedule.timezone: "Europe/Bern" is not an IANA time zone such as "Europe/Berlin"
        a.toml:18: schedule.jitter: "2d" is longer than 1d
        a.toml:20: expiry.lead_times, item 2: 7 needs a unit and quotes, such as "7s"
        a.toml:20: expiry.lead_times, item 3: "0s" is shorter than 1s
        a.toml:21: expiry.source: unknown source "exp_expires" (did you mean "exp_Expire"?); possible: exp_Expire, exp, earliest
        a.toml:23: alerts.repeat_every: "1s" is shorter than 1m ("0s": never)
        a.toml:27: first [[receivers]]: from: "nobody" is not an address such as "Ops <ops@example.com>"
        a.toml:28: first [[receivers]]: to: is empty: give at least one address
        a.toml:29: first [[receivers]]: smtp.port: 70000 is not a port (1-65535)
        a.toml:29: first [[receivers]]: smtp.password: a secret must not be in the file: give password_file or password_env
        a.toml:29: first [[receivers]]: smtp.tls: "none" would send the password unencrypted, and "mx.example.com" is not loopback: use "starttls" or "implicit"
        a.toml:30: first [[receivers]]: fallback: unknown receiver "pagr" (did you mean "pager"?); possible: mail, pager, dove
        a.toml:34: second [[receivers]]: url: must begin with https://: http:// is for loopback and private names and addresses; to send unencrypted all the same, set allow_http = true in this receiver
        a.toml:35: second [[receivers]]: format: unknown format "slack"; possible: standard, cloudevents, text
        a.toml:36: second [[receivers]]: kinds, item 1: unknown kind "expirey" (did you mean "expiry"?); possible: expiry, expiry_unknown, unauthorized, subscription_lapsed, not_found, account_error, unreachable, malformed, delivery_failing, jobs_failing, out_of_credits, credits_low, services_in_error, capability_lost, capability_gained, max_jobs_changed, host_changed, expiry_moved_back, identity_changed
        a.toml:37: second [[receivers]]: accounts, item 1: "{" is not a glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
        a.toml:40: third [[receivers]]: type: unknown type "pigeon"; possible: email, webhook, telegram, ntfy, discord, slack, pagerduty, alertmanager, exec
        a.toml:43: store.keep: "1h" is shorter than 1d
        a.toml:45: http.token: a secret must not be in the file: give token_file or token_env
    "#);
}
