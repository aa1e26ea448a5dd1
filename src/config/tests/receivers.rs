//! Receivers: one rule a row.

use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::domain::route::Kinds;
use crate::domain::schedule::Schedule;
use crate::domain::time_zone::TimeZone;

#[test]
fn the_default_port_of_a_mail_server_follows_tls() {
    for (smtp, port, tls) in [
        ("{ host = 'mx.example.com' }", 587, Tls::StartTls),
        ("{ host = 'mx.example.com', tls = 'implicit' }", 465, Tls::Implicit),
        ("{ host = '127.0.0.1', tls = 'none' }", 25, Tls::None),
        ("{ host = '::1', tls = 'none', port = 2525 }", 2525, Tls::None),
    ] {
        let receiver = config(&format!("{BASE}{MAIL}smtp = {smtp}")).receivers.remove(0);
        let Channel::Email(email) = receiver.channel else { panic!("a mail receiver") };
        assert_eq!((email.smtp.port, email.smtp.tls, email.smtp.login.is_none()), (port, tls, true));
        assert!(matches!(receiver.route.kinds, Kinds::All));
        assert_eq!((receiver.accounts, receiver.fallback), (vec!["*".to_owned()], None));
    }
}

#[test]
fn an_invalid_mail_receiver_is_refused() {
    let smtp = "smtp = { host = 'localhost' }\n";
    for (content, reason) in [
        (MAIL.to_owned(), "smtp is missing"),
        (format!("{MAIL}smtp = {{}}"), "smtp: host is missing"),
        (format!("{MAIL}smtp = {{ host = 'a b' }}"), "smtp.host: \"a b\" is not a host name"),
        (
            format!("{MAIL}smtp = {{ host = 'mx:25' }}"),
            "smtp.host: \"mx:25\" is not a host name: the port has a key of its own, smtp.port = 25",
        ),
        (
            format!("{MAIL}smtp = {{ host = 'http:' }}"),
            "smtp.host: is not a host name: it holds a `:`; give the name alone",
        ),
        (format!("{MAIL}smtp = {{ host = 'mx', port = 70000 }}"), "smtp.port: 70000 is not a port (1-65535)"),
        (format!("{MAIL}smtp = {{ host = 'mx', port = 0 }}"), "smtp.port: 0 is not a port (1-65535)"),
        (
            format!("{MAIL}smtp = {{ host = 'mx', tls = 'tls' }}"),
            "smtp.tls: unknown tls \"tls\"; possible: \"starttls\" (port 587), \"implicit\" (port 465), \"none\" (port 25)",
        ),
        (
            format!("{MAIL}smtp = {{ host = 'mx', tls = 'ssl' }}"),
            "smtp.tls: unknown tls \"ssl\"; possible: \"starttls\" (port 587), \"implicit\" (port 465)",
        ),
        (
            format!("{MAIL}smtp = {{ host = 'mx.example.com', tls = 'none' }}"),
            "smtp.tls: \"none\" is for loopback and private names and addresses",
        ),
        (
            format!(
                "{MAIL}allow_http = true\nsmtp = {{ host = 'mx', tls = 'none', username = 'u', password_env = 'PASSWORD' }}"
            ),
            "smtp.tls: \"none\" would send the password unencrypted",
        ),
        (format!("{MAIL}smtp = {{ host = 'mx', username = 'u' }}"), "smtp: password is missing beside"),
        (
            format!("{MAIL}smtp = {{ host = 'mx', username = 'u', password = 'hunter2' }}"),
            "smtp.password: a secret must not be in the file: give password_file or password_env",
        ),
        (
            format!("{MAIL}smtp = {{ host = 'mx', password_env = 'PASSWORD' }}"),
            "smtp: username is missing beside the password",
        ),
        (format!("{MAIL}{smtp}url = 'x'"), "url: unknown key; possible: "),
        (format!("{MAIL}{smtp}").replace("['ops@example.com']", "[]"), "to: is empty"),
        (
            format!("{MAIL}{smtp}").replace("ops@", "ops at "),
            "to, item 1: \"ops at example.com\" is not an address",
        ),
        (
            format!("{MAIL}{smtp}").replace("ops@example.com", "a@example.com, b@example.com"),
            "to, item 1: \"a@example.com, b@example.com\" is not an address",
        ),
        (format!("{MAIL}{smtp}").replace("watch@", ""), "from: \"example.com\" is not an address"),
    ] {
        let message = message(&format!("{BASE}{content}"));
        let (_, found) = message.split_once(": first [[receivers]]: ").unwrap();
        assert!(found.starts_with(reason), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_webhook_may_be_signed_with_several_secrets() {
    let receiver = config(&format!("{BASE}{HOOK}url_env = 'URL'\nsecret_env = 'SIGNING'\ntimeout = '5s'"));
    let Channel::Webhook(webhook) = &receiver.receivers[0].channel else { panic!("a webhook") };
    let keys: Vec<_> = webhook.signing.iter().map(SecretString::expose_secret).collect();
    assert_eq!(keys, ["whsec_aHVzaC1odXNoLWh1c2g=", "whsec_bW9yZS1odXNo"]);
    assert_eq!(webhook.endpoint.timeout.as_secs(), 5);
    assert!(!format!("{receiver:?}").contains("hush"), "no secret is in Debug");
}

/// The warnings about a valid file.
fn warnings(content: &str) -> Vec<String> {
    let loaded = with(&format!("{BASE}{content}"), &environment()).unwrap();
    loaded.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn unencrypted_messages_in_a_private_network_or_where_allowed_are_accepted_with_a_warning() {
    for content in [
        format!("{HOOK}url = 'http://n8n:5678/x'"),
        format!("{HOOK}url = 'http://192.168.1.5'"),
        format!("{HOOK}url_env = 'CLEAR_URL'\nallow_http = true"),
        format!("{HOOK}url = 'http://example.com'\nallow_http = true"),
        format!("{MAIL}smtp = {{ host = 'mx', tls = 'none' }}"),
        format!("{MAIL}smtp = {{ host = '10.0.0.7', tls = 'none' }}"),
        format!("{MAIL}allow_http = true\nsmtp = {{ host = 'mx.example.com', tls = 'none' }}"),
    ] {
        let warnings = warnings(&content);
        assert_eq!(warnings.len(), 1, "{content}: {warnings:?}");
        assert!(warnings[0].contains("unencrypted"), "{warnings:?}");
        assert!(!warnings[0].contains("hush"), "{warnings:?}");
    }
    for content in [format!("{HOOK}url = 'http://127.0.0.1:1'"), format!("{HOOK}url = 'https://n8n'")] {
        assert_eq!(warnings(&content), Vec::<String>::new(), "{content}");
    }
}

#[test]
fn a_lead_time_of_27_days_or_more_gives_a_warning() {
    for (leads, is_warned) in [("'26d', '1d'", false), ("'27d'", true), ("'1d', '60d'", true)] {
        let content = format!("{HOOK}url = 'https://n8n'\n[expiry]\nlead_times = [{leads}]");
        let warnings = warnings(&content);
        assert_eq!(warnings.len(), usize::from(is_warned), "{warnings:?}");
        assert!(!is_warned || warnings[0].contains("may never resolve"), "{warnings:?}");
    }
}

#[test]
fn header_values_are_secrets_and_shown_as_their_origin() {
    let content =
        format!("{BASE}{HOOK}url_env = 'URL'\nheaders = {{ Authorization = {{ env = 'PASSWORD' }} }}");
    let config = config(&content);
    let Channel::Webhook(webhook) = &config.receivers[0].channel else { panic!("a webhook") };
    let (name, value) = &webhook.headers[0];
    assert_eq!(name, "authorization");
    let secret = value.value.expose_secret();
    assert!(!format!("{config:?}").contains(secret), "no secret is in Debug");
    let shown = show(&config);
    assert!(
        shown.contains("headers.\"authorization\".env = \"PASSWORD\"") && !shown.contains(secret),
        "{shown}"
    );
    assert_eq!(show(&super::config(&shown)), shown);
}

#[test]
fn quiet_hours_are_read_in_the_time_zone_of_their_receiver() {
    let zoned = "timezone = 'europe/berlin'\nquiet_hours = '22:00-07:00'\n";
    let content = format!(
        "{BASE}{HOOK}url_env = 'URL'\n{zoned}{MAIL}smtp = {{ host = 'mx' }}\nquiet_hours = '12:30-14:00'"
    );
    let loaded = config(&content);
    let [hook, mail] = &loaded.receivers[..] else { panic!("two receivers") };
    let night = hook.quiet_hours.as_ref().unwrap();
    assert_eq!(
        (hook.timezone.name(), night.zone(), night.to_string()),
        ("Europe/Berlin", &hook.timezone, "22:00-07:00".to_owned())
    );
    assert_eq!((mail.timezone.name(), mail.quiet_hours.as_ref().unwrap().zone().name()), ("UTC", "UTC"));
    let shown = show(&loaded);
    assert!(shown.contains("timezone = \"Europe/Berlin\"\nquiet_hours = \"22:00-07:00\"\n"), "{shown}");
    assert_eq!(show(&config(&shown)), shown);
    assert_eq!(config(&format!("{BASE}{HOOK}url_env = 'URL'")).receivers[0].quiet_hours, None);
}

#[test]
fn an_invalid_time_zone_or_quiet_hours_are_refused() {
    for (content, reason) in [
        ("timezone = 'Berlin'", "timezone: \"Berlin\" is not an IANA time zone such as \"Europe/Berlin\""),
        ("timezone = 1", "timezone: must be text, not a number"),
        ("quiet_hours = '22-7'", "quiet_hours: \"22-7\" is not two times of day such as \"22:00-07:00\""),
        (
            "quiet_hours = '22:00-22:00'",
            "quiet_hours: \"22:00-22:00\" begins and ends at the same time: give two times, or leave the key out",
        ),
        ("quiet_hours = ['22:00-07:00']", "quiet_hours: must be text"),
    ] {
        let message = message(&format!("{BASE}{HOOK}url_env = 'URL'\n{content}"));
        let (_, found) = message.split_once(": first [[receivers]]: ").unwrap();
        assert!(found.starts_with(reason), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn an_invalid_webhook_receiver_is_refused() {
    for (content, reason) in [
        ("", "url is missing: give url, url_file or url_env"),
        ("url = 'https://example.com'\nurl_env = 'URL'", "url: is given twice"),
        ("url_file = 'x'\nurl_env = 'URL'", "url_file: url_env is given too"),
        (
            "url = 'http://example.com/hush'",
            "url: must begin with https://: http:// is for loopback and private names and addresses; to send unencrypted all the same, set allow_http = true",
        ),
        (
            "url = 'https://u:hush@example.com'",
            "url: holds a user name or password, which must not be in the file",
        ),
        ("url_env = 'CLEAR_URL'", "url: the value in environment variable CLEAR_URL must begin with https"),
        ("url_env = 'PASSWORD'", "url_env: the environment variable PASSWORD holds a space"),
        ("url_env = 'TOKEN'", "url: the value in environment variable TOKEN must begin with https://"),
        (
            "url_file = 'https://example.com/hush'",
            "url_file: must be the path of a file that holds the secret",
        ),
        ("url = 'hooks.example.com/hush'", "url: must begin with https://"),
        ("url_env = 'URL'\ntimeout = 15", "timeout: 15 needs a unit and quotes, such as \"15s\""),
        ("url_env = 'URL'\nformat = 'slack'", "format: unknown format \"slack\"; possible: standard"),
        (
            "url_env = 'URL'\nformat = 'standart'",
            "format: unknown format \"standart\" (did you mean \"standard\"?); possible: standard",
        ),
        ("url_env = 'URL'\nsecret = 'whsec_hush'", "secret: a secret must not be in the file"),
        ("url_env = 'URL'\nsecret_file = 'whsec_hush'", "secret_file: must be the path of a file that holds"),
        ("url_env = 'URL'\nfrom = 'x'", "from: unknown key"),
        ("url_env = 'URL'\nallow_http = 'yes'", "allow_http: must be true or false"),
        (
            "url_env = 'URL'\nheaders = { Authorization = 'Bearer hush' }",
            "headers.Authorization: a secret must not be in the file: give { file",
        ),
        (
            "url_env = 'URL'\nheaders = { Authorization = {} }",
            "headers.Authorization: is missing: give either { file",
        ),
        (
            "url_env = 'URL'\nheaders = { Authorization = { env = 'PASSWORD', file = 'x' } }",
            "headers.Authorization: is given twice",
        ),
        (
            "url_env = 'URL'\nheaders = { Authorization = { env = 'PASSWORD', x = 1 } }",
            "headers.Authorization.x: unknown key",
        ),
        ("url_env = 'URL'\nheaders = { Host = { env = 'PASSWORD' } }", "headers.Host: cannot be set"),
        (
            "url_env = 'URL'\nheaders = { content-type = { env = 'PASSWORD' } }",
            "headers.content-type: cannot be set",
        ),
        (
            "url_env = 'URL'\nheaders = { Webhook-Id = { env = 'PASSWORD' } }",
            "headers.Webhook-Id: cannot be set",
        ),
        (
            "url_env = 'URL'\nheaders = { Transfer-Encoding = { env = 'PASSWORD' } }",
            "headers.Transfer-Encoding: cannot be set",
        ),
        (
            "url_env = 'URL'\nheaders = { 'a b' = { env = 'PASSWORD' } }",
            "headers.\"a b\": is not the name of a header",
        ),
        (
            "url_env = 'URL'\nheaders = { A = { env = 'PASSWORD' }, a = { env = 'PASSWORD' } }",
            "headers.a: is given twice: case",
        ),
        ("url_env = 'URL'\nheaders = 'x'", "headers: must be a table"),
        (
            "url_env = 'URL'\nmin_severity = 'warn'",
            "min_severity: unknown min_severity \"warn\"; possible: info, warning, critical",
        ),
        ("url_env = 'URL'\nkinds = []", "kinds: is empty"),
        (
            "url_env = 'URL'\nkinds = ['*', 'expirey']",
            "kinds, item 2: unknown kind \"expirey\" (did you mean \"expiry\"?); possible: expiry, ",
        ),
        ("url_env = 'URL'\naccounts = []", "accounts: is empty"),
        ("url_env = 'URL'\naccounts = ['a', '[']", "accounts, item 2: \"[\" is not a glob: "),
        ("url_env = 'URL'\nfallback = 'hook'", "fallback: is this receiver itself"),
        (
            "url_env = 'URL'\nfallback = 'hok'",
            "fallback: unknown receiver \"hok\" (did you mean \"hook\"?); possible: hook",
        ),
    ] {
        let message = message(&format!("{BASE}{HOOK}{content}"));
        let (_, found) = message.split_once(": first [[receivers]]: ").unwrap();
        assert!(found.starts_with(reason), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let message = message(&format!("{BASE}{HOOK}url_env = 'URL'\nsecret_env = 'UNSIGNED'"));
    let line = |n| {
        format!(
            "a.toml:5: first [[receivers]]: secret: line {n} of environment variable UNSIGNED is not whsec_<base64>"
        )
    };
    assert_eq!(message, [line(2), line(3), line(4)].join("\n"));
}

#[test]
fn fallbacks_may_form_a_chain_but_not_a_circle() {
    let hooks = |fallbacks: &[(&str, &str)]| {
        let one = |(name, to): &(&str, &str)| {
            let fallback = if to.is_empty() { String::new() } else { format!("fallback = '{to}'\n") };
            format!("{}url_env = 'URL'\n{fallback}", HOOK.replace("'hook'", &format!("'{name}'")))
        };
        format!("{BASE}{}", fallbacks.iter().map(one).collect::<String>())
    };
    assert_eq!(config(&hooks(&[("a", "b"), ("b", "c"), ("c", "")])).receivers.len(), 3);
    let circle = message(&hooks(&[("x", "a"), ("a", "b"), ("b", "c"), ("c", "a")]));
    assert_eq!(
        circle,
        "a.toml:14: second [[receivers]]: fallback: leads back to this receiver: a → b → c → a"
    );
    let twice = message(&hooks(&[("a", ""), ("a", "")]));
    assert_eq!(twice, "a.toml:10: second [[receivers]]: name: \"a\" is already used in line 6");
}

#[test]
fn a_receiver_without_a_name_or_with_an_unknown_type_is_reported_with_its_number_and_line() {
    let nameless = "[[receivers]]\ntype = 'webhook'\nurl_env = 'URL'\n";
    let message =
        message(&format!("{BASE}{HOOK}url_env = 'URL'\n{nameless}[[receivers]]\nname = 'x'\ntype = 'sms'"));
    assert_eq!(
        message,
        "a.toml:9: second [[receivers]]: name is missing\n\
         a.toml:14: third [[receivers]]: type: unknown type \"sms\"; possible: email, webhook, telegram, ntfy, discord, slack, pagerduty, alertmanager, exec"
    );
}

#[test]
fn digest_is_a_schedule_in_the_zone_of_the_receiver() {
    let receiver = |keys: &str| config(&format!("{BASE}{HOOK}url_env = 'URL'\n{keys}")).receivers.remove(0);
    assert!(receiver("").digest.is_none());
    let digest = receiver("digest = '0 8 * * 1'\ntimezone = 'Europe/Berlin'").digest.unwrap();
    assert_eq!((digest.expression(), digest.zone().name()), ("0 8 * * 1", "Europe/Berlin"));
    for expression in ["30 0 8 * * 1", "@daily"] {
        let digest = receiver(&format!("digest = '{expression}'")).digest.unwrap();
        assert_eq!((digest.expression(), digest.zone().name()), (expression, "UTC"));
    }
}

#[test]
fn invalid_digest_is_refused_with_the_reason_of_the_schedule() {
    for expression in ["61 * * * *", "0 0 31 2 *", "", "weekly"] {
        let content = format!("{BASE}{HOOK}url_env = 'URL'\ndigest = '{expression}'");
        let reason = Schedule::parse(expression, TimeZone::UTC, now()).unwrap_err();
        let message = message(&content);
        assert!(message.ends_with(&format!("first [[receivers]]: digest: {reason}")), "{message}");
    }
}
