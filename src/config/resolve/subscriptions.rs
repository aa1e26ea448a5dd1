//! `[[subscriptions]]`: what is watched.

use std::collections::HashSet;

use super::super::apart::plain;
use super::super::file::Text;
use super::super::model::{Account, Subscription};
use super::super::reader::{Field, MAX_TEXT, Table};
use super::super::secret_shape::is_certainly_secret;
use super::bounds::Seen;
use super::{Document, Setting, bounds, times};
use crate::domain::account::{AccountId, SubscriptionName};

/// Reads every subscription; there must be one.
pub(super) fn read(
    root: &mut Table<'_>,
    document: Document<'_>,
    setting: &Setting<'_>,
) -> Option<Vec<Subscription>> {
    let typed = root.has("subscriptions");
    let tables = root.tables("subscriptions");
    if tables.as_ref().map_or(!typed, Vec::is_empty) {
        root.problem("subscriptions", "there is none: nothing would be watched");
    }
    let mut names = Seen::new();
    let read = tables.unwrap_or_default().into_iter().enumerate().map(|(index, table)| {
        let apart = document.accounts.get(index).map(Vec::as_slice).unwrap_or_default();
        subscription(table, Apart { text: document.text, accounts: apart }, setting, &mut names)
    });
    // Gathered before judged, so that the faults of the later ones are told too.
    read.collect::<Vec<_>>().into_iter().collect()
}

/// An account without a name of its own.
pub(super) fn unnamed(id: AccountId) -> Account {
    Account { name: id.to_string(), id, ladder: None }
}

/// The accounts of one subscription that stand in no tree of values. Whatever is wrong with them need only be told at all: it
/// is told well when the file is read as a whole.
#[derive(Clone, Copy)]
struct Apart<'a> {
    text: &'a Text,
    accounts: &'a [&'a str],
}

impl Apart<'_> {
    fn read(self, table: &Table<'_>) -> Option<Vec<Account>> {
        let list = table.place.member("accounts");
        let read = self.accounts.iter().enumerate().map(|(index, content)| {
            let is_sound = |(id, name): &(&str, Option<&str>)| {
                let texts = [Some(*id), *name];
                texts.into_iter().flatten().all(|text| text.len() <= MAX_TEXT)
                    && is_segment(id)
                    && !is_certainly_secret(id)
                    && !name.is_some_and(is_certainly_secret)
            };
            if let Some((id, name)) = plain(content).filter(is_sound) {
                let account = unnamed(AccountId::new(id));
                return Some(Account { name: name.map_or(account.name, str::to_owned), ..account });
            }
            let place = list.element(index);
            let values = self.text.parse(content).map_err(|problem| place.problem(problem.reason)).ok()?;
            account(Table::new(place, values), &mut Seen::new())
        });
        let accounts: Vec<Account> = read.collect::<Option<_>>()?;
        let ids: HashSet<&AccountId> = accounts.iter().map(|account| &account.id).collect();
        if ids.len() < accounts.len() {
            list.problem("names an account twice");
        }
        Some(accounts)
    }
}

fn subscription<'f>(
    mut table: Table<'f>,
    apart: Apart<'_>,
    setting: &Setting<'_>,
    names: &mut Seen<'f>,
) -> Option<Subscription> {
    let name = table.required_text("name").and_then(|field| unique(field, names));
    let token = setting.secrets().required(&mut table, "token");
    let discover = bounds::or(table.has("discover"), table.flag("discover").map(|field| field.value), false);
    let typed = table.has("accounts");
    let accounts = table.tables("accounts");
    if typed && !apart.accounts.is_empty() {
        table.problem("accounts", "stands in two places");
    }
    if apart.accounts.is_empty() && accounts.as_ref().map_or(!typed, Vec::is_empty) && discover == Some(false)
    {
        table.place.problem("names no accounts: add [[subscriptions.accounts]], or set discover = true");
    }
    let mut ids = Seen::new();
    let accounts: Vec<_> =
        accounts.unwrap_or_default().into_iter().map(|table| account(table, &mut ids)).collect();
    let apart = apart.read(&table);
    table.finish();
    Some(Subscription {
        name: SubscriptionName::new(name?),
        token: token?,
        discover: discover?,
        accounts: accounts.into_iter().chain(apart?.into_iter().map(Some)).collect::<Option<_>>()?,
    })
}

fn account<'f>(mut table: Table<'f>, ids: &mut Seen<'f>) -> Option<Account> {
    let id = table.required_text("id").and_then(|field| unique(field, ids));
    let id = id.filter(|id| {
        if !is_segment(id) {
            table.problem("id", format!("`{id}` cannot be an account's id"));
        }
        is_segment(id)
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

/// Whether a URL can have such a segment: these it has not, not even percent-encoded.
fn is_segment(id: &str) -> bool {
    id != "." && id != ".."
}

/// A name that no other in `seen` has.
pub(super) fn unique<'f>(field: Field<'f, String>, seen: &mut Seen<'f>) -> Option<String> {
    let name = field.clone().read(bounds::name)?;
    bounds::is_first(seen, field).then_some(name)
}
