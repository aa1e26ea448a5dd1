//! Subscriptions and the sections of scalars: one rule a row.

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;

use super::*;
use crate::config::FetchMode;
use crate::domain::configuration::ExpirySource;
use crate::domain::credits::CreditsPolicy;
use crate::domain::jobs::JobsPolicy;
use crate::domain::schedule::Schedule;
use crate::domain::time_zone::TimeZone;

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
    assert_eq!((config.schedule.schedule.zone().name(), config.schedule.jitter), ("UTC", TimeDelta::zero()));
    let hours = [168, 72, 24, 1].map(TimeDelta::hours);
    assert_eq!(
        (config.expiry.lead_times.as_slice(), config.expiry.source),
        (&hours[..], ExpirySource::ExpExpire)
    );
    assert_eq!(config.alerts.confirm_after, TimeDelta::seconds(10));
    assert_eq!(config.alerts.unreachable_after, TimeDelta::hours(1));
    assert_eq!(config.alerts.repeat_every, Some(TimeDelta::hours(24)));
    assert!(config.plan.watch && !config.jobs.watch && !config.credits.watch);
    let JobsPolicy { window, min_jobs, failing } = config.jobs.policy;
    assert_eq!((window, min_jobs, format!("{failing:?}").as_str()), (TimeDelta::hours(1), 3, "0.5"));
    assert_eq!(config.credits.every, TimeDelta::hours(1));
    assert_eq!(config.credits.policy, CreditsPolicy { low: 100, lead_time: TimeDelta::days(2) });
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
    assert_eq!((plain.id.as_str(), plain.name.as_str(), &plain.lead_times), ("007", "007", &None));
    let leads = own.lead_times.as_ref().unwrap().as_slice();
    assert_eq!((own.name.as_str(), leads), ("studio", &[TimeDelta::days(10), TimeDelta::days(2)][..]));
}

#[test]
fn an_invalid_subscription_is_refused() {
    for (content, reason) in [
        ("", "no [[subscriptions]]: nothing would be watched"),
        ("subscriptions = []", "no [[subscriptions]]: nothing would be watched"),
        ("[subscriptions]\nname = 'x'", "subscriptions: must be a list of tables: write [[subscriptions]]"),
        ("[[subscriptions]]\nname = 'x'\ntoken_env = 'TOKEN'", "first [[subscriptions]]: no accounts: add"),
        ("[[subscriptions]]\nname = 'x'\ndiscover = true", "first [[subscriptions]]: token is missing: give"),
        (
            "[[subscriptions]]\ntoken_env = 'TOKEN'\ndiscover = true",
            "first [[subscriptions]]: name is missing",
        ),
        (&BASE.replace("main", " "), "first [[subscriptions]]: name: is empty"),
        (&BASE.replace("'main'", "\"a\\nb\""), "first [[subscriptions]]: name: holds a control character"),
        (&BASE.repeat(2), "second [[subscriptions]]: name: \"main\" is already used in line 2"),
        (&format!("{BASE}accounts = [{{}}]"), "first [[subscriptions]], first account: id is missing"),
        (
            &format!("{BASE}accounts = [{{ id = 7 }}]"),
            "first [[subscriptions]], first account: id: must be text",
        ),
        (
            &format!("{BASE}accounts = [{{ id = '..' }}]"),
            "first [[subscriptions]], first account: id: \"..\" cannot be the id of an account",
        ),
        (
            &format!("{BASE}accounts = [{{ id = '7' }}, {{ id = '7' }}]"),
            "first [[subscriptions]], second account: id: \"7\" is already used in line 5",
        ),
        (
            &format!("{BASE}accounts = [{{ id = '7', lead_times = [] }}]"),
            "first [[subscriptions]], first account: lead_times: is empty",
        ),
        (
            &format!("{BASE}accounts = [{{ id = '7', nmae = 'x' }}]"),
            "first [[subscriptions]], first account: nmae: unknown key (did you mean \"name\"?)",
        ),
        (
            &format!("{BASE}accounts = []\n[[subscriptions.accounts]]\nid = '7'"),
            "first [[subscriptions]]: accounts: is given twice: here, and by [[subscriptions.accounts]]",
        ),
        (
            &format!("{BASE}[subscriptions.accounts]\nid = '7'"),
            "first [[subscriptions]]: accounts: must be a list of tables: write [[subscriptions.accounts]]",
        ),
        (
            &format!("{BASE}[[accounts]]\nid = '7'"),
            "accounts: unknown key (did you mean [[subscriptions.accounts]]?)",
        ),
        (&format!("{BASE}[[account]]\nid = '7'"), "account: unknown key"),
        (&format!("{BASE}[smtp]\nhost = 'x'"), "smtp: unknown key (did you mean smtp in a [[receivers]]"),
    ] {
        let message = message(content);
        assert!(message.contains(reason) && message.lines().count() == 1, "{message}");
    }
}

