//! Reads a tree of values key by key.
//!
//! Guarantees: each key is read once, by its type. Every problem is recorded with its place and reading goes on with the default, so
//! that all problems are reported at once; [`Table::finish`] reports the keys that no section knows. A text of the wrong type is not
//! echoed: it may be a misplaced secret. Leaves the meaning of values to `sections` and `receivers`.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use chrono::TimeDelta;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::place::{Field, Place};
use super::suggest::{choose, unknown_key};
use super::values;

/// Bytes of a text: the longest path that the system accepts. Addresses, expressions, durations and names are far shorter, and some of
/// their parsers take long over very long ones.
const MAX_TEXT: usize = 4_096;

const ACCOUNTS: &str = "accounts";

/// A table that is being read. It has no `Debug`: an unread value may be a misplaced secret.
pub(super) struct Table<'f> {
    pub(super) place: Place<'f>,
    unread: DeTable<'f>,
    known: Vec<Cow<'static, str>>,
}

/// The name of a key that a section reads.
pub(super) trait Key: Into<Cow<'static, str>> {}

impl<T: Into<Cow<'static, str>>> Key for T {}

impl<'f> Table<'f> {
    pub(super) fn new(place: Place<'f>, values: DeTable<'f>) -> Self {
        Self { place, unread: values, known: Vec::new() }
    }

    /// Whether `key` is given and unread.
    pub(super) fn has(&self, key: &str) -> bool {
        self.unread.contains_key(key)
    }

    /// Whether `key` is absent or an empty list.
    pub(super) fn is_empty(&self, key: &str) -> bool {
        let is_empty = |value: &DeValue<'_>| value.as_array().is_some_and(|values| values.is_empty());
        self.unread.get(key).is_none_or(|value| is_empty(value.get_ref()))
    }

    /// Every key that is given and unread.
    pub(super) fn keys(&self) -> Vec<String> {
        self.unread.keys().map(|key| key.get_ref().to_string()).collect()
    }

    /// Whether `key` is given as a table, and unread.
    pub(super) fn is_table(&self, key: &str) -> bool {
        self.unread.get(key).is_some_and(|value| value.get_ref().is_table())
    }

