//! `type = "discord"` and `type = "slack"`: the secret address that the service made for one channel.

use super::super::context::Context;
use super::super::model::ChatWebhook;
use super::super::page::Page;
use super::super::schema::TableSchema;
use super::super::table::Table;
use super::endpoint;
use super::known_services::Service;

/// Reads the keys of the type that is for `service`.
pub(super) fn read(mut table: Table<'_>, context: &Context<'_>, service: Service) -> Option<ChatWebhook> {
    let endpoint = endpoint::read_secret(&mut table, context, |url| service.check(url));
    table.finish();
    Some(ChatWebhook { endpoint: endpoint? })
}

/// The keys that [`read`] reads.
pub(super) fn schema(description: &str) -> TableSchema {
    endpoint::secret_schema(TableSchema::new(description))
}

/// Shows the keys of this type.
pub(super) fn show(webhook: &ChatWebhook, page: &mut Page) {
    endpoint::show(&webhook.endpoint, page);
}
