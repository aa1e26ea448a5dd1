//! The sections of the file: what was typed becomes what it means.
//!
//! Guarantees: the defaults of the sections are here, those of receivers in `receivers`; a section with a problem does not
//! hide those of the others. Leaves types and unknown keys to `table`.

mod api;
mod credits;
mod heartbeat;
mod http;
mod jobs;
mod plan;
mod store;
mod subscriptions;
mod times;

pub use api::DEFAULT_BASE_URL;

use toml::de::DeTable;

use super::context::Context;
use super::diagnostics::{Diagnostics, Problem};
use super::file::Text;
use super::find::USUAL_PLACES;
use super::model::{Config, Origin, Receiver, Secret, Subscription};
use super::place::Place;
use super::receivers;
use super::schema::TableSchema;
use super::secrets::{self, Form};
use super::table::Table;
use crate::domain::account::{AccountId, SubscriptionName};

/// The variable that holds the token when there is no configuration file.
const TOKEN_VARIABLE: &str = "USEAPI_TOKEN";

/// Keys that are often typed outside of their table.
const MISPLACED: [(&str, &str); 2] = [
    ("accounts", "unknown key (did you mean [[subscriptions.accounts]]?)"),
    ("smtp", "unknown key (did you mean smtp in a [[receivers]] of type \"email\"?)"),
];

/// The schema of the whole file.
pub(super) fn schema() -> serde_json::Value {
    TableSchema::new("The configuration of minimax-watch. Secrets are never in it: X_file or X_env says where each one is.")
        .required("subscriptions", "What is watched: one table for each API token of useapi.net.", subscriptions::schema())
        .table("api", api::schema())
        .table("schedule", times::schedule_schema())
        .table("expiry", times::expiry_schema())
        .table("alerts", times::alerts_schema())
        .table("plan", plan::schema())
        .table("jobs", jobs::schema())
        .table("credits", credits::schema())
        .key(
            "receivers",
            "Where notifications are sent. Without a receiver, only status and the exit status of check report alerts.",
            receivers::schema(),
        )
        .table("store", store::schema())
        .table("http", http::schema())
        .table("heartbeat", heartbeat::schema())
        .document("urn:minimax-watch:config:v1", "minimax-watch.toml")
}

/// The configuration in `values`, which `file` and overrides hold.
///
/// # Errors
/// With the receivers that are valid, after a problem was recorded.
pub(super) fn from_file(
    file: &Text,
    values: DeTable<'_>,
    context: &Context<'_>,
    diagnostics: &Diagnostics,
) -> Result<Config, Vec<Receiver>> {
    let mut root = Table::new(Place::file(file, diagnostics), values);
    let subscriptions = subscriptions::read(&mut root, context);
    finish(root, context, subscriptions, diagnostics)
}

/// The configuration without a file: the subscription `default`, and the overrides in `values`.
///
/// # Errors
/// As [`from_file`].
pub(super) fn from_environment(
    accounts: &[AccountId],
    values: DeTable<'_>,
    context: &Context<'_>,
    diagnostics: &Diagnostics,
) -> Result<Config, Vec<Receiver>> {
    let root = Table::new(Place::root("without a configuration file", diagnostics), values);
    let subscriptions = token_in_environment(context, diagnostics).map(|token| {
        let name = SubscriptionName::new("default");
        let accounts = accounts.iter().cloned().map(subscriptions::unnamed).collect();
        // Also when accounts are named, so that a check of some keeps those that were discovered before.
        vec![Subscription { name, token, discover: true, accounts }]
    });
    finish(root, context, subscriptions, diagnostics)
}

fn token_in_environment(context: &Context<'_>, diagnostics: &Diagnostics) -> Option<Secret> {
    let Some(value) = context.environment.variable(TOKEN_VARIABLE) else {
        let reason = format!(
            "no configuration file was found (neither {}), and the environment variable USEAPI_TOKEN is not set: \
             set it to the API token, or name a file with --config",
            USUAL_PLACES.join(" nor ")
        );
        diagnostics.problem(|| Problem::new("", "", reason));
        return None;
    };
    let place = Place::root("environment variable USEAPI_TOKEN", diagnostics);
    let value = secrets::token_in_variable(value, &place)?;
    Some(Secret { value, origin: Origin::Environment(TOKEN_VARIABLE.to_owned()) })
}

/// The API token in what `origin` names; `named_by` is the option or variable that does.
pub(super) fn api_token(
    origin: &Origin,
    named_by: &str,
    context: &Context<'_>,
    diagnostics: &Diagnostics,
) -> Option<Secret> {
    let mut table = secrets::table_with("token", origin, Place::root(named_by, diagnostics))?;
    context.secret(&mut table, "token", Form::Token)
}

/// Reads everything but the subscriptions.
fn finish(
    mut root: Table<'_>,
    context: &Context<'_>,
    subscriptions: Option<Vec<Subscription>>,
    diagnostics: &Diagnostics,
) -> Result<Config, Vec<Receiver>> {
    let api = api::read(section(&mut root, "api"));
    let schedule = times::schedule(section(&mut root, "schedule"), context.now);
    let expiry = times::expiry(section(&mut root, "expiry"));
    let alerts = times::alerts(section(&mut root, "alerts"));
    let plan = plan::read(section(&mut root, "plan"));
    let jobs = jobs::read(section(&mut root, "jobs"));
    let credits = credits::read(section(&mut root, "credits"));
    let (receivers, are_all_valid) = receivers::read(&mut root, context, diagnostics);
    let store = store::read(section(&mut root, "store"), context);
    let http = http::read(root.table("http"), context);
    let heartbeat = heartbeat::read(root.table("heartbeat"), context, diagnostics);
    for (key, reason) in MISPLACED {
        root.refuse(key, reason);
    }
    root.finish();
    match (subscriptions, schedule, store) {
        (Some(subscriptions), Some(schedule), Some(store)) if are_all_valid => Ok(Config {
            subscriptions,
            api,
            schedule,
            expiry,
            alerts,
            plan,
            jobs,
            credits,
            receivers,
            store,
            http,
            heartbeat,
            supervisor: context.environment.supervisor(),
        }),
        _ => Err(receivers),
    }
}

/// The table `name`; an absent one is an empty one.
fn section<'f>(root: &mut Table<'f>, name: &'static str) -> Table<'f> {
    let place = root.place.member(name);
    root.table(name).unwrap_or_else(|| Table::new(place, DeTable::new()))
}
