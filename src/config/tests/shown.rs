//! What `config show` prints.

use super::*;

#[test]
fn the_shown_configuration_can_be_loaded_again_and_holds_no_secret() {
    let content = format!(
        "{BASE}accounts = [{{ id = '7', name = \"a \\\"b\\\" \\\\ c\", lead_times = ['36h'] }}]\n\
         [alerts]\nrepeat_every = '0s'\n\
         {MAIL}smtp = {{ host = 'mx', username = 'u', password_env = 'PASSWORD' }}\nkinds = ['expiry', 'host_changed']\n\
         accounts = ['studio-*']\nfallback = 'hook'\n{HOOK}url_env = 'URL'\nsecret_env = 'SIGNING'\nmin_severity = 'critical'\n\
         digest = '0 8 * * 1'\ntimezone = 'europe/berlin'"
    );
    let shown = show(&config(&content));
    assert_eq!(show(&config(&shown)), shown);
    insta::assert_snapshot!(shown, @r#"
        [[subscriptions]]
        name = "main"
        token_env = "TOKEN"
        discover = true

        [[subscriptions.accounts]]
        id = "7"
        name = "a \"b\" \\ c"
        lead_times = ["36h"]

        [api]
        base_url = "https://api.useapi.net"
        fetch = "each"
        timeout = "15s"
        concurrency = 16
        max_body = "1MiB"

        [schedule]
        cron = "*/15 * * * *"
        timezone = "UTC"
        jitter = "0s"

        [expiry]
        lead_times = ["7d", "3d", "1d", "1h"]
        source = "exp_Expire"

        [alerts]
        confirm_after = "10s"
        unreachable_after = "1h"
        repeat_every = "0s"

        [plan]
        watch = true

        [jobs]
        watch = false
        window = "1h"
        min_jobs = 3
        failing = 0.5

        [credits]
        watch = false
        every = "1h"
        low = 100
        lead_time = "2d"

        [[receivers]]
        name = "mail"
        type = "email"
        from = "watch@example.com"
        to = ["ops@example.com"]
        smtp.host = "mx"
        smtp.port = 587
        smtp.tls = "starttls"
        smtp.username = "u"
        smtp.password_env = "PASSWORD"
        smtp.timeout = "1m"
        min_severity = "info"
        kinds = ["expiry", "host_changed"]
        accounts = ["studio-*"]
        fallback = "hook"
        timezone = "UTC"

        [[receivers]]
        name = "hook"
        type = "webhook"
        url_env = "URL"
        timeout = "15s"
        format = "standard"
        secret_env = "SIGNING"
        min_severity = "critical"
        kinds = ["*"]
        accounts = ["*"]
        digest = "0 8 * * 1"
        timezone = "Europe/Berlin"

        [store]
        path = "/home/ops/.local/state/minimax-watch/minimax-watch.db"
        keep = "400d"
    "#);
}

#[test]
fn only_the_host_of_an_address_in_the_file_is_shown() {
    let shown =
        show(&config(&format!("{BASE}{HOOK}url = 'https://hooks.example.com:8443/T000-hush?k=hush'")));
    assert!(shown.contains("\nurl = \"https://hooks.example.com:8443\" # path hidden\n"), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");
    config(&shown);
}

#[test]
fn an_alertmanager_is_shown_with_the_origin_of_its_login() {
    let receiver = "[[receivers]]\nname = 'am'\ntype = 'alertmanager'\nurls = ['http://127.0.0.1:9093', 'https://mon.example.com/am/']\n\
                    labels = { team = 'video' }\n";
    for (login, lines) in [
        (
            "username = 'watch'\npassword_env = 'PASSWORD'",
            "username = \"watch\"\npassword_env = \"PASSWORD\"\n",
        ),
        ("token_env = 'TOKEN'", "token_env = \"TOKEN\"\n"),
        ("", ""),
    ] {
        let shown = show(&config(&format!("{BASE}{receiver}{login}")));
        let expected = format!(
            "type = \"alertmanager\"\nurls = [\"http://127.0.0.1:9093\", \"https://mon.example.com/am\"]\nlabels.team = \"video\"\n\
             {lines}timeout = \"15s\"\n"
        );
        assert!(shown.contains(&expected), "{shown}");
        assert_eq!(show(&config(&shown)), shown);
    }
}