    pub(super) fn text(&mut self, key: impl Key) -> Option<Field<'f, String>> {
        self.take(key, text)
    }

    /// Text, or a whole number as text.
    pub(super) fn text_or_number(&mut self, key: impl Key) -> Option<Field<'f, String>> {
        self.take(key, |value, place| match value {
            DeValue::Integer(_) => number(value, place).map(|number| number.to_string()),
            other => text(other, place),
        })
    }

    /// Text that must be given.
    pub(super) fn required(&mut self, key: &'static str) -> Option<Field<'f, String>> {
        if !self.has(key) {
            self.place.problem(format!("{key} is missing"));
        }
        self.text(key)
    }

    /// What the text at `key` means, else `default`.
    pub(super) fn parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        self.text(key).and_then(|field| field.parse(parse)).unwrap_or(default)
    }

    /// The option at `key`, by its name, else `default`.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        default: T,
        options: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> T {
        let options: Vec<(&str, T)> = options.iter().map(|option| (name(*option), *option)).collect();
        self.parsed(key, default, |typed| choose(key, typed, &options))
    }

    /// The duration at `key`, else `default`.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        default: TimeDelta,
        allowed: RangeInclusive<TimeDelta>,
    ) -> TimeDelta {
        let field = self.take(key, duration);
        field.and_then(|field| field.parse(|typed| values::duration(typed, &allowed))).unwrap_or(default)
    }

    /// What the whole number at `key` means, else `default`.
    pub(super) fn number<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl FnOnce(i64) -> Result<T, String>,
    ) -> T {
        let field = self.take(key, number);
        let parsed = field
            .and_then(|Field { value, place }| parse(value).map_err(|reason| place.problem(reason)).ok());
        parsed.unwrap_or(default)
    }

    /// The share at `key`, above 0 and up to 1, else `default`.
    pub(super) fn share(&mut self, key: &'static str, default: f64) -> f64 {
        self.take(key, share).map_or(default, |field| field.value)
    }

    /// The boolean at `key`, else `default`.
    pub(super) fn flag(&mut self, key: impl Key, default: bool) -> bool {
        self.take(key, flag).map_or(default, |field| field.value)
    }

    /// A list of texts; in an environment variable, separated by commas. What is not text is reported and left out.
    pub(super) fn texts(&mut self, key: impl Key) -> Option<Field<'f, Vec<Field<'f, String>>>> {
        self.take(key, |kind, place| list(kind, place, text))
    }

    /// As [`Self::texts`], for durations, which are not parsed yet.
    pub(super) fn durations(&mut self, key: impl Key) -> Option<Field<'f, Vec<Field<'f, String>>>> {
        self.take(key, |kind, place| list(kind, place, duration))
    }

    /// A table in this table.
    pub(super) fn table(&mut self, key: impl Key) -> Option<Table<'f>> {
        self.take(key, table).map(|field| field.value)
    }

    /// The tables of a list, each made only when it is reached: there may be a hundred thousand accounts. What is not a table is reported
    /// and left out.
    pub(super) fn tables(&mut self, key: impl Key) -> impl Iterator<Item = Table<'f>> {
        self.take(key, array_of_tables).into_iter().flat_map(|Field { value, place }| {
            let list = place.list();
            value.into_iter().enumerate().filter_map(move |(index, value)| {
                let place = place.table_element(&list, index).at(&value.span());
                table(value.into_inner(), &place)
            })
        })
    }

    /// As [`Self::tables`], for the accounts of a subscription, also those that are parsed one by one.
    pub(super) fn accounts(&mut self) -> impl Iterator<Item = Table<'f>> {
        let ranges = self.place.accounts();
        if !ranges.is_empty() {
            self.refuse(ACCOUNTS, "is given twice: here, and by [[subscriptions.accounts]]");
        }
        let place = self.place.member(ACCOUNTS);
        let list = place.list();
        let apart = ranges.iter().enumerate().filter_map(move |(index, range)| {
            let (place, values) = place.table_element(&list, index).parsed(range)?;
            Some(Table::new(place, values))
        });
        self.tables(ACCOUNTS).chain(apart)
    }

    /// Whether [`Self::accounts`] would find none.
    pub(super) fn has_no_accounts(&self) -> bool {
        self.place.accounts().is_empty() && self.is_empty(ACCOUNTS)
    }

    /// Reports `reason` if `key` is given, whatever its value. `key` stays unknown to suggestions.
    pub(super) fn refuse(&mut self, key: &str, reason: &str) {
        if let Some(value) = self.unread.remove(key) {
            self.place.member(key).at(&value.span()).problem(reason);
        }
    }

    /// Records a problem with `key`, which may be absent.
    pub(super) fn problem(&self, key: &str, reason: impl Into<String>) {
        self.place.member(key).problem(reason);
    }

    /// Reports every key that was not read.
    pub(super) fn finish(self) {
        for (key, value) in &self.unread {
            let key = key.get_ref();
            let place = self.place.member(key).at(&value.span());
            // Looking for similar keys takes time, and a problem beyond the limit is only counted.
            let is_listed = !self.place.is_full();
            place.problem(if is_listed { unknown_key(key, &self.known) } else { String::new() });
        }
    }

    fn take<T>(
        &mut self,
        key: impl Key,
        read: impl FnOnce(DeValue<'f>, &Place<'f>) -> Option<T>,
    ) -> Option<Field<'f, T>> {
        let key = key.into();
        let given = self.unread.remove(&*key).map(|value| (self.place.member(&key).at(&value.span()), value));
        self.known.push(key);
        let (place, value) = given?;
        read(value.into_inner(), &place).map(|value| Field { value, place })
    }
}

