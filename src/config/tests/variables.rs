//! What comes from the environment: overrides, and the whole configuration when there is no file.

use std::ffi::OsString;

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;

use super::*;

#[test]
fn an_override_is_checked_like_the_file_and_reported_with_its_variable() {
    let overridden = |name: &str, value: &str| {
        let all = environment();
        let more = all.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        with(BASE, &more.chain([(name.to_owned(), OsString::from(value))]).collect())
    };
    let loaded = overridden("MINIMAX_WATCH__EXPIRY__LEAD_TIMES", "2d,1h").unwrap();
    assert_eq!(loaded.config.expiry.lead_times.as_slice(), [TimeDelta::days(2), TimeDelta::hours(1)]);
    assert!(overridden("MINIMAX_WATCH__JOBS__WATCH", " true").unwrap().config.jobs.watch);
    assert!(!overridden("MINIMAX_WATCH__PLAN__WATCH", "false").unwrap().config.plan.watch);
    let loaded = overridden("MINIMAX_WATCH__JOBS__FAILING", " 0.25 ").unwrap();
    assert_eq!(loaded.config.policy().jobs, None, "jobs are not watched");
    assert!((loaded.config.jobs.policy.failing - 0.25).abs() < f64::EPSILON);
    let credits = overridden("MINIMAX_WATCH__CREDITS__WATCH", " true ").unwrap().config.credits;
    assert!(credits.in_force().is_some());
    let credits = overridden("MINIMAX_WATCH__CREDITS__LOW", "7").unwrap().config.credits;
    assert_eq!((credits.in_force(), credits.policy.low), (None, 7), "credits are not watched");
    for (name, value, reason) in [
        ("MINIMAX_WATCH__CREDITS__WATCH", "yes", "credits.watch: must be true or false"),
        ("MINIMAX_WATCH__CREDITS__EVERY", "60", "credits.every: `60` needs a unit, such as `60s`"),
        ("MINIMAX_WATCH__API__TIMEOUT", "1h", "api.timeout: \"1h\" is longer than 10m"),
        ("MINIMAX_WATCH__JOBS__FAILING", "half", "jobs.failing: must be above 0 and up to 1, such as 0.5"),
        ("MINIMAX_WATCH__JOBS__WATCH", "yes", "jobs.watch: must be true or false"),
        ("MINIMAX_WATCH__API__CONCURRENCY", "many", "api.concurrency: must be a whole number"),
        ("MINIMAX_WATCH__EXPIRY__LEAD_TIMES", "", "expiry.lead_times: is empty"),
        ("MINIMAX_WATCH__EXPIRY__LEAD_TIMES", "7d,soon", "expiry.lead_times: `soon` is not a length"),
        ("MINIMAX_WATCH__STORE__PATHS", "x", "store.paths: unknown key (did you mean \"path\"?)"),
        ("MINIMAX_WATCH__API__TIMEOUT", "15", "api.timeout: `15` needs a unit, such as `15s`"),
        ("MINIMAX_WATCH__STORE__PATH", "~/x.db", "store.path: `~` is not expanded: write the full path"),
        ("MINIMAX_WATCH__RECEIVERS__0__URL", "x", "`receivers` cannot be overridden from the environment"),
    ] {
        let message = overridden(name, value).unwrap_err().to_string();
        assert!(message.starts_with(&format!("environment variable {name}: {reason}")), "{message}");
    }
}

#[test]
fn without_a_file_the_token_in_the_environment_is_enough() {
    let with_token = |more: &[(&str, &str)]| -> Environment {
        [("USEAPI_TOKEN", "user:123-abc"), ("HOME", "/h")].iter().chain(more).copied().collect()
    };
    let all = from_environment(&[], &with_token(&[]), now()).unwrap().config;
    let [subscription] = all.subscriptions.as_slice() else { panic!("one subscription") };
    assert_eq!((subscription.name.as_str(), subscription.discover), ("default", true));
    assert_eq!(subscription.token.value.expose_secret(), "user:123-abc");
    assert!(subscription.accounts.is_empty() && all.receivers.is_empty());

    let overrides = with_token(&[
        ("MINIMAX_WATCH__API__BASE_URL", "http://127.0.0.1:9"),
        ("MINIMAX_WATCH__STORE__PATH", "/x"),
    ]);
    let named = from_environment(&[AccountId::new("7")], &overrides, now()).unwrap().config;
    assert_eq!(
        (named.subscriptions[0].discover, named.subscriptions[0].accounts[0].name.as_str()),
        (true, "7")
    );
    assert_eq!((named.api.base_url.as_str(), named.store.path), ("http://127.0.0.1:9/", PathBuf::from("/x")));

    let loaded = load(&Source::None, &with_token(&[]), now()).unwrap();
    assert_eq!(show(&loaded.config), show(&all));
}

#[test]
fn without_a_file_a_missing_or_invalid_token_is_reported() {
    for (token, reason) in [
        (None, "no configuration file was found (neither minimax-watch.toml nor "),
        (Some(""), "environment variable USEAPI_TOKEN: it is empty"),
        (
            Some("user:1 hush"),
            "environment variable USEAPI_TOKEN: it holds a space; it must be the token alone",
        ),
        (Some("'user:1-hush'"), "environment variable USEAPI_TOKEN: it holds a quote; it must be the token"),
        (
            Some("Bearer user:1-hush"),
            "environment variable USEAPI_TOKEN: it begins with \"Bearer \"; it must be",
        ),
        (Some("TOKEN=user:1-hush"), "environment variable USEAPI_TOKEN: it holds `=`; it must be the token"),
    ] {
        let variables = token.map(|token| ("USEAPI_TOKEN", token)).into_iter().chain([("HOME", "/h")]);
        let message = from_environment(&[], &variables.collect(), now()).unwrap_err().to_string();
        assert!(message.starts_with(reason) && !message.contains("hush"), "{message}");
    }
}
