//! `type = "pagerduty"`: the integration of a service that takes events.

use secrecy::ExposeSecret as _;

use super::super::context::Context;
use super::super::model::PagerDuty;
use super::super::page::Page;
use super::super::schema::TableSchema;
use super::super::secrets::Form;
use super::super::table::Table;
use super::endpoint;

const API: &str = "https://events.pagerduty.com";

/// Characters of an integration's key.
const KEY_LENGTH: usize = 32;

/// Reads the keys of this type.
pub(super) fn read(mut table: Table<'_>, context: &Context<'_>) -> Option<PagerDuty> {
    let routing_key = context.required_secret(&mut table, "routing_key", Form::Key);
    if let Some(key) = &routing_key {
        let value = key.value.expose_secret();
        if value.len() != KEY_LENGTH || !value.chars().all(|c| c.is_ascii_alphanumeric()) {
            let reason = format!(
                "{} does not hold the {KEY_LENGTH} letters and digits of an integration key",
                key.origin
            );
            table.problem(
                "routing_key",
                format!("{reason}: copy it from the service's Events API v2 integration"),
            );
        }
    }
    let api = endpoint::read_api(&mut table, API);
    table.finish();
    Some(PagerDuty { routing_key: routing_key?, api: api? })
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    let table = TableSchema::new("A service of PagerDuty.")
        .required_secret("routing_key", "the key of the integration \"Events API v2\"");
    endpoint::api_schema(table, API)
}

/// Shows the keys of this type.
pub(super) fn show(pagerduty: &PagerDuty, page: &mut Page) {
    page.origin("routing_key", '_', &pagerduty.routing_key.origin);
    endpoint::show_api(&pagerduty.api, page);
}