fn text(value: DeValue<'_>, place: &Place<'_>) -> Option<String> {
    match value {
        DeValue::String(text) if text.len() > MAX_TEXT => {
            place.problem(format!("is longer than {MAX_TEXT} bytes"));
            None
        }
        DeValue::String(text) => Some(text.into_owned()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
            place.problem(format!("must be text, not {}: put it in quotes", noun(&value)));
            None
        }
        other => wrong("text", &other, place),
    }
}

/// The text of a duration; a number without a unit is often typed instead.
fn duration(value: DeValue<'_>, place: &Place<'_>) -> Option<String> {
    match value {
        DeValue::Integer(number) => {
            place.problem(format!("{number} needs a unit and quotes, such as \"{number}s\""));
        }
        DeValue::Float(_) => place.problem("needs a unit and quotes, such as \"90s\""),
        other => return text(other, place),
    }
    None
}

fn number(value: DeValue<'_>, place: &Place<'_>) -> Option<i64> {
    match value {
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.map_err(|_| place.problem("the number is too large")).ok()
        }
        DeValue::String(text) if place.is_overridden() => {
            text.trim().parse().map_err(|_| place.problem("must be a whole number")).ok()
        }
        other => wrong("a whole number", &other, place),
    }
}

/// A part of one, as a number with or without decimals; in the environment also as text.
fn share(value: DeValue<'_>, place: &Place<'_>) -> Option<f64> {
    let typed = match value {
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::String(text) if place.is_overridden() => text.trim().to_owned(),
        other => return wrong("a number", &other, place),
    };
    let share = typed.parse().ok().filter(|share: &f64| *share > 0.0 && *share <= 1.0);
    if share.is_none() {
        place.problem("must be above 0 and up to 1, such as 0.5");
    }
    share
}

fn flag(value: DeValue<'_>, place: &Place<'_>) -> Option<bool> {
    match value {
        DeValue::Boolean(flag) => Some(flag),
        DeValue::String(text) if place.is_overridden() => {
            text.trim().parse().map_err(|_| place.problem("must be true or false")).ok()
        }
        other => wrong("true or false", &other, place),
    }
}

fn list<'f>(
    value: DeValue<'f>,
    place: &Place<'f>,
    read: fn(DeValue<'f>, &Place<'_>) -> Option<String>,
) -> Option<Vec<Field<'f, String>>> {
    let items: Vec<(DeValue<'f>, Place<'f>)> = match value {
        DeValue::Array(values) => {
            let item = |(index, value): (usize, Spanned<DeValue<'f>>)| {
                let place = place.item(index).at(&value.span());
                (value.into_inner(), place)
            };
            values.into_iter().enumerate().map(item).collect()
        }
        DeValue::String(text) if place.is_overridden() => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| (DeValue::String(part.to_owned().into()), place.clone())).collect()
        }
        other => return wrong("a list", &other, place),
    };
    let is_empty = items.is_empty();
    let fields = items
        .into_iter()
        .filter_map(|(value, place)| read(value, &place).map(|value| Field { value, place }));
    let fields: Vec<_> = fields.collect();
    // A list of nothing but problems was not meant to be empty.
    (is_empty || !fields.is_empty()).then_some(fields)
}

fn table<'f>(value: DeValue<'f>, place: &Place<'f>) -> Option<Table<'f>> {
    match value {
        DeValue::Table(values) => Some(Table::new(place.clone(), values)),
        other => wrong("a table", &other, place),
    }
}

fn array_of_tables<'f>(value: DeValue<'f>, place: &Place<'f>) -> Option<DeArray<'f>> {
    match value {
        DeValue::Array(values) => Some(values),
        DeValue::Table(_) => {
            place.problem(format!("must be a list of tables: write [[{}]]", place.header()));
            None
        }
        other => wrong("a list of tables", &other, place),
    }
}

fn wrong<T>(wanted: &str, found: &DeValue<'_>, place: &Place<'_>) -> Option<T> {
    place.problem(format!("must be {wanted}, not {}", noun(found)));
    None
}

