//! Reading a tree of values key by key.
//!
//! Promises: each key is taken once and by its type; whatever is wrong is recorded with its place and reading goes on,
//! so that every problem is told at once; [`Table::finish`] tells the keys that nobody asked for. A value of the wrong
//! type is never echoed: it may be a secret that went astray. Leaves the meaning of values to `resolve`.

use std::collections::BTreeMap;
use std::fmt::Display;

use config::{Map, Value, ValueKind};

use super::layers;
use super::problem::{Findings, Problem};
use super::suggest::suggestion;

/// Bytes of a text: the longest path that the system takes. Addresses, expressions, lengths and names are far shorter, and some of
/// their parsers take long over very long ones.
pub(super) const MAX_TEXT: usize = 4_096;

/// Where a value stands, and where problems with it go.
#[derive(Clone, Debug)]
pub(super) struct Place<'f> {
    findings: &'f Findings,
    file: &'f str,
    /// The variable that holds it, when it comes from the environment.
    variable: Option<String>,
    /// As in `receivers[1].smtp.port`.
    key: String,
}

impl<'f> Place<'f> {
    /// The root of what stands in `file`.
    pub(super) const fn root(file: &'f str, findings: &'f Findings) -> Self {
        Self { findings, file, variable: None, key: String::new() }
    }

    /// Records what is wrong here.
    pub(super) fn problem(&self, reason: impl Into<String>) {
        self.findings.problem(|| Problem::new(self.origin(), &self.key, reason));
    }

    /// Records what is odd here.
    pub(super) fn warning(&self, reason: impl Into<String>) {
        self.findings.warning(|| Problem::new(self.origin(), &self.key, reason));
    }

    /// The key, as in `receivers[1].smtp.port`.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    fn origin(&self) -> String {
        self.variable
            .as_ref()
            .map_or_else(|| self.file.to_owned(), |name| format!("environment variable {name}"))
    }

    /// The place of `key` in the table that stands here.
    pub(super) fn member(&self, key: &str) -> Self {
        let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let key = if bare { key.to_owned() } else { format!("{key:?}") };
        let dot = if self.key.is_empty() { "" } else { "." };
        Self { key: format!("{}{dot}{key}", self.key), variable: None, ..self.clone() }
    }

    /// The place of the element `index` of the list that stands here.
    pub(super) fn element(&self, index: usize) -> Self {
        Self { key: format!("{}[{index}]", self.key), ..self.clone() }
    }
}

/// A value and its place.
#[derive(Clone)]
pub(super) struct Field<'f, T> {
    /// What was typed.
    pub(super) value: T,
    /// Where.
    pub(super) place: Place<'f>,
}

impl<T> Field<'_, T> {
    /// What the value means; a refusal is recorded.
    pub(super) fn read<U, E: Display>(self, meaning: impl FnOnce(T) -> Result<U, E>) -> Option<U> {
        meaning(self.value).map_err(|reason| self.place.problem(reason.to_string())).ok()
    }
}

/// A table that is being read. It has no `Debug`: what nobody asked for yet may be a secret that went astray.
pub(super) struct Table<'f> {
    /// Where it stands.
    pub(super) place: Place<'f>,
    left: BTreeMap<String, Value>,
    asked: Vec<String>,
}

impl<'f> Table<'f> {
    /// A table of `values` at `place`.
    pub(super) fn new(place: Place<'f>, values: Map<String, Value>) -> Self {
        Self { place, left: values.into_iter().collect(), asked: Vec::new() }
    }

    /// Whether `key` was typed and not taken yet; asking makes it a known key.
    pub(super) fn has(&mut self, key: &str) -> bool {
        self.asked.push(key.to_owned());
        self.left.contains_key(key)
    }

    /// Every key that was typed and not taken yet.
    pub(super) fn keys(&self) -> Vec<String> {
        self.left.keys().cloned().collect()
    }

    /// Whether a table was typed as `key`, and not taken yet.
    pub(super) fn is_table(&self, key: &str) -> bool {
        self.left.get(key).is_some_and(|value| matches!(value.kind, ValueKind::Table(_)))
    }

