//! Checks that several sections share. Each reason is the rest of a sentence that begins with the key.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use chrono::TimeDelta;

use super::super::reader::{Field, Place, Table};
use super::super::secret_shape::is_certainly_secret;
use super::super::suggest::suggestion;
use crate::domain::span;

/// The shortest and the longest length that makes sense.
pub(super) type Span = (TimeDelta, TimeDelta);

/// Greater than nothing: lengths are whole seconds.
pub(super) const SECOND: TimeDelta = TimeDelta::seconds(1);

/// A year and its leap day.
pub(super) const YEAR: TimeDelta = TimeDelta::days(365);

/// A length of time between `least` and `most`.
pub(super) fn length(typed: &str, (least, most): Span) -> Result<TimeDelta, String> {
    let length = span::parse(typed).map_err(|error| error.to_string())?;
    if length < least {
        return Err(format!("`{typed}` is shorter than {}", span::text(least)));
    }
    if length > most {
        return Err(format!("`{typed}` is longer than {}", span::text(most)));
    }
    Ok(length)
}

/// The length at `key`, else `default`; none when it was refused.
pub(super) fn length_or(
    table: &mut Table<'_>,
    key: &str,
    default: TimeDelta,
    within: Span,
) -> Option<TimeDelta> {
    or(table.has(key), table.text(key).and_then(|field| field.read(|typed| length(&typed, within))), default)
}

/// How long one whole request may take: the same rule for the vendor and for webhooks.
pub(super) fn timeout(table: &mut Table<'_>) -> Option<Duration> {
    timeout_or(table, TimeDelta::seconds(15))
}

/// The same with another `default`.
pub(super) fn timeout_or(table: &mut Table<'_>, default: TimeDelta) -> Option<Duration> {
    let within = (SECOND, TimeDelta::minutes(10));
    length_or(table, "timeout", default, within).and_then(|length| length.to_std().ok())
}

/// What was read, or `default` when nothing was typed; what was typed and refused stays refused.
pub(super) fn or<T>(typed: bool, read: Option<T>, default: T) -> Option<T> {
    if typed { read } else { Some(default) }
}

/// The meaning of a word among `known`; anything else is refused with the nearest one.
pub(super) fn word<T: Copy>(typed: &str, known: &[(&str, T)]) -> Result<T, String> {
    let words = || known.iter().map(|(word, _)| *word);
    known.iter().find(|(word, _)| *word == typed).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let choice = words().collect::<Vec<_>>().join(", ");
        format!("`{typed}` is none of {choice}{}", suggestion(typed, words()))
    })
}

/// The word at `key` among `known`, else `default`; none when it was refused.
pub(super) fn word_or<T: Copy>(
    table: &mut Table<'_>,
    key: &str,
    default: T,
    known: &[(&str, T)],
) -> Option<T> {
    or(table.has(key), table.text(key).and_then(|field| field.read(|typed| word(&typed, known))), default)
}

/// A name that people give and read.
pub(super) fn name(typed: String) -> Result<String, &'static str> {
    if typed.trim().is_empty() {
        return Err("is empty");
    }
    if typed.chars().any(char::is_control) {
        return Err("holds a control character");
    }
    if is_certainly_secret(&typed) {
        return Err("looks like a secret, and would be printed as a name");
    }
    Ok(typed)
}

/// Names that were met, and where.
pub(super) type Seen<'f> = HashMap<String, Place<'f>>;

/// Records a second bearer of the same name; whether `field` is the first.
pub(super) fn is_first<'f>(seen: &mut Seen<'f>, field: Field<'f, String>) -> bool {
    match seen.entry(field.value) {
        Entry::Vacant(vacant) => {
            vacant.insert(field.place);
            true
        }
        Entry::Occupied(earlier) => {
            let (name, first) = (earlier.key(), earlier.get().key());
            field.place.problem(format!("`{name}` is the same as {first}"));
            false
        }
    }
}
