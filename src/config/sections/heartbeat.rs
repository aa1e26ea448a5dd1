//! `[heartbeat]`: the address that is asked for after each run, also by environment alone.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::super::address::{self, AddressError};
use super::super::context::Context;
use super::super::diagnostics::Diagnostics;
use super::super::model::Heartbeat;
use super::super::place::Place;
use super::super::schema::{self, TableSchema};
use super::super::secrets::Form;
use super::super::table::Table;

/// The variable that holds the address, or with `_FILE` behind it the path of a file that does.
const VARIABLE: &str = "MINIMAX_WATCH_HEARTBEAT_URL";

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Reads `[heartbeat]`, or what the environment gives; the section wins. None when both are absent, or after a problem.
pub(super) fn read(
    table: Option<Table<'_>>,
    context: &Context<'_>,
    diagnostics: &Diagnostics,
) -> Option<Heartbeat> {
    let file_variable = format!("{VARIABLE}_FILE");
    let variables = [("url_env", VARIABLE), ("url_file", file_variable.as_str())];
    let given = variables.into_iter().find(|(_, name)| context.environment.path(name).is_some());
    let Some((key, name)) = given else { return from_table(table?, context) };
    let origin = format!("environment variable {name}");
    let place = Place::root(&origin, diagnostics);
    if table.is_some() {
        place.warning("has no effect: the file has [heartbeat], which wins");
        return from_table(table?, context);
    }
    let value = if key == "url_env" { name } else { context.environment.variable(name)?.to_str()? };
    let mut values = DeTable::new();
    values.insert(Spanned::new(0..0, key.into()), Spanned::new(0..0, DeValue::String(value.into())));
    from_table(Table::new(place, values), context)
}

/// The keys of the section.
pub(super) fn schema() -> TableSchema {
    TableSchema::new(
        "An address that is asked for (GET) after each run that could check something; after any other, with /fail appended. \
         Without this section none is.",
    )
    .required_secret("url", "the address")
    .key("allow_http", "Permits http:// outside of loopback and private networks.", schema::flag(false))
}

fn from_table(mut table: Table<'_>, context: &Context<'_>) -> Option<Heartbeat> {
    let allow_http = table.flag("allow_http", false);
    let place = table.place.member("url");
    let url = context.required_secret(&mut table, "url", Form::Url);
    table.finish();
    let url = url?;
    match parse(url.value.expose_secret(), allow_http) {
        Ok(address) => {
            if address::is_unencrypted(&address) {
                let host = address.host_str().unwrap_or_default();
                place.warning(format!(
                    "requests to {host} travel unencrypted: use https if it is offered, else only in a network of your own"
                ));
            }
            Some(Heartbeat { url, timeout: TIMEOUT, allow_http })
        }
        Err(reason) => {
            place.problem(format!("the value in {} {reason}", url.origin));
            None
        }
    }
}

fn parse(typed: &str, allow_http: bool) -> Result<Url, String> {
    address::parse_receiver(typed, allow_http).map_err(|error| match error {
        AddressError::Public => "must begin with https://: http:// is for loopback and private names and addresses; to send unencrypted \
                                 all the same, set allow_http = true in [heartbeat]"
            .to_owned(),
        error => error.to_string(),
    })
}
