//! One receiver: which notifications it gets, and the keys of its type.

use std::collections::BTreeSet;

use globset::GlobSet;
use serde_json::json;
use strum::IntoEnumIterator;

use super::super::context::Context;
use super::super::model::{Channel, OwnTemplates, Receiver, WebhookFormat};
use super::super::place::{Field, Seen};
use super::super::schema::{self, Schema, TableSchema};
use super::super::suggest::{choose, unknown};
use super::super::table::Table;
use super::super::values;
use super::fallbacks::Fallback;
use super::known_services::Service;
use super::{alertmanager, chat_webhook, email, exec, ntfy, pagerduty, telegram, templates, webhook};
use crate::domain::account::ReceiverName;
use crate::domain::account_glob;
use crate::domain::alerts::{AlertKind, Severity};
use crate::domain::change::ChangeKind;
use crate::domain::quiet_hours::QuietHours;
use crate::domain::route::{Kinds, Route};
use crate::domain::schedule::Schedule;
use crate::domain::time_zone::TimeZone;

/// The type that is sent no messages.
const ALERTMANAGER: &str = "alertmanager";

/// One type of receiver.
#[derive(Clone, Copy)]
struct Type {
    /// Reads its keys.
    read: fn(Table<'_>, &Context<'_>) -> Option<Channel>,
    /// Describes them.
    schema: fn() -> TableSchema,
}

/// By the name of the type, that of its [`Channel`].
const TYPES: &[(&str, Type)] = &[
    (
        "email",
        Type {
            read: |table, context| email::read(table, context).map(Channel::Email),
            schema: email::schema,
        },
    ),
    (
        "webhook",
        Type {
            read: |table, context| webhook::read(table, context).map(Channel::Webhook),
            schema: webhook::schema,
        },
    ),
    (
        "telegram",
        Type {
            read: |table, context| telegram::read(table, context).map(Channel::Telegram),
            schema: telegram::schema,
        },
    ),
    (
        "ntfy",
        Type { read: |table, context| ntfy::read(table, context).map(Channel::Ntfy), schema: ntfy::schema },
    ),
    (
        "discord",
        Type {
            read: |table, context| chat_webhook::read(table, context, Service::Discord).map(Channel::Discord),
            schema: || chat_webhook::schema("A webhook of a Discord channel."),
        },
    ),
    (
        "slack",
        Type {
            read: |table, context| chat_webhook::read(table, context, Service::Slack).map(Channel::Slack),
            schema: || chat_webhook::schema("An incoming webhook of Slack."),
        },
    ),
    (
        "pagerduty",
        Type {
            read: |table, context| pagerduty::read(table, context).map(Channel::PagerDuty),
            schema: pagerduty::schema,
        },
    ),
    (
        ALERTMANAGER,
        Type {
            read: |table, context| alertmanager::read(table, context).map(Channel::Alertmanager),
            schema: alertmanager::schema,
        },
    ),
    ("exec", Type { read: |table, _| exec::read(table).map(Channel::Exec), schema: exec::schema }),
];

