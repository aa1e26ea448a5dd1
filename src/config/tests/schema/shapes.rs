//! Files of another shape than the schema's.

use super::super::{BASE, MAIL, with};
use super::samples::SMTP;
use super::{refusal, variables};

/// Receivers without their name.
const RECEIVERS: [&str; 38] = [
    "type = 'webhook'",
    "type = 'webhook'\nurl = 'https://x.example'\nurl_env = 'URL'",
    "type = 'webhook'\nurl = 'ftp://x.example'",
    "type = 'webhook'\nurl_env = 'URL'\nsecret = 'whsec_aHVzaA=='",
    "type = 'webhook'\nurl_env = 'URL'\nsecret_env = 'SIGNING'\nsecret_file = 'x'",
    "type = 'webhook'\nurl_env = 'URL'\nformat = 'xml'",
    "type = 'webhook'\nurl_env = 'URL'\nheaders = { A = 'x' }",
    "type = 'webhook'\nurl_env = 'URL'\nheaders = { A = {} }",
    "type = 'webhook'\nurl_env = 'URL'\nheaders = { 'A b' = { env = 'TOKEN' } }",
    "type = 'webhook'\nurl_env = 'URL'\ntext_template_file = 'x'",
    "type = 'webhook'\nurl_env = 'URL'\nsubject_template_file = 'x'",
    "type = 'webhook'\nurl_env = 'URL'\nkinds = ['expirey']",
    "type = 'webhook'\nurl_env = 'URL'\nkinds = []",
    "type = 'webhook'\nurl_env = 'URL'\naccounts = 'studio-a'",
    "type = 'webhook'\nurl_env = 'URL'\nmin_severity = 'error'",
    "type = 'webhook'\nurl_env = 'URL'\nquiet_hours = '22-7'",
    "type = 'webhook'\nurl_env = 'URL'\ndigest = 'daily'",
    "type = 'webhook'\nurl_env = 'URL'\nchat_id = 1",
    "type = 'discord'\nurl = 'https://discord.com/api/webhooks/4711/hush'",
    "type = 'slack'",
    "type = 'telegram'\ntoken_env = 'BOT'",
    "type = 'telegram'\ntoken_env = 'BOT'\nchat_id = 'me'",
    "type = 'telegram'\ntoken_env = 'BOT'\nchat_id = 1\nthread_id = 0",
    "type = 'ntfy'\nurl_env = 'URL'\ntoken = 'x'",
    "type = 'pagerduty'",
    "type = 'pagerduty'\nrouting_key = 'x'",
    "type = 'alertmanager'",
    "type = 'alertmanager'\nurls = []",
    "type = 'alertmanager'\nurls = ['http://127.0.0.1:1']\nlabels = { a-b = 'x' }",
    "type = 'alertmanager'\nurls = ['http://127.0.0.1:1']\nlabels = { __x = 'x' }",
    "type = 'alertmanager'\nurls = ['http://127.0.0.1:1']\nusername = 'x'",
    "type = 'alertmanager'\nurls = ['http://127.0.0.1:1']\npassword_env = 'PASSWORD'",
    "type = 'alertmanager'\nurls = ['http://127.0.0.1:1']\nusername = 'x'\npassword_env = 'PASSWORD'\ntoken_env = 'KEY'",
    "type = 'alertmanager'\nurls = ['http://127.0.0.1:1']\ndigest = '@daily'",
    "type = 'exec'",
    "type = 'exec'\ncommand = '/bin/sh'",
    "type = 'sms'",
    "url_env = 'URL'",
];

/// The server of a mail.
const SMTP_KEYS: [&str; 9] = [
    "smtp = {}",
    "smtp = { host = 'x', username = 'u' }",
    "smtp = { host = 'x', password_env = 'PASSWORD' }",
    "smtp = { host = 'x', username = 'u', password_env = 'PASSWORD', password_file = 'p' }",
    "smtp = { host = 'x', username = 'u', password = 'p' }",
    "smtp = { host = 'x', port = 0 }",
    "smtp = { host = 'x', tls = 'ssl' }",
    "smtp = { host = 'u@x' }",
    "smtp = 'x'",
];

/// Lines that begin a file, and headers that end one.
const SECTIONS: [&str; 32] = [
    "colour = 'blue'",
    "accounts = []",
    "api = 1",
    "api.timeout = 15",
    "api.timeout = '15'",
    "api.timeout = '15 parsecs'",
    "api.timeot = '15s'",
    "api.fetch = 'lists'",
    "api.concurrency = 0",
    "api.concurrency = '16'",
    "api.max_body = '1MB'",
    "api.base_url = 'api.useapi.net'",
    "schedule.cron = '* * *'",
    "schedule.cron = ''",
    "schedule.timezone = 'Central Europe'",
    "expiry.lead_times = []",
    "expiry.lead_times = '7d'",
    "expiry.lead_times = [7]",
    "expiry.source = 'Exp'",
    "plan.watch = 'true'",
    "jobs.failing = 0",
    "jobs.failing = 1.5",
    "jobs.min_jobs = 1.5",
    "credits.low = -1",
    "store.path = ''",
    "store.path = '~/watch.db'",
    "http.listen = '9464'",
    "http.token = '0123456789abcdef'",
    "heartbeat = {}",
    "heartbeat.url = 'https://x.example'",
    "[[schedule]]",
    "[receivers]",
];

fn subscriptions() -> Vec<String> {
    let subscription = "[[subscriptions]]\nname = 'main'\n";
    vec![
        String::new(),
        "subscriptions = []\n".to_owned(),
        "[[subscriptions]]\ntoken_env = 'TOKEN'\ndiscover = true\n".to_owned(),
        format!("{subscription}discover = true\n"),
        format!("{subscription}token_env = 'TOKEN'\n"),
        format!("{subscription}token_env = 'TOKEN'\ndiscover = false\naccounts = []\n"),
        format!("{subscription}token_env = 'TOKEN'\ntoken_file = 'x'\ndiscover = true\n"),
        format!("{subscription}token = 'user:1-x'\ndiscover = true\n"),
        format!("{subscription}token_file = 'user:1-x'\ndiscover = true\n"),
        format!("{subscription}token_file = '~/x'\ndiscover = true\n"),
        format!("{subscription}token_env = 'user:1-x'\ndiscover = true\n"),
        format!("{subscription}token_env = 'TOKEN'\naccounts = [{{ name = 'x' }}]\n"),
        format!("{subscription}token_env = 'TOKEN'\naccounts = [{{ id = 7 }}]\n"),
        format!("{subscription}token_env = 'TOKEN'\naccounts = ['7']\n"),
    ]
}

#[test]
fn a_file_of_another_shape_is_refused_by_the_program_and_by_the_schema() {
    let receivers = RECEIVERS.map(|keys| format!("{BASE}[[receivers]]\nname = 'x'\n{keys}\n"));
    let smtp = SMTP_KEYS.map(|keys| format!("{BASE}{MAIL}{keys}\n"));
    let sections = SECTIONS.map(|line| {
        if line.starts_with('[') { format!("{BASE}{line}\n") } else { format!("{line}\n{BASE}") }
    });
    assert_eq!((refusal(BASE), refusal(&format!("{BASE}{MAIL}smtp = {SMTP}\n"))), (None, None));
    for content in receivers.into_iter().chain(smtp).chain(sections).chain(subscriptions()) {
        assert!(with(&content, &variables()).is_err(), "the program accepts\n{content}");
        assert!(refusal(&content).is_some(), "the schema accepts\n{content}");
    }
}