    /// Text.
    pub(super) fn text(&mut self, key: &str) -> Option<Field<'f, String>> {
        self.take(key, text)
    }

    /// Text that must be there.
    pub(super) fn required_text(&mut self, key: &str) -> Option<Field<'f, String>> {
        if !self.has(key) {
            self.problem(key, "is missing");
        }
        self.text(key)
    }

    /// A whole number.
    pub(super) fn number(&mut self, key: &str) -> Option<Field<'f, i64>> {
        self.take(key, number)
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &str) -> Option<Field<'f, bool>> {
        self.take(key, flag)
    }

    /// A list of texts; in an environment variable, parted by commas. What is no text in it is told and left out.
    pub(super) fn texts(&mut self, key: &str) -> Option<Field<'f, Vec<Field<'f, String>>>> {
        self.take(key, texts)
    }

    /// A table in this table.
    pub(super) fn table(&mut self, key: &str) -> Option<Table<'f>> {
        self.take(key, table).map(|field| field.value)
    }

    /// A list of tables; what is no table in it is told and left out.
    pub(super) fn tables(&mut self, key: &str) -> Option<Vec<Table<'f>>> {
        self.take(key, tables).map(|field| field.value)
    }

    /// Records `reason` when `key` was typed, whatever its value; whether it was.
    pub(super) fn refuse(&mut self, key: &str, reason: &str) -> bool {
        self.asked.push(key.to_owned());
        let typed = self.left.remove(key).is_some();
        if typed {
            self.place.member(key).problem(reason);
        }
        typed
    }

    /// Records what is wrong with `key`, which may be that it is not there.
    pub(super) fn problem(&self, key: &str, reason: impl Into<String>) {
        self.place.member(key).problem(reason);
    }

    /// Tells every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, value) in &self.left {
            if self.place.findings.is_full() {
                self.place.problem("");
                continue;
            }
            let mut place = self.place.member(key);
            place.variable = layers::variable(value, &place.key);
            let known = self.asked.iter().map(String::as_str);
            place.problem(format!("there is no such key{}", suggestion(key, known)));
        }
    }

    fn take<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(ValueKind, &Place<'f>) -> Option<T>,
    ) -> Option<Field<'f, T>> {
        self.asked.push(key.to_owned());
        let value = self.left.remove(key)?;
        let mut place = self.place.member(key);
        place.variable = layers::variable(&value, &place.key);
        read(value.kind, &place).map(|value| Field { value, place })
    }
}

fn text(kind: ValueKind, place: &Place<'_>) -> Option<String> {
    match kind {
        ValueKind::String(text) => bounded(text, place),
        ValueKind::I64(_) | ValueKind::Float(_) | ValueKind::Boolean(_) => {
            place.problem(format!("must be text, not {}: put it in quotes", noun(&kind)));
            None
        }
        other => wrong("text", &other, place),
    }
}

fn bounded(text: String, place: &Place<'_>) -> Option<String> {
    if text.len() > MAX_TEXT {
        place.problem(format!("is longer than {MAX_TEXT} bytes"));
        return None;
    }
    Some(text)
}

fn number(kind: ValueKind, place: &Place<'_>) -> Option<i64> {
    match kind {
        ValueKind::I64(number) => Some(number),
        ValueKind::String(text) if place.variable.is_some() => {
            text.trim().parse().map_err(|_| place.problem("must be a whole number")).ok()
        }
        other => wrong("a whole number", &other, place),
    }
}

fn flag(kind: ValueKind, place: &Place<'_>) -> Option<bool> {
    match kind {
        ValueKind::Boolean(flag) => Some(flag),
        other => wrong("true or false", &other, place),
    }
}

fn texts<'f>(kind: ValueKind, place: &Place<'f>) -> Option<Vec<Field<'f, String>>> {
    match kind {
        ValueKind::Array(values) => {
            let fields = values.into_iter().enumerate().map(|(index, value)| {
                let place = place.element(index);
                text(value.kind, &place).map(|value| Field { value, place })
            });
            let (typed, fields) = (fields.len(), fields.flatten().collect::<Vec<_>>());
            // A list of nothing but faults was not meant to be empty.
            (typed == 0 || !fields.is_empty()).then_some(fields)
        }
        ValueKind::String(text) if place.variable.is_some() => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let field = |part: &str| {
                let value = bounded(part.to_owned(), place)?;
                Some(Field { value, place: place.clone() })
            };
            parts.map(field).collect()
        }
        other => wrong("a list", &other, place),
    }
}

fn table<'f>(kind: ValueKind, place: &Place<'f>) -> Option<Table<'f>> {
    match kind {
        ValueKind::Table(values) => Some(Table::new(place.clone(), values)),
        other => wrong("a table", &other, place),
    }
}