const fn noun(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Boolean(_) => "true or false",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with decimals",
        DeValue::String(_) | DeValue::Datetime(_) => "text",
        DeValue::Table(_) => "a table",
        DeValue::Array(_) => "a list",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::diagnostics::Diagnostics;
    use super::super::environment::Environment;
    use super::super::file::Text;
    use super::super::overrides;
    use super::*;

    fn reading(content: &str, environment: &Environment, read: impl FnOnce(&mut Table<'_>)) -> String {
        let diagnostics = Diagnostics::default();
        let text = Text::new("a.toml".into(), PathBuf::new(), content.into());
        let mut values = text.parse().unwrap();
        overrides::apply(&mut values, environment, &diagnostics);
        let mut table = Table::new(Place::file(&text, &diagnostics), values);
        read(&mut table);
        table.finish();
        diagnostics.finish(Some(())).err().map(|problems| problems.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_value_of_the_wrong_type_is_reported_and_not_echoed() {
        let message = reading(
            "a = 7\nb = 'user:123-abc'\nc = ['user:123-abc', 1, true]\nd = {}\ne = 'user:123-abc'\nf = 1",
            &Environment::default(),
            |table| {
                assert!(table.text("a").is_none());
                assert_eq!(table.number("b", 3, Ok), 3);
                assert_eq!(table.texts("c").unwrap().value.len(), 1);
                assert_eq!(table.tables("d").count(), 0);
                assert!(!table.flag("e", false));
                assert!(table.table("f").is_none());
            },
        );
        insta::assert_snapshot!(message, @r"
            a.toml:1: a: must be text, not a number: put it in quotes
            a.toml:2: b: must be a whole number, not text
            a.toml:3: c, item 2: must be text, not a number: put it in quotes
            a.toml:3: c, item 3: must be text, not true or false: put it in quotes
            a.toml:4: d: must be a list of tables: write [[d]]
            a.toml:5: e: must be true or false, not text
            a.toml:6: f: must be a table, not a number
        ");
    }

    #[test]
    fn every_unknown_key_is_reported_with_the_nearest_known_one() {
        let message = reading("timeot = 1\nzebra = 2\n'a b' = 3", &Environment::default(), |table| {
            table.number("timeout", 0, Ok);
        });
        insta::assert_snapshot!(message, @r#"
            a.toml:1: timeot: unknown key (did you mean "timeout"?)
            a.toml:2: zebra: unknown key; possible: timeout
            a.toml:3: "a b": unknown key; possible: timeout
        "#);
    }

    #[test]
    fn the_environment_gives_numbers_and_lists_as_text() {
        let environment: Environment = [
            ("MINIMAX_WATCH__API__CONCURRENCY", "4"),
            ("MINIMAX_WATCH__API__BAD", "four"),
            ("MINIMAX_WATCH__API__TIMEOT", "1s"),
            ("MINIMAX_WATCH__EXPIRY__LEAD_TIMES", "7d, 1h,"),
        ]
        .into_iter()
        .collect();
        let message = reading("[api]\nconcurrency = 2", &environment, |root| {
            let mut api = root.table("api").unwrap();
            assert_eq!(api.number("concurrency", 0, Ok), 4);
            assert_eq!(api.number("bad", 3, Ok), 3);
            api.text("timeout");
            api.finish();
            let mut expiry = root.table("expiry").unwrap();
            let leads = expiry.texts("lead_times").unwrap().value;
            assert_eq!(leads.into_iter().map(|lead| lead.value).collect::<Vec<_>>(), ["7d", "1h"]);
            expiry.finish();
        });
        insta::assert_snapshot!(message, @r#"
            environment variable MINIMAX_WATCH__API__BAD: api.bad: must be a whole number
            environment variable MINIMAX_WATCH__API__TIMEOT: api.timeot: unknown key (did you mean "timeout"?)
        "#);
    }

    #[test]
    fn a_number_in_quotes_is_refused_in_the_file() {
        let message = reading("n = '4'", &Environment::default(), |table| {
            assert_eq!(table.number("n", 0, Ok), 0);
        });
        assert_eq!(message, "a.toml:1: n: must be a whole number, not text");
    }
}
