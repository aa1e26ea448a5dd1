//! `[[receivers]]`: who is told what; how, is for `email` and `webhook`.

use std::collections::BTreeSet;

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::super::model::{Channel, Receiver};
use super::super::reader::{Field, Table};
use super::super::suggest::suggestion;
use super::bounds::Seen;
use super::{Setting, bounds, email, subscriptions, webhook};
use crate::domain::account::ReceiverName;
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::change::ChangeKind;
use crate::domain::route::{Kinds, Route};

/// One receiver's way out in case of failure, as typed.
struct Fallback<'f> {
    of: Option<String>,
    to: Option<Field<'f, String>>,
}

/// Reads every receiver; none at all is fine: the store and the exit status still tell.
pub(super) fn read(root: &mut Table<'_>, setting: &Setting<'_>) -> Option<Vec<Receiver>> {
    let tables = root.tables("receivers").unwrap_or_default();
    let (mut names, mut fallbacks) = (Seen::new(), Vec::new());
    let mut receivers = Vec::new();
    for table in tables {
        receivers.push(receiver(table, setting, &mut names, &mut fallbacks));
    }
    check_fallbacks(&fallbacks);
    receivers.into_iter().collect()
}

fn receiver<'f>(
    mut table: Table<'f>,
    setting: &Setting<'_>,
    names: &mut Seen<'f>,
    fallbacks: &mut Vec<Fallback<'f>>,
) -> Option<Receiver> {
    let name = table.required_text("name").and_then(|field| subscriptions::unique(field, names));
    let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
    let min_severity = bounds::word_or(&mut table, "min_severity", Severity::Info, &severities);
    let typed_kinds = table.has("kinds");
    let kinds = bounds::or(typed_kinds, table.texts("kinds").and_then(kinds), Kinds::All);
    let accounts = accounts(&mut table);
    let fallback = table.text("fallback");
    fallbacks.push(Fallback { of: name.clone(), to: fallback.clone() });
    let channel = channel(table, setting);
    let (accounts, globs) = accounts?;
    Some(Receiver {
        name: ReceiverName::new(name?),
        route: Route { min_severity: min_severity?, kinds: kinds?, accounts: globs },
        accounts,
        fallback: fallback.map(|field| ReceiverName::new(field.value)),
        channel: channel?,
    })
}

fn channel(mut table: Table<'_>, setting: &Setting<'_>) -> Option<Channel> {
    let kind = table.required_text("type");
    match kind
        .and_then(|field| field.read(|typed| bounds::word(&typed, &[("email", true), ("webhook", false)])))
    {
        Some(true) => email::read(table, setting).map(Channel::Email),
        Some(false) => webhook::read(table, setting).map(Channel::Webhook),
        // The rest stays unread: of an unknown type no key can be called unknown.
        None => None,
    }
}

fn kinds(typed: Field<'_, Vec<Field<'_, String>>>) -> Option<Kinds> {
    if typed.value.is_empty() {
        typed.place.problem("is empty: this receiver would hear nothing");
        return None;
    }
    let (mut alerts, mut changes) = (BTreeSet::new(), BTreeSet::new());
    let (mut all, mut sound) = (false, true);
    for field in typed.value {
        if field.value == "*" {
            all = true;
        } else if let Some(kind) = AlertKind::from_word(&field.value) {
            alerts.insert(kind);
        } else if let Some(kind) = ChangeKind::from_word(&field.value) {
            changes.insert(kind);
        } else {
            let known = AlertKind::ALL.map(AlertKind::as_str).into_iter();
            let near = suggestion(&field.value, known.chain(ChangeKind::ALL.map(ChangeKind::as_str)));
            field.place.problem(format!("`{}` is no kind of alert or change{near}", field.value));
            sound = false;
        }
    }
    sound.then_some(if all { Kinds::All } else { Kinds::Only { alerts, changes } })
}

/// The globs as typed, and compiled.
fn accounts(table: &mut Table<'_>) -> Option<(Vec<String>, GlobSet)> {
    let globs = if table.has("accounts") {
        let typed = table.texts("accounts")?;
        if typed.value.is_empty() {
            typed.place.problem("is empty: this receiver would hear of no account");
            return None;
        }
        let globs = typed.value.into_iter().map(|field| field.read(|typed| glob(&typed)));
        globs.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?
    } else {
        vec![glob("*").ok()?]
    };
    let mut set = GlobSetBuilder::new();
    for glob in &globs {
        set.add(glob.clone());
    }
    let set = set.build().map_err(|error| table.problem("accounts", error.to_string())).ok()?;
    Some((globs.iter().map(|glob| glob.glob().to_owned()).collect(), set))
}

fn glob(typed: &str) -> Result<Glob, String> {
    Glob::new(typed).map_err(|error| format!("`{typed}` is no glob: {}", error.kind()))
}

/// A fallback must be another receiver, and nobody may be their own in the end.
fn check_fallbacks(fallbacks: &[Fallback<'_>]) {
    for fallback in fallbacks {
        let Some(to) = &fallback.to else { continue };
        let names = || fallbacks.iter().filter_map(|other| other.of.as_deref());
        if fallback.of.as_deref() == Some(&to.value) {
            to.place.problem("is this receiver itself");
        } else if !names().any(|name| name == to.value) {
            to.place.problem(format!("`{}` is no receiver{}", to.value, suggestion(&to.value, names())));
        } else if let Some(circle) = circle(fallback, fallbacks) {
            to.place.problem(format!("leads back to this receiver: {}", circle.join(" → ")));
        }
    }
}

/// The way from `start` back to itself, told once: by the first of its members in the file.
fn circle<'c>(start: &'c Fallback<'_>, fallbacks: &'c [Fallback<'_>]) -> Option<Vec<&'c str>> {
    let position = |name: &str| fallbacks.iter().position(|other| other.of.as_deref() == Some(name));
    let first = start.of.as_deref()?;
    let mut way = vec![first];
    let mut at = start;
    // A way that is longer than there are receivers turns in another circle, which its own members tell.
    while way.len() <= fallbacks.len() {
        let next = at.to.as_ref()?.value.as_str();
        way.push(next);
        if next == first {
            return way.iter().all(|name| position(name) >= position(first)).then_some(way);
        }
        at = fallbacks.get(position(next)?)?;
    }
    None
}
