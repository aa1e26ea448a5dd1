//! `[[subscriptions]]`: what is watched.

use super::super::model::{Account, Subscription};
use super::super::reader::{Field, Table};
use super::bounds::Seen;
use super::{Setting, bounds, times};
use crate::domain::account::{AccountId, SubscriptionName};

/// Reads every subscription; there must be one.
pub(super) fn read(root: &mut Table<'_>, setting: &Setting<'_>) -> Option<Vec<Subscription>> {
    let typed = root.has("subscriptions");
    let tables = root.tables("subscriptions");
    if tables.as_ref().map_or(!typed, Vec::is_empty) {
        root.problem("subscriptions", "there is none: nothing would be watched");
    }
    let mut names = Seen::new();
    let read = tables.unwrap_or_default().into_iter().map(|table| subscription(table, setting, &mut names));
    // Gathered before judged, so that the faults of the later ones are told too.
    read.collect::<Vec<_>>().into_iter().collect()
}

/// An account without a name of its own.
pub(super) fn unnamed(id: AccountId) -> Account {
    Account { name: id.to_string(), id, ladder: None }
}

fn subscription<'f>(
    mut table: Table<'f>,
    setting: &Setting<'_>,
    names: &mut Seen<'f>,
) -> Option<Subscription> {
    let name = table.required_text("name").and_then(|field| unique(field, names));
    let token = setting.secrets().required(&mut table, "token");
    let discover = bounds::or(table.has("discover"), table.flag("discover").map(|field| field.value), false);
    let typed = table.has("accounts");
    let accounts = table.tables("accounts");
    if accounts.as_ref().map_or(!typed, Vec::is_empty) && discover == Some(false) {
        table.place.problem("names no accounts: add [[subscriptions.accounts]], or set discover = true");
    }
    let mut ids = Seen::new();
    let accounts: Vec<_> =
        accounts.unwrap_or_default().into_iter().map(|table| account(table, &mut ids)).collect();
    table.finish();
    Some(Subscription {
        name: SubscriptionName::new(name?),
        token: token?,
        discover: discover?,
        accounts: accounts.into_iter().collect::<Option<_>>()?,
    })
}

fn account<'f>(mut table: Table<'f>, ids: &mut Seen<'f>) -> Option<Account> {
    let id = table.required_text("id").and_then(|field| unique(field, ids));
    let id = id.filter(|id| {
        // A URL has no such segment, not even percent-encoded.
        let is_segment = id != "." && id != "..";
        if !is_segment {
            table.problem("id", format!("`{id}` cannot be an account's id"));
        }
        is_segment
    });
    let named = table.has("name");
    let name = table.text("name").and_then(|field| field.read(bounds::name));
    let own_leads = table.has("lead_times");
    let ladder = times::ladder(&mut table);
    table.finish();
    let account = unnamed(AccountId::new(id?));
    let name = bounds::or(named, name, account.name)?;
    let ladder = bounds::or(own_leads, ladder.map(Some), None)?;
    Some(Account { name, ladder, ..account })
}

/// A name that no other in `seen` has.
pub(super) fn unique<'f>(field: Field<'f, String>, seen: &mut Seen<'f>) -> Option<String> {
    let name = field.clone().read(bounds::name)?;
    bounds::is_first(seen, field).then_some(name)
}
