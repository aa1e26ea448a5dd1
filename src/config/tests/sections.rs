//! One rule a row for subscriptions and the tables of scalars.

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;

use super::*;
use crate::config::Fetch;
use crate::domain::configuration::EndSource;
use crate::domain::schedule::Schedule;

#[test]
fn every_default_is_the_documented_one() {
    let config = config(BASE);
    assert_eq!(config.subscriptions[0].token.value.expose_secret(), "user:123-abc");
    assert_eq!(config.api.base_url.as_str(), "https://api.useapi.net/");
    assert_eq!(
        (config.api.timeout.as_secs(), config.api.concurrency, config.api.max_body),
        (15, 16, 1 << 20)
    );
    assert_eq!(config.schedule.schedule.expression(), "*/15 * * * *");
    assert_eq!(
        (config.schedule.schedule.zone(), config.schedule.jitter),
        (chrono_tz::UTC, TimeDelta::zero())
    );
    let hours = [168, 72, 24, 1].map(TimeDelta::hours);
    assert_eq!((config.expiry.ladder.leads(), config.expiry.source), (&hours[..], EndSource::ExpExpire));
    assert_eq!(config.alerts.confirm_after, TimeDelta::seconds(10));
    assert_eq!(config.alerts.unreachable_after, TimeDelta::hours(1));
    assert_eq!(config.alerts.repeat_every, Some(TimeDelta::hours(24)));
    assert!(config.receivers.is_empty());
    assert_eq!(config.store.path, PathBuf::from("/home/ops/.local/state/minimax-watch/minimax-watch.db"));
    assert_eq!(config.store.keep, TimeDelta::days(400));
}

#[test]
fn accounts_have_their_own_names_and_lead_times_or_none() {
    let config = config(
        "[[subscriptions]]\nname = 'main'\ntoken_env = 'TOKEN'\n\
         accounts = [{ id = '007' }, { id = '8', name = 'studio', lead_times = ['2d', '10d'] }]",
    );
    let [plain, own] = config.subscriptions[0].accounts.as_slice() else { panic!("two accounts") };
    assert_eq!((plain.id.as_str(), plain.name.as_str(), &plain.ladder), ("007", "007", &None));
    let leads = own.ladder.as_ref().unwrap().leads();
    assert_eq!((own.name.as_str(), leads), ("studio", &[TimeDelta::days(10), TimeDelta::days(2)][..]));
}

#[test]
fn a_subscription_with_a_fault_is_refused() {
    for (content, reason) in [
        ("", "a.toml: subscriptions: there is none: nothing would be watched"),
        ("subscriptions = []", "a.toml: subscriptions: there is none: nothing would be watched"),
        ("[subscriptions]\nname = 'x'", "subscriptions: must be a list of tables: write [[subscriptions]]"),
        ("[[subscriptions]]\nname = 'x'\ntoken_env = 'TOKEN'", "subscriptions[0]: names no accounts"),
        ("[[subscriptions]]\nname = 'x'\ndiscover = true", "subscriptions[0].token: is missing"),
        ("[[subscriptions]]\ntoken_env = 'TOKEN'\ndiscover = true", "subscriptions[0].name: is missing"),
        (&BASE.replace("main", " "), "subscriptions[0].name: is empty"),
        (&BASE.replace("'main'", "\"a\\nb\""), "subscriptions[0].name: holds a control character"),
        (&BASE.repeat(2), "subscriptions[1].name: `main` is the same as subscriptions[0].name"),
        (&format!("{BASE}accounts = [{{}}]"), "subscriptions[0].accounts[0].id: is missing"),
        (&format!("{BASE}accounts = [{{ id = 7 }}]"), "subscriptions[0].accounts[0].id: must be text"),
        (&format!("{BASE}accounts = [{{ id = '..' }}]"), "subscriptions[0].accounts[0].id: `..` cannot be"),
        (
            &format!("{BASE}accounts = [{{ id = '7' }}, {{ id = '7' }}]"),
            "subscriptions[0].accounts[1].id: `7` is the same as subscriptions[0].accounts[0].id",
        ),
        (
            &format!("{BASE}accounts = [{{ id = '7', lead_times = [] }}]"),
            "subscriptions[0].accounts[0].lead_times: is empty",
        ),
        (
            &format!("{BASE}accounts = [{{ id = '7', nmae = 'x' }}]"),
            "subscriptions[0].accounts[0].nmae: there is no such key; did you mean `name`?",
        ),
    ] {
        let told = told(content);
        assert!(told.contains(reason) && told.lines().count() == 1, "{told}");
    }
}

