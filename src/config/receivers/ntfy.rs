//! `type = "ntfy"`: the server and topic, and the access token where the topic is protected.

use url::Url;

use super::super::context::Context;
use super::super::model::Ntfy;
use super::super::page::Page;
use super::super::schema::TableSchema;
use super::super::secrets::Form;
use super::super::table::Table;
use super::endpoint;
use super::known_services::Service;

/// Characters of a topic's name.
const MAX_TOPIC: usize = 64;

/// Reads the keys of this type.
pub(super) fn read(mut table: Table<'_>, context: &Context<'_>) -> Option<Ntfy> {
    let endpoint = endpoint::read(&mut table, context, check_topic);
    let token = context.secret(&mut table, "token", Form::Key);
    table.finish();
    Some(Ntfy { endpoint: endpoint?, token })
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    endpoint::schema(TableSchema::new("A topic of ntfy: its address is that of the server with the topic."))
        .secret("token", "the access token of a protected topic")
}

/// Shows the keys of this type.
pub(super) fn show(ntfy: &Ntfy, page: &mut Page) {
    endpoint::show(&ntfy.endpoint, page);
    if let Some(token) = &ntfy.token {
        page.origin("token", '_', &token.origin);
    }
}

fn check_topic(url: &Url) -> Result<(), String> {
    Service::Ntfy.check(url)?;
    let topic = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    let is_topic = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=MAX_TOPIC).contains(&topic.len()) && topic.chars().all(is_topic) && url.query().is_none() {
        return Ok(());
    }
    Err("must end in the topic: letters, digits, - and _, as in https://ntfy.sh/my-topic".to_owned())
}
