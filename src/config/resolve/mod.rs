//! What was typed, turned into what it means: one file per section, in the order of the documentation.
//!
//! Promises: every default and every check of a configuration stands below this module and nowhere else; a section with
//! a fault does not hide the faults of the others. Leaves types and unknown keys to `reader`.

mod api;
mod bounds;
mod email;
mod receivers;
mod store;
mod subscriptions;
mod times;
mod webhook;

pub(super) use webhook::named as signing;

use std::path::Path;

use config::{Map, Value};

use super::apart::Accounts;
use super::environment::Environment;
use super::file::Text;
use super::model::{Config, Origin, Secret, Subscription};
use super::problem::{Findings, Problem};
use super::reader::{Place, Table};
use super::secrets::Secrets;
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::time::Timestamp;

/// The variable that holds the token when there is no configuration file.
pub(super) const BARE_TOKEN: &str = "USEAPI_TOKEN";

const LATER: &str = "is not available in this version";

/// What every section may need besides its own keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    /// The environment.
    pub(super) environment: &'a Environment,
    /// The folder that relative paths start from.
    pub(super) folder: &'a Path,
    /// The moment of loading.
    pub(super) now: Timestamp,
}

impl<'a> Setting<'a> {
    const fn secrets(&self) -> Secrets<'a> {
        Secrets { environment: self.environment, folder: self.folder }
    }
}

/// What is read, and which accounts stand in no tree of values.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    /// The file.
    pub(super) text: &'a Text,
    /// What stands under accounts' headers, by subscription.
    pub(super) accounts: &'a Accounts<'a>,
}

/// The configuration that stands in `values`, the layers of `document`.
pub(super) fn from_file(
    document: Document<'_>,
    values: Map<String, Value>,
    setting: &Setting<'_>,
    findings: &Findings,
) -> Option<Config> {
    let mut root = Table::new(Place::root(&document.text.name, findings), values);
    let subscriptions = subscriptions::read(&mut root, document, setting);
    let config = sections(&mut root, setting, subscriptions);
    root.finish();
    config
}

/// The configuration without a file: the subscription `default`, and the overrides in `values`.
pub(super) fn bare(
    accounts: &[AccountId],
    values: Map<String, Value>,
    setting: &Setting<'_>,
    findings: &Findings,
) -> Option<Config> {
    let mut root = Table::new(Place::root("without a configuration file", findings), values);
    let subscriptions = bare_token(setting, findings).map(|token| {
        let name = SubscriptionName::new("default");
        let accounts: Vec<_> = accounts.iter().cloned().map(subscriptions::unnamed).collect();
        // Also when accounts are named, so that a look at some forgets nothing of those found before.
        vec![Subscription { name, token, discover: true, accounts }]
    });
    let config = sections(&mut root, setting, subscriptions);
    root.finish();
    config
}

fn bare_token(setting: &Setting<'_>, findings: &Findings) -> Option<Secret> {
    let Some(value) = setting.environment.variable(BARE_TOKEN) else {
        let reason = "no configuration file was found, and the environment variable USEAPI_TOKEN is not set: \
                      set it to the API token, or name a file with --config";
        findings.problem(|| Problem::new("", "", reason));
        return None;
    };
    let place = Place::root("environment variable USEAPI_TOKEN", findings);
    let value = super::secrets::token(value, &place)?;
    Some(Secret { value, origin: Origin::Environment(BARE_TOKEN.to_owned()) })
}

/// Everything but the subscriptions, which a run without a file has from elsewhere.
fn sections(
    root: &mut Table<'_>,
    setting: &Setting<'_>,
    subscriptions: Option<Vec<Subscription>>,
) -> Option<Config> {
    let api = api::read(section(root, "api"));
    let schedule = times::schedule(section(root, "schedule"), setting.now);
    let expiry = times::expiry(section(root, "expiry"));
    let alerts = times::alerts(section(root, "alerts"));
    let receivers = receivers::read(root, setting);
    let store = store::read(section(root, "store"), setting);
    root.refuse("http", LATER);
    root.refuse("heartbeat", LATER);
    Some(Config {
        subscriptions: subscriptions?,
        api: api?,
        schedule: schedule?,
        expiry: expiry?,
        alerts: alerts?,
        receivers: receivers?,
        store: store?,
    })
}

/// The table `name`; an absent one is an empty one.
fn section<'f>(root: &mut Table<'f>, name: &str) -> Table<'f> {
    let place = root.place.member(name);
    root.table(name).unwrap_or_else(|| Table::new(place, Map::new()))
}