fn tables<'f>(kind: ValueKind, place: &Place<'f>) -> Option<Vec<Table<'f>>> {
    match kind {
        ValueKind::Array(values) => {
            let tables = values.into_iter().enumerate();
            Some(tables.filter_map(|(index, value)| table(value.kind, &place.element(index))).collect())
        }
        ValueKind::Table(_) => {
            place.problem(format!("must be a list of tables: write [[{}]]", without_indices(&place.key)));
            None
        }
        other => wrong("a list of tables", &other, place),
    }
}

/// `subscriptions[0].accounts` as it is typed in a header: `subscriptions.accounts`.
fn without_indices(key: &str) -> String {
    key.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect::<Vec<_>>().join(".")
}

fn wrong<T>(wanted: &str, found: &ValueKind, place: &Place<'_>) -> Option<T> {
    place.problem(format!("must be {wanted}, not {}", noun(found)));
    None
}

const fn noun(kind: &ValueKind) -> &'static str {
    match kind {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => "a number",
        ValueKind::Float(_) => "a number with a point",
        ValueKind::String(_) => "text",
        ValueKind::Table(_) => "a table",
        ValueKind::Array(_) => "a list",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::environment::Environment;
    use super::super::file::Text;
    use super::*;

    fn reading(content: &str, environment: &Environment, read: impl FnOnce(&mut Table<'_>)) -> String {
        let findings = Findings::default();
        let text = Text { name: "a.toml".into(), folder: PathBuf::new(), content: content.into() };
        let values = layers::merge(text.parse(&text.content).unwrap(), environment, &findings);
        let mut table = Table::new(Place::root("a.toml", &findings), values);
        read(&mut table);
        table.finish();
        findings.verdict(Some(())).err().map(|problems| problems.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_value_of_the_wrong_type_is_told_and_not_echoed() {
        let told = reading(
            "a = 7\nb = 'user:123-abc'\nc = ['user:123-abc', 1, true]\nd = {}\ne = 'user:123-abc'\nf = 1",
            &Environment::default(),
            |table| {
                assert!(table.text("a").is_none());
                assert!(table.number("b").is_none());
                assert_eq!(table.texts("c").unwrap().value.len(), 1);
                assert!(table.tables("d").is_none());
                assert!(table.flag("e").is_none());
                assert!(table.table("f").is_none());
            },
        );
        insta::assert_snapshot!(told, @r"
            a.toml: a: must be text, not a number: put it in quotes
            a.toml: b: must be a whole number, not text
            a.toml: c[1]: must be text, not a number: put it in quotes
            a.toml: c[2]: must be text, not true or false: put it in quotes
            a.toml: d: must be a list of tables: write [[d]]
            a.toml: e: must be true or false, not text
            a.toml: f: must be a table, not a number
        ");
    }

    #[test]
    fn every_unknown_key_is_told_with_the_nearest_known_one() {
        let told = reading("timeot = 1\nzebra = 2\n'a b' = 3", &Environment::default(), |table| {
            table.number("timeout");
        });
        insta::assert_snapshot!(told, @r#"
            a.toml: "a b": there is no such key
            a.toml: timeot: there is no such key; did you mean `timeout`?
            a.toml: zebra: there is no such key
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
        let told = reading("[api]\nconcurrency = 2", &environment, |root| {
            let mut api = root.table("api").unwrap();
            assert_eq!(api.number("concurrency").unwrap().value, 4);
            assert!(api.number("bad").is_none());
            api.text("timeout");
            api.finish();
            let mut expiry = root.table("expiry").unwrap();
            let leads = expiry.texts("lead_times").unwrap().value;
            assert_eq!(leads.into_iter().map(|lead| lead.value).collect::<Vec<_>>(), ["7d", "1h"]);
            expiry.finish();
        });
        insta::assert_snapshot!(told, @r"
            environment variable MINIMAX_WATCH__API__BAD: api.bad: must be a whole number
            environment variable MINIMAX_WATCH__API__TIMEOT: api.timeot: there is no such key; did you mean `timeout`?
        ");
    }

    #[test]
    fn a_number_in_quotes_is_no_number_in_the_file() {
        let told = reading("n = '4'", &Environment::default(), |table| {
            assert!(table.number("n").is_none());
        });
        assert_eq!(told, "a.toml: n: must be a whole number, not text");
    }
}