/// Reads one receiver.
pub(super) fn receiver<'f>(
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
    let timezone = table.parsed("timezone", TimeZone::UTC, values::timezone);
    let digest = table
        .text("digest")
        .map(|field| field.parse(|typed| Schedule::parse(typed, timezone.clone(), context.now)));
    let quiet_hours = table.text("quiet_hours");
    let quiet_hours =
        quiet_hours.and_then(|field| field.parse(|typed| QuietHours::parse(typed, timezone.clone())));
    fallbacks.push(Fallback { receiver: name.clone(), to: fallback.clone() });
    // Which keys an unknown type has is not known: they stay unread.
    let kind = kind.and_then(|field| {
        let kind = field.parse(|typed| choose("type", typed, TYPES))?;
        Some((field.value, kind))
    });
    let name_of_type = kind.as_ref().map_or("", |(name, _)| name);
    let templates = templates::read(&mut table, name_of_type, context);
    if name_of_type == ALERTMANAGER {
        for (key, is_given) in [("digest", digest.is_some()), ("quiet_hours", quiet_hours.is_some())] {
            if is_given {
                let reason =
                    "is for receivers that are sent messages: Alertmanager decides what it sends, and when";
                table.problem(key, reason);
            }
        }
    }
    let place = table.place.clone();
    let channel = kind.and_then(|(_, kind)| (kind.read)(table, context));
    if templates.text.is_some()
        && matches!(&channel, Some(Channel::Webhook(webhook)) if webhook.format != WebhookFormat::Text)
    {
        place
            .member("text_template_file")
            .problem("is for format = \"text\" only: the other formats have a fixed form");
    }
    let (accounts, globs) = accounts?;
    Some(Receiver {
        name: ReceiverName::new(name?),
        route: Route { min_severity, kinds, accounts: globs },
        accounts,
        fallback: fallback.map(|field| ReceiverName::new(field.value)),
        digest: digest.map_or(Some(None), |read| read.map(Some))?,
        timezone,
        quiet_hours,
        supervisor: context.environment.supervisor(),
        templates,
        channel: channel?,
    })
}

/// The list of receivers, each with the keys of its type.
pub(super) fn schema() -> Schema {
    let receivers: Vec<_> =
        TYPES.iter().map(|(name, kind)| common_schema((kind.schema)(), name).build()).collect();
    schema::table_list(json!({ "oneOf": receivers }))
}

/// The keys of every receiver, beside those of the type `kind`.
fn common_schema(table: TableSchema, kind: &str) -> TableSchema {
    let severities: Vec<Severity> = Severity::iter().collect();
    let kinds = AlertKind::iter().map(AlertKind::as_str).chain(ChangeKind::iter().map(ChangeKind::as_str));
    let table = templates::schema(table, kind)
        .rule("title", format!("type = \"{kind}\"").into())
        .required("name", "Your name for it.", schema::name())
        .required("type", "How it is reached.", schema::constant(kind))
        .key(
            "min_severity",
            "Nothing less severe than this is sent.",
            schema::choice(severities.into_iter().map(Severity::as_str)).default(Severity::Info.as_str()),
        )
        .key(
            "kinds",
            "Kinds of alerts and changes that are sent; *: all.",
            schema::list(schema::choice(std::iter::once("*").chain(kinds))).default(vec!["*"]),
        )
        .key(
            "accounts",
            "Only accounts whose name or id matches one of these globs.",
            schema::list(schema::text()).default(vec!["*"]),
        )
        .key(
            "fallback",
            "The receiver that is notified when this one fails. Default: every other one that takes delivery_failing.",
            schema::name(),
        )
        .key("timezone", "Messages show its time beside UTC; digest and quiet_hours are read in it.", schema::time_zone());
    if kind == ALERTMANAGER {
        return table;
    }
    table
        .key(
            "digest",
            "When a digest is sent, also when all is well; as schedule.cron. Default: none.",
            schema::cron(),
        )
        .key(
            "quiet_hours",
            "From the first time of day to the second one, only what is critical is sent. Default: none.",
            schema::quiet_hours(),
        )
}

/// A receiver of everything.
pub(super) fn unrouted(name: &str, channel: Channel, context: &Context<'_>) -> Option<Receiver> {
    let all = account_glob::parse("*").ok()?;
    let accounts = account_glob::compile([all].iter()).ok()?;
    Some(Receiver {
        name: ReceiverName::new(name),
        route: Route { min_severity: Severity::Info, kinds: Kinds::All, accounts },
        accounts: vec!["*".to_owned()],
        fallback: None,
        digest: None,
        timezone: TimeZone::UTC,
        quiet_hours: None,
        supervisor: context.environment.supervisor(),
        templates: OwnTemplates::default(),
        channel,
    })
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
