//! `[[subscriptions]]`: which accounts are watched, and with which token.

use serde_json::json;

use super::super::context::Context;
use super::super::model::{Account, Subscription};
use super::super::place::Seen;
use super::super::schema::{self, Schema, TableSchema};
use super::super::secrets::Form;
use super::super::table::Table;
use super::super::values;
use super::times;
use crate::domain::account::{AccountId, SubscriptionName};

/// Reads every subscription; at least one is required.
pub(super) fn read(root: &mut Table<'_>, context: &Context<'_>) -> Option<Vec<Subscription>> {
    if root.is_empty("subscriptions") {
        root.place.problem("no [[subscriptions]]: nothing would be watched");
    }
    let mut names = Seen::new();
    let tables = root.tables("subscriptions");
    let read = tables.map(|table| subscription(table, context, &mut names));
    // Collected first, so that the problems of all are reported.
    read.collect::<Vec<_>>().into_iter().collect()
}

/// An account without a name of its own.
pub(super) fn unnamed(id: AccountId) -> Account {
    Account { name: id.to_string(), id, lead_times: None }
}

/// The list that [`read`] reads.
pub(super) fn schema() -> Schema {
    let account = TableSchema::new("An account to watch.")
        .required("id", "The account's id at useapi.net, in quotes.", schema::name())
        .key("name", "Your name for it. Default: the id.", schema::name())
        .key(
            "lead_times",
            "When you are warned of its expiry. Default: as in [expiry].",
            times::lead_times_schema(),
        );
    let subscription =
        TableSchema::new("An API token of useapi.net, and the accounts that are watched with it.")
            .required("name", "Your name for it, as it appears in messages.", schema::name())
            .required_secret("token", "the API token")
            .key("discover", "Also watch every account that the API lists.", schema::flag(false))
            .key(
                "accounts",
                "Accounts by name: needed unless discover = true.",
                schema::table_list(account.build()),
            )
            .rule(
                "anyOf",
                json!([
                    { "properties": { "accounts": { "minItems": 1 } }, "required": ["accounts"] },
                    { "properties": { "discover": { "const": true } }, "required": ["discover"] },
                ]),
            );
    schema::table_list(subscription.build()).with("minItems", 1)
}

fn subscription(mut table: Table<'_>, context: &Context<'_>, names: &mut Seen) -> Option<Subscription> {
    let name = table.required("name").and_then(|field| field.unique_name(names));
    let token = context.required_secret(&mut table, "token", Form::Token);
    let discover = table.flag("discover", false);
    if table.has_no_accounts() && !discover {
        table.place.problem("no accounts: add [[subscriptions.accounts]], or set discover = true");
    }
    let mut ids = Seen::new();
    let accounts: Vec<_> = table.accounts().map(|table| account(table, &mut ids)).collect();
    table.finish();
    Some(Subscription {
        name: SubscriptionName::new(name?),
        token: token?,
        discover,
        accounts: accounts.into_iter().collect::<Option<_>>()?,
    })
}

fn account(mut table: Table<'_>, ids: &mut Seen) -> Option<Account> {
    let id = table.required("id").and_then(|field| {
        let id = field.unique_name(ids)?;
        // A URL cannot hold these as a segment, not even percent-encoded.
        if id == "." || id == ".." {
            field.place.problem(format!("\"{id}\" cannot be the id of an account"));
        }
        Some(AccountId::new(id))
    });
    let name = table.text("name").and_then(|field| field.parse(values::name));
    let lead_times = times::lead_times(&mut table);
    table.finish();
    let account = unnamed(id?);
    Some(Account { name: name.unwrap_or(account.name), lead_times, id: account.id })
}
