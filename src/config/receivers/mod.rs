//! `[[receivers]]`: who is notified of what. How each type is reached is read by its own file.

mod email;
mod fallbacks;
mod webhook;

pub(super) use webhook::signing_secrets;

use std::collections::BTreeSet;
use strum::IntoEnumIterator;

use globset::GlobSet;

use super::context::Context;
use super::model::{Channel, Receiver};
use super::page::Page;
use super::place::{Field, Seen};
use super::suggest::{choose, unknown};
use super::table::Table;
use crate::domain::account::ReceiverName;
use crate::domain::account_glob;
use crate::domain::alerts::{AlertKind, Severity};
use crate::domain::change::ChangeKind;
use crate::domain::route::{Kinds, Route};
use fallbacks::Fallback;

/// Reads the keys of one type of receiver.
type ReadChannel = fn(Table<'_>, &Context<'_>) -> Option<Channel>;

/// By the name of the type, that of its [`Channel`].
const TYPES: &[(&str, ReadChannel)] = &[
    ("email", |table, context| email::read(table, context).map(Channel::Email)),
    ("webhook", |table, context| webhook::read(table, context).map(Channel::Webhook)),
];

/// Reads every receiver. None at all is valid: `status` and the exit status of `check` still report alerts.
pub(super) fn read(root: &mut Table<'_>, context: &Context<'_>) -> Option<Vec<Receiver>> {
    let (mut names, mut fallbacks) = (Seen::new(), Vec::new());
    let tables = root.tables("receivers");
    let receivers: Vec<Option<Receiver>> =
        tables.map(|table| receiver(table, context, &mut names, &mut fallbacks)).collect();
    fallbacks::check(&fallbacks);
    receivers.into_iter().collect()
}

fn receiver<'f>(
    mut table: Table<'f>,
    context: &Context<'_>,
    names: &mut Seen,
    fallbacks: &mut Vec<Fallback<'f>>,
) -> Option<Receiver> {
    let name = table.required("name").and_then(|field| field.unique_name(names));
    let kind = table.required("type");
    let min_severity =
        table.choice("min_severity", Severity::Info, &Severity::iter().collect::<Vec<_>>(), Severity::as_str);
    let kinds = table.texts("kinds").map_or(Kinds::All, |typed| kinds(&typed));
    let accounts = accounts(&mut table);
    let fallback = table.text("fallback");
    fallbacks.push(Fallback { receiver: name.clone(), to: fallback.clone() });
    // Which keys an unknown type has is not known: they stay unread.
    let read = kind.and_then(|field| field.parse(|typed| choose("type", typed, TYPES)));
    let channel = read.and_then(|read| read(table, context));
    let (accounts, globs) = accounts?;
    Some(Receiver {
        name: ReceiverName::new(name?),
        route: Route { min_severity, kinds, accounts: globs },
        accounts,
        fallback: fallback.map(|field| ReceiverName::new(field.value)),
        channel: channel?,
    })
}

/// Shows the keys of the receiver's type.
pub(super) fn show(channel: &Channel, page: &mut Page) {
    match channel {
        Channel::Email(email) => email::show(email, page),
        Channel::Webhook(webhook) => webhook::show(webhook, page),
    }
}

fn kinds(typed: &Field<'_, Vec<Field<'_, String>>>) -> Kinds {
    if typed.value.is_empty() {
        typed.place.problem("is empty: this receiver would get no notifications");
    }
    let (mut alerts, mut changes, mut all) = (BTreeSet::new(), BTreeSet::new(), false);
    for field in &typed.value {
        if field.value == "*" {
            all = true;
        } else if let Ok(kind) = field.value.parse::<AlertKind>() {
            alerts.insert(kind);
        } else if let Ok(kind) = field.value.parse::<ChangeKind>() {
            changes.insert(kind);
        } else {
            let known = AlertKind::iter().map(AlertKind::as_str);
            let known = known.chain(ChangeKind::iter().map(ChangeKind::as_str));
            field.place.problem(unknown("kind", &field.value, known));
        }
    }
    if all { Kinds::All } else { Kinds::Only { alerts, changes } }
}

/// The globs as typed, and compiled.
fn accounts(table: &mut Table<'_>) -> Option<(Vec<String>, GlobSet)> {
    let globs = match table.texts("accounts") {
        Some(typed) => {
            if typed.value.is_empty() {
                typed.place.problem("is empty: this receiver would get no notifications about any account");
            }
            let glob = |typed: &str| {
                account_glob::parse(typed).map_err(|reason| format!("\"{typed}\" is not a glob: {reason}"))
            };
            typed.value.iter().filter_map(|field| field.parse(glob)).collect()
        }
        None => vec![account_glob::parse("*").ok()?],
    };
    let set = account_glob::compile(globs.iter());
    let set = set.map_err(|reason| table.problem("accounts", reason)).ok()?;
    Some((globs.iter().map(|glob| glob.glob().to_owned()).collect(), set))
}

#[cfg(test)]
mod tests {
    use strum::VariantNames;

    use super::*;

    #[test]
    fn every_type_can_be_configured_by_its_name() {
        let mut names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        let mut variants = Channel::VARIANTS.to_vec();
        variants.sort_unstable();
        assert_eq!(names, variants);
    }
}