#[test]
fn the_same_account_may_be_watched_with_two_tokens() {
    let second = BASE.replace("main", "other");
    config(&format!("{BASE}accounts = [{{ id = '7' }}]\n{second}accounts = [{{ id = '7' }}]"));
}

#[test]
fn a_value_in_a_section_of_scalars_is_checked() {
    for (section, line, reason) in [
        ("api", "base_url = 'http://api.useapi.net'", "base_url: must be https (http is for loopback only)"),
        (
            "api",
            "base_url = 'https://u:hush@example.com'",
            "base_url: must not hold a user name or password: write \"https://example.com\"",
        ),
        (
            "api",
            "base_url = 'https://example.com/?a=b'",
            "base_url: must not hold a query or a fragment: write \"https://example.com\"",
        ),
        (
            "api",
            "base_url = 'https://example.com/#a'",
            "base_url: must not hold a query or a fragment: write \"https://example.com\"",
        ),
        (
            "api",
            "base_url = 'https://api.useapi.net/v1/minimax/accounts'",
            "base_url: must not hold a path: write \"https://api.useapi.net\"",
        ),
        (
            "api",
            "base_url = 'http://[::1]:8080/v1/'",
            "base_url: must not hold a path: write \"http://[::1]:8080\"",
        ),
        ("api", "base_url = 'api.useapi.net'", "base_url: is no URL: relative URL without a base"),
        ("api", "fetch = 'lst'", "fetch: `lst` is none of each, list; did you mean `list`?"),
        ("api", "timeout = '0s'", "timeout: `0s` is shorter than 1s"),
        ("api", "timeout = '11m'", "timeout: `11m` is longer than 10m"),
        ("api", "timeout = 'soon'", "timeout: `soon` is not a length of time such as"),
        ("api", "timeout = 15", "timeout: must be text, not a number: put it in quotes"),
        ("api", "concurrency = 0", "concurrency: 0 is not between 1 and 1024"),
        ("api", "concurrency = 1025", "concurrency: 1025 is not between 1 and 1024"),
        ("api", "concurrency = -1", "concurrency: -1 is not between 1 and 1024"),
        ("api", "max_body = '1MB'", "max_body: `1MB` is not a size such as `512KiB` or `1MiB`"),
        ("api", "max_body = '1023'", "max_body: `1023` is not between 1KiB and 64MiB"),
        ("api", "max_body = '65MiB'", "max_body: `65MiB` is not between 1KiB and 64MiB"),
        ("schedule", "timezone = 'Berlin'", "timezone: `Berlin` is not an IANA time zone such as"),
        ("schedule", "jitter = '25h'", "jitter: `25h` is longer than 1d"),
        ("schedule", "corn = '* * * * *'", "corn: there is no such key; did you mean `cron`?"),
        ("expiry", "lead_times = []", "lead_times: is empty"),
        ("expiry", "lead_times = ['1d', '0s']", "lead_times[1]: `0s` is shorter than 1s"),
        ("expiry", "lead_times = ['366d']", "lead_times[0]: `366d` is longer than 365d"),
        ("expiry", "lead_times = '7d'", "lead_times: must be a list, not text"),
        ("expiry", "source = 'exp_expire'", "source: `exp_expire` is none of exp_Expire, exp, earliest; did"),
        ("alerts", "confirm_after = '61m'", "confirm_after: `61m` is longer than 1h"),
        ("alerts", "unreachable_after = '0s'", "unreachable_after: `0s` is shorter than 1s"),
        ("alerts", "repeat_every = '59s'", "repeat_every: `59s` is shorter than 1m (`0s`: never)"),
        ("store", "path = ''", "path: is empty"),
        ("store", "keep = '23h'", "keep: `23h` is shorter than 1d"),
    ] {
        let told = told(&format!("{BASE}[{section}]\n{line}"));
        assert!(told.starts_with(&format!("a.toml: {section}.{reason}")), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn the_edges_of_what_is_allowed_are_allowed() {
    let config = config(&format!(
        "{BASE}[api]\nbase_url = 'http://localhost:8080//'\nfetch = 'list'\ntimeout = '10m'\nconcurrency = 1024\n\
         max_body = '1024'\n[schedule]\njitter = '24h'\n[expiry]\nlead_times = ['365d', '1s']\nsource = 'earliest'\n\
         [alerts]\nconfirm_after = '0s'\nunreachable_after = '1s'\nrepeat_every = '0s'\n[store]\nkeep = '1d'"
    ));
    assert_eq!(config.api.base_url.as_str(), "http://localhost:8080/");
    assert_eq!((config.api.timeout.as_secs(), config.api.max_body), (600, 1024));
    assert_eq!(config.api.fetch, Fetch::List);
    assert_eq!(config.alerts.repeat_every, None);
    assert_eq!(config.expiry.source, EndSource::Earliest);
}

#[test]
fn a_schedule_is_refused_for_the_reason_that_the_schedule_gives() {
    for expression in ["0 7 * * *", "61 * * * *", "0 0 31 2 *", "", "@daily"] {
        let content = format!("{BASE}[schedule]\ncron = '{expression}'\ntimezone = 'Europe/Berlin'");
        match Schedule::parse(expression, chrono_tz::Europe::Berlin, now()) {
            Ok(_) => assert_eq!(config(&content).schedule.schedule.expression(), expression),
            Err(error) => assert_eq!(told(&content), format!("a.toml: schedule.cron: {error}")),
        }
    }
}

#[test]
fn the_store_is_where_systemd_or_the_user_keeps_state() {
    let given = "[store]\npath = 'x.db'";
    for (section, variables, path) in [
        (
            "",
            &[("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"), ("HOME", "/h")][..],
            "/var/lib/a/minimax-watch.db",
        ),
        ("", &[("XDG_STATE_HOME", "/s"), ("HOME", "/h")], "/s/minimax-watch/minimax-watch.db"),
        ("", &[("XDG_STATE_HOME", "s"), ("HOME", "/h")], "/h/.local/state/minimax-watch/minimax-watch.db"),
        (given, &[("STATE_DIRECTORY", "/var/lib/a"), ("HOME", "/h")], "/var/lib/a/x.db"),
        (given, &[("HOME", "/h")], "/etc/watch/x.db"),
        ("[store]\npath = '/x.db'", &[("STATE_DIRECTORY", "/var/lib/a")], "/x.db"),
    ] {
        let environment = variables.iter().copied().chain([("TOKEN", "t")]).collect();
        let loaded = with(&format!("{BASE}{section}"), &environment).unwrap();
        assert_eq!(loaded.config.store.path, PathBuf::from(path));
    }
    let homeless: Environment = [("TOKEN", "t")].into_iter().collect();
    let told = with(BASE, &homeless).unwrap_err().to_string();
    assert!(told.starts_with("a.toml: store.path: is missing, and none of STATE_DIRECTORY"), "{told}");
}

#[test]
fn what_this_version_lacks_is_refused_rather_than_ignored() {
    for section in ["http", "heartbeat"] {
        let told = told(&format!("{BASE}[{section}]\nlisten = '127.0.0.1:9464'"));
        assert_eq!(told, format!("a.toml: {section}: is not available in this version"));
    }
}
