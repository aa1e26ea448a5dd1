//! One rule a row for receivers.

use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::domain::route::Kinds;

#[test]
fn a_mail_receiver_has_defaults_that_go_with_its_protection() {
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
fn a_mail_receiver_with_a_fault_is_refused() {
    let smtp = "smtp = { host = 'localhost' }\n";
    for (content, reason) in [
        (MAIL.to_owned(), "smtp: is missing"),
        (format!("{MAIL}smtp = {{}}"), "smtp.host: is missing"),
        (format!("{MAIL}smtp = {{ host = 'a b' }}"), "smtp.host: `a b` is not a host name"),
        (format!("{MAIL}smtp = {{ host = 'mx:25' }}"), "smtp.host: `mx:25` is not a host name: the port has"),
        (format!("{MAIL}smtp = {{ host = 'mx', port = 70000 }}"), "smtp.port: 70000 is not a port (1-65535)"),
        (format!("{MAIL}smtp = {{ host = 'mx', port = 0 }}"), "smtp.port: 0 is not a port (1-65535)"),
        (
            format!("{MAIL}smtp = {{ host = 'mx', tls = 'tls' }}"),
            "smtp.tls: `tls` is none of starttls, implicit",
        ),
        (
            format!("{MAIL}smtp = {{ host = 'mx.example.com', tls = 'none' }}"),
            "smtp.tls: `none` is for loopback and private names and addresses",
        ),
        (
            format!(
                "{MAIL}allow_http = true\nsmtp = {{ host = 'mx', tls = 'none', username = 'u', password_env = 'PASSWORD' }}"
            ),
            "smtp.tls: `none` would send the password unencrypted",
        ),
        (format!("{MAIL}smtp = {{ host = 'mx', username = 'u' }}"), "smtp.password: is missing beside"),
        (
            format!("{MAIL}smtp = {{ host = 'mx', username = 'u', password = 'hunter2' }}"),
            "smtp.password: a secret never stands in the file: give password_file or password_env",
        ),
        (
            format!("{MAIL}smtp = {{ host = 'mx', password_env = 'PASSWORD' }}"),
            "smtp.username: is missing beside a password",
        ),
        (format!("{MAIL}{smtp}url = 'x'"), "url: there is no such key"),
        (format!("{MAIL}{smtp}").replace("['ops@example.com']", "[]"), "to: is empty"),
        (format!("{MAIL}{smtp}").replace("ops@", "ops at "), "to[0]: `ops at example.com` is not an address"),
        (
            format!("{MAIL}{smtp}").replace("ops@example.com", "a@example.com, b@example.com"),
            "to[0]: `a@example.com, b@example.com` is not an address",
        ),
        (format!("{MAIL}{smtp}").replace("watch@", ""), "from: `example.com` is not an address"),
    ] {
        let told = told(&format!("{BASE}{content}"));
        assert!(told.starts_with(&format!("a.toml: receivers[0].{reason}")), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn a_webhook_may_be_signed_with_several_secrets() {
    let receiver = config(&format!("{BASE}{HOOK}url_env = 'URL'\nsecret_env = 'SIGNING'\ntimeout = '5s'"));
    let Channel::Webhook(webhook) = &receiver.receivers[0].channel else { panic!("a webhook") };
    let keys: Vec<_> = webhook.signing.iter().map(SecretString::expose_secret).collect();
    assert_eq!(keys, ["whsec_aHVzaC1odXNoLWh1c2g=", "whsec_bW9yZS1odXNo"]);
    assert_eq!(webhook.timeout.as_secs(), 5);
    assert!(!format!("{receiver:?}").contains("hush"), "no secret is in Debug");
}

/// The warnings about a file that works.
fn warnings(content: &str) -> Vec<String> {
    let loaded = with(&format!("{BASE}{content}"), &environment()).unwrap();
    loaded.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn what_travels_unencrypted_in_a_private_network_or_where_it_is_allowed_works_with_a_warning() {
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
fn a_lead_time_of_27_days_or_more_is_warned_of() {
    for (leads, is_warned) in [("'26d', '1d'", false), ("'27d'", true), ("'1d', '60d'", true)] {
        let content = format!("{HOOK}url = 'https://n8n'\n[expiry]\nlead_times = [{leads}]");
        let warnings = warnings(&content);
        assert_eq!(warnings.len(), usize::from(is_warned), "{warnings:?}");
        assert!(!is_warned || warnings[0].contains("may never resolve"), "{warnings:?}");
    }
}

#[test]
fn headers_are_secrets_that_are_shown_as_where_they_come_from() {
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
fn a_webhook_with_a_fault_is_refused() {
    for (content, reason) in [
        ("", "url: is missing: give url, url_file or url_env"),
        ("url = 'https://example.com'\nurl_env = 'URL'", "url: is given twice"),
        ("url_file = 'x'\nurl_env = 'URL'", "url: is given twice"),
        (
            "url = 'http://example.com/hush'",
            "url: must be https: http is for loopback and private names and addresses; to send unencrypted all the same, set allow_http = true",
        ),
        ("url = 'https://u:hush@example.com'", "url: holds a user name or password, which never stands"),
        ("url_env = 'CLEAR_URL'", "url: what stands in environment variable CLEAR_URL must be https"),
        ("url_env = 'PASSWORD'", "url_env: the environment variable PASSWORD holds a space"),
        ("url_env = 'TOKEN'", "url: what stands in environment variable TOKEN must begin with https://"),
        (
            "url_file = 'https://example.com/hush'",
            "url_file: must be the path of a file that holds the secret",
        ),
        ("url_env = 'URL'\nformat = 'slack'", "format: `slack` is not available in this version"),
        ("url_env = 'URL'\nformat = 'standart'", "format: `standart` is none of standard, alertmanager,"),
        ("url_env = 'URL'\nsecret = 'whsec_hush'", "secret: a secret never stands in the file"),
        ("url_env = 'URL'\nsecret_file = 'whsec_hush'", "secret_file: must be the path of a file that holds"),
        ("url_env = 'URL'\nfrom = 'x'", "from: there is no such key"),
        ("url_env = 'URL'\nallow_http = 'yes'", "allow_http: must be true or false"),
        (
            "url_env = 'URL'\nheaders = { Authorization = 'Bearer hush' }",
            "headers.Authorization: a secret never stands in the file: give { file",
        ),
        (
            "url_env = 'URL'\nheaders = { Authorization = {} }",
            "headers.Authorization: is missing: give { file",
        ),
        (
            "url_env = 'URL'\nheaders = { Authorization = { env = 'PASSWORD', file = 'x' } }",
            "headers.Authorization: is given twice",
        ),
        (
            "url_env = 'URL'\nheaders = { Authorization = { env = 'PASSWORD', x = 1 } }",
            "headers.Authorization.x: there is no such key",
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
        ("url_env = 'URL'\nmin_severity = 'warn'", "min_severity: `warn` is none of info, warning, critical"),
        ("url_env = 'URL'\nkinds = []", "kinds: is empty"),
        (
            "url_env = 'URL'\nkinds = ['*', 'expirey']",
            "kinds[1]: `expirey` is no kind of alert or change; did you mean `expiry`?",
        ),
        ("url_env = 'URL'\naccounts = []", "accounts: is empty"),
        ("url_env = 'URL'\naccounts = ['a', '[']", "accounts[1]: `[` is no glob: "),
        ("url_env = 'URL'\nfallback = 'hook'", "fallback: is this receiver itself"),
        ("url_env = 'URL'\nfallback = 'hok'", "fallback: `hok` is no receiver; did you mean `hook`?"),
    ] {
        let told = told(&format!("{BASE}{HOOK}{content}"));
        assert!(told.starts_with(&format!("a.toml: receivers[0].{reason}")), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    let told = told(&format!("{BASE}{HOOK}url_env = 'URL'\nsecret_env = 'UNSIGNED'"));
    let line = |n| {
        format!(
            "a.toml: receivers[0].secret: line {n} of environment variable UNSIGNED is not whsec_<base64>"
        )
    };
    assert_eq!(told, [line(2), line(3), line(4)].join("\n"));
}

#[test]
fn fallbacks_may_chain_but_not_circle() {
    let hooks = |fallbacks: &[(&str, &str)]| {
        let one = |(name, to): &(&str, &str)| {
            let fallback = if to.is_empty() { String::new() } else { format!("fallback = '{to}'\n") };
            format!("{}url_env = 'URL'\n{fallback}", HOOK.replace("'hook'", &format!("'{name}'")))
        };
        format!("{BASE}{}", fallbacks.iter().map(one).collect::<String>())
    };
    assert_eq!(config(&hooks(&[("a", "b"), ("b", "c"), ("c", "")])).receivers.len(), 3);
    let circle = told(&hooks(&[("x", "a"), ("a", "b"), ("b", "c"), ("c", "a")]));
    assert_eq!(circle, "a.toml: receivers[1].fallback: leads back to this receiver: a → b → c → a");
    let twice = told(&hooks(&[("a", ""), ("a", "")]));
    assert_eq!(twice, "a.toml: receivers[1].name: `a` is the same as receivers[0].name");
}
