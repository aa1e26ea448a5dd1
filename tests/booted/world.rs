//! The simulators outside of the booted machine: a vendor, a webhook receiver and a mail server on loopback.

use chrono::{SubsecRound, TimeDelta};
use minimax_watch::clock;
use minimax_watch::domain::time::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use crate::machine::{Machine, eventually};
use crate::simulator::{
    FakeUseApi, Login, Record, SmtpServer, SmtpSetup, Subscription, VirtualNow, WebhookServer,
};

pub(crate) const TOKEN: &str = "user:1234-s3cretT0kenOfTheVendor";
pub(crate) const PASSWORD: &str = "s3cretPasswordOfTheMailServer";
pub(crate) const SIGNING: &str = "whsec_c2VjcmV0LXRoYXQtc2lnbnMtd2ViaG9va3MtaGVyZQ==";

pub(crate) struct World {
    pub(crate) api: FakeUseApi,
    pub(crate) vendor: Subscription,
    pub(crate) hook: WebhookServer,
    pub(crate) mailbox: SmtpServer,
}

/// That many seconds from now, in whole seconds, as messages show them.
pub(crate) fn ahead(seconds: i64) -> Timestamp {
    clock::now().trunc_subsecs(0) + TimeDelta::seconds(seconds)
}

pub(crate) const DAY: i64 = 86_400;

impl World {
    pub(crate) async fn open() -> Self {
        let now = VirtualNow::new(clock::now());
        let api = FakeUseApi::open(&now).await.unwrap();
        let vendor = api.subscribe(SecretString::from(TOKEN));
        vendor.put(Record::ending("123456", ahead(20 * DAY)));
        vendor.put(Record::ending("654321", ahead(-DAY)));
        let login = Login { username: "watch".to_owned(), password: PASSWORD.into() };
        let requirements = SmtpSetup { login: Some(login), ..SmtpSetup::default() };
        Self {
            hook: WebhookServer::open(&now, None).await.unwrap(),
            mailbox: SmtpServer::open(&now, requirements).await.unwrap(),
            api,
            vendor,
        }
    }

    /// The configuration, with the parts that differ between acts. The vendor's address is a name, which the sandbox must resolve.
    pub(crate) fn configuration(&self, store: &str, more: &str) -> String {
        format!(
            r#"[[subscriptions]]
name = "main"
token_file = "secrets/useapi-token"
[[subscriptions.accounts]]
id = "123456"
name = "studio-a"
[[subscriptions.accounts]]
id = "654321"
name = "studio-b"
{more}
[api]
base_url = "http://localhost:{}"
timeout = "12s"
[schedule]
cron = "@yearly"
[alerts]
confirm_after = "0s"
[[receivers]]
name = "ops-mail"
type = "email"
from = "minimax-watch <watch@example.com>"
to = ["ops@example.com"]
smtp = {{ host = "127.0.0.1", port = {}, tls = "none", username = "watch", password_file = "secrets/smtp-password" }}
[[receivers]]
name = "pager"
type = "webhook"
url_file = "secrets/pager-url"
secret_file = "secrets/webhook-secret"
[store]
path = "{store}"
"#,
            self.api.base_url().port().unwrap(),
            self.mailbox.address().port(),
        )
    }

    /// Each secret and its file.
    pub(crate) fn secrets(&self) -> [(&'static str, String); 4] {
        [
            ("useapi-token", TOKEN.to_owned()),
            ("smtp-password", PASSWORD.to_owned()),
            ("webhook-secret", SIGNING.to_owned()),
            ("pager-url", self.hook.url().to_string()),
        ]
    }

    /// The alerts of an account that the webhook received: status and stage, or kind, of each.
    pub(crate) fn received_about(&self, name: &str) -> Vec<String> {
        let mut notified = Vec::new();
        for delivery in self.hook.deliveries() {
            let message: Value = serde_json::from_slice(&delivery.body).unwrap();
            for alert in message["data"]["alerts"].as_array().unwrap() {
                if alert["account"]["name"] == name {
                    notified.push(format!(
                        "{} {}",
                        alert["status"].as_str().unwrap(),
                        alert["stage"].as_str().or(alert["kind"].as_str()).unwrap()
                    ));
                }
            }
        }
        notified
    }

    /// Waits until webhook and mail have so many more messages than `before`; returns the new numbers.
    pub(crate) fn received(&self, before: (usize, usize), more: usize) -> Result<(usize, usize), String> {
        eventually(&format!("{more} more at webhook and mail than {before:?}"), || {
            let now = self.counts();
            (now.0 >= before.0 + more && now.1 >= before.1 + more).then_some(now)
        })
    }

    /// The numbers of messages by webhook and by mail.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.hook.count(), self.mailbox.count())
    }

    /// Waits until the vendor got more requests than `before`.
    pub(crate) fn wait_for_requests(&self, machine: &Machine, before: usize) -> Result<(), String> {
        eventually("a run", || (self.api.request_count() > before).then_some(()))
            .map_err(|error| format!("{error}\n{}", machine.journal("minimax-watch")))
    }
}
