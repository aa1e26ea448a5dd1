//! Prints the configuration in force as a file that can be loaded again.
//!
//! Guarantees: a secret is shown as its origin; of a webhook address in the file, only the host is shown. The keys of a type of
//! receiver are shown by the file that reads them.

use super::model::{Config, Receiver, Subscription};
use super::page::Page;
use super::receivers;
use super::size;
use crate::domain::alerts::AlertKind;
use crate::domain::change::ChangeKind;
use crate::domain::route::Kinds;

/// Writes `config` as TOML, secrets as their origin.
pub fn show(config: &Config) -> String {
    let mut page = Page::default();
    config.subscriptions.iter().for_each(|subscription| page.subscription(subscription));
    page.sections(config);
    config.receivers.iter().for_each(|receiver| page.receiver(receiver));
    page.header("[store]");
    page.text("path", &config.store.path.to_string_lossy());
    page.duration("keep", config.store.keep);
    if let Some(http) = &config.http {
        page.header("[http]");
        page.text("listen", &http.listen.to_string());
        if let Some(token) = &http.token {
            page.origin("token", '_', &token.origin);
        }
    }
    if let Some(heartbeat) = &config.heartbeat {
        page.header("[heartbeat]");
        page.origin("url", '_', &heartbeat.url.origin);
        page.allow_http(heartbeat.allow_http);
    }
    page.0
}

impl Page {
    fn subscription(&mut self, subscription: &Subscription) {
        self.header("[[subscriptions]]");
        self.text("name", subscription.name.as_str());
        self.origin("token", '_', &subscription.token.origin);
        self.line(&format!("discover = {}", subscription.discover));
        for account in &subscription.accounts {
            self.header("[[subscriptions.accounts]]");
            self.text("id", account.id.as_str());
            self.text("name", &account.name);
            if let Some(lead_times) = &account.lead_times {
                self.lead_times(lead_times);
            }
        }
    }

    fn sections(&mut self, config: &Config) {
        self.header("[api]");
        self.text("base_url", config.api.base_url.as_str().trim_end_matches('/'));
        self.text("fetch", config.api.fetch.into());
        self.timeout("timeout", config.api.timeout);
        self.line(&format!("concurrency = {}", config.api.concurrency));
        self.text("max_body", &size::text(config.api.max_body));
        self.header("[schedule]");
        self.text("cron", config.schedule.schedule.expression());
        self.text("timezone", config.schedule.schedule.zone().name());
        self.duration("jitter", config.schedule.jitter);
        self.header("[expiry]");
        self.lead_times(&config.expiry.lead_times);
        self.text("source", config.expiry.source.as_str());
        self.header("[alerts]");
        self.duration("confirm_after", config.alerts.confirm_after);
        self.duration("unreachable_after", config.alerts.unreachable_after);
        self.duration("repeat_every", config.alerts.repeat_every.unwrap_or_default());
        self.header("[plan]");
        self.line(&format!("watch = {}", config.plan.watch));
        self.header("[jobs]");
        self.line(&format!("watch = {}", config.jobs.watch));
        self.duration("window", config.jobs.policy.window);
        self.line(&format!("min_jobs = {}", config.jobs.policy.min_jobs));
        // With a decimal point, and as exact as it was typed.
        self.line(&format!("failing = {:?}", config.jobs.policy.failing));
        self.header("[credits]");
        self.line(&format!("watch = {}", config.credits.watch));
        self.duration("every", config.credits.every);
        self.line(&format!("low = {}", config.credits.policy.low));
        self.duration("lead_time", config.credits.policy.lead_time);
    }

    fn receiver(&mut self, receiver: &Receiver) {
        self.header("[[receivers]]");
        self.text("name", receiver.name.as_str());
        self.text("type", receiver.channel.type_name());
        receivers::show(&receiver.channel, self);
        self.text("min_severity", receiver.route.min_severity.as_str());
        self.list("kinds", kinds(&receiver.route.kinds));
        self.list("accounts", &receiver.accounts);
        if let Some(fallback) = &receiver.fallback {
            self.text("fallback", fallback.as_str());
        }
        if let Some(digest) = &receiver.digest {
            self.text("digest", digest.expression());
        }
        self.text("timezone", receiver.timezone.name());
        receivers::show_templates(&receiver.templates, self);
        if let Some(quiet_hours) = &receiver.quiet_hours {
            self.text("quiet_hours", &quiet_hours.to_string());
        }
    }
}

fn kinds(kinds: &Kinds) -> Vec<&'static str> {
    match kinds {
        Kinds::All => vec!["*"],
        Kinds::Only { alerts, changes } => {
            let alerts = alerts.iter().copied().map(AlertKind::as_str);
            alerts.chain(changes.iter().copied().map(ChangeKind::as_str)).collect()
        }
    }
}
