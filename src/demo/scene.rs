//! The built-in API, the receivers, and the configuration file for them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::TimeDelta;

use crate::config::{self, Environment, Source};
use crate::domain::time::Timestamp;
use crate::engine::Engine;
use crate::setup;
use crate::simulator::{
    ChatServer, FakeUseApi, SmtpServer, Subscription, VirtualNow, WebhookServer, configuration,
};
use crate::store::Store;

/// Fixed secrets, which protect nothing.
const MAIN_TOKEN: &str = "user:1000-demoTokenOfMain";
const CLIENT_TOKEN: &str = "user:2000-demoTokenOfClient";
const MAIL_PASSWORD: &str = "demo-mail-password";
const BOT_TOKEN: &str = "1000:demo-token-of-the-telegram-bot";
const SIGNING_SECRET: &str = "whsec_ZGVtby1zaWduaW5nLXNlY3JldC1vZi0yNA==";

/// The servers, the engine and the clock of a demo.
pub(super) struct Scene {
    pub(super) folder: PathBuf,
    pub(super) start: Timestamp,
    pub(super) now: VirtualNow,
    pub(super) vendor: FakeUseApi,
    pub(super) main: Subscription,
    pub(super) client: Subscription,
    pub(super) mailbox: SmtpServer,
    pub(super) pager: WebhookServer,
    pub(super) telegram: ChatServer,
    pub(super) ntfy: ChatServer,
    pub(super) engine: Engine,
}

impl Scene {
    /// Starts the servers, writes the configuration, opens the store.
    pub(super) async fn open(folder: &Path, start: Timestamp) -> anyhow::Result<Self> {
        let now = VirtualNow::new(start);
        let vendor = FakeUseApi::open(&now).await.context("cannot open the built-in useapi.net")?;
        let main = vendor.subscribe(MAIN_TOKEN);
        let client = vendor.subscribe(CLIENT_TOKEN);
        for (account, days) in [("123456", 9), ("234567", 45), ("345678", 60)] {
            main.put(account, &configuration(account, start + TimeDelta::days(days)));
        }
        client.put("0042", &configuration("0042", start + TimeDelta::days(50)));
        let mailbox = SmtpServer::open(&now, "watch", MAIL_PASSWORD)
            .await
            .context("cannot open the built-in mail server")?;
        let pager = WebhookServer::open(&now, SIGNING_SECRET)
            .await
            .context("cannot open the built-in webhook receiver")?;
        let (telegram, ntfy) = (ChatServer::open(&now).await, ChatServer::open(&now).await);
        let (telegram, ntfy) = (telegram.context("cannot open the built-in chats")?, ntfy?);
        let file = folder.join("minimax-watch.toml");
        fs::File::create_new(&file)?
            .write_all(config_file(&vendor, &mailbox, &pager, &[&telegram, &ntfy]).as_bytes())?;
        for (name, secret) in [
            ("main-token", MAIN_TOKEN),
            ("client-token", CLIENT_TOKEN),
            ("mail-password", MAIL_PASSWORD),
            ("signing-secret", SIGNING_SECRET),
            ("bot-token", BOT_TOKEN),
        ] {
            write_private(&folder.join(name), secret)?;
        }
        let environment: Environment = std::iter::empty::<(&str, &str)>().collect();
        let loaded = config::load(&Source::File(file), &environment, start);
        let config = loaded.map_err(|invalid| invalid.problems)?.config;
        let store = Store::open(&config.store.path).await?;
        let mut engine = setup::engine(config, store)?;
        engine.clock = now.clock();
        Ok(Self {
            folder: folder.to_owned(),
            start,
            now,
            vendor,
            main,
            client,
            mailbox,
            pager,
            telegram,
            ntfy,
            engine,
        })
    }
}

fn config_file(
    vendor: &FakeUseApi,
    mailbox: &SmtpServer,
    pager: &WebhookServer,
    [telegram, ntfy]: &[&ChatServer; 2],
) -> String {
    format!(
        r#"# Written by `minimax-watch demo`: a normal configuration, except for the addresses.
[[subscriptions]]
name = "main"
token_file = "main-token"
accounts = [
  {{ id = "123456", name = "studio-a" }},
  {{ id = "234567", name = "studio-b" }},
  {{ id = "345678", name = "studio-c" }},
]

[[subscriptions]]
name = "client"
token_file = "client-token"
accounts = [{{ id = "0042", name = "office" }}]

[api]
base_url = "{base}"

[schedule]
cron = "@hourly"

[alerts]
repeat_every = "0s" # no reminders, to keep the month short

[jobs]
watch = true

[credits]
watch = true

[[receivers]]
name = "ops-mail"
type = "email"
from = "minimax-watch <watch@example.com>"
to = ["ops@example.com"]
smtp = {{ host = "127.0.0.1", port = {smtp}, tls = "none", username = "watch", password_file = "mail-password" }}

[[receivers]]
name = "pager"
type = "webhook"
url = "{hook}"
secret_file = "signing-secret"
fallback = "ops-mail"

[[receivers]]
name = "telegram"
type = "telegram"
api_url = "{telegram}"
token_file = "bot-token"
chat_id = -1001234567890
min_severity = "critical"

[[receivers]]
name = "phone"
type = "ntfy"
url = "{ntfy}"
min_severity = "critical"

[store]
path = "minimax-watch.db"
"#,
        base = vendor.base_url().as_str().trim_end_matches('/'),
        smtp = mailbox.address().port(),
        hook = pager.url(),
        telegram = telegram.url("").as_str().trim_end_matches('/'),
        ntfy = ntfy.url("/minimax-watch"),
    )
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")
}