#[test]
fn accounts_by_headers_are_read_as_those_in_a_list_and_each_problem_has_its_line() {
    let listed = "accounts = [{ id = '007' }, { id = '8', name = 'studio', lead_times = ['2d', '10d'] }]";
    let by_headers = "[[subscriptions.accounts]]\nid = '007'\n[[subscriptions.accounts]] # two\nid = '8'\n\
                      name = 'studio'\nlead_times = ['2d',\n'10d']\n[api]\n";
    let [listed, by_headers] = [listed, by_headers]
        .map(|accounts| format!("{:?}", config(&format!("{BASE}{accounts}")).subscriptions[0].accounts));
    assert_eq!(by_headers, listed);
    let header = "[[subscriptions.accounts]]\n";
    let message = message(&format!(
        "{BASE}{header}{header}id = 7\n{header}id = '7'\nnmae = 'x'\n{header}id = '7'\nlead_times = []\n\
         {header}id = '8\n{header}id = '9'\n[api]\ntimeout = 1\n",
    ));
    insta::assert_snapshot!(message, @r#"
        a.toml:5: first [[subscriptions]], first account: id is missing
        a.toml:7: first [[subscriptions]], second account: id: must be text, not a number: put it in quotes
        a.toml:10: first [[subscriptions]], third account: nmae: unknown key (did you mean "name"?)
        a.toml:12: first [[subscriptions]], fourth account: id: "7" is already used in line 9
        a.toml:13: first [[subscriptions]], fourth account: lead_times: is empty: give at least one, such as "1d"
        a.toml:15: invalid literal string, expected `'`
        a.toml:19: api.timeout: 1 needs a unit and quotes, such as "1s"
    "#);
}

#[test]
fn the_same_account_may_be_watched_with_two_tokens() {
    let second = BASE.replace("main", "other");
    config(&format!("{BASE}accounts = [{{ id = '7' }}]\n{second}accounts = [{{ id = '7' }}]"));
}

#[test]
fn every_scalar_is_checked_and_refused_with_its_line() {
    for (section, line, reason) in [
        (
            "api",
            "base_url = 'http://api.useapi.net'",
            "base_url: must begin with https:// (http:// is for loopback only)",
        ),
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
        ("api", "base_url = 'api.useapi.net'", "base_url: must begin with https://"),
        (
            "api",
            "fetch = 'lst'",
            "fetch: unknown fetch \"lst\" (did you mean \"list\"?); possible: each, list",
        ),
        ("api", "timeout = '0s'", "timeout: \"0s\" is shorter than 1s"),
        ("api", "timeout = '11m'", "timeout: \"11m\" is longer than 10m"),
        ("api", "timeout = 'soon'", "timeout: `soon` is not a length of time such as"),
        ("api", "timeout = 15", "timeout: 15 needs a unit and quotes, such as \"15s\""),
        ("api", "timeout = '15'", "timeout: `15` needs a unit, such as `15s`, `15m`"),
        ("api", "timeout = 1.5", "timeout: needs a unit and quotes, such as \"90s\""),
        ("api", "timeout = '1.5s'", "timeout: `1.5s` is not a length of whole seconds such as"),
        ("expiry", "lead_times = [7]", "lead_times, item 1: 7 needs a unit and quotes, such as \"7s\""),
        (
            "store",
            "path = '~/watch.db'",
            "path: `~` is not expanded: write the full path, such as /home/ops/watch.db",
        ),
        ("api", "concurrency = 0", "concurrency: 0 is not between 1 and 1024"),
        ("api", "concurrency = 1025", "concurrency: 1025 is not between 1 and 1024"),
        ("api", "concurrency = -1", "concurrency: -1 is not between 1 and 1024"),
        ("api", "max_body = '1MB'", "max_body: \"1MB\" is not a size such as \"512KiB\" or \"1MiB\""),
        ("api", "max_body = '1023'", "max_body: \"1023\" is not between 1KiB and 64MiB"),
        ("api", "max_body = '65MiB'", "max_body: \"65MiB\" is not between 1KiB and 64MiB"),
        ("schedule", "timezone = 'Berlin'", "timezone: \"Berlin\" is not an IANA time zone such as"),
        (
            "schedule",
            "timezone = 'Etc/Unknown'",
            "timezone: \"Etc/Unknown\" is not an IANA time zone such as",
        ),
        ("schedule", "jitter = '25h'", "jitter: \"25h\" is longer than 1d"),
        ("schedule", "corn = '* * * * *'", "corn: unknown key (did you mean \"cron\"?)"),
        ("expiry", "lead_times = []", "lead_times: is empty"),
        ("expiry", "lead_times = ['1d', '0s']", "lead_times, item 2: \"0s\" is shorter than 1s"),
        ("expiry", "lead_times = ['366d']", "lead_times, item 1: \"366d\" is longer than 365d"),
        ("expiry", "lead_times = '7d'", "lead_times: must be a list, not text"),
        (
            "expiry",
            "source = 'exp_expire'",
            "source: unknown source \"exp_expire\" (did you mean \"exp_Expire\"?); possible: exp_Expire, exp",
        ),
        ("alerts", "confirm_after = '61m'", "confirm_after: \"61m\" is longer than 1h"),
        ("alerts", "unreachable_after = '0s'", "unreachable_after: \"0s\" is shorter than 1s"),
        ("alerts", "repeat_every = '59s'", "repeat_every: \"59s\" is shorter than 1m (\"0s\": never)"),
        ("jobs", "watch = 'yes'", "watch: must be true or false, not text"),
        ("jobs", "window = '0s'", "window: \"0s\" is shorter than 1s"),
        ("jobs", "window = '8d'", "window: \"8d\" is longer than 7d"),
        ("jobs", "min_jobs = 0", "min_jobs: 0 is not between 1 and 1000"),
        ("jobs", "failing = 0", "failing: must be above 0 and up to 1, such as 0.5"),
        ("jobs", "failing = 1.01", "failing: must be above 0 and up to 1, such as 0.5"),
        ("jobs", "failing = nan", "failing: must be above 0 and up to 1, such as 0.5"),
        ("credits", "watch = 1", "watch: must be true or false, not a number"),
        ("credits", "every = '0s'", "every: \"0s\" is shorter than 1s"),
        ("credits", "every = '8d'", "every: \"8d\" is longer than 7d"),
        ("credits", "low = -1", "low: -1 is not between 0 and 1000000000"),
        ("credits", "lead_time = '366d'", "lead_time: \"366d\" is longer than"),
        ("credits", "lead = '1d'", "lead: unknown key"),
        ("jobs", "failing = '50%'", "failing: must be a number, not text"),
        ("store", "path = ''", "path: is empty"),
        ("store", "keep = '23h'", "keep: \"23h\" is shorter than 1d"),
    ] {
        let message = message(&format!("{BASE}[{section}]\n{line}"));
        assert!(message.starts_with(&format!("a.toml:6: {section}.{reason}")), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn the_smallest_and_largest_values_are_accepted() {
    let config = config(&format!(
        "{BASE}[api]\nbase_url = 'http://localhost:8080//'\nfetch = 'list'\ntimeout = '10m'\nconcurrency = 1024\n\
         max_body = '1024'\n[schedule]\njitter = '24h'\n[expiry]\nlead_times = ['365d', '1s']\nsource = 'earliest'\n\
         [alerts]\nconfirm_after = '0s'\nunreachable_after = '1s'\nrepeat_every = '0s'\n\
         [jobs]\nwatch = true\nwindow = '7d'\nmin_jobs = 1000\nfailing = 1\n\
         [credits]\nwatch = true\nevery = '7d'\nlow = 0\nlead_time = '0s'\n[store]\nkeep = '1d'"
    ));
    assert_eq!(config.api.base_url.as_str(), "http://localhost:8080/");
    assert_eq!((config.api.timeout.as_secs(), config.api.max_body), (600, 1024));
    assert_eq!(config.api.fetch, FetchMode::List);
    assert_eq!(config.alerts.repeat_every, None);
    assert_eq!(config.jobs.in_force().map(|jobs| (jobs.min_jobs, jobs.failing >= 1.0)), Some((1_000, true)));
    let credits = CreditsPolicy { low: 0, lead_time: TimeDelta::zero() };
    assert_eq!((config.credits.in_force(), config.credits.every), (Some(credits), TimeDelta::days(7)));
    assert_eq!(config.expiry.source, ExpirySource::Earliest);
}

#[test]
fn reading_credits_often_is_a_warning() {
    for (every, warns) in [("1s", true), ("599s", true), ("10m", false)] {
        let loaded =
            with(&format!("{BASE}[credits]\nwatch = true\nevery = '{every}'"), &environment()).unwrap();
        let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        let is_warned = warnings.iter().any(|warning| warning.contains("credits.every: is shorter than 10m"));
        assert_eq!(is_warned, warns, "{every}: {warnings:?}");
    }
}

#[test]
fn an_invalid_cron_expression_is_refused_with_the_reason_of_the_schedule() {
    for expression in ["0 7 * * *", "61 * * * *", "0 0 31 2 *", "", "@daily"] {
        let content = format!("{BASE}[schedule]\ncron = '{expression}'\ntimezone = 'Europe/Berlin'");
        match Schedule::parse(expression, TimeZone::named("Europe/Berlin").unwrap(), now()) {
            Ok(_) => assert_eq!(config(&content).schedule.schedule.expression(), expression),
            Err(error) => assert_eq!(message(&content), format!("a.toml:6: schedule.cron: {error}")),
        }
    }
}

#[test]
fn the_store_is_in_the_state_folder_of_systemd_or_the_user() {
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
    let message = with(BASE, &homeless).unwrap_err().to_string();
    assert!(message.starts_with("a.toml: store.path: is missing, and none of STATE_DIRECTORY"), "{message}");
}

#[test]
fn the_heartbeat_is_a_secret_address_by_section_or_variable_and_the_section_wins() {
    let loaded = |section: &str, more: &[(&str, &str)]| {
        let base = [("TOKEN", "user:1-a"), ("HOME", "/home/ops"), ("BEAT", "https://hc.example.com/hush")];
        let environment: Environment = base.iter().chain(more).copied().collect();
        with(&format!("{BASE}{section}"), &environment)
    };
    let (section, variable) = ("[heartbeat]\nurl_env = 'BEAT'", "MINIMAX_WATCH_HEARTBEAT_URL");
    let origin =
        |loaded: &Loaded| loaded.config.heartbeat.as_ref().map(|heartbeat| heartbeat.url.origin.to_string());
    assert_eq!(origin(&loaded("", &[]).unwrap()), None);
    assert_eq!(origin(&loaded(section, &[]).unwrap()).unwrap(), "environment variable BEAT");
    let by_variable = loaded("", &[(variable, "http://127.0.0.1:1/hush")]).unwrap();
    assert_eq!(origin(&by_variable).unwrap(), format!("environment variable {variable}"));
    let both = loaded(section, &[(variable, "https://other.example.com")]).unwrap();
    assert_eq!(origin(&both).unwrap(), "environment variable BEAT");
    assert!(both.warnings[0].to_string().ends_with("has no effect: the file has [heartbeat], which wins"));
    let near = loaded("", &[(variable, "http://healthchecks:8000/hush")]).unwrap();
    assert!(near.warnings[0].to_string().contains("requests to healthchecks travel unencrypted"));
    let allowed = "[heartbeat]\nurl_env = 'CLEAR'\nallow_http = true";
    assert!(loaded(allowed, &[("CLEAR", "http://hc.example.com/hush")]).is_ok());
    for (section, more, problem) in [
        ("[heartbeat]", &[][..], "url is missing: give url_file or url_env"),
        ("[heartbeat]\nurl = 'https://hc.example.com/hush'", &[], "a secret must not be in the file"),
        (
            "[heartbeat]\nurl_env = 'CLEAR'",
            &[("CLEAR", "http://hc.example.com/hush")],
            "set allow_http = true in [heartbeat]",
        ),
        ("", &[(variable, "hush")], "must begin with https://"),
        (
            "",
            &[(variable, "https://a"), ("MINIMAX_WATCH_HEARTBEAT_URL_FILE", "b")],
            "MINIMAX_WATCH_HEARTBEAT_URL_FILE is given too",
        ),
        ("[heartbeat]\nurl_env = 'BEAT'\nevery = '1m'", &[], "heartbeat.every: unknown key"),
    ] {
        let message = loaded(section, more).unwrap_err().to_string();
        assert!(message.contains(problem) && !message.contains("hush"), "{section}: {message}");
    }
}

#[test]
fn the_listener_is_on_loopback_by_default_and_elsewhere_only_with_a_good_token() {
    assert!(config(BASE).http.is_none());
    let environment: Environment = [
        ("TOKEN", "user:1-a"),
        ("HOME", "/home/ops"),
        ("HTTP_TOKEN", "0123456789abcdef"),
        ("SHORT", "0123456789abcde"),
    ]
    .into_iter()
    .collect();
    for (section, listen, has_token) in [
        ("", "127.0.0.1:9464", false),
        ("listen = 'localhost:80'", "127.0.0.1:80", false),
        ("listen = '[::1]:80'", "[::1]:80", false),
        ("token_env = 'HTTP_TOKEN'", "127.0.0.1:9464", true),
        ("listen = '0.0.0.0:80'\ntoken_env = 'HTTP_TOKEN'", "0.0.0.0:80", true),
    ] {
        let http = with(&format!("{BASE}[http]\n{section}"), &environment).unwrap().config.http.unwrap();
        assert_eq!(
            (http.listen.to_string().as_str(), http.token.is_some()),
            (listen, has_token),
            "{section}"
        );
    }
    for (section, problem) in [
        (
            "listen = '0.0.0.0:80'",
            "http.listen: is not on loopback, where others can connect: give token_file or token_env",
        ),
        ("listen = '[::]:80'", "http.listen: is not on loopback"),
        ("listen = '9464'", "http.listen: is not an address to listen on: write an address and a port"),
        ("listen = 'watch.example.com:80'", "http.listen: is not an address to listen on"),
        ("listen = 9464", "http.listen: must be text"),
        ("token_env = 'SHORT'", "http.token: has fewer than 16 characters"),
        ("token = '0123456789abcdef'", "http.token: a secret must not be in the file"),
        ("port = 80", "http.port: unknown key"),
    ] {
        let message = with(&format!("{BASE}[http]\n{section}"), &environment).unwrap_err().to_string();
        assert!(message.contains(problem) && !message.contains("0123456789abcde"), "{section}: {message}");
    }
}
