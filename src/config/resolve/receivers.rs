//! `[[receivers]]`: who is told what; how, is for `email` and `webhook`.

use std::collections::{BTreeSet, HashMap};

use globset::{Glob, GlobSet};

use super::super::model::{Channel, Receiver};
use super::super::reader::{Field, Table};
use super::super::suggest::suggestion;
use super::bounds::Seen;
use super::{Setting, bounds, email, subscriptions, webhook};
use crate::domain::account::ReceiverName;
use crate::domain::account_glob;
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::change::ChangeKind;
use crate::domain::route::{Kinds, Route};

/// Mistyped fallbacks beyond this are told without the nearest name: looking for it takes all names.
const MAX_SUGGESTIONS: usize = 20;

/// Of a long circle only its ends are named.
const NAMES_AT_EACH_END: usize = 5;

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
    let set = account_glob::compile(globs.iter());
    let set = set.map_err(|reason| table.problem("accounts", reason)).ok()?;
    Some((globs.iter().map(|glob| glob.glob().to_owned()).collect(), set))
}

fn glob(typed: &str) -> Result<Glob, String> {
    account_glob::parse(typed).map_err(|reason| format!("`{typed}` is no glob: {reason}"))
}

/// A fallback must be another receiver, and nobody may be their own in the end.
fn check_fallbacks(fallbacks: &[Fallback<'_>]) {
    let mut positions: HashMap<&str, usize> = HashMap::new();
    for (position, fallback) in fallbacks.iter().enumerate() {
        if let Some(name) = fallback.of.as_deref() {
            positions.entry(name).or_insert(position);
        }
    }
    let mut unknown = 0;
    for fallback in fallbacks {
        let Some(to) = &fallback.to else { continue };
        if fallback.of.as_deref() == Some(&to.value) {
            to.place.problem("is this receiver itself");
        } else if !positions.contains_key(to.value.as_str()) {
            unknown += 1;
            let names = fallbacks.iter().filter_map(|other| other.of.as_deref());
            let near = if unknown <= MAX_SUGGESTIONS { suggestion(&to.value, names) } else { String::new() };
            to.place.problem(format!("`{}` is no receiver{near}", to.value));
        }
    }
    for circle in circles(fallbacks, &positions).0 {
        let Some(first) = circle.first().and_then(|position| fallbacks.get(*position)) else { continue };
        let Some(to) = &first.to else { continue };
        let ends = circle.iter().chain(circle.first()).filter_map(|position| fallbacks.get(*position));
        let names: Vec<&str> = ends.filter_map(|member| member.of.as_deref()).collect();
        let way = if names.len() > 2 * NAMES_AT_EACH_END {
            let (head, _) = names.split_at(NAMES_AT_EACH_END);
            let (_, tail) = names.split_at(names.len() - NAMES_AT_EACH_END);
            format!("{} → … → {}", head.join(" → "), tail.join(" → "))
        } else {
            names.join(" → ")
        };
        to.place.problem(format!("leads back to this receiver: {way}"));
    }
}

/// Every circle of two or more receivers, each from its first member in the file on, with the number of steps that finding them
/// took: each receiver is visited once, since it has one fallback.
fn circles(fallbacks: &[Fallback<'_>], positions: &HashMap<&str, usize>) -> (Vec<Vec<usize>>, usize) {
    let next = |position: usize| {
        let to = fallbacks.get(position)?.to.as_ref()?;
        positions.get(to.value.as_str()).copied().filter(|next| *next != position)
    };
    // The walk that visited each, and its place on that walk.
    let mut visited: HashMap<usize, (usize, usize)> = HashMap::new();
    let (mut circles, mut steps) = (Vec::new(), 0);
    for walk in 0..fallbacks.len() {
        let (mut way, mut at) = (Vec::new(), Some(walk));
        while let Some(position) = at {
            steps += 1;
            match visited.get(&position) {
                Some((same, begin)) if *same == walk => {
                    let mut circle = way.split_off(*begin);
                    let first = circle.iter().enumerate().min_by_key(|(_, position)| **position);
                    let first = first.map_or(0, |(index, _)| index);
                    circle.rotate_left(first);
                    circles.push(circle);
                    break;
                }
                Some(_) => break,
                None => {
                    visited.insert(position, (walk, way.len()));
                    way.push(position);
                    at = next(position);
                }
            }
        }
    }
    (circles, steps)
}

#[cfg(test)]
mod tests {
    use super::super::super::problem::Findings;
    use super::super::super::reader::Place;
    use super::*;

    #[test]
    fn each_of_many_receivers_in_a_chain_of_fallbacks_is_visited_a_fixed_number_of_times() {
        let findings = Findings::default();
        let place = Place::root("a.toml", &findings);
        let field = |to: usize| Field { value: format!("r{to}"), place: place.clone() };
        for (length, closes) in [(3_000, false), (3_000, true), (2, true)] {
            let to = |index: usize| match index + 1 {
                next if next < length => Some(next),
                _ => closes.then_some(0),
            };
            let chain: Vec<Fallback<'_>> = (0..length)
                .map(|index| Fallback { of: Some(format!("r{index}")), to: to(index).map(field) })
                .collect();
            let positions =
                chain.iter().enumerate().map(|(index, link)| (link.of.as_deref().unwrap(), index)).collect();
            let (circles, steps) = circles(&chain, &positions);
            assert!(steps <= 2 * length, "{steps} steps for {length} receivers");
            let expected: Vec<Vec<usize>> = if closes { vec![(0..length).collect()] } else { Vec::new() };
            assert_eq!(circles, expected);
        }
    }
}
