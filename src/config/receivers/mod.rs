//! `[[receivers]]`: who is notified of what. How each type is reached is read by its own file.

mod alertmanager;
mod chat_webhook;
mod email;
mod endpoint;
mod exec;
mod fallbacks;
mod from_environment;
mod known_services;
mod ntfy;
mod pagerduty;
mod receiver;
mod telegram;
mod templates;
mod webhook;

pub(super) use templates::show as show_templates;
pub(super) use webhook::signing_secrets;

use super::context::Context;
use super::diagnostics::Diagnostics;
use super::model::{Channel, Receiver};
use super::page::Page;
use super::place::Seen;
use super::schema::Schema;
use super::table::Table;
use fallbacks::Fallback;
use receiver::receiver;

/// Reads every receiver: those that are valid, and whether all are. None at all is valid: `status` and the exit status of `check` still
/// report alerts.
pub(super) fn read(
    root: &mut Table<'_>,
    context: &Context<'_>,
    diagnostics: &Diagnostics,
) -> (Vec<Receiver>, bool) {
    let (mut names, mut fallbacks) = (Seen::new(), Vec::new());
    let tables = root.tables("receivers");
    let receivers: Vec<Option<Receiver>> =
        tables.map(|table| receiver(table, context, &mut names, &mut fallbacks)).collect();
    let more = from_environment::read(context, &mut names, diagnostics);
    // Those of the environment have no fallback, but may be one.
    fallbacks.extend(more.iter().flatten().map(|receiver| {
        let name = receiver.name.as_str().to_owned();
        Fallback { receiver: Some(name), to: None }
    }));
    fallbacks::check(&fallbacks);
    let are_all_valid = receivers.iter().all(Option::is_some) && more.is_some();
    (receivers.into_iter().flatten().chain(more.into_iter().flatten()).collect(), are_all_valid)
}

/// The list that [`read`] reads.
pub(super) fn schema() -> Schema {
    receiver::schema()
}

/// Shows the keys of the receiver's type.
pub(super) fn show(channel: &Channel, page: &mut Page) {
    match channel {
        Channel::Alertmanager(alertmanager) => alertmanager::show(alertmanager, page),
        Channel::Email(email) => email::show(email, page),
        Channel::Webhook(webhook) => webhook::show(webhook, page),
        Channel::Telegram(telegram) => telegram::show(telegram, page),
        Channel::Ntfy(ntfy) => ntfy::show(ntfy, page),
        Channel::Discord(webhook) | Channel::Slack(webhook) => chat_webhook::show(webhook, page),
        Channel::PagerDuty(pagerduty) => pagerduty::show(pagerduty, page),
        Channel::Exec(exec) => exec::show(exec, page),
    }
}
